"""What values come to: numbers, sizes, option words, and arithmetic on whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from striate.architecture.notation.nodes import (
    Arithmetic,
    Decimal,
    FourSides,
    Name,
    Number,
    Rows,
    Size,
    Value,
)
from striate.architecture.words import ConnectionTable, text_of
from striate.errors import NotationError

Given = (
    int | float | tuple[int, ...] | ConnectionTable | str
)  # what a value comes to; str is an option word

OPTION_WORDS: Final = ("same", "end", "valid", "yes", "no", "zero", "edge")
LARGEST: Final = 999_999_999


def evaluate(value: Value, names: Mapping[str, Given]) -> Given:
    """Work a value out.

    Args:
        value: the node.
        names: what the parameters, ``in`` and ``classes`` are here.

    Raises:
        NotationError: an inexact division, arithmetic on something else than whole numbers,
            a number that is too large, or ``classes`` where it is not known.

    >>> evaluate(Arithmetic(Name("in"), (("/", Number(4)),)), {"in": 256})
    64
    """
    match value:
        case Number() | Decimal():
            return value.value
        case Size() | FourSides():
            return value.sides
        case Rows():
            return value.table
        case Name(name):
            if name in OPTION_WORDS:
                return name
            if name == "classes" and name not in names:
                raise NotationError(
                    "the number of classes is not known; write it in front, as in "
                    "'input 3x224x224 classes=10', or give classes=",
                    position=value.position,
                )
            return names[name]
        case Arithmetic():
            return _calculate(value, names)


def _calculate(value: Arithmetic, names: Mapping[str, Given]) -> int:
    total = _whole(value.first, names)
    for operator, operand in value.rest:
        number = _whole(operand, names)
        if operator == "/":
            total = _divide(total, number, value)
        else:
            total = OPERATIONS[operator](total, number)
        if abs(total) > LARGEST:
            raise NotationError(
                f"{value} comes to more than {LARGEST:,}, the largest number there is",
                position=value.position,
            )
    return total


OPERATIONS: Final[Mapping[str, Callable[[int, int], int]]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
}


def _divide(total: int, number: int, value: Arithmetic) -> int:
    if number == 0:
        raise NotationError(f"{value} divides {total} by 0", position=value.position)
    if total % number:
        below = total - total % number
        raise NotationError(
            f"{value} divides {total} by {number}, which leaves a rest of {total % number}; "
            f"expected a multiple of {number}, such as {below or number} or {below + number}"
            if below > 0
            else f"{value} divides {total} by {number}, which is no whole number; "
            f"expected a multiple of {number}",
            position=value.position,
        )
    return total // number


def _whole(value: Value, names: Mapping[str, Given]) -> int:
    given = evaluate(value, names)
    if not isinstance(given, int):
        what = f"{value}, which is {text_of(given)}" if isinstance(value, Name) else str(value)
        raise NotationError(
            f"cannot calculate with {what}; + - * / work on whole numbers only",
            position=value.position,
        )
    return given
