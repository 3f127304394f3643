"""Which images a comparison's page shows, with their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from striate.data import Images
from striate.evaluation.comparison.comparison_rows import ImageAnswers
from striate.render import Pixels

MOST = 12  # of one group
GROUPS = 3  # among which all that are shown are shared out


@dataclass(frozen=True, eq=False)
class ShownImage:
    """An image on which the answers differ.

    Attributes:
        answers: what each classifier said of it.
        pixels: uint8 (rows, columns, channels), as the classifier with the largest input sees it.
    """

    answers: ImageAnswers
    pixels: Pixels = field(repr=False)

    @property
    def right(self) -> tuple[bool, ...]:
        """Which of the classifiers were right."""
        return tuple(answer == self.answers.truth for answer in self.answers.answers)


def group_differing(images: Sequence[ImageAnswers]) -> dict[tuple[bool, ...], list[int]]:
    """Return the images whose answers differ, by which of the classifiers were right.

    The surest mistakes come first in each group, the groups in which all were wrong last.

    Args:
        images: of a comparison.

    Returns:
        Which classifiers were right -> indices of the images.
    """
    groups: dict[tuple[bool, ...], list[int]] = {}
    for index, image in enumerate(images):
        if image.differs:
            key = tuple(answer == image.truth for answer in image.answers)
            groups.setdefault(key, []).append(index)
    for found in groups.values():
        found.sort(key=lambda index: -_surest_mistake(images[index]))
    return {
        key: groups[key] for key in sorted(groups, reverse=True, key=lambda key: (any(key), key))
    }


def _surest_mistake(image: ImageAnswers) -> float:
    answered = zip(image.answers, image.probabilities, strict=True)
    return max((sure or 0.0 for answer, sure in answered if answer != image.truth), default=0.0)


def take_shown(
    images: Sequence[ImageAnswers], decoded: Sequence[Images], indices: np.ndarray
) -> tuple[ShownImage, ...]:
    """Return the images that the page shows.

    Args:
        images: of a comparison.
        decoded: all images of the data, as each classifier takes them.
        indices: which of these the images of the comparison are.
    """
    groups = group_differing(images)
    most = MOST * GROUPS // max(GROUPS, len(groups))
    chosen = [index for found in groups.values() for index in found[:most]]
    largest = max(decoded, key=lambda own: own.shape[-1] * own.shape[-2])
    pixels = largest.take(indices[chosen]) if chosen else ()
    return tuple(
        ShownImage(images[index], np.moveaxis(each, 0, -1))
        for index, each in zip(chosen, pixels, strict=True)
    )
