"""One value of a feature map, calculated so that it can be followed with a pencil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from striate.architecture.words import Conv, Pair
from striate.teaching.convolution.number_text import format_number, format_weight


@dataclass(frozen=True)
class Term:
    """One pixel times one weight.

    Attributes:
        row: of the pixel, counted from 0; outside the image where it is padding.
        column: likewise.
        pixel: its value.
        weight: what it is multiplied by.
        padding: whether it lies outside the image.
    """

    row: int
    column: int
    pixel: float
    weight: float
    padding: bool

    @property
    def product(self) -> float:
        """The pixel times the weight."""
        return self.pixel * self.weight

    def as_json(self) -> dict[str, object]:
        """Return it as plain values, the product among them."""
        return asdict(self) | {"product": self.product}


@dataclass(frozen=True)
class ChannelTerms:
    """The terms of one channel, a row of them for each row of the kernel.

    Attributes:
        name: of the channel.
        terms: rows of terms.
        sum: of all of them.
    """

    name: str
    terms: tuple[tuple[Term, ...], ...]
    sum: float


@dataclass(frozen=True)
class WorkedValue:
    """How one value of a feature map comes about; its text shows every step.

    Attributes:
        row: of the value, counted from 0.
        column: likewise.
        channels: the terms of each channel.
        joined: whether the sums of the channels are added up; else each is a value by itself.
        divisor: what each sum is divided by.
        bias: what is added to that.
        slope: of what is negative afterwards: 0 for ReLU; None where it stays as it is.
        padmode: "zero" or "edge": what stands in the padding.
        value: the result; one for each channel where they are not added up.
    """

    row: int
    column: int
    channels: tuple[ChannelTerms, ...]
    joined: bool
    divisor: float
    bias: float
    slope: float | None
    padmode: str
    value: float | tuple[float, ...]

    def __str__(self) -> str:
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        told = ", ".join(map(format_number, values))
        lines = [f"the value at row {self.row}, column {self.column} (counted from 0): {told}"]
        lines.append(self._describe_pixels())
        several = len(self.channels) > 1
        for place, channel in enumerate(self.channels):
            if several:
                lines.append(f"{channel.name}:")
            lines += _format_rows(channel)
            if not self.joined or not several:
                lines += self._describe_end(channel.sum, values[place], format_number(channel.sum))
        if self.joined and several:
            added = _join_sums([channel.sum for channel in self.channels])
            total = sum(channel.sum for channel in self.channels)
            lines.append(f"over the channels: {added} = {format_number(total)}")
            lines += self._describe_end(total, values[0], format_number(total))
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return it as plain values: value, channels with their terms, and what follows the sum."""
        return {
            "row": self.row,
            "column": self.column,
            "value": list(self.value) if isinstance(self.value, tuple) else self.value,
            "channels": [
                {
                    "channel": channel.name,
                    "terms": [[term.as_json() for term in row] for row in channel.terms],
                    "sum": channel.sum,
                }
                for channel in self.channels
            ],
            "joined": self.joined,
            "divisor": self.divisor,
            "bias": self.bias,
            "slope": self.slope,
        }

    def _describe_pixels(self) -> str:
        terms = [term for row in self.channels[0].terms for term in row]
        told = (
            f"pixels of rows {terms[0].row} to {terms[-1].row}, "
            f"columns {terms[0].column} to {terms[-1].column}, times the kernel"
        )
        if any(term.padding for term in terms):
            what = "zeros" if self.padmode == "zero" else "the border repeated"
            told += f"; [ ] is padding, {what}"
        return told

    def _describe_end(self, total: float, value: float, told: str) -> list[str]:
        """What follows the sum: the division, the bias, the activation."""
        lines = []
        between = total / self.divisor + self.bias
        if self.divisor != 1 or self.bias:
            if self.divisor != 1:
                told += f" / {format_number(self.divisor)}"
            if self.bias:
                told += f" {'+' if self.bias > 0 else '-'} {format_number(abs(self.bias))}"
            lines.append(f"  {told} = {format_number(between)}")
        if self.slope is not None:
            word = (
                f"leaky ReLU, {format_number(self.slope)} x where negative"
                if self.slope
                else "ReLU"
            )
            lines.append(f"  {word}: {format_number(between)} becomes {format_number(value)}")
        return lines


def compute_channel_terms(
    plane: np.ndarray, kernel: Sequence[Sequence[float]], layer: Conv, *, name: str, at: Pair
) -> ChannelTerms:
    """Return the terms of one channel for the value at a place.

    Args:
        plane: (rows, columns) of the channel.
        kernel: rows of weights.
        layer: stride, padding and dilation.
        name: of the channel.
        at: row and column of the value.
    """
    window, (height, width) = layer.window_on((1, *plane.shape)), plane.shape
    rows: list[tuple[Term, ...]] = []
    total = 0.0
    for i, weights in enumerate(kernel):
        row = at[0] * window.stride[0] - window.pad[0] + i * window.dilation[0]
        terms = []
        for j, factor in enumerate(weights):
            column = at[1] * window.stride[1] - window.pad[1] + j * window.dilation[1]
            inside = 0 <= row < height and 0 <= column < width
            pixel = 0.0
            if inside or layer.padmode == "edge":
                pixel = float(plane[min(max(row, 0), height - 1), min(max(column, 0), width - 1)])
            terms.append(Term(row, column, pixel, factor, not inside))
            total += terms[-1].product
        rows.append(tuple(terms))
    return ChannelTerms(name, tuple(rows), total)


def _format_rows(channel: ChannelTerms) -> list[str]:
    """Write the terms of a channel as a grid, with the sum of each row and of all."""
    pixels, weights = (
        max(len(side(term)) for row in channel.terms for term in row)
        for side in (_format_pixel, _format_weight)
    )
    texts = [
        [
            f"{_format_pixel(term).rjust(pixels)} x {_format_weight(term).ljust(weights)}"
            for term in row
        ]
        for row in channel.terms
    ]
    sums = [format_number(sum(term.product for term in row)) for row in channel.terms]
    longest = max(map(len, sums))
    lines = [
        "  " + "  +  ".join(row) + f"  =  {total.rjust(longest)}"
        for row, total in zip(texts, sums, strict=True)
    ]
    last = format_number(channel.sum)
    return [*lines, "  sum".ljust(len(lines[0]) - max(longest, len(last))) + last.rjust(longest)]


def _format_pixel(term: Term) -> str:
    return f"[{format_number(term.pixel)}]" if term.padding else format_number(term.pixel)


def _format_weight(term: Term) -> str:
    text = format_weight(term.weight)
    return text if text.isdigit() else f"({text})"


def _join_sums(values: list[float]) -> str:
    texts = [format_number(values[0])]
    for value in values[1:]:
        texts.append(f"{'+' if value >= 0 else '-'} {format_number(abs(value))}")
    return " ".join(texts)
