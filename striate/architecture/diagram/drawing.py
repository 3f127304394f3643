"""The architecture diagram: a network as boxes, as AlexNet's authors drew theirs in 2012.

Three stages that do not mix: `stages` says what is drawn, `solids` how large, and here it is
laid out in rows and written as SVG.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markupsafe import Markup, escape

from striate.architecture.diagram.solids import Point, Scale, Solid, faces, kernel, solid
from striate.architecture.diagram.stages import Stage, by, stages
from striate.architecture.diagram.text_width import text_width, wrap_text
from striate.architecture.layer_table import Summary, summary
from striate.architecture.notation import ExpandedNetwork, Network
from striate.render.palette import BLUE, GREEN, INK, ORANGE, PALE, PINK, painted

MARGIN: Final = 10.0
GAP: Final = 5.0  # between captions
NEAREST: Final = 18.0  # from one volume to the next, for the lines between them
LETTERS: Final = 10.5
LINE: Final = 12.5  # from one line of a caption to the next
WIDEST: Final = 113.0  # of a caption, in pixels; that of a single layer is narrower
NARROWER: Final = 72.0
COLOURS: Final = {
    "input": PALE,
    "flat": PALE,
    "conv": BLUE,
    "pool": ORANGE,
    "fc": GREEN,
    "several": PINK,
}
SHADES: Final = (0.5, 0.22, 0.34)  # opacities of front, top and right face
KERNEL: Final = 0.15
CONTINUED: Final = 18.0  # room for the arrows where a row goes on
LOOSEST: Final = 36.0  # pixels more between neighbours in a row that has room
LEGEND: Final = {
    "conv": "convolution",
    "pool": "pooling",
    "several": "several layers, branches",
    "fc": "full connection (fc)",
}
NOTE: Final = "Sides and depths are drawn by their square roots, lengths of fc by their logarithms."


@dataclass(frozen=True)
class Cell:
    """One volume with its caption, and the room that it takes.

    Attributes:
        stage: what it shows.
        body: how large it is drawn.
        lines: its caption, broken to fit.
        left: pixels from the cell's left edge to the volume's.
        width: of the cell.
    """

    stage: Stage
    body: Solid
    lines: tuple[str, ...]
    left: float
    width: float


@dataclass(frozen=True)
class Placed:
    """A cell in its place: the left and the lower edge of the volume's front."""

    cell: Cell
    x: float
    y: float

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return self.y - self.cell.body.total / 2


def draw_architecture(
    network: Summary | str | Network | ExpandedNetwork, *, width: int = 960
) -> Markup:
    """Draw the architecture diagram: the height, width and depth of what each layer gives.

    A box stands for the maps that come out of a layer, its sizes at its edges; the kernel of the
    next layer lies on it, with lines to the value that is made from it. Full connections are
    bars. A volume stands where the shape changes, and repeated blocks are folded into one.

    Args:
        network: the network, or its summary.
        width: of the drawing, in pixels; what does not fit goes on in the next row.

    Returns:
        An SVG text. Its colours follow the page's `--ink`, `--faint`, `--blue`, `--orange`,
        `--green` and `--pink` where the page defines them.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.

    >>> svg = draw_architecture("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc")
    >>> svg.startswith("<svg"), svg.endswith("</svg>"), svg.count("<text")
    (True, True, 17)
    """
    table = network if isinstance(network, Summary) else summary(network)
    found = stages(table.plan)
    scale = Scale.of([stage.shape for stage in found])
    room = width - 2 * MARGIN
    texts: list[str] = []
    solids: list[str] = []
    lines: list[str] = []
    y = MARGIN
    for text, size, weight in _heading(table, room):
        y += size * 1.35
        texts.append(_text(text, MARGIN, y, size=size, weight=weight))
    y += 8
    cells = [_cell(stage, scale) for stage in found]
    rows = [cells]
    if sum(cell.width for cell in cells) > room:
        rows = _rows(cells, room - 2 * CONTINUED)
    ahead: Placed | None = None
    for row in rows:
        placed, y = _placed(row, y, room, after=ahead)
        solids += [_volume(one) for one in placed]
        texts += [text for one in placed for text in _labels(one)]
        lines += _row_lines(placed, ahead)
        ahead = placed[-1]
    squares, words, y = _legend(found, y + 4, width)
    shown = ", ".join(_said(stage) for stage in found)
    label = f"{table.name} as an architecture diagram: {shown}"
    groups = [
        *(*solids, squares),
        f'<g {painted(stroke=INK)} stroke-width="0.8">{"".join(lines)}</g>',
        f'<g {painted(fill=INK)} font-size="{LETTERS}">{"".join([*texts, words])}</g>',
    ]
    box = f"0 0 {width} {y + MARGIN:.0f}"
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" '
        f'width="{width}" height="{y + MARGIN:.0f}" aria-label="{escape(_printable(label))}" '
        f'font-family="system-ui, sans-serif">{"".join(groups)}</svg>'
    )


def _heading(table: Summary, width: float) -> Iterator[tuple[str, float, int]]:
    """The name and the totals, each line with its size and weight."""
    for line in wrap_text(_printable(table.name).split(" "), 15, width):
        yield line, 15, 650
    classes = "" if table.classes is None else f" to {table.classes:,} classes"
    totals = f"{table.parameters:,} parameters,", f"{table.macs:,} MACs"
    for line in wrap_text([f"{by(table.input)}{classes},", *totals], 12, width):
        yield line, 12, 400


def _cell(stage: Stage, scale: Scale) -> Cell:
    body = solid(stage.shape, scale)
    widest = WIDEST if stage.kind == "several" else NARROWER
    lines = [line for text in stage.caption for line in wrap_text(text.split(" "), LETTERS, widest)]
    widths = [text_width(line, LETTERS) for line in (*lines, str(stage.shape[0]))]
    sides = (text_width(str(side), LETTERS) + 5 for side in stage.shape[1:])
    beside = max(NEAREST, *sides) if len(stage.shape) == 3 else NEAREST
    centre = body.width / 2
    left = max(beside, max(widths) / 2 - centre)
    right = max(body.width, centre + max(widths) / 2)
    return Cell(stage, body, tuple(lines), left, left + right + GAP)


def _rows(cells: Sequence[Cell], width: float) -> list[list[Cell]]:
    """Share cells out over as few rows as hold them, all of like length."""
    fewest = len(_filled(cells, width))
    narrow, wide = 0.0, width
    while wide - narrow > 1:
        middle = (narrow + wide) / 2
        if len(_filled(cells, middle)) <= fewest:
            wide = middle
        else:
            narrow = middle
    return _filled(cells, wide)


def _filled(cells: Sequence[Cell], width: float) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    room = 0.0
    for cell in cells:
        if not rows or room + cell.width > width:
            rows.append([])
            room = 0.0
        rows[-1].append(cell)
        room += cell.width
    return rows


def _placed(
    row: Sequence[Cell], top: float, room: float, *, after: Placed | None
) -> tuple[list[Placed], float]:
    """Put a row under a line, its boxes around one middle; give where it ends."""
    # on a floor instead of around one middle, the lines from kernels would not stay level
    middle = top + LINE + max(cell.body.total for cell in row) / 2
    start = 0 if after is None else CONTINUED
    used = start + CONTINUED + sum(cell.width for cell in row)
    spare = max(0.0, room - used) / len(row)
    placed, x, end = [], MARGIN + start, top
    for cell in row:
        low = middle + cell.body.total / 2
        placed.append(Placed(cell, x + cell.left, low))
        end = max(end, low + LINE * (len(cell.lines) + 1))
        x += cell.width + min(spare, LOOSEST)
    return placed, end + 16


def _volume(placed: Placed) -> str:
    """Write a volume, where branches were joined with a line between their channels."""
    colour = COLOURS[placed.cell.stage.kind]
    body, parts = placed.cell.body, placed.cell.stage.parts
    shades = zip(faces(body, placed.x, placed.y), SHADES, strict=True)
    written = [_polygon(corners, shade) for corners, shade in shades]
    done = 0
    for part in parts[:-1]:
        done += part
        x, top = placed.x + body.depth * done / sum(parts), placed.y - body.height
        back = (x + body.slant[0], top - body.slant[1])
        written.append(_line([(x, placed.y), (x, top), back]))
    return f"<g {painted(fill=colour, stroke=colour)}>{''.join(written)}</g>"


def _row_lines(row: Sequence[Placed], ahead: Placed | None) -> Iterator[str]:
    """Write what leads from one volume to the next, also from the row before."""
    for before, after in pairwise(row):
        if len(after.cell.body.shape) == 1:
            yield from _dense(before, after)
        else:
            yield from _between(before, after.cell.stage, (after.x, after.middle))
    if ahead is not None:
        edge = ahead.x + ahead.cell.body.width + CONTINUED
        yield from _between(ahead, row[0].cell.stage, (edge, ahead.middle))
        yield _arrow((edge, ahead.middle), edge + 9)
        yield _arrow((MARGIN - 6, row[0].middle), MARGIN + 8)


def _between(before: Placed, stage: Stage, point: Point) -> Iterator[str]:
    """Write the lines from a volume to the next one: those of a kernel, or a single one."""
    body = before.cell.body
    if stage.window is not None and len(body.shape) == 3:
        corners = kernel(body, stage.window, before.x, before.y)
        yield _polygon(corners, KERNEL)
        for corner in corners:
            yield _line([corner, point], 0.5)
    else:
        yield _line([(before.x + body.width + 2, before.middle), (point[0] - 2, point[1])], 0.5)


def _dense(before: Placed, after: Placed) -> Iterator[str]:
    """Write the lines of a full connection, each end to each end; flattening crosses none."""
    body = before.cell.body
    high = (before.x + body.width, before.y - body.total)
    low = (before.x + body.depth, before.y)
    ends = [(after.x, after.y - after.cell.body.height), (after.x, after.y)]
    pairs = [(high, ends[0]), (low, ends[1])]
    if after.cell.stage.kind == "fc":
        pairs += [(high, ends[1]), (low, ends[0])]
    for start, end in pairs:
        yield _line([start, end], 0.3)


def _arrow(start: Point, end: float) -> str:
    """Write an arrow to the right: where a row goes on."""
    y = start[1]
    head = [(end - 4, y - 3), (end, y), (end - 4, y + 3)]
    return _line([start, (end, y)], 0.5) + _line(head, 0.5)


def _labels(placed: Placed) -> Iterator[str]:
    """Write the sizes at the edges, and the caption."""
    body, shape = placed.cell.body, placed.cell.stage.shape
    yield _text(f"{shape[0]}", placed.x + body.depth / 2, placed.y + LINE - 2, anchor="middle")
    if len(shape) == 3:
        low = placed.middle + max(body.height / 2 - 2, 13)
        yield _text(f"{shape[1]}", placed.x - 3, low, anchor="end")
        high = placed.y - body.height - body.slant[1] / 2 - 3
        yield _text(f"{shape[2]}", placed.x + body.slant[0] / 2 - 2, high, anchor="end")
    centre = placed.x + body.width / 2
    for number, line in enumerate(placed.cell.lines):
        yield _text(line, centre, placed.y + LINE * (number + 2), anchor="middle")


def _legend(found: Sequence[Stage], top: float, width: float) -> tuple[str, str, float]:
    """Give what the colours mean, as squares and as words, and where that ends."""
    kinds = {stage.kind for stage in found}
    squares, words = [], []
    x, y = MARGIN, top + 10
    for kind in (kind for kind in LEGEND if kind in kinds):
        long = 15 + text_width(LEGEND[kind], LETTERS)
        if x + long > width - MARGIN:
            x, y = MARGIN, y + 16
        corners = [(x, y - 9), (x + 10, y - 9), (x + 10, y + 1), (x, y + 1)]
        colours = painted(fill=COLOURS[kind], stroke=COLOURS[kind])
        squares.append(f"<g {colours}>{_polygon(corners, SHADES[0])}</g>")
        words.append(_text(LEGEND[kind], x + 15, y))
        x += long + 16
    y += 4
    for line in wrap_text(NOTE.split(" "), LETTERS, width - 2 * MARGIN):
        y += LINE
        words.append(_text(line, MARGIN, y))
    return "".join(squares), "".join(words), y


def _said(stage: Stage) -> str:
    return f"{by(stage.shape)} {' '.join(stage.caption)}"


def _polygon(corners: Sequence[Point], opacity: float) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    fill = f'fill-opacity="{opacity}"'
    if opacity == KERNEL:
        fill = f"{painted(fill=INK, stroke=INK)} {fill}"
    return f'<polygon points="{points}" {fill} stroke-linejoin="round"/>'


def _line(points: Sequence[Point], opacity: float = 1.0) -> str:
    along = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    faint = f' stroke-opacity="{opacity}"' if opacity < 1 else ""
    return f'<polyline points="{along}" fill="none"{faint}/>'


def _text(
    text: str,
    x: float,
    y: float,
    *,
    size: float = LETTERS,
    anchor: str = "start",
    weight: int = 400,
) -> str:
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    large = f' font-size="{size:g}"' if size != LETTERS else ""
    side = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{large}{side}{bold}>{escape(text)}</text>'


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
