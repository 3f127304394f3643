"""What is left of the answers where a classifier may say "I don't know"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from striate.evaluation.metrics.wilson import wilson_interval
from striate.terminal.units import format_percent

UNLIKE: Final = "unlike"  # the image is unlike those of its classes
UNSURE: Final = "unsure"  # the probability is too low


@dataclass(frozen=True)
class Refusals:
    """How many images are answered, and how good these answers are.

    Attributes:
        n: images in all.
        answered: of these, those that are answered.
        unlike: those that are not, as they are unlike the images learnt from.
        unsure: those that are not, as no class is probable enough.
        refused_right: those that are not, though the most probable class was the true one.
        accuracy: share of the answers that are correct; None where there is none.
        accuracy_low: the lower end of its 95 % Wilson interval.
        accuracy_high: the upper end.
    """

    n: int
    answered: int
    unlike: int
    unsure: int
    refused_right: int
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None

    def __str__(self) -> str:
        refused = self.n - self.answered
        share = format_percent(refused / self.n)
        told = f'"I don\'t know" to {refused:,} of {self.n:,} images ({share})'
        if self.accuracy is None or self.accuracy_low is None or self.accuracy_high is None:
            return told
        low = format_percent(self.accuracy_low).removesuffix(" %")
        high = format_percent(self.accuracy_high).removesuffix(" %")
        right = f"{format_percent(self.accuracy)} correct ({low} to {high})"
        return f"{told}; the other {self.answered:,} are {right}"


def count_refusals(refused: Sequence[str], correct: Sequence[bool]) -> Refusals:
    """Count what is answered and what is not.

    Args:
        refused: why each image is not answered, "" where it is.
        correct: whether the most probable class of each is the true one.

    >>> found = count_refusals(["", "unlike", "", ""], [True, True, False, True])
    >>> print(found)
    "I don't know" to 1 of 4 images (25.0 %); the other 3 are 66.7 % correct (20.8 to 93.9)
    """
    right = sum(yes for why, yes in zip(refused, correct, strict=True) if not why)
    answered = sum(not why for why in refused)
    low, high = wilson_interval(right, answered) if answered else (None, None)
    return Refusals(
        n=len(refused),
        answered=answered,
        unlike=sum(why == UNLIKE for why in refused),
        unsure=sum(why == UNSURE for why in refused),
        refused_right=sum(bool(why) and yes for why, yes in zip(refused, correct, strict=True)),
        accuracy=right / answered if answered else None,
        accuracy_low=low,
        accuracy_high=high,
    )
