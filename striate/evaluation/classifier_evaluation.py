"""Evaluate a classifier on images whose classes are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from striate.data import (
    Collection,
    Data,
    Images,
    divide_into_batches,
    format_count,
    load,
    prefetch,
    source_of,
)
from striate.data.remarks import count_remarks
from striate.errors import DataError
from striate.evaluation.image_selection import (
    TEST_IMAGE,
    ImageSelection,
    check_split,
    find_candidates,
    find_images,
    match_classes,
    note_missing_classes,
    select_images,
)
from striate.evaluation.level_scores import add_levels
from striate.evaluation.metrics import Evaluation, score
from striate.evaluation.metrics.refusals import UNLIKE, UNSURE
from striate.evaluation.metrics.reliability import measure_reliability
from striate.evaluation.metrics.wrong_labels import estimate_wrong_labels
from striate.evaluation.slices.slice_scores import SliceScores, score_slices
from striate.evaluation.slices.slicing import find_attributes
from striate.evaluation.test_uses import count_test_use
from striate.events import Callback, Note, ignore
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.model.decision import Answers, Decision
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

Look = Callable[[np.ndarray], None]


@dataclass(frozen=True, eq=False)
class Answered:
    """Images that are answered.

    Attributes:
        answers: of each.
        brightness: (n,), the mean of each one's values, 0 to 255.
    """

    answers: Answers
    brightness: np.ndarray


class Answering(Protocol):
    """What gives the answers of a classifier, as the classifier itself does."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        ...

    @property
    def decision(self) -> Decision:
        """How what its network says becomes answers."""
        ...

    def decide(self, pixels: np.ndarray) -> Answers:
        """Return what is answered to preprocessed images, and how surely."""
        ...


PICTURES = 12  # of the worst images, kept to be shown in a notebook


def evaluate(
    model: ClassifierLike,
    data: Data,
    *,
    split: str | None = None,
    layout: str | None = None,
    zip_encoding: str | None = None,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> Evaluation:
    """Return how good a classifier is on images whose classes are known.

    Args:
        model: the classifier, its file, the folder of its run, or what `train` returned.
        data: whatever training takes: a folder, IDX, npz, CSV, zip, or "digits". Classes are
            matched by name, or by the classifier's ids of them.
        split: "train", "val", "test" or "all" to choose; None takes the test split where there is
            one, else validation, else what training has not used.
        layout: what folders of folders mean: "split/class", "class/split" or "path"; None reads
            the data of the run as the run did, and other data by the names of the splits, or as
            paths where the run did so.
        zip_encoding: of the names in a zip that are not in UTF-8, such as "cp932"; likewise.
        progress: whether it is shown how far the work is; None shows it in a terminal or a
            notebook, unless a callback is told instead.
        callback: is told every event.

    Raises:
        ClassifierError: the classifier cannot be opened.
        DataError: no image is left, or no class is the classifier's.
        SettingError: there is no such split.

    Example: ``evaluate("runs/digits", "digits").accuracy``.
    """
    check_split(split)
    with display_progress(progress, callback) as tell:
        classifier = open_classifier(model)
        found = find_images(classifier, data, layout=layout, zip_encoding=zip_encoding)
        own = classifier.origin.source == source_of(data)
        return evaluate_found(classifier, found, split=split, own=own, callback=tell)


def evaluate_found(
    classifier: Classifier,
    found: Collection,
    *,
    split: str | None,
    own: bool,
    callback: Callback,
) -> Evaluation:
    """Read the images, select those that may be evaluated, and evaluate them.

    Args:
        classifier: the classifier.
        found: the images, from `find_images`.
        split: as for `evaluate`.
        own: whether they are those of the classifier's run.
        callback: is told every event.
    """
    collection, notes = match_classes(found, classifier.classes, classifier.ids)
    notes = (*found.notes, *notes)
    collection = collection.only(find_candidates(collection, split))
    reporter = ProgressReporter("reading", callback)
    with load(collection, classifier.preprocess, progress=reporter) as images:
        selection = select_images(
            collection.splits,
            images.hashes,
            usable=images.usable,
            seen=classifier.seen,
            split=split,
        )
        notes += selection.notes
        if images.skipped:
            notes += (
                f"{format_count(len(images.skipped), 'file')} left out: not readable as an image",
            )
        notes += count_remarks(images.remarks)
        notes += note_missing_classes(collection, selection.indices)
        if classifier.engine.note:
            notes += (classifier.engine.note,)
        for note in notes:
            callback(Note(note))
        if not len(selection.indices):
            raise DataError(
                f"no image of '{collection.source}' is left to evaluate: "
                + "; ".join(notes or ("no images",))
            )
        result = evaluate_images(classifier, images, collection, selection, callback=callback)
        said = count_test_use(
            classifier,
            images.hashes[selection.indices],
            by="evaluate",
            accuracy=result.accuracy,
            own=own and TEST_IMAGE in selection.words,
        )
    if said:
        callback(Note(said))
    return replace(result, notes=notes + result.notes + ((said,) if said else ()))


def evaluate_images(
    model: Answering,
    images: Images,
    collection: Collection,
    selection: ImageSelection,
    *,
    answered: Answered | None = None,
    callback: Callback = ignore,
) -> Evaluation:
    """Return how good a classifier is on decoded images.

    Args:
        model: the classifier, or what gives its answers.
        images: decoded with its preprocessing.
        collection: their names and labels, in the classifier's classes.
        selection: which of them, and what they are.
        answered: what is answered, where it is known; None asks the model.
        callback: is told how far the work is.
    """
    if answered is None:
        light: list[np.ndarray] = []
        answers = answer_images(
            model,
            images,
            selection.indices,
            reporter=ProgressReporter("evaluating", callback),
            look=lambda pixels: light.append(pixels.mean((1, 2, 3))),
        )
        answered = Answered(answers, np.concatenate(light))
    answers = answered.answers
    labels, taxonomy = collection.labels[selection.indices], model.decision.taxonomy
    found = score(
        answers.probabilities,
        labels,
        classes=model.classes,
        names=[collection.names[index] for index in selection.indices],
        evaluated=selection.words,
        refusals=find_refusals(answers) if model.decision.refuses else None,
    )
    if taxonomy is not None:
        found = add_levels(found, answers, labels, taxonomy)
    worst = selection.indices[[image.index for image in found.worst[:PICTURES]]]
    true = measure_reliability(answers.confidence.tolist(), [one.correct for one in found.images])
    doubted = None
    if not selection.learnt:  # of what it knows by heart no label is contradicted
        doubted = estimate_wrong_labels(answers.probabilities, labels)
    attributes = find_attributes(collection, selection.indices, answered.brightness)
    wrong = sorted(
        (one for one in found.images if not one.correct), key=lambda one: one.truth_probability
    )
    return replace(
        found,
        reliability=true,
        slices=score_slices(
            [one.correct for one in found.images],
            attributes,
            worst=[(one.index, one.name) for one in wrong],
        ),
        wrong_labels=doubted,
        pictures=tuple(np.moveaxis(images.take(worst), 1, -1)),
        probabilities=answers.probabilities,
    )


def evaluate_slices(
    model: ClassifierLike,
    data: Data,
    *,
    split: str | None = None,
    layout: str | None = None,
    zip_encoding: str | None = None,
    callback: Callback | None = None,
) -> tuple[Evaluation, SliceScores]:
    """Evaluate a classifier, and on which slices of the images it is surely worse.

    Slices are the values of each column of a list, sub-folders, thirds of size and of brightness,
    and shapes (upright, square, wide). Arguments and errors as for `evaluate`, whose result holds
    them as ``slices``.

    Example: ``result, slices = st.evaluation.evaluate_slices("runs/photos", "photos.csv")``.
    """
    result = evaluate(
        model, data, split=split, layout=layout, zip_encoding=zip_encoding, callback=callback
    )
    return result, result.slices or SliceScores(result.n, ())


def predict_images(
    model: Answering, images: Images, indices: np.ndarray, *, reporter: ProgressReporter
) -> np.ndarray:
    """Return a classifier's probabilities for decoded images: float32 (images, classes).

    Arguments as for `answer_images`.
    """
    return answer_images(model, images, indices, reporter=reporter).probabilities


def answer_images(
    model: Answering,
    images: Images,
    indices: np.ndarray,
    *,
    reporter: ProgressReporter,
    look: Look | None = None,
) -> Answers:
    """Return a classifier's answers to decoded images, computed batch by batch.

    Args:
        model: the classifier.
        images: decoded with its preprocessing.
        indices: which of them, at least one.
        reporter: is told the images done and their total.
        look: is given the pixels of each batch, uint8 (n, channels, height, width).
    """
    parts: list[Answers] = []
    done = 0
    for chosen, pixels in prefetch(images, divide_into_batches(images, indices)):
        parts.append(model.decide(pixels))
        if look is not None:
            look(pixels)
        done += len(chosen)
        reporter(done, len(indices))
    return Answers.join(parts)


def find_refusals(answers: Answers) -> list[str]:
    """Return why each image is not answered: "unlike", "unsure", or "" where it is."""
    far, unsure = answers.unlike.tolist(), answers.unsure.tolist()
    return [UNLIKE if off else UNSURE if low else "" for off, low in zip(far, unsure, strict=True)]
