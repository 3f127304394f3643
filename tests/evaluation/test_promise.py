"""A promise of precision: the p-values by scipy, its guarantee by simulation, its refusal."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from striate.errors import SettingError
from striate.evaluation.calibration.promise_fit import STARTS, THRESHOLDS, fit_promise


def drawn(n: int, seed: int, skill: float = 0.04) -> tuple[np.ndarray, np.ndarray]:
    """Three classes; the higher the probability the more often right, but less than it says."""
    numbers = np.random.default_rng(seed)
    sure = 1 - 0.6 * numbers.random(n) ** 2
    right = numbers.random(n) < np.minimum(sure, 1 - skill)
    best = numbers.integers(0, 3, n)
    odds = np.full((n, 3), 0.0)
    odds[np.arange(n), best] = sure
    odds[np.arange(n), (best + 1) % 3] = 1 - sure
    return odds, np.where(right, best, (best + 1) % 3)


def test_the_threshold_is_the_lowest_that_fixed_sequences_prove() -> None:
    odds, labels = drawn(3000, seed=1)
    found = fit_promise(odds, labels, precision=0.93, confidence=0.9)
    sure, wrong = odds.max(1), odds.argmax(1) != labels
    level = 0.1 / len(STARTS)
    passes = [
        binom.cdf(wrong[sure >= each].sum(), (sure >= each).sum(), 0.07) <= level
        for each in THRESHOLDS
    ]
    reached = set()
    for start in STARTS:
        for place in range(THRESHOLDS.index(start), len(THRESHOLDS)):
            if not passes[place]:
                break
            reached.add(THRESHOLDS[place])
    assert found.promise is not None
    assert set(found.promise.thresholds) == {min(reached)}
    assert 0 < min(reached) < 0.99
    assert found.levels[0].answered == (sure >= min(reached)).sum()


@pytest.mark.parametrize(("per_class", "asked"), [(False, 0.94), (True, 0.9)])
def test_the_promise_is_kept_as_often_as_is_said(per_class: bool, asked: float) -> None:
    """The risk of a threshold is known here, by a sample of a million."""
    odds, labels = drawn(1_000_000, seed=99)
    sure, best = odds.max(1), odds.argmax(1)
    right, broken, made = best == labels, 0, 0
    for seed in range(60):
        few = slice(seed * 2000, (seed + 1) * 2000)
        found = fit_promise(
            odds[few], labels[few], precision=asked, confidence=0.8, per_class=per_class
        )
        if found.promise is None:
            continue
        made += 1
        least = np.array(found.promise.thresholds, float)
        given = sure >= least[best]
        groups = [best == c for c in range(3)] if per_class else [np.ones(len(best), bool)]
        broken += any(right[given & group].mean() < asked for group in groups)
    assert made >= 30
    # of 60 at most 20 % may be broken: 12, and 18 is the 97.5 % quantile of that
    assert broken <= binom.ppf(0.975, 60, 0.2)


def test_a_promise_that_few_images_cannot_carry_names_how_many_could() -> None:
    odds, labels = drawn(200, seed=2, skill=0.001)
    refused = fit_promise(odds, labels, precision=0.98, confidence=0.9)
    assert refused.promise is None
    few = refused.levels[0]
    assert few.further is not None
    assert f"some {few.further:,} further ones could" in refused.describe(("a", "b", "c"))
    flawless = np.eye(2)[np.zeros(100, int)]
    alone = fit_promise(flawless, np.zeros(100, int), precision=0.99, confidence=0.9)
    # without a mistake n images prove it once 0.99 ** n is at most a fifth of 0.1
    assert alone.levels[0].further == pytest.approx(
        np.ceil(np.log(0.02) / np.log(0.99)) - 100, abs=4
    )
    enough = np.eye(2)[np.zeros(400, int)]
    assert fit_promise(enough, np.zeros(400, int), precision=0.99, confidence=0.9).promise


def test_what_no_number_of_images_could_carry_is_said() -> None:
    odds, labels = drawn(2000, seed=3, skill=0.2)
    refused = fit_promise(odds, labels, precision=0.99, confidence=0.9)
    assert refused.promise is None
    assert refused.levels[0].further is None
    assert "even the surest answers are wrong" in refused.describe(("a", "b", "c"))


def test_what_another_rule_refuses_does_not_count() -> None:
    odds, labels = drawn(3000, seed=4)
    wrong = odds.argmax(1) != labels
    found = fit_promise(odds, labels, precision=0.99, confidence=0.9, refused=wrong)
    assert found.promise is not None
    assert found.promise.thresholds == (0.0, 0.0, 0.0)
    assert found.levels[0].right == found.levels[0].answered == 3000 - wrong.sum()


def test_a_class_that_cannot_carry_it_is_named() -> None:
    odds, labels = drawn(6000, seed=5, skill=0.01)
    best = odds.argmax(1)
    labels = np.where(best == 2, np.where(np.arange(6000) % 2, 2, 0), labels)
    refused = fit_promise(odds, labels, precision=0.95, confidence=0.9, per_class=True)
    assert refused.levels[0].failed == (2,)
    assert "for 'c'; promise less" in refused.describe(("a", "b", "c"))


@pytest.mark.parametrize(("precision", "confidence"), [(1, 0.9), (0, 0.9), (0.9, 1), (99, 0.9)])
def test_what_cannot_be_promised_is_refused(precision: float, confidence: float) -> None:
    odds, labels = drawn(100, seed=6)
    with pytest.raises(SettingError, match="expected"):
        fit_promise(odds, labels, precision=precision, confidence=confidence)


def test_mapie_proves_no_lower_threshold() -> None:
    """One class, whose precision mapie promises by Bonferroni over the same list."""
    from mapie.risk_control import MultiClassificationLTTController
    from mapie.risk_control.risks import build_precision_ovr

    for seed in range(4):
        numbers = np.random.default_rng(seed)
        sure = 1 - 0.5 * numbers.random(3000) ** 2
        right = numbers.random(3000) < np.minimum(sure, 0.985)
        odds = np.stack([sure, 1 - sure], 1)
        odds[:5] = odds[:5, ::-1]  # it wants to see every class answered
        labels = np.where(right, odds.argmax(1), 1 - odds.argmax(1))
        oracle = MultiClassificationLTTController(
            lambda rows: rows,
            build_precision_ovr([0]),
            [0.95],
            confidence_level=0.9,
            list_predict_params=np.array(sorted(THRESHOLDS)),
            classes=[0, 1],
            # by default one threshold that nothing reaches hides all valid ones
            fwer_method="bonferroni",
        ).calibrate(odds, labels)
        mine = odds.argmax(1) == 0
        found = fit_promise(odds[mine], labels[mine], precision=0.95, confidence=0.9)
        assert found.promise is not None
        own = found.promise.thresholds[0]
        lowest = float(np.ravel(oracle.valid_predict_params).min())
        assert own in THRESHOLDS
        # five starts and an exact test prove the same or the next lower one
        assert THRESHOLDS.index(lowest) <= THRESHOLDS.index(own) <= THRESHOLDS.index(lowest) + 1
