"""A promise of precision that is kept with a stated confidence, or refused: learn, then test.

Angelopoulos, Bates, Candès, Jordan and Lei 2021, https://arxiv.org/abs/2110.01052. Of each
threshold of a list that is fixed beforehand the hypothesis "more answers are wrong than promised"
is tested on images that nothing else was fitted on; whichever is rejected keeps the promise. Of the
answers above a threshold the wrong ones are binomial, so the p-value is exact. The list is walked
from several starts, each with its share of what may go wrong (Bonferroni), down to lower thresholds
until a test fails (fixed sequence), so that the family-wise error stays below 1 - confidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from striate.errors import SettingError
from striate.evaluation.calibration.promise_result import LevelFit, PromiseFit
from striate.model.decision import Promise, Taxonomy

THRESHOLDS: Final = (
    0.9999, 0.9998, 0.9995, 0.999, 0.998, 0.995, 0.99, 0.985, 0.98, 0.97, 0.96, 0.95, 0.93, 0.9,
    0.87, 0.84, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0,
)  # fmt: skip
STARTS: Final = (0.999, 0.99, 0.95, 0.8, 0.5)
MOST: Final = 10**7  # images, beyond which no number is told


@dataclass(frozen=True)
class _Tested:
    """The outcome for one group of answers."""

    threshold: float | None
    further: int | None


def check_promise(precision: float, confidence: float) -> None:
    """Refuse what cannot be promised.

    Raises:
        SettingError: one is not between 0 and 1.

    >>> check_promise(99, 0.9)
    Traceback (most recent call last):
    striate.errors.SettingError: the promise is 99; expected a share above 0 and below 1, as 0.99
    """
    if not 0 < precision < 1:
        raise SettingError(
            f"the promise is {precision:g}; expected a share above 0 and below 1, as 0.99"
        )
    if not 0 < confidence < 1:
        raise SettingError(
            f"the promise's confidence is {confidence:g}; expected above 0 and below 1, as 0.9"
        )


def fit_promise(
    probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    precision: float,
    confidence: float = 0.9,
    per_class: bool = False,
    refused: np.ndarray | None = None,
    taxonomy: Taxonomy | None = None,
) -> PromiseFit:
    """Choose thresholds under which answers are right as often as is asked for.

    With a taxonomy it is asked of each level: of the answers by a class, of those by the node
    above it, which are given to images that no class is answered to, and so on. The levels share
    what may go wrong (Bonferroni). Which images come to a level depends on the thresholds below
    it, which were chosen on these very images; so its tests share it among all the ways in which
    those could have come out, too.

    Args:
        probabilities: float (n, classes), after the temperature, of images on which nothing else
            was fitted and nothing chosen.
        labels: int64 (n,).
        precision: the least share of right answers among those given.
        confidence: the least probability, over the choice of these images, of keeping it.
        per_class: whether it is asked of each class that is answered, all at once.
        refused: bool (n,), images that another rule does not answer, or (n, 1 + levels), those
            that it does not answer on each level; None where all are.
        taxonomy: of the classes; None where they have none.

    Raises:
        SettingError: precision or confidence is no share.

    >>> numbers = np.random.default_rng(0)
    >>> sure = numbers.uniform(0.5, 1, 3000)
    >>> labels = (numbers.random(3000) > sure).astype(int)
    >>> found = fit_promise(np.stack([sure, 1 - sure], 1), labels, precision=0.9)
    >>> classes = found.levels[0]
    >>> found.promise.thresholds, round(classes.right / classes.answered, 2)
    ((0.87, 0.87), 0.93)
    >>> few = fit_promise(np.stack([sure, 1 - sure], 1)[:100], labels[:100], precision=0.9)
    >>> few.promise is None, few.levels[0].further > 0
    (True, True)
    """
    check_promise(precision, confidence)
    nodes = _Nodes(probabilities, labels, taxonomy)
    count, images = len(nodes.places), len(labels)
    masks = np.zeros((images, count), np.bool_)
    masks |= False if refused is None else refused.reshape(images, -1)
    left, levels = np.ones(images, np.bool_), list[LevelFit]()
    for number in range(count):
        own, sure, right = nodes.own[number], nodes.sure[number], nodes.right[number]
        offered = left & ~masks[:, number]
        which = range(int(nodes.places[number].max()) + 1)
        groups = [own == each for each in which] if per_class else [np.ones(images, np.bool_)]
        tested = []
        for each, group in enumerate(groups):
            below = nodes.count_below(number, each) if per_class else number
            delta = (1 - confidence) / count / len(groups) * (len(THRESHOLDS) + 1.0) ** -below
            mine = group & offered
            tested.append(_test(sure[mine], right[mine], 1 - precision, delta, images))
        thresholds = tuple(one.threshold for one in tested) * (1 if per_class else len(which))
        least = np.array([np.inf if each is None else each for each in thresholds], np.float32)
        given = offered & (sure >= least[own])
        failed = tuple(each for each, one in enumerate(tested) if one.threshold is None)
        needed = [tested[each].further for each in failed]
        further = None if None in needed else max(filter(None, needed), default=None)
        levels.append(
            LevelFit(
                thresholds, int(offered.sum()), int(given.sum()), int((given & right).sum()),
                further, failed,
            )
        )  # fmt: skip
        left &= ~given
    classes, *above = levels
    kept = any(level.answered for level in levels) if taxonomy else not classes.failed
    promise = None
    if kept:
        told = tuple(level.thresholds for level in above)
        promise = Promise(precision, confidence, per_class, classes.thresholds, images, told)
    return PromiseFit(promise, precision, confidence, per_class, images, tuple(levels))


class _Nodes:
    """What is said of each image on each level: the classes first, then the levels above."""

    def __init__(
        self, probabilities: np.ndarray, labels: np.ndarray, taxonomy: Taxonomy | None
    ) -> None:
        best = probabilities.argmax(1)
        levels = () if taxonomy is None else taxonomy.levels
        self.places = [np.arange(probabilities.shape[1]), *(level.places for level in levels)]
        self.own = [places[best] for places in self.places]
        self.right = [places[best] == places[labels] for places in self.places]
        self.sure = [probabilities.max(1)]
        if taxonomy is not None:
            self.sure += list(taxonomy.sum_of(probabilities, best).T)

    def count_below(self, level: int, node: int) -> int:
        """Count the classes and nodes below a node, each of which has a threshold of its own."""
        mine = self.places[level] == node
        return sum(len(set(places[mine].tolist())) for places in self.places[:level])


def _test(
    sure: np.ndarray, correct: np.ndarray, alpha: float, delta: float, images: int
) -> _Tested:
    """Return the lowest threshold that is proven, or how many more images could prove one."""
    from scipy.special import bdtr

    level = delta / len(STARTS)
    n = np.array([(sure >= np.float32(each)).sum() for each in THRESHOLDS])
    wrong = np.array([(~correct & (sure >= np.float32(each))).sum() for each in THRESHOLDS])
    p_values = np.where(n > 0, bdtr(wrong, n, alpha), 1.0)
    proven = -1
    for start in STARTS:
        place = THRESHOLDS.index(start)
        while place < len(THRESHOLDS) and p_values[place] <= level:
            proven = max(proven, place)
            place += 1
    if proven >= 0:
        return _Tested(THRESHOLDS[proven], None)
    places = [THRESHOLDS.index(start) for start in STARTS]
    totals = [_enough(int(n[k]), int(wrong[k]), alpha, level, images) for k in places]
    known = [total for total in totals if total is not None]
    return _Tested(None, max(1, min(known) - images) if known else None)


def _enough(n: int, wrong: int, alpha: float, level: float, images: int) -> int | None:
    """Return how many images in all prove a threshold, if answered as these are; None: none do."""
    from scipy.special import bdtr

    if not n or wrong / n >= alpha:
        return None

    def proves(total: int) -> bool:
        return bool(bdtr(-(-wrong * total // images), n * total // images, alpha) <= level)

    low, high = images, images
    while not proves(high):
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if proves(middle) else (middle, high)
    return high
