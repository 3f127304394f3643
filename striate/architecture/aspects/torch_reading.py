"""Reading a word from modules and functions of torch: what arrives, and refusals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from striate.architecture.aspects.output_size import Pair, Shape, pad_window


class Refused(Exception):
    """Why something cannot be written in the notation.

    Attributes:
        reason: one sentence without its full stop.
        place: where in the module; empty where the reason tells it.
    """

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


class Arriving:
    """A tensor of the module that is read; of its numbers nothing is known.

    Attributes:
        shape: without the batch.
    """

    shape: Shape


@dataclass(frozen=True)
class Batch:
    """The size of the batch, which a module may ask for but the notation does not know."""


def check_options(options: Mapping[str, object], known: Collection[str]) -> None:
    """Make sure that all arguments given by name are known.

    Raises:
        Refused: one is not.
    """
    for name in options:
        if name not in known:
            raise Refused(f"{name} has no word")


def pair_of(value: Any) -> Pair:
    """Return a size given as torch takes it: one number, or one a side.

    Raises:
        Refused: it is something else.

    >>> pair_of(3), pair_of([2, 1])
    ((3, 3), (2, 1))
    """
    sides = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(sides) == 1:
        sides = (sides[0], sides[0])
    if len(sides) != 2 or not all(isinstance(side, int) for side in sides):
        raise Refused(f"its size {value} is not one or two whole numbers")
    return sides[0], sides[1]


def step_of(stride: Any, kernel: Pair) -> Pair | None:
    """Return the stride of a pool; None where it is the window's own size."""
    return None if stride in (None, [], ()) or pair_of(stride) == kernel else pair_of(stride)


def pad_of(
    kernel: Pair, pad: Any, *, dilation: Pair = (1, 1), stride: Pair = (1, 1)
) -> Pair | Literal["same"]:
    """Return a padding as the notation has it, "same" where it is that.

    Raises:
        Refused: it adds more on one side than on the other.
    """
    reach = tuple(d * (k - 1) for k, d in zip(kernel, dilation, strict=True))
    if pad == "valid":
        return (0, 0)
    if pad == "same":
        if any(side % 2 for side in reach):
            raise Refused(
                f"padding='same' around a {kernel[0]}x{kernel[1]} window adds more on one side "
                "than on the other; pad by the same number on both"
            )
        return "same"
    sides = pair_of(pad)
    odd = all(side % 2 == 0 for side in reach)
    same = odd and pad_window(kernel, stride, "same", dilation=dilation).pad == sides
    return "same" if same else sides


def refuse_type(dtype: object) -> None:
    """Refuse a change of the number format."""
    if dtype is not None:
        raise Refused(f"a change to {dtype} has no word")
