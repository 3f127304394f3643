"""Which ranges a network takes in int8, and which of its layers stay in float32: by measuring.

No class of an image is needed for that: what int8 answers is set beside what float32 answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from striate.deployment.quantization.quantized_network import QuantizableNetwork, Ranges, quantize
from striate.deployment.sealed_graph import InnerNetwork
from striate.events import Callback, Note
from striate.terminal.progress import ProgressReporter
from striate.terminal.units import format_percent

STEPS: Final = (1, 2, 3, 5, 8, 13, 21, 34)  # numbers of layers left out that are tried
LOOKED_AT: Final = 64  # images that the layers are measured on, one after another

Ask = Callable[[InnerNetwork, int | None], np.ndarray]
"""The probabilities that a network gives the images that set the ranges, float32 (n, classes); of
the first so many of them."""


@dataclass(frozen=True)
class Chosen:
    """A network in int8, and why it is so.

    Attributes:
        network: it.
        method: how the ranges were found: "percentile 99.99".
        apart: by method, how far the answers of all layers in int8 are from float32's on average:
            half the sum of the differences of an image's probabilities.
        changed: the share of images whose most probable class is another than in float32.
        left_out: layers in float32, the most sensitive first.
        layers: how many layers have weights.
    """

    network: InnerNetwork = field(repr=False)
    method: str
    apart: Mapping[str, float]
    changed: float
    left_out: tuple[str, ...]
    layers: int


def choose(
    network: QuantizableNetwork,
    proposed: Mapping[str, Ranges],
    ask: Ask,
    *,
    wanted: np.ndarray,
    reduce_range: bool,
    tolerate: float,
    callback: Callback,
) -> Chosen:
    """Choose the ranges whose answers are nearest to float32's, and leave out layers if need be.

    Layers are left out, the most sensitive first, until at most the share `tolerate` of the images
    is given another class, which is stricter than that many fewer correct.

    Args:
        network: from `fold`.
        proposed: ranges by method.
        ask: for a network's answers.
        wanted: the probabilities in float32.
        reduce_range: whether weights take 7 bits.
        tolerate: a share.
        callback: is told notes and progress.
    """
    report = ProgressReporter("choosing the ranges", callback, unit="methods")
    apart: dict[str, float] = {}
    best: tuple[str, InnerNetwork, np.ndarray] | None = None
    for number, (method, ranges) in enumerate(proposed.items()):
        inner = quantize(network, ranges, reduce_range=reduce_range)
        said = ask(inner, None)
        apart[method] = measure_apart(wanted, said)
        if best is None or apart[method] < apart[best[0]]:
            best = method, inner, said
        report(number + 1, len(proposed))
    if best is None:
        raise ValueError("no ranges are proposed")
    method, inner, said = best
    changed = count_changed(wanted, said)
    done = Chosen(inner, method, apart, changed, (), len(network.layers))
    if changed <= tolerate:
        return done
    callback(
        Note(
            f"with all layers in int8 {format_percent(changed)} of the answers are others; the "
            "most sensitive layers are found, to stay in float32"
        )
    )
    ranked = rank_layers(
        network, proposed[method], ask, wanted=wanted, reduce_range=reduce_range, callback=callback
    )
    for count in STEPS:
        if count >= len(ranked):
            break
        left_out = ranked[:count]
        inner = quantize(network, proposed[method], reduce_range=reduce_range, left_out=left_out)
        changed = count_changed(wanted, ask(inner, None))
        if changed < done.changed:
            done = Chosen(inner, method, apart, changed, left_out, len(network.layers))
        if changed <= tolerate:
            break
    return done


def rank_layers(
    network: QuantizableNetwork,
    ranges: Ranges,
    ask: Ask,
    *,
    wanted: np.ndarray,
    reduce_range: bool,
    callback: Callback,
) -> tuple[str, ...]:
    """Return the layers, the one first that alone in int8 moves the answers furthest.

    Arguments as for `choose`.
    """
    report = ProgressReporter("measuring each layer", callback, unit="layers")
    moved = {}
    for number, layer in enumerate(network.layers):
        others = [each for each in network.layers if each != layer]
        alone = quantize(network, ranges, reduce_range=reduce_range, left_out=others)
        moved[layer] = measure_apart(wanted[:LOOKED_AT], ask(alone, LOOKED_AT))
        report(number + 1, len(network.layers))
    return tuple(sorted(moved, key=lambda layer: -moved[layer]))


def measure_apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return half the sum of the differences of probabilities, the mean over images.

    >>> measure_apart(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.75, 0.25], [0.5, 0.5]]))
    0.125
    """
    return float(np.abs(one - other).sum(1).mean() / 2)


def count_changed(one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of images whose most probable class differs."""
    return float((one.argmax(1) != other.argmax(1)).mean())
