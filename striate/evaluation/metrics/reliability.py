"""Whether probabilities come true: reliability, with what a calibrated classifier would show.

Calibration error: the mean, over bins of answers, of how far the share of right answers lies from
the mean probability, weighted by the answers in the bin (Naeini et al. 2015,
https://doi.org/10.1609/aaai.v29i1.9602). It is never 0 of few images, however true the
probabilities: so beside it stands the range that answers drawn from these very probabilities have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from striate.terminal.units import format_percent

BINS = 15
DRAWS = 500
SHOWN = 10  # bins of the diagram


@dataclass(frozen=True)
class ReliabilityBin:
    """The answers of a range of probabilities.

    Attributes:
        low: of the range.
        high: of the range.
        n: answers in it.
        confidence: their mean probability; None of none.
        accuracy: the share of right ones; None of none.
        expected_low: of the share that a calibrated classifier would have, the lower end of 95 %.
        expected_high: the upper end.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None
    expected_low: float | None
    expected_high: float | None


@dataclass(frozen=True)
class Reliability:
    """How far probabilities come true.

    Attributes:
        n: answers.
        bins: how many bins the errors have.
        ece: calibration error, bins of equal width.
        ece_low: of the error that a calibrated classifier with these probabilities would have, the
            lower end of 95 %.
        ece_high: the upper end.
        ece_equal_mass: calibration error, bins of equally many answers.
        ece_equal_mass_low: as above.
        ece_equal_mass_high: as above.
        confidence: the mean probability of the answers.
        diagram: ten bins of equal width.
    """

    n: int
    bins: int
    ece: float
    ece_low: float
    ece_high: float
    ece_equal_mass: float
    ece_equal_mass_low: float
    ece_equal_mass_high: float
    confidence: float
    diagram: tuple[ReliabilityBin, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Reliability:
        """Return what `as_json` wrote."""
        diagram = tuple(ReliabilityBin(**each) for each in values["diagram"])
        return Reliability(**{**values, "diagram": diagram})

    def __str__(self) -> str:
        true = f"{_percent(self.ece_low)} to {format_percent(self.ece_high)}"
        mass = f"{_percent(self.ece_equal_mass_low)} to {format_percent(self.ece_equal_mass_high)}"
        return (
            f"calibration error {format_percent(self.ece)} in {self.bins} bins of equal width (a "
            f"calibrated classifier's is {true} here), {format_percent(self.ece_equal_mass)} in "
            f"{self.bins} of equally many answers ({mass})"
        )

    @property
    def comes_true(self) -> bool:
        """Whether the error is no larger than that of a calibrated classifier may be."""
        return self.ece <= self.ece_high and self.ece_equal_mass <= self.ece_equal_mass_high


def measure_reliability(
    probabilities: Sequence[float], correct: Sequence[bool], *, seed: int = 0
) -> Reliability:
    """Measure how far the probabilities of answers come true.

    Args:
        probabilities: of each answer, 0 to 1.
        correct: whether each is right.
        seed: of the draws that say what a calibrated classifier would show.

    >>> numbers = np.random.default_rng(0)
    >>> sure = numbers.uniform(0.5, 1, 2000)
    >>> true = measure_reliability(sure, numbers.random(2000) < sure)
    >>> too_sure = measure_reliability(sure, numbers.random(2000) < sure - 0.1)
    >>> true.comes_true, too_sure.comes_true, round(too_sure.ece, 1)
    (True, False, 0.1)
    """
    sure, right = np.asarray(probabilities, np.float64), np.asarray(correct, np.float64)
    n = len(sure)
    generator = np.random.Generator(np.random.Philox(key=[seed % 2**64, 12]))
    wide = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    mass = np.empty(n, np.int64)
    mass[np.argsort(sure, kind="stable")] = np.arange(n) * min(BINS, n) // max(n, 1)
    shown = np.minimum((sure * SHOWN).astype(np.int64), SHOWN - 1)
    drawn: list[tuple[float, float]] = []
    shares = np.full((DRAWS, SHOWN), np.nan)
    counts = np.bincount(shown, minlength=SHOWN)
    for draw in range(DRAWS):
        luck = (generator.random(n) < sure).astype(np.float64)
        drawn.append((_error(sure, luck, wide), _error(sure, luck, mass)))
        sums = np.bincount(shown, weights=luck, minlength=SHOWN)
        shares[draw] = np.divide(sums, counts, out=np.full(SHOWN, np.nan), where=counts > 0)
    ends = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    return Reliability(
        n=n,
        bins=BINS,
        ece=_error(sure, right, wide),
        ece_low=float(ends[0, 0]),
        ece_high=float(ends[1, 0]),
        ece_equal_mass=_error(sure, right, mass),
        ece_equal_mass_low=float(ends[0, 1]),
        ece_equal_mass_high=float(ends[1, 1]),
        confidence=float(sure.mean()),
        diagram=tuple(
            _bin(place, sure[shown == place], right[shown == place], shares[:, place])
            for place in range(SHOWN)
        ),
    )


def _percent(share: float) -> str:
    return format_percent(share).removesuffix(" %")


def _error(sure: np.ndarray, right: np.ndarray, place: np.ndarray) -> float:
    """Return the mean distance between probability and truth, bin by bin, by number of answers."""
    return float(np.abs(np.bincount(place, weights=sure - right)).sum() / len(sure))


def _bin(place: int, sure: np.ndarray, right: np.ndarray, shares: np.ndarray) -> ReliabilityBin:
    ends = place / SHOWN, (place + 1) / SHOWN
    if not len(sure):
        return ReliabilityBin(*ends, 0, None, None, None, None)
    low, high = np.quantile(shares, [0.025, 0.975]).tolist()
    return ReliabilityBin(*ends, len(sure), float(sure.mean()), float(right.mean()), low, high)
