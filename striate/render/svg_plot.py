"""Curves over counted steps as SVG, written by hand: loading matplotlib takes half a second."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from striate.render.line_plot import Curve
from striate.render.palette import INK, PALE, THEMED

Scale = Literal["linear", "percent", "whole", "log"]

WIDTH, HEIGHT = 360.0, 245.0  # points; read without enlarging on a phone
ABOVE, BELOW, RIGHT = 46.0, 38.0, 14.0  # room around the axes; that at the left is counted
SIZE, LETTER = 11.0, 0.6  # of the font, points; of a digit's width, in it
FEW = 15  # values of a curve up to which each has a dot
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)  # that a scale may go in, times a power of ten


def draw_line_plot(
    lines: Sequence[Curve],
    *,
    title: str,
    across: str,
    places: Sequence[float] | None = None,
    marked: int | None = None,
    scale: Scale = "linear",
    description: str = "",
) -> Markup:
    """Draw lines over counted steps, as an SVG text.

    Its text stays text, and its colours follow the page's `--ink`, `--faint`, `--blue`, `--orange`
    and `--green` where the page defines them.

    Args:
        lines: one or more, each with a value a place; what is not finite leaves a gap, and on a
            scale of powers of ten so does what is not above 0.
        title: what is drawn, in a few words.
        across: what the horizontal axis counts, such as "epoch".
        places: on the horizontal axis, rising; None counts from 1.
        marked: the place to mark as the best one.
        scale: of the vertical axis. "linear" begins at 0 unless a value is negative, "percent"
            labels shares of 0 to 1 in per cent, "whole" does so from 0 to 100 % always, "log"
            goes in powers of ten.
        description: what the drawing shows, for whoever cannot see it.

    >>> loss = Curve("loss", [2.0, 1.0, 0.5])
    >>> svg = draw_line_plot([loss], title="Loss", across="epoch", marked=3)
    >>> svg.startswith("<svg"), svg.endswith("</svg>"), ">best</text>" in svg
    (True, True, True)
    """
    longest = max((len(line.values) for line in lines), default=1)
    where = list(places) if places is not None else [float(step) for step in range(1, longest + 1)]
    rows = [[_height(value, scale) for value in line.values] for line in lines]
    upright = _upright([value for row in rows for value in row if value is not None], scale)
    axes = _Axes(_level(where), upright)
    shapes = [*axes.frame(title, across)]
    if marked is not None and where:
        shapes += axes.mark(float(marked))
    for line, row in zip(lines, rows, strict=True):
        shapes += axes.curve(line, list(zip(where, row, strict=False)), marked)
    if len(lines) > 1:
        points = [(at, value) for row in rows for at, value in zip(where, row, strict=False)]
        shapes += axes.legend(lines, points)
    label = escape(f"{title}. {description}".strip())
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{label}" font-family="system-ui, sans-serif" font-size="{SIZE:g}">'
        f"{''.join(shapes)}</svg>"
    )


@dataclass(frozen=True)
class _Range:
    """One axis: from where to where, and the labels at some of its places."""

    low: float
    high: float
    labels: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


def _height(value: float, scale: Scale) -> float | None:
    """Return where a value stands on its axis: the exponent of ten on a scale of powers."""
    if not math.isfinite(value) or (scale == "log" and value <= 0):
        return None
    return math.log10(value) if scale == "log" else value


def _upright(values: Sequence[float], scale: Scale) -> _Range:
    """Choose the vertical axis for some finite values."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if scale == "log":
        first, last = math.floor(low), math.ceil(high)
        last = max(last, first + 1)
        step = math.ceil((last - first) / 5)
        labels = ((float(power), f"{10.0**power:g}") for power in range(first, last + 1, step))
        return _Range(first - 0.03 * (last - first), last + 0.03 * (last - first), tuple(labels))
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 0.05
    if scale == "linear":
        low, high = (0.0 if low >= 0 else low - margin), high + margin
    elif scale == "whole" or len(values) == 1:
        low, high = (-0.02 if scale == "whole" else 0.0), 1.02
    else:
        low, high = max(low - margin, 0.0), 1.02 if high > 0.8 else high + margin
    return _Range(low, high, tuple(_labels(low, high, percent=scale != "linear")))


def _level(places: Sequence[float]) -> _Range:
    """Choose the horizontal axis; its labels are whole numbers."""
    first, last = (places[0], places[-1]) if places else (1.0, 1.0)
    beside = max(0.3, 0.03 * (last - first))
    step = max(1.0, _step(first, last, most=6, steps=(1.0, 2.0, 5.0, 10.0)))
    begin = math.ceil(first / step)
    count = int(last // step) - begin + 1
    labels = tuple(((begin + k) * step, f"{(begin + k) * step:g}") for k in range(count))
    return _Range(first - beside, last + beside, labels)


def _step(low: float, high: float, *, most: int, steps: Sequence[float] = STEPS) -> float:
    """Return the smallest round step that goes into a range so many times at most."""
    rough = (high - low) / most
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next((step * power for step in steps if step * power >= rough), 10 * power)


def _labels(low: float, high: float, *, percent: bool) -> Iterator[tuple[float, str]]:
    """Give round values in a range, five intervals at most, with what stands beside them."""
    step = _step(low, high, most=5)
    factor, unit = (100, " %") if percent else (1, "")
    shown = step * factor
    digits = max(0, -math.floor(math.log10(shown)))
    digits += not math.isclose(round(shown, digits), shown, rel_tol=1e-6)
    plain = digits <= 6 and abs(high) < 1e6
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        value = number * step
        text = f"{value * factor:.{digits}f}" if plain else f"{value * factor:.3g}"
        yield value, text.replace("-", "\N{MINUS SIGN}") + unit


def _painted(**colours: str) -> str:
    """Write colours as a style, the page's own where it has them."""
    parts = (
        f"{name}:var({THEMED[colour]}, {colour})" if colour in THEMED else f"{name}:{colour}"
        for name, colour in colours.items()
    )
    return f'style="{";".join(parts)}"'


def _text(x: float, y: float, words: str, *, anchor: str = "start", more: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more} {_painted(fill=INK)}>'
        f"{escape(words)}</text>"
    )


def _line(x: float, y: float, x2: float, y2: float, *, width: float, more: str = "") -> str:
    return (
        f'<path d="M{x:.1f} {y:.1f}L{x2:.1f} {y2:.1f}" stroke-width="{width:g}"{more} '
        f"{_painted(stroke=PALE)}/>"
    )


class _Axes:
    """Two axes on the paper: places and values become points."""

    def __init__(self, level: _Range, upright: _Range) -> None:
        self._level, self._upright = level, upright
        longest = max((len(text) for _, text in upright.labels), default=0)
        self._left = 14 + longest * LETTER * SIZE

    def _x(self, place: float) -> float:
        return self._left + self._level.share(place) * (WIDTH - RIGHT - self._left)

    def _y(self, value: float) -> float:
        return HEIGHT - BELOW - self._upright.share(value) * (HEIGHT - BELOW - ABOVE)

    def frame(self, title: str, across: str) -> Iterator[str]:
        """Give title, labels and the lines behind the curves."""
        bottom, middle = HEIGHT - BELOW, (self._left + WIDTH - RIGHT) / 2
        yield _text(self._left, 17, title, more=' font-size="12" font-weight="bold"')
        for value, words in self._upright.labels:
            yield _line(
                self._left, self._y(value), WIDTH - RIGHT, self._y(value), width=0.6,
                more=' opacity="0.35"',
            )  # fmt: skip
            yield _text(self._left - 6, self._y(value) + 4, words, anchor="end")
        yield _line(self._left, bottom, WIDTH - RIGHT, bottom, width=0.8)
        for place, words in self._level.labels:
            yield _text(self._x(place), bottom + 16, words, anchor="middle")
        yield _text(middle, bottom + 32, across, anchor="middle")

    def mark(self, place: float) -> Iterator[str]:
        """Give the dotted line at the best place, and its word."""
        x = self._x(place)
        dots = ' stroke-dasharray="1.2 2.4"'
        yield _line(x, ABOVE, x, HEIGHT - BELOW, width=1.2, more=dots)
        yield _text(x, ABOVE - 5, "best", anchor="middle", more=' font-size="10"')

    def curve(
        self, line: Curve, points: Sequence[tuple[float, float | None]], marked: int | None
    ) -> Iterator[str]:
        """Give a curve with its gaps, its dots, and the one at the best place."""
        way, broken = [], True
        for place, value in points:
            if value is not None:
                way.append(f"{'M' if broken else 'L'}{self._x(place):.1f} {self._y(value):.1f}")
            broken = value is None
        dashes = ' stroke-dasharray="8 4"' if line.dashed else ""
        paint = _painted(fill="none", stroke=line.colour)
        if way:
            join = ' stroke-width="2" stroke-linejoin="round"'
            yield f'<path d="{"".join(way)}"{join}{dashes} {paint}/>'
        for place, value in points:
            radius = 4 if place == marked else 2 if len(points) <= FEW else 0
            if value is not None and radius:
                yield (
                    f'<circle cx="{self._x(place):.1f}" cy="{self._y(value):.1f}" r="{radius}" '
                    f"{_painted(fill=line.colour)}/>"
                )

    def legend(
        self, lines: Sequence[Curve], points: Sequence[tuple[float, float | None]]
    ) -> Iterator[str]:
        """Give the names of the curves, in the corner where fewest values lie."""
        width = 34 + max(len(line.label) for line in lines) * LETTER * SIZE
        height = 4 + 16 * len(lines)
        there = [(self._x(at), self._y(value)) for at, value in points if value is not None]
        corners = [
            (x, y)
            for y in (ABOVE, HEIGHT - BELOW - height - 4)
            for x in (WIDTH - RIGHT - width, self._left + 6)
        ]
        x, y = min(
            corners,
            key=lambda at: sum(
                at[0] - 6 <= px <= at[0] + width + 6 and at[1] - 6 <= py <= at[1] + height + 6
                for px, py in there
            ),
        )
        for number, line in enumerate(lines):
            level = y + 10 + 16 * number
            dashes = ' stroke-dasharray="8 4"' if line.dashed else ""
            yield (
                f'<path d="M{x:.1f} {level:.1f}h24" stroke-width="2"{dashes} '
                f"{_painted(stroke=line.colour)}/>"
            )
            yield _text(x + 30, level + 4, line.label)
