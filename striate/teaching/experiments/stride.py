"""The window steps by 1, 2, 3 or 4 pixels: what does a stride save, and what does it cost?

A stride of s leaves one value for every s x s places, so that a layer and all behind it have as
many times less to compute; the weights are as many. What lies between two places is seen by the
window, but the pattern is looked for at some places only.
"""

from __future__ import annotations

from striate.teaching.experiments.design import (
    Design,
    Given,
    Pixels,
    Views,
    compare_points,
    format_share,
    make_network,
    write_input_line,
)
from striate.teaching.experiments.experiment_result import ComparedNetwork, Outcome
from striate.teaching.experiments.moved_images import (
    NOT_MOVED,
    give_moved_views,
    name_move,
    place_on_canvas,
    write_stem,
)

STRIDES = (1, 2, 3, 4)
POOLED = "stride 1, maxpool 2"
WIDTH = 16
MOVES, MARGIN = (0, 1), 4  # pixels
QUESTION = "The first convolution steps by 1, 2, 3 or 4 pixels: what is saved, and what is lost?"


def name_stride(stride: int) -> str:
    """Name a network.

    >>> name_stride(2)
    'stride 2'
    """
    return f"stride {stride}"


def make_networks(shape: tuple[int, int, int], classes: int) -> tuple[ComparedNetwork, ...]:
    """Return the networks; all have the same number of parameters, since strides have no weights.

    >>> found = make_networks((1, 10, 10), 10)
    >>> [(each.name, each.parameters, each.macs) for each in found][:2]
    [('stride 1', 2682, 244960), ('stride 2', 2682, 61360)]
    """
    line = write_input_line(shape, classes)
    stem = write_stem(min(shape[1:]))

    def text(stride: int, pool: str = "") -> str:
        unit = "unit(c, stride=1) = conv c stride=stride bias=no > bn > relu"
        first = f"unit({WIDTH}, {stride}){pool}"
        return f"{unit}\n{line}\n{stem}{first} > unit({WIDTH}) > gap > flatten > fc"

    made = [make_network(name_stride(stride), text(stride)) for stride in STRIDES]
    return (*made, make_network(POOLED, text(1, " > maxpool 2")))


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""
    channels, rows, columns = given.shape
    canvas = (channels, rows + 2 * MARGIN, columns + 2 * MARGIN)

    def change(pixels: Pixels, way: str, seed: int) -> Pixels:
        return place_on_canvas(pixels, MARGIN, given.ground)

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        return give_moved_views(pixels, MOVES)

    compared = make_networks(canvas, given.classes)

    def conclude(outcome: Outcome) -> tuple[str, ...]:
        return describe(outcome, compared)

    return Design(QUESTION, compared, ("",), change, views, conclude)


def describe(outcome: Outcome, networks: tuple[ComparedNetwork, ...]) -> tuple[str, ...]:
    """Describe what a stride saves and costs, and why."""
    macs = {network.name: network.macs for network in networks}
    still = {name: outcome.point(name, NOT_MOVED) for name in macs}
    moved = {name: outcome.point(name, name_move(1)) for name in macs}
    one, two, last = (name_stride(each) for each in (STRIDES[0], STRIDES[1], STRIDES[-1]))
    told = "; ".join(
        f"{name} {macs[name]:,} multiply-accumulates and "
        f"{format_share(still[name].accuracy.mean)}, moved by a pixel "
        f"{format_share(moved[name].accuracy.mean)}"
        for name in macs
    )
    return (
        f"For one image: {told}.",
        f"{two.capitalize()} takes {format_share(macs[two] / macs[one])} of the work of {one} and "
        f"makes {compare_points(still[two], still[one])}; {last} takes "
        f"{format_share(macs[last] / macs[one])} and makes "
        f"{compare_points(still[last], still[one])}. {POOLED.capitalize()} against {two} makes "
        f"{compare_points(still[POOLED], still[two])}, and on moved images "
        f"{compare_points(moved[POOLED], moved[two])}.",
        "A stride computes a part of the values and no others; a pooling behind stride 1 computes "
        "all and keeps the largest of each window. The map of an image that moved by less "
        "than the stride is another one, as the window now stands at other places of it.",
    )
