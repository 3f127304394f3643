"""Every number of the table as the calculation it comes from: (32 + 2*1 - 3)/1 + 1 = 32.

What stands left of the equals sign is arithmetic that Python too reads, with floor and ceil.
The formulas are those of Dumoulin and Visin 2016, A guide to convolution arithmetic for deep
learning, https://arxiv.org/abs/1603.07285
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from striate.architecture.layer_table.receptive_field import Sight
from striate.architecture.notation import Join, Leaf
from striate.architecture.words import Shape, Window

FLOAT32 = 4  # bytes of a number


@dataclass(frozen=True)
class Formulas:
    """How the numbers of one layer come about; empty where there is nothing to calculate.

    Attributes:
        output: rows and columns of what comes out; ``16*5*5 = 400`` of flatten, the sum of the
            channels of cat. Where rows and columns differ, ``... = 32 rows, ... = 26 columns``.
        parameters: kernel rows * columns * channels in * channels out + biases, and the like.
        macs: weights * places that they are put on.
        memory: bytes of what comes out for one image, in float32.
        receptive_field: what it looked at before + (window - 1) * stride before.
    """

    output: str = ""
    parameters: str = ""
    macs: str = ""
    memory: str = ""
    receptive_field: str = ""

    def as_json(self) -> dict[str, str]:
        """Give those that there are."""
        return {name: text for name, text in vars(self).items() if text}


def formulas(step: Leaf | Join, before: Sequence[Sight | None], *, memory: bool) -> Formulas:
    """Write down how the numbers of a layer come about.

    Args:
        step: the layer with its shapes.
        before: what the units see that go in, of each source.
        memory: whether it takes memory of its own.

    >>> from striate.architecture.notation import expand
    >>> step = expand("input 3x32x32 > conv 64").steps[0]
    >>> written = formulas(step, [Sight()], memory=True)
    >>> written.output, written.parameters
    ('(32 + 2*1 - 3)/1 + 1 = 32', '3*3*3*64 + 64 = 1,792')
    >>> written.macs, written.receptive_field
    ('3*3*3*64 * 32*32 = 1,769,472', '1 + (3 - 1)*1 = 3')
    """
    written_memory = ""
    if memory:
        sides = "*".join(map(str, step.output))
        written_memory = f"{FLOAT32}*{sides} = {FLOAT32 * math.prod(step.output):,}"
    if isinstance(step, Join):
        joined = step.layer.output_formula([branch[-1].output for branch in step.branches])
        return Formulas(output=joined, memory=written_memory)
    parameters, macs = step.layer.parameters(step.input), step.layer.macs(step.input)
    return Formulas(
        output=_output(step),
        parameters=_equation(step.layer.parameters_formula, step.input, parameters),
        macs=_equation(step.layer.macs_formula, step.input, macs),
        memory=written_memory,
        receptive_field=_sees(step.layer.window_on(step.input), before[0]),
    )


def _equation(write: Callable[[Shape], str], arriving: Shape, result: int) -> str:
    return f"{write(arriving)} = {result:,}" if result else ""


def _output(step: Leaf) -> str:
    """Write how many rows and columns come out."""
    window = step.layer.window_on(step.input)
    if window is None:
        return step.layer.output_formula(step.input)
    ceil = step.layer.partial_windows
    rows, columns = (
        f"{_positions(window, axis, step.input[1 + axis], ceil=ceil)} = {step.output[1 + axis]}"
        for axis in (0, 1)
    )
    return rows if rows == columns else f"{rows} rows, {columns} columns"


def _positions(window: Window, axis: int, side: int, *, ceil: bool) -> str:
    """Write how often a window fits along one axis; torch's rule where the last may stand over."""
    pad, step, dilation = window.pad[axis], window.stride[axis], window.dilation[axis]
    padded = padded_text(window, axis, side)
    reach = str(window.kernel[axis])
    if dilation > 1:
        reach = f"{dilation}*({window.kernel[axis]} - 1) - 1"
    inside = f"({padded} - {reach})/{step}"
    room = side + pad + window.pad_behind[axis] - window.extent[axis]
    if room % step == 0:
        return f"{inside} + 1"
    if not ceil:
        return f"floor({inside}) + 1"
    # the last window is left out where it would begin in the padding behind the map
    outside = math.ceil(room / step) * step >= side + pad
    return f"ceil({inside}) + 1 - 1" if outside else f"ceil({inside}) + 1"


def padded_text(window: Window, axis: int, side: int) -> str:
    """Write a side with its padding: 32 + 2*1, or 32 + 0 + 1 where both ends differ.

    >>> padded_text(Window((3, 3), (2, 2), (1, 1)), 0, 32)
    '32 + 2*1'
    """
    before, behind = window.pad[axis], window.pad_behind[axis]
    if before == behind:
        return f"{side} + 2*{before}" if before else str(side)
    return f"{side} + {before} + {behind}"


def _sees(window: Window | None, before: Sight | None) -> str:
    """Write what a unit sees through a window, where the units before all step alike."""
    if window is None or before is None or window.kernel == (1, 1):
        return ""
    if any(len(axis) > 1 for axis in before.axes):
        return ""  # branches of different strides: no one formula holds
    written = []
    for axis in (0, 1):
        ((step, (first, last)),) = before.axes[axis].items()
        seen, dilation = last - first + 1, window.dilation[axis]
        spread = f"{dilation}*" if dilation > 1 else ""
        whole = seen + (window.extent[axis] - 1) * step
        written.append(f"{seen} + {spread}({window.kernel[axis]} - 1)*{step} = {whole}")
    return written[0] if written[0] == written[1] else f"{written[0]} rows, {written[1]} columns"
