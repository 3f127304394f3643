"""What one number of a layer is made of: the numbers that go in, each with its weight.

Every word but a few is a weighted sum in evaluation mode: of a window (conv, avgpool, sumpool), of
all features (fc), of one number (bn, dropout, flatten), of the winner alone (maxpool) or of several
branches (add, cat). What remains is a function of one number (relu and its kin), or of several
(softmax, lrn).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from striate.errors import SettingError

if TYPE_CHECKING:
    from torch import Tensor

Place = tuple[int, int, int]  # unit, row, column; row and column are -1 for features


class AtWork(Protocol):
    """A torch module at work, once, on one image."""

    @property
    def name(self) -> str:
        """Its name, for messages."""

    @property
    def module(self) -> Any:
        """The layer."""

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What went in: (1, channels, rows, columns) or (1, features)."""

    @property
    def output(self) -> Tensor:
        """What came out."""


@dataclass(frozen=True, eq=False)
class Terms:
    """What goes into one number.

    Attributes:
        source: int (k,), which of the layer's inputs a term is of; 0 but for add and cat.
        unit: int (k,), its channel or feature.
        row: int (k,), -1 for features; outside of the map where it is padding.
        column: int (k,), likewise.
        value: float64 (k,), the number that goes in.
        weight: float64 (k,), what it is multiplied by.
        bias: what is added to the sum of the products.
        function: what the sum then goes through, in words; "" where it is the result.
        result: float64, the number that comes out.
        facts: numbers that the words need: mean and variance of bn, the sum of a softmax, ...
    """

    source: np.ndarray
    unit: np.ndarray
    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    weight: np.ndarray
    bias: float = 0.0
    function: str = ""
    result: float = 0.0
    facts: dict[str, float] = field(default_factory=dict)
    padding: np.ndarray | None = None

    @property
    def product(self) -> np.ndarray:
        """Each value times its weight: float64 (k,)."""
        return np.asarray(self.value * self.weight)

    @property
    def sum(self) -> float:
        """The products and the bias, added up exactly rounded."""
        return math.fsum([*self.product.tolist(), self.bias])


def to_float64(tensor: Tensor) -> np.ndarray:
    """Return the one image of a batch as float64."""
    return np.asarray(tensor[0].detach().double().cpu().numpy())


def parameter_to_float64(values: Tensor | None) -> np.ndarray | None:
    """Return weights or statistics as float64; None stays None."""
    return None if values is None else np.asarray(values.detach().double().cpu().numpy())


def single_term(
    place: Place,
    value: float,
    weight: float = 1.0,
    *,
    result: float,
    source: int = 0,
    function: str = "",
    facts: dict[str, float] | None = None,
) -> Terms:
    """Return the terms of a number that is made of one other."""
    unit, row, column = place
    return Terms(
        source=np.array([source]),
        unit=np.array([unit]),
        row=np.array([row]),
        column=np.array([column]),
        value=np.array([value]),
        weight=np.array([weight]),
        function=function,
        result=result,
        facts=facts or {},
    )


def value_at(values: np.ndarray, place: Place) -> float:
    """Read one number of maps or of features."""
    return float(values[place[0]] if values.ndim == 1 else values[place])


def number_at(tensor: Tensor, place: Place) -> float:
    """Read one number of the one image of a batch; only that is converted."""
    own = tensor[0].detach()
    return float(own[place[0]] if own.ndim == 1 else own[place])


def read_window(
    tensor: Tensor, places: tuple[np.ndarray, np.ndarray], units: np.ndarray, *, edge: bool
) -> tuple[np.ndarray, ...]:
    """Read a window of each unit: (unit, row, column, value, padding), unit by unit."""
    rows, columns = (each.ravel() for each in np.meshgrid(*places, indexing="ij"))
    own = tensor[0].detach()
    height, width = own.shape[1:]
    outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
    within = rows.clip(0, height - 1), columns.clip(0, width - 1)
    inner = np.asarray(own[units[:, None], within[0][None], within[1][None]].double().cpu().numpy())
    if not edge:
        inner = np.where(outside, 0.0, inner)
    count = len(units)
    return (
        np.repeat(units, len(rows)),
        np.tile(rows, count),
        np.tile(columns, count),
        inner.ravel(),
        np.tile(outside, count),
    )


def weighted_sum(
    unit: np.ndarray,
    row: np.ndarray,
    column: np.ndarray,
    value: np.ndarray,
    weight: np.ndarray,
    bias: float = 0.0,
    padding: np.ndarray | None = None,
) -> Terms:
    """Return the terms of a weighted sum."""
    result = math.fsum([*(value * weight).tolist(), bias])
    source = np.zeros(len(unit), int)
    return Terms(
        source, unit, row, column, value, weight, bias=bias, result=result, padding=padding
    )


WorkedSum = Callable[[AtWork, Place], Terms]


def as_it_is(call: AtWork, place: Place) -> Terms:
    """Return the one term of a number that goes through unchanged."""
    value = number_at(call.inputs[0], place)
    return single_term(place, value, result=value)


def function_of_one(name: str, function: Callable[[Any, float, int], float]) -> WorkedSum:
    """Return the worked sum of a function of one number.

    Args:
        name: of the function, for people.
        function: takes the module, the number and its channel.
    """

    def worked(call: AtWork, place: Place) -> Terms:
        value = number_at(call.inputs[0], place)
        result = function(call.module, value, place[0])
        return single_term(place, value, function=name, result=result)

    return worked


def read_pool(call: AtWork, place: Place) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the window of a pool without its padding: (rows, columns, values)."""
    unit, *position = place
    values = to_float64(call.inputs[0][:, unit])
    from striate.architecture.aspects.torch_modules import pads_before

    layer, padding = call.module, pads_before(call.module)
    kernel, stride, dilation = (
        sides_of(x) for x in (layer.kernel_size, layer.stride, getattr(layer, "dilation", 1))
    )
    rows, columns = (
        at * stride[axis] - padding[axis] + np.arange(kernel[axis]) * dilation[axis]
        for axis, at in enumerate(position)
    )
    rows = rows[(rows >= 0) & (rows < values.shape[0])]
    columns = columns[(columns >= 0) & (columns < values.shape[1])]
    down, across = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
    return down, across, values[down, across]


def sides_of(value: Any) -> tuple[int, int]:
    """Return a size as torch has it, one number or two, as rows and columns."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def convolved(call: AtWork, place: Place) -> Terms:
    """Return the worked sum of a Conv2d: every number under the kernel, times its weight."""
    from striate.architecture.aspects.torch_modules import PaddedConv2d, kernels_of, pads_before

    unit, *position = place
    layer = call.module
    if layer.padding_mode not in ("zeros", "replicate"):
        raise SettingError(
            f"'{call.name}' pads by '{layer.padding_mode}', which is not known here; expected "
            "zeros or replicate"
        )
    padding = pads_before(layer)
    weight = to_float64(kernels_of(layer)[unit][None])
    rows, columns = (
        at * layer.stride[n] - padding[n] + np.arange(layer.kernel_size[n]) * layer.dilation[n]
        for n, at in enumerate(position)
    )
    per = weight.shape[0]
    first = unit // (layer.out_channels // layer.groups) * per
    units = np.arange(first, first + per)
    edge = "replicate" in (layer.padding_mode, isinstance(layer, PaddedConv2d) and layer.border)
    which, down, across, seen, outside = read_window(
        call.inputs[0], (rows, columns), units, edge=edge
    )
    bias = 0.0 if layer.bias is None else float(layer.bias[unit].detach().double())
    return weighted_sum(which, down, across, seen, weight.ravel(), bias, outside)
