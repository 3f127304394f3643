"""What a designer should know of a network: one record a finding, and what the rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from striate.architecture.layer_table.receptive_field import Side
from striate.architecture.layer_table.row import Row
from striate.architecture.layer_table.wiring import IMAGE, Node
from striate.architecture.words import Layer, Shape, Window


@dataclass(frozen=True)
class DesignWarning:
    """Something that costs or loses more than its author may know; one line as text.

    Attributes:
        level: "warning" where something is lost or wasted, "note" where it may well be meant.
        layers: the addresses that it holds for; the first is the one that the text speaks of.
        what: what is the case, with the numbers.
        why: what follows from it.
        cure: what to write instead.

    >>> print(DesignWarning("note", ("conv1", "conv2"), "8 of 9", "they idle", "conv 1x1"))
    note, conv1 (and conv2): 8 of 9; they idle; conv 1x1
    """

    level: Literal["warning", "note"]
    layers: tuple[str, ...]
    what: str
    why: str
    cure: str

    @property
    def layer(self) -> str:
        """The first layer that it holds for."""
        return self.layers[0]

    def as_json(self) -> dict[str, object]:
        """Give it as plain values."""
        texts = {name: getattr(self, name) for name in ("what", "why", "cure")}
        return {"level": self.level, "layer": self.layer, "layers": list(self.layers), **texts}

    def __str__(self) -> str:
        others = self.layers[1:]
        more = "" if not others else f" (and {others[0] if len(others) == 1 else len(others)}"
        more += " others)" if len(others) > 1 else ")" * len(others)
        return f"{self.level}, {self.layer}{more}: {self.what}; {self.why}; {self.cure}"


@dataclass(frozen=True)
class Case:
    """A network as the rules look at it.

    Attributes:
        nodes: every layer with its sources.
        rows: the row of each.
        image: (channels, rows, columns) of what goes in.
        classes: how many classes; None where that is not known.
        receptive_field: what units see before the first word that sees everything.
    """

    nodes: Sequence[Node]
    rows: Sequence[Row]
    image: Shape
    classes: int | None
    receptive_field: Side

    def layer(self, place: int) -> Layer | None:
        """Give the word at a place; None of a join."""
        layer = self.nodes[place].step.layer
        return layer if isinstance(layer, Layer) else None

    def window(self, place: int) -> Window | None:
        """Give the window of a word at a place; None where it has none, and of a join."""
        layer = self.layer(place)
        return None if layer is None else layer.window_on(self.rows[place].input)

    def back(self, place: int) -> Iterator[int]:
        """Give the places before one, nearest first, as far as one follows from one."""
        while True:
            sources = self.nodes[place].sources
            if len(sources) != 1 or sources[0] == IMAGE:
                return
            place = sources[0]
            yield place


def sides(side: Side) -> tuple[int, int]:
    """Give rows and columns.

    >>> sides(7), sides((7, 9))
    ((7, 7), (7, 9))
    """
    return side if isinstance(side, tuple) else (side, side)


Rule = Callable[[Case], Iterator[DesignWarning]]
