"""What both drawings are written with: texts, lines, borders and the rows that a long one has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markupsafe import Markup, escape

from striate.architecture.diagram.layout import Arc, Bend, Frame, Link
from striate.architecture.diagram.structure import Chain, Node, has_repeat, nodes
from striate.architecture.diagram.text_width import wrap_text
from striate.architecture.diagram.wording import by, span
from striate.architecture.layer_table import Summary
from striate.render.palette import INK, PALE, painted

MARGIN: Final = 10.0
LETTERS: Final = 11.0  # pixels; the smallest that is read without effort
LINE: Final = 13.0  # from one line of text to the next
FOLDED: Final = "A dashed frame is repeated as often as it says."
UNEQUAL: Final = "64–256 are channels that differ from turn to turn."
MOST_NAMED: Final = 6  # layers that a box names
BOLD: Final = 1.12  # the width of bold letters beside others
ROUND: Final = 0.5523  # of a quarter of a circle, where its control points lie

Point = tuple[float, float]
Lay = Callable[[float, float], Point]
"""Gives the x and y of a place along and across the flow."""


@dataclass(frozen=True)
class Written:
    """Parts of a drawing, in the order in which they are laid over each other."""

    frames: list[str]
    lines: list[str]
    boxes: list[str]
    texts: list[str]


def heading(table: Summary, width: float) -> tuple[list[str], float]:
    """Write the name and the totals; give where they end, too."""
    written, y = [], MARGIN
    classes = "" if table.classes is None else f" to {table.classes:,} classes"
    totals = [f"{by(table.input)}{classes},", f"{table.parameters:,} parameters,"]
    totals.append(f"{table.macs:,} MACs")
    for words, size, weight in ((printable(table.name).split(" "), 15, 650), (totals, 12, 400)):
        for line in wrap_text(words, size * (BOLD if weight > 400 else 1), width - 2 * MARGIN):
            y += size * 1.35
            written.append(text(line, (MARGIN, y), size=size, weight=weight))
    return written, y + 16


def notes(first: str, chain: Chain, width: float) -> list[str]:
    """Give the lines of a note, with what it must say of repeats."""
    said = [first, FOLDED] if has_repeat(chain) else [first]
    said += [UNEQUAL] if any("–" in span(node.shapes) for node in nodes(chain)) else []
    return wrap_text(" ".join(said).split(" "), LETTERS, width - 2 * MARGIN)


def svg(written: Written, size: Point, *, label: str) -> Markup:
    """Put the parts together."""
    faint, ink = painted(stroke=PALE), painted(stroke=INK)
    groups = [
        f'<g {faint} stroke-width="1" stroke-dasharray="4 3">{"".join(written.frames)}</g>',
        *written.boxes,
        f'<g {ink} stroke-width="1">{"".join(written.lines)}</g>',
        f'<g {painted(fill=INK)} font-size="{LETTERS:g}">{"".join(written.texts)}</g>',
    ]
    width, height = (f"{side:.0f}" for side in size)
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'width="{width}" height="{height}" aria-label="{escape(printable(label))}" '
        f'font-family="system-ui, sans-serif">{"".join(groups)}</svg>'
    )


def box(node: Node, shapes: str, colours: str) -> str:
    """Group what a node is drawn with, named by the layers that it stands for."""
    several = ", ..." if len(node.addresses) > MOST_NAMED else ""
    told = escape(", ".join(node.addresses[:MOST_NAMED]) + several)
    title = f"<title>{told}</title>" if told else ""
    first = f' data-layer="{escape(node.addresses[0])}"' if node.addresses else ""
    return f'<g data-box="{escape(node.kind)}"{first} {colours}>{title}{shapes}</g>'


def link(mark: Link, lay: Lay, *, arrow: float = 0.0) -> str:
    """Write a straight line, with an arrowhead of so many pixels at its end."""
    start, end = lay(*mark.start), lay(*mark.end)
    return line([start, end]) + (arrowhead(start, end, arrow) if arrow else "")


def bend(mark: Bend, lay: Lay) -> str:
    """Write a line that leaves and arrives along the flow."""
    (u, v), (end, w) = mark.start, mark.end
    if v == w:
        return line([lay(u, v), lay(end, w)])
    middle = (u + end) / 2
    return path(f"M{_at(lay(u, v))}{_curve(lay, (middle, v), (middle, w), (end, w))}")


def arc(mark: Arc, lay: Lay) -> str:
    """Write a line that leaves the flow, goes around and comes back to it."""
    (u, v), (end, w), top, turn = mark.start, mark.end, mark.top, mark.turn
    rise, fall = (v - top) * (1 - ROUND), (w - top) * (1 - ROUND)
    along = turn * (1 - ROUND)
    away = _curve(lay, (u, top + rise), (u + along, top), (u + turn, top))
    back = _curve(lay, (end - along, top), (end, top + fall), (end, w))
    return path(f"M{_at(lay(u, v))}{away}L{_at(lay(end - turn, top))}{back}")


def frame(mark: Frame, lay: Lay) -> str:
    """Write a border."""
    (x, y), (right, low) = lay(*mark.start), lay(*mark.end)
    sides = f'x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" height="{low - y:.1f}"'
    return f'<rect data-repeat="{escape(mark.key)}" {sides} rx="8" fill="none"/>'


def path(along: str) -> str:
    """Write a curved line."""
    return f'<path d="{along}" fill="none"/>'


def line(points: Sequence[Point], opacity: float = 1.0) -> str:
    """Write a line from point to point."""
    along = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    faint = f' stroke-opacity="{opacity}"' if opacity < 1 else ""
    return f'<polyline points="{along}" fill="none"{faint}/>'


def arrowhead(start: Point, end: Point, size: float) -> str:
    """Write the head of an arrow along one of the axes."""
    (x, y), right = end, end[0] > start[0]
    wide = size * 0.45
    corners = (
        [(x - size, y - wide), end, (x - size, y + wide)]
        if right
        else [(x - wide, y - size), end, (x + wide, y - size)]
    )
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    return f'<polygon points="{points}" {painted(fill=INK)}/>'


def text(
    words: str,
    at: Point,
    *,
    size: float = LETTERS,
    anchor: str = "start",
    weight: int = 400,
) -> str:
    """Write a line of text; `at` is on its base line."""
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    large = f' font-size="{size:g}"' if size != LETTERS else ""
    side = f' text-anchor="{anchor}"' if anchor != "start" else ""
    x, y = at
    return f'<text x="{x:.1f}" y="{y:.1f}"{large}{side}{bold}>{escape(words)}</text>'


def printable(words: str) -> str:
    """Give a text without what cannot stand in XML."""
    return "".join(letter if letter.isprintable() else " " for letter in words)


def rows(chain: Chain, lengths: Sequence[float], room: float) -> list[Chain]:
    """Share a chain out over as few rows as hold it, all of like length.

    Calls of blocks are broken only where one does not fit by itself.
    """
    groups: list[list[int]] = []
    for place, one in enumerate(chain):
        together = place and one.block == chain[place - 1].block != ("", "")
        if together and sum(lengths[at] for at in (*groups[-1], place)) <= room:
            groups[-1].append(place)
        else:
            groups.append([place])
    sums = [sum(lengths[place] for place in group) for group in groups]
    fewest = len(_filled(sums, room))
    narrow, wide = 0.0, room
    while wide - narrow > 1:
        middle = (narrow + wide) / 2
        fits = len(_filled(sums, middle)) <= fewest
        narrow, wide = (narrow, middle) if fits else (middle, wide)
    ends = [groups[end - 1][-1] + 1 for end in _filled(sums, wide)]
    return [chain[start:end] for start, end in pairwise([0, *ends])]


def _filled(lengths: Sequence[float], room: float) -> list[int]:
    """Give where each row ends."""
    ends: list[int] = []
    used = 0.0
    for place, length in enumerate(lengths):
        if place and used + length > room:
            ends.append(place)
            used = 0.0
        used += length
    return [*ends, len(lengths)]


def _at(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _curve(lay: Lay, *points: Point) -> str:
    return "C" + " ".join(_at(lay(*point)) for point in points)
