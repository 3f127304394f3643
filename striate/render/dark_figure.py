"""A matplotlib figure for dark pages: the same drawing, its colours exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from striate.render.palette import BLUE, GREEN, INK, LOOK, ORANGE, PALE, PINK

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

PAPER = "#0d1117"
"""The ground of dark pages: GitHub's."""

DARK = {
    INK: "#e8edf2",
    PALE: "#73808d",
    BLUE: "#56b4e9",
    ORANGE: "#f28e45",
    GREEN: "#3cc79b",
    PINK: "#dd9dc0",
    "#000000": "#e8edf2",
}
"""What each colour of the palette becomes; these are those of the pages, too."""

DARK_LOOK: dict[Any, str] = {
    **{name: DARK.get(value, value) for name, value in LOOK.items() if isinstance(value, str)},
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}


def exchange_colours(figure: Figure) -> None:
    """Give everything in a figure the colour that its own becomes on dark paper.

    White areas become paper; white letters, which stand on coloured cells, stay. What has any
    other colour keeps it, and so do images.

    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> line, = figure.add_subplot().plot([0, 1], color=BLUE)
    >>> exchange_colours(figure)
    >>> line.get_color()
    '#56b4e9'
    """
    figure.draw_without_rendering()  # which makes the ticks
    for artist in figure.findobj():
        _exchange(artist)


def _exchange(artist: Artist) -> None:
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    if isinstance(artist, Text):
        artist.set_color(_darken(artist.get_color()))
        around = artist.get_bbox_patch()
        if around is not None:
            _exchange(around)
    elif isinstance(artist, Line2D):
        artist.set_color(_darken(artist.get_color()))
        artist.set_markerfacecolor(_darken(artist.get_markerfacecolor()))
        artist.set_markeredgecolor(_darken(artist.get_markeredgecolor()))
    elif isinstance(artist, Patch):
        artist.set_edgecolor(_darken(artist.get_edgecolor()))
        artist.set_facecolor(_darken(artist.get_facecolor(), area=True))
    elif isinstance(artist, Collection):
        artist.set_edgecolor([_darken(each) for each in artist.get_edgecolor()])
        artist.set_facecolor([_darken(each, area=True) for each in artist.get_facecolor()])


def _darken(colour: Any, *, area: bool = False) -> Any:
    """Return what a colour becomes, as opaque as it was."""
    from matplotlib.colors import to_hex, to_rgba

    if isinstance(colour, str) and colour in ("none", "auto"):
        return colour
    plain, alpha = to_hex(colour), to_rgba(colour)[3]
    if alpha == 0:
        return "none"  # not the colour with alpha 0, which an artist's own alpha would bring back
    found = PAPER if area and plain == "#ffffff" else DARK.get(plain)
    if found is None:
        return colour
    return found if alpha == 1 else to_rgba(found, alpha)
