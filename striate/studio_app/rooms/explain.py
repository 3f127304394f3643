"""The room Explain: where an image speaks for a class, by several methods, under a brush.

Maps of a layer come from one pass forward and one back, so that they follow the brush. They are
told cell by cell, and of painted pixels the box that differs, since what is little arrives soon.
What takes longer works on a copy of the network, and stops once nobody waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final

import numpy as np
import torch
from torch.autograd.graph import saved_tensors_hooks

from striate.errors import SettingError
from striate.explanation.attribution_methods import METHODS, explain
from striate.explanation.cell_centers import CellCenters
from striate.explanation.deletion_insertion import PerturbationTest, measure_deletion_insertion
from striate.explanation.explanation import Explanation
from striate.explanation.grad_cam import GRADIENT_METHODS
from striate.explanation.layer_maps import NEARLY
from striate.explanation.parameter_randomization import randomize_parameters
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.retouching import Stroke, retouch
from striate.explanation.score_decomposition import ScoreDecomposition
from striate.explanation.shared_pass import SharedPass
from striate.explanation.target import Target, resolve_target
from striate.model.classifier import Classifier
from striate.model.json_value import Json, JsonObject
from striate.studio_app.kind import AnyKind, Kind
from striate.studio_app.question import Answer, Tell
from striate.studio_app.rooms.explain_questions import Classes, Heat, Painted, Slow
from striate.studio_app.scenes import Scene, answer_alone, tell_answer
from striate.studio_app.studio import Studio

QUICK: Final = ("cam", *GRADIENT_METHODS)  # of one pass
UNITS: Final = 6  # that speak most for a class, and most against it
TINY: Final = 32  # pixels of the shorter side
STEPS: Final = 16  # of deletion and insertion
ORDERS: Final = 10  # that are random
ONE_TEST: Final = (
    10  # maps that the randomisation test makes, at most: 3 draws of 3 layers, and one
)


def list_classes(studio: Studio, question: Classes, tell: Tell) -> Answer:
    """Return the classes, the methods that fit the network, and why others do not."""
    scene = studio.scenes.open(question.network, question.image)
    refused = scene.refused_methods
    arrays = {
        "probabilities": _odds(scene.network.classifier, scene.logits),
        "pixels": np.ascontiguousarray(scene.image.pixels.transpose(1, 2, 0)),
    }
    if not isinstance(scene.end, SettingError):
        arrays |= _weights(scene, scene.end.name)
    return Answer(
        {
            "classes": list(scene.network.classifier.classes),
            "note": scene.network.note,
            "image": scene.image.name,
            "fits": [each for each in METHODS if each not in refused],
            "refused": dict(refused),
            "quick": list(QUICK),
            "mirrored": scene.network.classifier.decision.mirrored,
        },
        arrays,
    )


def _weights(scene: Scene, layer: str) -> dict[str, np.ndarray]:
    """Return how much each pixel of a map shows of each cell of a layer, down and across."""
    call, size = scene.passed[layer], scene.image.pixels.shape[1:]
    rows, columns = map(int, call.output.shape[2:])
    laid = call.centers or CellCenters.of_grid(rows, columns, (size[0], size[1]))
    return {
        name: np.asarray(axis.weights(np.arange(side, dtype=np.float64)), np.float32)
        for name, axis, side in zip(
            ("down", "across"), (laid.rows, laid.columns), size, strict=True
        )
    }


def heat(studio: Studio, question: Heat, tell: Tell) -> Answer:
    """Return the answer to the image as it is painted, and the maps of one pass.

    Raises:
        StriateError: there is no such class, or no gradient arrives.
    """
    scene = studio.scenes.open(question.network, question.image)
    image, own = _painted(scene, question), scene.network.classifier
    started = time.perf_counter()
    end, refused = scene.end, scene.refused_methods
    methods = [each for each in question.methods if each in QUICK and each not in refused]
    maps: list[tuple[Explanation, ...]] = []
    with scene.network.lock:
        if not isinstance(end, SettingError) and "gradient" not in refused:
            passed = SharedPass.of(own, image, scene.passed, end)
            logits = _numbers(passed.logits)
            target = _target(own, question, logits)
            split = None
            for each in _targets(own, target, apart=question.apart):
                found, parts = passed.explain(each, methods)
                maps.append(found)
                split = split or parts
        else:
            with torch.no_grad():
                logits = _numbers(own.module.eval()(image.tensor))
            target, split = _target(own, question, logits), None
    box = _box(scene.image.pixels != image.pixels)
    said: dict[str, Json] = {
        "answer": tell_answer(answer_alone(own, image, logits)),
        "box": list(box),
        "target": target.index,
        "against": -1 if target.against is None else target.against,
        "rows": [[_map(each) for each in row] for row in maps],
        "split": None if split is None else _split(split),
        "seconds": time.perf_counter() - started,
    }
    top, left, bottom, right = box
    arrays = {
        "painted": image.pixels[:, top:bottom, left:right].transpose(1, 2, 0),
        "logits": logits,
        "probabilities": _odds(own, logits),
    }
    for at, row in enumerate(maps):
        arrays |= {f"map.{at}.{each.method}": each.attribution for each in row}
    return Answer(said, arrays)


def _box(differs: np.ndarray) -> tuple[int, int, int, int]:
    """Return top, left, bottom and right of what differs: bool (channels, rows, columns)."""
    if not differs.any():
        return 0, 0, 0, 0
    rows, columns = (np.flatnonzero(differs.any(axes)) for axes in ((0, 2), (0, 1)))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _targets(model: Classifier, target: Target, *, apart: bool) -> list[Target]:
    """Return what is explained: the class, or both, and each by itself where that is asked."""
    if target.against is None or not apart:
        return [target]
    alone = [Target(at, None, model.classes[at]) for at in (target.index, target.against)]
    return [target, *alone]


def work_slowly(studio: Studio, question: Slow, tell: Tell) -> Answer:
    """Return what takes longer than a brush waits.

    Raises:
        StriateError: the method does not fit the network.
    """
    if question.what == "nothing":
        return Answer({})
    scene = studio.scenes.open(question.network, question.image)
    image, started = _painted(scene, question), time.perf_counter()
    with _alone(scene, tell) as model:
        found = _explain(model, image, question)
        match question.what:
            case "map":
                done = Answer({"map": _map(found)}, {"map": np.asarray(found.map, np.float32)})
            case "trust":
                done = _check_trust(model, image, question, found)
            case "curves":
                done = _measure_curves(model, image, found)
    return Answer({**done.said, "seconds": time.perf_counter() - started}, done.arrays)


def _check_trust(
    model: Classifier, image: PreprocessedImage, question: Slow, own: Explanation
) -> Answer:
    """Tell whether a method's map follows the network: the parameter randomisation test."""

    def make_map(other: Classifier) -> np.ndarray:
        same = other.module is model.module
        return own.map if same else _explain(other, image, question, own).map

    found = randomize_parameters(model, image, make_map)
    return Answer(
        {
            "method": question.method,
            "passed": found.passed,
            "correlation": found.last.correlation,
            "words": found.words,
        }
    )


def _measure_curves(model: Classifier, image: PreprocessedImage, found: Explanation) -> Answer:
    """Tell what becomes of the class while pixels go, and come, in the order of a map."""
    target = Target(found.target_index, found.against_index, found.target)
    # a blur by a sixteenth of the side leaves all there is of a tiny image
    baseline = "mean" if min(image.pixels.shape[1:]) < TINY else "blur"
    both = measure_deletion_insertion(
        model, image.pixels, found.map, target, steps=STEPS, n_random=ORDERS, baseline=baseline
    )
    arrays: dict[str, np.ndarray] = {}
    said: dict[str, Json] = {"method": found.method, "target": found.target}
    for test in both:
        said[test.kind], lines = _curves(test)
        arrays |= {f"{test.kind}.{name}": values for name, values in lines.items()}
    return Answer(said, arrays)


def _curves(test: PerturbationTest) -> tuple[JsonObject, dict[str, np.ndarray]]:
    random = np.array([each.probability for each in test.by_random])
    told: JsonObject = {
        "words": test.words,
        "area": test.by_map.auc,
        "random": list(test.random_auc),
        "center": test.by_center.auc,
        "better": test.better_than_random,
        "baseline": test.baseline,
    }
    lines = {
        "fractions": np.array(test.fractions),
        "map": np.array(test.by_map.probability),
        "center": np.array(test.by_center.probability),
        "random": random.mean(0),
    }
    return told, lines


def _explain(
    model: Classifier, image: PreprocessedImage, question: Slow, like: Explanation | None = None
) -> Explanation:
    """Explain the class that is asked for; of another network the one that was explained."""
    target = None if question.target < 0 else question.target
    if like is not None:
        target = like.target_index
    against = None if question.against < 0 else question.against
    return explain(model, image, target=target, against=against, method=question.method)


def _painted(scene: Scene, question: Painted) -> PreprocessedImage:
    """Return the image with the strokes on it."""
    strokes = [
        Stroke(each.paint, each.radius, each.points, each.color, each.offset)
        for each in question.strokes
    ]
    return replace(scene.image, pixels=retouch(scene.image, strokes)) if strokes else scene.image


def _target(model: Classifier, question: Painted, logits: np.ndarray) -> Target:
    return resolve_target(
        model,
        None if question.target < 0 else question.target,
        None if question.against < 0 else question.against,
        logits=logits,
    )


@contextmanager
def _alone(scene: Scene, tell: Tell) -> Iterator[Classifier]:
    """Lend the spare copy of a network; the work may stop at every layer, forward and back."""
    passes = 0

    def hear(module: Any, given: Any) -> None:
        nonlocal passes
        passes += module is own
        tell(str(passes), 0.0)

    def hear_back(kept: torch.Tensor) -> torch.Tensor:
        tell(str(passes), 0.0)
        return kept

    with scene.network.spare_lock, ExitStack() as stack:
        model = scene.network.spare
        own = model.module
        for each in own.modules():
            stack.callback(each.register_forward_pre_hook(hear).remove)
        stack.enter_context(saved_tensors_hooks(lambda kept: kept, hear_back))
        yield model


def _map(found: Explanation) -> JsonObject:
    return {
        "method": found.method,
        "target": found.target,
        "layer": found.layer,
        "rule": found.rule,
        "score": found.score,
        "low": found.low,
        "high": found.high,
        "reach": _reach(found),
        "cells": list(found.attribution.shape),
        "facts": {name: float(value) for name, value in found.facts.items()},
    }


def _reach(found: Explanation) -> float:
    """Return the size of a number that has the full colour.

    Single pixels are far above the rest: of maps of pixels all but 0.5 % are smaller.
    """
    sizes = np.abs(found.attribution)
    return float(sizes.max() if found.layer else np.percentile(sizes, NEARLY)) or 1.0


def _split(found: ScoreDecomposition) -> JsonObject:
    return {
        "target": found.target,
        "layer": found.layer,
        "score": found.score,
        "sum": float(found.map.sum()),
        "remainder": found.remainder,
        "exact": found.exact,
        "units": len(found.units),
        "highest": [list(each) for each in found.highest(UNITS)],
        "lowest": [list(each) for each in found.lowest(UNITS)],
    }


def _numbers(values: torch.Tensor) -> np.ndarray:
    return np.asarray(values[0].detach().double().cpu().numpy())


def _odds(model: Classifier, logits: np.ndarray) -> np.ndarray:
    powers = np.exp((logits - logits.max()) / model.decision.temperature)
    return np.asarray(powers / powers.sum(), np.float64)


KINDS: Final[tuple[AnyKind, ...]] = (
    Kind(Classes, list_classes),
    Kind(Heat, heat, newest=True),
    Kind(Slow, work_slowly, slow=True, newest=True),
)
