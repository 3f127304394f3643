"""No activation, sigmoid, tanh, ReLU, leaky ReLU, in few layers and in many.

Without one, any number of layers is one linear map. With one, the gradient is multiplied by its
slope in every layer on the way back: at most 1/4 for the sigmoid, 1 for tanh, 0 or 1 for ReLU.
"""

from __future__ import annotations

import math

from striate.teaching.experiments.design import (
    Design,
    Given,
    Pixels,
    Views,
    compare_points,
    format_share,
    keep_pixels,
    make_network,
    write_input_line,
)
from striate.teaching.experiments.experiment_result import ComparedNetwork, Measure, Outcome

WORDS = {
    "none": "",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "ReLU": "relu",
    "leaky ReLU": "leakyrelu",
}
DEPTHS = (1, 4, 12)
UNITS = 32
GRADIENT, DEAD = "gradient norm at the start", "dead units at the end (%)"
QUESTION = "Five activations in 1, 4 and 12 layers: which networks learn, and what reaches layer 1?"


def name_network(activation: str, depth: int) -> str:
    """Name a network.

    >>> name_network("ReLU", 4), parse_activation("ReLU, 4 layers"), parse_depth("ReLU, 4 layers")
    ('ReLU, 4 layers', 'ReLU', 4)
    """
    return f"{activation}, {depth} layer{'' if depth == 1 else 's'}"


def parse_activation(name: str) -> str:
    """Return the activation of a named network."""
    return name.split(", ")[0]


def parse_depth(name: str) -> int:
    """Return the layers of a named network."""
    return int(name.split(", ")[1].split()[0])


def write_layers(word: str, depth: int) -> str:
    """Write the layers of a network.

    >>> write_layers("relu", 1), write_layers("", 4)
    ('fc 32 > relu', '[fc 32]*4')
    """
    layer = f"fc {UNITS} > {word}" if word else f"fc {UNITS}"
    return layer if depth == 1 else f"[{layer}]*{depth}"


def make_networks(shape: tuple[int, int, int], classes: int) -> tuple[ComparedNetwork, ...]:
    """Return the networks; those of one depth have the same number of parameters.

    >>> [(each.name, each.parameters) for each in make_networks((1, 8, 8), 10)][:2]
    [('none, 1 layer', 2410), ('none, 4 layers', 5578)]
    """
    line = write_input_line(shape, classes)
    return tuple(
        make_network(
            name_network(activation, depth),
            f"{line}\nflatten > {write_layers(word, depth)} > fc",
        )
        for activation, word in WORDS.items()
        for depth in DEPTHS
    )


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        depth = parse_depth(network.name)
        yield "accuracy", depth, [pixels]

    compared = make_networks(given.shape, given.classes)
    return Design(QUESTION, compared, ("",), keep_pixels, views, conclude)


def take_gradients(outcome: Outcome, name: str) -> list[Measure]:
    """Return the gradient norms of a network at the start, from the first layer to the last."""
    found = [each for each in outcome.measures if (each.network, each.name) == (name, GRADIENT)]
    return sorted(found, key=lambda each: each.across)


def compare_ends(measures: list[Measure]) -> float:
    """Return the first layer's gradient as a multiple of the last one's: the geometric mean."""
    pairs = zip(measures[0].values, measures[-1].values, strict=True)
    logs = [math.log(max(a, 1e-30) / max(b, 1e-30)) for a, b in pairs]
    return math.exp(math.fsum(logs) / len(logs))


def conclude(outcome: Outcome) -> tuple[str, ...]:
    """Describe which networks learn, and what reaches the first layer."""
    deep, shallow = DEPTHS[-1], DEPTHS[0]
    points = {
        (activation, depth): outcome.point(name_network(activation, depth), "accuracy")
        for activation in WORDS
        for depth in DEPTHS
    }
    told = "; ".join(
        f"{activation} {format_share(points[activation, shallow].accuracy.mean)} and "
        f"{format_share(points[activation, deep].accuracy.mean)}"
        for activation in WORDS
    )
    ratios = "; ".join(
        f"{activation} {compare_ends(found):.2g}"
        for activation in WORDS
        if (found := take_gradients(outcome, name_network(activation, deep)))
    )
    dead = outcome.measure(name_network("ReLU", deep), DEAD)
    dying = (
        ""
        if dead is None
        else f" After training, {dead.value.mean:.1f} % of the ReLU units of {deep} layers are "
        "dead: 0 for every image looked at."
    )
    return (
        f"With {shallow} and with {deep} layers: {told}. With {deep}, sigmoid against ReLU makes "
        f"{compare_points(points['sigmoid', deep], points['ReLU', deep])}, leaky ReLU against ReLU "
        f"{compare_points(points['leaky ReLU', deep], points['ReLU', deep])}.",
        f"Before the first step, the gradient of the first of {deep} layers as a multiple of that "
        f"of the last: {ratios}.{dying}",
        "Without an activation any number of layers computes one linear map, so depth changes only "
        "how that is learnt. On "
        "its way back the gradient is multiplied by the slope of every activation: the sigmoid's "
        "is at most 1/4, tanh's at most 1, ReLU's 1 or 0, leaky ReLU's 1 or 0.01.",
    )
