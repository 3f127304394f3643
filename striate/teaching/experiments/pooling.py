"""The maximum, the average, the sum, overlapping windows, or none: what does pooling do?

All are trained on centred images alone, and tested on these and on images moved by a few pixels.
What follows the maps is an fc, which reads every place with weights of its own, so that what is
left of a move after the pooling is what it has to bear.
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
from striate.teaching.experiments.equal_sizes import check_alike, find_two_widths
from striate.teaching.experiments.experiment_result import ComparedNetwork, Outcome
from striate.teaching.experiments.moved_images import (
    NOT_MOVED,
    give_moved_views,
    name_move,
    place_on_canvas,
    write_stem,
)

MAXIMUM, AVERAGE, SUM, OVERLAPPING, NONE = (
    "max 2x2",
    "average 2x2",
    "sum 2x2",
    "max 3x3, overlapping",
    "none",
)
WORDS = {
    MAXIMUM: "maxpool 2",
    AVERAGE: "avgpool 2",
    SUM: "sumpool 2",
    OVERLAPPING: "maxpool 3 stride=2 pad=1",
    NONE: "",
}
NARROW = 2  # channels of the network without pooling, whose size the others are fitted to
MOVES = (0, 1, 2, 4)  # pixels of images of 32 pixels and fewer
QUESTION = "Max, average, sum, overlapping or no pooling: who knows images that are moved?"


def choose_moves(rows: int, columns: int) -> tuple[int, ...]:
    """Choose by how many pixels images are moved.

    >>> choose_moves(8, 8), choose_moves(64, 64)
    ((0, 1, 2, 4), (0, 2, 4, 8))
    """
    return tuple(each * max(1, min(rows, columns) // 32) for each in MOVES)


def make_networks(
    shape: tuple[int, int, int], classes: int, image: int
) -> tuple[ComparedNetwork, ...]:
    """Return the networks, of like size, for images of `image` pixels on a canvas.

    Without pooling the fc has many more numbers to read, so there are fewer maps.

    >>> [(each.name, each.parameters) for each in make_networks((1, 16, 16), 10, 8)][::4]
    [('max 2x2', 5224), ('none', 5192)]
    """
    line = write_input_line(shape, classes)
    stem = write_stem(min(shape[1:]))
    pools = count_pools(min(32, image))

    def text(pool: str, width: int, last: int) -> str:
        then = f" > {pool}" if pool else ""
        before = {1: "", 2: f"unit({width}){then} > "}
        repeated = before.get(pools, f"[unit({width}){then}]*{pools - 1} > ")
        unit = "unit(c) = conv c bias=no > bn > relu"
        return f"{unit}\n{line}\n{stem}{repeated}unit({last}){then} > flatten > fc"

    none = make_network(NONE, text("", NARROW, NARROW))

    def fit(pool: str) -> str:
        return find_two_widths(lambda width, last: text(pool, width, last), none.parameters)

    made = [make_network(name, fit(word)) for name, word in WORDS.items() if word]
    check_alike([each.text for each in (*made, none)])
    return (*made, none)


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""
    channels, rows, columns = given.shape
    moves = choose_moves(rows, columns)
    margin = moves[-1]
    canvas = (channels, rows + 2 * margin, columns + 2 * margin)

    def change(pixels: Pixels, way: str, seed: int) -> Pixels:
        return place_on_canvas(pixels, margin, given.ground)

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        return give_moved_views(pixels, moves)

    compared = make_networks(canvas, given.classes, min(rows, columns))
    return Design(QUESTION, compared, ("",), change, views, conclude)


def conclude(outcome: Outcome) -> tuple[str, ...]:
    """Describe who knows moved images, and why."""
    points = outcome.points
    near = min(point.across for point in points if point.across)
    still = {name: outcome.point(name, NOT_MOVED) for name in WORDS}
    moved = {name: outcome.point(name, name_move(near)) for name in WORDS}
    told = "; ".join(
        f"{name} {format_share(still[name].accuracy.mean)} and then "
        f"{format_share(moved[name].accuracy.mean)}"
        for name in WORDS
    )
    pixels = f"{near:g} pixel{'' if near == 1 else 's'}"
    return (
        f"Not moved, and moved by {pixels}: {told}.",
        f"Moved by {pixels}, {MAXIMUM} against {NONE} makes "
        f"{compare_points(moved[MAXIMUM], moved[NONE])}; {OVERLAPPING} against {MAXIMUM} "
        f"{compare_points(moved[OVERLAPPING], moved[MAXIMUM])}; {AVERAGE} against {MAXIMUM} "
        f"{compare_points(moved[AVERAGE], moved[MAXIMUM])}; {SUM} against {AVERAGE} "
        f"{compare_points(moved[SUM], moved[AVERAGE])}.",
        "A pooled value stands for a window, so a move within the window changes it little; a "
        "larger one moves its map along, and the fc reads every place by itself. A sum is the "
        "average times the size of the window, so that the fc behind it begins with larger "
        "numbers and learns otherwise. "
        "Without pooling the fc has a weight for every place of every map, so that for the same "
        "number of parameters there are fewer maps.",
    )
