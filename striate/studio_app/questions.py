"""What the page may ask, each question a frozen dataclass that is read from its JSON.

Numbers count from 0; row and column are -1 for features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from striate.errors import SettingError

Text = Annotated[str, Field(max_length=500)]
Number = Annotated[int, Field(ge=-1, le=10_000_000)]
Count = Annotated[int, Field(ge=1, le=64)]
Side = Annotated[int, Field(ge=1, le=512)]


@dataclass(frozen=True)
class Look:
    """What every question says: its number, and which image in which network."""

    id: int
    network: Text
    image: Text


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
class Learn:
    """The first button: a small network learns the digits."""

    id: int
    kind: Literal["learn"]


Question = Layers | Maps | Overview | Map | Cell | Sight | Walk | TopImages | Optimum | Learn
SLOW: Final = (TopImages, Optimum, Learn)  # take seconds, and are worked on beside the others
NEWEST: Final = frozenset({"cell", "sight", "map", "walk", "top", "optimum"})
"""Kinds of which only the newest is answered: who asks again no longer waits for the one before."""

_READER: Final = TypeAdapter[Question](Annotated[Question, Field(discriminator="kind")])


def read_question(text: str) -> Question:
    """Return a question.

    Raises:
        SettingError: it is none.

    >>> read_question('{"kind": "walk", "id": 3, "network": "digits", "image": "digits/1", '
    ...               '"target": 7}').target
    7
    """
    try:
        return _READER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingError(f"the question cannot be read: {place}: {first['msg']}") from error
