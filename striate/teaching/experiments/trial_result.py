"""What one training of an experiment gives: shares classified correctly, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """How good a trained network was under one condition.

    Attributes:
        condition: how the images were given, in words.
        across: the same as a number, for the horizontal axis; 0 where it is none.
        share: of the images, classified correctly.
    """

    condition: str
    across: float
    share: float


@dataclass(frozen=True)
class Measured:
    """A number besides these.

    Attributes:
        name: what was measured, with its unit in brackets where it has one.
        across: the layer or the like, from 1 on; 0 where it is of the whole network.
        value: the number, 0 or more.
    """

    name: str
    across: float
    value: float


@dataclass(frozen=True)
class Found:
    """What one training gave.

    Attributes:
        scores: one a condition.
        measured: what else there is.
        remarks: what has to be known to read it, in sentences.
    """

    scores: tuple[Score, ...]
    measured: tuple[Measured, ...] = ()
    remarks: tuple[str, ...] = ()
