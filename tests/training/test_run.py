"""A run put down and taken up: stopped, killed, extended, held."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import drawn
import pytest
import torch
from quick_runs import QUICK, TINY, outcome, record

from striate.errors import DataError, RunError
from striate.events import Epoch, Event, Progress, ignore
from striate.model.loading import load
from striate.training.continuation import differences
from striate.training.result import TrainingResult
from striate.training.runs import resume, start_run

# A run in a process of its own that writes a checkpoint after every step.
CHILD = """
import sys
from striate.training import checkpoints, runs
from striate.settings import Settings
checkpoints.PAUSE, checkpoints.SHARE = 0.0, 1e9
data, out, network = sys.argv[1:4]
settings = Settings(epochs=6, image_size=16, precision="float32", threads=1, batch_size=4)
runs.start_run(data, network, out=out, settings=settings,
           callback=lambda event: print(event, flush=True))
"""


def test_a_killed_run_goes_on_and_ends_with_exactly_the_same_weights(
    photos: Path, tmp_path: Path
) -> None:
    network = TINY.replace("flatten", "flatten > dropout 0.2")
    settings = replace(QUICK, epochs=6, batch_size=4)
    whole = start_run(photos, network, out=tmp_path / "whole", settings=settings, callback=ignore)

    killed = tmp_path / "killed"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(photos), str(killed), network],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    epochs = 0
    for line in child.stdout:
        epochs += line.startswith("Epoch(")
        if epochs >= 2 and line.startswith("Progress("):  # in the middle of the third
            break
    os.kill(child.pid, signal.SIGKILL)
    child.wait(10)
    child.stdout.close()
    assert record(killed).status == "training"
    assert not (killed / "classifier.safetensors").exists()

    told: list[Event] = []
    after = resume(killed, callback=told.append)
    assert 1 <= sum(isinstance(event, Epoch) for event in told) < 6
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(value, after.model.module.state_dict()[name]), name
    assert after.evaluation == whole.evaluation
    first, second = ((tmp_path / name / "epochs.jsonl").read_text() for name in ("whole", "killed"))
    for one, two in zip(first.splitlines(), second.splitlines(), strict=True):
        for key in ("epoch", "train_loss", "val_loss", "val_accuracy", "best"):
            assert json.loads(one)[key] == json.loads(two)[key]


def test_ctrl_c_ends_a_run_with_what_is_best_so_far(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "stopped"

    def stop_in_the_third(event: Event) -> None:
        if isinstance(event, Epoch) and event.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    settings = replace(QUICK, epochs=5)
    run = start_run(photos, TINY, out=out, settings=settings, callback=stop_in_the_third)
    assert signal.getsignal(signal.SIGINT) is before
    assert run.interrupted
    assert record(out).status == "interrupted"
    assert (out / "report.html").exists()
    assert load(out).classes == ("disc", "square")

    whole = start_run(photos, TINY, out=tmp_path / "whole", settings=settings, callback=ignore)
    after = resume(out, callback=ignore)
    assert record(out).status == "finished"
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(value, after.model.module.state_dict()[name])


def test_ctrl_c_in_the_first_epoch_still_gives_a_classifier(photos: Path, tmp_path: Path) -> None:
    def stop_at_once(event: Event) -> None:
        if type(event).__name__ == "Progress" and getattr(event, "stage", "") == "training":
            signal.raise_signal(signal.SIGINT)

    run = start_run(photos, TINY, out=tmp_path / "run", settings=QUICK, callback=stop_at_once)
    assert run.interrupted
    assert (tmp_path / "run" / "report.html").exists()
    assert any("first epoch" in note for note in record(tmp_path / "run").notes)


def test_a_finished_run_is_extended(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    start_run(photos, TINY, out=out, settings=replace(QUICK, epochs=2), callback=ignore)
    with pytest.raises(RunError, match="finished after 2 epochs"):
        resume(out, callback=ignore)
    with pytest.raises(RunError, match="more than 2"):
        resume(out, epochs=2, callback=ignore)
    told: list[Event] = []
    resume(out, epochs=4, callback=told.append)
    epochs = [event for event in told if isinstance(event, Epoch)]
    assert [(epoch.epoch, epoch.epochs) for epoch in epochs] == [(3, 4), (4, 4)]
    assert len((out / "epochs.jsonl").read_text().splitlines()) == 4
    assert outcome(out).epochs == 4
    resume(out, minutes=0.01, callback=ignore)
    assert outcome(out).epochs >= 5


def test_changed_images_stop_a_resume(photos: Path, tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=10)
    out = tmp_path / "run"
    start_run(data, TINY, out=out, settings=replace(QUICK, epochs=1), callback=ignore)
    drawn.image("disc", 99).save(data / "disc" / "disc001.png")
    with pytest.raises(RunError, match="not what they were"):
        resume(out, epochs=2, callback=ignore)


@pytest.mark.parametrize("way", ["float32-channels-last", "bf16"])
def test_a_resumed_run_is_exact_in_every_layout(photos: Path, tmp_path: Path, way: str) -> None:
    settings = replace(QUICK, epochs=4, precision=way)
    whole = start_run(photos, TINY, out=tmp_path / "whole", settings=settings, callback=ignore)

    def stop_in_the_third(event: Event) -> None:
        if isinstance(event, Epoch) and event.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    start_run(photos, TINY, out=tmp_path / "stopped", settings=settings, callback=stop_in_the_third)
    after = resume(tmp_path / "stopped", callback=ignore)
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(value, after.model.module.state_dict()[name]), name


def test_ctrl_c_at_the_last_step_loses_no_epoch(photos: Path, tmp_path: Path) -> None:
    out, steps = tmp_path / "run", 0

    def stop_at_the_last_step(event: Event) -> None:
        nonlocal steps
        if isinstance(event, Progress) and event.stage == "training":
            steps += 1
            if event.epoch == 3 and event.done == event.total:
                signal.raise_signal(signal.SIGINT)

    stopped = start_run(photos, TINY, out=out, settings=QUICK, callback=stop_at_the_last_step)
    assert stopped.interrupted
    whole = start_run(photos, TINY, out=tmp_path / "whole", settings=QUICK, callback=ignore)
    after = resume(out, callback=ignore)
    assert outcome(out).epochs == 3
    assert len((out / "epochs.jsonl").read_text().splitlines()) == 3
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(value, after.model.module.state_dict()[name]), name


def test_ctrl_c_after_the_last_epoch_is_a_finished_run(photos: Path, tmp_path: Path) -> None:
    def stop_at_the_end(event: Event) -> None:
        if isinstance(event, Epoch) and event.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    run = start_run(photos, TINY, out=tmp_path / "run", settings=QUICK, callback=stop_at_the_end)
    assert not run.interrupted
    assert record(run.folder).status == "finished"


def test_an_extension_has_its_own_patience(photos: Path, tmp_path: Path) -> None:
    settings = replace(QUICK, epochs=9, patience=1, learning_rate=1e-9)
    run = start_run(photos, TINY, out=tmp_path / "run", settings=settings, callback=ignore)
    done = outcome(run.folder).epochs
    assert done < 9
    resume(run.folder, epochs=done + 5, callback=ignore)
    assert outcome(run.folder).epochs > done


def test_a_run_is_held_by_one_process(photos: Path, tmp_path: Path) -> None:
    told: list[str] = []

    def resume_meanwhile(event: Event) -> None:
        if isinstance(event, Epoch) and event.epoch == 1:
            done = subprocess.run(
                [sys.executable, "-m", "striate", "train", "--resume", str(tmp_path / "run")],
                capture_output=True,
                text=True,
            )
            told.append(f"{done.returncode} {done.stderr}")

    start_run(photos, TINY, out=tmp_path / "run", settings=QUICK, callback=resume_meanwhile)
    assert told[0].startswith("2 striate: ")
    assert "under way in another process" in told[0]


def test_other_parts_are_other_data(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "data", n=12)
    names = sorted(path.relative_to(tmp_path) for path in tmp_path.glob("data/*/*.png"))

    def listing(first: str, second: str) -> Path:
        path = tmp_path / "list.csv"
        lines = [
            f"{name},{name.parent.name},{first if number % 2 else second}"
            for number, name in enumerate(names)
        ]
        path.write_text("\n".join(["path,label,part", *lines]) + "\n")
        return path

    data = listing("train", "test")
    out = tmp_path / "run"
    start_run(data, TINY, out=out, settings=replace(QUICK, epochs=1), callback=ignore)
    before = (out / "split.csv").read_text()
    listing("test", "train")
    with pytest.raises(RunError, match="not what they were"):
        resume(out, epochs=2, callback=ignore)
    assert (out / "split.csv").read_text() == before


def test_images_that_have_moved_are_found_where_they_are_said_to_be(tmp_path: Path) -> None:
    data, out = drawn.folder(tmp_path / "data", n=10), tmp_path / "run"
    start_run(data, TINY, out=out, settings=replace(QUICK, epochs=1), callback=ignore)
    data.rename(tmp_path / "moved")
    with pytest.raises(DataError):
        resume(out, epochs=2, callback=ignore)
    resume(out, data=tmp_path / "moved", epochs=2, callback=ignore)
    resume(out, epochs=3, callback=ignore)  # and remembered
    assert outcome(out).epochs == 3


def test_another_torch_is_said(done: tuple[TrainingResult, list[Event]], tmp_path: Path) -> None:
    values = record(done[0].folder)
    assert differences(values) == []
    older = tuple(
        ("torch", "1.0") if n == "torch" else (n, v) for n, v in values.environment.versions
    )
    values = replace(values, environment=replace(values.environment, versions=older))
    assert differences(values)[0].startswith("torch was 1.0 and is")


def test_the_report_says_how_to_repeat_an_extended_run(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    start_run(photos, TINY, out=out, settings=replace(QUICK, epochs=1), callback=ignore)
    resume(out, epochs=2, callback=ignore)
    page = re.sub(r"<[^>]+>|\u2060", "", (out / "report.html").read_text())
    assert "striate train --resume RUN --epochs 2" in page
