"""What stands where in a drawing's SVG: its texts, boxes, frames and lines, and what meets what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from xml.etree import ElementTree

from striate.architecture.diagram.text_width import text_width

SPACE = "{http://www.w3.org/2000/svg}"
LETTERS = 11.0
Point = tuple[float, float]


@dataclass(frozen=True)
class Area:
    """A rectangle and what stands in it."""

    said: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Area, least: float = 0.5) -> bool:
        """Whether they cover each other by more than a hair."""
        across = min(self.right, other.right) - max(self.left, other.left)
        return across > least and min(self.bottom, other.bottom) - max(self.top, other.top) > least

    def holds(self, other: Area) -> bool:
        """Whether the other lies in it."""
        across = self.left - 0.5 <= other.left and other.right <= self.right + 0.5
        return across and self.top - 0.5 <= other.top and other.bottom <= self.bottom + 0.5

    def is_crossed(self, start: Point, end: Point) -> bool:
        """Whether a straight line runs through it: Liang and Barsky's clipping."""
        near, far = 0.0, 1.0
        sides = ((self.left + 0.5, self.right - 0.5), (self.top + 0.5, self.bottom - 0.5))
        for (low, high), begin, finish in zip(sides, start, end, strict=True):
            step = finish - begin
            if step == 0:
                if not low < begin < high:
                    return False
                continue
            first, last = sorted(((low - begin) / step, (high - begin) / step))
            near, far = max(near, first), min(far, last)
        return near < far


@dataclass(frozen=True)
class Drawn:
    """A drawing's SVG, read."""

    size: Point
    texts: tuple[Area, ...]
    sizes: tuple[float, ...]  # of the letters, in pixels
    boxes: tuple[Area, ...]
    frames: tuple[Area, ...]
    lines: tuple[tuple[Point, ...], ...]
    arcs: int

    @property
    def words(self) -> list[str]:
        return [text.said for text in self.texts]


def read(svg: str) -> Drawn:
    """Read a drawing; the widths of texts are estimated."""
    root = ElementTree.fromstring(svg)
    frames, lines, arcs = [], [], 0
    for element in root.iter():
        if element.tag == f"{SPACE}polyline":
            lines.append(tuple(_points(element.get("points", ""))))
        elif element.tag == f"{SPACE}path":
            lines.append(tuple(_along(element.get("d", ""))))
            arcs += element.get("d", "").count("L")
    for rect in root.iter(f"{SPACE}rect"):
        if rect.get("fill") == "none":
            frames.append(_area("frame", _corners(rect)))
            lines.append((*_corners(rect), _corners(rect)[0]))
    grouped = [g for g in root.iter(f"{SPACE}g") if g.get("data-box")]
    (written,) = (g for g in root.iter(f"{SPACE}g") if g.get("font-size"))
    usual = written.get("font-size", "")
    sizes = tuple(float(t.get("font-size", usual)) for t in root.iter(f"{SPACE}text"))
    return Drawn(
        (float(root.get("width", "")), float(root.get("height", ""))),
        tuple(_text_area(element) for element in root.iter(f"{SPACE}text")),
        sizes,
        tuple(_area(g.get("data-box", ""), list(_extent(g))) for g in grouped),
        tuple(frames),
        tuple(lines),
        arcs,
    )


def faults(drawn: Drawn) -> list[str]:
    """Say whatever covers, crosses or leaves something that it should not."""
    found = [f"letters of {size} px" for size in drawn.sizes if size < LETTERS]
    whole = Area("drawing", 0, 0, *drawn.size)
    everything = (*drawn.texts, *drawn.boxes, *drawn.frames)
    found += [f"'{one.said}' leaves the drawing" for one in everything if not whole.holds(one)]
    for kind in (drawn.texts, drawn.boxes):
        found += [f"'{a.said}' covers '{b.said}'" for a, b in combinations(kind, 2) if a.meets(b)]
    for text in drawn.texts:
        around = [box for box in drawn.boxes if box.meets(text)]
        found += [f"'{text.said}' stands on a {b.said}" for b in around if not b.holds(text)]
        for line in drawn.lines:
            if any(text.is_crossed(*step) for step in pairwise(line)):
                found.append(f"a line from {line[0]} to {line[-1]} runs through '{text.said}'")
    for frame in drawn.frames:
        near = [one for one in (*drawn.boxes, *drawn.frames) if one.meets(frame)]
        found += [
            f"a frame cuts a {one.said}"
            for one in near
            if not frame.holds(one) and not one.holds(frame)
        ]
    return found + list(_boxes_run_through(drawn))


def _boxes_run_through(drawn: Drawn) -> Iterator[str]:
    """Say which lines run through a box in which they neither begin nor end."""
    for line in drawn.lines:
        for box in drawn.boxes:
            if any(box.is_crossed(*step) for step in pairwise(line)) and not any(
                box.left - 2 <= x <= box.right + 2 and box.top - 2 <= y <= box.bottom + 2
                for x, y in (line[0], line[-1])
            ):
                yield f"a line from {line[0]} to {line[-1]} runs through a {box.said}"


def _text_area(element: ElementTree.Element) -> Area:
    said, size = element.text or "", float(element.get("font-size", LETTERS))
    bold = 1.1 if element.get("font-weight") else 1.0
    long = 0.93 * bold * text_width(said, size)  # the estimate is on the wide side
    x, y = float(element.get("x", "")), float(element.get("y", ""))
    left = x - long * {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor", "start")]
    return Area(said, left, y - 0.76 * size, left + long, y + 0.22 * size)


def _extent(group: ElementTree.Element) -> Iterator[Point]:
    for element in group.iter():
        if element.tag in (f"{SPACE}polygon", f"{SPACE}polyline"):
            yield from _points(element.get("points", ""))
        elif element.tag == f"{SPACE}rect":
            yield from _corners(element)
        elif element.tag == f"{SPACE}circle":
            x, y, r = (float(element.get(name, "")) for name in ("cx", "cy", "r"))
            yield from ((x - r, y - r), (x + r, y + r))


def _area(said: str, points: Sequence[Point]) -> Area:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Area(said, min(xs), min(ys), max(xs), max(ys))


def _corners(rect: ElementTree.Element) -> list[Point]:
    x, y, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _points(text: str) -> Iterator[Point]:
    for pair in text.split():
        x, y = pair.split(",")
        yield float(x), float(y)


def _along(path: str) -> Iterator[Point]:
    """Give points along a path of M, L and C, eight of each curve."""
    at: Point = (0.0, 0.0)
    for letter, numbers in re.findall(r"([MLC])([^MLC]+)", path):
        points = list(_points(numbers))
        if letter == "C":
            for step in range(1, 8):
                yield _on_curve([at, *points], step / 8)
        at = points[-1]
        yield at


def _on_curve(points: Sequence[Point], share: float) -> Point:
    """De Casteljau's point of a Bézier curve."""
    while len(points) > 1:
        points = [
            (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
            for a, b in pairwise(points)
        ]
    return points[0]
