"""The maps of all images of a class, in one pass: their mean, and how alike they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.data import Images, prefetch
from striate.explanation.contributions import LastMaps, contributions
from striate.explanation.map_resampling import stretched
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter

BATCH = 32  # images at once


@dataclass(frozen=True, eq=False)
class ClassMaps:
    """The positive parts of the maps of a class, each scaled to sum one.

    Attributes:
        place: of the class.
        n: how many maps have a positive part.
        mean: float64 (rows, columns) of the maps.
        alike: the mean cosine of two of them; 1 for a single one.
    """

    place: int
    n: int
    mean: np.ndarray
    alike: float

    def on(self, height: int, width: int) -> np.ndarray:
        """Give the mean on the grid of the network's input, of sum one: float32."""
        found = stretched(self.mean, height, width)
        return found / max(float(found.sum()), 1e-12)


class Summing:
    """Takes up the maps of a class one by one, and keeps two sums.

    >>> summing = Summing(2, 2)
    >>> for each in ([[1.0, 0.0], [0.0, -9.0]], [[3.0, 0.0], [0.0, 0.0]], [[0.0, 5.0], [0.0, 0.0]]):
    ...     summing.take(np.array(each))
    >>> found = summing.result(0)
    >>> found.n, found.mean.round(2).tolist(), round(found.alike, 2)
    (3, [[0.67, 0.33], [0.0, 0.0]], 0.33)
    """

    def __init__(self, rows: int, columns: int) -> None:
        self._n = 0
        self._shares = np.zeros((rows, columns))  # each map of sum one
        self._lengths = np.zeros((rows, columns))  # each map of length one

    def take(self, values: np.ndarray) -> None:
        """Take up one map; one without a positive part counts for nothing."""
        positive = np.clip(np.asarray(values, np.float64), 0, None)
        total = positive.sum()
        if total > 0:
            self._n += 1
            self._shares += positive / total
            self._lengths += positive / np.sqrt((positive**2).sum())

    def result(self, place: int) -> ClassMaps:
        """Give what there is so far."""
        n = self._n
        pairs = n * (n - 1)
        alike = (float((self._lengths**2).sum()) - n) / pairs if pairs else 1.0
        return ClassMaps(place, n, self._shares / max(n, 1), alike)


def class_maps(
    model: Classifier,
    where: LastMaps,
    images: Images,
    indices: np.ndarray,
    labels: Sequence[int] | np.ndarray,
    *,
    reporter: ProgressReporter,
) -> tuple[ClassMaps, ...]:
    """Sum up the maps of every class that has images, in one pass over them.

    Args:
        model: the classifier.
        where: from `last_maps`.
        images: decoded with its preprocessing.
        indices: int64, which of them.
        labels: the class of each of these.
        reporter: is told the images done and their total.

    Returns:
        One a class that has a map with a positive part, in the order of the classes.

    Example: ``class_maps(model, last_maps(model), images, indices, labels, reporter=reporter)``.
    """
    truth = np.asarray(labels, np.int64)
    sums = {int(label): Summing(where.rows, where.columns) for label in np.unique(truth)}
    groups = [indices[start : start + BATCH] for start in range(0, len(indices), BATCH)]
    done = 0
    for _, pixels in prefetch(images, groups):
        own = truth[done : done + len(pixels)]
        maps, _ = contributions(model, where, pixels, own)
        for label, values in zip(own.tolist(), maps, strict=True):
            sums[label].take(values)
        done += len(pixels)
        reporter(done, len(indices))
    found = (summing.result(label) for label, summing in sums.items())
    return tuple(each for each in found if each.n)
