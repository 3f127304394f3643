"""Probabilities of images that a last layer has not learnt from."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from striate.features.out_of_fold import predict_out_of_fold, repeat_folds


def test_each_image_is_reliabled_by_a_layer_that_has_not_seen_it() -> None:
    numbers = np.random.default_rng(0)
    features = numbers.normal(size=(60, 30)).astype(np.float32)  # nothing to learn but by heart
    labels = np.arange(60) % 2
    found = predict_out_of_fold(features, labels, classes=2)
    right = found.probabilities.argmax(1) == labels
    assert found.held_out.all() and 0.25 < right.mean() < 0.75


def test_copies_stand_on_one_side() -> None:
    numbers = np.random.default_rng(0)
    features = np.repeat(numbers.normal(size=(40, 60)), 2, axis=0).astype(np.float32)
    labels = np.repeat(np.arange(40) % 2, 2)
    alone = predict_out_of_fold(features, labels, classes=2)
    grouped = predict_out_of_fold(features, labels, classes=2, groups=np.arange(80) // 2)
    assert (alone.probabilities.argmax(1) == labels).mean() > 0.75  # known by their twins
    assert (grouped.probabilities.argmax(1) == labels).mean() < 0.7
    np.testing.assert_allclose(grouped.probabilities[::2], grouped.probabilities[1::2], atol=1e-6)


def test_it_is_as_good_as_scikit_learns() -> None:
    digits = load_digits()
    features, labels = (digits.data[:600] / 16).astype(np.float32), digits.target[:600]
    ours = predict_out_of_fold(features, labels, classes=10).probabilities
    layer = LogisticRegression(C=1.0, max_iter=500)
    right = 0
    for fold in range(5):
        test = np.arange(600) % 5 == fold
        answers = layer.fit(features[~test], labels[~test]).predict(features[test])
        right += int((answers == labels[test]).sum())
    assert (ours.argmax(1) == labels).mean() > right / 600 - 0.02
    np.testing.assert_allclose(ours.sum(1), 1)


def test_a_class_of_one_group_is_not_held_out() -> None:
    features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    labels = np.array([0] * 5 + [1] * 5 + [2] * 2)
    groups = np.array([*range(10), 10, 10])
    found = predict_out_of_fold(features, labels, classes=3, groups=groups)
    assert found.held_out.tolist() == [True] * 10 + [False] * 2
    assert np.isnan(found.probabilities[10:]).all()


def test_repeated_folds_are_those_of_other_seeds_and_keep_groups_together() -> None:
    numbers = np.random.default_rng(4)
    labels = np.arange(80) % 2
    groups = np.repeat(np.arange(40), 2)[np.argsort(np.tile([0, 1], 40), kind="stable")]
    labels = groups % 2
    own = numbers.normal(size=(40, 6))[groups]  # images of a group are alike, and of no class
    values = (own + 0.01 * numbers.normal(size=(80, 6))).astype(np.float32)
    apart = repeat_folds(values, labels, classes=2, strength=0.01)
    together = repeat_folds(values, labels, classes=2, strength=0.01, groups=groups)
    assert apart is not None
    assert together is not None
    assert apart.n == together.n == 80
    assert together.mean < apart.mean
    once = predict_out_of_fold(values, labels, classes=2, groups=groups, seed=1, strength=0.01)
    right = (once.probabilities.argmax(1) == labels).mean()
    assert together.accuracies[0] == right
    assert (
        repeat_folds(np.zeros((2, 600_000), np.float32), labels[:2], classes=2, strength=1) is None
    )
