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

    @property
    def ends(self) -> tuple[float, float]:
        """The interval as a share has it, within 0 to 1; the mean twice where there is none.

        >>> Mean(0.5, -0.34, 1.34, 2).ends, Mean(0.9, 0.78, 1.02, 3).ends
        ((0.5, 0.5), (0.78, 1.0))
        """
        if self.n < FEWEST:
            return self.mean, self.mean
        return max(0.0, self.low), min(1.0, self.high)


def compute_mean(values: Sequence[float]) -> Mean:
    """Return the mean of repetitions with its 95 % t interval, mean ± t * s / sqrt(n).

    It says where the mean of very many repetitions plausibly lies, not where the next one does.
    One value has no interval. Source: Student, The probable error of a mean, Biometrika 6 (1908).

    Raises:
        SettingError: there is no value.

    >>> found = compute_mean([0.90, 0.92, 0.94])
    >>> f"{found.mean:.3f} {found.low:.3f} {found.high:.3f}"
    '0.920 0.870 0.970'
    """
    n = len(values)
    if n == 0:
        raise SettingError("no values to take the mean of; give at least one")
    mean = math.fsum(values) / n
    if n == 1:
        return Mean(mean, math.nan, math.nan, 1)
    from scipy import special

    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = float(special.stdtrit(n - 1, 0.975)) * math.sqrt(variance / n)
    return Mean(mean, mean - half, mean + half, n)
