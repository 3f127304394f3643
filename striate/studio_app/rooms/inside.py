"""The room Inside: numbers out of a recorded pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
import torch
from torch.nn.functional import adaptive_avg_pool2d

from striate.errors import SettingError
from striate.explanation.contribution_path import trace_recorded
from striate.explanation.unit_arithmetic import ArithmeticStep, recompute_recorded
from striate.model.json_value import Json, JsonObject
from striate.studio_app.kind import AnyKind, Kind
from striate.studio_app.question import Answer, Look, Tell
from striate.studio_app.rooms.inside_questions import (
    Cell,
    Layers,
    Learn,
    Map,
    Maps,
    Optimum,
    Overview,
    Sight,
    TopImages,
    Walk,
)
from striate.studio_app.scenes import INPUT, Scene, tell_answer
from striate.studio_app.studio import Studio


def describe(scene: Scene) -> Answer:
    """Return every layer, the image as it goes in, and the network's answer with its terms."""
    own = scene.network.classifier
    logits, temperature = scene.logits, own.decision.temperature
    powers = np.exp((logits - logits.max()) / temperature)
    return Answer(
        {
            "layers": scene.strip(),
            "classes": list(own.classes),
            "temperature": temperature,
            "note": scene.network.note,
            "mirrored": own.decision.mirrored,
            "answer": tell_answer(scene.answer),
            "text": own.text,
            "image": scene.image.name,
        },
        {
            "pixels": np.ascontiguousarray(scene.image.pixels.transpose(1, 2, 0)),
            "logits": logits,
            "powers": powers,
            "probabilities": powers / powers.sum(),
        },
    )


def shrink(values: torch.Tensor, side: int) -> np.ndarray:
    """Return maps averaged down to a side: float32 (units, rows, columns)."""
    maps = values.detach().float()
    if maps.ndim == 1:
        maps = maps[:, None, None]
    rows, columns = (int(each) for each in maps.shape[1:])
    longest = max(rows, columns)
    if longest > side:
        size = (max(1, rows * side // longest), max(1, columns * side // longest))
        maps = adaptive_avg_pool2d(maps[None], size)[0]
    return np.ascontiguousarray(maps.cpu().numpy(), np.float32)


def _maps(scene: Scene, question: Maps) -> Answer:
    values = scene.values(question.layer)
    units = values[max(0, question.first) : max(0, question.first) + question.count]
    return Answer(
        {"first": question.first, "reach": scene.reach(question.layer)},
        {"maps": shrink(units, question.side)},
    )


def _overview(scene: Scene, question: Overview) -> Answer:
    values = scene.values(question.layer).detach().float()
    strength = values if values.ndim == 1 else values.abs().mean((1, 2))
    order = torch.argsort(strength, descending=True, stable=True)[: question.count]
    if question.layer == INPUT:
        order = torch.arange(min(len(values), question.count))
    units = np.asarray(order.sort().values.cpu().numpy(), np.int32)
    reach = scene.reach(question.layer)
    return Answer({"reach": reach}, {"maps": shrink(values[units], question.side), "units": units})


def _map(scene: Scene, question: Map) -> Answer:
    values = scene.values(question.layer, question.source).detach().float()
    if values.ndim == 1:  # features: all of them, as one map
        shown = _fold(np.asarray(values.cpu().numpy(), np.float32))
        return Answer(
            {"count": len(values), "features": True, "reach": scene.reach(question.layer)},
            {"map": shown},
        )
    if not 0 <= question.unit < len(values):
        raise SettingError(
            f"'{question.layer}' has {len(values)} maps and none of number {question.unit}"
        )
    shown = np.asarray(values[question.unit].cpu().numpy(), np.float32)
    margin = scene.margin(question.layer) if question.source >= 0 else [0, 0, 0, 0]
    reach = float(np.abs(shown).max()) or 1.0
    if question.source < 0:
        reach = scene.reach(question.layer)
    return Answer(
        {"count": len(values), "features": False, "margin": margin, "reach": reach},
        {"map": np.ascontiguousarray(shown)},
    )


def _fold(values: np.ndarray) -> np.ndarray:
    """Lay features into rows, so that many fit; the last row is filled up with NaN.

    >>> _fold(np.arange(10.0)).shape, _fold(np.arange(70.0)).shape
    ((1, 10), (9, 8))
    """
    count = len(values)
    columns = count if count <= 16 else int(np.floor(np.sqrt(count)))
    rows = -(-count // columns)
    laid = np.full(rows * columns, np.nan, np.float32)
    laid[:count] = values
    return laid.reshape(rows, columns)


def _cell(scene: Scene, question: Cell) -> Answer:
    place = (question.unit, question.row, question.column)
    if question.layer == INPUT:
        return _pixel(scene, place)
    scene.call(question.layer)
    found = recompute_recorded(scene.passed, question.layer, place)
    arrays: dict[str, np.ndarray] = {}
    for number, step in enumerate(found.steps):
        terms = step.terms
        for name in ("source", "unit", "row", "column"):
            arrays[f"{number}.{name}"] = getattr(terms, name).astype(np.int32)
        for name in ("value", "weight", "product"):
            arrays[f"{number}.{name}"] = np.asarray(getattr(terms, name), np.float64)
        if terms.padding is not None:
            arrays[f"{number}.padding"] = terms.padding.astype(np.uint8)
    steps: list[Json] = [
        _step(step, features=scene.passed[step.layer].inputs[0].ndim == 2) for step in found.steps
    ]
    return Answer({"steps": steps, "value": float(found.value)}, arrays)


def _step(step: ArithmeticStep, *, features: bool) -> JsonObject:
    terms = step.terms
    return {
        "layer": step.layer,
        "kind": step.kind,
        "unit": step.unit,
        "row": step.row,
        "column": step.column,
        "features": features,
        "bias": float(terms.bias),
        "function": terms.function,
        "facts": {name: float(value) for name, value in terms.facts.items()},
        "sum": float(terms.sum),
        "value": float(step.value),
        "network_value": float(step.network_value),
        "tolerance": float(step.tolerance),
        "agrees": bool(step.agrees),
    }


def _pixel(scene: Scene, place: tuple[int, int, int]) -> Answer:
    """Tell a number of the input: the pixel, and the mean and deviation that scale it."""
    channel, row, column = place
    pixels, preprocess = scene.image.pixels, scene.image.preprocess
    if not all(0 <= at < side for at, side in zip(place, pixels.shape, strict=True)):
        raise SettingError(f"the input has no channel, row and column {channel}, {row}, {column}")
    pixel = int(pixels[channel, row, column])
    mean, std = preprocess.mean[channel], preprocess.std[channel]
    said: dict[str, Json] = {
        "pixel": pixel,
        "mean": mean,
        "std": std,
        "value": (pixel / 255 - mean) / std,
        "network_value": float(scene.passed.input[0, channel, row, column]),
    }
    return Answer({"steps": [], "input": said})


def _sight(scene: Scene, question: Sight) -> Answer:
    rows, columns = scene.image.preprocess.shape[1:]
    if question.layer == INPUT:
        box = (question.row, question.column, question.row + 1, question.column + 1)
    elif question.row < 0:
        box = (0, 0, rows, columns)
    else:
        scene.call(question.layer)
        with scene.network.lock:
            seen = scene.network.fields.rectangle(
                question.layer, question.unit, question.row, question.column
            )
        box = (seen.top, seen.left, seen.bottom, seen.right)
    return Answer({"box": list(box)})


def _walk(scene: Scene, question: Walk) -> Answer:
    target = None if question.target < 0 else question.target
    path = trace_recorded(scene.network.classifier, scene.passed, target=target)
    steps: list[Json] = [
        {
            "layer": one.arithmetic.layer,
            "kind": one.arithmetic.kind,
            "unit": int(one.arithmetic.unit),
            "row": one.arithmetic.row,
            "column": one.arithmetic.column,
            "value": float(one.arithmetic.value),
            "contribution": float(one.contribution),
            "share": float(one.share),
        }
        for one in path.steps
    ]
    pixel = None if path.pixel is None else list(path.pixel)
    return Answer({"target": path.target, "steps": steps, "pixel": pixel, "stopped": path.stopped})


Looks = TypeVar("Looks", bound=Look)


def _seen(work: Callable[[Scene, Looks], Answer]) -> Callable[[Studio, Looks, Tell], Answer]:
    """Answer from the image in the network that a question names."""

    def answer(studio: Studio, question: Looks, _: Tell) -> Answer:
        return work(studio.scenes.open(question.network, question.image), question)

    return answer


def _top(studio: Studio, question: TopImages, tell: Tell) -> Answer:
    return studio.slow.top(question.network, question.layer, question.unit, tell)


def _optimum(studio: Studio, question: Optimum, tell: Tell) -> Answer:
    return studio.slow.optimum(question.network, question.layer, question.unit, tell)


def _learn(studio: Studio, _: Learn, tell: Tell) -> Answer:
    return studio.slow.learn(tell)


KINDS: Final[tuple[AnyKind, ...]] = (
    Kind(Layers, _seen(lambda scene, _: describe(scene))),
    Kind(Maps, _seen(_maps)),
    Kind(Overview, _seen(_overview)),
    Kind(Map, _seen(_map), newest=True),
    Kind(Cell, _seen(_cell), newest=True),
    Kind(Sight, _seen(_sight), newest=True),
    Kind(Walk, _seen(_walk), newest=True),
    Kind(TopImages, _top, slow=True, newest=True),
    Kind(Optimum, _optimum, slow=True, newest=True),
    Kind(Learn, _learn, slow=True),
)
