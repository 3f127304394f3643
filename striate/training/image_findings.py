"""What a run does about its images when it is over: look, say what was found, write it down."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from striate.doctor import Examination, describe_findings, examine, write_findings
from striate.errors import DataError
from striate.evaluation.image_selection import ImageSelection
from striate.evaluation.metrics import Evaluation
from striate.model.classifier import Classifier
from striate.model.run_folder import RunFolder, report_write_errors
from striate.training.preparation import Prepared


def look_at_images(
    prepared: Prepared,
    model: Classifier,
    evaluated: ImageSelection,
    evaluation: Evaluation,
    *,
    folder: RunFolder,
    say: Callable[[str], None],
) -> None:
    """Find what to look at first among the images of a run, and write findings.csv.

    Args:
        prepared: the images and the plan.
        model: the classifier, which knows what it and its backbone have learnt from.
        evaluated: the images that it was evaluated on.
        evaluation: of these, in their order.
        folder: of the run.
        say: is told what was found, a line a kind.

    Raises:
        RunError: the file cannot be written.
    """
    loaded, plan = prepared.loaded, prepared.plan
    known = np.isin(loaded.images.hashes[evaluated.indices], model.seen["train"])
    if plan.transfer is not None and plan.transfer.resized:
        known[:] = True  # whether the backbone has learnt from them cannot be told
    examination = Examination(
        loaded.collection,
        loaded.images,
        loaded.split,
        plan.preprocess,
        prepared.signs,
        answers=[one for one, was in zip(evaluation.images, known, strict=True) if not was],
    )
    try:
        found = examine(examination)
    except DataError as error:  # the run is done all the same
        say(f"the images were not looked through for odd ones: {error}")
        return
    with report_write_errors(folder.findings):
        write_findings(folder.findings, found)
    for line in describe_findings(found, evaluation.images):
        say(line)
