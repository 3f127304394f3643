"""The room Playground: one convolution and what follows it, with the arithmetic of every value.

All numbers are those of `striate.teaching`, float64 from the pixels to the loss.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from striate.architecture.words import Sides
from striate.errors import SettingError, StriateError
from striate.model.json_value import Json, JsonObject
from striate.studio_app.images import Images
from striate.studio_app.kind import AnyKind, Kind
from striate.studio_app.question import Answer, Tell
from striate.studio_app.rooms.playground_cells import Cell, flat_cell, relu_cell, sum_cell
from striate.studio_app.rooms.playground_cells import pooled_cell as pool_cell
from striate.studio_app.rooms.playground_questions import Filters, Lose, Play
from striate.studio_app.studio import Studio
from striate.teaching.convolution import FILTERS, FeatureMap, Filter, convolve, parse_image
from striate.teaching.convolution.number_grids import parse_kernels
from striate.teaching.convolution.pooling import Pool, compute_formulas, make_pool, pool
from striate.teaching.losses import ProbabilityTable
from striate.teaching.losses.table_losses import measure_table
from striate.teaching.worked_path.loss import work_loss

MOST: Final = 64  # rows and columns of a grid that is written by hand
SMALL: Final = 24  # pixels of a map in the row of steps
STEPS: Final = ("conv", "relu", "pool", "flatten")


def list_filters(studio: Studio, question: Filters, tell: Tell) -> Answer:
    """Return the filters that have a name."""
    listed: list[Json] = [
        {
            "name": each.name,
            "does": each.does,
            "rows": [list(row) for row in each.kernels[0]],
            "divisor": each.divisor,
        }
        for each in FILTERS.values()
    ]
    return Answer({"filters": listed})


@dataclass
class _Chain:
    """The steps as far as they go.

    Attributes:
        maps: what each step gave, (channels, rows, columns); "input" first.
        told: what there is to say of each.
        wrong: why a step cannot be, by its name.
    """

    maps: dict[str, np.ndarray] = field(default_factory=dict)
    told: dict[str, JsonObject] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    convolved: FeatureMap | None = None
    pool: Pool | None = None


def play(studio: Studio, question: Play, tell: Tell) -> Answer:
    """Let an image pass, and tell the value that is pointed at.

    A setting that cannot be is said of its step; what comes before it is shown all the same.

    Raises:
        StriateError: the image or the grid cannot be read.
    """
    chain = _run(studio.images, question)
    at = STEPS.index(question.step)
    before = ("input", *STEPS)[at]
    said: dict[str, Json] = {"steps": dict(chain.told), "wrong": dict(chain.wrong)}
    arrays: dict[str, np.ndarray] = {
        f"small.{name}": _shrink(maps) for name, maps in chain.maps.items()
    }
    if before in chain.maps:
        given = chain.maps[before]
        source = min(max(question.source, 0), len(given) - 1)
        arrays["in"] = np.ascontiguousarray(given[source], np.float64)
        said["source"], said["reach_in"] = source, _reach(given)
    if question.step in chain.maps:
        made = chain.maps[question.step]
        unit = min(max(question.unit, 0), len(made) - 1)
        arrays["out"] = np.ascontiguousarray(made[unit], np.float64)
        said["unit"], said["reach_out"] = unit, _reach(made)
        cell = _cell(chain, question, unit)
        said["cell"] = cell.said
        arrays.update({f"cell.{name}": values for name, values in cell.arrays.items()})
    said["margin"] = _margin(chain, question)
    return Answer(said, arrays)


def _run(images: Images, question: Play) -> _Chain:
    """Go from step to step until one cannot be."""
    chain = _Chain()
    picture = _open(images, question)
    chain.maps["input"] = np.moveaxis(picture, 2, 0)
    chain.told["input"] = {"shape": list(chain.maps["input"].shape)}
    for name, step in (("conv", _convolve), ("relu", _bend), ("pool", _pool), ("flatten", _lay)):
        try:
            maps, told = step(chain, question)
        except StriateError as error:
            chain.wrong[name] = str(error)
            break
        chain.maps[name] = maps
        chain.told[name] = {"shape": list(maps.shape), **told}
    return chain


def _open(images: Images, question: Play) -> np.ndarray:
    """Return the numbers that go in: (rows, columns, channels)."""
    if question.image:
        values = images.shrink(question.image, question.side)
    else:
        values = parse_image(question.grid, digits=False)[:, :, None]
        if max(values.shape) > MOST:
            raise SettingError(
                f"the grid is {values.shape[0]}x{values.shape[1]}; expected at most {MOST}x{MOST}; "
                "for more take an image"
            )
    return values


def _convolve(chain: _Chain, question: Play) -> tuple[np.ndarray, JsonObject]:
    own = question.kernel
    kernels = parse_kernels(own.numbers)
    if own.divisor == 0:
        raise SettingError("the divisor is 0; expected a number such as 1 or 9")
    made = Filter.of(kernels)
    made = Filter(made.kernels, divisor=own.divisor, bias=own.bias)
    pad = Sides(*own.sides) if own.pad == "sides" else own.pad
    picture = np.moveaxis(chain.maps["input"], 0, 2)
    channels = question.channels if picture.shape[2] > 1 else "gray"
    found = convolve(
        picture,
        made,
        stride=own.stride,
        pad=pad,
        padmode=own.padmode,
        dilation=own.dilation,
        channels=channels,
    )
    chain.convolved = found
    chain.maps["input"] = found.planes
    chain.told["input"] = {"shape": list(found.planes.shape), "names": list(found.names)}
    maps = found.map[None] if found.map.ndim == 2 else np.moveaxis(found.map, 2, 0)
    window = found.layer.window_on(found.shape)
    return maps, {
        "text": str(found.layer),
        "formula": found.formula,
        "work": found.work,
        "window": _window(window),
    }


def _bend(chain: _Chain, question: Play) -> tuple[np.ndarray, JsonObject]:
    x, slope = chain.maps["conv"], question.slope
    words = {0.0: "relu", 1.0: "identity"}
    return np.where(x > 0, x, slope * x + 0.0), {"text": words.get(slope, f"leakyrelu {slope:g}")}


def _pool(chain: _Chain, question: Play) -> tuple[np.ndarray, JsonObject]:
    own = question.pool
    layer = make_pool(own.mode, own.window, stride=own.stride, pad=own.pad, ceil=own.ceil)
    x = chain.maps["relu"]
    made = np.moveaxis(pool(np.moveaxis(x, 0, 2), layer), 2, 0)
    formulas = compute_formulas(layer, (1, *x.shape[1:]))
    chain.pool = layer
    window = layer.window_on((1, *x.shape[1:]))
    return made, {
        "text": str(layer),
        "formula": formulas.output,
        "window": {} if window is None else _window(window),
    }


def _lay(chain: _Chain, question: Play) -> tuple[np.ndarray, JsonObject]:
    x = chain.maps["pool"]
    sides = "*".join(map(str, x.shape))
    return x.reshape(1, 1, -1), {"text": "flatten", "formula": f"{sides} = {x.size}"}


def _window(window: Any) -> JsonObject:
    return {
        "kernel": list(window.kernel),
        "stride": list(window.stride),
        "dilation": list(window.dilation),
        "sides": list(window.sides),
        "extent": list(window.extent),
    }


def _cell(chain: _Chain, question: Play, unit: int) -> Cell:
    """Tell the value at the place asked for, or the nearest that there is."""
    rows, columns = (int(side) for side in chain.maps[question.step].shape[1:])
    row = min(max(question.row, 0), rows - 1)
    column = min(max(question.column, 0), columns - 1)
    if question.step == "conv" and chain.convolved is not None:
        return sum_cell(chain.convolved, unit, row, column)
    if question.step == "relu":
        value = float(chain.maps["conv"][unit, row, column])
        return relu_cell(value, question.slope, unit, row, column)
    if question.step == "pool" and chain.pool is not None:
        return pool_cell(chain.maps["relu"][unit], chain.pool, unit, row, column)
    return flat_cell(chain.maps["pool"], column)


def _margin(chain: _Chain, question: Play) -> list[Json]:
    """Return the padding that is drawn around what goes in: top, left, bottom, right."""
    window = chain.told.get(question.step, {}).get("window")
    if not isinstance(window, dict) or not window:
        return [0, 0, 0, 0]
    sides: Any = window["sides"]
    top, bottom, left, right = sides
    return [top, left, bottom, right]


def _reach(maps: np.ndarray) -> float:
    return float(np.abs(maps).max()) or 1.0


def _shrink(maps: np.ndarray) -> np.ndarray:
    """Return maps small, every n-th row and column of them: float32."""
    if len(maps[0]) == 1:
        return np.ascontiguousarray(maps[:1, :, :SMALL], np.float32)  # numbers in a row: the first
    step = max(1, -(-max(maps.shape[1:]) // SMALL))
    return np.ascontiguousarray(maps[:3, ::step, ::step], np.float32)


def lose(studio: Studio, question: Lose, tell: Tell) -> Answer:
    """Return probabilities and loss of some scores, with every term.

    Raises:
        SettingError: there is no such class.
    """
    scores = np.array(question.scores, np.float64)
    names = tuple(str(number) for number in range(len(scores)))
    found = work_loss(scores, question.ending, classes=names, label=str(question.label))
    said: dict[str, Json] = {
        "loss": found.value,
        "calculation": found.calculation,
        "name": found.name,
        "squared_error": float(((found.outputs - found.target) ** 2).sum()),
    }
    if question.ending == "softmax":
        rows, wanted = ([each.tolist()] for each in (found.outputs, found.target))
        table = measure_table(ProbabilityTable.of(rows, wanted))
        said |= {"squared_error": table.squared_error, "entropy": table.entropy}
    top = scores.max() if question.ending == "softmax" else 0.0
    with np.errstate(over="ignore"):
        powers = np.exp(scores - top if question.ending == "softmax" else -scores)
    return Answer(
        said,
        {
            "powers": powers,
            "outputs": np.asarray(found.outputs, np.float64),
            "target": np.asarray(found.target, np.float64),
            "gradient": np.asarray(found.score_gradient, np.float64),
        },
    )


KINDS: Final[tuple[AnyKind, ...]] = (
    Kind(Filters, list_filters),
    Kind(Play, play, newest=True),
    Kind(Lose, lose, newest=True),
)
