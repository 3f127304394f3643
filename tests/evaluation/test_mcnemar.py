"""The paired interval, the exact test and the images needed, against what is known of them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import multinomial, norm

from striate.errors import SettingError
from striate.evaluation.comparison import (
    adjust_holm,
    estimate_images_needed,
    mcnemar_test,
    tango_interval,
)
from striate.evaluation.metrics import wilson_interval

Counts = tuple[int, int, int]
COUNTS = st.integers(1, 400).flatmap(
    lambda n: st.integers(0, n).flatmap(lambda b: st.integers(0, n - b).map(lambda c: (b, c, n)))
)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # Bentur and others, in Fagerland, Lydersen, Laake, Statistics in Medicine 33 (2014)
        ((7, 1, 21), -0.517, -0.026),
        # 4, 9, 3 and 16 pairs: an example of Tango's, as the R package ratesci is tested with it
        ((3, 9, 32), -0.027, 0.390),
    ],
)
def test_the_interval_is_the_published_one(counts: Counts, low: float, high: float) -> None:
    assert tango_interval(*counts) == pytest.approx((low, high), abs=5e-4)


def searched(only_first: int, only_second: int, n: int, *, sign: float) -> float:
    """Find an end of the interval by maximising the likelihood numerically, without Tango's root.

    Under a true difference d the second alone is right with a share q + d, the first alone with q.
    """
    seen = (only_second - only_first) / n

    def score(d: float) -> float:
        def against(q: float) -> float:
            shares = (q, q + d, 1 - 2 * q - d)
            parts = (only_first, only_second, n - only_first - only_second)
            return -sum(k * math.log(p) for k, p in zip(parts, shares, strict=True) if k)

        bounds = (max(0.0, -d) + 1e-13, (1 - d) / 2 - 1e-13)
        q = minimize_scalar(against, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        distance = only_second - only_first - n * d
        return float(distance / math.sqrt(n * (2 * q + d - d * d)) - sign * norm.ppf(0.975))

    low, high = (-0.9999, seen) if sign > 0 else (seen, 0.9999)
    return float(brentq(score, low, high, xtol=1e-10))


@pytest.mark.parametrize("counts", [(8, 16, 86), (5, 1, 200), (97, 79, 355), (1, 4, 12)])
def test_the_interval_is_that_of_a_numerical_search(counts: Counts) -> None:
    ends = searched(*counts, sign=1), searched(*counts, sign=-1)
    assert tango_interval(*counts) == pytest.approx(ends, abs=1e-6)


@given(COUNTS)
def test_the_interval_holds_what_was_seen_and_stays_inside(counts: Counts) -> None:
    only_first, only_second, n = counts
    low, high = tango_interval(*counts)
    assert -1 <= low < high <= 1
    assert low <= (only_second - only_first) / n <= high


@given(COUNTS)
def test_the_interval_turns_with_the_order(counts: Counts) -> None:
    only_first, only_second, n = counts
    low, high = tango_interval(*counts)
    assert tango_interval(only_second, only_first, n) == pytest.approx((-high, -low), abs=1e-9)


@given(COUNTS)
def test_zero_is_left_out_exactly_where_mcnemars_uncorrected_test_refuses(counts: Counts) -> None:
    only_first, only_second, _ = counts
    low, high = tango_interval(*counts)
    apart = only_first + only_second
    statistic = (only_first - only_second) ** 2 / apart if apart else 0.0
    assert (low > 0 or high < 0) == (statistic > norm.ppf(0.975) ** 2)


def test_the_exact_test_never_refuses_what_the_interval_holds() -> None:
    for apart in range(1, 150):
        for few in range(apart // 2 + 1):
            low, _ = tango_interval(few, apart - few, apart + 50)
            if mcnemar_test(few, apart - few) < 0.05:
                assert low > 0


def test_the_interval_at_the_ends() -> None:
    z2 = norm.ppf(0.975) ** 2
    for n in (1, 20, 355):
        # who never differ: a length all the same, n / (n + z^2) away from certainty
        assert tango_interval(0, 0, n) == pytest.approx((-z2 / (n + z2), z2 / (n + z2)))
        low, high = tango_interval(0, n, n)
        assert high == 1
        # where all differ, it is Wilson's of the share, on the scale of -1 to 1
        assert low == pytest.approx(2 * wilson_interval(n, n)[0] - 1)
    low, high = tango_interval(30, 70, 100)
    assert (low, high) == pytest.approx(tuple(2 * end - 1 for end in wilson_interval(70, 100)))


@pytest.mark.parametrize("n", [20, 45])
def test_the_interval_covers_the_truth_19_times_in_20(n: int) -> None:
    """Not by simulation but exactly, summed over all that can be seen."""
    seen = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    ends = np.array([tango_interval(b, c, n) for b, c in seen])
    counts = np.array([(b, c, n - b - c) for b, c in seen])
    covered = []
    for only_first in (0.01, 0.05, 0.1, 0.2, 0.35):
        for only_second in (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35):
            truth = only_second - only_first
            weights = multinomial.pmf(
                counts, n, (only_first, only_second, 1 - only_first - only_second)
            )
            inside = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
            covered.append(float(weights[inside].sum()))
    assert min(covered) > 0.925
    assert 0.95 < float(np.mean(covered)) < 0.98


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_the_exact_test_is_the_binomial_one(only_first: int, only_second: int) -> None:
    apart, fewer = only_first + only_second, min(only_first, only_second)
    # in whole numbers: scipy's binomtest says 0 below about 1e-250 from 1,075 on
    ways, tail = 1, 1
    for k in range(fewer):
        ways = ways * (apart - k) // (k + 1)
        tail += ways
    expected = float(min(Fraction(1), Fraction(2 * tail, 2**apart)))
    assert mcnemar_test(only_first, only_second) == pytest.approx(expected, rel=1e-8, abs=1e-300)
    assert mcnemar_test(only_first, only_second) == mcnemar_test(only_second, only_first)


def test_the_exact_test_is_the_sum_of_its_chances() -> None:
    for few, many in ((0, 5), (1, 7), (450, 550), (499, 501), (500, 501), (9000, 11000)):
        chance = total = 1  # of so few heads, in whole numbers, times 2 to the power of all
        for heads in range(1, few + 1):
            chance = chance * (few + many - heads + 1) // heads
            total += chance
        expected = float(Fraction(2 * total, 2 ** (few + many)))
        assert mcnemar_test(few, many) == pytest.approx(expected, rel=1e-10)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holms_adjustment_keeps_the_order_and_never_goes_beyond_bonferroni(p: list[float]) -> None:
    found = adjust_holm(p)
    order = sorted(range(len(p)), key=p.__getitem__)
    assert [found[i] for i in order] == sorted(found)
    assert all(
        raw <= own <= min(1.0, len(p) * raw) + 1e-12 for raw, own in zip(p, found, strict=True)
    )
    assert found[order[0]] == min(1.0, len(p) * p[order[0]])


def test_one_p_stays_as_it_is() -> None:
    assert adjust_holm([0.03]) == (0.03,)
    assert adjust_holm([]) == ()


@pytest.mark.parametrize("counts", [(10, 16, 355), (97, 79, 355), (10, 24, 400)])
def test_so_many_images_tell_the_difference_four_times_in_five(counts: Counts) -> None:
    only_first, only_second, n = counts
    needed = estimate_images_needed(*counts)
    assert needed is not None
    shares = [only_first / n, only_second / n, 1 - (only_first + only_second) / n]
    drawn = np.random.default_rng(0).multinomial(needed, shares, 20_000)
    one, other = drawn[:, 0].astype(float), drawn[:, 1].astype(float)
    statistic = (one - other) ** 2 / np.maximum(one + other, 1)
    assert 0.77 < (statistic > norm.ppf(0.975) ** 2).mean() < 0.84


def test_no_number_of_images_tells_no_difference() -> None:
    assert estimate_images_needed(5, 5, 100) is None
    assert estimate_images_needed(0, 0, 1) is None


@pytest.mark.parametrize("counts", [(0, 0, 0), (-1, 0, 5), (3, 3, 5)])
def test_counts_that_make_no_sense_are_one_clear_line(counts: Counts) -> None:
    for function in (tango_interval, estimate_images_needed):
        with pytest.raises(SettingError, match="expected counts from 0"):
            function(*counts)
    if counts[0] < 0:
        with pytest.raises(SettingError, match="expected counts from 0"):
            mcnemar_test(*counts[:2])
