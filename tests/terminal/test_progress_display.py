"""Progress is shown where a person looks, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from striate.events import Event, Note
from striate.terminal.progress_display import display_progress

PROGRAM = """
from striate.events import Note
from striate.terminal.progress_display import display_progress
with display_progress({progress}) as tell:
    tell(Note("one class is empty"))
"""


def test_without_a_terminal_nothing_is_shown_unless_asked_for() -> None:
    for progress, shown in (("None", ""), ("False", ""), ("True", "- one class is empty\n")):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(progress=progress)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert (done.stdout, done.stderr) == ("", shown), progress


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
@pytest.mark.parametrize(("progress", "shown"), [("None", True), ("False", False)])
def test_in_a_terminal_it_is_shown_unless_refused(progress: str, shown: bool) -> None:
    ours, theirs = os.openpty()
    program = PROGRAM.format(progress=progress) + "\nimport sys; sys.stderr.write('the end')"
    subprocess.run([sys.executable, "-c", program], stderr=theirs, check=True)
    said = os.read(ours, 65536).decode()
    os.close(theirs)
    os.close(ours)
    assert ("one class is empty" in said) == shown


def test_a_callback_takes_the_place_of_the_screen_unless_both_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[Event] = []
    for progress in (None, True):
        with display_progress(progress, told.append) as tell:
            tell(Note("a leak"))
        assert ("a leak" in capsys.readouterr().err) == bool(progress)
    assert told == [Note("a leak")] * 2
