"""What a unit sees: the patch of the image that it can depend on, and where it really looks.

The theoretical receptive field follows from windows, strides and padding. For a network of the
notation it is arithmetic; of any module it is found by letting "not a number"
into the image: whatever it reaches depends on it, whichever weights there are.

The effective one is the size of the gradient of the unit, which is far more concentrated (Luo and
others 2016, Understanding the effective receptive field, https://arxiv.org/abs/1701.04128).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from striate.architecture.layer_table import summary
from striate.architecture.layer_table.row import Row
from striate.backends.torch.network import Net
from striate.errors import SettingError
from striate.explanation.activation_terms import check_position
from striate.explanation.hooks import (
    device_of,
    find_layer,
    forward_hooks,
    frozen,
    gradients_of,
    record,
)
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.model.classifier_like import ClassifierLike, open_classifier

if TYPE_CHECKING:
    from striate.model.image_input import ImageInput

MOST = 0.95  # of the gradient that the effective rectangle holds


@dataclass(frozen=True)
class Rectangle:
    """A rectangle of the network's input, in its pixels.

    Attributes:
        top: the first row; below 0 where it begins in the padding.
        left: the first column.
        bottom: the row behind the last one.
        right: the column behind the last one.
    """

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Of how many rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Of how many columns."""
        return self.right - self.left

    def clip(self, rows: int, columns: int) -> Rectangle:
        """Return the part that lies on the image; of no size where nothing does.

        >>> Rectangle(-2, 3, 5, 12).clip(8, 8)
        Rectangle(top=0, left=3, bottom=5, right=8)
        """
        top, left = min(max(0, self.top), rows), min(max(0, self.left), columns)
        bottom, right = max(top, min(rows, self.bottom)), max(left, min(columns, self.right))
        return Rectangle(top, left, bottom, right)

    def __str__(self) -> str:
        return (
            f"rows {self.top} to {self.bottom - 1}, columns {self.left} to {self.right - 1} "
            f"({self.height} x {self.width})"
        )


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """What one unit sees of an image.

    Attributes:
        layer: of the layer.
        unit: the channel or feature.
        row: -1 for features.
        column: likewise.
        activation: what the unit answers.
        theoretical: what it can depend on.
        effective: where its gradient is: the rectangle of which all but 2.5 % of the gradient lie
            at either end of the rows, and of the columns; None where the gradient is 0 everywhere.
        gradient: float32 (height, width), the size of the gradient of the unit with respect to
            each pixel, summed over the channels.
        image: the image.
    """

    layer: str
    unit: int
    row: int
    column: int
    activation: float
    theoretical: Rectangle
    effective: Rectangle | None
    gradient: np.ndarray = field(repr=False)
    image: PreprocessedImage = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, without the gradient."""
        return {
            "layer": self.layer,
            "unit": self.unit,
            "row": None if self.row < 0 else self.row,
            "column": None if self.column < 0 else self.column,
            "activation": self.activation,
            "theoretical": list(vars(self.theoretical).values()),
            "effective": None if self.effective is None else list(vars(self.effective).values()),
        }

    def __str__(self) -> str:
        where = "" if self.row < 0 else f" at row {self.row}, column {self.column}"
        looks = "nothing moves it" if self.effective is None else f"looks at {self.effective}"
        return f"{self.layer} unit {self.unit}{where}: can see {self.theoretical}; {looks}"


def receptive_field(
    model: ClassifierLike,
    image: ImageInput | PreprocessedImage,
    layer: str,
    *,
    unit: int,
    row: int = -1,
    column: int = -1,
) -> ReceptiveField:
    """Return what a unit can see of an image, and where its gradient is: both receptive fields.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        image: whatever `Classifier.predict` takes.
        layer: its address.
        unit: the channel or feature, from 0.
        row: of the map, from 0; -1 for features.
        column: likewise.

    Raises:
        ClassifierError: the classifier cannot be opened.
        ImageError: the image cannot be read.
        SettingError: there is no such layer or unit.
        NotationError: there is no such layer in a network of the notation.

    >>> from striate.backends.torch import build
    >>> from striate.model.classifier import Classifier
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 3 > maxpool 2 > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> print(receptive_field(model, np.eye(8), "maxpool1", unit=0, row=0, column=1).theoretical)
    rows -1 to 2, columns 1 to 4 (4 x 4)
    """
    model = open_classifier(model)
    image = PreprocessedImage.read(model, image)
    module = model.module
    number = layer.partition("#")[2]
    address = find_layer(module, layer) + (f"#{number}" if number else "")
    passed = record(module, image.tensor, [address], gradients=True)
    call = passed[address]
    check_position(call, unit, row, column)
    output = call.output
    one = output[:, unit] if output.ndim == 2 else output[:, unit, row, column]
    (slope,) = gradients_of(one, [passed.input])
    size = slope[0].abs().sum(0).float().cpu().numpy()
    seen = theoretical_field(module, image.tensor, call.name, unit=unit, row=row, column=column)
    return ReceptiveField(
        layer=call.name,
        unit=unit,
        row=row,
        column=column,
        activation=float(one.detach()),
        theoretical=seen,
        effective=effective_field(size),
        gradient=np.asarray(size, np.float32),
        image=image,
    )


def theoretical_field(
    module: nn.Module,
    values: Tensor,
    layer: str,
    *,
    unit: int = 0,
    row: int = -1,
    column: int = -1,
) -> Rectangle:
    """Return the rectangle that a unit can depend on.

    Of a network of the notation it is what its summary says, which may reach into the
    padding. Of any other module, and behind a cat of branches that see differently, it is found
    by `field_by_nan` and ends with the image.

    Args:
        module: the network.
        values: float (1, channels, height, width), an image.
        layer: of a layer, with the number of its call where it has several.
        unit: the channel or feature; matters behind a cat of branches that see differently.
        row: of the unit; -1 for features.
        column: likewise.

    >>> from striate.backends.torch import build
    >>> from striate.model.classifier import Classifier
    >>> network = build("input 1x8x8 classes=2 > conv 3 > conv 3 > gap > flatten > fc")
    >>> theoretical_field(network, torch.zeros(1, 1, 8, 8), "conv2", row=4, column=4)
    Rectangle(top=2, left=2, bottom=7, right=7)
    """
    size = (int(values.shape[2]), int(values.shape[3]))
    line = None
    if isinstance(module, Net) and "#" not in layer:
        every = summary(module.plan).layers
        line = next((each for each in every if each.name == layer), None)
    most = None if line is None else field_of_row(line, row, column, size=size)
    if line is not None and line.gated:
        return Rectangle(0, 0, *size)
    if line is not None and most is not None and line.kind != "cat":
        return most
    found = field_by_nan(module, values, layer, unit=unit, row=row, column=column)
    return most if most is not None and found == most.clip(*size) else found


def field_by_nan(
    module: nn.Module,
    values: Tensor,
    layer: str,
    *,
    unit: int = 0,
    row: int = -1,
    column: int = -1,
) -> Rectangle:
    """Return the rectangle that a unit depends on in any module, by letting "not a number" in.

    Not-a-number times any weight is not a number, and no sum, maximum or function of it is a
    number again. So a unit becomes one exactly where a pixel of it can matter. Each side is found
    by halving: 32 passes for 224 pixels.

    Args:
        module: the network.
        values: float (1, channels, height, width), an image.
        layer: of a layer.
        unit: the channel or feature.
        row: of the unit; -1 for features.
        column: likewise.

    Returns:
        The rectangle, on the image; of no size where no pixel matters.

    >>> from striate.backends.torch import build
    >>> from striate.model.classifier import Classifier
    >>> network = build("input 1x8x8 classes=2 > conv 3 > conv 3 > gap > flatten > fc")
    >>> field_by_nan(network, torch.zeros(1, 1, 8, 8), "conv2", row=0, column=4)
    Rectangle(top=0, left=2, bottom=3, right=7)
    """
    given = values.detach().to(device_of(module))
    rows, columns = given.shape[2:]
    name, turn = layer.partition("#")[0], int(layer.partition("#")[2] or 1)

    def reaches(down: slice, across: slice) -> bool:
        values = given.clone()
        # a gradient would miss what a ReLU holds back at the moment
        values[:, :, down, across] = math.nan
        heard: list[Tensor] = []

        def hear(address: str, given: Any, output: Tensor) -> None:
            heard.append(output.clone())

        with frozen(module), torch.no_grad(), forward_hooks(module, [name], hear):
            module(values)
        output = heard[turn - 1]
        number = output[0, unit] if output.ndim == 2 else output[0, unit, row, column]
        return bool(torch.isnan(number))

    def first(size: int, mask: Callable[[int], tuple[slice, slice]]) -> int:
        """Return the smallest length whose mask reaches the unit; size + 1 where none does."""
        return bisect_left(range(size + 1), True, key=lambda n: n > 0 and reaches(*mask(n)))

    whole = slice(None)
    top = first(rows, lambda n: (slice(0, n), whole)) - 1
    if top == rows:
        return Rectangle(0, 0, 0, 0)
    bottom = rows - first(rows, lambda n: (slice(rows - n, rows), whole)) + 1
    left = first(columns, lambda n: (whole, slice(0, n))) - 1
    right = columns - first(columns, lambda n: (whole, slice(columns - n, columns))) + 1
    return Rectangle(top, left, bottom, right)


def effective_field(gradient: np.ndarray, share: float = MOST) -> Rectangle | None:
    """Return the rectangle that holds most of a gradient: the same share is cut off at every side.

    Args:
        gradient: (height, width), 0 or above.
        share: the share of the rows' sums, and of the columns', that it holds, above 0 and below 1.

    Raises:
        SettingError: the share makes no sense.

    >>> spot = np.zeros((8, 8))
    >>> spot[2:4, 5] = 1
    >>> effective_field(spot)
    Rectangle(top=2, left=5, bottom=4, right=6)
    """
    if not 0 < share < 1:
        raise SettingError(f"a share of {share:g}; expected above 0 and below 1")
    total = float(gradient.sum(dtype=np.float64))
    if not total:
        return None
    ends = []
    for axis in (1, 0):
        sums = gradient.sum(axis, dtype=np.float64)
        grown = np.cumsum(sums) / total
        cut = (1 - share) / 2
        ends.append((int(np.argmax(grown > cut)), int(np.argmax(grown >= 1 - cut - 1e-12)) + 1))
    return Rectangle(ends[0][0], ends[1][0], ends[0][1], ends[1][1])


def field_of_row(summary_row: Row, row: int, column: int, *, size: tuple[int, int]) -> Rectangle:
    """Return the rectangle that a unit of a row of `summary` sees; all of it for features."""
    if summary_row.stride is None or summary_row.start is None or row < 0:
        return Rectangle(0, 0, *size)
    (height, width), (down, across), (top, left) = map(
        _both, (summary_row.receptive_field, summary_row.stride, summary_row.start)
    )
    first, begin = top + row * down, left + column * across
    return Rectangle(first, begin, first + height, begin + width)


def _both(side: int | tuple[int, int]) -> tuple[int, int]:
    return (side, side) if isinstance(side, int) else side
