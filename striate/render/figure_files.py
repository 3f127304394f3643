"""Figures as files that stand by themselves: PNG and SVG of one drawing."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from striate.render.dark_figure import DARK_LOOK, exchange_colours
from striate.render.palette import LOOK, for_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WHITE: dict[Any, Any] = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
}


@dataclass(frozen=True)
class Still:
    """A drawing, to be made as often and in the form wanted.

    Attributes:
        draw: puts it into an empty figure.
        width: inches.
        height: inches.
    """

    draw: Callable[[Figure], None]
    width: float = 6.0
    height: float = 3.6

    def png(self, *, dpi: int = 200, dark: bool = False) -> bytes:
        """Give it as a PNG, two pixels for one of the screen, in all its colours.

        Args:
            dpi: pixels an inch.
            dark: whether it is for dark pages; else it stands on white.

        >>> Still(lambda figure: None, 1, 1).png(dpi=50)[1:4]
        b'PNG'
        """
        from PIL import Image

        image = Image.open(io.BytesIO(self._saved("png", dpi, dark=dark))).convert("RGB")
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True)
        return out.getvalue()

    def svg(self, *, title: str, description: str) -> Markup:
        """Give it as an SVG text whose colours follow the page it stands in."""
        drawn = self._saved("svg", 100).decode("utf-8")
        return for_page(drawn, title=title, description=description)

    def _saved(self, form: str, dpi: int, *, dark: bool = False) -> bytes:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(LOOK)
            if form == "png":
                mpl.rcParams.update(DARK_LOOK if dark else WHITE)
            figure = Figure(figsize=(self.width, self.height), layout="constrained")
            self.draw(figure)
            if dark:
                exchange_colours(figure)
            out = io.BytesIO()
            metadata = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
            figure.savefig(out, format=form, dpi=dpi, metadata=metadata)
        return out.getvalue()
