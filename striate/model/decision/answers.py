"""What a classifier answers for several images, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

REFUSED: Final = -1  # in the place of a class: "I don't know"


@dataclass(frozen=True, eq=False)
class Answers:
    """What is answered, a row an image.

    Attributes:
        probabilities: float32 (n, classes), each row summing to one.
        classes: int64 (n,), the class that is answered, `REFUSED` (-1) where none is.
        confidence: float32 (n,), the largest probability.
        distance: float32 (n,), how far the image's features lie from those of the nearest class,
            about 1 for an image like those learnt from; NaN where it is not measured.
        unlike: bool (n,), whether the distance is why nothing is answered.
        unsure: bool (n,), whether the confidence is.
        node: int64 (n,), what is answered: the number of the class, or of a node of the taxonomy
            above it, which are counted on from the last class; `REFUSED` where nothing is.
        node_probability: float32 (n,), of what is answered: the sum over the node's classes; where
            nothing is, the confidence.
        level: int64 (n,), 0 where a class is answered, 1 where the node above it is, and so on;
            `REFUSED` where nothing is.

    >>> yes = np.array([True, False])
    >>> rows = np.array([[0.6, 0.4], [0.1, 0.9]], np.float32)
    >>> far = np.array([3.0, 1.0], np.float32)
    >>> given = np.array([-1, 1])
    >>> answers = Answers(
    ...     rows, given, rows.max(1), far, unlike=yes, unsure=~yes & ~yes,
    ...     node=given, node_probability=rows.max(1), level=np.array([-1, 0]),
    ... )
    >>> answers.best.tolist(), answers.refused.tolist()
    ([0, 1], [True, False])
    """

    probabilities: np.ndarray
    classes: np.ndarray
    confidence: np.ndarray
    distance: np.ndarray
    unlike: np.ndarray
    unsure: np.ndarray
    node: np.ndarray
    node_probability: np.ndarray
    level: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """The most probable class, answered or not: int64 (n,)."""
        return np.asarray(self.probabilities.argmax(1))

    @property
    def refused(self) -> np.ndarray:
        """Where nothing is answered: bool (n,)."""
        return np.asarray(self.node == REFUSED)

    def each(self) -> list[Answers]:
        """Return the answer to each image by itself."""
        return [
            Answers(**{name: getattr(self, name)[i : i + 1] for name in self.__dataclass_fields__})
            for i in range(len(self.classes))
        ]

    @staticmethod
    def join(parts: list[Answers]) -> Answers:
        """Return the answers of several batches as those of one."""
        return Answers(
            **{
                name: np.concatenate([getattr(part, name) for part in parts])
                for name in Answers.__dataclass_fields__
            }
        )
