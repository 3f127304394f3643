"""Two processes against one: the same curve, the same records, each picture once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from quick_runs import QUICK, record, rows

from striate.events import Epoch, Event
from striate.runs import start

PLAIN = "conv 8 > relu > maxpool 2 > conv 16 > relu > gap > flatten > fc"


def curve(folder: Path, devices: int = 1) -> tuple[list[Event], np.ndarray]:
    """Train on the digits; give what was told, and losses and accuracies of the epochs."""
    told: list[Event] = []
    settings = replace(QUICK, size=None, batch=100, balance="full", devices=devices)
    start("digits", PLAIN, out=folder, settings=settings, watch=told.append)
    epochs = [event for event in told if isinstance(event, Epoch)]
    figures = [(e.train_loss, e.train_accuracy, e.val_loss, e.val_accuracy) for e in epochs]
    return told, np.array(figures)


def test_two_processes_learn_along_the_same_curve_as_one(tmp_path: Path) -> None:
    _, one = curve(tmp_path / "one")
    told, two = curve(tmp_path / "two", devices=2)
    assert two == pytest.approx(one, rel=1e-5)
    assert {type(event).__name__ for event in told} == {"Note", "Progress", "Epoch", "Done"}
    assert record(tmp_path / "two")["chosen"]["processes"] == 2
    for name in ("split.csv", "skipped.csv"):
        assert rows(tmp_path / "two" / name) == rows(tmp_path / "one" / name)
    names = {path.name for path in (tmp_path / "one").rglob("*") if path.is_file()}
    assert {path.name for path in (tmp_path / "two").rglob("*") if path.is_file()} == names
