"""What taught a head its worst mistakes, as the report shows it."""

from __future__ import annotations

from dataclasses import dataclass

from striate.evaluation.metrics import EvaluatedImage
from striate.explanation.taught import Taught


@dataclass(frozen=True)
class TaughtMistakes:
    """What taught a head its worst mistakes.

    Attributes:
        found: each mistake with the training images that speak for it and against it.
        left_out: why there are none; "" where there are.
    """

    found: tuple[tuple[EvaluatedImage, Taught], ...] = ()
    left_out: str = ""
