"""Health over a whole run: kept beside the epochs, said once, in the record and in the report."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from quick_runs import QUICK, TINY, record
from torch import nn

from striate.backends.torch import build
from striate.events import Event, Note, ignore
from striate.model.loading import load
from striate.training.monitoring import FILE, Monitoring, read
from striate.training.result import TrainingResult
from striate.training.runs import resume, start_run

Done = tuple[TrainingResult, list[Event]]


def test_check_ups_are_kept_beside_the_epochs_and_stand_in_the_report(done: Done) -> None:
    run, _ = done
    found = read(run.folder)
    assert [each.epoch for each in found][0] == 0
    assert found[-1].epoch == QUICK.epochs
    assert [layer.address for layer in found[0].layers] == ["conv1", "conv2", "fc1"]
    assert all(layer.update == 0 for layer in found[0].layers)
    assert all(0 < layer.update < 0.03 for layer in found[1].layers)
    assert [bend.after for bend in found[0].bends] == ["conv1", "conv2"]
    assert record(run.folder).health == ()
    report = (run.folder / "report.html").read_text("utf-8")
    assert "Health of training" in report
    assert "Nothing is wrong that these figures could show." in report


def test_training_ends_with_the_same_bits_with_check_ups_and_without(
    done: Done, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Monitoring, "_check", lambda *_: read(done[0].folder)[0])
    other = start_run(photos, TINY, out=tmp_path / "run", settings=QUICK, callback=ignore)
    own, same = (load(run.folder).module.state_dict() for run in (done[0], other))
    assert all(torch.equal(own[name], same[name]) for name in own)


def test_a_rate_too_high_is_said_after_the_first_epoch_and_once(
    photos: Path, tmp_path: Path
) -> None:
    told: list[Event] = []
    text = "conv 8 > relu > maxpool 2 > conv 16 > relu > gap > flatten > fc"

    settings = replace(QUICK, learning_rate=5.0, epochs=4)
    run = start_run(photos, text, out=tmp_path / "run", settings=settings, callback=told.append)
    said = [each.text for each in told if isinstance(each, Note) and "learning rate:" in each.text]
    assert len(said) == 1
    assert "train with a lower one, such as --learning-rate 0.003" in said[0]
    (finding,) = record(run.folder).health
    assert finding.name == "learning rate"
    report = (run.folder / "report.html").read_text("utf-8")
    assert "<h3>Learning rate</h3>" in report
    assert "What to do:" in report
    resume(run.folder, epochs=5)  # which judges the epochs that it had
    assert record(run.folder).health == (finding,)


class Frozen(nn.Module):
    """A network whose batch normalisation stays in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = build(TINY, input=(3, 16, 16), classes=2, seed=1)

    def train(self, mode: bool = True) -> Frozen:
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def forward(self, x: torch.Tensor) -> Any:
        return self.inner(x)


def test_normalisation_that_learns_nothing_is_named(photos: Path, tmp_path: Path) -> None:
    run = start_run(photos, Frozen(), out=tmp_path / "run", settings=QUICK, callback=ignore)
    assert [each.name for each in record(run.folder).health] == ["normalisation"]


def test_shuffled_labels_are_doubted_and_others_are_not(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    labels = draw.integers(0, 4, 900)
    pixels = draw.integers(0, 160, (900, 12, 12)).astype(np.uint8)
    pixels[:, 3:9, 3:9] += (25 * labels).astype(np.uint8)[:, None, None]
    named = {}
    for name, own in (("true", labels), ("shuffled", draw.permutation(labels))):
        np.savez(tmp_path / f"{name}.npz", x=pixels, y=own)

        settings = replace(
            QUICK, image_size=None, batch_size=32, epochs=4, augment=False, mirror=False
        )
        run = start_run(
            str(tmp_path / f"{name}.npz"),
            TINY,
            out=tmp_path / name,
            settings=settings,
            callback=ignore,
        )
        named[name] = [each.name for each in record(run.folder).health]
    assert named == {"true": [], "shuffled": ["labels"]}


def test_a_run_without_check_ups_goes_on_with_them(done: Done, tmp_path: Path) -> None:
    """As one of an older version does."""

    folder = tmp_path / "old"
    shutil.copytree(done[0].folder, folder)
    (folder / FILE).unlink()
    found = resume(folder, epochs=5)
    assert [each.epoch for each in read(found.folder)][-1] == 5
    lines = (folder / FILE).read_text("utf-8").splitlines()
    (folder / FILE).write_text("\n".join([*lines, '{"epoch": 6, "lay']), "utf-8")
    assert len(read(folder)) == len(lines)
    assert read(folder, last=0) == ()
    assert json.loads(lines[-1])["epoch"] == 5


def test_a_head_alone_needs_no_check_up(done: Done, photos: Path, tmp_path: Path) -> None:

    settings = replace(QUICK, epochs=None, batch_size=None, pretrained=str(done[0].folder))
    run = start_run(photos, out=tmp_path / "head", settings=settings, callback=ignore)
    assert read(run.folder) == ()
    assert "Health of training" not in (run.folder / "report.html").read_text("utf-8")
