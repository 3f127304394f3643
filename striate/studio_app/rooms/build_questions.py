"""What the room Build may ask: about a network text, none of them about trained weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from striate.studio_app.question import Number, Question, Text

NetworkText = Annotated[str, Field(max_length=100_000)]
Pixels = Annotated[int, Field(ge=200, le=4_000)]
Sides = Annotated[int, Field(ge=1, le=4_096)]


@dataclass(frozen=True)
class Vocabulary(Question):
    """The words of the notation, the known networks, and the .cnn files that can be read."""

    kind: Literal["vocabulary"]


@dataclass(frozen=True)
class Source(Question):
    """The text of a known network or of a .cnn file."""

    kind: Literal["source"]
    name: Text


@dataclass(frozen=True)
class Check(Question):
    """What a text means: its layer table, or its first error with its place."""

    kind: Literal["check"]
    text: NetworkText


@dataclass(frozen=True)
class Diagram(Question):
    """The architecture diagram, so many pixels wide, some of its repeats turn by turn."""

    kind: Literal["diagram"]
    text: NetworkText
    width: Pixels
    unfolded: Annotated[list[Text], Field(max_length=500)]


@dataclass(frozen=True)
class Seen(Question):
    """What a unit of a layer sees of the image: its receptive field."""

    kind: Literal["seen"]
    text: NetworkText
    layer: Text
    row: Number
    column: Number


@dataclass(frozen=True)
class Fitted(Question):
    """An image as it goes into a network."""

    kind: Literal["fitted"]
    image: Text
    channels: Sides
    rows: Sides
    columns: Sides


@dataclass(frozen=True)
class Speed(Question):
    """How much this machine computes at best."""

    kind: Literal["speed"]


@dataclass(frozen=True)
class Timing(Question):
    """How long a training step takes here."""

    kind: Literal["timing"]
    text: NetworkText


@dataclass(frozen=True)
class Save(Question):
    """A text into a .cnn file of the studio's folder."""

    kind: Literal["save"]
    text: NetworkText
    name: Text
    replace: bool
