"""A convolution as it happens: the kernel slides over the image and the map grows, in scenes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from striate.architecture.words import AvgPool, MaxPool, Window
from striate.render.animation import LONGEST, Frame
from striate.render.feature_map_plot import scale_of
from striate.render.image_files import Pixels
from striate.render.scene import Cells, Grid, Item, Scene, draw_scene, reduce_colours
from striate.teaching.convolution.feature_map import FeatureMap
from striate.teaching.convolution.number_text import format_number
from striate.teaching.convolution.pooling import Pooled
from striate.teaching.convolution.sliding import pad_planes
from striate.teaching.convolution.worked_value import WorkedValue

MOST: Final = 56  # positions that are shown, at most
POOLED: Final = 20  # of them of the pooling, where there is one
SLOW: Final = 6  # the first ones, which are shown longer, one after the other
STEP, QUICK, END = 0.6, 0.14, 1.4  # seconds: of a slow position, of another, of the last
NUMBERED: Final = 24  # rows and columns of a grid whose numbers are written, at most
SHOWN: Final = 3  # channels whose arithmetic is shown
PADDING: Final = np.array([232, 235, 239], np.uint8)  # the colour of padded zeros


Timed = tuple[Scene, float]  # a scene, and how many seconds it is shown


def animate(result: FeatureMap, pooled: Pooled | None = None) -> list[Frame]:
    """Draw how a map comes about, position by position, and how it is pooled.

    The first positions come one after the other. Where there are more than 56, or 36 and 20 of a
    pooling, the others are a selection spread over the image, and the map grows by all that lies
    between two of them.

    Args:
        result: of `convolve`.
        pooled: what its pooling gave; None where it was not pooled.

    >>> from striate.teaching.convolution import convolve
    >>> frames = animate(convolve("0110/0110/0110", "-1 1"))
    >>> len(frames), round(sum(frame.seconds for frame in frames), 2)
    (9, 6.2)
    """
    scenes = make_scenes(result, pooled)
    scale = min(1.0, LONGEST / sum(seconds for _, seconds in scenes))
    return [Frame(draw_scene(scene), seconds * scale) for scene, seconds in scenes]


def make_scenes(result: FeatureMap, pooled: Pooled | None = None) -> list[Timed]:
    """Return what `animate` draws: scenes, and the seconds each is shown before any hurry."""
    made = _slide(result, MOST if pooled is None else MOST - POOLED)
    if pooled is not None:
        made += _pool(result, pooled)
    return [
        (replace(scene, progress=number / len(made)), seconds)
        for number, (scene, seconds) in enumerate(made, 1)
    ]


def choose_positions(rows: int, columns: int, most: int = MOST) -> list[int]:
    """Choose which positions of a sliding window are shown, counted row by row.

    Returns:
        All where they are few; else the first six, others on a grid over all, and the last.

    >>> choose_positions(2, 2), len(choose_positions(222, 222))
    ([0, 1, 2, 3], 54)
    """
    if rows * columns <= most:
        return list(range(rows * columns))
    room = most - SLOW
    down = min(rows, max(1, round((room * rows / columns) ** 0.5)))
    across = min(columns, max(1, room // down))
    down = min(rows, room // across)
    lines, places = (
        np.unique(np.linspace(0, side - 1, count).round().astype(int))
        for side, count in ((rows, down), (columns, across))
    )
    spread = (lines[:, None] * columns + places[None]).ravel().tolist()
    return sorted({*range(SLOW), *spread, rows * columns - 1})


def seconds_of(count: int) -> list[float]:
    """Say how long each of so many positions is shown: few ones slowly, of many the first.

    >>> seconds_of(3), seconds_of(20)[4:8]
    ([0.6, 0.6, 1.4], [0.6, 0.6, 0.14, 0.14])
    """
    slow = count if count <= 2 * SLOW + 2 else SLOW
    return [*[STEP if place < slow else QUICK for place in range(count - 1)], END]


def short(value: float) -> str:
    """Write a number so that it fits into a cell, with a real minus sign.

    >>> short(-4.0), short(1 / 3), short(251.03)
    ('−4', '0.33', '251')
    """
    whole = value == int(value) or abs(value) >= 100
    text = format_number(round(value)) if whole and abs(value) < 1e5 else f"{value:.2g}"
    return text.replace("-", "−")


def write_numbers(values: np.ndarray) -> list[list[str]]:
    """Write the numbers of a small grid, (rows, columns); nothing of a large one."""
    if max(values.shape) > NUMBERED:
        return []
    return [[short(value) for value in row] for row in values.tolist()]


def tint(values: np.ndarray, largest: float, *, pixels: bool = False) -> Pixels:
    """Colour what goes in: white for 0, darker for more; what is negative as in a map.

    Args:
        values: (rows, columns).
        largest: what is darkest.
        pixels: whether they are shades of grey already, 0 for black to 255.

    >>> tint(np.array([[0.0, 2.0]]), 2.0).tolist()
    [[[255, 255, 255], [95, 95, 95]]]
    """
    if pixels:
        return np.repeat(values.astype(np.uint8)[..., None], 3, axis=-1)
    dark = np.rint(255 - 160 * np.clip(values / (largest or 1.0), 0, 1)).astype(np.uint8)
    grey: Pixels = np.repeat(dark[..., None], 3, axis=-1)
    below = values < 0
    if below.any():
        grey[below] = scale_of([np.array([[-largest, largest]])]).colours(values[below])
    return grey


def grid_of(title: str, values: np.ndarray) -> Grid:
    """Make a grid of a map: orange above 0, blue below, with its numbers where it is small."""
    colours = reduce_colours(scale_of([values]).colours(values))
    return Grid(title, (values.shape[0], values.shape[1]), colours, write_numbers(values))


def slide_marks(
    window: Window, row: int, column: int, size: tuple[int, int]
) -> tuple[tuple[Cells, ...], Cells]:
    """Return the cells that a window touches at a position, and the cells around them all.

    They are of the padded grid, whose size cuts off what reaches beyond.

    >>> slide_marks(Window((2, 2), (1, 1), dilation=(2, 2)), 0, 1, (3, 4))[0][-1]
    (2, 3, 3, 4)
    """
    top, left = row * window.stride[0], column * window.stride[1]
    whole = (
        top,
        left,
        min(top + window.extent[0], size[0]),
        min(left + window.extent[1], size[1]),
    )
    if window.dilation == (1, 1):
        return (whole,), whole
    (down, across), (high, wide) = window.dilation, window.kernel
    cells = [(top + i * down, left + j * across) for i in range(high) for j in range(wide)]
    return tuple((y, x, y + 1, x + 1) for y, x in cells if y < size[0] and x < size[1]), whole


def _slide(result: FeatureMap, most: int) -> list[Timed]:
    """The kernel over the image: a scene a position."""
    window = result.layer.window_on(result.shape)
    rows, columns = result.size
    before, after = _image(result, window), _map(result)
    positions = choose_positions(rows, columns, most)
    name = result.filter.name or f"a filter of {'x'.join(map(str, result.filter.shape))}"
    zeros = "zeros" if result.layer.padmode == "zero" else "the border repeated"
    padded = f"{window.pad_text}, {zeros}" if any(window.sides) else "0"
    about = f"stride {_sides(window.stride)}; padding {padded}; dilation {_sides(window.dilation)}"
    shade = partial(
        tint,
        largest=float(np.abs(result.planes).max()),
        pixels=result.planes.dtype == np.uint8,
    )

    def make(position: int) -> Scene:
        row, column = divmod(position, columns)
        worked = result.at(row, column)
        marks, outline = slide_marks(window, row, column, before.size)
        told = f"{about}; row {row}, column {column} of the map"
        if len(positions) < rows * columns:
            told += f"; {len(positions)} of {rows * columns:,} positions are shown"

        return Scene(
            title=f"{name} over an image of {result.shape[1]}x{result.shape[2]}",
            before=_marked(before, marks, outline),
            arithmetic=_multiply(worked, shade),
            after=_grown(after, position, columns),
            captions=(f"size of the map: {result.formula}", told),
            progress=0.0,
        )

    times = seconds_of(len(positions))
    return [(make(place), seconds) for place, seconds in zip(positions, times, strict=True)]


def _pool(result: FeatureMap, pooled: Pooled) -> list[Timed]:
    """The pooling window over the map: a scene a position."""
    first = (slice(None), slice(None), 0) if result.map.ndim == 3 else (slice(None), slice(None))
    values, made = result.map[first], pooled.map[first]
    window = pooled.layer.window_on((1, *result.size))
    if window is None:
        return []
    sides = window.sides
    wide = np.pad(values, ((sides.top, sides.bottom), (sides.left, sides.right)))
    colours = scale_of([values]).colours(values)
    filled = np.full((*wide.shape, 3), PADDING)
    rows, columns = values.shape
    filled[sides.top : sides.top + rows, sides.left : sides.left + columns] = colours
    before = Grid(
        "feature map",
        wide.shape,
        reduce_colours(filled),
        write_numbers(wide),
        faint=(sides.top, sides.bottom, sides.left, sides.right),
    )
    after = grid_of(f"pooled by {pooled.layer.word} {_sides(window.kernel)}", made)
    down, across = made.shape
    positions = choose_positions(down, across, POOLED)
    word = "largest" if isinstance(pooled.layer, MaxPool) else "sum"
    word = "mean" if isinstance(pooled.layer, AvgPool) else word

    def make(position: int) -> Scene:
        row, column = divmod(position, across)
        marks, outline = slide_marks(window, row, column, before.size)
        top, left, bottom, right = outline
        under = wide[top : bottom : window.dilation[0], left : right : window.dilation[1]]
        shades = scale_of([values]).colours(under)
        patch = Grid("window", under.shape, shades, write_numbers(under))
        told = f"stride {_sides(window.stride)}; row {row}, column {column} of the pooled map"

        return Scene(
            title=f"pooling a map of {'x'.join(map(str, values.shape))}",
            before=_marked(before, marks, outline),
            arithmetic=([patch], [f"{word}: {short(float(made[row, column]))}"]),
            after=_grown(after, position, across),
            captions=(f"size of the pooled map: {pooled.formula}", told),
            progress=0.0,
        )

    times = seconds_of(len(positions))
    return [(make(place), seconds) for place, seconds in zip(positions, times, strict=True)]


def _sides(pair: tuple[int, int]) -> str:
    """Write a pair as one number where both are the same."""
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"


def _image(result: FeatureMap, window: Window) -> Grid:
    """The image with its padding, as it is drawn."""
    planes = result.planes
    wide = pad_planes(planes, window, "edge" if result.layer.padmode == "edge" else "zero")
    of_pixels = planes.dtype == np.uint8
    if of_pixels and len(planes) in (1, 3):
        colours = np.moveaxis(np.repeat(wide, 3 // len(planes), axis=0), 0, 2)
    else:
        colours = tint(wide.mean(0), float(np.abs(planes).max()))
    colours = np.array(colours)
    top, bottom, left, right = window.sides
    rows, columns = planes.shape[1:]
    outside = np.ones(colours.shape[:2], bool)
    outside[top : top + rows, left : left + columns] = False
    paler = colours[outside] // 2 + 128 if result.layer.padmode == "edge" else PADDING
    colours[outside] = paler
    what = {1: "image", 3: "image of three channels"}
    return Grid(
        what.get(len(planes), f"mean of {len(planes)} channels"),
        (rows + top + bottom, columns + left + right),
        reduce_colours(colours),
        write_numbers(wide[0].astype(float)) if len(planes) == 1 else (),
        faint=(top, bottom, left, right),
    )


def _map(result: FeatureMap) -> Grid:
    """The whole map as it is drawn at the end."""
    values = result.map
    title = "feature map" if result.slope is None else "feature map, after ReLU"
    if values.ndim == 2:
        return grid_of(title, values)
    if (
        result.filter.keeps_brightness
        and result.planes.dtype == np.uint8
        and len(result.planes) == 3
    ):
        pixels = np.rint(values).clip(0, 255).astype(np.uint8)
        return Grid("result", result.size, reduce_colours(pixels))
    return grid_of(f"{title}: {result.names[0]}", values[:, :, 0])


def _marked(grid: Grid, marks: Sequence[Cells], outline: Cells) -> Grid:
    return Grid(grid.title, grid.size, grid.colours, grid.texts, None, grid.faint, marks, outline)


def _grown(grid: Grid, position: int, columns: int) -> Grid:
    """The map up to a position, which is marked."""
    row, column = divmod(position, columns)
    mark = (row, column, row + 1, column + 1)
    return Grid(grid.title, grid.size, grid.colours, grid.texts, position + 1, marks=(mark,))


def _multiply(worked: WorkedValue, shade: Callable[[np.ndarray], Pixels]) -> list[list[Item]]:
    """What stands between image and map: patch times kernel, and what follows the sum."""
    rows: list[list[Item]] = []
    several = len(worked.channels) > 1
    for channel in worked.channels[:SHOWN]:
        pixels, weights = (
            np.array([[getattr(term, name) for term in row] for row in channel.terms])
            for name in ("pixel", "weight")
        )
        title = channel.name if several else "patch"
        patch = Grid(title, pixels.shape, shade(pixels), write_numbers(pixels))
        kernel = grid_of("" if several else "kernel", weights)
        rows.append([patch, "×", kernel])
        if several:
            rows[-1].append(f"= {short(channel.sum)}")
        else:
            products = pixels * weights
            rows.append(["=", grid_of("products", products), f"sum {short(channel.sum)}"])
    if len(worked.channels) > SHOWN:
        rows.append([f"... and {len(worked.channels) - SHOWN} more channels"])
    for line in _end(worked):
        rows.append([line])
    return rows


def _end(worked: WorkedValue) -> list[str]:
    """What follows the sums: over the channels, divided, with the bias, the activation."""
    if not worked.joined and len(worked.channels) > 1:
        return []
    sums = [channel.sum for channel in worked.channels]
    total, lines = sum(sums), []
    if 1 < len(sums) <= SHOWN:
        lines.append(f"{_join(sums)} = {short(total)}")
    elif len(sums) > SHOWN:
        lines.append(f"over all channels: {short(total)}")
    between = total / worked.divisor + worked.bias
    if worked.divisor != 1 or worked.bias:
        divided = f" / {short(worked.divisor)}" if worked.divisor != 1 else ""
        bias = f" {'+' if worked.bias > 0 else '−'} {short(abs(worked.bias))}"
        lines.append(f"{short(total)}{divided}{bias if worked.bias else ''} = {short(between)}")
    if worked.slope is not None:
        value = between if between > 0 else worked.slope * between + 0.0
        lines.append(f"{'leaky ' if worked.slope else ''}ReLU: {short(between)} → {short(value)}")
    return lines


def _join(values: Sequence[float]) -> str:
    """Write a sum.

    >>> _join([18.0, -5.0])
    '18 − 5'
    """
    first, *rest = values
    return short(first) + "".join(
        f" {'+' if value >= 0 else '−'} {short(abs(value))}" for value in rest
    )
