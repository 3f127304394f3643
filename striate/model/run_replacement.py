"""The files of a run replaced by those of another one, all of them or none.

The new ones are complete before the first is moved, and a list of them says so: a kill in between
leaves that list, and whoever replaces next moves the rest first.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

from striate.files.atomic_write import write_atomically
from striate.model import classifier_file
from striate.model.run_folder import (
    CHANGES,
    EARLIER_ANSWERS,
    FIXES,
    LOCK,
    PERCEPTUAL,
    RECORD,
    report_write_errors,
)
from striate.terminal.ctrl_c import hold_off_ctrl_c

BEING_MADE: Final = ".anew"
COMPLETE: Final = ".complete"
LIST: Final = "files.json"
OWN: Final = (
    classifier_file.NAME,
    RECORD,
    FIXES,
    *("split.csv", "skipped.csv", "remarks.csv", "answers.csv", "findings.csv"),
    *(PERCEPTUAL, CHANGES, EARLIER_ANSWERS, "changes.json", "test_evaluations.csv"),
    *("epochs.jsonl", "health.jsonl", "moved.json", "report.html"),
)
"""The files of a run; whatever else lies in its folder is the user's."""
OWN_FOLDERS: Final = ("film", "checkpoints", "cache")


def begin_replacement(run: Path) -> Path:
    """Return an empty folder for the new files of a run, in its own folder.

    What an earlier replacement has left is ended, or where it was not complete taken away.

    Raises:
        RunError: the folder cannot be written to.
    """
    with report_write_errors(run):
        if (run / COMPLETE).is_dir():
            _move(run)
        shutil.rmtree(run / BEING_MADE, ignore_errors=True)
        (run / BEING_MADE).mkdir()
    return run / BEING_MADE


def complete_replacement(run: Path) -> None:
    """Let the new files of a run, all of them there, take the place of the old ones.

    Raises:
        RunError: the folder cannot be written to.
    """
    made = run / BEING_MADE
    with report_write_errors(run), hold_off_ctrl_c():
        (made / LOCK).unlink(missing_ok=True)
        names = [name for name in OWN if (made / name).is_file()]
        with write_atomically(made / LIST) as partial:
            partial.write_text(json.dumps(names), encoding="utf-8")
        made.rename(run / COMPLETE)
        _move(run)


def abandon_replacement(run: Path) -> None:
    """Take the new files of a run away; the old ones stay as they are."""
    shutil.rmtree(run / BEING_MADE, ignore_errors=True)


def list_foreign(run: Path) -> tuple[str, ...]:
    """Return the names in the folder of a run that are not the run's own."""
    own = {*OWN, *OWN_FOLDERS, LOCK, BEING_MADE, COMPLETE}
    return tuple(sorted(path.name for path in run.iterdir() if path.name not in own))


def _move(run: Path) -> None:
    made = run / COMPLETE
    names = json.loads((made / LIST).read_text(encoding="utf-8"))
    for name in OWN:
        if name not in names:
            (run / name).unlink(missing_ok=True)
        elif (made / name).exists():  # else it was moved before a kill
            (made / name).replace(run / name)
    for name in OWN_FOLDERS:
        shutil.rmtree(run / name, ignore_errors=True)
    shutil.rmtree(made)
