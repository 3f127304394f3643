"""How many images would show a difference of accuracies."""

from __future__ import annotations

import math
from statistics import NormalDist

from striate.evaluation.comparison.paired_counts import check_counts

Z = NormalDist().inv_cdf(0.975)
POWER = NormalDist().inv_cdf(0.8)


def estimate_images_needed(only_first: int, only_second: int, n: int) -> int | None:
    """Return how many images would show a difference of the size seen, four times in five.

    Two-sided at 5 %, if the shares seen are the true ones; None where there is no difference.
    Source: R. J. Connor, Sample size for testing differences in proportions for the paired-sample
    design, Biometrics 43 (1987).

    Args:
        only_first: images that only the first classified correctly.
        only_second: images that only the second classified correctly.
        n: all images.

    Raises:
        SettingError: n is below 1, or the two counts do not fit into it.

    >>> estimate_images_needed(10, 16, 355)
    2011
    """
    check_counts(only_first, only_second, n)
    if only_first == only_second:
        return None
    apart, shift = (only_first + only_second) / n, (only_second - only_first) / n
    root = Z * math.sqrt(apart) + POWER * math.sqrt(apart - shift * shift)
    return math.ceil((root / shift) ** 2)
