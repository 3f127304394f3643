"""Slices: held against a table test, the adjustment by hand, planted weak slices found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import fisher_exact

from striate.data import find
from striate.evaluation.classifier_evaluation import evaluate_slices
from striate.evaluation.metrics import Evaluation
from striate.evaluation.slices.slice_scores import score_slices
from striate.evaluation.slices.slicing import find_attributes
from striate.model.loading import load

RUN = Path(__file__).parents[1] / "formats" / "2026-11" / "finished"


def test_the_test_is_fishers() -> None:
    numbers = np.random.default_rng(0)
    right = numbers.random(300) < 0.8
    site = numbers.choice(["a", "b", "c"], 300)
    found = score_slices(right.tolist(), {"site": site.tolist()})
    for one in found.slices:
        mine = site == one.value
        table = [
            [(~right[mine]).sum(), right[mine].sum()],
            [(~right[~mine]).sum(), right[~mine].sum()],
        ]
        assert one.p == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
        assert one.rest == pytest.approx(right[~mine].mean())
    ordered = [one.p for one in found.slices]
    assert ordered == sorted(ordered)
    expected, highest = [], 0.0
    for place, p in enumerate(ordered):
        highest = max(highest, min(1.0, p * (3 - place)))
        expected.append(highest)
    assert [one.p_holm for one in found.slices] == pytest.approx(expected)


def test_chance_is_seldom_taken_for_a_weak_slice() -> None:
    alarms = 0
    for seed in range(100):
        numbers = np.random.default_rng(seed)
        right = (numbers.random(400) < 0.9).tolist()
        columns = {f"c{k}": numbers.choice(list("xyz"), 400).tolist() for k in range(7)}
        alarms += any(one.surely_worse for one in score_slices(right, columns).slices)
    assert alarms <= 10  # 5 are expected at most, and 10 are the 98 % quantile


def test_few_images_and_empty_values_are_no_slice() -> None:
    values = ["rare"] * 4 + [""] * 20 + ["much"] * 40
    found = score_slices([True] * 60 + [False] * 4, {"kind": values})
    assert [one.value for one in found.slices] == ["much"]
    assert "nothing by which" in str(score_slices([True] * 9, {}))


def test_columns_folders_sizes_and_brightness_make_slices(tmp_path: Path) -> None:
    model = load(RUN)
    lines = ["path,label,site"]
    for number in range(24):
        image = Image.fromarray(np.full((20, 20 + 20 * (number % 2)), 10 * number, np.uint8))
        folder = tmp_path / ("north" if number < 12 else "south")
        folder.mkdir(exist_ok=True)
        image.save(folder / f"{number}.png")
        lines.append(f"{folder.name}/{number}.png,{number % 3},{'x' if number % 4 else 'y'}")
    (tmp_path / "list.csv").write_text("\n".join(lines))
    result, slices = evaluate_slices(model, tmp_path / "list.csv", split="all")
    found = {(one.attribute, one.value.split(" ")[0]) for one in slices.slices}
    assert {("site", "x"), ("site", "y"), ("folder", "north"), ("shape", "wide")} <= found
    assert {("brightness", "low"), ("brightness", "high")} <= found
    assert slices.n == result.n == 24
    assert {one["attribute"] for one in slices.as_json()["slices"]} >= {"site", "brightness"}
    assert Evaluation.from_json(result.as_json()).slices == slices


def test_folders_of_one_class_each_are_no_slices(tmp_path: Path) -> None:
    model = load(RUN)
    for number in range(24):
        folder = tmp_path / str(number % 2)
        folder.mkdir(exist_ok=True)
        Image.fromarray(np.full((20, 20), 10 * number, np.uint8)).save(folder / f"{number}.png")
    _, slices = evaluate_slices(model, tmp_path, split="all")
    assert {one.attribute for one in slices.slices} == {"brightness"}


def test_the_shape_is_that_of_the_upright_image(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation: a quarter to the right
    for name in ("a/lying.jpg", "b/standing.jpg"):
        (tmp_path / name).parent.mkdir()
        exif = turned if "standing" in name else Image.Exif()
        Image.new("RGB", (40, 20)).save(tmp_path / name, exif=exif)
    found = find_attributes(find(tmp_path), np.arange(2), np.array([0.0, 9.0]))
    assert found["shape"] == ["wide", "upright"]
