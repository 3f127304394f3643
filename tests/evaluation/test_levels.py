"""A promise on each level of a taxonomy by simulation, and the figures of each level by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from striate.evaluation.calibration.promise_fit import STARTS, THRESHOLDS, fit_promise
from striate.evaluation.level_scores import add_levels
from striate.evaluation.metrics import Evaluation, score
from striate.model.decision import Decision, Promise, RejectRule, Taxonomy

NAMES = ("x/a", "x/b", "y/c", "y/d")


def tree() -> Taxonomy:
    found = Taxonomy.from_names(NAMES)
    assert found is not None
    return found


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Four classes of two nodes: a class is mostly confused with the other one of its node."""
    numbers = np.random.default_rng(seed)
    sure = 1 - 0.45 * numbers.random(n)
    best = numbers.integers(0, 4, n)
    odds = np.full((n, 4), 0.0)
    rows = np.arange(n)
    odds[rows, best] = sure
    odds[rows, best ^ 1] = 0.96 * (1 - sure)
    odds[rows, best ^ 2] = 0.04 * (1 - sure)
    draw = numbers.random(n)
    wrong = np.where(draw < sure + 0.96 * (1 - sure), best ^ 1, best ^ 2)
    return odds, np.where(draw < sure, best, wrong)


@pytest.mark.parametrize("per_class", [False, True])
def test_the_promise_is_kept_on_every_level_as_often_as_is_said(per_class: bool) -> None:
    """What a choice of thresholds is worth is known here: how often each answer is right."""
    odds, labels = drawn(180_000, seed=99)
    population, _ = drawn(20_000, seed=98)
    own, sure = tree().rise(population.argmax(1)), population.max(1)
    right = np.stack([sure, sure + 0.96 * (1 - sure)], 1)
    made, broken, climbed = 0, 0, 0.0
    for seed in range(60):
        few = slice(seed * 3000, (seed + 1) * 3000)
        found = fit_promise(
            odds[few], labels[few], precision=0.93, confidence=0.8, per_class=per_class,
            taxonomy=tree(),
        )  # fmt: skip
        if found.promise is None:
            continue
        made += 1
        answers = Decision(promise=found.promise, taxonomy=tree()).choose(population)
        climbed += (answers.level == 1).mean()
        kept = True
        for level in (0, 1):
            here = answers.level == level
            nodes = np.unique(own[here, level]) if per_class else [None]
            groups = [here if node is None else here & (own[:, level] == node) for node in nodes]
            kept &= all(right[mine, level].mean() >= 0.93 for mine in groups if mine.any())
        broken += not kept
    assert made == 60
    assert climbed > 5  # it does climb
    assert broken <= binom.ppf(0.975, 60, 0.2)


def test_a_level_is_tested_on_what_no_level_below_answers_at_its_share_of_the_error() -> None:
    odds, labels = drawn(2500, seed=3)
    found = fit_promise(odds, labels, precision=0.93, confidence=0.9, taxonomy=tree())
    assert found.promise is not None
    least = found.promise.thresholds[0]
    assert least is not None
    left = odds.max(1) < least
    best = odds.argmax(1)
    sums = odds[np.arange(2500), best] + odds[np.arange(2500), best ^ 1]
    wrong = (best // 2 != labels // 2)[left]
    # half of 0.1, shared among five starts and 29 thresholds that the classes could have had
    level, reached = 0.05 / len(STARTS) / (len(THRESHOLDS) + 1), []
    for start in STARTS:
        for each in THRESHOLDS[THRESHOLDS.index(start) :]:
            above = sums[left] >= each
            if not above.any() or binom.cdf(wrong[above].sum(), above.sum(), 0.07) > level:
                break
            reached.append(each)
    assert set(found.promise.levels[0]) == {min(reached)}
    assert found.levels[1].offered == left.sum()
    assert found.levels[1].answered == (sums[left] >= min(reached)).sum()


def test_classes_that_cannot_carry_it_leave_it_to_the_nodes_above() -> None:
    odds, labels = drawn(600, seed=4)
    found = fit_promise(odds, labels, precision=0.97, confidence=0.9, taxonomy=tree())
    assert found.promise is not None
    assert found.promise.thresholds == (None,) * 4
    assert found.promise.levels == ((0.0, 0.0),)
    said = found.describe(NAMES, tree())
    assert "on each level 97.0 % of the answers are correct" in said
    assert "the classes: not promised, some" in said
    assert f"level 1: {found.levels[1].right} of {found.levels[1].answered} answers" in said
    none = fit_promise(odds[:20], labels[:20], precision=0.97, confidence=0.9, taxonomy=tree())
    assert none.promise is None
    assert none.describe(NAMES, tree()).startswith("no promise that on each level 97.0 % of the")


def test_the_figures_of_each_level_by_hand() -> None:
    odds = np.array(
        [
            [0.9, 0.1, 0.0, 0.0],  # its class, right
            [0.5, 0.3, 0.2, 0.0],  # climbs to x, right: truth is x/b
            [0.5, 0.4, 0.1, 0.0],  # climbs to x, wrong: truth is y/c
            [0.3, 0.2, 0.3, 0.2],  # nothing: 0.3 and 0.5 are too low; the best guess is wrong
            [0.1, 0.1, 0.8, 0.0],  # its class, wrong: truth is y/d
        ],
        np.float32,
    )
    labels = np.array([0, 1, 2, 3, 3])
    decision = Decision(reject=RejectRule(0.6, None, 0.05, 10), taxonomy=tree())
    answers = decision.choose(odds)
    refusals = ["unsure" if each else "" for each in answers.refused]
    plain = score(
        odds, labels, classes=NAMES, names=list("abcde"), evaluated="five", refusals=refusals
    )
    found = add_levels(plain, answers, labels, tree())
    assert [(s.level, s.accuracy, s.answered, s.right) for s in found.levels] == [
        (0, 0.2, 2, 1),
        (1, 0.6, 2, 1),
    ]
    assert found.levels[1].accuracy_low == pytest.approx(0.2307, abs=1e-4)  # Wilson, 3 of 5
    assert [image.node for image in found.images] == ["", "x", "x", "", ""]
    assert found.refusals is not None
    assert (found.refusals.answered, found.refusals.accuracy) == (4, 0.5)
    text = str(found)
    assert "2 are answered by their class (50.0 % correct), 2 on level 1 (50.0 %), 1 not" in text
    assert "level 1      2  60.0 % (23.1 to 88.2)         2  50.0 % (9.5 to 90.5)" in text
    assert Evaluation.from_json(found.as_json()).levels == found.levels


def test_a_promise_that_is_silent_of_a_level_answers_nothing_there() -> None:
    promise = Promise(0.9, 0.9, False, (0.9,) * 4, 100)
    answers = Decision(promise=promise, taxonomy=tree()).choose(
        np.array([[0.5, 0.5, 0, 0]], np.float32)
    )
    assert answers.refused.tolist() == [True]
