"""Runs keep together what belongs together: from the data, or found; and go on with it."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from quick_runs import QUICK, TINY, plan, record, rows
from sklearn.datasets import load_sample_images

from striate.data import find, load, read_split, split_stratified, survey
from striate.data.images import Preprocess
from striate.errors import RunError, SettingError
from striate.events import Event, Note
from striate.settings import Settings
from striate.training.grouping import are_groups_sought
from striate.training.result import TrainingResult
from striate.training.runs import resume, start_run
from striate.training.split_comparison import compare_splits

FORMATS = Path(__file__).parents[1] / "formats"
HEAD = Settings(precision="float32", threads=1, image_size=64)


@pytest.fixture(autouse=True)
def own_cache_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Frames of six scenes a class: each a window that drifts over a photograph."""
    numbers = np.random.default_rng(0)
    for label, pixels in zip(("china", "flower"), load_sample_images().images, strict=True):
        place = tmp_path / "video" / label
        place.mkdir(parents=True)
        whole = Image.fromarray(pixels)
        frame = 0
        for top in (20, 220):
            for left in (20, 220, 420):
                for _ in range(6):
                    down, right = (int(each) for each in numbers.integers(-3, 4, 2))
                    box = (left + right, top + down, left + right + 160, top + down + 160)
                    whole.crop(box).save(place / f"frame_{frame:03}.png", compress_level=1)
                    frame += 1
    return tmp_path / "video"


def notes(told: list[Event]) -> str:
    return "\n".join(event.text for event in told if isinstance(event, Note))


def scene(name: str) -> tuple[str, int]:
    return name.split("/")[0], int(name[-7:-4]) // 6


def test_frames_of_a_scene_stand_on_one_side_and_a_random_split_is_told(
    video: Path, done: tuple[TrainingResult, list[Event]], tmp_path: Path
) -> None:
    told: list[Event] = []
    settings = replace(HEAD, pretrained=str(done[0].folder))
    run = start_run(video, out=tmp_path / "run", settings=settings, callback=told.append)
    table = rows(run.folder / "split.csv")
    sides = defaultdict(set)
    for row in table:
        sides[scene(row["name"])].add(row["split"])
    assert len(sides) == 12 and all(len(each) == 1 for each in sides.values())
    assert {row["grouped_by"].split(":")[0] for row in table} <= {"near copy", "name", ""}
    assert "stand on one side together" in notes(told)
    head = record(run.folder).head
    assert head is not None and head.random_accuracy is not None
    best = next(each for each in head.tried if each.strength == head.weight_decay)
    assert head.random_accuracy >= best.accuracy
    assert f"random {100 * head.random_accuracy:.1f} %, grouped" in notes(told)

    apart = start_run(video, out=tmp_path / "apart", settings=replace(settings, random_split=True))
    sides = defaultdict(set)
    for row in rows(apart.folder / "split.csv"):
        sides[scene(row["name"])].add(row["split"])
        assert row["group"] == ""
    assert sum(len(each) > 1 for each in sides.values()) >= 8


def test_a_run_goes_on_with_the_groups_that_it_began_with(video: Path, tmp_path: Path) -> None:
    settings = replace(QUICK, image_size=48, epochs=1)
    run = start_run(video, TINY, out=tmp_path / "run", settings=settings)
    before = (run.folder / "split.csv").read_text()
    assert "near copy" in before
    shutil.rmtree(tmp_path / "cache")  # and what was found is not found again
    resume(run.folder, epochs=2)
    assert (run.folder / "split.csv").read_text() == before
    (run.folder / "split.csv").write_text("name,class\n")
    with pytest.raises(RunError, match="start a new run"):
        resume(run.folder, epochs=3)


def test_both_splits_are_compared(video: Path, tmp_path: Path) -> None:
    told: list[Event] = []
    settings = replace(QUICK, image_size=48, epochs=2)
    found = compare_splits(
        video, TINY, out=tmp_path / "run", settings=settings, callback=told.append
    )
    assert found.random is not None
    assert found.describe() in notes(told) and found.describe().startswith("random ")
    second = rows(tmp_path / "run" / "random-split" / "split.csv")
    assert len(second) == 72 and not any(row["group"] for row in second)
    figures = json.loads((tmp_path / "run" / "split_comparison.json").read_text())
    assert figures["random"]["n"] == found.random.n
    assert figures["grouped"]["accuracy"] == found.grouped.evaluation.accuracy


def test_patients_stand_on_one_side(video: Path, tmp_path: Path) -> None:
    names = sorted(path.relative_to(video).as_posix() for path in video.glob("*/*.png"))
    lines = [f"{name},{name.split('/')[0]},p{index % 7}" for index, name in enumerate(names)]
    (video / "list.csv").write_text("\n".join(["path,label,patient", *lines]) + "\n")
    settings = replace(QUICK, image_size=16, epochs=1, group_column="patient")
    run = start_run(video / "list.csv", TINY, out=tmp_path / "run", settings=settings)
    sides = defaultdict(set)
    for row in rows(run.folder / "split.csv"):
        sides[row["patient"]].add(row["split"])
        assert row["grouped_by"].startswith("patient=")
    assert all(len(each) == 1 for each in sides.values())
    with pytest.raises(SettingError, match="no column 'site' to group by; it has 'patient'"):
        start_run(video / "list.csv", TINY, settings=replace(settings, group_column="site"))
    with pytest.raises(SettingError, match="leave one of them out"):
        replace(settings, random_split=True).check()


def test_digits_have_no_groups_and_are_divided_as_ever() -> None:
    digits = find("digits")
    assert not are_groups_sought(digits, Settings(), None, lambda: survey(digits))
    run = FORMATS / "2026-11-28" / "unfinished"  # written before there were groups
    images = load(digits, Preprocess(channels=1, height=8, width=8))
    split = split_stratified(digits, images, seed=plan(run).recipe.seed)
    known = {row.name: row.split for row in read_split(run / "split.csv")}
    for name, indices in split.by_name().items():
        assert all(known[digits.names[index]] == name for index in indices.tolist())
    assert len(known) == len(digits)
