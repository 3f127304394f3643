"""Classifiers side by side: the same images for all, judged and timed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from striate.data import Collection, Images, load
from striate.data.images import Preprocess
from striate.data.loader import MEMORY
from striate.evaluation.comparison.common_images import Ground, choose, lay_out
from striate.evaluation.comparison.models import Contender, Model, open_all
from striate.evaluation.comparison.pairs import pair_up
from striate.evaluation.comparison.records import Answered, Compared
from striate.evaluation.comparison.result import Comparison
from striate.evaluation.metrics import Evaluation, score
from striate.evaluation.selection import Selection, absent, answers
from striate.events import Callback, Note, ignore
from striate.terminal.progress import ProgressReporter

TIMED = 32  # images of the batch that is timed, as many as prediction takes at once
ROUNDS, SECONDS = 5, 10.0  # how often, and after how long no new round is begun


def compare(
    models: Sequence[Model],
    data: str | Path | None = None,
    *,
    part: str | None = None,
    callback: Callback = ignore,
) -> Comparison:
    """Say whether one classifier is really better than another, on the same images for all.

    Each is set beside the first. What any of them learnt from is left out for all; so is what one
    cannot read, or whose class one does not know.

    Args:
        models: two or more: folders of runs, files of classifiers, or classifiers.
        data: whatever training takes; None takes what the runs learnt from, where it is the same.
        part: "train", "val", "test" or "all" to choose; None takes the test part where there is
            one, else validation, else what none has learnt from.
        callback: is told how far the work is.

    Returns:
        The comparison: print it, or take its numbers from `models`, `pairs` and `images`.

    Raises:
        SettingError: there are not two different ones, or the images are not said.
        ClassifierError: one cannot be opened.
        RunError: the record of a run cannot be read.
        DataError: nothing is left to compare on.

    Example: ``compare(["runs/photos", "runs/photos-2"]).pairs[0].words``.
    """
    contenders = open_all(models)
    ground = lay_out(contenders, None if data is None else str(data), part)
    with ExitStack() as stack:
        images = _decoded(contenders, ground.collection, stack, callback)
        chosen = choose(contenders, images, ground.collection, part=part)
        notes = (*ground.notes, *chosen.notes, *absent(ground.collection, chosen.indices))
        for note in notes:
            callback(Note(note))
        found = [
            _judged(contender, own, chosen, labels, ground.collection, callback)
            for contender, own, labels in zip(contenders, images, ground.labels, strict=True)
        ]
        seconds = _timed(contenders, images, chosen.indices)
    return _result(contenders, found, seconds, ground=ground, chosen=replace(chosen, notes=notes))


def _decoded(
    contenders: Sequence[Contender], collection: Collection, stack: ExitStack, callback: Callback
) -> list[Images]:
    """Decode the images as each takes them, once for those that take the same pixels."""
    pixels = [_pixels_alone(contender.model.preprocess) for contender in contenders]
    each = MEMORY // len(set(pixels))
    by_preprocess: dict[Preprocess, Images] = {}
    for preprocess in pixels:
        if preprocess not in by_preprocess:
            reporter = ProgressReporter("reading", callback)
            by_preprocess[preprocess] = stack.enter_context(
                load(collection, preprocess, memory=each, progress=reporter)
            )
    return [by_preprocess[preprocess] for preprocess in pixels]


def _pixels_alone(preprocess: Preprocess) -> Preprocess:
    """Leave out what does not touch the pixels: they are scaled when a network takes them."""
    zeros = (0.0,) * preprocess.channels
    return replace(preprocess, mean=zeros, std=(1.0,) * preprocess.channels)


Found = tuple[np.ndarray, np.ndarray, Evaluation]


def _judged(
    contender: Contender,
    images: Images,
    chosen: Selection,
    labels: np.ndarray,
    collection: Collection,
    callback: Callback,
) -> Found:
    """Give a contender's probabilities, the true labels in its classes, and its scores."""
    reporter = ProgressReporter(f"judging {contender.name}", callback)
    rows = answers(contender.model, images, chosen.indices, reporter=reporter)
    truth = labels[chosen.indices]
    names = [collection.names[index] for index in chosen.indices]
    classes = contender.model.classes
    return rows, truth, score(rows, truth, classes=classes, names=names, evaluated=chosen.words)


def _timed(
    contenders: Sequence[Contender], images: Sequence[Images], indices: np.ndarray
) -> list[float]:
    """Time a batch of each in turns, so that whatever else the machine does strikes all alike."""
    batches = [own.take(indices[:TIMED]) for own in images]
    times: list[list[float]] = [[] for _ in contenders]
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        for contender, batch, own in zip(contenders, batches, times, strict=True):
            start = time.perf_counter()
            contender.model.probabilities(batch)
            own.append(time.perf_counter() - start)
        if time.perf_counter() - begun > SECONDS:
            break
    return [median(own) / len(batch) for own, batch in zip(times, batches, strict=True)]


def _result(
    contenders: Sequence[Contender],
    found: Sequence[Found],
    seconds: Sequence[float],
    *,
    ground: Ground,
    chosen: Selection,
) -> Comparison:
    """Put everything together."""
    answered = [rows.argmax(axis=1) for rows, _, _ in found]
    right = [own == truth for own, (_, truth, _) in zip(answered, found, strict=True)]
    names = [contender.name for contender in contenders]
    notes = chosen.notes
    if len(contenders) > 2:
        notes += (
            f"p counts that there are {len(contenders) - 1} comparisons (Holm); each interval is "
            "by itself",
        )
    return Comparison(
        evaluated=chosen.words,
        n=len(chosen.indices),
        models=tuple(
            Compared(
                name=contender.name,
                origin=contender.origin,
                accuracy=scores.accuracy,
                accuracy_low=scores.accuracy_low,
                accuracy_high=scores.accuracy_high,
                cross_entropy=scores.cross_entropy,
                parameters=contender.parameters,
                macs=contender.macs,
                seconds_per_image=taken,
                training_seconds=contender.training_seconds,
            )
            for contender, (_, _, scores), taken in zip(contenders, found, seconds, strict=True)
        ),
        pairs=pair_up(names, right),
        images=tuple(
            Answered(
                name=ground.collection.names[index],
                truth=ground.collection.classes[ground.collection.labels[index]],
                answers=tuple(
                    called[own[place]] for called, own in zip(ground.answers, answered, strict=True)
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
