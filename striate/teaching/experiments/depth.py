"""More layers, each narrower: what does depth bring where the number of parameters stays?

Each 3x3 convolution lets a unit see two pixels more, and puts one more relu between image and
answer. The widths are worked out so that all networks have about the same parameters.
"""

from __future__ import annotations

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
from striate.teaching.experiments.equal_sizes import check_alike, find_two_widths
from striate.teaching.experiments.experiment_result import ComparedNetwork, Outcome

PARAMETERS = 4000
DEEPEST = 6
QUESTION = "The same number of parameters in one to six convolutions: does depth pay?"


def make_networks(shape: tuple[int, int, int], classes: int) -> tuple[ComparedNetwork, ...]:
    """Return the networks of 1 to 6 convolutions, of like size.

    All convolutions of a network have one width but the last, which takes what is left.

    >>> found = make_networks((1, 8, 8), 10)
    >>> [(each.name, each.parameters, each.receptive_field) for each in found][::5]
    [('1 conv', 4189, 3), ('6 convs', 4213, 13)]
    """
    line = write_input_line(shape, classes)
    wanted = PARAMETERS + 2 * classes * 9 * shape[0]

    made = []
    for depth in range(1, DEEPEST + 1):

        def text(width: int, last: int, depth: int = depth) -> str:
            before = {1: "", 2: f"unit({width}) > "}.get(depth, f"[unit({width})]*{depth - 1} > ")
            unit = "unit(c) = conv c bias=no > bn > relu"
            return f"{unit}\n{line}\n{before}unit({last}) > gap > flatten > fc"

        name = f"{depth} conv{'s' if depth > 1 else ''}"
        made.append(make_network(name, find_two_widths(text, wanted)))
    check_alike([each.text for each in made])
    return tuple(made)


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        yield "accuracy", float(network.name.split()[0]), [pixels]

    compared = make_networks(given.shape, given.classes)
    return Design(QUESTION, compared, ("",), keep_pixels, views, conclude)


def conclude(outcome: Outcome) -> tuple[str, ...]:
    """Describe what depth brings, and why."""
    points = outcome.points
    first, second, last = points[0], points[1], points[-1]
    best = max(points, key=lambda point: point.accuracy.mean)
    return (
        f"One convolution reaches {format_share(first.accuracy.mean)}, {last.across:g} reach "
        f"{format_share(last.accuracy.mean)}, and {best.across:g} the most "
        f"({format_share(best.accuracy.mean)}); two against one makes "
        f"{compare_points(second, first)}, the deepest against two "
        f"{compare_points(last, second)}.",
        "One 3x3 convolution before the average can only count small patterns, such as edges of "
        "each direction. Every further one lets a unit see 2 pixels more and combines what the "
        "one before found; each is narrower for it, and once a unit sees as much as matters "
        "there is less to gain.",
    )
