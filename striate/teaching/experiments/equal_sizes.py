"""Networks of like size: widths worked out by arithmetic, so that a comparison is fair."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from striate.architecture.layer_table import summary
from striate.errors import SettingError

NEAR = 0.10
"""Networks that are compared differ by no more than this share of their parameters."""

WIDEST = 4096


def find_width(text: Callable[[int], str], parameters: int) -> int:
    """Return the width that brings a network's parameters nearest to a number.

    Args:
        text: the network of a width; its parameters grow with it.
        parameters: the number wanted.

    >>> find_width(lambda c: f"input 1x8x8 classes=10 > flatten > fc {c} > relu > fc", 2000)
    27
    """
    low, high = 1, 2
    while high < WIDEST and summary(text(high)).parameters < parameters:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if summary(text(middle)).parameters < parameters:
            low = middle
        else:
            high = middle
    return min(low, high, key=lambda width: abs(summary(text(width)).parameters - parameters))


def find_two_widths(text: Callable[[int, int], str], parameters: int) -> str:
    """Return the network of like widths whose last one takes what is left of the parameters.

    Args:
        text: the network of (all widths but the last, the last width).
        parameters: the number wanted.

    >>> start = "input 1x8x8 classes=10 > "
    >>> find_two_widths(lambda c, last: f"{start}conv {c} > conv {last} > gap > flatten > fc", 2000)
    'input 1x8x8 classes=10 > conv 13 > conv 15 > gap > flatten > fc'
    """

    def with_first(width: int) -> str:
        return text(width, find_width(lambda last: text(width, last), parameters))

    alike = find_width(lambda width: text(width, width), parameters)
    tries = [with_first(width) for width in (alike, alike - 1) if width]
    return min(tries, key=lambda each: abs(summary(each).parameters - parameters))


def check_alike(texts: Sequence[str]) -> tuple[int, ...]:
    """Return the parameters of networks where all are within 10 % of the largest.

    Raises:
        SettingError: they are not.

    >>> start = "input 1x8x8 classes=10 > "
    >>> check_alike([start + "flatten > fc", start + "conv 30 > gap > flatten > fc"])
    (650, 610)
    """
    counts = tuple(summary(text).parameters for text in texts)
    if min(counts) < (1 - NEAR) * max(counts):
        listed = ", ".join(f"{count:,}" for count in counts)
        table = summary(texts[0])
        rows, columns = table.input[1:]
        classes = table.classes or 0
        raise SettingError(
            f"for images of {rows}x{columns} pixels and {classes:,} classes the networks have "
            f"{listed} parameters, more than {NEAR * 100:.0f} % apart, so that they cannot be "
            "compared fairly: one channel more adds weights for every class, too many for networks "
            "this small; take a larger --image-size, or data of fewer classes"
        )
    return counts
