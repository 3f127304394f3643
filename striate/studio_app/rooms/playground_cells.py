"""One value of the playground, told: what lies under the window, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from striate.model.json_value import JsonObject
from striate.teaching.convolution import FeatureMap, work_window
from striate.teaching.convolution.pooling import Pool


@dataclass(frozen=True, eq=False)
class Cell:
    """How a value comes about.

    Attributes:
        said: its place, and the single numbers.
        arrays: what lies under the window, by name.
    """

    said: JsonObject
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


def sum_cell(found: FeatureMap, unit: int, row: int, column: int) -> Cell:
    """Tell a value of a convolution: pixels, weights, sums of channels, divisor and bias."""
    worked = found.at(row, column)
    shown = worked.channels if worked.joined else worked.channels[unit : unit + 1]
    value = worked.value[unit] if isinstance(worked.value, tuple) else worked.value
    terms = [channel.terms for channel in shown]
    return Cell(
        {
            **_place(unit, row, column),
            "value": value,
            "names": [channel.name for channel in shown],
            "sums": [channel.sum for channel in shown],
            "sum": sum(channel.sum for channel in shown),
            "divisor": worked.divisor,
            "bias": worked.bias,
        },
        {
            **_numbers(terms, ("pixel", "weight"), np.float64),
            **_numbers(terms, ("row", "column"), np.int32),
            **_numbers(terms, ("padding",), np.uint8),
        },
    )


def relu_cell(given: float, slope: float, unit: int, row: int, column: int) -> Cell:
    """Tell a value of an activation."""
    value = given if given > 0 else slope * given + 0.0
    return Cell({**_place(unit, row, column), "given": given, "slope": slope, "value": value})


def pooled_cell(values: np.ndarray, layer: Pool, unit: int, row: int, column: int) -> Cell:
    """Tell a value of a pooled map: what lies under the window, and which of it counts."""
    worked = work_window(values, layer, row, column)
    terms = [worked.terms]
    return Cell(
        {
            **_place(unit, row, column),
            "value": worked.value,
            "mode": worked.kind,
            "count": worked.count,
            "sum": worked.sum,
        },
        {
            **_numbers(terms, ("value",), np.float64),
            **_numbers(terms, ("row", "column"), np.int32),
            **_numbers(terms, ("padding", "counted"), np.uint8),
        },
    )


def flat_cell(maps: np.ndarray, index: int) -> Cell:
    """Tell a number of what was flattened: from which map, row and column it is.

    >>> flat_cell(np.arange(12.0).reshape(2, 2, 3), 7).said["source"]
    [1, 0, 1]
    """
    source = [int(each) for each in np.unravel_index(index, maps.shape)]
    shape = [int(side) for side in maps.shape]
    return Cell(
        {
            **_place(0, 0, index),
            "value": float(maps[tuple(source)]),
            "source": list(source),
            "shape": list(shape),
        }
    )


def _place(unit: int, row: int, column: int) -> JsonObject:
    return {"unit": unit, "row": row, "column": column}


def _numbers(
    channels: Sequence[Any], names: Sequence[str], kind: type[np.generic]
) -> dict[str, np.ndarray]:
    """Lay one thing of every term into an array, (channels, rows, columns), by its name."""
    return {
        name: np.array(
            [[[getattr(term, name) for term in row] for row in rows] for rows in channels], kind
        )
        for name in names
    }
