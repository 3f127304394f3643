"""Which classes images speak for surely, beside cleanlab's numbers."""

from __future__ import annotations

import numpy as np

from striate.evaluation.metrics.confident_learning import average_by_label, find_sure_classes

# of cleanlab 2.9.0: cleanlab.count.compute_confident_joint(labels, probabilities, calibrate=False)
CONFIDENT_JOINT = [[7, 2, 1, 0], [0, 7, 2, 0], [0, 0, 8, 2], [1, 1, 0, 9]]


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (60, 4) and labels, of which every ninth is another class."""
    labels = np.arange(60) % 4
    truth = np.where(np.arange(60) % 9 == 0, (labels + 1) % 4, labels)
    logits = 2 * np.eye(4)[truth] + 1.5 * np.sin(np.arange(240) * 1.7).reshape(60, 4)
    odds = np.exp(logits)
    return odds / odds.sum(1, keepdims=True), labels


def test_sure_classes_are_those_of_cleanlabs_confident_joint() -> None:
    probabilities, labels = drawn()
    sure = find_sure_classes(probabilities, labels)
    joint = np.zeros((4, 4), int)
    np.add.at(joint, (labels[sure >= 0], sure[sure >= 0]), 1)
    assert joint.tolist() == CONFIDENT_JOINT


def test_a_class_of_few_images_counts_for_nothing() -> None:
    probabilities, labels = np.eye(3)[[0, 0, 1, 1, 2]], np.array([0, 0, 1, 1, 2])
    assert find_sure_classes(probabilities, labels, fewest=2).tolist() == [0, 0, 1, 1, -1]
    usual = average_by_label(np.ones(5), labels, classes=4, fewest=2)
    assert usual.tolist() == [1, 1, np.inf, np.inf]
