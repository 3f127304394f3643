"""Filters: kernels with a name, and kernels given as numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from striate.errors import SettingError
from striate.teaching.convolution.number_grids import parse_kernels
from striate.teaching.convolution.number_text import format_grid, format_number, format_weight

Numbers = tuple[tuple[float, ...], ...]

LARGEST: Final = 1024  # rows and columns of a kernel


@dataclass(frozen=True)
class Filter:
    """A kernel, or one for each channel, with what belongs to it.

    Attributes:
        kernels: rows of numbers; one for every channel, or one in all.
        name: as in ``--filter NAME``; empty where it was given as numbers.
        does: what it does, in one line.
        divisor: what the sum is divided by at the end; 9 for the mean of 3x3 pixels.
        bias: what is added to that.

    >>> print(FILTERS["blur"])
    blur: the mean of 3x3 pixels
    1/9 x
      1 1 1
      1 1 1
      1 1 1
    """

    kernels: tuple[Numbers, ...]
    name: str = ""
    does: str = ""
    divisor: float = 1.0
    bias: float = 0.0

    @staticmethod
    def of(source: Filter | str | ArrayLike, *, flip: bool = False, bias: float = 0.0) -> Filter:
        """Return a filter by its name, by the text of its numbers, or by an array of them.

        Args:
            source: "sobel-x"; "0 0 1; 1 0 0; 0 1 1"; or an array of shape (rows, columns), or
                (channels, rows, columns) for a kernel a channel.
            flip: turn the kernel by 180 degrees first: the convolution of mathematics, where
                the default is cross-correlation, as everywhere in deep learning.
            bias: a number added to every sum.

        Raises:
            SettingError: no filter has this name, or these are no numbers of a kernel.

        >>> Filter.of("0 0 1; 1 0 0; 0 1 1", flip=True).kernels
        (((1.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)),)
        >>> Filter.of("sharpn")
        Traceback (most recent call last):
        striate.errors.SettingError: there is no filter 'sharpn'; did you mean 'sharpen'? ...
        """
        if isinstance(source, Filter):
            found = source
        elif isinstance(source, str):
            name = "-".join(source.lower().replace("_", " ").split())
            found = FILTERS[name] if name in FILTERS else Filter(parse_kernel_text(source))
        else:
            found = Filter(read_kernel_array(source))
        if not math.isfinite(bias):
            raise SettingError(f"the bias is {bias}; expected a number such as 0.5")
        found = dataclasses.replace(found, bias=found.bias + bias) if bias else found
        return found.flip() if flip else found

    def flip(self) -> Filter:
        """Turn it by 180 degrees, so that correlating with it is convolving with what it was.

        >>> Filter.of("1 2 3").flip().kernels
        (((3.0, 2.0, 1.0),),)
        """
        kernels = tuple(tuple(row[::-1] for row in kernel[::-1]) for kernel in self.kernels)
        return dataclasses.replace(self, kernels=kernels)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        return len(self.kernels[0]), len(self.kernels[0][0])

    @property
    def weights(self) -> np.ndarray:
        """What each pixel is multiplied by in the end, float64 (kernels, rows, columns)."""
        return np.array(self.kernels, dtype=np.float64) / self.divisor

    @property
    def keeps_brightness(self) -> bool:
        """Whether its weights sum to 1, so that what comes out is an image again.

        >>> [FILTERS[name].keeps_brightness for name in ("sharpen", "blur", "sobel-x")]
        [True, True, False]
        """
        one = len(self.kernels) == 1
        return one and self.bias == 0 and math.isclose(float(self.weights.sum()), 1, rel_tol=1e-6)

    def __str__(self) -> str:
        rows, columns = self.shape
        told = f"{self.name}: {self.does}" if self.name else f"a filter of {rows}x{columns}"
        lines = [told]
        if self.divisor != 1:
            lines.append(f"1/{format_number(self.divisor)} x")
        for place, kernel in enumerate(self.kernels):
            if len(self.kernels) > 1:
                lines.append(f"channel {place + 1}")
            lines += [f"  {row}" for row in _format_kernel(kernel)]
        if self.bias:
            lines.append(f"bias {format_number(self.bias)}")
        return "\n".join(lines)


def _format_kernel(kernel: Numbers) -> list[str]:
    """Write a kernel as it was given where that is short: fractions stay fractions."""
    values = np.array(kernel)
    if (values == np.rint(values)).all():
        return format_grid(values)
    texts = [[format_weight(value) for value in row] for row in kernel]
    width = max(len(text) for row in texts for text in row)
    return [" ".join(text.rjust(width) for text in row) for row in texts]


def parse_kernel_text(text: str) -> tuple[Numbers, ...]:
    """Read the numbers of a filter; a text that begins with a letter was meant as a name."""
    if text.strip()[:1].isalpha():
        from striate.architecture.notation.suggestions import suggestion

        near = suggestion(text.strip().lower(), FILTERS)
        meant = f"did you mean '{near}'? " if near else ""
        raise SettingError(
            f"there is no filter '{text.strip()[:40]}'; {meant}expected numbers such as "
            f"'0 1 0; 1 -4 1; 0 1 0', or one of {', '.join(FILTERS)}"
        )
    return read_kernel_array(parse_kernels(text))


def read_kernel_array(source: ArrayLike) -> tuple[Numbers, ...]:
    """Return an array as kernels: (rows, columns), or (channels, rows, columns)."""
    expected = "expected numbers of shape (rows, columns), or (channels, rows, columns)"
    try:
        values = np.asarray(source)
    except ValueError as error:
        raise SettingError(f"the kernel's rows differ in length; {expected}") from error
    if values.dtype.kind not in "buif" or values.ndim not in (2, 3) or 0 in values.shape:
        raise SettingError(
            f"the kernel has shape {values.shape} and type {values.dtype}; {expected}"
        )
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise SettingError(f"the kernel holds numbers that are not finite; {expected}")
    if max(values.shape[-2:]) > LARGEST:
        raise SettingError(
            f"the kernel is {values.shape[-2]}x{values.shape[-1]}; expected at most "
            f"{LARGEST}x{LARGEST}"
        )
    stacked = values if values.ndim == 3 else values[None]
    return tuple(tuple(tuple(row) for row in kernel) for kernel in stacked.tolist())


def _make_filter(name: str, text: str, does: str, divisor: float = 1.0) -> Filter:
    return Filter(read_kernel_array(parse_kernels(text)), name, does, divisor)


FILTERS: Final[Mapping[str, Filter]] = {
    found.name: found
    for found in (
        _make_filter("identity", "0 0 0; 0 1 0; 0 0 0", "leaves every pixel as it is"),
        _make_filter("sharpen", "0 -1 0; -1 5 -1; 0 -1 0", "adds to a pixel what sets it off"),
        _make_filter("blur", "1 1 1; 1 1 1; 1 1 1", "the mean of 3x3 pixels", 9),
        _make_filter(
            "gaussian-blur", "1 2 1; 2 4 2; 1 2 1", "a mean that counts near pixels more", 16
        ),
        _make_filter(
            "edge-enhance", "-1 -1 -1; -1 10 -1; -1 -1 -1", "steepens edges on all sides", 2
        ),
        _make_filter("emboss", "-2 -1 0; -1 1 1; 0 1 2", "a relief, lit from the upper left"),
        _make_filter(
            "edge-detect", "-1 -1 -1; -1 8 -1; -1 -1 -1", "a pixel against its 8 neighbours"
        ),
        _make_filter("laplacian", "0 1 0; 1 -4 1; 0 1 0", "the second derivative, by 4 neighbours"),
        _make_filter("sobel-x", "-1 0 1; -2 0 2; -1 0 1", "brighter to the right: upright edges"),
        _make_filter("sobel-y", "-1 -2 -1; 0 0 0; 1 2 1", "brighter below: level edges"),
        _make_filter("prewitt-x", "-1 0 1; -1 0 1; -1 0 1", "as sobel-x, all rows alike"),
        _make_filter("prewitt-y", "-1 -1 -1; 0 0 0; 1 1 1", "as sobel-y, all columns alike"),
        _make_filter("scharr-x", "-3 0 3; -10 0 10; -3 0 3", "as sobel-x, truer at slanted edges"),
        _make_filter("scharr-y", "-3 -10 -3; 0 0 0; 3 10 3", "as sobel-y, truer at slanted edges"),
    )
}
