"""McNemar's exact test, and Holm's correction where there are several."""

from __future__ import annotations

from collections.abc import Sequence

from striate.evaluation.comparison.paired_counts import check_counts


def mcnemar_test(only_first: int, only_second: int) -> float:
    """Return the p of McNemar's exact test: how often chance parts two equals at least so far.

    Of the images that one alone classified correctly, equals would share out heads or tails:
    twice the binomial probability of the smaller share or less, at most 1. Source: Q. McNemar,
    Note on the sampling error of the difference between correlated proportions, Psychometrika 12
    (1947).

    Args:
        only_first: images that only the first classified correctly.
        only_second: images that only the second classified correctly.

    Raises:
        SettingError: a count is negative.

    >>> mcnemar_test(1, 7), mcnemar_test(4, 4)
    (0.0703125, 1.0)
    """
    from scipy import special  # its stats, which has the binomial test, loads 0.7 s longer

    few, all_told = min(only_first, only_second), only_first + only_second
    check_counts(only_first, only_second, max(all_told, 1))
    if 2 * few == all_told:
        return 1.0
    return min(1.0, 2 * float(special.bdtr(few, all_told, 0.5)))


def adjust_holm(values: Sequence[float]) -> tuple[float, ...]:
    """Return p values as they count when several questions are asked at once.

    Holm's: the smallest times their number, the next times one less, and so on, none below an
    earlier one. Source: S. Holm, A simple sequentially rejective multiple test procedure,
    Scandinavian Journal of Statistics 6 (1979).

    >>> adjust_holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    found = [0.0] * len(values)
    least = 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, (len(values) - rank) * values[place]))
        found[place] = least
    return tuple(found)
