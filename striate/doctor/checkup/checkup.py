"""What there is to look at in a data set that is checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from striate.data import Collection
from striate.data.images import Preprocess
from striate.doctor.close_look import CloseLook, look_closely
from striate.doctor.image_finding import FoundImage
from striate.doctor.scan.file_signs import PREPROCESS
from striate.doctor.scan.near_copies import NearCopies, group_equal, join
from striate.doctor.scan.scanning import Scan
from striate.errors import ImageError


@dataclass(frozen=True, eq=False)
class Labels:
    """What a classifier that has not learnt from an image says of it.

    Attributes:
        indices: of the images, int64 (n,).
        probabilities: float64 (n, classes); NaN where an image was not predicted.
        predicted: bool (n,), whether it was.
        features: what was asked, in words: a last layer on which features, or a small network.
        accuracy: the share of the predicted whose label it gives.
    """

    indices: np.ndarray
    probabilities: np.ndarray
    predicted: np.ndarray
    features: str
    accuracy: float


@dataclass(frozen=True, eq=False)
class Checkup:
    """A data set, looked through; nothing more is computed before it is asked for.

    Attributes:
        collection: names, labels, classes and splits.
        scan: what was measured of each image.
        near: images that show the same though their files differ.
        fit: how training would make the images fit: by it, what would be cut away.
        labels: what a classifier says of them; None where none was asked.
    """

    collection: Collection
    scan: Scan
    near: NearCopies
    fit: Preprocess
    labels: Labels | None = None
    _looks: dict[int, CloseLook | None] = field(default_factory=dict, init=False, repr=False)

    @property
    def measured(self) -> np.ndarray:
        """SIGNS (n,) of all images."""
        return self.scan.signs

    @property
    def preprocess(self) -> Preprocess:
        """How the images were made to fit when they were measured."""
        return PREPROCESS

    @cached_property
    def there(self) -> np.ndarray:
        """The indices of the images that can be read and have a class."""
        return np.flatnonzero(self.scan.signs["readable"] & (self.collection.labels >= 0))

    @cached_property
    def equal(self) -> tuple[tuple[int, ...], ...]:
        """The groups of images, at least two each, whose files are the same, byte for byte."""
        digests = self.scan.signs["digest"][self.there]
        return tuple(
            tuple(int(self.there[place]) for place in group) for group in group_equal(digests)
        )

    @cached_property
    def alike(self) -> tuple[tuple[int, ...], ...]:
        """The groups of images that show the same: equal files and near copies."""
        pairs = [(group[0], each) for group in self.equal for each in group[1:]]
        pairs += [(pair.first, pair.second) for pair in self.near.pairs]
        return tuple(map(tuple, join(pairs)))

    def close(self, index: int) -> CloseLook | None:
        """Return what a close look at an image gives; None where it can no longer be read."""
        if index not in self._looks:
            try:
                look = look_closely(self.collection.open(index), PREPROCESS)
            except ImageError:
                look = None
            self._looks[index] = look
        return self._looks[index]

    def found(self, index: int) -> FoundImage:
        """Return an image as a finding names it."""
        label = int(self.collection.labels[index])
        named = self.collection.classes[label] if label >= 0 else ""
        return FoundImage(self.collection.names[index], named, self.collection.splits[index])

    def with_labels(self, labels: Labels | None) -> Checkup:
        """Return the same with what a classifier says."""
        return replace(self, labels=labels)
