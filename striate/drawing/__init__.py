"""Arrays as pictures and curves as SVG, ready to stand inside a page.

Drawing only: nothing here computes a result or writes a file. Figures are made without
pyplot, so no global figure and no window is involved, and they look the same whatever
matplotlib settings a machine has.
"""

from __future__ import annotations

from striate.drawing.curves import Curve, curves
from striate.drawing.feature_map import feature_map
from striate.drawing.palette import BLUE, GREEN, INK, ORANGE, PALE
from striate.drawing.pixels import EXACT, Pixels, data_uri, png

__all__ = [
    "BLUE",
    "EXACT",
    "GREEN",
    "INK",
    "ORANGE",
    "PALE",
    "Curve",
    "Pixels",
    "curves",
    "data_uri",
    "feature_map",
    "png",
]
