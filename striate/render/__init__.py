"""Arrays as images and curves as SVG, ready to stand inside a page.

Drawing only: nothing here computes a result or writes a file. Figures are made without
pyplot, so no global figure and no window is involved, and they look the same whatever
matplotlib settings a machine has.
"""

from __future__ import annotations

from striate.render.feature_map_plot import feature_map
from striate.render.image_files import EXACT, Pixels, data_uri, png
from striate.render.line_plot import Curve
from striate.render.palette import BLUE, GREEN, INK, ORANGE, PALE
from striate.render.svg_plot import draw_line_plot

__all__ = [
    "BLUE",
    "EXACT",
    "GREEN",
    "INK",
    "ORANGE",
    "PALE",
    "Curve",
    "Pixels",
    "draw_line_plot",
    "data_uri",
    "feature_map",
    "png",
]
