"""Something that is wrong with a training, in plain words with a cure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Attributes:
        name: "preprocessing", "learning rate", "normalisation", "dead units", "saturation" or
            "labels".
        words: what was seen, with the figures.
        cure: what to do.
        epoch: after which it was seen.
    """

    name: str
    words: str
    cure: str
    epoch: int

    def __str__(self) -> str:
        return f"{self.name}: {self.words}; {self.cure}"
