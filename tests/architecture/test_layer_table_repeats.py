"""Repeated layers stand once, and what is left out is counted."""

from __future__ import annotations

from striate.architecture.layer_table import summary
from striate.architecture.layer_table.repeats import Repeat, fold_repeats


def folds(network: str, **given: object) -> list[tuple[str, int, int]]:
    rows = fold_repeats(summary(network, **given).layers)  # type: ignore[arg-type]
    return [(row.name, row.period, row.count) for row in rows if isinstance(row, Repeat)]


def test_whole_blocks_of_resnet50_are_repeats() -> None:
    assert folds("resnet50") == [
        ("next2", 11, 1),
        ("next4-next5", 11, 2),
        ("next7-next10", 11, 4),
        ("next12", 11, 1),
    ]


def test_layers_outside_blocks_are_too_where_it_saves_rows() -> None:
    text = "input 8x9x9 classes=2 > [conv 8 > relu]*5 > flatten > fc"
    assert folds(text) == [("conv2-relu5", 2, 4)]
    assert folds("input 8x9x9 classes=2 > [conv 8 > relu]*2 > flatten > fc") == []


def test_nothing_is_lost_and_the_columns_still_add_up() -> None:
    whole = summary("resnet50")
    folded = fold_repeats(whole.layers)
    rows = [each for row in folded for each in (row.rows if isinstance(row, Repeat) else [row])]
    assert tuple(rows) == whole.layers
    page = whole.page()
    assert page.count("25,557,032") == 2  # the whole first and last
    assert len(page.split("\n")) < 240
