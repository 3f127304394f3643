"""Which training images taught a classifier an answer: what was found, as plain numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from striate.terminal.units import format_percent


@dataclass(frozen=True, eq=False)
class TeachingImage:
    """One training image, and what the answer would be without it.

    Attributes:
        name: as the data has it.
        label: its class.
        change: of the log-odds of the class, if the image is struck out; below 0 where it speaks
            for the class.
        probability: of the class then.
        pixels: uint8 (rows, columns, 1 or 3), small; None where the file cannot be read any more.
    """

    name: str
    label: str
    change: float
    probability: float
    pixels: np.ndarray | None = field(default=None, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, without the image."""
        return {name: value for name, value in vars(self).items() if name != "pixels"}


@dataclass(frozen=True)
class Struck:
    """The answer of a head that is fitted anew without some images.

    Attributes:
        names: of the images.
        log_odds: of the class.
        probability: of the class.
        answer: the most probable class then.
    """

    names: tuple[str, ...]
    log_odds: float
    probability: float
    answer: str


@dataclass(frozen=True, eq=False)
class Taught:
    """The training images that speak most for and against a class in an image.

    Attributes:
        image: its name.
        target: the class.
        log_odds: of the class, by the head on the frozen backbone and its temperature.
        probability: the same as a probability.
        speaks_for: the strongest first.
        speaks_against: likewise.
        n: training images in all.
        n_for: how many of them speak for the class.
        typical: the median size of a change, over all training images.
        stepped: whether the changes are of a Newton step each; else of the influence function
            alone, which is too small for the strongest.
        struck: the answer without some images; None where none were named.
    """

    image: str
    target: str
    log_odds: float
    probability: float
    speaks_for: tuple[TeachingImage, ...]
    speaks_against: tuple[TeachingImage, ...]
    n: int
    n_for: int
    typical: float
    stepped: bool
    struck: Struck | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, without the images."""
        return {
            **vars(self),
            "speaks_for": [each.as_json() for each in self.speaks_for],
            "speaks_against": [each.as_json() for each in self.speaks_against],
            "struck": self.struck and asdict(self.struck),
        }

    @property
    def words(self) -> tuple[str, ...]:
        """What was found, a line each."""
        lines = [
            f"of {self.n:,} training images {self.n_for:,} speak for {self.target} "
            f"({format_percent(self.probability)}), {self.n - self.n_for:,} against it"
        ]
        for words, images in (("for", self.speaks_for), ("against", self.speaks_against)):
            lines += [
                f"{words} it: {one.name} ({one.label}); without it "
                f"{format_percent(one.probability)}"
                for one in images[:3]
            ]
        if self.struck is not None:
            lines.append(self.struck_words)
        return tuple(lines)

    @property
    def struck_words(self) -> str:
        """What the answer is without the images that were named; "" where none were."""
        if self.struck is None:
            return ""
        n, then = len(self.struck.names), self.struck
        other = "" if then.answer == self.target else f", and the answer is {then.answer}"
        return (
            f"fitted anew without {n:,} image{'' if n == 1 else 's'}: {self.target} "
            f"{format_percent(then.probability)} instead of {format_percent(self.probability)}"
            f"{other}"
        )
