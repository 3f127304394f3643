"""Stills of the film of a run: a few epochs side by side, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from striate.explanation.film import Film, FilmedLayer
from striate.explanation.film_drawing import (
    draw_filters,
    draw_maps,
    measure_reaches,
    name_layers,
)
from striate.explanation.weights_drawing import ShownWeights
from striate.render import data_uri
from striate.render.image_files import Pixels

EPOCHS = 5  # that are shown
SIDE = 132  # pixels of a drawing
MAPS = 16  # of a layer that are shown


@dataclass(frozen=True)
class Row:
    """One layer over the epochs.

    Attributes:
        title: which layer.
        what: "filters" or "feature maps".
        stills: (epoch, source of an image) in order.
        colored: whether they are drawn in the colours that filters look at.
    """

    title: str
    what: str
    stills: tuple[tuple[int, str], ...]
    colored: bool = False


def draw_stills(film: Film) -> list[Row]:
    """Draw the filters and the maps of each filmed layer, in one scale over all epochs."""
    reaches = measure_reaches(film.frames)
    rows = []
    for place, title in enumerate(name_layers(film.frames[-1].layers)):
        layers = [(frame.epoch, frame.layers[place]) for frame in film.frames]
        weight, value = reaches[layers[0][1].name]

        def filters(layer: FilmedLayer, reach: float = weight) -> Pixels:
            return draw_filters(layer, reach=reach, side=SIDE, clear=True)

        def maps(layer: FilmedLayer, reach: float = value) -> Pixels:
            return draw_maps(layer, reach=reach, side=SIDE, most=MAPS, clear=True)

        first = layers[0][1]
        colored = ShownWeights(first.filters.values, first.shape).as_colors
        drawn = _row(title, "filters", layers, filters)
        rows += [replace(drawn, colored=colored), _row(title, "feature maps", layers, maps)]
    return rows


def _row(
    title: str,
    what: str,
    layers: list[tuple[int, FilmedLayer]],
    draw: Callable[[FilmedLayer], Pixels],
) -> Row:
    return Row(
        title, what, tuple((epoch, data_uri(draw(layer), side=0)) for epoch, layer in layers)
    )
