"""Draws docs/zipcodes/: lines of scikit-learn's digits, as scanned and as they were cut and read.

python docs/zipcodes_figure.py [MODEL]

Without a classifier's file, one of scikit-learn's digits is trained first. The digits drawn are of
the test split, which it has not seen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

import striate as st
from benchmarks.harness.written_lines import KINDS, draw_line
from benchmarks.zipcodes import TestDigits
from striate.events import ignore
from striate.model.classifier import Classifier
from striate.model.prediction import Unreadable
from striate.model.segmentation.line import LineReading
from striate.model.segmentation.line_reading import read_lines
from striate.render import BLUE, INK
from striate.render.figure_files import Still

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).with_name("zipcodes")
SEED = 3


def main() -> None:
    """Draw the lines, read them, and draw what was read."""
    if len(sys.argv) > 1:
        model = st.load(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            model = st.train("digits", out=Path(folder) / "run", seed=0, callback=ignore).model
    FOLDER.mkdir(exist_ok=True)
    images = draw_lines()
    for name, image in images.items():
        Image.fromarray(image).save(FOLDER / f"{name}.png", optimize=True)
    figure = Still(lambda figure: draw(figure, model, images), 9.0, 4.6)
    (FOLDER / "read.png").write_bytes(figure.png(dpi=100))


def draw_lines() -> dict[str, np.ndarray]:
    """Return a line of each kind, all of the same digits."""
    digits = TestDigits.find("digits")
    chosen = np.random.default_rng(SEED).integers(len(digits.images), size=5)
    return {
        kind.name.replace(" ", "-"): draw_line(
            [digits.images[place] for place in chosen], kind, np.random.default_rng(SEED)
        )
        for kind in KINDS
    }


def draw(figure: Figure, model: Classifier, images: dict[str, np.ndarray]) -> None:
    """Draw each line with the boxes of its characters, what they were read as and how surely."""
    answers: list[LineReading | Unreadable] = list(read_lines(model, list(images.values())))
    for axes, image, line in zip(figure.subplots(2, 2).flat, images.values(), answers, strict=True):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        if isinstance(line, Unreadable):
            continue
        for glyph in line.glyphs:
            top, left, bottom, right = glyph.box
            corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
            axes.plot(*np.transpose(corners), color=BLUE, linewidth=1.2)
            axes.text(
                (left + right) / 2,
                top - 6,
                f"{glyph.label}\n{100 * glyph.probability:.0f} %",
                ha="center",
                va="bottom",
                fontsize=8,
                color=INK,
            )
        axes.set_title(f"{line.text}: {100 * line.probability:.0f} %", fontsize=10, pad=24)


if __name__ == "__main__":
    main()
