"""What is fitted on images not learnt from, held against scikit-learn and by counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from striate.evaluation.calibration.distance_fit import fit_distance, measure_out_of_fold
from striate.evaluation.calibration.held_out import HeldOut, fit_decision, hold_out_folds
from striate.evaluation.calibration.reject_fit import (
    choose_reject_rule,
    estimate_limit,
    risk_coverage,
)
from striate.evaluation.calibration.temperature_fit import (
    choose_temperature,
    fit_temperature,
    mean_loss,
)
from striate.model.decision import Decision


class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Answers with the logits that it is given, as scikit-learn wants a classifier to."""

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> Given:
        self.classes_ = np.unique(labels)
        return self

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(rows.argmax(1))

    def decision_function(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(rows[:, 1] - rows[:, 0] if len(self.classes_) == 2 else rows)


def drawn(n: int, classes: int, factor: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are too sure by a factor, and labels drawn from the right probabilities."""
    numbers = np.random.default_rng(seed)
    right = 2 * numbers.normal(size=(n, classes))
    odds = np.exp(right) / np.exp(right).sum(1, keepdims=True)
    labels = (odds.cumsum(1) < numbers.random((n, 1))).sum(1)
    return factor * right, labels


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("factor", [0.5, 1.0, 4.0])
def test_the_temperature_is_scikit_learns(classes: int, factor: float) -> None:
    logits, labels = drawn(1500, classes, factor)
    oracle = CalibratedClassifierCV(
        FrozenEstimator(Given().fit(logits, labels)), method="temperature", ensemble=False
    ).fit(logits, labels)
    (fitted,) = oracle.calibrated_classifiers_
    expected = 1 / fitted.calibrators[0].beta_
    if classes == 2:
        expected /= 2  # it scales half of the lead by which one class is ahead
    found = fit_temperature(logits, labels, prior=np.inf, more=0)
    assert found == pytest.approx(expected, rel=1e-3)
    assert found == pytest.approx(factor, rel=0.1)
    assert fit_temperature(logits, labels) == pytest.approx(found, rel=0.02)  # the prior gives way


def test_a_flawless_set_does_not_go_to_certainty() -> None:
    labels = np.arange(300) % 3
    logits = np.eye(3)[labels] * 1.5
    assert fit_temperature(logits, labels, prior=np.inf, more=0) < 0.05  # what is to be avoided
    assert fit_temperature(logits, labels) > 0.2
    assert choose_temperature(logits, labels).temperature == 1
    few = choose_temperature(*drawn(30, 3, 4.0))
    assert few.temperature == 1
    assert "30 images cannot tell" in str(few)


def test_losses_are_those_of_images_the_temperature_was_not_fitted_on() -> None:
    logits, labels = drawn(2000, 5, 3.0)
    found = choose_temperature(logits, labels)
    assert found.loss_before == pytest.approx(mean_loss(logits, labels, 1.0))
    # a little more than on its own images, and far less than before
    own = mean_loss(logits, labels, found.temperature)
    assert own <= found.loss_after < own + 0.01 < found.loss_before


def test_a_temperature_that_does_not_help_is_not_kept() -> None:
    numbers = np.random.default_rng(3)
    kept = 0
    for seed in range(20):
        logits, labels = drawn(100, 2, 1.0, seed=seed)
        found = choose_temperature(logits, labels, seed=int(numbers.integers(99)))
        kept += found.temperature != 1
        assert found.temperature == 1 or found.loss_after <= found.loss_before
    assert kept < 20


def clouds(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    spread = np.geomspace(1, 0.1, 40)
    centers = 2 * np.random.default_rng(9).normal(size=(3, 40)) * spread
    values = 3 + centers[labels] + spread * numbers.normal(size=(n, 40))
    return values.astype(np.float32), labels


def test_the_axes_of_the_distance_are_the_principal_ones() -> None:
    features, labels = clouds(600)
    near = fit_distance(features, labels, classes=3)
    assert near is not None
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    offsets = (unit - unit.mean(0)).astype(float)
    _, _, rows = np.linalg.svd(offsets, full_matrices=False)
    rank = near.axes.shape[1]
    shared = np.linalg.svd(rows[:rank] @ near.axes.astype(float), compute_uv=False)
    assert rank == 9
    np.testing.assert_allclose(shared[:4], 1, atol=1e-4)
    # within the classes, whitened: covariance 1 in every direction, by 40 features
    within = near.measure_each(features)[np.arange(600), labels]
    assert within.mean() == pytest.approx(1, rel=0.02)


def test_what_is_like_no_class_is_far() -> None:
    features, labels = clouds(600)
    near = fit_distance(features, labels, classes=3)
    assert near is not None
    more, _ = clouds(300, seed=1)
    limit = np.quantile(measure_out_of_fold(features, labels, classes=3), 0.95)
    assert (near.measure(more) > limit).mean() < 0.09
    other = np.abs(np.random.default_rng(2).normal(size=(300, 40))).astype(np.float32)
    assert (near.measure(other) > limit).mean() > 0.98
    assert fit_distance(features[:12], labels[:12], classes=3) is None


def test_a_class_without_images_is_near_nothing() -> None:
    features, labels = clouds(90)
    near = fit_distance(features, labels, classes=4)
    assert near is not None
    assert (near.measure_each(features)[:, 3] > 1e3).all()


def test_risk_and_coverage_by_counting() -> None:
    confidence = np.array([0.6, 0.9, 0.7, 0.8])
    correct = np.array([False, True, True, False])
    coverage, risk = risk_coverage(confidence, correct)
    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(risk, [0, 1 / 2, 1 / 3, 2 / 4])


def test_no_more_is_refused_than_was_allowed() -> None:
    for seed in range(10):
        logits, labels = drawn(500, 4, 1.0, seed=seed)
        odds = Decision().probabilities(logits.astype(np.float32))
        far = np.random.default_rng(seed).random(500).astype(np.float32)
        found = choose_reject_rule(odds, labels, far, false_refusals=0.05)
        assert found.rule is not None
        assert found.rule.distance is not None
        refused = (far > found.rule.distance) | (odds.max(1) < (found.rule.probability or 0))
        assert refused.sum() == found.refused
        assert 12 <= found.refused <= 25
        before, after = 500 - (odds.argmax(1) == labels).sum(), 500 - found.refused - found.right
        assert after < before


def test_a_fifth_of_the_refusals_are_of_images_whose_features_say_little() -> None:
    numbers = np.random.default_rng(5)
    logits, labels = drawn(1000, 3, 2.0)
    features = np.abs(numbers.normal(size=(1000, 60))).astype(np.float32)
    activity = np.sqrt(features.astype(float)).mean(1)
    far = numbers.chisquare(10, 1000).astype(np.float32) / 10
    odds = Decision().probabilities(logits.astype(np.float32))
    plain = choose_reject_rule(odds, labels, far, false_refusals=0.05)
    found = choose_reject_rule(odds, labels, far, activity=activity, false_refusals=0.05)
    assert plain.rule is not None and found.rule is not None
    assert found.rule.distance == plain.rule.distance  # what lay beyond it still does
    limit = found.rule.distance or 0.0
    assert 5 <= (activity < found.usual_activity - limit / found.activity_scale).sum() <= 15
    assert (far > limit).sum() < found.refused <= 50
    # too little for the distance alone: features of length one that lie where those of a class do
    labels, values = np.arange(400) % 2, np.abs(numbers.normal(1, 0.3, (400, 60)))
    held_out = hold_out_folds(
        values.astype(np.float32), np.eye(2)[labels] * 4, labels, classes=2, seed=0
    )
    decision = fit_decision(held_out, mirrored=False, false_refusals=0.05, seed=0).decision
    faint = (values[:50] / 100).astype(np.float32)
    assert not decision.decide(np.eye(2)[labels[:50]] * 4, 100 * faint).unlike.mean() > 0.1
    assert decision.decide(np.eye(2)[labels[:50]] * 4, faint).unlike.all()


def test_few_images_choose_no_rule() -> None:
    logits, labels = drawn(30, 2, 1.0)
    odds = Decision().probabilities(logits.astype(np.float32))
    found = choose_reject_rule(odds, labels, None, false_refusals=0.05)
    assert found.rule is None
    assert "5.0 % of 30 images is fewer than two" in str(found)


def test_no_refusals_are_wanted() -> None:
    logits, labels = drawn(400, 3, 3.0)
    held_out = HeldOut(logits.astype(np.float32), labels, "400 images")
    found = fit_decision(held_out, mirrored=True, false_refusals=0, seed=0)
    assert found.reject is None
    assert not found.decision.refuses
    assert found.decision.mirrored
    assert found.decision.temperature > 2
    assert len(found.lines) == 1


def test_of_images_yet_to_come_the_share_lies_beyond_the_limit_that_was_asked_for() -> None:
    """Over many choices, each on 245 distances of the shape that features give them."""
    draws = np.random.default_rng(0).chisquare(10, (400, 245)) / 10
    limits = np.array([estimate_limit(one, share=0.025) for one in draws])
    assert 0.02 < stats.chi2.sf(10 * limits, 10).mean() < 0.025
    assert limits.std() < np.sort(draws, 1)[:, -1 - 6].std()  # steadier than one image


def test_of_many_images_the_limit_leaves_the_share_beyond() -> None:
    draws = np.random.default_rng(1).random(4000) + 1e-3
    assert (draws > estimate_limit(draws, share=0.05)).sum() == 200
    assert estimate_limit(np.ones(100), share=0.05) == 1  # without any spread nothing lies beyond


def test_a_network_that_says_the_same_of_all_gets_no_rule() -> None:
    labels = np.arange(300) % 3
    features, logits = np.full((300, 8), 0.25, np.float32), np.zeros((300, 3), np.float32)
    assert fit_distance(features, labels, classes=3) is None
    dead = np.zeros((300, 8), np.float32)
    assert fit_distance(dead, labels, classes=3) is None
    held_out = HeldOut(logits, labels, "300 images", None, None)
    found = fit_decision(held_out, mirrored=False, false_refusals=0.05, seed=0)
    assert found.decision.reject is None
    assert "says the same of all 300 images, so it has learnt nothing yet" in found.lines[1]
