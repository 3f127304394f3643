"""What the room Explain asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from striate.studio_app.question import Look, Number, Text

Place = Annotated[float, Field(ge=-4096, le=4096)]
Shade = Annotated[int, Field(ge=0, le=255)]
Shift = Annotated[int, Field(ge=-4096, le=4096)]


@dataclass(frozen=True)
class Brushed:
    """One stroke of the brush, in pixels of the network's input."""

    paint: Literal["gray", "blur", "color", "copy"]
    radius: Annotated[float, Field(gt=0, le=512)]
    points: Annotated[tuple[tuple[Place, Place], ...], Field(min_length=1, max_length=1000)]
    color: tuple[Shade, Shade, Shade] = (0, 0, 0)
    offset: tuple[Shift, Shift] = (0, 0)


@dataclass(frozen=True)
class Painted(Look):
    """An image in a network, with what a brush has laid on it.

    Attributes:
        strokes: the oldest first.
        target: the class that is explained; -1 for the most probable.
        against: another class, taken off; -1 for none.
    """

    strokes: Annotated[tuple[Brushed, ...], Field(max_length=200)]
    target: Number
    against: Number


@dataclass(frozen=True)
class Classes(Look):
    """The names of the classes, and which methods there are for this network."""

    kind: Literal["classes"]


@dataclass(frozen=True)
class Heat(Painted):
    """The answer, the split of the score, and maps that one pass gives.

    Attributes:
        methods: of these maps.
        apart: whether both classes are explained by themselves, too.
    """

    kind: Literal["heat"]
    methods: Annotated[list[Text], Field(max_length=12)]
    apart: bool


@dataclass(frozen=True)
class Slow(Painted):
    """What takes many passes, or a way back of its own; a newer one stops it.

    Attributes:
        what: a map; the parameter randomisation test of a method; deletion and insertion in the
            order of its map; or nothing, to stop the one before.
        method: that is meant.
    """

    kind: Literal["slow"]
    what: Literal["map", "trust", "curves", "nothing"]
    method: Text
