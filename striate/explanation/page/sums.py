"""Sums written out: the patches, kernels and products of a convolution, and the softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from striate.explanation.unit_arithmetic import ArithmeticStep

SHOWN = 3  # channels whose patches and kernels are written out
WIDEST = 11  # of a kernel that is written out as a grid
ODDS = 6  # classes whose exponentials are written out


@dataclass(frozen=True, eq=False)
class Channel:
    """One channel of a sum: float64 (rows, columns) each, and what their products add up to."""

    unit: int
    padded: bool
    patch: np.ndarray = field(repr=False)
    kernel: np.ndarray = field(repr=False)
    product: np.ndarray = field(repr=False)
    sum: float


@dataclass(frozen=True, eq=False)
class Grids:
    """A sum over patches.

    Attributes:
        units: how many channels it goes over.
        size: how many values each has under the kernel.
        channels: those that add most, in their order.
        reach: the largest size in a patch, a kernel and a product.
        rest: what the other channels add.
    """

    units: int
    size: int
    channels: Sequence[Channel]
    reach: tuple[float, float, float]
    rest: float


def write_out_grids(step: ArithmeticStep) -> Grids | None:
    """Give the patches, kernels and products of a sum; None where it is over no grid."""
    terms = step.terms
    if terms.function or step.row < 0 or (terms.row < -(10**6)).any():
        return None
    rows, columns, units = (np.unique(each) for each in (terms.row, terms.column, terms.unit))
    size = len(rows) * len(columns)
    if not 1 < size <= WIDEST**2 or size * len(units) != len(terms.value):
        return None
    shape = (len(units), len(rows), len(columns))
    order = np.lexsort((terms.column, terms.row, terms.unit))
    patch, kernel, product = (
        each[order].reshape(shape) for each in (terms.value, terms.weight, terms.product)
    )
    padded = np.zeros(len(order), bool) if terms.padding is None else terms.padding
    padding = padded[order].reshape(shape)
    sums = product.sum((1, 2))
    shown = np.sort(np.argsort(-np.abs(sums), kind="stable")[:SHOWN])
    return Grids(
        units=len(units),
        size=size,
        channels=[
            Channel(
                unit=int(units[at]),
                padded=bool(padding[at].any()),
                patch=patch[at],
                kernel=kernel[at],
                product=product[at],
                sum=float(sums[at]),
            )
            for at in shown.tolist()
        ],
        reach=(float(abs(patch).max()), float(abs(kernel).max()), float(abs(product).max())),
        rest=float(np.delete(sums, shown).sum()),
    )


@dataclass(frozen=True)
class Softmax:
    """How logits become probabilities.

    Attributes:
        rows: (class, logit, e to the logit less the largest) of the most probable classes.
        total: the sum over all classes.
        more: how many other classes there are.
        rest: their sum.
    """

    rows: Sequence[tuple[str, float, float]]
    total: float
    more: int
    rest: float


def softmax(logits: np.ndarray, classes: Sequence[str], temperature: float) -> Softmax:
    """Work out the softmax of logits, float64 (classes,), divided by a temperature first.

    >>> softmax(np.array([0.0, np.log(4)]), ["a", "b"], 1.0).rows[1]
    ('a', 0.0, 0.25)
    """
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max())
    order = np.argsort(-scaled, kind="stable")[:ODDS]
    total = float(powers.sum())
    return Softmax(
        rows=[(classes[at], float(logits[at]), float(powers[at])) for at in order.tolist()],
        total=total,
        more=len(scaled) - len(order),
        rest=total - float(powers[order].sum()),
    )
