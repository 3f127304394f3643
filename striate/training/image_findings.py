"""What a run does about its images when it is over: look, say what was found, write it down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from striate.doctor import Examination, ImageFinding, describe_findings, examine, write_findings
from striate.doctor.kinds.label import knows_labels
from striate.doctor.seen_images import has_perceptual_hashes, write_perceptual_hashes
from striate.errors import DataError
from striate.evaluation.image_selection import ImageSelection
from striate.evaluation.metrics import EvaluatedImage, Evaluation, score, wilson_interval
from striate.features.head import Head
from striate.model.classifier import Classifier
from striate.model.run_folder import PERCEPTUAL, RunFolder, report_write_errors
from striate.terminal.units import format_percent
from striate.training.preparation import Prepared

TOO_GOOD: Final = "is too good to be believed"


def look_at_images(
    prepared: Prepared,
    evaluation: Evaluation,
    answers: Sequence[EvaluatedImage],
    held_out: Sequence[EvaluatedImage],
    *,
    folder: RunFolder,
    say: Callable[[str], None],
) -> tuple[ImageFinding, ...]:
    """Find what to look at first among the images of a run, and write findings.csv.

    Args:
        prepared: the images and the plan.
        evaluation: of the classifier.
        answers: to images that nothing which answered had learnt from.
        held_out: likewise, by cross-validation, to images that the run then learnt from.
        folder: of the run.
        say: is told what was found, a line a kind.

    Returns:
        What was found.

    Raises:
        RunError: the file cannot be written.
    """
    loaded, plan = prepared.loaded, prepared.plan
    examination = Examination(
        loaded.collection,
        loaded.images,
        loaded.split,
        plan.preprocess,
        prepared.signs,
        answers=[one for of in (answers, held_out) if knows_labels(of) for one in of],
    )
    if doubt := doubt_accuracy(evaluation, held_out):
        say(doubt)
    try:
        found = examine(examination)
    except DataError as error:  # the run is done all the same
        say(f"the images were not looked through for odd ones: {error}")
        return ()
    with report_write_errors(folder.path):
        write_findings(folder.findings, found)
        _write_looks(prepared, folder)
    for line in describe_findings(found, evaluation.images):
        say(line)
    return found


def doubt_accuracy(evaluation: Evaluation, held_out: Sequence[EvaluatedImage]) -> str:
    """Say where an accuracy is surely above that of cross-validation; "" where it is not.

    Cross-validation keeps groups together; what shows the same as an image that was learnt from,
    and is not known to belong to it, is answered from memory.

    Args:
        evaluation: of the classifier.
        held_out: what cross-validation answered.
    """
    if not held_out:
        return ""
    right = sum(one.correct for one in held_out)
    low, high = wilson_interval(right, len(held_out))
    if evaluation.accuracy_low <= high:
        return ""
    return (
        f"{format_percent(evaluation.accuracy)} of {evaluation.n:,} {TOO_GOOD}: "
        f"cross-validation in groups says {format_percent(right / len(held_out))} of "
        f"{len(held_out):,} ({format_percent(low)} to {format_percent(high)}). What was evaluated "
        "is easier, or shows the same things as what was learnt from; a list with a column that "
        "says what belongs together keeps it on one side (--group-column)"
    )


def _write_looks(prepared: Prepared, folder: RunFolder) -> None:
    """Write down what the images look like, where they are large enough to be told apart so."""
    loaded, preprocess = prepared.loaded, prepared.plan.preprocess
    if not has_perceptual_hashes(preprocess.height, preprocess.width):
        return
    signs = prepared.signs.complete(loaded.images)
    used = np.concatenate(list(loaded.split.by_name().values()))
    used = used[signs["measured"][used]]
    names = (loaded.collection.names[index] for index in used.tolist())
    write_perceptual_hashes(folder.path / PERCEPTUAL, names, signs["hash"][used])


def list_unlearnt(
    prepared: Prepared, model: Classifier, evaluated: ImageSelection, evaluation: Evaluation
) -> list[EvaluatedImage]:
    """Return the answers to images that neither the run nor its backbone has learnt from."""
    transfer = prepared.plan.transfer
    if transfer is not None and transfer.resized:
        return []  # whether the backbone has learnt from them cannot be told
    hashes = prepared.loaded.images.hashes[evaluated.indices]
    known = np.isin(hashes, model.seen["train"])
    return [one for one, was in zip(evaluation.images, known, strict=True) if not was]


def list_held_out(head: Head, prepared: Prepared) -> list[EvaluatedImage]:
    """Return what cross-validation answered to the training images that it held out.

    None where the backbone has, or may have, learnt from them.
    """
    loaded, plan, backbone = prepared.loaded, prepared.plan, prepared.backbone
    if plan.transfer is None or plan.transfer.resized or backbone is None or not head.folds:
        return []
    indices = loaded.training.indices[head.held_out]
    answers = score(
        head.probabilities,
        loaded.training.labels[indices],
        classes=plan.data.classes,
        names=[loaded.collection.names[index] for index in indices.tolist()],
        evaluated="training images held out in cross-validation",
    ).images
    learnt = backbone.seen.get("train", np.array([], np.uint64))
    known = np.isin(loaded.images.hashes[indices], learnt)
    return [one for one, was in zip(answers, known, strict=True) if not was]
