"""A layer as the loops that it is, with the numbers of this layer and what they cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from striate.architecture.words import Conv, Fc, Shape
from striate.errors import SettingError


@dataclass(frozen=True)
class Loops:
    """A layer as plain loops.

    Attributes:
        layer: as the notation writes it.
        code: Python that computes it, from ``image`` (or ``x``), ``weight`` and ``bias``.
        formula: the run time in words: the product of how often each loop runs.
        numbers: the same with the numbers of this layer.
        macs: what it comes to, multiply-accumulates for one image.
        order: how it grows.
    """

    layer: str
    code: str
    formula: str
    numbers: str
    macs: int
    order: str

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.layer} as loops:",
                *(f"  {line}" for line in self.code.split("\n")),
                "run time, in multiply-accumulates:",
                f"  {self.formula}",
                f"  {self.numbers} = {self.macs:,}",
                f"  {self.order}",
            ]
        )

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return dict(vars(self))


def write_loops(layer: Conv | Fc, shape: Shape) -> Loops:
    """Write a convolution or a full connection as loops.

    Args:
        layer: the word.
        shape: what goes in, (channels, rows, columns) or (features,).

    Raises:
        NotationError: it does not fit.
        SettingError: it is another word.

    >>> print(write_loops(Fc(2), (3,)).code)
    for unit in range(2):
        total = bias[unit]
        for feature in range(3):
            total += weight[unit, feature] * x[feature]
        y[unit] = total
    >>> found = write_loops(Conv(1, (3, 3), pad=(0, 0)), (1, 7, 7))
    >>> found.numbers, found.macs
    ('1 * 5 * 5 * 1 * 3 * 3', 225)
    """
    if isinstance(layer, Conv):
        return _convolution(layer, shape)
    if isinstance(layer, Fc):
        return _connection(layer, shape)
    raise SettingError(f"'{layer}' multiplies nothing; expected conv or fc")


def _connection(layer: Fc, shape: Shape) -> Loops:
    (units,), (features,) = layer.output(shape), shape
    code = [
        f"for unit in range({units}):",
        f"    total = {'bias[unit]' if layer.bias else 0}",
        f"    for feature in range({features}):",
        "        total += weight[unit, feature] * x[feature]",
        "    y[unit] = total",
    ]
    return Loops(
        layer=str(layer),
        code="\n".join(code),
        formula="units * features",
        numbers=f"{units} * {features}",
        macs=units * features,
        order="O(n m): twice the features are twice the work; every weight is used once",
    )


def _convolution(layer: Conv, shape: Shape) -> Loops:
    filters, rows, columns = layer.output(shape)
    window = layer.window_on(shape)
    channels, (height, width) = shape[0] // layer.groups, window.kernel
    source = "padded" if any(window.sides) else "image"
    places = [
        _place(name, inner, step, apart)
        for name, inner, step, apart in zip(
            ("row", "column"), ("i", "j"), window.stride, window.dilation, strict=True
        )
    ]
    channel, group = "channel", list[str]()
    if layer.groups > 1:
        each = filters // layer.groups
        first = "filter" if each == 1 else f"filter // {each}"
        channel = "arriving"
        group = [f"{' ' * 16}arriving = {first} * {channels} + channel"]
    code = [
        f"for filter in range({filters}):",
        f"    for row in range({rows}):",
        f"        for column in range({columns}):",
        f"            total = {'bias[filter]' if layer.bias else 0}",
        f"            for channel in range({channels}):",
        *group,
        f"                for i in range({height}):",
        f"                    for j in range({width}):",
        "                        total += (weight[filter, channel, i, j]",
        f"                            * {source}[{channel}, {places[0]}, {places[1]}])",
        "            y[filter, row, column] = total",
    ]
    if source == "padded":
        what = "zeros" if layer.padmode == "zero" else "the border repeated"
        top, bottom, left, right = window.sides
        around = f"{top} above, {bottom} below, {left} left, {right} right"
        code.insert(0, f"# padded: the image with {what} around it, {around}")
    sizes = (filters, rows, columns, channels, height, width)
    return Loops(
        layer=str(layer),
        code="\n".join(code),
        formula="filters * rows * columns * channels * kernel rows * kernel columns",
        numbers=" * ".join(map(str, sizes)),
        macs=math.prod(sizes),
        order="O(n k^2 c d): n positions, kernel side k, c channels in, d out; twice the image's "
        "side is four times the work",
    )


def _place(name: str, inner: str, step: int, apart: int) -> str:
    """Write where a loop reads: row*2 + i."""
    outer = name if step == 1 else f"{name}*{step}"
    return f"{outer} + {inner}" if apart == 1 else f"{outer} + {inner}*{apart}"
