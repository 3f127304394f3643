from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_plan import made_plan
from quick_runs import QUICK, TINY, record

from striate.data import OtherWork
from striate.training.kept_choice import Choice, keep_choice, place_of, read_choice
from striate.training.runs import start_run

PLAN = made_plan("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc")
CHOICE = Choice(
    rates={"float32 channels-last": 900.0, "bf16 channels-last": 2100.5},
    precision="bf16 channels-last",
    threads={2: 2100.5, 1: 2500.0},
    n=32,
    made=time.time(),
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache of its own, and a machine on which nothing else runs."""
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(OtherWork, "crowds", lambda self, threads: False)
    yield tmp_path / "cache"


def test_a_choice_comes_back_as_it_was_kept() -> None:
    place = place_of(PLAN)
    assert read_choice(place) is None
    keep_choice(place, CHOICE)
    assert read_choice(place) == CHOICE


def test_another_network_size_batch_or_torch_has_another_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = [
        made_plan("input 1x8x8 classes=2 > conv 5 > relu > flatten > fc"),
        replace(PLAN, preprocess=replace(PLAN.preprocess, height=9)),
        replace(PLAN, recipe=replace(PLAN.recipe, batch_size=PLAN.recipe.batch_size + 1)),
        replace(PLAN, threads=PLAN.threads + 1),
        replace(PLAN, world_size=2),
    ]
    places = {place_of(plan) for plan in [PLAN, *others]}
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    places.add(place_of(PLAN))
    monkeypatch.setattr("torch.__version__", "9.9")
    places.add(place_of(PLAN))
    assert len(places) == 8


def test_an_old_choice_or_one_of_the_future_is_none() -> None:
    place = place_of(PLAN)
    for days, there in ((29, True), (31, False), (-1, False)):
        keep_choice(place, replace(CHOICE, made=time.time() - days * 86400))
        assert (read_choice(place) is not None) == there


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps(CHOICE.as_json() | {"precision": "int8"}),
        json.dumps(CHOICE.as_json() | {"rates": {"bf16 channels-last": 0}}),
        json.dumps(CHOICE.as_json() | {"threads": {"two": 1}}),
        json.dumps(CHOICE.as_json() | {"made": None}),
    ],
)
def test_a_damaged_file_is_measured_anew(text: str) -> None:
    place = place_of(PLAN)
    place.parent.mkdir(parents=True)
    place.write_text(text)
    assert read_choice(place) is None
    keep_choice(place, CHOICE)
    assert read_choice(place) == CHOICE


def test_a_cache_that_cannot_be_written_keeps_nothing(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    keep_choice(place_of(PLAN), CHOICE)
    assert read_choice(place_of(PLAN)) is None


def test_a_second_run_measures_only_when_asked_to(photos: Path, tmp_path: Path) -> None:
    settings = replace(QUICK, epochs=1, precision="auto", threads=None)

    def run(name: str, *, autotune: bool = False) -> str:
        made = replace(settings, autotune=autotune)
        folder = start_run(photos, TINY, out=tmp_path / name, settings=made).folder
        (note,) = (note for note in record(folder).notes if note.startswith("precision"))
        return note

    assert "(--autotune measures anew)" not in run("first")
    (kept,) = (tmp_path / "cache" / "choices").iterdir()
    as_it_was = kept.read_bytes()
    assert "(--autotune measures anew)" in run("second")
    assert kept.read_bytes() == as_it_was
    assert "(--autotune measures anew)" not in run("third", autotune=True)
    assert kept.read_bytes() != as_it_was


def test_what_was_measured_under_load_is_not_kept(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OtherWork, "crowds", lambda self, threads: True)
    settings = replace(QUICK, epochs=1, precision="auto")
    start_run(photos, TINY, out=tmp_path / "run", settings=settings)
    assert not (tmp_path / "cache" / "choices").exists()
