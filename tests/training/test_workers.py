"""Two processes against one: the same curve, the same records, each image once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
from quick_runs import QUICK, TINY, plan, record, rows

from striate.backends.torch import build
from striate.data import find
from striate.data.digests import digest_image
from striate.data.fixes import Fix, write_fixes
from striate.errors import TrainingError
from striate.events import Epoch, Event, ignore
from striate.training.runs import resume, start_run

PLAIN = "conv 8 > relu > maxpool 2 > conv 16 > relu > gap > flatten > fc"


SETTINGS = replace(QUICK, image_size=None, batch_size=100, class_weight="full")


def figures(epochs: list[Event]) -> np.ndarray:
    """Give losses and accuracies of the epochs among events, a row each."""
    found = [event for event in epochs if isinstance(event, Epoch)]
    return np.array([(e.train_loss, e.train_accuracy, e.val_loss, e.val_accuracy) for e in found])


def curve(folder: Path, devices: int = 1) -> tuple[list[Event], np.ndarray]:
    """Train on the digits; give what was told, and losses and accuracies of the epochs."""
    told: list[Event] = []
    settings = replace(SETTINGS, devices=devices)
    start_run("digits", PLAIN, out=folder, settings=settings, callback=told.append)
    return told, figures(told)


def test_two_processes_learn_along_the_same_curve_as_one(tmp_path: Path) -> None:
    _, one = curve(tmp_path / "one")
    told, two = curve(tmp_path / "two", devices=2)
    assert two == pytest.approx(one, rel=1e-5)
    assert {type(event).__name__ for event in told} == {"Note", "Progress", "Epoch", "Done"}
    assert plan(tmp_path / "two").world_size == 2
    for name in ("split.csv", "skipped.csv"):
        assert rows(tmp_path / "two" / name) == rows(tmp_path / "one" / name)
    names = {path.name for path in (tmp_path / "one").rglob("*") if path.is_file()}
    assert {path.name for path in (tmp_path / "two").rglob("*") if path.is_file()} == names


def test_a_torch_module_is_each_process_s_own(tmp_path: Path) -> None:
    found = []
    for devices in (1, 2):
        told: list[Event] = []
        start_run(
            "digits",
            build(f"input 1x8x8 classes=10 > {PLAIN}", seed=0),
            out=tmp_path / str(devices),
            settings=replace(
                SETTINGS,
                devices=devices,
                epochs=1,
                precision="float32",
                class_weight="sampling",
            ),
            callback=told.append,
        )
        found.append(figures(told))
    assert found[1] == pytest.approx(found[0], rel=1e-5)


def test_a_run_that_lost_a_process_is_gone_on_with_by_one_alone(tmp_path: Path) -> None:
    """Its fixes change meanwhile, which divides neither the processes nor what goes on."""
    data, fixes = tmp_path / "shapes", tmp_path / "fixes.csv"
    drawn.folder(data, ("disc", "square"), n=20)
    found = find(data)
    write_fixes(fixes, [Fix(found.names[0], digest_image(found, 0), "drop")])

    def edit_and_kill_one(event: Event) -> None:
        write_fixes(fixes, [])
        if isinstance(event, Epoch) and event.epoch == 2:
            process = multiprocessing.active_children()[0]
            if process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)

    settings = replace(SETTINGS, devices=2, epochs=12, batch_size=8, fixes=str(fixes))
    out = tmp_path / "run"
    with pytest.raises(TrainingError, match="was ended by SIGKILL"):
        start_run(data, TINY, out=out, settings=settings, callback=edit_and_kill_one)
    assert not fixes.read_text().count("drop")
    assert record(out).status == "training"
    run = resume(out, devices=1, callback=ignore)
    assert not run.interrupted
    assert any("number of processes was 2" in note for note in record(out).notes)
    assert len(rows(out / "split.csv")) == 39
    assert (out / "fixes.csv").read_text().count("drop") == 1
