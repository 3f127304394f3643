"""The data-flow graph: nodes are operations, edges are tensors, as TensorFlow's authors drew it.

Abadi et al. 2016, TensorFlow: a system for large-scale machine learning,
https://arxiv.org/abs/1605.08695. It runs from top to bottom, in as many columns as fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from striate.architecture.diagram import strokes
from striate.architecture.diagram.layout import (
    Arc,
    Bend,
    Cell,
    Label,
    Link,
    Manner,
    Sketch,
    Spot,
    lay_out,
)
from striate.architecture.diagram.operations import operations
from striate.architecture.diagram.solids import Point
from striate.architecture.diagram.strokes import LETTERS, LINE, MARGIN, Written
from striate.architecture.diagram.structure import Chain, Node, nodes
from striate.architecture.diagram.text_width import text_width
from striate.architecture.diagram.wording import span
from striate.architecture.layer_table import Summary, summary
from striate.architecture.notation import ExpandedNetwork, Network
from striate.render.palette import BLUE, GREEN, ORANGE, PALE, PINK, painted

COLOURS: Final = {
    "conv": BLUE,
    "pool": ORANGE,
    "fc": GREEN,
    "cat": PINK,
    "add": PINK,
    "mul": PINK,
}  # all others are pale
ARROW: Final = 16.0  # pixels of an edge before a node
EDGE: Final = 17.0  # and behind it, for the shape of its tensor
LEARNED: Final = 12.0  # of the edge of what a node has learnt, whose shape stands above
HEAD: Final = 6.0  # the length of an arrowhead
BESIDE: Final = 7.0  # from an edge to the words beside it
ASIDE: Final = 20.0  # from the middle of a node to the edge of what it has learnt
NARROWEST: Final = 420.0  # of a drawing, for its heading
SHORTEST: Final = 900.0  # a column that is broken
APART: Final = 28.0  # columns
NOTE: Final = (
    "A node is an operation. An edge is a tensor, with its shape for one image: channels × rows × "
    "columns. What an operation has learnt comes in from the left: its weight, then its bias."
)


def draw_graph(network: Summary | str | Network | ExpandedNetwork, *, width: int = 1160) -> Markup:
    """Draw the data flow: operations as nodes, tensors with their shapes as edges.

    Args:
        network: the network, or its summary.
        width: of the drawing, in pixels; what is too long for the screen goes on in the next
            column where there is room. Branches that are wider make the drawing wider.

    Returns:
        An SVG text, coloured as that of `draw_architecture`.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.

    >>> svg = draw_graph("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc")
    >>> "4×1×3×3, 4" in svg, svg.count(">4×8×8<")
    (True, 2)
    """
    table = network if isinstance(network, Summary) else summary(network)
    chain = operations(table.plan)
    columns = _columns(chain, width - 2 * MARGIN)
    needed = sum(one.up + one.down + APART for one in columns) - APART + 2 * MARGIN
    right = max(needed, min(float(width), NARROWEST))
    read = min(right, float(width))  # of its texts: nobody has to scroll to read them
    texts, top = strokes.heading(table, read)
    for line in strokes.notes(NOTE, chain, read):
        top += LINE
        texts.append(strokes.text(line, (MARGIN, top - 4)))
    written = Written([], [], [], texts)
    x, top = MARGIN, top + 22
    for column in columns:
        _write_column(written, column, (x + column.up, top))
        x += column.up + column.down + APART
    low = top + max(column.length for column in columns) + 16 + MARGIN
    shown = ", ".join(f"{' '.join(one.lines)} {span(one.shapes)}" for one in nodes(chain))
    label = f"{table.name} as a data-flow graph: {shown}"
    return strokes.svg(written, (right, low), label=label)


def _columns(chain: Chain, room: float) -> list[Sketch]:
    """Break a chain into columns as short as fit beside each other, none shorter than a screen."""
    lengths = [lay_out([one], MANNER).length for one in chain]
    shortest, longest = max(SHORTEST, *lengths), max(SHORTEST, sum(lengths))
    while longest - shortest > 1:
        middle = (shortest + longest) / 2
        fits = sum(one.up + one.down + APART for one in _broken(chain, lengths, middle))
        shortest, longest = (shortest, middle) if fits - APART <= room else (middle, longest)
    return _broken(chain, lengths, longest)


def _broken(chain: Chain, lengths: Sequence[float], longest: float) -> list[Sketch]:
    rows = strokes.rows(chain, lengths, longest)
    return [lay_out(row, MANNER, first=not number) for number, row in enumerate(rows)]


def _write_column(written: Written, column: Sketch, at: Point) -> None:
    def lay(u: float, v: float) -> Point:
        return at[0] + v, at[1] + u

    for mark in column.marks:
        if isinstance(mark, Spot):
            written.boxes.append(_box(mark, lay))
            written.texts.extend(_words(mark, lay))
            if mark.cell.node.learned:
                v = mark.v - ASIDE
                into = Link((mark.u - LEARNED, v), (mark.u, v))
                written.lines.append(strokes.link(into, lay, arrow=HEAD))
        elif isinstance(mark, Link):
            arrow = HEAD if mark.after is not None else 0.0
            written.lines.append(strokes.link(mark, lay, arrow=arrow))
        elif isinstance(mark, Bend):
            written.lines.append(strokes.bend(mark, lay))
        elif isinstance(mark, Arc):
            x, y = lay(*mark.end)
            written.lines.append(strokes.arc(mark, lay))
            written.lines.append(strokes.arrowhead((x - 1, y), (x, y), HEAD))
        else:
            written.frames.append(strokes.frame(mark, lay))
            x, y = lay(*mark.start)
            written.texts.append(strokes.text(mark.label, (x + 8, y + 15), weight=600))
    end = lay(column.length, 0.0)
    written.lines.append(strokes.arrowhead(end, end, HEAD))


def _label(words: str) -> Label:
    return Label(ahead=16.0, least=text_width(words, LETTERS) + 20)


def _lines(node: Node) -> tuple[str, ...]:
    first, *others = node.lines
    return (first, ", ".join(others)) if others else (first,)


def _learned(node: Node) -> str:
    return ", ".join(map(span, node.learned))


def _cell(node: Node, before: Node | None, after: Node | None) -> Cell:
    """Give the room of a node, with its edge onward and what comes in from the left."""
    lines = _lines(node)
    half = max(30.0, *(text_width(line, LETTERS) / 2 + 9 for line in lines))
    learned = text_width(_learned(node), LETTERS) + BESIDE + 2 if node.learned else 0.0
    return Cell(
        node,
        ahead=LEARNED + LINE if node.learned else ARROW,
        length=9 + LINE * len(lines),
        behind=EDGE,
        up=max(half, learned) + 2,
        down=max(half, BESIDE + text_width(span(node.shapes), LETTERS)) + 2,
        reach=half,
    )


def _box(spot: Spot, lay: strokes.Lay) -> str:
    cell, colour = spot.cell, COLOURS.get(spot.cell.node.kind, PALE)
    x, y = lay(spot.u, spot.v - cell.reach)
    sides = f'x="{x:.1f}" y="{y:.1f}" width="{2 * cell.reach:.1f}" height="{cell.length:.1f}"'
    shape = f'<rect {sides} rx="{min(11.0, cell.length / 2):g}" fill-opacity="0.18"/>'
    return strokes.box(cell.node, shape, painted(fill=colour, stroke=colour))


def _words(spot: Spot, lay: strokes.Lay) -> Iterator[str]:
    """Write what a node does, what it gives, and what it has learnt."""
    node = spot.cell.node
    for number, line in enumerate(_lines(node)):
        x, y = lay(spot.u + LINE * (number + 1) + 2.5, spot.v)
        yield strokes.text(line, (x, y), anchor="middle", weight=400 if number else 600)
    x, y = lay(spot.end + LINE, spot.v + BESIDE)
    yield strokes.text(span(node.shapes), (x, y))
    if node.learned:
        x, y = lay(spot.u - LEARNED - 3, spot.v - BESIDE)
        yield strokes.text(_learned(node), (x, y), anchor="end")


MANNER: Final = Manner(_cell, _label)
