"""The benchmark of growth draws what it says and tells growth rightly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.growth import COLUMNS, ROWS, VERBS, draw, further, tables
from benchmarks.harness import Ran
from striate.data import find


def test_the_drawn_photographs_are_two_classes_and_all_different(tmp_path: Path) -> None:
    found = find(draw(tmp_path / "drawn", 6, seed=0))
    assert found.classes == ("falling", "rising")
    assert sorted(found.labels.tolist()) == [0, 0, 0, 1, 1, 1]
    pixels = [np.asarray(Image.open(tmp_path / "drawn" / name)) for name in found.names]
    assert {each.shape for each in pixels} == {(ROWS, COLUMNS, 3)}
    assert len({each.tobytes() for each in pixels}) == 6


def test_what_a_further_image_takes_leaves_the_start_out() -> None:
    images = [100, 400, 1600]
    assert further([3 + 0.002 * n for n in images], images) == pytest.approx((2.0, 2.0))
    few, many = further([3 + 1e-6 * n * n for n in images], images)
    assert (few, many) == pytest.approx((0.5, 2.0))  # what grows faster than the images shows


def test_the_tables_hold_every_verb_and_the_medians() -> None:
    images = (10, 40, 160)
    ran = {
        f"{verb} {number}": [
            Ran(1 + 0.01 * number + more, 1.0, 100 * 2**20 + number * 2**20) for more in (0, 0.1, 9)
        ]
        for verb in VERBS
        for number in images
    }
    (seconds, memory), findings = tables(ran, images)
    assert [row[0] for row in seconds.rows] == list(VERBS) == [row[0] for row in memory.rows]
    assert list(seconds.rows[0][1:]) == [
        "1.2 (1.1 to 10.1)", "1.5 (1.4 to 10.4)", "2.7 (2.6 to 11.6)", "10.00", "10.00",
    ]  # fmt: skip
    assert list(memory.rows[0][1:]) == ["110", "140", "260", "2.36"]
    assert findings[0].startswith("train: 16 times the images take 2.2 times as long and 2.36")
