"""Draws the images of docs/convolve.md: a scene of its own under filters, a digit under one.

python docs/convolve.py [FOLDER]
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits

from striate import render
from striate.render.animation import write_animation
from striate.render.feature_map_plot import scale_of
from striate.teaching.convolution import FILTERS, convolve
from striate.teaching.convolution.sliding_scenes import animate

SHOWN = ("sharpen", "blur", "edge-enhance", "emboss", "edge-detect", "sobel-x", "sobel-y")
ROWS, COLUMNS = 120, 160
GUIDE = "3 3 2 1 0/0 0 1 3 1/3 1 2 2 3/2 0 0 2 2/2 0 0 0 1"


def scene() -> np.ndarray:
    """A house under the sun, uint8 (rows, columns, 3)."""
    sky = np.linspace((120, 170, 220), (225, 235, 245), ROWS)[:, None].repeat(COLUMNS, axis=1)
    image = Image.fromarray(sky.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse((112, 10, 140, 38), fill=(250, 210, 70))
    draw.rectangle((0, 92, COLUMNS, ROWS), fill=(90, 140, 70))
    draw.rectangle((36, 56, 96, 100), fill=(205, 190, 165))
    draw.polygon([(28, 56), (66, 24), (104, 56)], fill=(165, 70, 55))
    draw.rectangle((46, 66, 60, 80), fill=(70, 90, 120))
    draw.rectangle((72, 70, 86, 100), fill=(110, 75, 50))
    draw.line((125, 100, 125, 66), fill=(95, 70, 50), width=4)
    draw.ellipse((112, 48, 138, 74), fill=(50, 105, 55))
    noise = np.random.default_rng(0).normal(0, 2, (ROWS, COLUMNS, 1))
    return np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)


def sheet(image: np.ndarray) -> Figure:
    """The image, and what each filter makes of it."""
    figure = Figure(figsize=(8.8, 3.9), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 4).ravel()
    axes[0].imshow(image, interpolation="nearest")
    axes[0].set_title("the image", fontsize=11)
    for place, name in zip(axes[1:], SHOWN, strict=True):
        result = convolve(image, name, pad="same", padmode="edge").map
        if FILTERS[name].keeps_brightness:
            pixels = np.clip(np.rint(result), 0, 255).astype(np.uint8)
        else:
            pixels = scale_of([result]).colours(result)
        place.imshow(pixels, interpolation="nearest")
        place.set_title(name, fontsize=11)
    for place in axes:
        place.set_axis_off()
    return figure


def main(folder: Path) -> None:
    """Draw the images into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = io.BytesIO()
    sheet(scene()).savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").save(folder / "filters.png", optimize=True)
    result = convolve(load_digits().images[3], "sobel-x", pad="same")
    maps = {"feature map": result.map, "maxpool 2": result.pool("max", 2).map}
    (folder / "digit.png").write_bytes(
        render.feature_map(maps, title="a handwritten 3 under sobel-x")
    )
    spread = convolve(GUIDE, "0 1 2; 2 2 0; 0 1 2", stride=2, pad=2, dilation=2)
    write_animation(folder / "dilated.gif", animate(spread))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(""))
