"""The architecture diagram: a network as boxes, as AlexNet's authors drew theirs in 2012.

Four stages that do not mix: `feature_maps` says what is drawn, `solids` how large, `layout` where,
and here it is broken into rows and written as SVG.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from markupsafe import Markup

from striate.architecture.diagram import strokes
from striate.architecture.diagram.feature_maps import feature_maps
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
from striate.architecture.diagram.solids import Point, Scale, Solid, faces, kernel, solid
from striate.architecture.diagram.strokes import BOLD, LETTERS, LINE, MARGIN, Written
from striate.architecture.diagram.structure import Chain, Element, Fork, Node, Repeat, nodes
from striate.architecture.diagram.text_width import text_width, wrap_text
from striate.architecture.diagram.wording import span
from striate.architecture.layer_table import Summary, summary
from striate.architecture.notation import ExpandedNetwork, Network
from striate.render.palette import BLUE, GREEN, INK, ORANGE, PALE, PINK, painted

GAP: Final = 4.0  # beside a caption
NEAREST: Final = 18.0  # before a volume, for the lines that lead to it
WIDEST: Final = 92.0  # of a caption, in pixels
CIRCLE: Final = 9.0  # the radius of a sum
PILL: Final = 22.0  # the height of words that stand alone
CONTINUED: Final = 18.0  # room for the arrows where a row goes on
BETWEEN: Final = 22.0  # rows
LOOSEST: Final = 24.0  # pixels more between neighbours in a row that has room
NARROWEST: Final = 640.0  # of a drawing, where there is room for its legend
COLOURS: Final = {"conv": BLUE, "pool": ORANGE, "fc": GREEN, "cat": PINK}  # all others are pale
SIGNS: Final = {"add": "+", "mul": "×"}
SHADES: Final = (0.5, 0.22, 0.34)  # opacities of front, top and right face
KERNEL: Final = 0.15
LEGEND: Final = {
    "conv": "convolution",
    "pool": "pooling",
    "fc": "full connection (fc)",
    "cat": "channels of the branches, one after the other (cat)",
    "add": "sum of the branches (add)",
    "mul": "product of the branches (mul)",
}
NOTE: Final = (
    "A box is what comes out of a layer: channels × rows × columns. Sides and channels are drawn "
    "by their square roots, lengths of fc by their logarithms."
)


@dataclass(frozen=True)
class Body:
    """How a node is drawn: its solid, where it has one, and its caption."""

    solid: Solid | None
    width: float
    height: float
    caption: tuple[str, ...]


def draw_architecture(
    network: Summary | str | Network | ExpandedNetwork,
    *,
    width: int = 960,
    unfolded: Collection[str] = (),
) -> Markup:
    """Draw the architecture diagram: the height, width and depth of what each layer gives.

    A box stands for the maps that come out of a layer; the kernel of the next layer lies on it,
    with lines to the value that is made from it. Full connections are bars. Branches are lanes
    side by side, an identity is an arc around the others, and what is repeated is drawn once.

    Args:
        network: the network, or its summary.
        width: of the drawing, in pixels; what does not fit goes on in the next row. A fork that
            is wider makes the drawing wider.
        unfolded: repeats that are drawn turn by turn: the `data-repeat` of their frames in the
            drawing where they are folded.

    Returns:
        An SVG text. Its colours follow the page's `--ink`, `--faint`, `--blue`, `--orange`,
        `--green` and `--pink` where the page defines them.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.

    >>> svg = draw_architecture("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc")
    >>> svg.startswith("<svg"), svg.endswith("</svg>"), "4×8×8" in svg
    (True, True, True)
    """
    table = network if isinstance(network, Summary) else summary(network)
    chain = feature_maps(table.plan, unfolded)
    scale = Scale.of([shape for node in nodes(chain) for shape in node.shapes])
    manner = Manner(partial(_cell, scale=scale), _label)
    lengths = [lay_out([one], manner).length for one in chain]
    rows, room = [chain], width - 2 * MARGIN
    if sum(lengths) > room:
        room -= 2 * CONTINUED
        rows = strokes.rows(chain, lengths, room)
    sketches = []
    for number, row in enumerate(rows):
        first, last = number == 0, number == len(rows) - 1
        tight = lay_out(row, manner).length
        loose = min(LOOSEST, max(0.0, room - tight) / len(row))
        sketches.append(lay_out(row, manner, first=first, last=last, loose=loose))
    ends_at = [MARGIN + CONTINUED * 2 * (len(rows) > 1) + one.length + MARGIN for one in sketches]
    right = max(min(float(width), NARROWEST), *ends_at)
    read = min(right, float(width))  # of its texts: nobody has to scroll to read them
    texts, y = strokes.heading(table, read)
    written = Written([], [], [], texts)
    for number, sketch in enumerate(sketches):
        first, last = number == 0, number == len(rows) - 1
        at = (MARGIN + (0 if first else CONTINUED), y + sketch.up)
        _write_row(written, sketch, at, goes_on=(not first, not last), scale=scale)
        y += sketch.up + sketch.down + BETWEEN
    y = _legend(written, chain, y, read)
    label = f"{table.name} as an architecture diagram: {_said(chain)}"
    return strokes.svg(written, (right, y + MARGIN), label=label)


def _write_row(
    written: Written, row: Sketch, at: Point, *, goes_on: tuple[bool, bool], scale: Scale
) -> None:
    def lay(u: float, v: float) -> Point:
        return at[0] + u, at[1] + v

    for mark in row.marks:
        if isinstance(mark, Spot):
            body = _body(mark.cell.node, scale)
            written.boxes.append(_box(mark, body, lay))
            written.texts.extend(_caption(mark, body, lay))
        elif isinstance(mark, Link):
            written.lines.extend(_link(mark, lay, scale))
        elif isinstance(mark, Bend):
            written.lines.append(strokes.bend(mark, lay))
        elif isinstance(mark, Arc):
            written.lines.append(strokes.arc(mark, lay))
        else:
            written.frames.append(strokes.frame(mark, lay))
            x, y = lay(mark.start[0] + 8, mark.start[1] + 15)
            written.texts.append(strokes.text(mark.label, (x, y), weight=600))
    if goes_on[0]:
        written.lines.append(strokes.link(Link((-15.0, 0.0), (0.0, 0.0)), lay, arrow=5.0))
    if goes_on[1]:
        end = row.length
        written.lines.append(strokes.link(Link((end, 0.0), (end + 15.0, 0.0)), lay, arrow=5.0))


def _label(words: str) -> Label:
    return Label(length=text_width(words, LETTERS) + 20, above=14.0)


def _body(node: Node, scale: Scale) -> Body:
    after = (", ".join(dict.fromkeys(node.after)),) if node.after else ()
    if node.kind in SIGNS:
        return Body(None, 2 * CIRCLE, 2 * CIRCLE, _broken(after))
    if not node.lines or node.kind == "words":
        words = ", ".join(node.lines) or node.kind
        return Body(None, text_width(words, LETTERS) + 16, PILL, _broken(after))
    before = (f"{', '.join(dict.fromkeys(node.before))},",) if node.before else ()
    body = solid(node.shape, scale)
    caption = _broken((span(node.shapes), *before, *node.lines, *after))
    return Body(body, body.width, body.total, caption)


def _broken(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(part for line in lines for part in wrap_text(line.split(" "), LETTERS, WIDEST))


def _cell(node: Node, before: Node | None, after: Node | None, *, scale: Scale) -> Cell:
    """Give the room of a node: its caption lies below the lines of full connections."""
    body = _body(node, scale)
    low = [body.height / 2]
    if before is not None and len(node.shape) == 1:
        low.append(_body(before, scale).height / 2)
    if after is not None and len(after.shape) == 1:
        low.append(_body(after, scale).height / 2)
    drop = max(low)
    widths = [text_width(line, LETTERS) for line in body.caption] or [0.0]
    widths[0] *= BOLD if body.solid is not None else 1.0
    beside = max(0.0, (max(widths) - body.width) / 2 + GAP)
    reach = body.height / 2
    if body.solid is not None:
        right, up = body.solid.slant
        reach -= up * max(0.0, 1 - body.width / 2 / right)
    return Cell(
        node,
        ahead=max(NEAREST, beside),
        length=body.width,
        behind=beside,
        up=body.height / 2,
        down=drop + LINE * len(body.caption) + (4 if body.caption else 0),
        reach=reach,
        drop=drop,
    )


def _box(spot: Spot, body: Body, lay: strokes.Lay) -> str:
    """Write a node: a volume, joined branches with a line between their channels; or a sign."""
    node, (x, middle) = spot.cell.node, lay(spot.u, spot.v)
    colour = COLOURS.get(node.kind, PALE)
    if body.solid is None:
        shapes = _sign(node, body, (x, middle))
        colours = painted(fill=PALE, stroke=INK)
    else:
        y = middle + body.height / 2
        shades = zip(faces(body.solid, x, y), SHADES, strict=True)
        shapes = [_polygon(corners, shade) for corners, shade in shades]
        colours = painted(fill=colour, stroke=colour)
        done = 0
        for part in node.parts[:-1]:
            done += part
            edge, top = x + body.solid.depth * done / sum(node.parts), y - body.solid.height
            back = (edge + body.solid.slant[0], top - body.solid.slant[1])
            shapes.append(strokes.line([(edge, y), (edge, top), back]))
    return strokes.box(node, "".join(shapes), colours)


def _sign(node: Node, body: Body, at: Point) -> list[str]:
    """Write a circle with a plus or a cross, or the border of words."""
    x, y = at
    if node.kind not in SIGNS:
        sides = f'x="{x:.1f}" y="{y - PILL / 2:.1f}" width="{body.width:.1f}" height="{PILL:g}"'
        return [f'<rect {sides} rx="{PILL / 2:g}" fill-opacity="0.15"/>']
    centre = x + CIRCLE
    long = 5.0 if node.kind == "add" else 3.6
    ends = [(long, 0.0), (0.0, long)] if node.kind == "add" else [(long, long), (long, -long)]
    bars = [strokes.line([(centre - a, y - b), (centre + a, y + b)]) for a, b in ends]
    return [f'<circle cx="{centre:.1f}" cy="{y:.1f}" r="{CIRCLE:g}" fill-opacity="0.15"/>', *bars]


def _caption(spot: Spot, body: Body, lay: strokes.Lay) -> Iterator[str]:
    """Write what comes out and what was done, below; words that stand alone within."""
    node, (x, y) = spot.cell.node, lay(spot.u + body.width / 2, spot.v)
    if body.solid is None and node.kind not in SIGNS:
        words = ", ".join(node.lines) or node.kind
        yield strokes.text(words, (x, y + 4), anchor="middle")
    for number, line in enumerate(body.caption):
        low = y + spot.cell.drop + LINE * (number + 1)
        weight = 600 if number == 0 and body.solid is not None else 400
        yield strokes.text(line, (x, low), anchor="middle", weight=weight)


def _link(mark: Link, lay: strokes.Lay, scale: Scale) -> Iterator[str]:
    """Write what leads from a volume to the next: its kernel, all to all, or a single line."""
    body = _body(mark.before.cell.node, scale).solid if mark.before else None
    after = _body(mark.after.cell.node, scale).solid if mark.after else None
    if mark.before is None or mark.after is None or body is None or after is None:
        yield strokes.link(mark, lay)
        return
    x, y = lay(mark.before.u, mark.before.v + body.total / 2)
    end = lay(*mark.end)
    node = mark.after.cell.node
    if len(node.shape) == 1:
        low = (end[0], end[1] + after.total / 2)
        yield from _dense(body, (x, y), low, after.height, crossed=node.kind == "fc")
    elif node.window is not None and len(body.shape) == 3:
        corners = kernel(body, node.window, x, y)
        yield _polygon(corners, KERNEL)
        for corner in corners:
            yield strokes.line([corner, end], 0.5)
    else:
        yield strokes.link(mark, lay)


def _dense(body: Solid, at: Point, low: Point, height: float, *, crossed: bool) -> Iterator[str]:
    """Write the lines of a full connection, each end to each end; flattening crosses none."""
    x, y = at
    high, foot = (x + body.width, y - body.total), (x + body.depth, y)
    top = (low[0], low[1] - height)
    pairs = [(high, top), (foot, low), *([(high, low), (foot, top)] if crossed else [])]
    for start, end in pairs:
        yield strokes.line([start, end], 0.3)


def _legend(written: Written, chain: Chain, top: float, width: float) -> float:
    """Write what colours and signs mean; give where that ends."""
    kinds = {node.kind for node in nodes(chain)}
    x, y = MARGIN, top + 8
    for kind in (kind for kind in LEGEND if kind in kinds):
        long = 24 + text_width(LEGEND[kind], LETTERS)
        if x > MARGIN and x + long > width - MARGIN:
            x, y = MARGIN, y + 22
        if kind in SIGNS:
            node = Node(kind, (), ((1,),))
            shapes = _sign(node, Body(None, 0, 0, ()), (x, y - 4))
            written.boxes.append(f"<g {painted(fill=PALE, stroke=INK)}>{''.join(shapes)}</g>")
        else:
            corners = [(x + 3, y - 10), (x + 15, y - 10), (x + 15, y + 2), (x + 3, y + 2)]
            colours = painted(fill=COLOURS[kind], stroke=COLOURS[kind])
            written.boxes.append(f"<g {colours}>{_polygon(corners, SHADES[0])}</g>")
        written.texts.append(strokes.text(LEGEND[kind], (x + 22, y)))
        x += long + 14
    y += 10
    for line in strokes.notes(NOTE, chain, width):
        y += LINE
        written.texts.append(strokes.text(line, (MARGIN, y)))
    return y


def _said(chain: Chain) -> str:
    """Say a chain in words."""
    return ", ".join(map(_said_of, chain)) or "identity"


def _said_of(element: Element) -> str:
    if isinstance(element, Fork):
        after = " ".join(element.join.after)
        branches = " | ".join(map(_said, element.branches))
        return f"{element.join.kind}({branches}) {after}".strip()
    if isinstance(element, Repeat):
        return f"{element.times} times ({_said(element.chain)})"
    words = (*element.before, *element.lines, *element.after)
    return f"{span(element.shapes)} {' '.join(words)}"


def _polygon(corners: Sequence[Point], opacity: float) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    fill = f'fill-opacity="{opacity}"'
    if opacity == KERNEL:
        fill = f"{painted(fill=INK, stroke=INK)} {fill}"
    return f'<polygon points="{points}" {fill} stroke-linejoin="round"/>'
