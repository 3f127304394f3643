"""How long a run would take: its parts, what it leaves, what it says on each kind of run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import rich.console
import torch
from quick_runs import QUICK, TINY
from shell import striate
from torch import nn

from striate.errors import SettingError
from striate.events import Estimate, Event, Note, ignore
from striate.settings import Settings
from striate.terminal.console import Console
from striate.training.estimation import estimate_run
from striate.training.result import TrainingResult
from striate.training.runs import start_run

STEPWISE = ["reading and choosing", "training", "validation", "evaluation and report"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder with an empty cache."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))


def test_the_parts_are_the_whole_and_nothing_is_left_behind(photos: Path) -> None:
    told: list[Event] = []
    found = estimate_run(photos, TINY, settings=QUICK, callback=told.append)
    assert list(found.parts) == STEPWISE
    assert found.seconds == pytest.approx(sum(found.parts.values()))
    assert min(found.parts.values()) > 0
    assert found.epochs == QUICK.epochs
    assert (found.kwh, found.kg_co2e) == (None, None)
    assert any(isinstance(event, Note) for event in told)
    assert list(Path.cwd().iterdir()) == []


def test_what_it_says_is_in_the_order_of_what_it_takes(photos: Path) -> None:
    out = Path("run")
    found = estimate_run(photos, TINY, settings=replace(QUICK, epochs=40))
    start_run(photos, TINY, out=out, settings=replace(QUICK, epochs=40), callback=ignore)
    lines = (out / "epochs.jsonl").read_text("utf-8").splitlines()
    took = sum(json.loads(line)["seconds"] for line in lines)
    said = found.parts["training"] + found.parts["validation"]
    assert took / 3 < said < took * 3  # other work on this machine may slow either


def test_minutes_bound_it_and_epochs_are_those_that_fit(photos: Path) -> None:
    settings = replace(QUICK, epochs=None, minutes=0.5)
    found = estimate_run(photos, TINY, settings=settings)
    assert found.seconds - found.parts["evaluation and report"] == pytest.approx(30)
    assert found.epochs > 3


def test_a_head_is_its_features_and_its_fit_and_features_kept_cost_nothing(
    photos: Path, done: tuple[TrainingResult, list[Event]]
) -> None:
    settings = Settings(pretrained=str(done[0].folder), threads=1)
    first = estimate_run(photos, settings=settings)
    assert list(first.parts) == [
        "reading and choosing",
        "features",
        "head",
        "evaluation and report",
    ]
    assert first.epochs == 0
    assert not (Path.cwd().parent / "cache" / "features").exists()

    tuned = estimate_run(photos, settings=replace(settings, unfreeze=1, epochs=2))
    assert list(tuned.parts) == [
        "reading and choosing",
        "features",
        "head",
        "training",
        "validation",
        "evaluation and report",
    ]
    assert tuned.epochs == 2


def test_a_torch_module_is_timed_too_and_not_changed(photos: Path) -> None:
    last = nn.Linear(3 * 16 * 16, 2)
    module = nn.Sequential(nn.Flatten(), last)
    before = last.weight.detach().clone()
    found = estimate_run(photos, module, settings=QUICK)
    assert list(found.parts) == STEPWISE
    assert torch.equal(last.weight, before)


def test_what_a_run_would_refuse_is_refused(photos: Path) -> None:
    with pytest.raises(SettingError, match="epochs is 0"):
        estimate_run(photos, TINY, settings=Settings(epochs=0))


def test_people_see_the_parts_with_the_epochs_and_the_electricity() -> None:
    recorded = rich.console.Console(record=True, width=100)
    with Console(recorded) as console:
        console(Estimate(130.0, {"reading": 10.0, "training": 120.0}, 35, 0.0012, 0.0004))
    shown = recorded.export_text()
    assert "about 2 min 10 s and 1.2 Wh (0.4 g of CO2e)" in shown
    assert "35 epochs" in shown
    assert "no run begun" in shown


def test_the_command_line_ends_there(photos: Path) -> None:
    words = ["train", photos, "--network", TINY, "--epochs", "1", "--image-size", "16"]
    more = ["--threads", "1", "--precision", "float32", "--estimate", "--json"]
    done = striate(*words, *more)
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "estimate"
    assert list(last["parts"]) == STEPWISE
    assert list(Path.cwd().iterdir()) == []
