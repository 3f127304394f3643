"""How many filters, and 3x3 twice or 5x5 once: what does a width buy?

Two 3x3 convolutions see 5x5 pixels, as one 5x5 does, with a relu between. The pairs have about
the same parameters.
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

COUNTS = (8, 16, 32, 64)
ONCE, TWICE = "5x5 once", "3x3 twice"
QUESTION = "More filters, and two 3x3 against one 5x5 of like size: what do they buy?"


def make_networks(shape: tuple[int, int, int], classes: int) -> tuple[ComparedNetwork, ...]:
    """Return the pairs, of like size within each.

    >>> [(each.name, each.parameters) for each in make_networks((1, 8, 8), 10)][:2]
    [('5x5 once, 8 filters', 306), ('3x3 twice, like 8', 294)]
    """
    line = write_input_line(shape, classes)
    unit = "unit(k, c) = conv k c bias=no > bn > relu"
    made = []
    for count in COUNTS:

        def text(first: int, last: int) -> str:
            return f"{unit}\n{line}\nunit(3x3, {first}) > unit(3x3, {last}) > gap > flatten > fc"

        once = make_network(
            name_pair(ONCE, count), f"{unit}\n{line}\nunit(5x5, {count}) > gap > flatten > fc"
        )
        twice = make_network(name_pair(TWICE, count), find_two_widths(text, once.parameters))
        check_alike([once.text, twice.text])
        made += [once, twice]
    return tuple(made)


def name_pair(kind: str, count: int) -> str:
    """Name a network of a pair; the count is that of the 5x5 filters of the pair.

    >>> name = name_pair("3x3 twice", 8)
    >>> name, parse_kind(name), parse_count(name)
    ('3x3 twice, like 8', '3x3 twice', 8)
    """
    return f"{kind}, {count} filters" if kind == ONCE else f"{kind}, like {count}"


def parse_kind(name: str) -> str:
    """Return the kind of a named network."""
    return name.split(",")[0]


def parse_count(name: str) -> int:
    """Return the count of a named network."""
    return int(name.removesuffix(" filters").split()[-1])


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        yield "accuracy", parse_count(network.name), [pixels]

    compared = make_networks(given.shape, given.classes)
    return Design(QUESTION, compared, ("",), keep_pixels, views, conclude)


def conclude(outcome: Outcome) -> tuple[str, ...]:
    """Describe what more filters bring, and what two small ones instead of a large one."""
    points = outcome.points
    once = [point for point in points if parse_kind(point.network) == ONCE]
    twice = [point for point in points if parse_kind(point.network) == TWICE]
    rises = [
        100 * (more.accuracy.mean - less.accuracy.mean)
        for less, more in zip(once, once[1:], strict=False)
    ]
    return (
        f"{COUNTS[0]} filters of 5x5 reach {format_share(once[0].accuracy.mean)}, {COUNTS[-1]} "
        f"{format_share(once[-1].accuracy.mean)}; each doubling brings "
        f"{', '.join(f'{rise:+.1f}' for rise in rises)} points.",
        f"3x3 twice against 5x5 once makes {compare_points(twice[0], once[0])} for the "
        f"smallest pair, and {compare_points(twice[-1], once[-1])} for the largest.",
        "Each filter looks for one pattern, and the first few find what differs most; two 3x3 "
        "see as much as one 5x5 with 18 weights in place of 25 a pair of channels, and the relu "
        "between lets the second look for patterns of patterns.",
    )
