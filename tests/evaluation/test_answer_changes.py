"""Two evaluations of the same images, side by side; scikit-learn and SciPy as oracles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from striate.evaluation.comparison.answer_changes import compare_answers
from striate.evaluation.metrics import EvaluatedImage

CLASSES = ("ant", "bee", "wasp")


def answers(truth: np.ndarray, said: np.ndarray, first: int = 0) -> list[EvaluatedImage]:
    return [
        EvaluatedImage(f"{first + i}.png", CLASSES[own], CLASSES[answer], 0.5 + i / 1000, 0.2, i)
        for i, (own, answer) in enumerate(zip(truth.tolist(), said.tolist(), strict=True))
    ]


def test_flips_matrix_and_paired_figures_are_those_of_scikit_learn_and_scipy() -> None:
    numbers = np.random.default_rng(3)
    truth, before, now = (numbers.integers(0, 3, 200) for _ in range(3))
    now = np.where(numbers.random(200) < 0.5, truth, now)
    found = compare_answers(answers(truth, before), answers(truth, now), classes=CLASSES)
    assert found is not None
    difference = confusion_matrix(truth, now) - confusion_matrix(truth, before)
    assert found.confusion.tolist() == difference.tolist() and difference.sum() == 0
    was, is_now = before == truth, now == truth
    assert found.accuracy_before == was.mean() and found.accuracy_now == is_now.mean()
    right = {f"{i}.png" for i in np.flatnonzero(~was & is_now)}
    wrong = {f"{i}.png" for i in np.flatnonzero(was & ~is_now)}
    other = {f"{i}.png" for i in np.flatnonzero(~was & ~is_now & (before != now))}
    assert {one.name for one in found.became_right} == right
    assert {one.name for one in found.became_wrong} == wrong
    assert {one.name for one in found.wrong_otherwise} == other
    p = binomtest(len(right), len(right) + len(wrong)).pvalue
    assert found.pair.p == pytest.approx(p)
    assert found.pair.difference == pytest.approx(is_now.mean() - was.mean())
    cells = found.as_json()["confusion_difference"]
    assert sum(abs(one["difference"]) for one in cells) == np.abs(difference).sum()


def test_images_count_by_their_class_of_now_and_only_where_they_are_in_both() -> None:
    old = answers(np.array([0, 1, 1]), np.array([0, 1, 0]))
    new = answers(np.array([2, 1]), np.array([2, 0]))  # the first was relabelled
    new += answers(np.array([0]), np.array([0]), first=9)
    found = compare_answers(old, new, classes=CLASSES, names=("a", "b"))
    assert found is not None and (found.n, found.others) == (2, 1)
    assert [one.name for one in found.became_right] == ["0.png"]
    assert [one.name for one in found.became_wrong] == ["1.png"]
    assert (found.pair.first, found.pair.second) == ("a", "b")


def test_an_answer_with_a_class_that_is_gone_has_its_own_column_and_nothing_is_none() -> None:
    old = [EvaluatedImage("0.png", "ant", "moth", 0.9, 0.1, 0)]
    found = compare_answers(old, answers(np.array([0]), np.array([0])), classes=CLASSES)
    assert found is not None and found.classes == (*CLASSES, "moth")
    assert found.confusion[0].tolist() == [1, 0, 0, -1]
    assert compare_answers(old, [], classes=CLASSES) is None
