"""How sure a difference is that was seen on the same images: interval, test, images needed.

Of two classifiers on n images, those on which both are right or both are wrong say nothing about
which is better. Everything below follows from the others: on `only_first` the first alone was
right, on `only_second` the second alone. A difference is always the second's accuracy minus the
first's, (only_second - only_first) / n.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

from striate.errors import SettingError

Z = NormalDist().inv_cdf(0.975)
POWER = NormalDist().inv_cdf(0.8)
STEPS = 60  # halvings of an interval no longer than 2: far below the last digit of a float


def difference(only_first: int, only_second: int, n: int) -> tuple[float, float]:
    """Give the 95 % interval of a difference of accuracies seen on the same images.

    It is Tango's score interval, for paired shares what Wilson's is for one: all differences that
    a score test at 5 % does not refuse. It leaves 0 out exactly where McNemar's test without
    continuity correction refuses equality, has a length where the two never differ, and stays
    inside -1 to 1. Source: T. Tango, Equivalence test and confidence interval for the difference
    in proportions for the paired-sample design, Statistics in Medicine 17 (1998) 891-908,
    https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B

    Args:
        only_first: images that only the first told right.
        only_second: images that only the second told right.
        n: all images.

    Raises:
        SettingError: n is below 1, or the two counts do not fit into it.

    >>> low, high = difference(7, 1, 21)  # Bentur's patients, as Fagerland and others have them
    >>> f"{low:.3f} {high:.3f}"
    '-0.517 -0.026'
    """
    _check(only_first, only_second, n)
    seen = (only_second - only_first) / n

    def beyond(shift: float) -> float:
        return _score(only_first, only_second, n, shift=shift)

    low = -1.0 if only_first == n else _crossing(-1.0, seen, lambda shift: beyond(shift) > Z)
    high = 1.0 if only_second == n else _crossing(seen, 1.0, lambda shift: beyond(shift) > -Z)
    return low, high


def _score(only_first: int, only_second: int, n: int, *, shift: float) -> float:
    """Give Tango's statistic, which falls as the difference asked about rises."""
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


def _crossing(low: float, high: float, before: Callable[[float], bool]) -> float:
    """Find where a condition that holds from the left on ends."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        if before(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def mcnemar(only_first: int, only_second: int) -> float:
    """Give the p of McNemar's exact test: how often chance alone parts two equals at least so far.

    Of the images that one alone told right, equals would share out heads or tails: twice the
    binomial probability of the smaller share or less, at most 1. Source: Q. McNemar, Note on the
    sampling error of the difference between correlated proportions, Psychometrika 12 (1947).

    Args:
        only_first: images that only the first told right.
        only_second: images that only the second told right.

    Raises:
        SettingError: a count is negative.

    >>> mcnemar(1, 7), mcnemar(4, 4)
    (0.0703125, 1.0)
    """
    from scipy import special  # its stats, which has the binomial test, loads 0.7 s longer

    few, all_told = min(only_first, only_second), only_first + only_second
    _check(only_first, only_second, max(all_told, 1))
    if 2 * few == all_told:
        return 1.0
    return min(1.0, 2 * float(special.bdtr(few, all_told, 0.5)))


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Give p values as they count when several questions are asked at once.

    Holm's: the smallest times their number, the next times one less, and so on, none below an
    earlier one. Source: S. Holm, A simple sequentially rejective multiple test procedure,
    Scandinavian Journal of Statistics 6 (1979).

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    found = [0.0] * len(values)
    least = 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, (len(values) - rank) * values[place]))
        found[place] = least
    return tuple(found)


def images_needed(only_first: int, only_second: int, n: int) -> int | None:
    """Say how many images would tell a difference of the size seen, four times in five.

    Two-sided at 5 %, if the shares seen are the true ones; None where there is no difference.
    Source: R. J. Connor, Sample size for testing differences in proportions for the paired-sample
    design, Biometrics 43 (1987).

    Args:
        only_first: images that only the first told right.
        only_second: images that only the second told right.
        n: all images.

    Raises:
        SettingError: n is below 1, or the two counts do not fit into it.

    >>> images_needed(10, 16, 355)
    2011
    """
    _check(only_first, only_second, n)
    if only_first == only_second:
        return None
    apart, shift = (only_first + only_second) / n, (only_second - only_first) / n
    root = Z * math.sqrt(apart) + POWER * math.sqrt(apart - shift * shift)
    return math.ceil((root / shift) ** 2)


def _check(only_first: int, only_second: int, n: int) -> None:
    if n < 1 or only_first < 0 or only_second < 0 or only_first + only_second > n:
        raise SettingError(
            f"{only_first} images only the first told right and {only_second} only the second, "
            f"of {n}; expected counts from 0 that are at most {max(n, 1)} together, of at least "
            "one image"
        )
