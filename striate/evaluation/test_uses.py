"""How often the test images of a run have been evaluated, and when.

A test set says how good a classifier is on images that nothing was chosen by. Each look at its
figure that leads to a choice takes something of that away, so each is counted.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from striate.data.split_file import read_split
from striate.evaluation.image_selection import TEST_IMAGE
from striate.evaluation.metrics import Evaluation
from striate.model.classifier import Classifier
from striate.model.run_folder import RECORD, RunFolder

FILE: Final = "test_evaluations.csv"
HEADER: Final = ("time", "by", "n", "accuracy")


def count_test_use(
    classifier: Classifier,
    images: np.ndarray,
    *,
    by: str,
    accuracy: float | None,
    own: bool = False,
) -> str:
    """Write down that test images of a run were evaluated; say how often by now.

    They are known by their content, wherever they lie.

    Args:
        classifier: that was evaluated.
        images: uint64, hashes of those that it was evaluated on, as it takes them.
        by: the verb.
        accuracy: what came out; None where the images were looked at without a figure.
        own: whether they are the test images of its run by what the data says, which is all that
            older runs know.

    Returns:
        A line; "" where none of them is a test image of the classifier's own run.
    """
    run = None if classifier.file is None else RunFolder(classifier.file.parent)
    if run is None or not (run.path / RECORD).is_file():
        return ""
    try:
        rows = read_split(run.split)
    except (OSError, ValueError):
        rows = []
    if not any(row.content_hash for row in rows):
        return _write(run.path, by, len(images), accuracy) if own else ""
    tests = [int(row.content_hash, 16) for row in rows if row.split == "test" and row.content_hash]
    n = int(np.isin(images, np.array(tests, np.uint64)).sum())
    return _write(run.path, by, n, accuracy) if n else ""


def count_training(run: Path, result: Evaluation) -> str:
    """Write down that a run evaluated its own test images, if it did; say how often by now."""
    if TEST_IMAGE not in result.evaluated:
        return ""
    return _write(run, "train", result.n, result.accuracy)


def _write(run: Path, by: str, n: int, accuracy: float | None) -> str:
    """Add a row to test_evaluations.csv of a run; return how often it was, and since when.

    Args:
        run: its folder.
        by: the verb.
        n: how many of its test images.
        accuracy: of all that were evaluated then; None leaves the cell empty.
    """
    path = run / FILE
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        before = read_test_uses(run)
        with path.open("a", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            if not before:
                rows.writerow(HEADER)
            rows.writerow((now, by, n, "" if accuracy is None else f"{accuracy:.6g}"))
    except OSError as error:
        return f"this evaluation of the test images could not be counted: {error.strerror or error}"
    if not before:
        return ""
    times = len(before) + 1
    return (
        f"the test images of this run were evaluated {times:,} times since {before[0][0][:10]} "
        f"({FILE}): what is chosen by their figure needs other images to test it"
    )


def read_test_uses(run: Path) -> list[tuple[str, str]]:
    """Return when the test images of a run were evaluated, and by what; the oldest first."""
    path = run / FILE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file))[1:] if len(row) == len(HEADER)]
