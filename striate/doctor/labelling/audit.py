"""What a head is worth, counted on images that were drawn at random and on no others.

Images that were chosen because the head was unsure of them are harder than the rest, and those of a
named cluster easier: an accuracy of either says nothing of the folder. So some images are drawn at
random before anything is known, and a person labels them without being shown a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from striate.evaluation.metrics.wilson import wilson_interval
from striate.features.head import standardize
from striate.features.logistic_regression import minimize_loss
from striate.terminal.units import format_percent

DRAWN: Final = 60  # images, at most; 58 of them right is 89 to 99 %
SHARE: Final = 0.25  # of a small folder that is drawn, at most
FOLDS: Final = 10


@dataclass(frozen=True)
class AuditCount:
    """How many of the images that were drawn at random are right.

    Attributes:
        right: as the person says.
        n: images.
    """

    right: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the share."""
        return wilson_interval(self.right, self.n)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.right:,} of {self.n:,} images drawn at random: "
            f"{format_percent(self.right / self.n)} ({format_percent(low)} to "
            f"{format_percent(high)} with 95 % confidence)"
        )


def draw_audit(n: int, *, seed: int) -> tuple[int, ...]:
    """Return n images in random order, and so first those that are to be labelled unseen.

    >>> sorted(draw_audit(4, seed=0))
    [0, 1, 2, 3]
    """
    generator = np.random.Generator(np.random.Philox(key=[seed % 2**64, 7]))
    return tuple(generator.permutation(n).tolist())


def count_drawn(n: int) -> int:
    """Return how many of n images are drawn at random to be counted on.

    >>> count_drawn(5000), count_drawn(100), count_drawn(3)
    (60, 25, 1)
    """
    return min(DRAWN, max(1, round(SHARE * n)))


def estimate_accuracy(
    features: np.ndarray,
    labels: np.ndarray,
    drawn: np.ndarray,
    *,
    classes: int,
    strength: float,
) -> AuditCount | None:
    """Count the drawn images that a head gets right which has learnt from all others.

    Each tenth of the drawn images is answered by a head that learns from everything else that is
    labelled, the other drawn images among it: no label is lost to the count. None where none is
    drawn, or one class alone is left to learn.

    Args:
        features: float32 (n, features) of the labelled images, one of each group of near copies.
        labels: int64 (n,).
        drawn: bool (n,), which of them were drawn at random.
        classes: how many there are.
        strength: the weight decay.

    >>> values = np.repeat(np.array([[0.0], [1.0]], np.float32), 20, axis=0)
    >>> labels = np.arange(40) // 20
    >>> estimate_accuracy(values, labels, np.arange(40) % 2 == 0, classes=2, strength=0.1)
    AuditCount(right=20, n=20)
    """
    places = np.flatnonzero(drawn)
    if not len(places) or len(np.unique(labels)) < 2:
        return None
    folds = min(FOLDS, len(places))
    fold = np.full(len(labels), -1)
    fold[places] = np.arange(len(places)) % folds
    learning = (fold[None] != np.arange(folds)[:, None]).astype(np.float64)
    if not learning.any(1).all():  # a single image
        return None
    with threadpool_limits(1, "blas"):
        values = standardize(features[:, None]).values[:, 0]
        start = np.zeros((values.shape[1] + 1, folds, classes), np.float32)
        point = minimize_loss(values, labels, learning, strength=strength, start=start)
        answers = np.einsum("rc,crk->rk", values[places], point[:-1, fold[places]])
        answers = (answers + point[-1, fold[places]]).argmax(1)
    return AuditCount(int((answers == labels[places]).sum()), len(places))
