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

from striate.data import format_count
from striate.errors import SettingError
from striate.model.decision import Promise
from striate.terminal.units import format_percent

THRESHOLDS: Final = (
    0.9999, 0.9998, 0.9995, 0.999, 0.998, 0.995, 0.99, 0.985, 0.98, 0.97, 0.96, 0.95, 0.93, 0.9,
    0.87, 0.84, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0,
)  # fmt: skip
STARTS: Final = (0.999, 0.99, 0.95, 0.8, 0.5)
MOST: Final = 10**7  # images, beyond which no number is told


@dataclass(frozen=True)
class PromiseFit:
    """A promise, or why there is none.

    Attributes:
        promise: for the classifier; None where the images cannot carry it.
        precision: as it was asked for.
        confidence: likewise.
        n: images that it was tested on.
        answered: of these, those that are answered with it.
        right: of these, those that are answered correctly.
        further: how many more images could carry it, where it is refused; None where no number
            could, as too many of the surest answers are wrong.
        failed: the classes that cannot carry it, where it is asked of each class.
    """

    promise: Promise | None
    precision: float
    confidence: float
    n: int
    answered: int = 0
    right: int = 0
    further: int | None = None
    failed: tuple[int, ...] = ()

    def describe(self, classes: tuple[str, ...]) -> str:
        """Say in a line what is promised, or why it is refused and what would help."""
        asked = f"{format_percent(self.precision)} of the answers are correct"
        if self.promise is not None and self.promise.per_class or self.failed:
            asked = f"of each class {asked}"
        with_what = f"with {format_percent(self.confidence)} confidence"
        if self.promise is not None:
            kept = format_percent(self.answered / max(self.n, 1))
            shown = f"{self.right:,} of {self.answered:,} answers were correct"
            return (
                f"promised, {with_what}: {asked}; tested on {self.n:,} images, of which {kept} are "
                f"answered ({shown})"
            )
        which = ""
        if self.failed:
            names = ", ".join(f"'{classes[each]}'" for each in self.failed[:3])
            which = f" for {names}{', ...' if len(self.failed) > 3 else ''}"
        images = format_count(self.n, "image")
        if self.further is None:
            return (
                f"no promise that {asked}: on {images} too many of even the surest answers are "
                f"wrong{which}; promise less, or train better"
            )
        return (
            f"no promise that {asked}: {images} cannot show it {with_what}{which}; some "
            f"{self.further:,} further ones could, if they are answered as these are"
        )


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
) -> PromiseFit:
    """Choose thresholds under which answers are right as often as is asked for.

    Args:
        probabilities: float (n, classes), after the temperature, of images on which nothing else
            was fitted and nothing chosen.
        labels: int64 (n,).
        precision: the least share of right answers among those given.
        confidence: the least probability, over the choice of these images, of keeping it.
        per_class: whether it is asked of each class that is answered, all at once.
        refused: bool (n,), images that another rule does not answer; None where all are.

    Raises:
        SettingError: precision or confidence is no share.

    >>> numbers = np.random.default_rng(0)
    >>> sure = numbers.uniform(0.5, 1, 3000)
    >>> labels = (numbers.random(3000) > sure).astype(int)
    >>> found = fit_promise(np.stack([sure, 1 - sure], 1), labels, precision=0.9)
    >>> found.promise.thresholds, round(found.right / found.answered, 2)
    ((0.87, 0.87), 0.93)
    >>> few = fit_promise(np.stack([sure, 1 - sure], 1)[:100], labels[:100], precision=0.9)
    >>> few.promise is None, few.further > 0
    (True, True)
    """
    check_promise(precision, confidence)
    classes, best, sure = probabilities.shape[1], probabilities.argmax(1), probabilities.max(1)
    offered = np.ones(len(labels), np.bool_) if refused is None else ~refused
    correct = best == labels
    alpha, delta = 1 - precision, 1 - confidence
    groups = [best == c for c in range(classes)] if per_class else [np.ones(len(labels), np.bool_)]
    tested = [
        _test(
            sure[group & offered], correct[group & offered], alpha, delta / len(groups), len(sure)
        )
        for group in groups
    ]
    failed = tuple(c for c, one in enumerate(tested) if one.threshold is None)
    if failed:
        needed = [one.further for one in tested if one.threshold is None]
        further = None if None in needed else max(each for each in needed if each is not None)
        return PromiseFit(
            None, precision, confidence, len(labels), further=further,
            failed=failed if per_class else (),
        )  # fmt: skip
    own = [one.threshold for one in tested] * (1 if per_class else classes)
    thresholds = np.array(own, np.float32)
    given = offered & (sure >= thresholds[best])
    return PromiseFit(
        Promise(precision, confidence, per_class, tuple(own), len(labels)),
        precision,
        confidence,
        len(labels),
        int(given.sum()),
        int((given & correct).sum()),
    )


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
