"""The images of the pages about what is inside a network, each as the source of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.explanation.explanation import Explanation
from striate.explanation.layer_filters import LayerFilters
from striate.explanation.layer_maps import LayerMaps
from striate.explanation.shortcut_result import ClassFocus
from striate.explanation.weights_drawing import (
    ShownWeights,
    choose_layers,
    draw_weights,
    select_weights,
)
from striate.render import data_uri
from striate.render.map_strip import draw_map, map_strip

LARGE = 480  # pixels of a map on its own grid
VIEW, VIEW_SHARE = 320, 99.8  # pixels; the share of numbers in per cent that fit the colours
UNITS = 10  # of a layer that are shown, the strongest
TRIO = 288  # pixels of the weights of a layer


@dataclass(frozen=True, eq=False)
class DrawnWeights:
    """The weights of one convolution as an image.

    Attributes:
        role: "first", "middle" or "last".
        name: of the layer.
        shown: which of its weights are drawn.
        source: of the image.
    """

    role: str
    name: str
    shown: ShownWeights
    source: str


def draw_own_grid(found: Explanation) -> str:
    """Draw a map on its own grid."""
    reach = max(-found.low, found.high) or 1.0
    return data_uri(draw_map(found.attribution, reach=reach, side=LARGE, clear=True), side=0)


def draw_view(values: np.ndarray) -> str:
    """Draw what comes back to an image in its colours: grey is 0.

    Args:
        values: float (channels, rows, columns), with signs.
    """
    reach = float(np.percentile(np.abs(values), VIEW_SHARE)) or float(np.abs(values).max()) or 1.0
    shades = np.rint((0.5 + values / (2 * reach)).clip(0, 1) * 255)
    return data_uri(shades.astype(np.uint8).transpose(1, 2, 0), side=VIEW)


def draw_maps(layer: LayerMaps, reach: float) -> dict[str, str]:
    """Draw the maps of a layer's strongest units, and their gradients where these are known."""
    units = layer.order[:UNITS]
    drawn = {"maps": _exact(layer.values[units], reach, columns=UNITS)}
    if layer.gradient is not None:
        slopes = layer.gradient[units]
        far = float(np.percentile(np.abs(slopes), 99.5)) or float(np.abs(slopes).max())
        drawn["gradients"] = _exact(slopes, far, columns=UNITS)
    return drawn


def draw_trio(found: Sequence[LayerFilters]) -> list[DrawnWeights]:
    """Draw the weights of the first, the middle and the last convolution."""
    drawn = []
    for role, layer in choose_layers(found).items():
        shown = select_weights(layer)
        pixels = draw_weights(shown, side=TRIO, clear=True)
        drawn.append(DrawnWeights(role, layer.name, shown, data_uri(pixels, side=0)))
    return drawn


def draw_first_filters(one: LayerFilters, count: int) -> list[tuple[int, str]]:
    """Draw filters of a first layer, each with its number: in colour where it sees colours."""
    drawn = []
    for unit in one.order[:count].tolist():
        weights = one.weights[unit]
        if one.is_color:
            pixels = one.draw_color(unit)
        else:
            side = max(weights.shape[1:])
            pixels = map_strip(weights, reach=one.color_limit, side=side, clear=True)
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
    strip = map_strip(values, reach=reach, side=side, columns=columns, clear=True)
    return data_uri(strip, side=0)


def draw_mean_map(look: ClassFocus) -> str:
    """Draw where a classifier looks for a class."""
    reach = float(look.mean_map.max()) or 1.0
    return data_uri(draw_map(look.mean_map, reach=reach, side=80, clear=True), side=0)


def mark_shortcut(look: ClassFocus) -> tuple[float, float, float, float] | None:
    """Return where the region of a class's shortcut lies: left, top, width, height in per cent."""
    if look.shortcut is None:
        return None
    inside = look.shortcut.region.mask(100, 100)
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    top, left = int(rows[0]), int(columns[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
