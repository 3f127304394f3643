"""What a run does about its images when it is over: look, say what was found, write it down."""

from __future__ import annotations

from collections.abc import Callable

from striate.doctor import Examination, describe_findings, examine, write_findings
from striate.evaluation.metrics import Evaluation
from striate.model.run_folder import RunFolder, report_write_errors
from striate.training.preparation import Loaded


def look_at_images(
    folder: RunFolder, loaded: Loaded, evaluation: Evaluation, *, say: Callable[[str], None]
) -> None:
    """Find what to look at first among the images of a run, and write findings.csv.

    Args:
        folder: of the run.
        loaded: its images.
        evaluation: of its classifier, on images that nothing was learnt from.
        say: is told what was found, a line a kind.

    Raises:
        RunError: the file cannot be written.
    """
    found = examine(Examination(loaded.collection, loaded.images, loaded.split, evaluation))
    with report_write_errors(folder.findings):
        write_findings(folder.findings, found)
    for line in describe_findings(found):
        say(line)
