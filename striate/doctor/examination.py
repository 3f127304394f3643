"""What a run has in hand of its images when it is over, and what is to be looked at in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from striate.data import Collection, Images, Split
from striate.data.images import Preprocess
from striate.doctor.close_look import CloseLook, look_closely
from striate.doctor.image_finding import FoundImage
from striate.doctor.image_signs import ImageSigns
from striate.errors import ImageError
from striate.evaluation.metrics import EvaluatedImage


class Examined(Protocol):
    """Images that a kind of finding looks at: those of a run, or of a data set that is checked."""

    @property
    def preprocess(self) -> Preprocess:
        """By which the images were made to fit when they were measured."""

    @property
    def measured(self) -> np.ndarray:
        """Of each image what was measured, "few" and "spread" among it: a structured (n,)."""

    @property
    def there(self) -> np.ndarray:
        """The indices of the images that can be read and have a class."""

    @property
    def equal(self) -> tuple[tuple[int, ...], ...]:
        """The groups of images, at least two each, that are the same."""

    def close(self, index: int) -> CloseLook | None:
        """Return what a close look at an image gives; None where it can no longer be read."""

    def found(self, index: int) -> FoundImage:
        """Return an image as a finding names it."""


@dataclass(frozen=True)
class Examination:
    """All that the kinds of findings look at; nothing is computed before it is asked for.

    Attributes:
        collection: names, labels and classes.
        images: decoded, at the network's size, with their hashes.
        split: which of them train, validate and test.
        preprocess: by which they were made to fit the network.
        signs: what was measured of them while they were read.
        answers: of the classifier, to images that nothing was learnt from.
    """

    collection: Collection
    images: Images
    split: Split
    preprocess: Preprocess
    signs: ImageSigns
    answers: Sequence[EvaluatedImage] = ()
    _looks: dict[int, CloseLook | None] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def measured(self) -> np.ndarray:
        """SIGNS (n,), of all images that can be read."""
        return self.signs.complete(self.images)

    @cached_property
    def there(self) -> np.ndarray:
        """The indices of the images that can be read and have a class."""
        return np.flatnonzero(self.images.usable & (self.collection.labels >= 0))

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The split of each image; "" for one that is in none."""
        found = [""] * len(self.collection)
        for name, indices in self.split.by_name().items():
            for index in indices.tolist():
                found[index] = name
        return tuple(found)

    @cached_property
    def equal(self) -> tuple[tuple[int, ...], ...]:
        """The groups of images, at least two each, whose pixels are the same."""
        hashes = self.images.hashes[self.there]
        _, which, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        groups: dict[int, list[int]] = {}
        for place in np.flatnonzero(counts[which] > 1).tolist():
            groups.setdefault(int(hashes[place]), []).append(int(self.there[place]))
        return tuple(map(tuple, groups.values()))

    def close(self, index: int) -> CloseLook | None:
        """Return what a close look at an image gives; None where it can no longer be read."""
        if index not in self._looks:
            try:
                look = look_closely(self.collection.open(index), self.preprocess)
            except ImageError:
                look = None
            self._looks[index] = look
        return self._looks[index]

    def found(self, index: int) -> FoundImage:
        """Return an image as a finding names it."""
        label = int(self.collection.labels[index])
        named = self.collection.classes[label] if label >= 0 else ""
        return FoundImage(self.collection.names[index], named, self.splits[index])
