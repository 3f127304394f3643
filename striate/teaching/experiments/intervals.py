"""The mean of a few repetitions and how sure it is: Student's t interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from striate.errors import SettingError

FEWEST = 3
"""Repetitions from which an interval is told: t of two is 12.7, so that it leaves nothing out."""


@dataclass(frozen=True)
class Mean:
    """A mean with its 95 % interval.

    Attributes:
        mean: of the values.
        low: the interval's lower end; nan where there is one value only.
        high: its upper end.
        n: how many values there are.
    """

    mean: float
    low: float
    high: float
    n: int


def mean_of(values: Sequence[float]) -> Mean:
    """Give the mean of repetitions with its 95 % t interval, mean ± t * s / sqrt(n).

    It says where the mean of very many repetitions plausibly lies, not where the next one does.
    One value has no interval. Source: Student, The probable error of a mean, Biometrika 6 (1908).

    Raises:
        SettingError: there is no value.

    >>> found = mean_of([0.90, 0.92, 0.94])
    >>> f"{found.mean:.3f} {found.low:.3f} {found.high:.3f}"
    '0.920 0.870 0.970'
    """
    n = len(values)
    if n == 0:
        raise SettingError("no values to take the mean of; give at least one")
    mean = math.fsum(values) / n
    if n == 1:
        return Mean(mean, math.nan, math.nan, 1)
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = t_quantile(0.975, n - 1) * math.sqrt(variance / n)
    return Mean(mean, mean - half, mean + half, n)


def t_probability(t: float, freedom: int) -> float:
    """Give the probability that Student's t lies between -t and t, t not negative.

    Source: Abramowitz and Stegun, Handbook of mathematical functions, 26.7.3 and 26.7.4, finite
    sums for whole degrees of freedom.

    >>> round(t_probability(1.0, 1), 12)
    0.5
    """
    angle = math.atan(t / math.sqrt(freedom))
    cosine, odd = math.cos(angle), freedom % 2
    term = total = 0.0
    if freedom > 1:
        term = total = cosine if odd else 1.0
        for step in range(1 + odd, freedom - 2, 2):
            term *= cosine**2 * step / (step + 1)
            total += term
    total *= math.sin(angle)
    return (angle + total) * 2 / math.pi if odd else total


def t_quantile(probability: float, freedom: int) -> float:
    """Give the value that Student's t stays below with a probability from 0.5 on.

    >>> round(t_quantile(0.975, 4), 4)
    2.7764
    """
    if freedom < 1 or not 0.5 <= probability < 1:
        raise SettingError(
            f"probability {probability:g} with {freedom} degrees of freedom; expected 0.5 to "
            "below 1, and at least one degree"
        )
    low, high = 0.0, 1.0
    while t_probability(high, freedom) < 2 * probability - 1:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        if t_probability(middle, freedom) < 2 * probability - 1:
            low = middle
        else:
            high = middle
    return (low + high) / 2
