"""What is asked of the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        kind: "cluster", "image", or "done" where every image has an answer.
        images: their indices; of a cluster the nearest to its centre first.
        shown: those of them that are seen.
        drawn: whether it was drawn at random; no guess is shown then.
        guess: the class that is proposed, by another tool or by the head; "" for none.
        probability: of the guess; None where nothing says it.
        by: "proposal" or "head"; "" for none.
        struck: images of a cluster that another tool calls otherwise than the guess.
    """

    kind: Literal["cluster", "image", "done"]
    images: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    drawn: bool = False
    guess: str = ""
    probability: float | None = None
    by: str = ""
    struck: tuple[int, ...] = ()
