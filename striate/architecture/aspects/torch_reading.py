"""Reading a word from modules and functions of torch: what arrives, and refusals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from striate.architecture.aspects.output_size import Pad, Pair, Shape, Sides, Window, pad_window


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


class Batch(int):
    """The size of the batch, which a module may ask for but the notation does not know.

    It can be handed on and compared, but not calculated with.
    """

    def _mixed(self, *other: object) -> Any:
        raise Refused(
            "the size of the batch takes part in a calculation; images must not mix: "
            "torch.flatten(x, 1)"
        )

    __add__ = __sub__ = __mul__ = __floordiv__ = __truediv__ = __mod__ = _mixed
    __radd__ = __rsub__ = __rmul__ = __rfloordiv__ = __rtruediv__ = __rmod__ = _mixed


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


def pad_of(kernel: Pair, pad: Any, *, dilation: Pair = (1, 1)) -> Pad:
    """Return a padding as the notation has it, "same" where it is that.

    Args:
        kernel: rows and columns of the window.
        pad: as torch takes it, or what is added at each side.
        dilation: rows and columns.

    >>> pad_of((3, 3), 1), pad_of((3, 3), Sides(0, 1, 0, 1)), pad_of((2, 2), "same")
    ('same', Sides(top=0, bottom=1, left=0, right=1), 'end')
    """
    odd = all(d * (k - 1) % 2 == 0 for k, d in zip(kernel, dilation, strict=True))
    if pad == "valid":
        return (0, 0)
    if pad == "same":
        return "same" if odd else "end"  # torch takes it with a stride of 1 alone: both are alike
    window = Window(kernel, (1, 1), dilation=dilation)
    if isinstance(pad, Sides):
        window = pad_window(kernel, (1, 1), pad, dilation=dilation)
        if not window.even:
            return pad
    sides = window.pad if isinstance(pad, Sides) else pair_of(pad)
    same = odd and pad_window(kernel, (1, 1), "same", dilation=dilation).pad == sides
    return "same" if same else sides


def refuse_type(dtype: object) -> None:
    """Refuse a change of the number format."""
    if dtype is not None:
        raise Refused(f"a change to {dtype} has no word")
