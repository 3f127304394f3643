"""The proof of a file in int8: what it answers here, and how far another machine may be from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from striate.deployment.proof import compare_levels
from striate.deployment.sealed_answers import Difference, Tolerance
from striate.deployment.sealed_file import GoldenProof
from striate.deployment.sealed_runtimes import open_onnx_runtime

LEAST: Final = 0.02  # of a probability, and of a distance as a share of it
MOST: Final = 0.25  # beyond which nothing would be proved
SPARE: Final = 2.0  # times what the levels of optimisation differ by


def prove_int8(
    model: bytes, full: GoldenProof, pixels: Sequence[np.ndarray]
) -> tuple[GoldenProof, dict[str, Difference]]:
    """Return the proof of a graph in int8, and how far its answers differ between levels.

    At the lower levels ONNX Runtime computes each layer in float32 between roundings to 8 bits, as
    the file is written; at the highest in whole numbers, which round at other places. Runtimes
    that are right may differ by as much, so twice that is allowed. A processor that cuts off sums
    differs by more.

    Args:
        model: the graph in int8.
        full: the proof in float32.
        pixels: of each golden image.

    Raises:
        EngineError: ONNX Runtime does not take it.
    """
    runtime = open_onnx_runtime(model)
    said = tuple(
        runtime.answer(given, image.orientation)
        for image, given in zip(full.golden, pixels, strict=True)
    )
    levels = compare_levels(model, full.golden, pixels, said)
    tolerance = Tolerance(
        _allow(max(each.probability for each in levels.values())),
        _allow(max(each.distance for each in levels.values())),
    )
    return GoldenProof(full.golden, said, tolerance, full.expected), levels


def _allow(apart: float) -> float:
    """Return the stated difference, of two digits.

    >>> _allow(0.001), _allow(0.0337), _allow(0.4)
    (0.02, 0.067, 0.25)
    """
    return min(MOST, max(LEAST, float(f"{SPARE * apart:.2g}")))
