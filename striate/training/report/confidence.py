"""How sure the answers are, and how far that can be relied on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.evaluation.metrics import EvaluatedImage, wilson_interval

BINS = 10
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Bar:
    """The answers of a range of probabilities.

    Attributes:
        low: the lower end of the range, in per cent; it is a tenth of all.
        right: how many are correct.
        wrong: how many are not.
    """

    low: int
    right: int
    wrong: int


@dataclass(frozen=True)
class Accepted:
    """What is left where only answers above a probability are accepted.

    Attributes:
        above: the probability.
        n: answers that reach it.
        wrong: those of them that are wrong.
        low: of the share of wrong ones, the lower end of its 95 % interval.
        high: the upper end.
    """

    above: float
    n: int
    wrong: int
    low: float
    high: float


def count_by_probability(images: Sequence[EvaluatedImage]) -> list[Bar]:
    """Count right and wrong answers by the probability of the answer, in ten ranges.

    >>> sure = EvaluatedImage("a.jpg", "ant", "ant", 1.0, 1.0, 0)
    >>> count_by_probability([sure])[-1]
    Bar(low=90, right=1, wrong=0)
    """
    right = np.array([one.correct for one in images], bool)
    place = np.array([min(int(one.probability * BINS), BINS - 1) for one in images], np.int64)
    counts = [np.bincount(place[which], minlength=BINS) for which in (right, ~right)]
    return [Bar(k * 100 // BINS, int(counts[0][k]), int(counts[1][k])) for k in range(BINS)]


def accept_above(images: Sequence[EvaluatedImage]) -> list[Accepted]:
    """Count what is left of the answers above each of some probabilities, as long as any is.

    >>> sure = EvaluatedImage("a.jpg", "ant", "ant", 0.97, 0.97, 0)
    >>> unsure = EvaluatedImage("b.jpg", "ant", "bee", 0.55, 0.45, 1)
    >>> [(row.above, row.n, row.wrong) for row in accept_above([sure, unsure])][:2]
    [(0.5, 2, 1), (0.6, 1, 0)]
    """
    found = []
    sure = np.array([one.probability for one in images], np.float64)
    right = np.array([one.correct for one in images], bool)
    for above in THRESHOLDS:
        left = right[sure >= above]
        n, wrong = len(left), int((~left).sum())
        if n:
            found.append(Accepted(above, n, wrong, *wilson_interval(wrong, n)))
    return found
