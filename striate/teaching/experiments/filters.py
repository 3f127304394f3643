"""How many filters, and 3x3 twice or 5x5 once: what does a width buy?

Two 3x3 convolutions see 5x5 pixels, as one 5x5 does, with a relu between. The pairs have about
the same parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

from striate.teaching.experiments.design import (
    Design,
    Given,
    Pixels,
    Views,
    apart,
    as_they_are,
    contestant,
    input_line,
    spelt,
)
from striate.teaching.experiments.matching import check_alike, two_widths
from striate.teaching.experiments.result import Contestant, Point

COUNTS = (8, 16, 32, 64)
ONCE, TWICE = "5x5 once", "3x3 twice"
QUESTION = "More filters, and two 3x3 against one 5x5 of like size: what do they buy?"


def networks(shape: tuple[int, int, int], classes: int) -> tuple[Contestant, ...]:
    """Make the pairs, of like size within each.

    >>> [(each.name, each.parameters) for each in networks((1, 8, 8), 10)][:2]
    [('5x5 once, 8 filters', 306), ('3x3 twice, like 8', 294)]
    """
    line = input_line(shape, classes)
    unit = "unit(k, c) = conv k c bias=no > bn > relu"
    made = []
    for count in COUNTS:

        def text(first: int, last: int) -> str:
            return f"{unit}\n{line}\nunit(3x3, {first}) > unit(3x3, {last}) > gap > flatten > fc"

        once = contestant(
            named(ONCE, count), f"{unit}\n{line}\nunit(5x5, {count}) > gap > flatten > fc"
        )
        twice = contestant(named(TWICE, count), two_widths(text, once.parameters))
        check_alike([once.text, twice.text])
        made += [once, twice]
    return tuple(made)


def named(kind: str, count: int) -> str:
    """Name a network of a pair; the count is that of the 5x5 filters of the pair.

    >>> named("3x3 twice", 8), kind_of(named("3x3 twice", 8)), count_of(named("3x3 twice", 8))
    ('3x3 twice, like 8', '3x3 twice', 8)
    """
    return f"{kind}, {count} filters" if kind == ONCE else f"{kind}, like {count}"


def kind_of(name: str) -> str:
    """Give the kind of a named network."""
    return name.split(",")[0]


def count_of(name: str) -> int:
    """Give the count of a named network."""
    return int(name.removesuffix(" filters").split()[-1])


def design(given: Given) -> Design:
    """Design the experiment for images of a shape."""

    def views(pixels: Pixels, network: Contestant) -> Views:
        yield "accuracy", count_of(network.name), [pixels]

    compared = networks(given.shape, given.classes)
    return Design(QUESTION, compared, ("",), as_they_are, views, conclude)


def conclude(points: Sequence[Point]) -> tuple[str, ...]:
    """Say what more filters bring, and what two small ones instead of a large one."""
    once = [point for point in points if kind_of(point.network) == ONCE]
    twice = [point for point in points if kind_of(point.network) == TWICE]
    rises = [
        100 * (more.accuracy.mean - less.accuracy.mean)
        for less, more in zip(once, once[1:], strict=False)
    ]
    return (
        f"{COUNTS[0]} filters of 5x5 tell {spelt(once[0].accuracy.mean)} right, {COUNTS[-1]} "
        f"{spelt(once[-1].accuracy.mean)}; each doubling brings "
        f"{', '.join(f'{rise:+.1f}' for rise in rises)} points.",
        f"3x3 twice against 5x5 once makes {apart(twice[0], once[0])} for the smallest pair, and "
        f"{apart(twice[-1], once[-1])} for the largest.",
        "Each filter looks for one pattern, and the first few find what differs most; two 3x3 "
        "see as much as one 5x5 with 18 weights in place of 25 a pair of channels, and the relu "
        "between lets the second look for patterns of patterns.",
    )
