"""What classifiers answer where they may climb or say "I don't know", beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.evaluation.comparison.tango import tango_interval
from striate.evaluation.metrics.wilson import wilson_interval
from striate.model.decision import REFUSED


@dataclass(frozen=True)
class AnsweredLevel:
    """The images that one classifier answers on one level of its taxonomy, or not at all.

    Attributes:
        model: the classifier's name.
        level: 0: by a class; 1: by a node above it, and so on; -1: "I don't know".
        n: images in all.
        answered: of these, those that get such an answer.
        right: of these, those answered correctly; None at level -1.
        precision: share of right ones; None where there is none. `precision_low` and
            `precision_high` are its 95 % Wilson interval.
    """

    model: str
    level: int
    n: int
    answered: int
    right: int | None
    precision: float | None
    precision_low: float | None
    precision_high: float | None


@dataclass(frozen=True)
class AnsweredPair:
    """Two classifiers by what they answer to the same images.

    Attributes:
        first: the name of the one compared against.
        second: the name of the other.
        level: -1: whether an image is answered at all; from 0: whether the answer is right, where
            both answer on that level.
        n: images that count for it.
        first_share: of these, the share that the first answers, or answers correctly.
        second_share: the same of the other.
        difference: second minus first, -1 to 1; `difference_low` and `difference_high` are its
            paired 95 % interval (Tango's).
    """

    first: str
    second: str
    level: int
    n: int
    first_share: float
    second_share: float
    difference: float
    difference_low: float
    difference_high: float


@dataclass(frozen=True, eq=False)
class Given:
    """What one classifier answers.

    Attributes:
        model: its name.
        level: int64 (n,), on which level; -1 where it answers nothing.
        right: bool (n,), whether the answer is right on that level.
    """

    model: str
    level: np.ndarray
    right: np.ndarray


def count_levels(given: Sequence[Given]) -> tuple[AnsweredLevel, ...]:
    """Count what each answers on each level, and what it does not answer.

    >>> one = Given("a", np.array([0, 0, 1, -1]), np.array([True, False, True, False]))
    >>> [(each.level, each.answered, each.right) for each in count_levels([one])]
    [(0, 2, 1), (1, 1, 1), (-1, 1, None)]
    """
    found = []
    for one in given:
        n = len(one.level)
        for level in (*range(1 + max(0, int(one.level.max()))), REFUSED):
            here = one.level == level
            answered = int(here.sum())
            right = None if level == REFUSED else int((here & one.right).sum())
            precision, low, high = None, None, None
            if right is not None and answered:
                precision, (low, high) = right / answered, wilson_interval(right, answered)
            found.append(AnsweredLevel(one.model, level, n, answered, right, precision, low, high))
    return tuple(found)


def pair_levels(given: Sequence[Given]) -> tuple[AnsweredPair, ...]:
    """Set each of the others beside the first.

    >>> one = Given("a", np.array([0, 0, 1, -1]), np.array([True, False, True, False]))
    >>> two = Given("b", np.array([0, 0, 0, 0]), np.array([True, True, True, False]))
    >>> for pair in pair_levels([one, two]):
    ...     print(pair.level, pair.n, pair.first_share, pair.second_share, pair.difference)
    -1 4 0.75 1.0 0.25
    0 2 0.5 1.0 0.5
    """
    first, *others = given
    found = []
    for other in others:
        everything = np.ones(len(first.level), np.bool_)
        shares = [(REFUSED, everything, first.level != REFUSED, other.level != REFUSED)]
        for level in np.intersect1d(first.level, other.level).tolist():
            both = (first.level == level) & (other.level == level)
            if level != REFUSED and both.any():
                shares.append((level, both, first.right, other.right))
        for level, among, one, two in shares:
            n, only_one, only_two = (
                int((among & chosen).sum()) for chosen in (among, one & ~two, two & ~one)
            )
            found.append(
                AnsweredPair(
                    first.model,
                    other.model,
                    level,
                    n,
                    float(one[among].mean()),
                    float(two[among].mean()),
                    (only_two - only_one) / n,
                    *tango_interval(only_one, only_two, n),
                )
            )
    return tuple(found)
