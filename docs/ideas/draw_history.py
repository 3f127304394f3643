"""The drawing of a receptive field, as Hubel and Wiesel found them, in light and in dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from drawing import bare, write
from matplotlib.patches import Circle

from striate.render import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, EVERY = 161, 23  # places of the field; from mark to mark
REACH = 1.6  # of the field from its middle, in widths of its band
GREY = "#888888"  # of lines, on white and on black


def field() -> np.ndarray:
    """Return an upright band that excites, with bands beside it that silence; they sum to 0."""
    down, across = np.mgrid[-REACH : REACH : SIDE * 1j, -REACH : REACH : SIDE * 1j]
    weights = np.cos(np.pi * across) * np.exp(-(across**2) / 0.9 - down**2 / 1.2)
    return np.asarray(weights - weights.mean())


def bar(angle: float) -> np.ndarray:
    """Return light that falls on a bar: 1 on it, 0 beside it.

    Args:
        angle: degrees from upright.
    """
    down, across = np.mgrid[-REACH : REACH : SIDE * 1j, -REACH : REACH : SIDE * 1j]
    turn = np.deg2rad(angle)
    beside = across * np.cos(turn) + down * np.sin(turn)
    along = down * np.cos(turn) - across * np.sin(turn)
    return ((np.abs(beside) < 0.4) & (np.abs(along) < 1.3)).astype(float)


def receptive_field() -> None:
    """Draw the field, bars of light over it, and its answer by the angle of the bar."""
    weights = field()
    angles = np.arange(-90, 91, 1)
    answers = np.array([max(0.0, float((weights * bar(angle)).sum())) for angle in angles])
    answers /= answers.max()

    def draw(figure: Figure) -> None:
        places = figure.subplots(1, 5, width_ratios=[1, 1, 1, 1, 1.7])
        marks(places[0], weights, "the field")
        for axes, angle in zip(places[1:4], (0, 30, 90), strict=True):
            marks(axes, weights, f"{angle}°: {answers[angles == angle][0]:.2f}")
            axes.contourf(bar(angle), levels=[0.5, 2], colors=["#f2c200"], alpha=0.55)
        last = places[4]
        last.plot(angles, answers, color=ORANGE)
        last.set_xticks([-90, 0, 90])
        last.set_yticks([0, 1])
        last.set_title("answer by angle", fontsize=10)
        last.spines[["top", "right"]].set_visible(False)

    write("receptive-field", draw, 7.6, 1.9)


def marks(axes: Axes, weights: np.ndarray, title: str) -> None:
    """Mark where light excites, by crosses, and where it silences, by triangles."""
    bare(axes, title)
    coarse = weights[EVERY // 2 :: EVERY, EVERY // 2 :: EVERY]
    rows, columns = np.indices(coarse.shape)
    for sign, look, colour in ((1, "x", ORANGE), (-1, "^", BLUE)):
        here = sign * coarse > 0.12
        sizes = 36 * np.abs(coarse[here])
        axes.scatter(
            (columns[here] + 0.5) * EVERY,
            (rows[here] + 0.5) * EVERY,
            s=sizes,
            marker=look,
            color=colour,
            lw=1.1,
        )
    middle = SIDE / 2 - 0.5
    axes.add_patch(Circle((middle, middle), SIDE / 2, fill=False, edgecolor=GREY, lw=0.8))
    axes.set(xlim=(-1, SIDE), ylim=(SIDE, -1), aspect="equal")


ALL = (receptive_field,)
