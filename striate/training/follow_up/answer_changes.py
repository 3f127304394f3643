"""What a run that goes on from another one answers otherwise: told at its end, kept as a file."""

from __future__ import annotations

import json
from pathlib import Path

from striate.evaluation.answers_file import read_answers
from striate.evaluation.comparison.answer_changes import AnswerChanges, compare_answers
from striate.evaluation.metrics import Evaluation
from striate.events import Changed
from striate.model.run_folder import EARLIER_ANSWERS, RunFolder, write_text
from striate.training.follow_up.follows import Follows

FILE = "changes.json"
LISTED = 24  # images of each kind that the event names; the file has all


def find_answer_changes(
    folder: RunFolder, follows: Follows, evaluation: Evaluation
) -> AnswerChanges | None:
    """Return what is answered otherwise than in the earlier run; None where no image is in both.

    Args:
        folder: of the new run.
        follows: the earlier run.
        evaluation: of the new one, with its images.

    Raises:
        RunError: the answers of the earlier run are damaged.
    """
    before = read_answers(folder.path / EARLIER_ANSWERS)
    names = name_runs(Path(follows.run), folder.path)
    return compare_answers(before, evaluation.images, classes=evaluation.classes, names=names)


def name_runs(earlier: Path, now: Path) -> tuple[str, str]:
    """Return what two runs are called: by their folders, with more of the path where these agree.

    >>> name_runs(Path("runs/a"), Path("runs/a-2")), name_runs(Path("one/run"), Path("two/run"))
    (('a', 'a-2'), ('one/run', 'two/run'))
    """
    one, other = earlier.resolve(), now.resolve()
    if one.name != other.name:
        return one.name, other.name
    return "/".join(one.parts[-2:]), "/".join(other.parts[-2:])


def report_answers(folder: RunFolder, follows: Follows, evaluation: Evaluation) -> Changed:
    """Write changes.json, and return what is to be told at the end of the run."""
    found = find_answer_changes(folder, follows, evaluation)
    values = {**vars(follows), "answers": None if found is None else found.as_json()}
    write_text(folder.path / FILE, json.dumps(values, indent=1, allow_nan=False) + "\n")
    pair = None if found is None else found.pair
    right = () if found is None else found.became_right
    wrong = () if found is None else found.became_wrong
    return Changed(
        earlier=Path(follows.run),
        images=follows.describe(),
        kept=follows.kept,
        added=follows.added,
        removed=follows.removed,
        relabelled=follows.relabelled,
        new_classes=follows.new_classes,
        n=0 if found is None else found.n,
        accuracy_before=None if found is None else found.accuracy_before,
        accuracy_now=None if found is None else found.accuracy_now,
        difference=None if pair is None else pair.difference,
        difference_low=None if pair is None else pair.difference_low,
        difference_high=None if pair is None else pair.difference_high,
        p=None if pair is None else pair.p,
        became_right=tuple(one.name for one in right[:LISTED]),
        became_wrong=tuple(one.name for one in wrong[:LISTED]),
        became_right_n=len(right),
        became_wrong_n=len(wrong),
        words="" if pair is None else pair.words,
    )
