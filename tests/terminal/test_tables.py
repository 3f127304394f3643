from __future__ import annotations

from dataclasses import replace

import pytest

from striate.terminal.tables import Table
from striate.terminal.wrapping import count_columns


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


WIDE = Table(
    ("layer", "what it is", "parameters", "both correct"),
    (("conv1", "conv 3x3 64 stride=2 bias=no", "9,408", "12"), ("fc1", "fc 10", "5,130", "7")),
    {"parameters", "both correct"},
)


def test_headings_give_way_first_then_texts_and_numbers_never() -> None:
    assert WIDE.as_text(60).split("\n") == [
        "layer  what it is                    parameters     both",
        "                                                 correct",
        "conv1  conv 3x3 64 stride=2 bias=no       9,408       12",
        "fc1    fc 10                              5,130        7",
    ]
    assert WIDE.as_text(50).split("\n")[2:] == [
        "conv1  conv 3x3 64 stride=2       9,408       12",
        "         bias=no",
        "fc1    fc 10                      5,130        7",
    ]


def test_columns_that_can_be_spared_go_and_the_others_stand_below() -> None:
    spare = replace(WIDE, spare=("parameters",)).as_text(40)
    assert "parameters" not in spare.split("\n")[0]
    assert " ".join(spare.split()).endswith("left out, for want of columns: parameters")
    blocks = WIDE.as_text(40)
    assert blocks.count("layer") == blocks.count("conv1") == 2
    assert "9,408" in blocks
    assert max(map(len, blocks.split("\n"))) <= 40


def test_letters_of_two_columns_keep_the_next_column_in_line() -> None:
    lines = str(Table(("class", "n"), (("\u732b", "1"), ("hund", "2")), {"n"})).split("\n")
    assert [count_columns(line) for line in lines] == [8, 8, 8]


def test_marked_rows_have_colours_where_they_are_wanted() -> None:
    table = Table(("class",), (("ants",), ("bees",)), marks=("wrong", ""))
    assert table.as_text(color=True).split("\n")[1:] == ["\x1b[31mants\x1b[0m", "bees"]
    assert "\x1b" not in str(table)
