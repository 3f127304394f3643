"""The maps of all images of a class, in one pass: their mean, and how alike they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from striate.data import Images, prefetch
from striate.explanation.batch_hires_cam import MapLayer, batch_hires_cam
from striate.explanation.cell_centers import CellCenters
from striate.explanation.map_alignment import MapAlignment, align_maps, find_shift
from striate.explanation.map_resampling import lay_map
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter

BATCH = 32  # images at once
MIRRORED = 50  # images whose maps are set beside those of their mirror images


@dataclass(frozen=True, eq=False)
class ClassMeanMap:
    """The positive parts of the maps of a class, each scaled to sum one.

    Attributes:
        index: of the class.
        n: how many maps have a positive part.
        mean: float64 (rows, columns) of the maps.
        similarity: the mean cosine of two of them; 1 for a single one.
        centers: where the cells look; None where that is not known.
    """

    index: int
    n: int
    mean: np.ndarray
    similarity: float
    centers: CellCenters | None = field(default=None, repr=False)

    def resized(self, height: int, width: int) -> np.ndarray:
        """Return the mean on the grid of the network's input, of sum one: float32."""
        found = lay_map(self.mean, self.centers, height, width)
        return found / max(float(found.sum()), 1e-12)


class MapAccumulator:
    """Takes up the maps of a class one by one, and keeps two sums.

    >>> summing = MapAccumulator(2, 2)
    >>> for each in ([[1.0, 0.0], [0.0, -9.0]], [[3.0, 0.0], [0.0, 0.0]], [[0.0, 5.0], [0.0, 0.0]]):
    ...     summing.add(np.array(each))
    >>> found = summing.result(0)
    >>> found.n, found.mean.round(2).tolist(), round(found.similarity, 2)
    (3, [[0.67, 0.33], [0.0, 0.0]], 0.33)
    """

    def __init__(self, rows: int, columns: int) -> None:
        self._n = 0
        self._shares = np.zeros((rows, columns))  # each map of sum one
        self._lengths = np.zeros((rows, columns))  # each map of length one

    def add(self, values: np.ndarray) -> None:
        """Take up one map; one without a positive part counts for nothing."""
        positive = np.clip(np.asarray(values, np.float64), 0, None)
        total = positive.sum()
        if total > 0:
            self._n += 1
            self._shares += positive / total
            self._lengths += positive / np.sqrt((positive**2).sum())

    def result(self, place: int) -> ClassMeanMap:
        """Return what there is so far."""
        n = self._n
        pairs = n * (n - 1)
        alike = (float((self._lengths**2).sum()) - n) / pairs if pairs else 1.0
        return ClassMeanMap(place, n, self._shares / max(n, 1), alike)


def average_class_maps(
    model: Classifier,
    layer: MapLayer,
    images: Images,
    indices: np.ndarray,
    labels: Sequence[int] | np.ndarray,
    *,
    reporter: ProgressReporter,
) -> tuple[ClassMeanMap, ...]:
    """Sum up the maps of every class that has images, in one pass over them.

    Args:
        model: the classifier.
        layer: from `find_map_layer`.
        images: decoded with its preprocessing.
        indices: int64, which of them.
        labels: the class of each of these.
        reporter: is told the images done and their total.

    Returns:
        One a class that has a map with a positive part, in the order of the classes.

    Example: ``average_class_maps(model, layer, images, indices, labels, reporter=reporter)``.
    """
    truth = np.asarray(labels, np.int64)
    sums = {int(label): MapAccumulator(layer.rows, layer.columns) for label in np.unique(truth)}
    groups = [indices[start : start + BATCH] for start in range(0, len(indices), BATCH)]
    done = 0
    for _, pixels in prefetch(images, groups):
        own = truth[done : done + len(pixels)]
        maps, _ = batch_hires_cam(model, layer, pixels, own)
        for label, values in zip(own.tolist(), maps, strict=True):
            sums[label].add(values)
        done += len(pixels)
        reporter(done, len(indices))
    found = (
        replace(summing.result(label), centers=layer.centers) for label, summing in sums.items()
    )
    return tuple(each for each in found if each.n)


def align_class_maps(
    model: Classifier,
    layer: MapLayer,
    images: Images,
    indices: np.ndarray,
    labels: Sequence[int] | np.ndarray,
) -> MapAlignment:
    """Return whether the class maps of images lie where the network looks, of 50 at most.

    Args:
        model: the classifier.
        layer: from `find_map_layer`.
        images: decoded with its preprocessing.
        indices: int64, which of them; 50 are taken, spread evenly.
        labels: the class of each of these.

    Example: ``align_class_maps(model, layer, images, indices, labels).words``.
    """
    chosen = np.unique(np.linspace(0, len(indices) - 1, MIRRORED).round().astype(int))
    truth = np.asarray(labels, np.int64)[chosen]
    groups = [indices[chosen[start : start + BATCH]] for start in range(0, len(chosen), BATCH)]
    size = (model.preprocess.height, model.preprocess.width)
    cells = layer.centers or CellCenters.of_grid(layer.rows, layer.columns, size)
    shifts: list[tuple[float, float]] = []
    for _, pixels in prefetch(images, groups):
        own = truth[len(shifts) : len(shifts) + len(pixels)]
        maps, upside, mirrored = (
            batch_hires_cam(model, layer, np.ascontiguousarray(each), own)[0]
            for each in (pixels, pixels[:, :, ::-1], pixels[:, :, :, ::-1])
        )
        shifts += [
            (
                find_shift(one.T, below.T, cells.rows, size[0]),
                find_shift(one, beside, cells.columns, size[1]),
            )
            for one, below, beside in zip(maps, upside, mirrored, strict=True)
        ]
    return align_maps(shifts, cells, size)
