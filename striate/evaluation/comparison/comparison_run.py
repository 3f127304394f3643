"""Compare classifiers: the same images for all, evaluated and timed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

import numpy as np

from striate.data import Collection, Data, Images, load
from striate.data.images import Preprocess
from striate.data.loader import MEMORY
from striate.evaluation.classifier_evaluation import predict_images
from striate.evaluation.comparison.common_images import (
    CommonImages,
    find_common_images,
    select_common_images,
)
from striate.evaluation.comparison.comparison_result import Comparison
from striate.evaluation.comparison.comparison_rows import ImageAnswers, ModelScores
from striate.evaluation.comparison.opened_models import OpenedModel, open_models
from striate.evaluation.comparison.paired_comparison import compare_pairs
from striate.evaluation.comparison.shown_images import take_shown
from striate.evaluation.image_selection import ImageSelection, note_missing_classes
from striate.evaluation.metrics import Evaluation, score
from striate.events import Callback, Note
from striate.model.classifier_like import ClassifierLike
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

TIMED = 32  # images of the batch that is timed, as many as prediction takes at once
ROUNDS, SECONDS = 5, 10.0  # how often, and after how long no new round is begun


def compare(
    models: Sequence[ClassifierLike],
    data: Data | None = None,
    *,
    split: str | None = None,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> Comparison:
    """Return whether one classifier is really better than another, on the same images for all.

    Each is set beside the first. What any of them learnt from is left out for all; so is what one
    cannot read, or whose class one does not know.

    Args:
        models: two or more: classifiers, their files, folders of runs, or what `train` returned.
        data: whatever training takes; None takes what the runs learnt from, where it is the same.
        split: "train", "val", "test" or "all" to choose; None takes the test split where there is
            one, else validation, else what none has learnt from.
        progress: whether it is shown how far the work is; None shows it in a terminal or a
            notebook, unless a callback is told instead.
        callback: is told every event.

    Returns:
        The comparison: print it, or take its numbers from `models`, `pairs` and `images`.

    Raises:
        SettingError: there are not two different ones, or the images are not said.
        ClassifierError: one cannot be opened.
        RunError: the record of a run cannot be read.
        DataError: nothing is left to compare on.

    Example: ``compare(["runs/photos", "runs/photos-2"]).pairs[0].words``.
    """
    with display_progress(progress, callback) as tell:
        return _compare(open_models(models), data, split=split, callback=tell)


def _compare(
    opened: Sequence[OpenedModel], data: Data | None, *, split: str | None, callback: Callback
) -> Comparison:
    """Return the images that all can be compared on, evaluate and time all on them."""
    common = find_common_images(opened, data, split)
    with ExitStack() as stack:
        images = _decode(opened, common.collection, stack, callback)
        chosen = select_common_images(opened, images, common.collection, split=split)
        notes = (
            *common.notes,
            *chosen.notes,
            *note_missing_classes(common.collection, chosen.indices),
        )
        for note in notes:
            callback(Note(note))
        found = [
            _evaluate_model(model, own, chosen, labels, common.collection, callback)
            for model, own, labels in zip(opened, images, common.labels, strict=True)
        ]
        seconds = _time_models(opened, images, chosen.indices)
        chosen = replace(chosen, notes=notes)
        result = _gather(opened, found, seconds, common=common, chosen=chosen)
        return replace(result, shown=take_shown(result.images, images, chosen.indices))


def _decode(
    models: Sequence[OpenedModel], collection: Collection, stack: ExitStack, callback: Callback
) -> list[Images]:
    """Decode the images as each takes them, once for those that take the same pixels."""
    pixels = [_drop_scaling(model.classifier.preprocess) for model in models]
    each = MEMORY // len(set(pixels))
    by_preprocess: dict[Preprocess, Images] = {}
    for preprocess in pixels:
        if preprocess not in by_preprocess:
            reporter = ProgressReporter("reading", callback)
            by_preprocess[preprocess] = stack.enter_context(
                load(collection, preprocess, memory=each, progress=reporter)
            )
    return [by_preprocess[preprocess] for preprocess in pixels]


def _drop_scaling(preprocess: Preprocess) -> Preprocess:
    """Leave out what does not touch the pixels: they are scaled when a network takes them."""
    zeros = (0.0,) * preprocess.channels
    return replace(preprocess, mean=zeros, std=(1.0,) * preprocess.channels)


Found = tuple[np.ndarray, np.ndarray, Evaluation]


def _evaluate_model(
    model: OpenedModel,
    images: Images,
    chosen: ImageSelection,
    labels: np.ndarray,
    collection: Collection,
    callback: Callback,
) -> Found:
    """Return a model's probabilities, the true labels in its classes, and its scores."""
    reporter = ProgressReporter(f"evaluating {model.name}", callback)
    rows = predict_images(model.classifier, images, chosen.indices, reporter=reporter)
    truth = labels[chosen.indices]
    names = [collection.names[index] for index in chosen.indices]
    classes = model.classifier.classes
    return rows, truth, score(rows, truth, classes=classes, names=names, evaluated=chosen.words)


def _time_models(
    models: Sequence[OpenedModel], images: Sequence[Images], indices: np.ndarray
) -> list[float]:
    """Time a batch of each in turns, so that whatever else the machine does strikes all alike."""
    batches = [own.take(indices[:TIMED]) for own in images]
    times: list[list[float]] = [[] for _ in models]
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        for model, batch, own in zip(models, batches, times, strict=True):
            start = time.perf_counter()
            model.classifier.probabilities(batch)
            own.append(time.perf_counter() - start)
        if time.perf_counter() - begun > SECONDS:
            break
    return [median(own) / len(batch) for own, batch in zip(times, batches, strict=True)]


def _note_energy(models: Sequence[OpenedModel]) -> tuple[str, ...]:
    """Say how the electricity of the runs is known."""
    told = [f"'{each.name}' {', '.join(each.known_by)}" for each in models if each.known_by]
    return (f"energy is of the whole machine: {'; '.join(told)}",) if told else ()


def _gather(
    models: Sequence[OpenedModel],
    found: Sequence[Found],
    seconds: Sequence[float],
    *,
    common: CommonImages,
    chosen: ImageSelection,
) -> Comparison:
    """Put everything together."""
    answered = [rows.argmax(axis=1) for rows, _, _ in found]
    right = [own == truth for own, (_, truth, _) in zip(answered, found, strict=True)]
    names = [model.name for model in models]
    notes = chosen.notes + _note_energy(models)
    if len(models) > 2:
        notes += (
            f"p counts that there are {len(models) - 1} comparisons (Holm); each interval is "
            "by itself",
        )
    return Comparison(
        evaluated=chosen.words,
        n=len(chosen.indices),
        models=tuple(
            ModelScores(
                name=model.name,
                origin=model.origin,
                accuracy=scores.accuracy,
                accuracy_low=scores.accuracy_low,
                accuracy_high=scores.accuracy_high,
                cross_entropy=scores.cross_entropy,
                parameters=model.parameters,
                macs=model.macs,
                seconds_per_image=taken,
                training_seconds=model.training_seconds,
                training_kwh=model.training_kwh,
                training_kg_co2e=model.training_kg_co2e,
            )
            for model, (_, _, scores), taken in zip(models, found, seconds, strict=True)
        ),
        pairs=compare_pairs(names, right),
        images=tuple(
            ImageAnswers(
                name=common.collection.names[index],
                truth=common.collection.classes[common.collection.labels[index]],
                answers=tuple(
                    called[own[place]] for called, own in zip(common.answers, answered, strict=True)
                ),
                probabilities=tuple(
                    float(rows[place, own[place]])
                    for (rows, _, _), own in zip(found, answered, strict=True)
                ),
            )
            for place, index in enumerate(chosen.indices.tolist())
        ),
        notes=notes,
    )
