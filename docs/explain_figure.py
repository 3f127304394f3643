"""Draws docs/explain/cells.png: a map stretched over its image, and laid where its cells look.

python docs/explain_figure.py
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.explanation import Explanation, explain
from striate.explanation.cell_centers import CellCenters
from striate.model.classifier import Classifier
from striate.render import BLUE, INK
from striate.render.figure_files import Still

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE, DISC, RADIUS = 224, (104, 88), 26  # pixels: of the input; the disc's middle, row and column
TEXT = f"input 1x{SIDE}x{SIDE} classes=2 > [conv 1 stride=2 bias=no]*5 > gap > flatten > fc bias=no"


def disc() -> np.ndarray:
    """Draw a disc, bright on dark."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    inside = (rows - DISC[0]) ** 2 + (columns - DISC[1]) ** 2 <= RADIUS**2
    return np.where(inside, 235, 0).astype(np.uint8)


def find_disc() -> Explanation:
    """Return where a network that only blurs sees brightness: five means of 3x3, stride 2."""
    network = build(TEXT)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1 / 9)
        network.fc1.weight[1] = 0
    model = Classifier(network, TEXT, ("bright", "dark"), Preprocess(1, SIDE, SIDE))
    return explain(model, disc(), target="bright", method="cam")


def draw(figure: Figure) -> None:
    """Draw both maps over the image, with the cells' centres and the disc's outline."""
    laid = find_disc()
    grid = CellCenters.of_grid(*laid.attribution.shape, (SIDE, SIDE))
    panels = (
        (laid.stretched(), grid, "stretched: cell j of 7 on pixel 32 j + 15.5"),
        (laid, laid.centers or grid, "laid where the cells look: pixel 32 j"),
    )
    for axes, (found, centers, title) in zip(figure.subplots(1, 2), panels, strict=True):
        axes.imshow(found.overlay(2 * SIDE), extent=(-0.5, SIDE - 0.5, SIDE - 0.5, -0.5))
        down, across = np.meshgrid(centers.rows.mean, centers.columns.mean, indexing="ij")
        axes.plot(across.ravel(), down.ravel(), ".", color=BLUE, markersize=4, clip_on=False)
        turn = np.linspace(0, 2 * np.pi, 100)
        axes.plot(
            DISC[1] + RADIUS * np.cos(turn),
            DISC[0] + RADIUS * np.sin(turn),
            color=INK,
            linewidth=1.2,
            linestyle=(0, (4, 2)),
        )
        axes.set_title(title, fontsize=10)
        axes.set_axis_off()
        axes.set_xlim(-4, SIDE + 3)
        axes.set_ylim(SIDE + 3, -4)


if __name__ == "__main__":
    target = Path(__file__).with_name("explain") / "cells.png"
    target.write_bytes(Still(draw, 8.0, 4.3).png(dpi=100))
