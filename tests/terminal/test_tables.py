from __future__ import annotations

import pytest

from striate.terminal.tables import Table


def test_columns_line_up_and_numbers_end_at_the_right() -> None:
    table = Table(("layer", "count"), (("conv1", "7"), ("a long name", "1,024")), {"count"})
    assert str(table).split("\n") == [
        "layer        count",
        "conv1            7",
        "a long name  1,024",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert str(Table(("class", "n"), ())) == "class  n"


def test_the_caption_stands_above() -> None:
    assert str(Table(("n",), (("1",),), caption="counts")).split("\n")[0] == "counts"


def test_a_row_of_the_wrong_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        str(Table(("a", "b"), (("1",),)))


def test_a_cell_with_line_breaks_stays_in_its_row() -> None:
    table = Table(("class", "n"), (("a\nb", "1"), ("c\x1b[31m\r", "22")), {"n"}, "of\ntwo")
    assert str(table).splitlines() == [
        r"of\ntwo",
        "class         n",
        r"a\nb          1",
        r"c\x1b[31m\r  22",
    ]
