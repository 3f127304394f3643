"""Every verb on terminals of 80 and of 100 columns: nothing is left to be broken by them."""

from __future__ import annotations

import re
from pathlib import Path

import drawn
import pytest
from quick_runs import TINY
from shell import Terminal, striate

from striate.terminal.wrapping import count_columns

RUN = ("--network", TINY, "--epochs", 1, "--image-size", 16, "--threads", 1)
GONE = "a-folder-that-nobody-ever-made"
VERBS: dict[str, tuple[object, ...]] = {
    "evaluate": ("runs/photos", "photos"),
    "compare": ("runs/photos", "runs/again"),
    "predict": ("runs/photos", "photos"),
    "explain": ("runs/photos", "photos/disc/disc000.png", "--quick"),
    "report": ("runs/photos",),
    "describe": ("resnet50",),
    "zoo": (),
    "import": ("conv 4 > relu > gap > flatten > fc", "--weights", GONE, "--out", "own"),
    "convolve": ("0101/1010/0110", "--filter", "1 0; 0 1", "--as-matrix", "--at", "0,0"),
    "experiment": ("shuffle", "--seeds", 1, "--epochs", 1, "--images", 20, "--threads", 1),
    "train": ("photos", *RUN),
    "check": ("photos", "--no-labels"),
}
FAIL = {"import": 2}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos/ and two runs of them."""
    place = tmp_path_factory.mktemp("place")
    drawn.folder(place / "photos", n=12)
    for name in ("photos", "again"):
        striate("train", "photos", *RUN, "--out", f"runs/{name}", cwd=place)
    return place


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("verb", VERBS)
def test_lines_fit_and_break_at_words_alone(
    place: Path, verb: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("COLUMNS", str(width)), ("NO_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
    said = striate(verb, *VERBS[verb], cwd=place, code=FAIL.get(verb, 0), kind=Terminal)
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", said.stdout + said.stderr).split("\n")
    # a command that comes next is not broken, so that it can be copied
    told = [line for line in lines if not line.startswith("  next ")]
    assert [line for line in told if count_columns(line) > width] == []
    numbers = re.compile(r"\d$|^\s*(?:%|s|min|ms)\b")  # a number at an end, its unit at a start
    assert [
        (one, two)
        for one, two in zip(lines, lines[1:], strict=False)
        if re.search(r"\d$", one) and numbers.match(two)
    ] == []


def test_a_message_in_a_file_stays_one_line(place: Path) -> None:
    said = striate("train", GONE, cwd=place, code=2)
    assert said.stderr.count("\n") == 1
