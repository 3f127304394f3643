"""The subsets of the learning curve are what its page says, and so are its table and image."""

from __future__ import annotations

from pathlib import Path

import drawn
import pytest

from benchmarks.learning import draw, plot, table
from striate.render.figure_files import Still

FOUND = {"from scratch": {20: [0.5, 0.6], 40: [0.7, 0.7]}, "other": {20: [0.8], 40: [0.9]}}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    drawn.folder(tmp_path / "data" / "train", n=8)
    drawn.folder(tmp_path / "data" / "val", n=3)
    return tmp_path / "data"


def names(folder: Path, part: str) -> dict[str, set[str]]:
    return {each.name: {file.name for file in each.iterdir()} for each in (folder / part).iterdir()}


def test_a_subset_has_as_many_of_each_class_and_all_validation_images(
    data: Path, tmp_path: Path
) -> None:
    draw(data, tmp_path / "few", n=6, seed=0)
    assert {len(files) for files in names(tmp_path / "few", "train").values()} == {3}
    assert names(tmp_path / "few", "val") == names(data, "val")


def test_more_images_hold_the_fewer_and_another_seed_draws_others(
    data: Path, tmp_path: Path
) -> None:
    for n, seed in ((6, 0), (10, 0), (6, 1)):
        draw(data, tmp_path / f"{n}-{seed}", n=n, seed=seed)
    few, more = names(tmp_path / "6-0", "train"), names(tmp_path / "10-0", "train")
    assert all(few[label] < more[label] for label in few)
    assert names(tmp_path / "6-1", "train") != few


def test_the_table_has_a_row_a_number_of_images() -> None:
    assert table(FOUND).rows == (
        ("20", "55.0 % (50.0 % to 60.0 %)", "80.0 % (80.0 % to 80.0 %)"),
        ("40", "70.0 % (70.0 % to 70.0 %)", "90.0 % (90.0 % to 90.0 %)"),
    )


def test_the_numbers_of_images_stand_below_the_image() -> None:
    looks = {"from scratch": {20: [0.5], 40: [0.6]}, "from SqueezeNet 1.1": {20: [0.8], 40: [0.9]}}
    svg = Still(lambda figure: plot(figure, looks)).svg(title="Accuracy", description="")
    assert ">20<" in svg and ">40<" in svg and "from scratch" in svg
