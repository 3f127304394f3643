"""The pages on evidence and shortcuts say what was measured, and the mark lies where they say."""

from __future__ import annotations

from pathlib import Path

import drawn
import numpy as np
import pytest
from PIL import Image

from benchmarks.evidence import CHANCE, MIDDLE, Measured, finding, interval, table
from benchmarks.shortcut import (
    CLEAN,
    DATA,
    KINDS,
    MARKED,
    SNOWED,
    Trial,
    covers,
    fill,
    findings,
    planted,
)
from benchmarks.shortcut import table as shortcut_table
from striate.explanation.image_regions import Region, border_region

FOUND = {
    "CAM": [Measured(1.0, 0.8, 0.1, 0.6), Measured(1.0, 0.6, None, None)],
    MIDDLE: [Measured(1.0, 0.5, 0.3, 0.5), Measured(0.0, 0.5, None, None)],
    CHANCE: [Measured(0.4, 0.4, 0.4, 0.4), Measured(0.2, 0.2, None, None)],
}


def test_the_table_has_means_with_intervals_and_leaves_out_what_was_not_followed() -> None:
    rows = {row[0]: row[2:] for row in table("net", FOUND).rows}
    assert rows["CAM"][0] == "100.0 % (34.2 to 100.0)"  # Wilson, 2 of 2
    assert rows["CAM"][1].startswith("70.0 % (")
    assert rows["CAM"][2] == "0.100 (0.100 to 0.100)"
    assert rows[CHANCE][0] == "30.0 %"


def test_the_finding_compares_the_same_images() -> None:
    told = finding("net", FOUND)
    assert "CAM points into the box in 100.0 % of the images" in told
    assert "the image's middle in 50.0 % (difference, paired: 50.0 points" in told


def test_the_bootstrap_holds_the_mean() -> None:
    values = np.random.default_rng(0).normal(5, 1, 400)
    low, high = interval(values)
    reach = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.03)


def test_the_mark_lies_in_the_corner_of_one_class_only(tmp_path: Path) -> None:
    source = tmp_path / "hotdog64"
    for part in ("train", "test"):
        drawn.folder(source / part, n=3, size=(64, 64))
    fill(source, tmp_path / "out", seed=0, marked="disc", corner="lower left")
    place = planted("lower left")
    assert place[54:62, 2:10].all()
    assert place.sum() == 64
    for part in ("train", "val"):
        for name in ("disc", "square"):
            for file in (tmp_path / "out" / part / name).iterdir():
                pixels = np.array(Image.open(file))[place]
                assert (set(np.unique(pixels)) == {20, 250}) == (name == "disc")


def test_what_covers_the_mark_and_what_does_not() -> None:
    assert covers(Region(0.8, 0.0, 1.0, 0.2), "lower left") > 0.9
    assert covers(Region(0.8, 0.8, 1.0, 1.0), "lower left") == 0
    assert covers(border_region(0.1), "") > 0.9


def test_the_page_counts_what_was_caught_and_who_was_accused() -> None:
    def trial(name: str, kind: str, *, right: bool) -> Trial:
        marked = "" if kind == CLEAN else "ants"
        hidden = (1.0, 0.1) if right and marked else None
        return Trial(name, 1, kind, marked, "", 0.9, (), right, hidden, 0)

    trials = [
        trial(name, kind, right=right)
        for name in DATA
        for kind in KINDS
        for right in (True, True, False)
    ]
    told = findings(trials)
    assert "Of 6 networks with a mark in a corner 4 were caught" in told[0]
    assert "Of 6 networks with nothing planted 2 were accused" in told[2]
    rows = {row[1]: row for row in shortcut_table(trials).rows[:3]}
    assert rows[MARKED][4:] == ("2 of 3 caught", "100.0 % become 10.0 %")
    assert rows[SNOWED][4:] == ("2 of 3 caught", "100.0 % become 10.0 %")
    assert rows[CLEAN][4:] == ("2 of 3 left alone", "")
