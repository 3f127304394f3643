"""The softmax with its temperature, held against torch, and the rules of refusing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from striate.errors import SettingError
from striate.model.decision import Decision, FeatureDistance, Promise, RejectRule


@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=8),
    st.floats(0.0625, 16, width=32),
)
def test_probabilities_are_the_softmax_of_divided_logits(
    logits: list[float], temperature: float
) -> None:
    given = np.array([logits, logits[::-1]], np.float32)
    expected = torch.softmax(torch.from_numpy(given) / temperature, 1).numpy()
    found = Decision(temperature).probabilities(given)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("odd", [0, -1, float("nan"), float("inf"), True, "1", None])
def test_senseless_temperatures_are_refused(odd: object) -> None:
    with pytest.raises(SettingError, match="expected a number above 0"):
        Decision(odd)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="expected a number above 0"):
        Decision.from_json({"temperature": odd})


def test_it_survives_its_record() -> None:
    assert Decision.from_json(Decision(1.5).as_json()) == Decision(1.5)
    assert Decision.from_json(Decision(1.5, mirrored=True).as_json()) == Decision(1.5, True)


def test_mirrored_is_true_or_false() -> None:
    with pytest.raises(SettingError, match="mirrored is 1; expected true or false"):
        Decision.from_json({"temperature": 1.0, "mirrored": 1})


LOGITS = np.array([[0.0, 0.2], [0.0, 2.0], [3.0, 0.0], [0.0, 9.0]], np.float32)


def test_what_is_below_its_threshold_is_refused() -> None:
    rule = RejectRule(probability=0.7, distance=None, false_refusals=0.05, n=100)
    found = Decision(reject=rule).decide(LOGITS)
    np.testing.assert_array_equal(found.classes, [-1, 1, 0, 1])
    np.testing.assert_array_equal(found.best, [1, 1, 0, 1])
    np.testing.assert_array_equal(found.unsure, found.refused)
    assert np.isnan(found.distance).all()
    promise = Promise(0.99, 0.9, per_class=True, thresholds=(None, 0.9), n=100)
    both = Decision(reject=rule, promise=promise)
    np.testing.assert_array_equal(both.decide(LOGITS).classes, [-1, -1, -1, 1])
    np.testing.assert_array_equal(both.answer_always().decide(LOGITS).classes, [1, 1, 0, 1])


def test_a_distance_that_is_no_number_is_not_near() -> None:
    near = FeatureDistance(
        np.zeros(2, np.float32),
        np.eye(2, 1, dtype=np.float32),
        np.ones((1, 1), np.float32),
        np.zeros((2, 1), np.float32),
        1.0,
    )
    careful = Decision(distance=near, reject=RejectRule(None, 5.0, 0.05, 100))
    features = np.array([[1, 0], [np.nan, 0], [np.inf, 0], [0, 0]], np.float32)
    with np.errstate(invalid="ignore"):
        found = careful.decide(LOGITS, features)
    np.testing.assert_array_equal(found.unlike, [False, True, True, False])
    with pytest.raises(SettingError, match="no features are given"):
        careful.decide(LOGITS)


def test_little_activity_is_as_far_as_the_mean_square_root_of_the_features_says() -> None:
    rng = np.random.default_rng(4)
    near = FeatureDistance(
        np.full(40, 0.1, np.float32),
        np.linalg.qr(rng.normal(size=(40, 3)))[0].astype(np.float32),
        rng.normal(size=(3, 3)).astype(np.float32),
        rng.normal(size=(2, 3)).astype(np.float32),
        2.0,
    )
    active = replace(near, usual_activity=1.0, activity_scale=20.0)
    features = rng.normal(size=(200, 40)).astype(np.float32)  # of both signs
    features[:100] *= rng.random((100, 40)) < 0.2
    features[0] = 0
    roots = np.sqrt(np.abs(features.astype(float))).sum(1) / 40
    expected = np.maximum(near.measure(features), 20 * (1 - roots))
    np.testing.assert_allclose(active.measure(features), expected, rtol=1e-5)
    raised = active.measure(features) > near.measure(features)
    assert 0 < raised[100:].sum() < raised[:100].sum()
    again = Decision.from_json(
        *(one() for one in (Decision(distance=active).as_json, active.as_tensors))
    )
    np.testing.assert_array_equal(again.measure(features), active.measure(features))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"reject": {"probability": 0.5}}, "is no rule"),
        ({"reject": {"probability": 2, "distance": None, "false_refusals": 0, "n": 1}}, "is 2"),
        ({"reject": {"probability": None, "distance": 1, "false_refusals": 0, "n": 1}}, "measured"),
        ({"distance": {"residual_scale": 1.0}}, "lacks center, axes, whitening, means"),
        (
            {
                "promise": {
                    "precision": 1.5,
                    "confidence": 0.9,
                    "per_class": False,
                    "thresholds": [0.5],
                    "n": 1,
                }
            },
            "expected shares",
        ),
    ],
)
def test_damaged_rules_are_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        Decision.from_json({"temperature": 1.0, **values})
