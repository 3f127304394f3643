"""Padding as a call of its own, in programs of torch and Keras."""

from __future__ import annotations

from typing import Final

from striate.architecture.aspects.output_size import Sides, Window
from striate.architecture.aspects.program_call import Argument, ProgramCall, pair

EDGE_PADDING: Final = '''
def edge_padding(x, rows: tuple[int, int], columns: tuple[int, int]):
    """Repeat the border of the maps, before and behind."""
    for axis, (before, behind) in ((1, rows), (2, columns)):
        last = x.shape[axis] - 1
        places = [min(max(i, 0), last) for i in range(-before, last + 1 + behind)]
        x = ops.take(x, places, axis=axis)
    return x
'''  # ops.pad(mode="edge") fails on Keras's torch backend


def torch_padding(window: Window, *more: Argument) -> list[ProgramCall]:
    """Return F.pad with the padding of a window."""
    top, bottom, left, right = window.sides
    return [ProgramCall("F.pad", (Argument((left, right, top, bottom), role="padding"), *more))]


def keras_zeros(sides: Sides) -> list[ProgramCall]:
    """Return a padding with zeros as a call of its own; none where there is none."""
    if not any(sides):
        return []
    top, bottom, left, right = sides
    even = top == bottom and left == right
    value = pair((top, left)) if even else ((top, bottom), (left, right))
    return [ProgramCall("layers.ZeroPadding2D", (Argument(value, role="padding"),))]


def keras_pads(sides: Sides) -> tuple[Argument, ...]:
    """Return a padding as the two pairs that functions of a program take: rows, columns."""
    top, bottom, left, right = sides
    return Argument((top, bottom), role="padding"), Argument((left, right), role="padding")


def keras_edge(sides: Sides) -> list[ProgramCall]:
    """Return a padding that repeats the border as a call of its own; none where there is none."""
    if not any(sides):
        return []
    return [ProgramCall("edge_padding", keras_pads(sides), definition=EDGE_PADDING)]
