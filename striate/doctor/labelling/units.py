"""What answers say of each image; of near copies one stands for all: a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from striate.doctor.labelling.answers import Answer
from striate.doctor.labelling.folder_images import FolderImages


@dataclass(frozen=True)
class Label:
    """The label of one image.

    Attributes:
        name: the class.
        by: "person", of the image itself; "proposal", another tool's that a person confirmed;
            "cluster", named with others.
        drawn: whether the image was drawn at random.
    """

    name: str
    by: Literal["person", "proposal", "cluster"]
    drawn: bool = False


class Units:
    """One image of each group of near copies, in order.

    Args:
        images: of the folder.
        proposals: another tool's labels, by the image's index.

    Attributes:
        indices: int64 (units,), the image that stands for each.
        features: float32 (units, features).
        of_image: int64 (n,), the unit of each image.
    """

    def __init__(self, images: FolderImages, proposals: Mapping[int, str]) -> None:
        own = np.arange(len(images.groups))
        self.indices = np.flatnonzero(images.groups == own)
        self.features = images.features[self.indices]
        self.of_image = np.searchsorted(self.indices, images.groups)
        self._proposals = proposals
        pairs = zip(images.hashes, self.of_image.tolist(), strict=True)
        self._of_hash = dict(reversed(list(pairs)))  # the first of equal ones

    def __len__(self) -> int:
        return len(self.indices)

    def find(self, answer: Answer) -> list[int]:
        """Return the units of an answer; none of images that are no longer there."""
        return [self._of_hash[each] for each in answer.images if each in self._of_hash]

    def read_labels(self, answers: Sequence[Answer]) -> dict[int, Label]:
        """Return the label of each unit; what is said of one goes before its cluster's name."""
        found: dict[int, Label] = {}
        for answer in answers:
            for unit in self.find(answer) if answer.label else []:
                if answer.kind == "image":
                    found[unit] = self._label_one(unit, answer)
                elif unit not in found:
                    found[unit] = Label(answer.label, "cluster")
        return found

    def read_skipped(self, answers: Sequence[Answer]) -> set[int]:
        """Return the units that could not be told."""
        skips = (each for each in answers if each.kind == "skip")
        return {unit for answer in skips for unit in self.find(answer)}

    def _label_one(self, unit: int, answer: Answer) -> Label:
        by: Literal["person", "proposal"] = "person"
        if not answer.drawn and self._proposals.get(int(self.indices[unit])) == answer.label:
            by = "proposal"
        return Label(answer.label, by, answer.drawn)
