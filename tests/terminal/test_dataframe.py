"""A table as a DataFrame, and one line where pandas is missing."""

import sys

import pytest

from striate.errors import StriateError
from striate.terminal.dataframe import make_dataframe


def test_rows_stand_under_their_columns() -> None:
    frame = make_dataframe(["class", "n"], (("cat", 3), ("dog", None)))
    assert frame.columns.tolist() == ["class", "n"]
    assert frame["class"].tolist() == ["cat", "dog"]
    assert frame["n"].isna().tolist() == [False, True]


def test_a_table_without_rows_keeps_its_columns() -> None:
    assert make_dataframe(["class", "n"], []).shape == (0, 2)


def test_without_pandas_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(StriateError, match=r"^a DataFrame needs pandas.*pip install pandas$"):
        make_dataframe(["class"], [])
