"""How probabilities come true, as SVG: the share of right answers over the probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from striate.render.palette import BLUE, INK, PALE

SIDE, LEFT, TOP, ROOM = 240.0, 46.0, 10.0, 44.0  # of the square, and around it
RADIUS = 3.5, 7.0  # of the dot of one answer, and of all


@dataclass(frozen=True)
class ReliabilityDot:
    """The answers of a range of probabilities.

    Attributes:
        confidence: their mean probability.
        accuracy: the share of right ones.
        low: of the share that a calibrated classifier would have, the lower end of 95 %.
        high: the upper end.
        weight: the share of all answers.
    """

    confidence: float
    accuracy: float
    low: float
    high: float
    weight: float


def draw_reliability(dots: Sequence[ReliabilityDot], *, description: str) -> Markup:
    """Draw dots over a diagonal, each with the range in which it may lie, as an SVG text.

    Its colours follow the page's `--ink`, `--faint` and `--blue` where the page defines them.

    Args:
        dots: a range of probabilities each.
        description: what the drawing shows, for whoever cannot see it.

    >>> svg = draw_reliability([ReliabilityDot(0.9, 0.8, 0.85, 0.95, 1.0)], description="one")
    >>> svg.startswith("<svg"), svg.count("<circle"), "80.0 %" in svg
    (True, 1, True)
    """

    def x(value: float) -> float:
        return LEFT + value * SIDE

    def y(value: float) -> float:
        return TOP + (1 - value) * SIDE

    ink, pale, blue = f"var(--ink, {INK})", f"var(--faint, {PALE})", f"var(--blue, {BLUE})"
    shapes = [
        f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" '
        f'stroke-width="0.8" style="stroke:{pale}"/>',
        f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke-width="1" style="stroke:{pale}"/>',
    ]
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        words = f"{part * 100:.0f} %"
        shapes.append(
            f'<text x="{x(part)}" y="{y(0) + 16}" text-anchor="middle" style="fill:{ink}">{words}'
            f'</text><text x="{LEFT - 6}" y="{y(part) + 4}" text-anchor="end" '
            f'style="fill:{ink}">{words}</text>'
        )
    shapes.append(
        f'<text x="{x(0.5)}" y="{y(0) + 34}" text-anchor="middle" style="fill:{ink}">probability '
        "of the answer</text>"
    )
    for dot in dots:
        size = RADIUS[0] + (RADIUS[1] - RADIUS[0]) * dot.weight**0.5
        at = x(dot.confidence)
        shapes.append(
            f'<path d="M{at:.1f} {y(dot.low):.1f}V{y(dot.high):.1f}" stroke-width="9" '
            f'stroke-linecap="butt" opacity="0.45" style="stroke:{pale}"/>'
            f'<circle cx="{at:.1f}" cy="{y(dot.accuracy):.1f}" r="{size:.1f}" style="fill:{blue}">'
            f"<title>{dot.accuracy * 100:.1f} % correct of answers with "
            f"{dot.confidence * 100:.1f} %</title></circle>"
        )
    width, height = LEFT + SIDE + 20, TOP + SIDE + ROOM
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(description)}" font-family="system-ui, sans-serif" font-size="11">'
        f"{''.join(shapes)}</svg>"
    )
