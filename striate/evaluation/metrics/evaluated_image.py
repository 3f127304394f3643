"""What an evaluation is made of: classes, pairs of them, images."""

from __future__ import annotations

from dataclasses import dataclass

from striate.model.prediction import DONT_KNOW


@dataclass(frozen=True)
class ClassScore:
    """How one class fared.

    Attributes:
        name: the class.
        n: images that truly are of it.
        precision: of the images answered with this class, the share that are of it; None
            where it was never answered.
        recall: of the images of this class, the share answered with it; None where there
            is no image of it. `recall_low` and `recall_high` are its 95 % Wilson interval.
        f1: 2 hits / (2 hits + false answers + misses), the harmonic mean of the two; None
            where the class neither has an image nor was answered.
    """

    name: str
    n: int
    precision: float | None
    recall: float | None
    f1: float | None
    recall_low: float | None = None
    recall_high: float | None = None


@dataclass(frozen=True)
class ConfusedPair:
    """How often images of the class `truth` were answered with the class `answer`."""

    truth: str
    answer: str
    n: int


@dataclass(frozen=True)
class EvaluatedImage:
    """One image and what was answered.

    Attributes:
        name: the image.
        truth: its class.
        answer: the class with the highest probability.
        probability: of the answer, 0 to 1.
        truth_probability: of the true class, 0 to 1.
        index: the image's row in the arrays that were scored.
        runner_up: the class with the second highest probability; "" where that is not known, as
            in the records of older versions.
        runner_up_probability: of that class, 0 to 1.
        refused: why nothing is answered: "unlike", "unsure"; "" where the answer is given.
        node: of a taxonomy, what is answered instead of the class; "" where that is not so.
    """

    name: str
    truth: str
    answer: str
    probability: float
    truth_probability: float
    index: int
    runner_up: str = ""
    runner_up_probability: float = 0.0
    refused: str = ""
    node: str = ""

    @property
    def said(self) -> str:
        """What is said instead of the class: a node above it, or "I don't know"; else ""."""
        return DONT_KNOW if self.refused else self.node

    @property
    def correct(self) -> bool:
        """Whether the answer is the true class."""
        return self.answer == self.truth
