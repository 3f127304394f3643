"""Numbers as people write them: 3, -0.5, 1/9; and grids of them, aligned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

TALLEST = 40  # rows and columns of a map that are printed, where they fit on a line
LONGEST = 6  # characters of a decimal; longer ones are written as a fraction where one is exact


def format_number(value: float) -> str:
    """Write a number as short as it can be read: whole, or with at most 6 digits.

    >>> format_number(4.0), format_number(-0.5), format_number(169 / 3)
    ('4', '-0.5', '56.3333')
    """
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def format_weight(value: float) -> str:
    """Write a weight of a kernel: as a fraction where a decimal would be long.

    >>> format_weight(1 / 9), format_weight(-0.25), format_weight(2.0)
    ('1/9', '-0.25', '2')
    """
    if len(repr(float(value))) > LONGEST and math.isfinite(value):
        near = Fraction(value).limit_denominator(999)
        if 0 < abs(near.numerator) < 1000 and near.numerator / near.denominator == value:
            return f"{near.numerator}/{near.denominator}"
    return format_number(value)


def count_decimals(values: np.ndarray) -> int:
    """Return how many decimals a grid is written with: as few as are exact, 4 digits at most.

    >>> [count_decimals(np.array(values)) for values in ([1.0, 2.0], [0.5, 2.0], [1 / 3])]
    [0, 1, 4]
    """
    largest = float(np.abs(values).max())
    most = min(12, max(1, 3 - math.floor(math.log10(largest)))) if largest else 0
    return next((p for p in range(most) if (np.round(values, p) == values).all()), most)


def format_grid(values: np.ndarray) -> list[str]:
    r"""Write a grid of numbers, a line a row, aligned to the right.

    Args:
        values: (rows, columns).

    >>> print("\n".join(format_grid(np.array([[0.0, -10.0], [3.0, 4.0]]))))
    0 -10
    3   4
    """
    places = count_decimals(values)
    texts = [[f"{value + 0.0:.{places}f}" for value in row] for row in values.tolist()]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    widths = [max(widths)] * len(widths) if places else widths
    return [
        " ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in texts
    ]


def to_plain(values: np.ndarray) -> list[object]:
    """Return an array as nested lists for JSON, whole numbers as such.

    >>> to_plain(np.array([[1.0, 2.0]])), to_plain(np.array([0.5, 1.0]))
    ([[1, 2]], [0.5, 1.0])
    """
    whole = bool((values == np.rint(values)).all()) and bool((np.abs(values) < 2**53).all())
    listed: list[object] = (values.astype(np.int64) if whole else values).tolist()
    return listed


def describe_map(what: str, values: np.ndarray, names: Sequence[str], *, width: int) -> list[str]:
    """Write the size and the range of a map, and its numbers where they fit on a screen.

    Args:
        what: it is.
        values: (rows, columns), or (rows, columns, channels).
        names: of the channels.
        width: characters that a line may have.

    >>> describe_map("map", np.array([[1.0, 2.0]]), ["grey"], width=80)
    ['map: 1x2, from 1 to 2, mean 1.5', '  1 2']
    """
    size = "x".join(map(str, values.shape[:2]))
    lines = [f"{what}: {size}, {describe_range(values)}"]
    if max(values.shape[:2]) > TALLEST:
        return lines
    several = values.ndim == 3
    for place, name in enumerate(names if several else ("",)):
        rows = format_grid(values[:, :, place] if several else values)
        lines += [f"  {name}:"] * several + [f"  {row}" for row in rows]
    return lines if max(map(len, lines[1:])) <= width else lines[:1]


def describe_range(values: np.ndarray) -> str:
    """Write the smallest, largest and mean number.

    >>> describe_range(np.array([[0.0, 1.0]]))
    'from 0 to 1, mean 0.5'
    """
    low, high, mean = float(values.min()), float(values.max()), float(values.mean())
    return f"from {format_number(low)} to {format_number(high)}, mean {mean:.6g}"
