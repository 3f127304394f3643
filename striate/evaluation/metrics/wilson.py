"""Wilson's interval: how sure a share of a whole is."""

from __future__ import annotations

import math
from statistics import NormalDist

from striate.errors import SettingError


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share: where the true one plausibly lies.

    Unlike accuracy ± 1.96 standard errors it stays inside 0 to 1 and stays honest for small
    n and near 0 and 1. Source: E. B. Wilson, Probable inference, the law of succession, and
    statistical inference, JASA 22 (1927), formula without continuity correction.

    Raises:
        SettingError: n is below 1, or successes is not between 0 and n.

    >>> low, high = wilson_interval(354, 360)
    >>> f"{low:.3f} {high:.3f}"
    '0.964 0.992'
    """
    if n < 1 or not 0 <= successes <= n:
        raise SettingError(
            f"{successes} successes of {n} have no interval; "
            "at least one image is needed, and 0 to n successes"
        )
    z = NormalDist().inv_cdf(0.975)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high
