"""Compare classifiers: the same images for all, evaluated and timed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from striate.data import Collection, Data, Images, load, source_of
from striate.data.images import Preprocess
from striate.data.loader import MEMORY
from striate.evaluation.classifier_evaluation import answer_images
from striate.evaluation.comparison.answered_levels import Given, count_levels, pair_levels
from striate.evaluation.comparison.common_images import (
    CommonImages,
    find_common_images,
    select_common_images,
)
from striate.evaluation.comparison.comparison_result import Comparison
from striate.evaluation.comparison.comparison_rows import ImageAnswers, ModelScores
from striate.evaluation.comparison.opened_models import OpenedModel, open_models
from striate.evaluation.comparison.outside_answers import MatchedAnswers, match_answers
from striate.evaluation.comparison.paired_comparison import compare_pairs
from striate.evaluation.comparison.shown_images import take_shown
from striate.evaluation.image_selection import (
    TEST_IMAGE,
    ImageSelection,
    note_missing_classes,
)
from striate.evaluation.level_scores import find_right
from striate.evaluation.metrics import Evaluation, score
from striate.evaluation.metrics.wilson import wilson_interval
from striate.evaluation.test_uses import count_test_use
from striate.events import Callback, Note
from striate.model.classifier_like import ClassifierLike
from striate.model.decision import REFUSED, Answers
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

TIMED = 32  # images of the batch that is timed, as many as prediction takes at once
ROUNDS, SECONDS = 5, 10.0  # how often, and after how long no new round is begun


def compare(
    models: Sequence[ClassifierLike],
    data: Data | None = None,
    *,
    split: str | None = None,
    answers: Sequence[str | Path] = (),
    renames: Mapping[str, str] | None = None,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> Comparison:
    """Return whether one classifier is really better than another, on the same images for all.

    Each is set beside the first. What any of them learnt from is left out for all; so is what one
    cannot read, whose class one does not know, or to which a list of answers has none.

    Args:
        models: two or more, or one beside `answers`: classifiers, their files, folders of runs, or
            what `train` returned.
        data: whatever training takes; None takes what the runs learnt from, where it is the same.
        split: "train", "val", "test" or "all" to choose; None takes the test split where there is
            one, else validation, else what none has learnt from.
        answers: lists of what another tool or a person answered, as `match_answers` reads them.
        renames: what answers of these mean: a class, or "" for none of them.
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
    if isinstance(answers, (str, Path)):
        answers = [answers]
    with display_progress(progress, callback) as tell:
        opened = open_models(models, least=1 if answers else 2)
        common = find_common_images(opened, data, split)
        outside = _match_outside(opened, common, answers, renames or {})
        for each in outside:
            common = common.only(each.answers)
        return _compare(opened, common, outside, split=split, callback=tell)


def _match_outside(
    opened: Sequence[OpenedModel],
    common: CommonImages,
    lists: Sequence[str | Path],
    renames: Mapping[str, str],
) -> list[MatchedAnswers]:
    """Return the answers of each list to the images that may be compared on."""
    first, called = opened[0].classifier, common.answers[0]
    classes = tuple(dict.fromkeys((*common.collection.classes, *itertools.chain(*common.answers))))
    taken = {model.name for model in opened}
    found = []
    for path in lists:
        one = match_answers(
            path,
            common.collection,
            every=common.every,
            classes=classes,
            ids=dict(zip(first.ids, called, strict=False)),
            renames=renames,
        )
        found.append(replace(one, name=one.file) if one.name in taken else one)
        taken.add(found[-1].name)
    return found


def _compare(
    opened: Sequence[OpenedModel],
    common: CommonImages,
    outside: Sequence[MatchedAnswers],
    *,
    split: str | None,
    callback: Callback,
) -> Comparison:
    """Select the images that all can be compared on, evaluate and time all on them."""
    with ExitStack() as stack:
        images = _decode(opened, common.collection, stack, callback)
        chosen = select_common_images(opened, images, common.collection, split=split)
        notes = (
            *common.notes,
            *(note for each in outside for note in each.notes),
            *chosen.notes,
            *(f"what '{each.name}' has learnt from is not known" for each in outside),
            *note_missing_classes(common.collection, chosen.indices),
        )
        for note in notes:
            callback(Note(note))
        found = [
            _evaluate_model(model, own, chosen, labels, common.collection, callback)
            for model, own, labels in zip(opened, images, common.labels, strict=True)
        ]
        for model, own, (_, _, scores) in zip(opened, images, found, strict=True):
            said = count_test_use(
                model.classifier,
                own.hashes[chosen.indices],
                by="compare",
                accuracy=scores.accuracy,
                own=model.source == source_of(common.collection) and TEST_IMAGE in chosen.words,
            )
            if said:
                callback(Note(f"'{model.name}': {said}"))
                notes += (f"'{model.name}': {said}",)
        seconds = _time_models(opened, images, chosen.indices)
        chosen = replace(chosen, notes=notes)
        result = _gather(opened, found, seconds, outside, common=common, chosen=chosen)
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


Found = tuple[Answers, np.ndarray, Evaluation]


def _evaluate_model(
    model: OpenedModel,
    images: Images,
    chosen: ImageSelection,
    labels: np.ndarray,
    collection: Collection,
    callback: Callback,
) -> Found:
    """Return a model's answers, the true labels in its classes, and its scores."""
    reporter = ProgressReporter(f"evaluating {model.name}", callback)
    answers = answer_images(model.classifier, images, chosen.indices, reporter=reporter)
    truth = labels[chosen.indices]
    names = [collection.names[index] for index in chosen.indices]
    classes = model.classifier.classes
    rows = answers.probabilities
    scores = score(rows, truth, classes=classes, names=names, evaluated=chosen.words)
    return answers, truth, scores


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
    outside: Sequence[MatchedAnswers],
    *,
    common: CommonImages,
    chosen: ImageSelection,
) -> Comparison:
    """Put everything together."""
    collection, indices = common.collection, chosen.indices.tolist()
    truths = [collection.classes[collection.labels[index]] for index in indices]
    answered = [
        [called[number] for number in answers.best.tolist()]
        for called, (answers, _, _) in zip(common.answers, found, strict=True)
    ]
    sure: list[list[float | None]] = [list(own.confidence.tolist()) for own, _, _ in found]
    right = [answers.best == truth for answers, truth, _ in found]
    given = [
        Given(model.name, own.level, find_right(own, truth, model.classifier.decision.taxonomy))
        for model, (own, truth, _) in zip(models, found, strict=True)
    ]
    said = [
        _name_nodes(model, called, own)
        for model, called, (own, _, _) in zip(models, common.answers, found, strict=True)
    ]
    scores = [
        _score_model(model, own, taken)
        for model, (_, _, own), taken in zip(models, found, seconds, strict=True)
    ]
    for each in outside:
        names = [collection.names[index] for index in indices]
        answered.append([each.answers[name] for name in names])
        sure.append([each.probabilities[name] for name in names])
        right.append(np.array([a == b for a, b in zip(answered[-1], truths, strict=True)]))
        scores.append(_score_outside(each, right[-1]))
        given.append(Given(each.name, np.zeros(len(indices), np.int64), right[-1]))
        said.append(list(answered[-1]))
    refuses = any(model.classifier.decision.refuses for model in models)
    notes = chosen.notes + _note_energy(models)
    if len(scores) > 2:
        notes += (
            f"p counts that there are {len(scores) - 1} comparisons (Holm); each interval is "
            "by itself",
        )
    return Comparison(
        evaluated=chosen.words,
        n=len(indices),
        models=tuple(scores),
        pairs=compare_pairs([one.name for one in scores], right),
        images=tuple(
            ImageAnswers(
                name=collection.names[index],
                truth=truths[place],
                answers=tuple(own[place] for own in answered),
                probabilities=tuple(own[place] for own in sure),
                given=tuple(own[place] for own in said) if refuses else (),
            )
            for place, index in enumerate(indices)
        ),
        notes=notes,
        answered=count_levels(given) if refuses else (),
        answered_pairs=pair_levels(given) if refuses else (),
    )


def _name_nodes(model: OpenedModel, called: Sequence[str], answers: Answers) -> list[str | None]:
    """Return what a model says of each image in the end: a class, a node above it, or None."""
    taxonomy = model.classifier.decision.taxonomy
    names = called if taxonomy is None else taxonomy.name_nodes(tuple(called))
    return [None if node == REFUSED else names[node] for node in answers.node.tolist()]


def _score_model(model: OpenedModel, scores: Evaluation, seconds: float) -> ModelScores:
    return ModelScores(
        name=model.name,
        origin=model.origin,
        accuracy=scores.accuracy,
        accuracy_low=scores.accuracy_low,
        accuracy_high=scores.accuracy_high,
        cross_entropy=scores.cross_entropy,
        parameters=model.parameters,
        macs=model.macs,
        seconds_per_image=seconds,
        training_seconds=model.training_seconds,
        training_kwh=model.training_kwh,
        training_kg_co2e=model.training_kg_co2e,
    )


def _score_outside(answers: MatchedAnswers, right: np.ndarray) -> ModelScores:
    low, high = wilson_interval(int(right.sum()), len(right))
    return ModelScores(
        name=answers.name,
        origin=f"answers of {answers.file}",
        accuracy=float(right.mean()),
        accuracy_low=low,
        accuracy_high=high,
        cross_entropy=None,
        parameters=None,
        macs=None,
        seconds_per_image=None,
        training_seconds=None,
    )
