"""A white sheet to draw on quickly: words, cells with numbers, thick frames; frames of animations.

Matplotlib takes a tenth of a second for what stands on one sheet; an animation has sixty of them.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from striate.render.image_files import Pixels
from striate.render.palette import INK, PALE

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

Anchor = Literal["la", "ma", "ra", "lm", "mm", "rm"]
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels

TEXT = 15  # pixels that a letter is high, about
SMALLEST = 11  # that can be read
LINED = 7  # pixels of a cell from which on lines stand between cells
HALO = 2  # white pixels around a frame, so that it is seen on any image


class Sheet:
    """A white image that words, cells and frames are drawn on.

    >>> sheet = Sheet(80, 40)
    >>> sheet.write(40, 20, "conv", anchor="mm")
    >>> sheet.pixels.shape, bool((sheet.pixels < 128).any())
    ((40, 80, 3), True)
    """

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image, ImageDraw

        self._image = Image.new("RGB", (width, height), "white")
        self._pen = ImageDraw.Draw(self._image)

    @property
    def pixels(self) -> Pixels:
        """What is drawn so far: uint8 (rows, columns, 3)."""
        return np.array(self._image)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = TEXT,
        bold: bool = False,
        color: str = INK,
        anchor: Anchor = "la",
    ) -> None:
        """Write one line; the anchor says which point of it lies at (x, y), as in Pillow."""
        self._pen.text((x, y), text, fill=color, font=font(size, bold), anchor=anchor)

    def paint(self, box: Box, color: str) -> None:
        """Fill a box, to whole pixels."""
        left, top, right, bottom = (round(side) for side in box)
        if right > left and bottom > top:
            self._pen.rectangle((left, top, right - 1, bottom - 1), fill=color)

    def frame(self, box: Box, color: str, *, width: int = 4, halo: bool = True) -> None:
        """Draw a frame just outside a box, between two white lines so that it is seen anywhere."""
        left, top, right, bottom = (round(side) for side in box)
        if halo:
            out = width + HALO
            around = (left - out, top - out, right + out - 1, bottom + out - 1)
            self._pen.rectangle(around, outline="white", width=HALO)
        around = (left - width, top - width, right + width - 1, bottom + width - 1)
        self._pen.rectangle(around, outline=color, width=width)

    def place(self, left: int, top: int, pixels: Pixels) -> None:
        """Put an image there: uint8 (rows, columns, 3)."""
        from PIL import Image

        self._image.paste(Image.fromarray(np.ascontiguousarray(pixels)), (left, top))

    def line_cells(self, box: Box, cell: int, *, color: str = PALE) -> None:
        """Draw the lines between cells of so many pixels, and around them all."""
        left, top, right, bottom = (round(side) for side in box)
        for x in range(left, right + 1, cell):
            self._pen.line((x, top, x, bottom), fill=color)
        for y in range(top, bottom + 1, cell):
            self._pen.line((left, y, right, y), fill=color)


@cache
def font(size: int, bold: bool = False) -> FreeTypeFont | ImageFont:
    """Return the letters that matplotlib draws with, which come with it; else Pillow's own."""
    from PIL import ImageFont

    found = find_spec("matplotlib")
    if found is not None and found.origin is not None:
        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / name
        if path.is_file():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


def width_of(text: str, size: int = TEXT, *, bold: bool = False) -> float:
    """Return how wide a line of text is, in pixels.

    >>> width_of("10") > width_of("1") > 0
    True
    """
    return float(font(size, bold).getlength(text))


def size_that_fits(texts: list[str], width: float, *, largest: int = TEXT) -> int:
    """Return how large letters may be for every text to fit into a width; 0 where none can be read.

    >>> size_that_fits(["1"], 40), size_that_fits(["a very long text"], 20)
    (15, 0)
    """
    longest = max(texts, key=len, default="")
    sizes = range(largest, SMALLEST - 1, -1)
    return next((size for size in sizes if width_of(longest, size) <= width), 0)


def wrap_to(text: str, width: float, *, size: int = TEXT) -> list[str]:
    """Break a text between its words into lines that fit into a width.

    >>> wrap_to("1*2 + 3*4", 44, size=14)
    ['1*2 +', '3*4']
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
