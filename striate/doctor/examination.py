"""What a run has in hand of its images when it is over, and what is to be looked at in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from striate.data import Collection, Images, Split
from striate.doctor.image_finding import FoundImage
from striate.evaluation.metrics import Evaluation


@dataclass(frozen=True)
class Examination:
    """All that the kinds of findings look at; nothing is computed before it is asked for.

    Attributes:
        collection: names, labels and classes.
        images: decoded, at the network's size, with their hashes.
        split: which of them train, validate and test.
        evaluation: of images that nothing was learnt from; None before there is one.
    """

    collection: Collection
    images: Images
    split: Split
    evaluation: Evaluation | None = None

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The split of each image; "" for one that is in none."""
        found = [""] * len(self.collection)
        for name, indices in self.split.by_name().items():
            for index in indices.tolist():
                found[index] = name
        return tuple(found)

    def found(self, index: int) -> FoundImage:
        """Return an image as a finding names it."""
        label = int(self.collection.labels[index])
        named = self.collection.classes[label] if label >= 0 else ""
        return FoundImage(self.collection.names[index], named, self.splits[index])

    @cached_property
    def equal(self) -> tuple[tuple[int, ...], ...]:
        """The groups of images, at least two each, whose pixels are the same."""
        there = np.flatnonzero(self.images.usable & (self.collection.labels >= 0))
        hashes = self.images.hashes[there]
        order = np.argsort(hashes, kind="stable")
        groups = np.split(there[order], np.flatnonzero(np.diff(hashes[order])) + 1)
        return tuple(tuple(group.tolist()) for group in groups if len(group) > 1)
