"""Which values the results inside a network take, and which of them int8 is to tell apart.

ONNX Runtime's calibrater counts them image by image in histograms, so that memory does not grow
with the images. Of one count several ranges are made; which is best, measuring says.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from striate.architecture.aspects.onnx_runtime import failures
from striate.backends.onnx.graph import PIXELS
from striate.deployment.quantization.quantized_network import (
    OPERATORS,
    QuantizableNetwork,
    Ranges,
    hold_quiet,
)
from striate.errors import EngineError
from striate.events import Callback
from striate.terminal.progress import ProgressReporter

BINS: Final = 2048  # of a histogram; those of later images may need more
PERCENTILES: Final = (99.999, 99.99, 99.9)
ENTROPY_BINS: Final = 256  # to which a histogram is made coarser: the search takes their square
LEVELS: Final = 128  # into which the search for the least entropy merges them


def collect_ranges(
    network: QuantizableNetwork, images: Iterable[np.ndarray], count: int, callback: Callback
) -> dict[str, Ranges]:
    """Count the values of a network's results, and propose ranges of each, by method.

    Args:
        network: from `fold`.
        images: float32 (channels, height, width), values 0 to 255, one after another.
        count: how many there are.
        callback: is told the progress.

    Returns:
        "min-max", what was seen at all; "percentile P", what is left when the rarest values at
        both ends are cut off; "entropy", what loses least information (Migacz 2017, 8-bit
        inference with TensorRT).

    Raises:
        EngineError: ONNX Runtime fails.
    """
    collector = _collect(network, images, count, ProgressReporter("calibrating", callback))
    seen = collector.histogram_dict
    found: dict[str, Ranges] = {
        "min-max": {name: (float(low), float(high)) for name, (_, _, low, high, *_) in seen.items()}
    }
    with hold_quiet():
        for percentile in PERCENTILES:
            collector.percentile = percentile
            ranges = collector.compute_percentile()
            found[f"percentile {percentile:g}"] = {
                name: (float(low), float(high)) for name, (low, high, *_) in ranges.items()
            }
    report = ProgressReporter("weighing entropy", callback, unit="results")
    entropy: dict[str, tuple[float, float]] = {}
    for number, (name, (counts, edges, low, high, *_)) in enumerate(seen.items()):
        with hold_quiet():
            ends = collector.get_entropy_threshold(coarsen(counts, edges), LEVELS)
        entropy[name] = (max(float(ends[0]), float(low)), min(float(ends[1]), float(high)))
        report(number + 1, len(seen))
    return {**found, "entropy": entropy}


def coarsen(
    counts: np.ndarray, edges: np.ndarray, bins: int = ENTROPY_BINS
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Merge the bins of a histogram that lies evenly around 0, some empty ones added at its ends.

    Args:
        counts: of each bin.
        edges: of the bins, one more.
        bins: how many are left.

    Returns:
        The counts, the edges, the smallest edge and the largest.

    >>> coarsen(np.arange(6), np.linspace(-3, 3, 7), 4)[:2]
    (array([0, 3, 7, 5]), array([-4., -2.,  0.,  2.,  4.]))
    """
    each = -(-len(counts) // bins)
    spare = (each * bins - len(counts)) // 2
    padded = np.pad(counts, (spare, each * bins - len(counts) - spare))
    width = float(edges[1] - edges[0])
    first = float(edges[0]) - spare * width
    ends = first + width * each * np.arange(bins + 1)
    return padded.reshape(bins, each).sum(1), ends, first, float(ends[-1])


def _collect(
    network: QuantizableNetwork, images: Iterable[np.ndarray], count: int, report: ProgressReporter
) -> Any:
    """Run the images through the network with all of its results given out, and count these."""
    import onnx
    from onnxruntime.quantization import CalibrationMethod, create_calibrator

    with TemporaryDirectory(prefix="striate-") as folder:
        path = Path(folder) / "network.onnx"
        onnx.save(network.model, path)
        try:
            with hold_quiet():
                calibrater = create_calibrator(
                    path,
                    list(OPERATORS),
                    augmented_model_path=str(Path(folder) / "watched.onnx"),
                    calibrate_method=CalibrationMethod.Percentile,
                    extra_options={"num_bins": BINS, "symmetric": False},
                )
            for number, pixels in enumerate(images):
                with hold_quiet():
                    calibrater.collect_data(_One(pixels))
                report(number + 1, count)
        except failures() as error:
            raise EngineError(f"ONNX Runtime fails at calibrating: {error}") from error
        return calibrater.collector


class _One:
    """One image as the calibrater asks for it."""

    def __init__(self, pixels: np.ndarray) -> None:
        self._left: list[dict[str, np.ndarray]] = [{PIXELS: pixels[None]}]

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Give it, and then nothing."""
        return self._left.pop() if self._left else None
