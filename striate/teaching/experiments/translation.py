"""The image is moved: how do convolutional and fully connected networks hold up?

All are trained on centred images alone and tested on images moved by 0, 1, 2, ... pixels.
A convolution gives a moved map for a moved image (it is equivariant), and what follows decides
what becomes of that: an fc reads each place with weights of its own, a global average forgets
the places. Pooling keeps the move only where it is a multiple of its stride.
"""

from __future__ import annotations

from striate.teaching.experiments.design import (
    Design,
    Given,
    Pixels,
    Views,
    compare_points,
    count_pools,
    format_share,
    make_network,
    write_input_line,
)
from striate.teaching.experiments.equal_sizes import check_alike, find_width
from striate.teaching.experiments.experiment_result import ComparedNetwork, Outcome
from striate.teaching.experiments.moved_images import give_moved_views, place_on_canvas

HIDDEN = 32  # units of the fully connected network, whose size the others are fitted to
FULL, CONV, GAP = "fully connected", "conv + fc", "conv + gap"
QUESTION = (
    "Trained on images in the middle, tested on moved ones: who still knows them, and how far?"
)


def choose_largest_shift(rows: int, columns: int) -> int:
    """Choose how far images are moved: a quarter of the shorter side, at least 4 pixels.

    >>> choose_largest_shift(8, 8), choose_largest_shift(28, 28)
    (4, 7)
    """
    return max(4, min(rows, columns) // 4)


def make_networks(
    shape: tuple[int, int, int], classes: int, image: int
) -> tuple[ComparedNetwork, ...]:
    """Return the three networks, of like size, for images of `image` pixels on a canvas.

    >>> [(each.name, each.parameters) for each in make_networks((1, 16, 16), 10, 8)]
    [('fully connected', 8586), ('conv + fc', 8750), ('conv + gap', 8800)]
    """
    line = write_input_line(shape, classes)
    unit = "unit(c) = conv c bias=no > bn > relu"
    full = f"{line}\nflatten > fc {HIDDEN} bias=no > bn > relu > fc"
    contestants = [make_network(FULL, full)]
    for name, end in ((CONV, "flatten > fc"), (GAP, "gap > flatten > fc")):

        def text(width: int, end: str = end) -> str:
            return f"{unit}\n{line}\n[unit({width}) > maxpool 2]*{count_pools(image)} > {end}"

        width = find_width(text, contestants[0].parameters)
        contestants.append(make_network(name, text(width)))
    check_alike([each.text for each in contestants])
    return tuple(contestants)


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""
    channels, rows, columns = given.shape
    most = choose_largest_shift(rows, columns)
    canvas = (channels, rows + 2 * most, columns + 2 * most)

    def change(pixels: Pixels, way: str, seed: int) -> Pixels:
        return place_on_canvas(pixels, most, given.ground)

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        return give_moved_views(pixels, range(most + 1))

    compared = make_networks(canvas, given.classes, min(rows, columns))
    return Design(QUESTION, compared, ("",), change, views, conclude)


def conclude(outcome: Outcome) -> tuple[str, ...]:
    """Describe what moving does to each network, and why."""
    points = outcome.points
    far = max(point.across for point in points)
    still = {point.network: point for point in points if point.across == 0}
    last = {point.network: point for point in points if point.across == far}
    told = "; ".join(
        f"{name} {format_share(still[name].accuracy.mean)} and then "
        f"{format_share(last[name].accuracy.mean)}"
        for name in still
    )
    return (
        f"Not moved, and moved by {far:g} pixels: {told}.",
        f"At {far:g} pixels, {GAP} against {FULL} makes {compare_points(last[GAP], last[FULL])}; "
        f"{CONV} against {FULL} {compare_points(last[CONV], last[FULL])}.",
        "A fully connected layer has a weight for each place, and has learnt nothing about places "
        "where it saw only ground; a convolution uses one filter everywhere, so its maps move "
        "along with the image, but an fc behind them again reads each place by itself. "
        "Averaging over all places forgets where something was; what is lost there comes from "
        "the pooling, whose grid of windows does not move along.",
    )
