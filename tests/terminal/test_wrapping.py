from __future__ import annotations

import io

import pytest
from shell import Terminal

from striate.terminal.wrapping import find_table_width, find_width, wrap


def test_a_terminal_has_a_width_and_a_file_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert find_width(Terminal()) == 72
    assert find_width(io.StringIO()) is None
    assert find_table_width() == 72
    monkeypatch.setenv("COLUMNS", "3")
    assert find_table_width() == 40


@pytest.mark.parametrize("whole", ["98.3 %", "4 min 10 s", "p <0.001", "n = 360", "3.2 MB"])
def test_no_number_is_parted_from_what_it_counts(whole: str) -> None:
    for width in range(40):
        assert whole in wrap(f"it took all of {whole}, and more", width)


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert wrap("see runs/a-very-long-name/report.html", 10).split("\n")[1].endswith("report.html")


def test_lines_keep_the_spaces_that_they_begin_with() -> None:
    text = "the network:\n    conv 8 > relu > maxpool 2 > flatten > fc"
    assert wrap(text, 30, first="- ").split("\n") == [
        "- the network:",
        "    conv 8 > relu > maxpool 2",
        "      > flatten > fc",
    ]
