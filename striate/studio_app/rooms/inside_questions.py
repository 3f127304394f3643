"""What the room Inside asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from striate.studio_app.question import Count, Look, Number, Question, Side, Text


@dataclass(frozen=True)
class Layers(Look):
    """Which layers there are, and what the network answers."""

    kind: Literal["layers"]


@dataclass(frozen=True)
class Maps(Look):
    """Some maps of a layer, averaged down to a side."""

    kind: Literal["maps"]
    layer: Text
    first: Number
    count: Count
    side: Side


@dataclass(frozen=True)
class Overview(Look):
    """The most active maps of a layer, small."""

    kind: Literal["overview"]
    layer: Text
    count: Count
    side: Side


@dataclass(frozen=True)
class Map(Look):
    """One whole map of a layer, or of what goes into it (``source`` from 0; -1: its output)."""

    kind: Literal["map"]
    layer: Text
    source: Number
    unit: Number


@dataclass(frozen=True)
class Cell(Look):
    """The whole sum of one number, with the normalisation and activation behind it."""

    kind: Literal["cell"]
    layer: Text
    unit: Number
    row: Number
    column: Number


@dataclass(frozen=True)
class Sight(Look):
    """What one number sees of the image: its receptive field."""

    kind: Literal["sight"]
    layer: Text
    unit: Number
    row: Number
    column: Number


@dataclass(frozen=True)
class Walk(Look):
    """The path from a logit to a pixel; target -1 for the most probable class."""

    kind: Literal["walk"]
    target: Number


@dataclass(frozen=True)
class TopImages(Look):
    """The patches that a unit answers most to."""

    kind: Literal["top"]
    layer: Text
    unit: Number


@dataclass(frozen=True)
class Optimum(Look):
    """An image made for a unit."""

    kind: Literal["optimum"]
    layer: Text
    unit: Number


@dataclass(frozen=True)
class Learn(Question):
    """The first button: a small network learns the digits."""

    kind: Literal["learn"]
