"""The weights of a convolution in one drawing, and those of the first, middle and last together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.errors import SettingError
from striate.explanation.image_grid import make_grid
from striate.explanation.layer_filters import LayerFilters
from striate.render.image_files import Pixels
from striate.render.map_strip import draw_map
from striate.render.sheet import Sheet, size_that_fits

TILES = 64  # filters that are drawn where each is one tile
ROWS = 8  # filters, and input channels of each, where these are a table of tiles
GAP = 100  # one of so many pixels of a side lies between two tiles
SIDE, EDGE = 600, 48  # pixels of a panel of the picture, two for one of the screen, and around it
TEXT, TITLE = 28, 36  # pixels of its letters
ROLES = ("first", "middle", "last")


@dataclass(frozen=True, eq=False)
class ShownWeights:
    """What is drawn of the weights of a convolution.

    Attributes:
        weights: float32 (units, channels, rows, columns), a selection.
        shape: of all of them.
    """

    weights: np.ndarray
    shape: tuple[int, ...]

    @property
    def reach(self) -> float:
        """The size of the largest weight that is drawn, which has the full colour; 1 for none."""
        return float(np.abs(self.weights).max(initial=0.0)) or 1.0

    @property
    def words(self) -> str:
        """What is drawn: how many filters, over how many channels.

        >>> ShownWeights(np.zeros((8, 8, 3, 3)), (512, 256, 3, 3)).words
        '8 of 512 filters (rows), 8 of 256 channels'
        """
        units, channels = self.weights.shape[:2]
        every = units == self.shape[0]
        some = f"all {units:,} filters" if every else f"{units:,} of {self.shape[0]:,} filters"
        if self.as_colors:
            return f"{some}, in colour"
        if channels == self.shape[1] == 1:
            return some
        whole = f"all {channels:,}" if channels > 1 else "1"
        over = f"{channels:,} of {self.shape[1]:,}" if channels < self.shape[1] else whole
        return f"{some} (rows), {over} channel{'s' * (self.shape[1] > 1)}"

    @property
    def as_colors(self) -> bool:
        """Whether filters are drawn as colour images: they look at red, green and blue."""
        return self.shape[1] == 3 and self.shape[2:] != (1, 1)


def select_weights(layer: LayerFilters) -> ShownWeights:
    """Choose which weights of a convolution are drawn: the first of its order.

    Where a filter is a tile by itself, in colour or over one channel, up to 64 of them; of 1x1
    kernels up to 64 over 64 channels; else 8 over the 8 channels that these weigh most.
    """
    weights = layer.weights
    alone = weights.shape[1] in (1, 3) and weights.shape[2:] != (1, 1)
    single = weights.shape[2:] == (1, 1)
    units = layer.order[: TILES if alone or single else ROWS]
    sizes = np.square(weights[units]).sum((0, 2, 3))
    most = weights.shape[1] if alone else TILES if single else ROWS
    channels = np.sort(np.argsort(-sizes, kind="stable")[:most])
    return ShownWeights(weights[np.ix_(units, channels)], weights.shape)


def draw_weights(
    shown: ShownWeights, *, side: int, reach: float = 0.0, clear: bool = False
) -> Pixels:
    """Draw weights as tiles: in colour where they look at colours, else orange and blue.

    Args:
        shown: what is drawn.
        side: pixels of the longer side, about; a weight has a whole number of them, one at least.
        reach: the size of a weight that has the full colour; 0 takes the largest.
        clear: whether 0 is transparent, for any ground, instead of white; not in colour.

    Returns:
        uint8 (rows, columns, 3), or 4 where it is clear.

    >>> draw_weights(ShownWeights(np.ones((4, 1, 3, 3)), (4, 1, 3, 3)), side=20).shape
    (19, 19, 3)
    """
    weights, reach = shown.weights, reach or shown.reach
    units, channels, *kernel = weights.shape
    gap = max(1, side // GAP)
    if kernel == [1, 1]:
        return draw_map(weights[:, :, 0, 0], reach=reach, side=side, clear=clear)
    if shown.as_colors:
        scaled = np.rint(127.5 + weights.transpose(0, 2, 3, 1) * (127.5 / reach)).clip(0, 255)
        columns = math.ceil(math.sqrt(units))
        times = _times(side, columns, max(kernel))
        if clear:  # the gaps are; a filter itself is opaque
            scaled = np.pad(scaled, ((0, 0), (0, 0), (0, 0), (0, 1)), constant_values=255)
        tiles = [each.astype(np.uint8).repeat(times, 0).repeat(times, 1) for each in scaled]
        return make_grid(tiles, columns=columns, gap=gap)
    flat = weights.reshape(units * channels, *kernel)
    columns = math.ceil(math.sqrt(units)) if channels == 1 else channels
    large = max(kernel) * _times(side, columns, max(kernel))
    maps = [draw_map(each, reach=reach, side=large, clear=clear) for each in flat]
    return make_grid(maps, columns=columns, gap=gap)


def choose_layers(layers: Sequence[LayerFilters]) -> dict[str, LayerFilters]:
    """Return the first, the middle and the last convolution by these words; fewer of fewer.

    Raises:
        SettingError: there is none.
    """
    if not layers:
        raise SettingError("the network has no convolution, so it has no filters to draw")
    places = sorted({0, (len(layers) - 1) // 2, len(layers) - 1})
    roles = ROLES if len(places) == 3 else (ROLES[0], ROLES[2])
    return {role: layers[place] for role, place in zip(roles, places, strict=False)}


def draw_side_by_side(layers: Sequence[LayerFilters], *, title: str) -> Pixels:
    """Draw the weights of the first, the middle and the last convolution in one picture.

    Args:
        layers: every convolution, as `filters` gives them.
        title: whose they are.

    Raises:
        SettingError: there is none.
    """
    chosen = choose_layers(layers)
    width = EDGE + len(chosen) * (SIDE + EDGE)
    top = 2 * EDGE + TITLE + 3 * TEXT + 16
    sheet = Sheet(width, top + SIDE + EDGE)
    size = size_that_fits([title], width - 2 * EDGE, largest=TITLE) or TEXT
    sheet.write(EDGE, EDGE - 8, title, size=size, bold=True)
    drawn = [select_weights(layer) for layer in chosen.values()]
    lines = [
        [
            f"{role}: {layer.name}, {' × '.join(map(str, layer.weights.shape))}"
            for role, layer in chosen.items()
        ],
        [each.words for each in drawn],
        [
            f"{'grey' if each.as_colors else 'white'} is 0, full colour is {each.reach:.2g}"
            for each in drawn
        ],
    ]
    sizes = [size_that_fits(row, SIDE, largest=TEXT) or TEXT // 2 for row in lines]
    for place, shown in enumerate(drawn):
        left = EDGE + place * (SIDE + EDGE)
        for row, line in enumerate(lines):
            y = EDGE + TITLE + 16 + row * (TEXT + 10)
            sheet.write(left, y, line[place], size=sizes[row], bold=row == 0)
        sheet.place(left, top, draw_weights(shown, side=SIDE))
    return sheet.pixels


def _times(side: int, columns: int, kernel: int) -> int:
    """Return how many pixels a weight has where so many tiles stand in a row."""
    return max(1, (side - max(1, side // GAP) * (columns - 1)) // (columns * kernel))
