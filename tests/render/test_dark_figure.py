"""The same drawing for dark pages: the palette exchanged, everything else as it was."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from striate.render import BLUE, INK, ORANGE
from striate.render.dark_figure import DARK, PAPER, exchange_colours
from striate.render.figure_files import Still


def draw(figure: Figure) -> None:
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=BLUE, marker="o")
    axes.fill_between([0, 1], [0, 0], [1, 1], color=ORANGE, alpha=0.2)
    axes.add_patch(Rectangle((0.2, 0.2), 0.1, 0.1, facecolor="white", edgecolor=INK))
    axes.text(0.5, 0.5, "white on a cell", color="white")
    axes.text(0.5, 0.6, "boxed", color=INK, bbox={"facecolor": "white", "edgecolor": INK})
    axes.imshow(np.zeros((2, 2, 3), np.uint8), extent=(0, 0.1, 0, 0.1), aspect="auto")
    axes.set(xlim=(0, 1), ylim=(0, 1))


def test_colours_are_exchanged_and_what_stands_on_cells_is_not() -> None:
    figure = Figure()
    draw(figure)
    exchange_colours(figure)
    (axes,) = figure.axes
    assert axes.lines[0].get_color() == DARK[BLUE]
    band = np.asarray(axes.collections[0].get_facecolor())[0]
    assert to_hex(tuple(band[:3].tolist())) == DARK[ORANGE]
    assert band[3] == 0.2
    box = axes.patches[0]
    assert (to_hex(box.get_facecolor()), to_hex(box.get_edgecolor())) == (PAPER, DARK[INK])
    on_cell, boxed = axes.texts
    assert (on_cell.get_color(), boxed.get_color()) == ("white", DARK[INK])
    around = boxed.get_bbox_patch()
    assert around is not None
    assert to_hex(around.get_facecolor()) == PAPER
    pixels = axes.images[0].get_array()
    assert pixels is not None
    assert pixels.max() == 0  # images stay what they are


def test_both_forms_are_drawn_alike_on_their_own_paper() -> None:
    still = Still(draw, 3, 3)
    light, dark = (
        Image.open(io.BytesIO(still.png(dpi=50, dark=dark))).convert("RGB")
        for dark in (False, True)
    )
    assert light.size == dark.size == (150, 150)
    assert light.getpixel((0, 0)) == (255, 255, 255)
    assert dark.getpixel((0, 0)) == tuple(bytes.fromhex(PAPER[1:]))
