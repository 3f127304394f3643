"""Results as a notebook shows them: texts, tables and pictures, one below the other.

Styles stand in each element or beside it, so that a notebook's own theme, light or dark, stays what
it is; where they are taken out, as on GitHub, the words and numbers remain.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal, TypeAlias

from striate.render.figure_files import Still
from striate.render.image_files import Pixels, data_uri
from striate.render.template import fill
from striate.terminal.colors import Mark
from striate.terminal.tables import Table


@dataclass(frozen=True)
class Text:
    """A text with line breaks.

    Attributes:
        text: what it says.
        strong: what stands before it in bold.
        kind: a paragraph, an unordered list of its lines, or as it is, every space kept.
    """

    text: str
    strong: str = ""
    kind: Literal["p", "ul", "pre"] = "p"


@dataclass(frozen=True, eq=False)
class Picture:
    """An image with what is said of it.

    Attributes:
        pixels: uint8 (rows, columns), (rows, columns, 1) or (rows, columns, 3).
        caption: one or more lines.
        mark: "wrong" and "unsure" are said before the caption.
    """

    pixels: Pixels
    caption: str = ""
    mark: Mark = ""

    @property
    def source(self) -> str:
        """The image as a text."""
        return data_uri(self.pixels, side=2 * SIDE)


@dataclass(frozen=True)
class Gallery:
    """Images side by side, as many in a row as there is room.

    Attributes:
        pictures: the images.
        caption: stands above them.
        side: pixels of the longer side of each.
    """

    pictures: tuple[Picture, ...]
    caption: str = ""
    side: int = 112
    kind: str = "gallery"


@dataclass(frozen=True)
class Bars:
    """Shares from 0 to 1, each with its name and a bar."""

    rows: tuple[tuple[str, float], ...]
    kind: str = "bars"


@dataclass(frozen=True)
class Drawing:
    """A drawing on white, at two pixels for one of the screen.

    In the dark theme of Jupyter, VS Code and Colab it is turned light on dark, its hues kept.

    Attributes:
        still: what is drawn.
        alt: what is to be seen, in words.
    """

    still: Still
    alt: str
    kind: str = "drawing"

    @property
    def source(self) -> str:
        """The drawing as a text."""
        png = self.still.png(dpi=2 * INCH)
        return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"

    @property
    def width(self) -> int:
        """Pixels of the screen that it takes."""
        return round(self.still.width * INCH)


@dataclass(frozen=True)
class Folded:
    """What is shown when its heading is clicked."""

    heading: str
    parts: tuple[Part, ...]
    kind: str = "folded"


SIDE = 112  # pixels of the screen that an image takes, where nothing else is said
INCH = 72  # pixels of the screen for an inch of a drawing

Part: TypeAlias = "Text | Table | Gallery | Bars | Drawing | Folded"


def to_html(*parts: Part) -> str:
    """Return HTML for a notebook, every text escaped; a text that says nothing is left out.

    >>> print(to_html(Text("of <b>", strong="3")))
    <p><strong>3</strong>of &lt;b&gt;</p>
    """
    return fill("render/templates/notebook.html", parts).strip()
