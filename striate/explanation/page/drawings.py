"""The images of the pages about what is inside a network, each as the source of an image."""

from __future__ import annotations

import base64

import numpy as np

from striate.explanation.explanation import Explanation
from striate.explanation.layer_filters import LayerFilters
from striate.explanation.layer_maps import LayerMaps
from striate.explanation.map_resampling import lay_map
from striate.explanation.receptive_fields import ReceptiveField
from striate.explanation.score_decomposition import ScoreDecomposition
from striate.explanation.shortcut_result import ClassFocus
from striate.render import BLUE, ORANGE, data_uri, evidence_plot, png
from striate.render.heat_map import blocks, heat
from striate.render.map_strip import map_strip
from striate.render.rectangles import draw_rectangles

LARGE, FIELD = 480, 280  # pixels of a map over its image, and of a receptive field
UNITS = 10  # of a layer that are shown, the strongest


def draw_overlay(found: Explanation, side: int) -> str:
    """Draw a map over its image."""
    return data_uri(found.overlay(side), side=side)


def draw_own_grid(found: Explanation) -> str:
    """Draw a map on its own grid."""
    return data_uri(blocks(found.attribution, side=LARGE), side=LARGE)


def draw_contrast(found: ScoreDecomposition) -> str:
    """Draw which places speak for the one class and which for the other."""
    laid = lay_map(found.map, found.centers, *found.image.preprocess.shape[1:])
    shown = found.image.onto_image(laid)
    return data_uri(heat(found.image.original, shown, side=LARGE), side=LARGE)


def draw_maps(layer: LayerMaps, reach: float) -> dict[str, str]:
    """Draw the maps of a layer's strongest units, and their gradients where these are known."""
    units = layer.order[:UNITS]
    drawn = {"maps": _exact(layer.values[units], reach, columns=UNITS)}
    if layer.gradient is not None:
        slopes = layer.gradient[units]
        far = float(np.percentile(np.abs(slopes), 99.5)) or float(np.abs(slopes).max())
        drawn["gradients"] = _exact(slopes, far, columns=UNITS)
    return drawn


def draw_field(seen: ReceptiveField) -> str:
    """Draw what a unit can see of the image, and where it looks."""
    subject = seen.image
    drawn = heat(subject.original, subject.onto_image(seen.gradient), side=FIELD)
    scaled = drawn.shape[0] / subject.original.shape[0]
    frames = []
    for one, colour in ((seen.theoretical, BLUE), (seen.effective, ORANGE)):
        if one is not None:
            box = subject.box_on_image(one.top, one.left, one.bottom, one.right)
            top, left, bottom, right = (end * scaled for end in box)
            frames.append(((top, left, bottom, right), colour))
    return data_uri(draw_rectangles(drawn, frames, side=max(drawn.shape[:2])), side=FIELD)


def draw_first_filters(one: LayerFilters, count: int) -> list[tuple[int, str]]:
    """Draw filters of a first layer, each with its number: in colour where it sees colours."""
    drawn = []
    for unit in one.order[:count].tolist():
        weights = one.weights[unit]
        if one.is_color:
            pixels = one.draw_color(unit)
        else:
            pixels = map_strip(weights, reach=one.color_limit, side=max(weights.shape[1:]))
        drawn.append((unit, data_uri(pixels, side=72)))
    return drawn


def draw_deeper_filters(
    one: LayerFilters, count: int, channels: int
) -> list[tuple[int, list[int], str]]:
    """Draw filters of a deeper layer over the channels that they weigh most, with the numbers."""
    drawn = []
    for unit in one.order[:count].tolist():
        most = one.strongest_channels(unit, channels)
        reach = float(np.abs(one.weights[unit]).max()) or 1.0
        strip = _exact(one.weights[unit][most], reach, side=36, columns=channels)
        drawn.append((unit, most.tolist(), strip))
    return drawn


def _exact(values: np.ndarray, reach: float, *, columns: int, side: int = 84) -> str:
    data = png(map_strip(values, reach=reach, side=side, columns=columns))
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def draw_mean_map(look: ClassFocus) -> str:
    """Draw where a classifier looks for a class, the region of its shortcut marked."""
    marked = None
    if look.shortcut is not None:
        inside = look.shortcut.region.mask(100, 100)
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        ends = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
        top, left, bottom, right = (float(end) / 100 for end in ends)
        marked = top, left, bottom, right
    return data_uri(evidence_plot.mean_map(look.mean_map, marked=marked))
