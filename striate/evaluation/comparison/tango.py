"""Tango's score interval: how large a difference of accuracies on the same images plausibly is."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from striate.evaluation.comparison.paired_counts import check_counts

Z = NormalDist().inv_cdf(0.975)
STEPS = 60  # halvings of an interval no longer than 2: far below the last digit of a float


def tango_interval(only_first: int, only_second: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a difference of accuracies seen on the same images.

    It is Tango's score interval, for paired shares what Wilson's is for one: all differences that
    a score test at 5 % does not refuse. It leaves 0 out exactly where McNemar's test without
    continuity correction refuses equality, has a length where the two never differ, and stays
    inside -1 to 1. Source: T. Tango, Equivalence test and confidence interval for the difference
    in proportions for the paired-sample design, Statistics in Medicine 17 (1998) 891-908,
    https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B

    Args:
        only_first: images that only the first classified correctly.
        only_second: images that only the second classified correctly.
        n: all images.

    Raises:
        SettingError: n is below 1, or the two counts do not fit into it.

    >>> low, high = tango_interval(7, 1, 21)  # Bentur's patients, as Fagerland and others have them
    >>> f"{low:.3f} {high:.3f}"
    '-0.517 -0.026'
    """
    check_counts(only_first, only_second, n)
    seen = (only_second - only_first) / n

    def beyond(shift: float) -> float:
        return _compute_score(only_first, only_second, n, shift=shift)

    low = -1.0 if only_first == n else _find_crossing(-1.0, seen, lambda shift: beyond(shift) > Z)
    high = 1.0 if only_second == n else _find_crossing(seen, 1.0, lambda shift: beyond(shift) > -Z)
    return low, high


def _compute_score(only_first: int, only_second: int, n: int, *, shift: float) -> float:
    """Compute Tango's statistic, which falls as the difference asked about rises."""
    a = 2.0 * n
    b = (2 * n + only_first - only_second) * shift - only_first - only_second
    c = -only_first * shift * (1 - shift)
    # the likeliest share of "only the first" if the true difference were `shift`
    share = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = n * (2 * share + shift * (1 - shift))
    distance = only_second - only_first - n * shift
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _find_crossing(low: float, high: float, before: Callable[[float], bool]) -> float:
    """Return where a condition that holds from the left on ends."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        if before(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
