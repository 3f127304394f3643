"""Labels that are made wrong on purpose: how many are estimated, and that the bounds hold."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from striate.evaluation.metrics import Evaluation, score
from striate.evaluation.metrics.wrong_labels import WrongLabels, estimate_wrong_labels


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Probabilities for 897 digits of a classifier that has learnt from 900 others; labels."""
    rows, labels = load_digits(return_X_y=True)
    place = np.random.default_rng(0).permutation(len(rows))
    learnt, test = place[:900], place[900:]
    model = LogisticRegression(max_iter=300).fit(rows[learnt] / 16, labels[learnt])
    return model.predict_proba(rows[test] / 16), labels[test]


def plant(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, int]:
    """Return labels of which so many are another class, and how many these are."""
    numbers = np.random.default_rng(seed)
    changed = labels.copy()
    chosen = numbers.choice(len(labels), round(share * len(labels)), replace=False)
    changed[chosen] = (labels[chosen] + numbers.integers(1, 10, len(chosen))) % 10
    return changed, len(chosen)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.2])
def test_planted_wrong_labels_are_counted_and_the_true_accuracy_lies_within(
    digits: tuple[np.ndarray, np.ndarray], share: float
) -> None:
    probabilities, labels = digits
    before = estimate_wrong_labels(probabilities, labels).wrong
    true = float((probabilities.argmax(1) == labels).mean())
    for seed in range(5):
        changed, planted = plant(labels, share, seed)
        found = estimate_wrong_labels(probabilities, changed)
        assert before + 0.7 * planted < found.wrong < before + 1.3 * planted + 3
        assert found.accuracy_low <= true <= found.accuracy_high
        counted = float((probabilities.argmax(1) == changed).mean())
        assert found.accuracy_high == pytest.approx(min(1.0, counted + found.wrong / len(labels)))


def test_without_wrong_labels_few_are_doubted(digits: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = digits
    mistakes = int((probabilities.argmax(1) != labels).sum())
    assert estimate_wrong_labels(probabilities, labels).wrong < 0.7 * mistakes
    perfect = estimate_wrong_labels(np.eye(10)[labels], labels)
    assert (perfect.wrong, perfect.accuracy_low, perfect.accuracy_high) == (0, 1, 1)
    assert "no label is surely contradicted" in str(perfect)


def test_one_class_or_few_images_doubt_nothing() -> None:
    assert estimate_wrong_labels(np.ones((30, 1)), np.zeros(30, np.int64)).wrong == 0
    few = estimate_wrong_labels(np.eye(3)[[0, 1, 2]], np.array([1, 2, 0]))
    assert (few.wrong, few.accuracy_high) == (0, 0)


def test_it_is_printed_and_comes_back_from_json() -> None:
    result = score(np.eye(2)[[0, 1]], [0, 1], classes=["a", "b"], names=["1", "2"], evaluated="two")
    assert result.as_json()["wrong_labels"] is None
    held = WrongLabels(200, 10, 0.85, 0.95)
    result = Evaluation(**{**vars(result), "wrong_labels": held})
    assert "accuracy between 85.0 and 95.0 % if 10 of the 200 labels are wrong" in str(result)
    assert Evaluation.from_json(result.as_json()).wrong_labels == held
