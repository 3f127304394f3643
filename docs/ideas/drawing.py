"""What the drawings of the ideas have in common: number grids, bare axes, and where they go."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from striate.render import PALE
from striate.render.feature_map_plot import Scale
from striate.render.figure_files import Still

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HERE = Path(__file__).parent
INCH = 110  # pixels of the screen that an inch of a drawing takes; the file has twice as many
COLOURS = (32, 64, 128, 256)  # of a file: as few as nobody sees
SEEN, FEW = 32, 5e-4  # a difference of so much of 255, in so many of the pixels at most
ON_CELL = "#16191d"  # of letters in cells, which are as light on dark pages


def write(
    name: str, draw: Callable[[Figure], None], width: float = 6.0, height: float = 2.4
) -> None:
    """Write one image beside the pages, for light pages and for dark ones."""
    write_still(name, Still(draw, width, height))


def write_still(name: str, still: Still) -> None:
    """Write a drawing in both forms, two pixels for one of the screen, in few colours."""
    for form, dark in (("", False), ("-dark", True)):
        image = Image.open(io.BytesIO(still.png(dpi=2 * INCH, dark=dark)))
        reduce_colours(image).save(HERE / f"{name}{form}.png", optimize=True)


def reduce_colours(image: Image.Image) -> Image.Image:
    """Give an image in as few colours as nobody sees, which makes its file smaller.

    Letters have many shades at their edges, which take most of the bytes of a drawing.
    """
    whole = np.asarray(image).astype(int)
    for colours in COLOURS:
        few = image.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
        apart = np.abs(np.asarray(few.convert("RGB")).astype(int) - whole).max(axis=2)
        if (apart > SEEN).mean() < FEW:
            return few
    return image


def bare(axes: Axes, title: str = "") -> None:
    """Take everything away but what is drawn."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=10)


def grid(
    axes: Axes,
    values: np.ndarray,
    title: str = "",
    *,
    grey: bool = False,
    form: str = "g",
    size: float = 9,
    reach: float | None = None,
) -> None:
    """Draw numbers in cells: grey from 0 to 255, or white at 0, orange above and blue below."""
    bare(axes, title)
    top = reach or float(np.abs(values).max()) or 1.0
    if grey:
        shown = np.repeat(values[..., None], 3, axis=2).astype(np.uint8)
    else:
        shown = Scale(-top, top).colours(values.astype(float))
    axes.imshow(shown, interpolation="nearest")
    rows, columns = values.shape
    across, down = (-0.5, columns - 0.5), (-0.5, rows - 0.5)
    look = {"color": PALE, "linewidth": 0.6, "clip_on": False}
    for line in range(rows + 1):
        axes.plot(across, (line - 0.5, line - 0.5), **look)
    for line in range(columns + 1):
        axes.plot((line - 0.5, line - 0.5), down, **look)
    axes.set(xlim=across, ylim=down[::-1])
    if size:
        for (row, column), value in np.ndenumerate(values):
            dark = shown[row, column].astype(float) @ (0.3, 0.59, 0.11) < 120
            axes.text(
                column,
                row,
                format(value, form),
                ha="center",
                va="center",
                fontsize=size,
                color="white" if dark else ON_CELL,
            )


def frame(axes: Axes, row: float, column: float, *, rows: int, columns: int, colour: str) -> None:
    """Draw a frame around cells."""
    from matplotlib.patches import Rectangle

    corner = (column - 0.5, row - 0.5)
    axes.add_patch(Rectangle(corner, columns, rows, fill=False, ec=colour, lw=2.2, clip_on=False))


def pixels(axes: Axes, values: np.ndarray, title: str = "", *, low: float, high: float) -> None:
    """Draw a grey image, pixel by pixel."""
    bare(axes, title)
    axes.imshow(values, cmap="gray", vmin=low, vmax=high, interpolation="nearest")


def explain(axes: Axes, loc: str = "best") -> None:
    """Explain the lines of a chart; no line runs through the letters."""
    axes.legend(
        fontsize=9, loc=loc, frameon=True, facecolor="white", edgecolor="none", framealpha=1
    )


def plain(axes: Axes, title: str, across: str = "", *, lines: bool = True) -> None:
    """Give a chart its title and take away what is not needed.

    Args:
        axes: matplotlib's.
        title: what is drawn.
        across: what the horizontal axis is.
        lines: whether a grid is drawn; no number may stand on it.
    """
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel(across, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0, labelsize=8)
    if lines:
        axes.grid(color=PALE, alpha=0.3, linewidth=0.5)
