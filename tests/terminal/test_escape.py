"""Whatever a name holds, it stays in its row and harms no terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from striate.terminal.escape import escape_controls


@given(st.text(st.characters()))
def test_any_text_becomes_one_row_that_utf_8_holds(text: str) -> None:
    shown = escape_controls(text)
    shown.encode("utf-8")
    assert len(f"{shown}.".splitlines()) == 1
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cs"}


def test_what_harms_nothing_stays_as_it_is() -> None:
    for text in ("", "a b", "日本語", "naïve", "a\u00a0b", "\U0001f468\u200d\U0001f469", "[b] \\n"):
        assert escape_controls(text) == text


def test_what_a_terminal_would_obey_is_shown() -> None:
    assert escape_controls("a\x1b[31m\r\n\u202eb\udcff") == r"a\x1b[31m\r\n\u202eb\udcff"
    assert escape_controls("one\ntwo\x07", lines=True) == "one\ntwo\\x07"


def test_a_long_name_keeps_its_end() -> None:
    assert escape_controls("a" * 50 + ".png", longest=10) == "...aaa.png"
    assert escape_controls("0123456789", longest=10) == "0123456789"
