"""The way of an image from its pixels to a class as it happens: value by value, in scenes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from striate.architecture.words import AvgPool, Conv, Fc, MaxPool, SumPool
from striate.render.animation import LONGEST, Frame
from striate.render.feature_map_plot import scale_of
from striate.render.image_files import Pixels
from striate.render.scene import SIDE, Cells, Grid, Item, Scene, draw_scene, empty_color
from striate.render.sheet import wrap_to
from striate.teaching.convolution.number_text import format_number
from striate.teaching.convolution.sliding_scenes import Timed, grid_of, tint, write_numbers
from striate.teaching.worked_path.loss import WorkedLoss
from striate.teaching.worked_path.path import WorkedPath
from striate.teaching.worked_path.record import Descent
from striate.teaching.worked_path.sentences import describe_layer
from striate.teaching.worked_path.step import IMAGE, WorkedStep
from striate.teaching.worked_path.sums import WorkedSum, WorkedTerm

MOST: Final = 52  # scenes of layers, at most; each layer has one at least
OF_KIND: Final[dict[type[object], int]] = {Conv: 14, MaxPool: 8, AvgPool: 8, SumPool: 8, Fc: 6}
OF_OTHERS: Final = 3  # values that are shown of a layer of another kind
FIRST, NEXT, END = 1.0, 0.35, 2.0  # seconds: of a layer's first value, of others, of the last scene
COLUMN: Final = 12  # features that stand in one column; more are wrapped
LINES: Final = 7  # of a calculation
LETTER: Final = 17  # pixels that a letter of it is high
MOST_MARKS: Final = 24  # cells that are marked one by one
FAINTEST: Final = 32  # the largest number of a grid that is no photograph, at most


def animate_path(path: WorkedPath) -> list[Frame]:
    """Draw an image's way to a class, and to its loss where there is a label.

    Args:
        path: from `work_through`.
    """
    scenes = make_walk(path)
    scale = min(1.0, LONGEST / sum(seconds for _, seconds in scenes))
    return [Frame(draw_scene(scene), seconds * scale) for scene, seconds in scenes]


def make_walk(path: WorkedPath) -> list[Timed]:
    """Return what `animate_path` draws: scenes, and the seconds each is shown before any hurry."""
    layers = path.steps[1:]
    wanted = [
        min(step.values.size, OF_KIND.get(type(getattr(step.layer, "layer", None)), OF_OTHERS))
        for step in layers
    ]
    share = min(1.0, MOST / max(1, sum(wanted)))
    made: list[Timed] = []
    for step, count in zip(layers, wanted, strict=True):
        numbers = np.linspace(0, step.values.size - 1, max(1, int(count * share)))
        last = numbers[-1] if len(numbers) > 1 else step.values.size - 1
        for turn, number in enumerate([*numbers[:-1], last]):
            scene = _of_value(path, step, int(number))
            made.append((scene, NEXT if turn else FIRST))
    if path.loss is not None:
        made.append((_of_loss(path, path.loss), FIRST))
        if path.descent is not None:
            made.append((_of_descent(path, path.descent), FIRST))
    made[-1] = (made[-1][0], END)
    return [
        (replace(scene, progress=number / len(made)), seconds)
        for number, (scene, seconds) in enumerate(made, 1)
    ]


class Mosaic:
    """The maps of a layer beside each other, or its features in a column, as one grid of cells.

    Between two maps a row or a column of cells stays empty.

    >>> mosaic = Mosaic(np.zeros((2, 3, 3)))
    >>> mosaic.size, mosaic.cell((1, 0, 2))
    ((3, 7), (0, 6))
    >>> Mosaic(np.zeros(3)).size, Mosaic(np.zeros(20)).size
    ((3, 1), (4, 5))
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        if values.ndim == 3:
            count, rows, columns = values.shape
            self._across = int(np.ceil(np.sqrt(count)))
            self._step = (rows + 1, columns + 1)
            down = -(-count // self._across)
            self.size = (down * (rows + 1) - 1, self._across * (columns + 1) - 1)
        else:
            count = len(values)
            self._across = 1 if count <= COLUMN else int(np.ceil(np.sqrt(count)))
            self._step = (1, 1)
            self.size = (-(-count // self._across), self._across)

    def cell(self, place: tuple[int, ...]) -> tuple[int, int]:
        """Return the row and column of the grid where a value stands."""
        down, across = divmod(place[0], self._across)
        row, column = place[1:] if len(place) == 3 else (0, 0)
        return down * self._step[0] + row, across * self._step[1] + column

    def _cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the grid where the values stand, in their order."""
        channel, *place = (axis.ravel() for axis in np.indices(self.values.shape))
        down, across = np.divmod(channel, self._across)
        row, column = place or (0, 0)
        return down * self._step[0] + row, across * self._step[1] + column

    def grid(self, title: str, *, known: int | None = None, image: bool = False) -> Grid:
        """Return it as a grid, of which the first so many values are there; None for all.

        Args:
            title: above it.
            known: how many, channel by channel, row by row.
            image: whether 0 is white and the largest number dark, as in an image.
        """
        flat = self.values.ravel()
        count = flat.size if known is None else known
        numbers = np.full(self.size, np.nan)
        numbers[tuple(axis[:count] for axis in self._cells())] = flat[:count]
        there = ~np.isnan(numbers)
        filled = np.where(there, numbers, 0.0)
        colours: Pixels
        if image:
            largest = float(np.abs(flat).max(initial=0.0))
            colours = tint(filled, largest, pixels=are_pixels(flat))
        else:
            colours = scale_of([self.values.reshape(-1, 1)]).colours(filled)
        colours = np.array(colours)
        colours[~there] = empty_color()
        texts = [
            [text if seen else "" for text, seen in zip(row, line, strict=True)]
            for row, line in zip(write_numbers(filled), there.tolist(), strict=False)
        ]
        return Grid(title, self.size, colours, texts)

    def marks(self, terms: tuple[WorkedTerm, ...]) -> tuple[Cells, ...]:
        """Return the cells that terms are read from: a box where they fill one, else each."""
        shape = self.values.shape
        places = [
            term.place
            for term in terms
            if len(term.place) == len(shape)
            and all(0 <= at < side for at, side in zip(term.place, shape, strict=True))
        ]
        boxes = []
        for channel in sorted({place[0] for place in places}) if len(shape) == 3 else [None]:
            own = [self.cell(place) for place in places if channel is None or place[0] == channel]
            if not own:
                continue
            (top, left), (bottom, right) = np.min(own, 0).tolist(), (np.max(own, 0) + 1).tolist()
            if len(set(own)) == (bottom - top) * (right - left) or len(own) > MOST_MARKS:
                boxes.append((top, left, bottom, right))
            else:
                boxes += [(row, column, row + 1, column + 1) for row, column in own]
        return tuple(boxes)


def are_pixels(values: np.ndarray) -> bool:
    """Say whether numbers look like the grey of a photograph, 0 for black to 255.

    >>> are_pixels(np.array([0.0, 200.0])), are_pixels(np.array([0.0, 1.0, 9.0]))
    (True, False)
    """
    whole = bool((values == np.rint(values)).all())
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    return whole and low >= 0 and FAINTEST < high <= 255


def _of_value(path: WorkedPath, step: WorkedStep, number: int) -> Scene:
    """How one value of a layer comes about."""
    place = tuple(int(at) for at in np.unravel_index(number, step.shape))
    worked = path.at(step.address, *place)
    source = worked.terms[0].source if worked.terms else step.sources[0]
    given = step.inputs[step.sources.index(source)] if source in step.sources else step.inputs[0]
    before, after = Mosaic(given), Mosaic(step.values)
    row, column = after.cell(place)
    return Scene(
        title=f"{step.address}: {step.word}",
        before=replace(
            before.grid(source, image=source == IMAGE), marks=before.marks(worked.terms)
        ),
        arithmetic=_write_out(step, worked),
        after=replace(
            after.grid(_title(path, step), known=number + 1),
            marks=((row, column, row + 1, column + 1),),
        ),
        captions=(describe_layer(step), _about(path, step, number)),
        progress=0.0,
    )


def _write_out(step: WorkedStep, worked: WorkedSum) -> list[list[Item]]:
    """The patch times the kernel, where there is one; the calculation; the result."""
    rows: list[list[Item]] = []
    kernel = step.own().get("weight")
    if kernel is not None and kernel.ndim == 4 and kernel.shape[1] == 1:
        shape = (kernel.shape[2], kernel.shape[3])
        patch = np.array([term.value for term in worked.terms]).reshape(shape)
        weights = np.array([term.weight for term in worked.terms]).reshape(shape)
        largest = float(np.abs(step.inputs[0]).max())
        is_photo = step.sources[0] == IMAGE and are_pixels(step.inputs[0])
        colours = tint(patch, largest, pixels=is_photo)
        pixels = Grid("patch", shape, colours, write_numbers(patch))
        rows.append([pixels, "×", grid_of("kernel", weights)])
    lines = wrap_to(worked.calculation, SIDE, size=LETTER)
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"... {len(worked.terms):,} terms"]
    rows += [[line.replace("-", "−")] for line in lines]
    return [*rows, [f"= {format_number(worked.value)}".replace("-", "−")]]


def _title(path: WorkedPath, step: WorkedStep) -> str:
    """What comes out, with the names of the classes at the end."""
    last = step.address == path.steps[-1].address
    if not last or len(path.classes) != step.values.size or step.values.size > COLUMN:
        return f"{step.address}, {' x '.join(map(str, step.shape))}"
    told = ", ".join(path.classes)
    return told if len(told) < 36 else step.address


def _about(path: WorkedPath, step: WorkedStep, number: int) -> str:
    told = f"value {number + 1:,} of {step.values.size:,}"
    if step.address == path.steps[-1].address and len(path.classes) == step.values.size:
        told += f": {path.classes[number]}"
    return told


def _of_loss(path: WorkedPath, loss: WorkedLoss) -> Scene:
    """How wrong the answer is, and the gradient by the scores."""
    slopes = ", ".join(format_number(round(value, 4)) for value in loss.score_gradient.tolist())
    lines = [
        f"{loss.calculation}",
        f"= {format_number(loss.value)}",
        "gradient by the scores, y - t:",
        *wrap_to(slopes, SIDE, size=LETTER)[:4],
    ]
    return Scene(
        title=f"{loss.name}: the class is {loss.label}",
        before=Mosaic(loss.outputs).grid("y, the answer"),
        arithmetic=[[line.replace("-", "−")] for line in lines],
        after=Mosaic(loss.target).grid("t, the target"),
        captions=("The loss is minus the logarithm of what the true class has.", ""),
        progress=0.0,
    )


def _of_descent(path: WorkedPath, descent: Descent) -> Scene:
    """One step of gradient descent, and what the network says after it."""
    last = path.steps[-1]
    after = last.values if last.after is None else last.after
    lines = (
        "each parameter minus",
        f"{format_number(descent.learning_rate)} × its gradient",
        f"loss before {format_number(descent.before)}",
        f"loss after {format_number(descent.after)}",
    )
    return Scene(
        title="one step of gradient descent",
        before=Mosaic(last.values).grid("the answer before"),
        arithmetic=[[line.replace("-", "−")] for line in lines],
        after=Mosaic(after).grid("the answer after"),
        captions=("Against the gradient the loss falls, where the step is small enough.", ""),
        progress=0.0,
    )
