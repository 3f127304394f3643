"""How often the test images of a run have been evaluated, and when.

A test set says how good a classifier is on images that nothing was chosen by. Each look at its
figure that leads to a choice takes something of that away, so each is counted.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from striate.data import Data, source_of
from striate.evaluation.image_selection import TEST_IMAGES
from striate.evaluation.metrics import Evaluation
from striate.model.classifier import Classifier
from striate.model.run_folder import RECORD

FILE: Final = "test_evaluations.csv"
HEADER: Final = ("time", "by", "n", "accuracy")


def count_test_use(classifier: Classifier, data: Data, result: Evaluation) -> str:
    """Write down that the test images of a run were evaluated; say how often by now.

    Args:
        classifier: that was evaluated.
        data: what it was evaluated on.
        result: of the evaluation.

    Returns:
        A line; "" where these are not the test images of the classifier's own run.
    """
    path, source = classifier.file, classifier.origin.source
    if path is None or source != source_of(data) or not (path.parent / RECORD).is_file():
        return ""
    return write_test_use(path.parent, "evaluate", result)


def write_test_use(run: Path, by: str, result: Evaluation) -> str:
    """Add a row to test_evaluations.csv of a run; return how often it was, and since when.

    Args:
        run: its folder.
        by: "train" or "evaluate".
        result: of the evaluation; nothing is counted where it was not on test images.
    """
    if TEST_IMAGES not in result.evaluated:
        return ""
    path = run / FILE
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        before = read_test_uses(run)
        with path.open("a", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            if not before:
                rows.writerow(HEADER)
            rows.writerow((now, by, result.n, f"{result.accuracy:.6g}"))
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
