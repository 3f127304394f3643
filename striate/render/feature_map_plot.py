"""A feature map as an image: what is above zero orange, what is below blue, with its scale.

Zero is white on every map, so that two of them can be laid side by side. Small maps are drawn
as cells with their numbers in them; larger ones a pixel a value, under them the colour bar.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from striate.render.image_files import Pixels, png
from striate.render.palette import BLUE, INK, LOOK, ORANGE, PALE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERED = 16  # rows and columns up to which the numbers stand in the cells
SHARP = 2  # pixels of the file for one of the screen, in each direction
NARROWEST, ENLARGED = 420 * SHARP, 560 * SHARP  # pixels: of the drawing; of a map's longer side
CELL = 56 * SHARP  # pixels of a cell with its number
LETTER = 8 * SHARP  # pixels that a letter takes at most, about
GAP = 16 * SHARP  # pixels between maps side by side
DARK = 140  # brightness, of 255, below which white is read more easily than black
SHOWN, SAMPLED = 98.0, 500_000  # per cent that the scale of large maps covers; values asked


@dataclass(frozen=True)
class Scale:
    """Which value has which colour.

    Attributes:
        low: the value that is fully blue; 0 where nothing is negative.
        high: the value that is fully orange; 0 where nothing is positive.
        beyond: the share of the values that lie outside and have the colour of the end.
    """

    low: float
    high: float
    beyond: float = 0.0

    def colours(self, values: np.ndarray) -> Pixels:
        """Give the colour of each value, uint8 (..., 3).

        >>> Scale(-1.0, 1.0).colours(np.array([0.0, 1.0])).tolist()
        [[255, 255, 255], [213, 94, 0]]
        """
        reach = max(-self.low, self.high) or 1.0
        steps = np.clip(np.rint(values * (255 / reach)), -255, 255).astype(np.int16) + 255
        table: Pixels = np.concatenate([_shades(BLUE)[:0:-1], _shades(ORANGE)])
        return table[steps]


def scale_of(maps: Iterable[np.ndarray]) -> Scale:
    """Choose one scale for maps: centred at zero, and not ruled by a few far values.

    Maps small enough to be numbered are covered whole; of larger ones 98 % of the values.

    >>> scale_of([np.array([[-1.0, 3.0]])]), scale_of([np.array([[0.0, 2.0]])])
    (Scale(low=-3.0, high=3.0, beyond=0.0), Scale(low=0.0, high=2.0, beyond=0.0))
    """
    every = list(maps)
    sizes = np.abs(np.concatenate([each.ravel() for each in every]))
    lowest, highest = min(each.min() for each in every), max(each.max() for each in every)
    reach = float(sizes.max())
    if max(max(each.shape) for each in every) > NUMBERED:
        reach = float(np.percentile(sizes[:: 1 + len(sizes) // SAMPLED], SHOWN)) or reach
    return Scale(
        -reach if lowest < 0 else 0.0,
        reach if highest > 0 or lowest == 0 else 0.0,
        float((sizes > reach).mean()),
    )


def feature_map(maps: Mapping[str, np.ndarray], *, title: str) -> bytes:
    """Draw feature maps with their scale and their smallest and largest number, as a PNG file.

    Args:
        maps: float64 (rows, columns) by their names, which are written where there are several;
            they are drawn side by side.
        title: what is drawn, in a few words.

    >>> data = feature_map({"map": np.array([[0.0, 1.0], [-2.0, 3.0]])}, title="a map")
    >>> data[1:4]
    b'PNG'
    """
    scale = scale_of(maps.values())
    longest = max(max(each.shape) for each in maps.values())
    if longest <= NUMBERED:
        drawn = _numbered(list(maps.values()), scale)
    else:
        drawn = [_enlarged(scale.colours(each), max(ENLARGED, longest)) for each in maps.values()]
    if len(maps) > 1:
        zoom = _zoom(sum(each.shape[1] for each in drawn))
        drawn = [
            _below(_words(name, each.shape[1], zoom=zoom), each)
            for name, each in zip(maps, drawn, strict=True)
        ]
    middle = _side_by_side(drawn)
    width = max(NARROWEST, middle.shape[1] + 2 * GAP)
    sheet = _below(_words(title, width, zoom=_zoom(width), large=True), middle)
    return png(_below(sheet, _bar(scale, list(maps.values()), width)))


def _shades(colour: str) -> Pixels:
    """256 colours from white to a colour."""
    end = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])
    way = np.linspace(0, 1, 256)[:, None]
    return np.asarray(np.rint(255 + way * (end - 255)), np.uint8)


def _enlarged(pixels: Pixels, side: int) -> Pixels:
    """Repeat each pixel so often that the longer side comes near the wanted one from below."""
    times = max(1, side // max(pixels.shape[:2]))
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


def _side_by_side(images: list[Pixels]) -> Pixels:
    height = max(map(len, images))
    parts: list[Pixels] = []
    for image in images:
        if parts:
            parts.append(np.full((height, GAP, 3), 255, np.uint8))
        under = ((0, height - len(image)), (0, 0), (0, 0))
        parts.append(np.pad(image, under, constant_values=255))
    return np.concatenate(parts, axis=1)


def _below(upper: Pixels, lower: Pixels) -> Pixels:
    """Put one under another, both in the middle of a white ground."""
    width = max(upper.shape[1], lower.shape[1])
    return np.concatenate([_widened(part, width) for part in (upper, lower)])


def _widened(pixels: Pixels, width: int) -> Pixels:
    left = (width - pixels.shape[1]) // 2
    sides = ((0, 0), (left, width - pixels.shape[1] - left), (0, 0))
    return np.pad(pixels, sides, constant_values=255)


def _numbered(maps: list[np.ndarray], scale: Scale) -> list[Pixels]:
    """Draw cells with their numbers, all maps of one size, so that what became larger is seen."""
    texts = [[f"{value:.4g}" for value in each.ravel().tolist()] for each in maps]
    widest = max(len(text) for each in texts for text in each)
    side = max(CELL, (9 * widest + 14) * SHARP) * max(max(each.shape) for each in maps)
    return [
        _cells(each, said, side // max(each.shape), scale)
        for each, said in zip(maps, texts, strict=True)
    ]


def _cells(values: np.ndarray, texts: list[str], cell: int, scale: Scale) -> Pixels:
    rows, columns = values.shape
    colours = scale.colours(values)
    brightness = (colours @ np.array([0.299, 0.587, 0.114])).ravel()

    def draw(figure: Figure) -> None:
        right, under = 1 / (columns * cell + 2), 1 / (rows * cell + 2)  # a pixel for the frame
        axes = figure.add_axes((right, under, 1 - 2 * right, 1 - 2 * under))
        axes.imshow(colours, interpolation="nearest", aspect="auto")
        line: dict[str, Any] = {"color": PALE, "linewidth": 0.8, "clip_on": False}
        axes.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, **line)
        axes.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, **line)
        for place, text in enumerate(texts):
            ink = "white" if brightness[place] < DARK else INK
            row, column = divmod(place, columns)
            axes.text(column, row, text, ha="center", va="center", fontsize=11, color=ink)
        axes.set_axis_off()

    return _rendered(draw, columns * cell + 2, rows * cell + 2)


def _words(text: str, width: int, *, zoom: float, large: bool = False) -> Pixels:
    """Write one line in the middle of a strip, which is as wide as the line needs."""
    width = max(width, round(zoom * LETTER * len(text)))

    def draw(figure: Figure) -> None:
        size, weight = (12, "bold") if large else (10, "normal")
        figure.text(0.5, 0.45, text, ha="center", va="center", fontsize=size, fontweight=weight)

    return _rendered(draw, width, round(zoom * SHARP * (36 if large else 24)), zoom=zoom)


def _bar(scale: Scale, maps: list[np.ndarray], width: int) -> Pixels:
    """Draw the colour bar, and under it the smallest and the largest number."""
    low, high = min(each.min() for each in maps), max(each.max() for each in maps)
    told = f"smallest {low:.6g}, largest {high:.6g}"
    if scale.beyond:
        told += f"; {100 * scale.beyond:.1g} % lie beyond the scale"
    low, high = (scale.low, scale.high) if scale.low < scale.high else (0.0, 1.0)
    zoom = _zoom(width)

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.1, 0.6, 0.8, 0.18))
        ramp = scale.colours(np.linspace(low, high, 512)[None])
        axes.imshow(ramp, aspect="auto", extent=(low, high, 0, 1))
        axes.set_yticks([])
        axes.locator_params(axis="x", nbins=6)
        axes.tick_params(labelsize=10, length=3, color=PALE)
        axes.spines[:].set_color(PALE)
        figure.text(0.5, 0.1, told, ha="center", fontsize=10)

    return _rendered(draw, width, round(84 * SHARP * zoom), zoom=zoom)


def _zoom(width: int) -> float:
    """How much larger letters are on a wide drawing, so that they can be read on it."""
    return max(1.0, width / (1000 * SHARP))


def _rendered(
    draw: Callable[[Figure], None], width: int, height: int, *, zoom: float = 1.0
) -> Pixels:
    """Give what is drawn on a white figure of so many pixels; matplotlib's settings stay."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(LOOK)
        mpl.rcParams["axes.unicode_minus"] = False
        figure = Figure(dpi=100 * SHARP * zoom)
        # half a pixel more, as the canvas cuts fractions off
        figure.set_size_inches((width + 0.5) / figure.dpi, (height + 0.5) / figure.dpi)
        draw(figure)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="rgba", dpi=figure.dpi, facecolor="white")
        pixels = np.frombuffer(drawn.getvalue(), np.uint8).reshape(height, width, 4)
        return np.ascontiguousarray(pixels[:, :, :3])
