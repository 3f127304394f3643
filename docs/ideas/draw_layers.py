"""The drawings of layers.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from drawing import bare, frame, grid, write

from striate.architecture.words import Conv
from striate.render import BLUE, GREEN, INK, ORANGE, PALE
from striate.teaching.convolution import convolve
from striate.teaching.convolution.matrices import unroll

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMILE = "0000000/0100010/0000000/0001000/0100010/0011100/0000000"
DETECTOR = "0 0 1; 1 0 0; 0 1 1"


def by_hand() -> None:
    """The network of three layers, every number in it."""
    columns = [["2", "-1", "3"], ["5", "-2 → 0"], ["4", "1"], ["6"]]
    weights = [[[1, 0, 1], [-1, 1, 0]], [[1, 2], [-1, 1]], [[2, -3]]]
    biases = [[0, 1], [-1, 6], [1]]
    names = ["input", "h1 = relu(...)", "h2 = relu(...)", "output"]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        bare(axes)
        axes.set(xlim=(-0.4, 9.6), ylim=(-1.75, 1.75))
        places = [
            [(3.0 * number, (len(column) - 1) * 0.6 - 1.2 * row) for row in range(len(column))]
            for number, column in enumerate(columns)
        ]
        for left, right, matrix, added in zip(places, places[1:], weights, biases, strict=False):
            for (x, y), row, bias in zip(right, matrix, added, strict=True):
                for (x0, y0), weight in zip(left, row, strict=True):
                    axes.plot([x0, x], [y0, y], color=PALE, lw=1, zorder=1)
                    at = 0.3
                    axes.text(
                        x0 + at * (x - x0),
                        y0 + at * (y - y0),
                        f"{weight}",
                        fontsize=9,
                        color=BLUE,
                        ha="center",
                        va="center",
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
                    )
                axes.text(x, y - 0.5, f"bias {bias}", fontsize=8, color=ORANGE, ha="center")
        for column, at, name in zip(columns, places, names, strict=True):
            for text, (x, y) in zip(column, at, strict=True):
                axes.text(
                    x,
                    y,
                    text,
                    ha="center",
                    va="center",
                    zorder=3,
                    bbox={"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": INK},
                )
            axes.text(at[0][0], 1.72, name, ha="center", va="top", fontsize=9)

    write("by-hand", draw, 7.2, 3.0)


def ten_filters() -> None:
    """A volume, one filter in it, and the volume of ten maps."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        bare(axes)
        axes.set(xlim=(-1, 22), ylim=(-1.6, 8.6), aspect="equal")
        box(axes, 0, 0, side=6, deep=1.0, colour=BLUE)
        box(axes, 3.2, 2.4, side=1.2, deep=1.0, colour=ORANGE)
        for number in range(10):
            box(axes, 13 + 0.28 * number, 0.19 * number, side=5.2, deep=0.12, colour=GREEN)
        axes.plot([4.4 + 0.6, 13.0 + 2.6], [3.6, 3.0], color=ORANGE, lw=1)
        axes.plot([4.4 + 0.6, 13.0 + 2.6], [2.8, 3.0], color=ORANGE, lw=1)
        axes.plot(15.6, 3.0, "o", color=ORANGE, markersize=5)
        axes.text(3, -1.3, "3 x 32 x 32", ha="center", fontsize=10)
        axes.text(9.2, 4.3, "a filter of 5x5x3\ngives one number\na place", ha="center", fontsize=9)
        axes.text(17, -1.3, "10 x 32 x 32: one map a filter", ha="center", fontsize=10)

    write("ten-filters", draw, 7.2, 3.1)


def box(axes: Axes, x: float, y: float, *, side: float, deep: float, colour: str) -> None:
    """Draw a box in oblique projection, (x, y) its lower left front corner."""
    from matplotlib.patches import Polygon

    dx, dy = 0.6 * deep, 0.4 * deep
    front = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    top = [front[3], front[2], (x + side + dx, y + side + dy), (x + dx, y + side + dy)]
    flank = [front[1], (x + side + dx, y + dy), (x + side + dx, y + side + dy), front[2]]
    for corners, strength in ((front, 0.25), (top, 0.4), (flank, 0.55)):
        axes.add_patch(Polygon(corners, facecolor="white", edgecolor="none"))
        axes.add_patch(Polygon(corners, facecolor=colour, alpha=strength, edgecolor="none"))
        axes.add_patch(Polygon(corners, fill=False, edgecolor=colour, lw=0.8))


def smile() -> None:
    """The smile under its feature detector, one window marked."""
    found = convolve(SMILE, DETECTOR)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, 3, width_ratios=[7, 3, 5])
        grid(axes[0], found.planes[0], "the image, 7x7", form=".0f")
        frame(axes[0], 3, 1, rows=3, columns=3, colour=GREEN)
        grid(axes[1], found.filter.weights[0], "the kernel, 3x3", form=".0f")
        frame(axes[1], 0, 0, rows=3, columns=3, colour=GREEN)
        axes[1].set_xlabel("0*0 + 0*0 + 1*1\n+ 1*1 + 0*0 + 0*0\n+ 0*0 + 1*1 + 1*1 = 4", fontsize=8)
        grid(axes[2], found.map, "the feature map, 5x5", form=".0f")
        frame(axes[2], 3, 1, rows=1, columns=1, colour=GREEN)

    write("smile", draw, 7.2, 2.7)


def padding() -> None:
    """A bright image, blurred under three borders."""
    bright = np.full((6, 6), 90)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, 4)
        grid(axes[0], bright, "a bright image", form=".0f", size=8)
        for each, title, pad, mode in (
            (axes[1], "pad=valid", "valid", "zero"),
            (axes[2], "pad=same", "same", "zero"),
            (axes[3], "padmode=edge", "same", "edge"),
        ):
            values = convolve(bright, "blur", pad=pad, padmode=mode).map
            grid(each, values, title, form=".0f", size=8, reach=90)
            if pad == "valid":
                each.set(xlim=(-1.5, 4.5), ylim=(4.5, -1.5))

    write("padding", draw, 8.0, 2.2)


def stride() -> None:
    """Where the window stands, and what it never sees."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, 2, width_ratios=[7, 8])
        for each, n in zip(axes, (7, 8), strict=True):
            seen = convolve(np.ones((n, n)), np.ones((3, 3)), stride=2)
            looked = np.zeros((n, n))
            for row in range(seen.size[0]):
                for column in range(seen.size[1]):
                    looked[2 * row : 2 * row + 3, 2 * column : 2 * column + 3] += 1
            title = f"{n}x{n}: {'every pixel is seen' if n == 7 else 'the last are never seen'}"
            grid(each, looked, title, form=".0f")
            for at, colour in ((0, BLUE), (2, GREEN), (4, ORANGE)):
                frame(each, 0, at, rows=3, columns=3, colour=colour)

    write("stride", draw, 6.0, 2.9)


def dilation() -> None:
    """Nine weights, spread."""

    def draw(figure: Figure) -> None:
        for axes, d in zip(figure.subplots(1, 3), (1, 2, 3), strict=True):
            field = np.zeros((7, 7))
            field[3 - d : 4 + d : d, 3 - d : 4 + d : d] = 1
            side = 2 * d + 1
            grid(axes, field, f"dilation={d}: sees {side}x{side}", size=0)
            frame(axes, 3 - d, 3 - d, rows=side, columns=side, colour=BLUE)

    write("dilation", draw, 6.6, 2.3)


def pooling() -> None:
    """The map of the smile, pooled."""
    found = convolve(SMILE, DETECTOR)

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, width_ratios=[5, 3])
        grid(left, found.map, "the feature map", form=".0f")
        grid(right, found.pool("max", (2, 2)).map, "max pooling 2x2", form=".0f")
        for row in range(3):
            for column in range(3):
                rows, columns = min(2, 5 - 2 * row), min(2, 5 - 2 * column)
                frame(left, 2 * row, 2 * column, rows=rows, columns=columns, colour=GREEN)
                frame(right, row, column, rows=1, columns=1, colour=GREEN)

    write("pooling", draw, 5.4, 2.5)


def flattening() -> None:
    """Two maps, and the row they become."""
    maps = np.arange(1, 13).reshape(2, 2, 3)

    def draw(figure: Figure) -> None:
        above, below = figure.subfigures(2, 1, height_ratios=[2, 1.1])
        for axes, values, sign, name in zip(
            above.subplots(1, 2), maps, (1, -1), ("first map", "second map"), strict=True
        ):
            grid(axes, sign * values, name, form="d", reach=24)
            for text in axes.texts:
                text.set_text(text.get_text().lstrip("-"))
        axes = below.add_subplot()
        grid(axes, np.concatenate([maps[0].ravel(), -maps[1].ravel()])[None], form="d", reach=24)
        for text in axes.texts:
            text.set_text(text.get_text().lstrip("-"))

    write("flattening", draw, 5.4, 2.4)


def full_connection() -> None:
    """The matrix of a convolution beside that of full connection."""
    layer = Conv(1, (3, 3), pad=(0, 0), bias=False)
    kernel = np.array([1.0, -2.0, 3.0, -1.5, 2.5, -0.5, 0.8, -3.0, 1.8])
    shared = np.zeros((16, 36))
    for pixel in range(36):
        one = np.zeros((1, 1, 6, 6))
        one[0, 0, pixel // 6, pixel % 6] = 1
        shared[:, pixel] = unroll(one, layer)[0, 0] @ kernel
    full = np.random.default_rng(0).normal(0, 1.5, (16, 36))

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1)
        grid(above, shared, "3x3 convolution of 6x6: 9 different weights", size=0, reach=3)
        grid(below, full, "full connection: 576 different weights", size=0, reach=3)
        below.set_xlabel(
            "one column for each of 36 pixels, one row for each of 16 outputs", fontsize=9
        )

    write("full-connection", draw, 5.6, 5.2)


ALL = (
    by_hand,
    ten_filters,
    smile,
    padding,
    stride,
    dilation,
    pooling,
    flattening,
    full_connection,
)
