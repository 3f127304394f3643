"""What one number of a layer is made of: the numbers that go in, each with its weight."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from striate.errors import SettingError
from striate.explanation.hooks import LayerCall

Place = tuple[int, int, int]  # unit, row, column; row and column are -1 for features


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


def check_position(call: LayerCall, unit: int, row: int, column: int) -> Place:
    """Make sure that a layer has such a number.

    Raises:
        SettingError: it has not; the message says what it has.
    """
    shape = tuple(call.output.shape[1:])
    wanted = (unit,) if len(shape) == 1 else (unit, row, column)
    if len(shape) == 1 and (row, column) != (-1, -1):
        raise SettingError(
            f"'{call.name}' gives {shape[0]} features, which have no row and column; leave them out"
        )
    if len(wanted) != len(shape) or not all(
        0 <= at < size for at, size in zip(wanted, shape, strict=True)
    ):
        told = "x".join(map(str, shape))
        asked = ", ".join(map(str, wanted))
        words = "unit" if len(shape) == 1 else "unit, row and column"
        raise SettingError(
            f"'{call.name}' gives {told} and has no {words} {asked}; they count from 0"
        )
    return unit, row, column


def to_float64(tensor: Tensor) -> np.ndarray:
    """Give the one image of a batch as float64."""
    return np.asarray(tensor[0].detach().double().cpu().numpy())


def parameter_to_float64(values: Tensor | None) -> np.ndarray | None:
    """Give weights or statistics as float64; None stays None."""
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


def read_window(
    values: np.ndarray, places: tuple[np.ndarray, np.ndarray], units: np.ndarray, *, edge: bool
) -> tuple[np.ndarray, ...]:
    """Read a window of each unit: (unit, row, column, value, padding), unit by unit."""
    rows, columns = (each.ravel() for each in np.meshgrid(*places, indexing="ij"))
    height, width = values.shape[1:]
    outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
    inner = values[:, rows.clip(0, height - 1), columns.clip(0, width - 1)][units]
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
    """Give the terms of a weighted sum."""
    result = math.fsum([*(value * weight).tolist(), bias])
    source = np.zeros(len(unit), int)
    return Terms(
        source, unit, row, column, value, weight, bias=bias, result=result, padding=padding
    )
