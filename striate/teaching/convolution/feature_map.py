"""One filter over one image: the feature map, with everything it was made of."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture.words import Conv, Pair, Sides
from striate.errors import NotationError, SettingError
from striate.teaching.convolution.convolution_matrix import ConvolutionMatrix, lay_out_matrix
from striate.teaching.convolution.image_planes import (
    Channels,
    name_planes,
    read_image,
    settle_channels,
    split_planes,
)
from striate.teaching.convolution.matrix_product import Unrolled, multiply_unrolled
from striate.teaching.convolution.named_filters import Filter
from striate.teaching.convolution.number_text import describe_map, format_number, to_plain
from striate.teaching.convolution.pooling import (
    Kind,
    Pool,
    Pooled,
    compute_formulas,
    make_pool,
    pool,
)
from striate.teaching.convolution.sliding import LARGEST, Border, make_window, slide
from striate.teaching.convolution.worked_value import WorkedValue, compute_channel_terms


@dataclass(frozen=True, eq=False, repr=False)
class FeatureMap:
    """What comes out where a filter is slid over an image.

    Attributes:
        map: float64 (rows, columns); (rows, columns, channels) where each is convolved apart.
        planes: what went in, (channels, rows, columns), once made grey where it was.
        filter: the kernel with its divisor and its bias.
        layer: the word of the notation that does the same in a network.
        channels: "gray", "each" or "sum".
        image_channels: channels that the image had.
        slope: of what was negative, 0 for ReLU; None where there was no activation.
        before: the map before the activation, where there was one.
    """

    map: np.ndarray
    planes: np.ndarray
    filter: Filter
    layer: Conv
    channels: Channels
    image_channels: int = 1
    slope: float | None = None
    before: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of what went in."""
        return self.planes.shape[0], self.planes.shape[1], self.planes.shape[2]

    @property
    def size(self) -> Pair:
        """Rows and columns of the map."""
        return self.map.shape[0], self.map.shape[1]

    @property
    def formula(self) -> str:
        """How its rows and columns come about: ``(7 - 3)/1 + 1 = 5``."""
        return compute_formulas(self.layer, self.shape).output

    @property
    def macs(self) -> int:
        """Multiply-accumulates: kernel rows * columns * channels * positions."""
        return self.layer.macs(self.shape)

    @property
    def work(self) -> str:
        """The same with its formula: ``3*3*1*1 * 5*5 = 225``."""
        return compute_formulas(self.layer, self.shape).macs

    @property
    def names(self) -> tuple[str, ...]:
        """The channels that were convolved: grey; red, green, blue; or channel 1 to the last."""
        return name_planes(self.channels, len(self.planes))

    def relu(self, slope: float = 0.0) -> FeatureMap:
        """Return it with ReLU applied, or leaky ReLU: what is negative times ``slope``.

        >>> convolve("123", "1 -1").relu().map.tolist()
        [[0.0, 0.0]]
        >>> convolve("123", "1 -1").relu(0.5).map.tolist()
        [[-0.5, -0.5]]
        """
        if not 0 <= slope < 1:
            raise SettingError(f"the slope of leaky ReLU is {slope}; expected 0 to 1, such as 0.01")
        if self.slope is not None:
            raise SettingError("there is an activation already; apply one to the map before it")
        values = np.where(self.map > 0, self.map, slope * self.map + 0.0)
        return dataclasses.replace(self, map=values, slope=slope, before=self.map)

    def pool(
        self,
        kind: Kind | Pool = "max",
        window: int | Pair = 2,
        *,
        stride: int | Pair | None = None,
        ceil: bool = True,
    ) -> Pooled:
        """Pool the map; the last incomplete windows count, unless ``ceil`` is False.

        Args:
            kind: "max", "avg" or "sum"; or a word such as ``layers.MaxPool``, which says the rest.
            window: its rows and columns.
            stride: the window's own size where left out.
            ceil: whether the last incomplete windows count.

        Raises:
            SettingError: the window does not fit.

        >>> convolve("12345", "1").pool("avg", (1, 2)).map.tolist()
        [[1.5, 3.5, 5.0]]
        """
        if isinstance(kind, str):
            steps = None if stride is None else to_pair(stride, "the stride of the pooling")
            kind = make_pool(kind, to_pair(window, "the pooling window"), stride=steps, ceil=ceil)
        return Pooled(pool(self.map, kind), kind, self.size, self.names)

    def at(self, row: int, column: int) -> WorkedValue:
        """Return the whole calculation of one value: pixels, weights, sums.

        Args:
            row: of the value, counted from 0.
            column: likewise.

        Raises:
            SettingError: the map has no such place.

        >>> convolve("012/345", "1 2").at(1, 0).value
        11.0
        >>> convolve("012/345", "1 2").at(2, 0)
        Traceback (most recent call last):
        striate.errors.SettingError: the map has no row 2, column 0; it has rows 0 to 1 and ...
        """
        rows, columns = self.size
        if not (0 <= row < rows and 0 <= column < columns):
            raise SettingError(
                f"the map has no row {row}, column {column}; it has rows 0 to {rows - 1} "
                f"and columns 0 to {columns - 1}"
            )
        kernels = self.filter.kernels
        terms = tuple(
            compute_channel_terms(
                plane, kernels[place % len(kernels)], self.layer, name=name, at=(row, column)
            )
            for place, (plane, name) in enumerate(zip(self.planes, self.names, strict=True))
        )
        value = self.map[row, column].tolist()
        return WorkedValue(
            row=row,
            column=column,
            channels=terms,
            joined=self.channels != "each",
            divisor=self.filter.divisor,
            bias=self.filter.bias,
            slope=self.slope,
            padmode=self.layer.padmode,
            value=tuple(value) if isinstance(value, list) else value,
        )

    def as_matrix(self) -> Unrolled:
        """Do the same as one product of matrices, the patches unrolled ("im2col"), and compare.

        Raises:
            SettingError: the patches are too many to hold.

        >>> convolve("012/345", "1 2").as_matrix().patches.tolist()
        [[0.0, 1.0], [1.0, 2.0], [3.0, 4.0], [4.0, 5.0]]
        """
        shared = self.channels == "each" and len(self.filter.kernels) == 1
        weights = self.filter.weights
        if not shared:
            weights = np.broadcast_to(weights, (len(self.planes), *weights.shape[1:]))
        values = self.map if self.before is None else self.before
        return multiply_unrolled(
            self.planes, weights, self.layer, bias=self.filter.bias, values=values
        )

    def as_convolution_matrix(self) -> ConvolutionMatrix:
        """Lay the convolution out as one sparse matrix on the whole image, with both gradients.

        Raises:
            SettingError: channels are convolved apart, or the matrix is too large.

        >>> convolve("012/345", "1 2").as_convolution_matrix()
        ConvolutionMatrix(4x6, a weight in 8 places)
        """
        shape = (1, len(self.planes), *self.filter.shape)
        weights = np.broadcast_to(self.filter.weights, shape)
        return lay_out_matrix(self.planes, weights, self.layer)

    def as_json(self) -> dict[str, object]:
        """Return the map as lists of rows, with its sizes, its range and what made it."""
        values = self.map
        return {
            "input": list(self.shape),
            "filter": self.filter.name or None,
            "kernel": [to_plain(np.array(kernel)) for kernel in self.filter.kernels],
            "divisor": self.filter.divisor,
            "bias": self.filter.bias,
            "channels": self.channels,
            "layer": str(self.layer),
            "formula": self.formula,
            "macs": self.macs,
            "slope": self.slope,
            "rows": self.size[0],
            "columns": self.size[1],
            "min": float(values.min()),
            "max": float(values.max()),
            "mean": float(values.mean()),
            "map": to_plain(values),
        }

    def as_text(self, *, width: int = 80) -> str:
        """Write the filter, the sizes with their formulas, and the numbers where they fit.

        Args:
            width: characters that a line may have.
        """
        channels, rows, columns = self.shape
        what = {
            "gray": "grey" if self.image_channels == 1 else "its colours made grey",
            "each": f"{channels} channels, each apart",
            "sum": f"{channels} channels, summed",
        }
        lines = [
            str(self.filter),
            f"image: {rows}x{columns}, {what[self.channels]}",
            f"size: {self.formula}",
            f"work: {self.work} multiply-accumulates",
        ]
        if self.slope is not None:
            slope = format_number(self.slope)
            lines.append(
                f"activation: leaky ReLU, slope {slope}" if self.slope else "activation: ReLU"
            )
        return "\n".join([*lines, *describe_map("feature map", self.map, self.names, width=width)])

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        rows, columns = self.size
        what = self.filter.name or f"a filter of {'x'.join(map(str, self.filter.shape))}"
        return f"FeatureMap({rows}x{columns} by {what}, {self.macs:,} multiply-accumulates)"


def convolve(
    image: ArrayLike | str,
    kernel: Filter | str | ArrayLike,
    *,
    stride: int | Pair = 1,
    pad: int | Pair | Sides | Literal["valid", "same", "end"] = "valid",
    padmode: Border = "zero",
    dilation: int | Pair = 1,
    channels: Channels = "auto",
) -> FeatureMap:
    """Return what a filter makes of an image, with the arithmetic of every value.

    It is cross-correlation, as everywhere in deep learning: the kernel is laid on the image
    as it is written. For the convolution of mathematics, which turns it first, give
    ``Filter.of(kernel, flip=True)``. Sizes follow https://arxiv.org/abs/1603.07285.

    Args:
        image: numbers of shape (rows, columns), or (rows, columns, channels), taken as they
            are; or a grid as text, "0100/0010".
        kernel: a filter's name, the text of its numbers, an array, or a `Filter`.
        stride: steps from one position to the next; a pair is (rows, columns).
        pad: rows and columns added on each side; `Sides` says top, bottom, left and right by
            themselves; "valid" adds none, "same" keeps the size, "end" adds what a stride lacks,
            the odd one at the bottom and the right.
        padmode: what stands there: "zero", or "edge", the border repeated.
        dilation: steps from one pixel under the kernel to the next.
        channels: "gray" convolves one grey image; "each" every channel apart; "sum" adds
            them up, as a network does. "auto" sums where the filter has a kernel a channel,
            keeps the colours where its weights sum to 1, and makes grey otherwise.

    Returns:
        The `FeatureMap`; its ``map`` is float64 of shape (rows, columns), with "each" of
        (rows, columns, channels).

    Raises:
        SettingError: a filter or a setting makes no sense, or they do not fit together.
        ImageError: the image is no array of numbers.

    >>> smile = "0000000/0100010/0000000/0001000/0100010/0011100/0000000"
    >>> found = convolve(smile, "0 0 1; 1 0 0; 0 1 1")
    >>> found.map[3].tolist(), found.formula, found.macs
    ([1.0, 4.0, 2.0, 1.0, 0.0], '(7 - 3)/1 + 1 = 5', 225)
    """
    values, found = read_image(image), Filter.of(kernel)
    channels = settle_channels(channels, found, values.shape[2])
    planes = split_planes(values, channels)
    if padmode not in ("zero", "edge"):
        raise SettingError(f"the padding mode is '{padmode}'; expected zero or edge")
    each = len(planes) if channels == "each" else 1
    try:
        layer = Conv(
            each,
            kernel=found.shape,
            stride=to_pair(stride, "the stride"),
            pad=to_padding(pad),
            dilation=to_pair(dilation, "the dilation"),
            groups=each,
            bias=found.bias != 0,
            padmode=padmode,
        )
    except NotationError as error:
        raise SettingError(error.message) from error
    window = make_window(layer, *planes.shape[1:])
    rows, columns = window.positions(*planes.shape[1:])
    kernels = np.array(found.kernels, dtype=np.float64)
    result = np.zeros((rows, columns, each))
    with np.errstate(over="ignore", invalid="ignore"):
        for place, plane in enumerate(planes):
            weights = kernels[place % len(kernels)]
            result[:, :, place % each] += slide(plane, weights, window, border=padmode)
        if found.divisor != 1:
            result /= found.divisor
        if found.bias:
            result += found.bias
    if channels != "each":
        result = result[:, :, 0]
    if planes.dtype.kind == "f" and not np.isfinite(result).all():
        raise SettingError(
            "the sums grow beyond the largest number there is, 1.8e308; scale the image down"
        )
    return FeatureMap(result, planes, found, layer, channels, values.shape[2])


def to_pair(value: int | Pair, what: str) -> Pair:
    """Return a number, or one for rows and one for columns, as a pair of whole numbers.

    >>> to_pair(2, "the stride"), to_pair((1, 2), "the stride")
    ((2, 2), (1, 2))
    """
    sides = value if isinstance(value, tuple) else (value, value)
    try:
        whole = [int(side) for side in sides]
    except (TypeError, ValueError) as error:
        raise SettingError(f"{what} is {value!r}; expected a whole number or a pair") from error
    if len(whole) != 2 or whole != list(sides) or not all(-1 < side <= LARGEST for side in whole):
        raise SettingError(
            f"{what} is {value!r}; expected a whole number such as 1, or (rows, columns), "
            f"at most {LARGEST:,}"
        )
    return whole[0], whole[1]


def to_padding(value: int | Pair | Sides | str) -> Pair | Sides | Literal["same", "end"]:
    """Return "valid", "same", "end", a number, a pair or four sides as the padding of a layer.

    >>> to_padding("valid"), to_padding("same"), to_padding(1), to_padding(Sides(0, 1, 0, 1))
    ((0, 0), 'same', (1, 1), Sides(top=0, bottom=1, left=0, right=1))
    """
    if isinstance(value, Sides):
        down = to_pair((value.top, value.bottom), "the padding above and below")
        return Sides(*down, *to_pair((value.left, value.right), "the padding left and right"))
    if value == "same":
        return "same"
    if value == "end":
        return "end"
    if value == "valid":
        return (0, 0)
    if isinstance(value, str):
        raise SettingError(f"the padding is '{value}'; expected valid, same, end or a whole number")
    return to_pair(value, "the padding")
