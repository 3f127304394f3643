"""Where everything of a drawing stands: a network as a line of nodes along which its data flow.

A chain is laid along one axis; a fork lays its branches side by side across it, an identity as an
arc around the others. So no two nodes can meet, and a line meets a node only where it ends there.
Lengths run along the flow (u), widths across it (v, 0 on the line): a drawing from left to right
takes u for x, one from top to bottom takes it for y.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from striate.architecture.diagram.structure import Element, Fork, Node, Repeat

GUTTER: Final = 22.0  # pixels in which lines part and meet again
LANES: Final = 10.0  # between branches
ARCS: Final = 9.0  # between arcs, and above what they go around
STRAIGHT: Final = 7.0  # each side of a branch that is a line alone
FRAME: Final = 7.0  # from a frame to what stands in it


@dataclass(frozen=True)
class Cell:
    """The room that a node takes.

    Attributes:
        node: what stands there.
        ahead: pixels along, before its box.
        length: of its box.
        behind: after it.
        up: pixels across, on the side of arcs.
        down: on the other side.
        reach: from the line to the edge of its box on the side of arcs.
        drop: from the line to its caption, where it has one beside the box.
    """

    node: Node
    ahead: float
    length: float
    behind: float
    up: float
    down: float
    reach: float
    drop: float = 0.0


Measure = Callable[[Node, Node | None, Node | None], Cell]
"""Gives the room of a node, between the nodes before and behind it, if such are there."""


@dataclass(frozen=True)
class Label:
    """The room of a frame's label.

    Attributes:
        length: pixels along that it takes at least.
        ahead: pixels along, before what is framed.
        above: pixels across, beside what is framed, on the side of arcs.
        least: pixels across from the line to the frame, on that side.
    """

    length: float = 0.0
    ahead: float = 0.0
    above: float = 0.0
    least: float = 0.0


@dataclass(frozen=True)
class Manner:
    """What a kind of drawing says to its layout: the rooms of nodes and of the labels of frames."""

    measure: Measure
    label: Callable[[str], Label]


@dataclass(frozen=True)
class Spot:
    """A node in its place: u of the near edge of its box, v of its middle."""

    cell: Cell
    u: float
    v: float

    def moved(self, u: float, v: float) -> Spot:
        """Give it elsewhere."""
        return replace(self, u=self.u + u, v=self.v + v)

    @property
    def end(self) -> float:
        """The far edge of its box."""
        return self.u + self.cell.length


@dataclass(frozen=True)
class Link:
    """A straight line along the flow, between two nodes or from or to a place without one."""

    start: tuple[float, float]
    end: tuple[float, float]
    before: Spot | None = None
    after: Spot | None = None

    def moved(self, u: float, v: float) -> Link:
        """Give it elsewhere."""
        return Link(
            _shifted(self.start, u, v),
            _shifted(self.end, u, v),
            self.before and self.before.moved(u, v),
            self.after and self.after.moved(u, v),
        )


@dataclass(frozen=True)
class Bend:
    """A line from one height to another, within the gutter of a fork."""

    start: tuple[float, float]
    end: tuple[float, float]

    def moved(self, u: float, v: float) -> Bend:
        """Give it elsewhere."""
        return Bend(_shifted(self.start, u, v), _shifted(self.end, u, v))


@dataclass(frozen=True)
class Arc:
    """An identity: a line from the flow around the branches beside it, to the node that joins."""

    start: tuple[float, float]
    end: tuple[float, float]
    top: float
    turn: float

    def moved(self, u: float, v: float) -> Arc:
        """Give it elsewhere."""
        start, end = _shifted(self.start, u, v), _shifted(self.end, u, v)
        return Arc(start, end, self.top + v, self.turn)


@dataclass(frozen=True)
class Frame:
    """A border around what is repeated."""

    start: tuple[float, float]
    end: tuple[float, float]
    label: str
    key: str = ""

    def moved(self, u: float, v: float) -> Frame:
        """Give it elsewhere."""
        return replace(self, start=_shifted(self.start, u, v), end=_shifted(self.end, u, v))


Mark = Spot | Link | Bend | Arc | Frame


@dataclass(frozen=True)
class Sketch:
    """Marks in their places, from u = 0 on and around v = 0, and the room that they take."""

    length: float
    up: float
    down: float
    marks: tuple[Mark, ...]

    def moved(self, u: float, v: float) -> Iterator[Mark]:
        """Give the marks elsewhere."""
        return (mark.moved(u, v) for mark in self.marks)


def _shifted(point: tuple[float, float], u: float, v: float) -> tuple[float, float]:
    return point[0] + u, point[1] + v


def lay_out(
    chain: Sequence[Element],
    manner: Manner,
    *,
    first: bool = False,
    last: bool = False,
    loose: float = 0.0,
) -> Sketch:
    """Lay a chain along its line.

    Args:
        chain: what follows each other.
        manner: how large nodes are.
        first: whether no line leads in.
        last: whether none leads out.
        loose: pixels more between neighbours.
    """
    marks: list[Mark] = []
    u = up = down = 0.0
    before: Spot | None = None  # the node whose line onward is still to be drawn, from `start` on
    start = None if first else (0.0, 0.0)
    for number, element in enumerate(chain):
        u += loose if number else 0.0
        if isinstance(element, Node):
            around = (_node_at(chain, number - 1), _node_at(chain, number + 1))
            cell = manner.measure(element, *around)
            spot = Spot(cell, u + cell.ahead, 0.0)
            if start is not None:
                marks.append(Link(start, (spot.u, 0.0), before, spot))
            marks.append(spot)
            u, up, down = spot.end + cell.behind, max(up, cell.up), max(down, cell.down)
            before, start = spot, (spot.end, 0.0)
            continue
        part = _fork(element, manner) if isinstance(element, Fork) else _repeat(element, manner)
        if start is not None and start[0] < u:
            marks.append(Link(start, (u, 0.0), before))
        marks += part.moved(u, 0.0)
        u, up, down = u + part.length, max(up, part.up), max(down, part.down)
        before, start = None, (u, 0.0)
    if start is not None and start[0] < u and not last:
        marks.append(Link(start, (u, 0.0), before))
    return Sketch(u, up, down, tuple(marks))


def _node_at(chain: Sequence[Element], place: int) -> Node | None:
    one = chain[place] if 0 <= place < len(chain) else None
    return one if isinstance(one, Node) else None


def _fork(fork: Fork, manner: Manner) -> Sketch:
    """Lay branches side by side: those of cat around the line, else the longest one on it."""
    lanes, arcs = _lanes(fork, manner)
    length = max(lane.length for lane in lanes)
    heights = _heights(lanes, centred=fork.join.kind == "cat")
    marks: list[Mark] = []
    far = GUTTER + length
    for lane, v in zip(lanes, heights, strict=True):
        near = GUTTER + (length - lane.length) / 2
        marks += [Bend((0.0, 0.0), (GUTTER, v)), Bend((far, v), (far + GUTTER, 0.0))]
        marks += lane.moved(near, v)
        if lane.length < length:
            marks += [Link((GUTTER, v), (near, v)), Link((near + lane.length, v), (far, v))]
    cell = manner.measure(fork.join, None, None)
    spot = Spot(cell, far + GUTTER + cell.ahead, 0.0)
    length = spot.end + cell.behind
    marks += [Link((far + GUTTER, 0.0), (spot.u, 0.0), None, spot), spot]
    marks.append(Link((spot.end, 0.0), (length, 0.0), spot))
    up = max(cell.up, *(lane.up - v for lane, v in zip(lanes, heights, strict=True)))
    down = max(cell.down, *(lane.down + v for lane, v in zip(lanes, heights, strict=True)))
    for _ in range(arcs):
        up += ARCS
        end = (spot.u + cell.length / 2, -cell.reach)
        marks.append(Arc((0.0, 0.0), end, -up, GUTTER))
    return Sketch(length, up + (2.0 if arcs else 0.0), down, tuple(marks))


def _lanes(fork: Fork, manner: Manner) -> tuple[list[Sketch], int]:
    """Give the branches that are lanes, the one on the line first, and how many are arcs.

    What a gate scales goes straight on, and so does one identity where there is nothing else.
    """
    straight = Sketch(0.0, STRAIGHT, STRAIGHT, ())
    lanes = [lay_out(b, manner) for b in fork.branches if b]
    arcs = len(fork.branches) - len(lanes)
    if arcs and (fork.join.kind == "mul" or not lanes):
        lanes, arcs = [straight, *lanes], arcs - 1
    elif fork.join.kind != "cat":
        lanes.sort(key=lambda lane: -lane.length)
    return lanes, arcs


def _heights(lanes: Sequence[Sketch], *, centred: bool) -> list[float]:
    """Give the height of each branch: one below the other."""
    heights, v = [], 0.0
    for number, lane in enumerate(lanes):
        v += lane.up if number else 0.0
        heights.append(v)
        v += lane.down + LANES
    middle = (heights[0] + heights[-1]) / 2 if centred else 0.0
    return [height - middle for height in heights]


def _repeat(repeat: Repeat, manner: Manner) -> Sketch:
    inner = lay_out(repeat.chain, manner)
    label = manner.label(repeat.label)
    ahead = FRAME + label.ahead
    length = max(ahead + inner.length + FRAME, label.length)
    up = max(inner.up + FRAME + label.above, label.least)
    down = inner.down + FRAME
    end = ahead + inner.length
    return Sketch(
        length,
        up + 2.0,
        down + 2.0,
        (
            Frame((2.0, -up), (length - 2.0, down), repeat.label, repeat.key),
            Link((0.0, 0.0), (ahead, 0.0)),
            *inner.moved(ahead, 0.0),
            Link((end, 0.0), (length, 0.0)),
        ),
    )
