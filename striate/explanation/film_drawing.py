"""The film of a run as an animation: filters above, feature maps below, an epoch a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from striate.explanation.film import Film, FilmedLayer, FilmFrame, choose_places
from striate.explanation.image_grid import make_grid
from striate.explanation.weights_drawing import ROLES, ROWS, ShownWeights, draw_weights
from striate.render.animation import LONGEST, Frame
from striate.render.image_files import Pixels
from striate.render.map_strip import draw_map
from striate.render.palette import BLUE, INK, PALE
from striate.render.sheet import Sheet, size_that_fits

MOST = 60  # frames
STEP, END = 0.5, 1.4  # seconds: of a frame where they are few, of the last
SIDE, EDGE = 224, 24  # pixels of a picture, and around it
TOP, LINE = 104, 20  # pixels above the filters; of a line of words
ODDS = 5  # classes whose probabilities are shown
GAP = 2  # pixels between maps

Reaches = Mapping[str, tuple[float, float]]  # by a layer: of its filters and of its maps


def animate_film(film: Film) -> list[Frame]:
    """Draw a film, at most 60 frames of it: one number has one colour in all of them.

    Args:
        film: from `read_film`, with at least one frame.
    """
    frames = [film.frames[at] for at in choose_places(len(film.frames), MOST)]
    reaches = measure_reaches(frames)
    shown = np.argsort(-frames[-1].probabilities, kind="stable")[:ODDS].tolist()
    last = frames[-1].epoch
    step = min(STEP, (LONGEST - END) / max(1, len(frames) - 1))
    return [
        Frame(
            _draw(film, frame, reaches, shown, last=last),
            END if frame is frames[-1] else step,
        )
        for frame in frames
    ]


def measure_reaches(frames: Sequence[FilmFrame]) -> dict[str, tuple[float, float]]:
    """Return the largest filter weight and map value of each layer over all frames; 1 for none."""
    found: dict[str, tuple[float, float]] = {}
    for frame in frames:
        for layer in frame.layers:
            weight, value = found.get(layer.name, (0.0, 0.0))
            found[layer.name] = max(weight, layer.filters.reach), max(value, layer.maps.reach)
    return {name: (weight or 1.0, value or 1.0) for name, (weight, value) in found.items()}


def draw_filters(
    layer: FilmedLayer, *, reach: float, side: int = SIDE, clear: bool = False
) -> Pixels:
    """Draw the filters of a layer: up to 64 tiles, or 8 filters over 8 channels."""
    weights = layer.filters.numbers
    table = weights.shape[1] not in (1, 3) and weights.shape[2:] != (1, 1)
    if table:
        weights = weights[choose_places(len(weights), ROWS)]
    return draw_weights(ShownWeights(weights, layer.shape), side=side, reach=reach, clear=clear)


def draw_maps(
    layer: FilmedLayer, *, reach: float, side: int = SIDE, most: int = 64, clear: bool = False
) -> Pixels:
    """Draw the maps of a layer's units in a grid about square."""
    maps = layer.maps.numbers
    maps = maps[choose_places(len(maps), most)]
    columns = int(np.ceil(np.sqrt(len(maps))))
    own = (side - GAP * (columns - 1)) // columns
    drawn = [draw_map(each, reach=reach, side=max(1, own), clear=clear) for each in maps]
    return make_grid(drawn, columns=columns, gap=GAP)


def name_layers(layers: Sequence[FilmedLayer]) -> list[str]:
    """Name layers by their place: first, middle, last.

    >>> name_layers([])
    []
    """
    roles = ROLES if len(layers) == 3 else (ROLES[0], ROLES[2])
    return [f"{role}: {layer.name}" for role, layer in zip(roles, layers, strict=False)]


def describe_epoch(frame: FilmFrame, last: int) -> str:
    """Say which epoch a frame is of, and what it reached.

    >>> describe_epoch(FilmFrame(0, np.ones(1), (), {}), 12)
    'before the first step of 12 epochs'
    """
    if not frame.epoch:
        return f"before the first step of {last:,} epochs"
    told = f"after epoch {frame.epoch:,} of {last:,}"
    if "val_accuracy" in frame.numbers:
        told += f": validation accuracy {100 * frame.numbers['val_accuracy']:.1f} %"
        told += f", loss {frame.numbers['val_loss']:.3f}"
    return told


def _draw(
    film: Film, frame: FilmFrame, reaches: Reaches, classes: Sequence[int], *, last: int
) -> Pixels:
    width = EDGE + (1 + len(frame.layers)) * (SIDE + EDGE)
    height = TOP + 2 * SIDE + LINE + 12 + 30
    sheet = Sheet(width, height)
    title = describe_epoch(frame, last)
    size = size_that_fits([title], width - 2 * EDGE, largest=20) or 12
    sheet.write(EDGE, 18, title, size=size, bold=True)
    below = TOP + SIDE + LINE + 12
    sheet.write(EDGE, TOP - 8 - LINE, "the image")
    sheet.place(EDGE, TOP, _fitted(film.pixels))
    sheet.write(EDGE, below - 8 - LINE, "what the network says")
    for row, number in enumerate(classes):
        _bar(sheet, below + row * 44, film.classes[number], float(frame.probabilities[number]))
    names = name_layers(frame.layers)
    for place, (name, layer) in enumerate(zip(names, frame.layers, strict=True)):
        left = EDGE + (1 + place) * (SIDE + EDGE)
        weight, value = reaches[layer.name]
        size = size_that_fits([name], SIDE) or 11
        sheet.write(left, TOP - 8 - 2 * LINE, name, size=size, bold=True)
        sheet.write(left, TOP - 8 - LINE, "filters")
        sheet.place(left, TOP, draw_filters(layer, reach=weight))
        sheet.write(left, below - 8 - LINE, "feature maps")
        sheet.place(left, below, draw_maps(layer, reach=value))
    done = EDGE + (width - 2 * EDGE) * frame.epoch / max(1, last)
    sheet.paint((EDGE, height - 14, width - EDGE, height - 8), "#f3f4f6")
    sheet.paint((EDGE, height - 14, done, height - 8), BLUE)
    return sheet.pixels


def _bar(sheet: Sheet, top: int, name: str, probability: float) -> None:
    """Draw the probability of a class: its name, a bar, per cent."""
    size = size_that_fits([name], SIDE - 64)
    while not size and len(name) > 4:
        name = f"{name[: len(name) - 4].rstrip('…')}…"
        size = size_that_fits([name], SIDE - 64)
    sheet.write(EDGE, top, name, size=size or 11)
    sheet.write(EDGE + SIDE, top, f"{100 * probability:.0f} %", color=INK, anchor="ra")
    sheet.paint((EDGE, top + 22, EDGE + SIDE, top + 30), "#f3f4f6")
    sheet.paint((EDGE, top + 22, EDGE + SIDE * probability, top + 30), PALE)


def _fitted(pixels: Pixels) -> Pixels:
    """Bring the image to the size of a picture: enlarged by a whole factor or averaged down."""
    from PIL import Image

    three = np.repeat(pixels, 3, 2) if pixels.shape[2] == 1 else pixels
    times = SIDE // max(three.shape[:2])
    if times >= 1:
        return np.asarray(three.repeat(times, 0).repeat(times, 1))
    small = Image.fromarray(np.ascontiguousarray(three))
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return np.array(small)
