"""What the page may ask, and how an answer looks: what all rooms share.

A question is a frozen dataclass that is read from its JSON. Numbers count from 0; row and column
are -1 for features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import Field

from striate.model.json_value import JsonObject

Text = Annotated[str, Field(max_length=500)]
Number = Annotated[int, Field(ge=-1, le=10_000_000)]
Count = Annotated[int, Field(ge=1, le=64)]
Side = Annotated[int, Field(ge=1, le=512)]

Tell = Callable[[str, float], None]
"""Is told what is being done, and which share of it is done, 0 to 1.

It raises `Superseded` where a newer question has taken the place of the one that is answered.
"""


class Superseded(Exception):
    """Nobody waits for this answer any more; what worked on it stops."""


@dataclass(frozen=True)
class Question:
    """What every question says.

    Attributes:
        id: its number, which the answer bears, too.
        kind: a literal in each class.
    """

    id: int
    kind: str


@dataclass(frozen=True)
class Look(Question):
    """A question about one image in one network."""

    network: Text
    image: Text


@dataclass(frozen=True, eq=False)
class Answer:
    """What goes to the page.

    Attributes:
        said: in words and single numbers.
        arrays: by name.
    """

    said: JsonObject
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
