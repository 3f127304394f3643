"""docs/compare.md says what is so: its commands run, and what they print has the shape shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
from shell import striate

from striate.evaluation.comparison.paired_comparison import compare_pairs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "compare.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- tested: shell -->\n```sh\n(.*?)\n```\n\n```text\n(.*?)\n```", re.DOTALL)


def test_the_commands_of_the_page_print_what_it_shows_but_for_the_figures(tmp_path: Path) -> None:
    ((commands, shown),) = BLOCK.findall(PAGE)
    for command in commands.splitlines():
        program, *arguments = shlex.split(command)
        assert program == "striate"
        done = striate(*arguments, cwd=tmp_path)
    expected, printed = shown.splitlines(), done.stdout.splitlines()
    for place in (0, 2, 6, 10):  # what it is on, and the heads of the three tables
        assert printed[place].split() == expected[place].split()
    assert "better than linear" in printed[13] or "can be shown" in printed[13]
    assert (tmp_path / "intervals.png").read_bytes()[1:4] == b"PNG"
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == 356


def test_the_sentence_of_the_page_is_the_one_for_its_counts() -> None:
    ((_, shown),) = BLOCK.findall(PAGE)
    both, first, second, neither = map(int, shown.splitlines()[11].split()[1:5])
    rows = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [both, first, second, neither], axis=0)
    (pair,) = compare_pairs(["linear", "conv"], [rows[:, 0] == 1, rows[:, 1] == 1])
    assert pair.words in shown.splitlines()
