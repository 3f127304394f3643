"""A run from pictures to report; put down, taken up, extended, stopped and killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import drawn
import pytest
import torch
from torch import nn

from striate.classifier import load
from striate.errors import DataError, NotationError, RunError, SettingError
from striate.events import Done, Epoch, Event, Note, ignore
from striate.runs import Run, resume, start, train
from striate.settings import Settings

TINY = "conv 8 > bn > relu > maxpool 2 > conv 16 > bn > relu > gap > flatten > fc"
QUICK = Settings(epochs=3, size="16", precision="float32", threads=1, batch=8)

# A run in a process of its own that writes a checkpoint after every step.
CHILD = """
import sys
from striate import checkpoints, runs
from striate.settings import Settings
checkpoints.PAUSE, checkpoints.SHARE = 0.0, 1e9
data, out, network = sys.argv[1:4]
settings = Settings(epochs=6, size="16", precision="float32", threads=1, batch=4)
runs.start(data, network, out=out, settings=settings, watch=lambda event: print(event, flush=True))
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn.folder(tmp_path_factory.mktemp("photos"), n=20, size=(30, 20))


@pytest.fixture(scope="module")
def done(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[Event]]:
    told: list[Event] = []
    out = tmp_path_factory.mktemp("runs") / "shapes"
    return start(photos, TINY, out=out, settings=QUICK, watch=told.append), told


def record(run: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((run / "run.json").read_text())
    return values


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_everything_behind(done: tuple[Run, list[Event]]) -> None:
    run, told = done
    names = {path.name for path in run.folder.iterdir()}
    assert names >= {
        "classifier.safetensors",
        "run.json",
        "epochs.jsonl",
        "split.csv",
        "skipped.csv",
        "checkpoints",
        "report.html",
    }
    assert isinstance(told[-1], Done)
    assert sum(isinstance(event, Epoch) for event in told) == 3
    assert len((run.folder / "epochs.jsonl").read_text().splitlines()) == 3


def test_the_record_says_every_choice(done: tuple[Run, list[Event]]) -> None:
    run, told = done
    values = record(run.folder)
    assert values["status"] == "finished"
    assert values["settings"]["batch"] == 8
    assert values["chosen"]["precision"] == "float32 channels-first"
    assert values["chosen"]["network"].startswith("input 3x16x16 classes=2")
    assert values["versions"]["torch"] == torch.__version__
    assert values["data"]["counts"]["train"] == {"disc": 16, "square": 16}
    said = [event.text for event in told if isinstance(event, Note)]
    assert [note for note in said if not note.startswith("the network:")] == values["notes"]
    assert values["result"]["n"] == 8


def test_the_split_holds_every_picture_once(done: tuple[Run, list[Event]], photos: Path) -> None:
    table = rows(done[0].folder / "split.csv")
    assert sorted(row["name"] for row in table) == sorted(
        path.relative_to(photos).as_posix() for path in photos.rglob("*.png")
    )


def test_the_classifier_in_the_folder_is_the_one_returned(
    done: tuple[Run, list[Event]], photos: Path
) -> None:
    run, _ = done
    pictures = sorted(photos.rglob("*.png"))
    assert load(run.folder).predict(pictures) == run.model.predict(pictures)
    assert run.model.metrics["accuracy"] == run.evaluation.accuracy


def test_the_same_seed_gives_the_same_run(
    done: tuple[Run, list[Event]], photos: Path, tmp_path: Path
) -> None:
    again = start(photos, TINY, out=tmp_path / "again", settings=QUICK, watch=ignore)
    for name, value in done[0].model.network.state_dict().items():
        assert torch.equal(value, again.model.network.state_dict()[name])
    other = start(
        photos, TINY, out=tmp_path / "other", settings=replace(QUICK, seed=1), watch=ignore
    )
    assert rows(tmp_path / "other" / "split.csv") != rows(done[0].folder / "split.csv")
    del other


def test_a_killed_run_goes_on_and_ends_with_exactly_the_same_weights(
    photos: Path, tmp_path: Path
) -> None:
    network = TINY.replace("flatten", "flatten > dropout 0.2")
    settings = replace(QUICK, epochs=6, batch=4)
    whole = start(photos, network, out=tmp_path / "whole", settings=settings, watch=ignore)

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
    assert record(killed)["status"] == "training"
    assert not (killed / "classifier.safetensors").exists()

    told: list[Event] = []
    after = resume(killed, watch=told.append)
    assert 1 <= sum(isinstance(event, Epoch) for event in told) < 6
    for name, value in whole.model.network.state_dict().items():
        assert torch.equal(value, after.model.network.state_dict()[name]), name
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
    run = start(photos, TINY, out=out, settings=settings, watch=stop_in_the_third)
    assert signal.getsignal(signal.SIGINT) is before
    assert run.interrupted
    assert record(out)["status"] == "interrupted"
    assert (out / "report.html").exists()
    assert load(out).classes == ("disc", "square")

    whole = start(photos, TINY, out=tmp_path / "whole", settings=settings, watch=ignore)
    after = resume(out, watch=ignore)
    assert record(out)["status"] == "finished"
    for name, value in whole.model.network.state_dict().items():
        assert torch.equal(value, after.model.network.state_dict()[name])


def test_ctrl_c_in_the_first_epoch_still_gives_a_classifier(photos: Path, tmp_path: Path) -> None:
    def stop_at_once(event: Event) -> None:
        if type(event).__name__ == "Progress" and getattr(event, "stage", "") == "training":
            signal.raise_signal(signal.SIGINT)

    run = start(photos, TINY, out=tmp_path / "run", settings=QUICK, watch=stop_at_once)
    assert run.interrupted
    assert (tmp_path / "run" / "report.html").exists()
    assert any("first epoch" in note for note in record(tmp_path / "run")["notes"])


def test_a_finished_run_is_extended(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    start(photos, TINY, out=out, settings=replace(QUICK, epochs=2), watch=ignore)
    with pytest.raises(RunError, match="finished after 2 epochs"):
        resume(out, watch=ignore)
    with pytest.raises(RunError, match="more than 2"):
        resume(out, epochs=2, watch=ignore)
    told: list[Event] = []
    resume(out, epochs=4, watch=told.append)
    epochs = [event for event in told if isinstance(event, Epoch)]
    assert [(epoch.epoch, epoch.epochs) for epoch in epochs] == [(3, 4), (4, 4)]
    assert len((out / "epochs.jsonl").read_text().splitlines()) == 4
    assert record(out)["epochs_done"] == 4
    resume(out, minutes=0.02, watch=ignore)
    assert record(out)["epochs_done"] >= 5


def test_minutes_bound_the_whole_run(photos: Path, tmp_path: Path) -> None:
    begun = time.perf_counter()
    settings = replace(QUICK, epochs=None, minutes=0.05)
    run = start(photos, TINY, out=tmp_path / "run", settings=settings, watch=ignore)
    assert 2.5 < time.perf_counter() - begun < 30
    assert record(run.folder)["epochs_done"] >= 1


def test_changed_pictures_stop_a_resume(photos: Path, tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=10)
    out = tmp_path / "run"
    start(data, TINY, out=out, settings=replace(QUICK, epochs=1), watch=ignore)
    drawn.picture("disc", 99).save(data / "disc" / "disc001.png")
    with pytest.raises(RunError, match="not what they were"):
        resume(out, epochs=2, watch=ignore)


def test_bad_files_are_left_out_and_named(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=10)
    (data / "disc" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    (data / "disc" / "notes.txt").write_text("hello")
    (data / "square" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    start(data, TINY, out=tmp_path / "run", settings=replace(QUICK, epochs=1), watch=ignore)
    skipped = {row["name"]: row["reason"] for row in rows(tmp_path / "run" / "skipped.csv")}
    assert set(skipped) == {"disc/broken.png", "disc/notes.txt", "square/.DS_Store"}
    assert all(skipped.values())
    page = (tmp_path / "run" / "report.html").read_text().replace("<wbr>", "")
    assert "broken.png" in page
    assert any("3 files not used" in note for note in record(tmp_path / "run")["notes"])


@pytest.mark.parametrize(
    ("network", "settings", "error"),
    [
        ("cnv 8 > fc", QUICK, NotationError),
        ("conv 8 > flatten > fc 5 > conv 3", QUICK, NotationError),
        ("[conv 8 > maxpool 2]*9 > flatten > fc", QUICK, NotationError),
        (TINY, replace(QUICK, epochs=0), SettingError),
        (TINY, replace(QUICK, precision="fp4"), SettingError),
        (TINY, replace(QUICK, device="cuda"), SettingError),
    ],
)
def test_mistakes_leave_no_run_behind(
    photos: Path, tmp_path: Path, network: str, settings: Settings, error: type[Exception]
) -> None:
    if settings.device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU, so asking for it is no mistake")
    with pytest.raises(error):
        start(photos, network, out=tmp_path / "run", settings=settings, watch=ignore)
    assert not (tmp_path / "run").exists()


def test_one_class_is_refused_and_leaves_no_run_behind(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "data", ("disc",), n=4)
    with pytest.raises(DataError):
        start(tmp_path / "data", out=tmp_path / "run", settings=QUICK, watch=ignore)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_in_use_is_never_overwritten(
    done: tuple[Run, list[Event]], photos: Path
) -> None:
    with pytest.raises(RunError, match="nothing is overwritten"):
        start(photos, TINY, out=done[0].folder, settings=QUICK, watch=ignore)


def test_runs_are_numbered(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [
        start(photos, TINY, settings=replace(QUICK, epochs=1), watch=ignore).folder.as_posix()
        for _ in range(2)
    ]
    assert names == [f"runs/{photos.name}", f"runs/{photos.name}-2"]


def test_a_torch_module_is_trained_resumed_and_opened(photos: Path, tmp_path: Path) -> None:
    def module() -> nn.Module:
        torch.manual_seed(1)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
        )

    out = tmp_path / "run"
    own = start(photos, module(), out=out, settings=replace(QUICK, epochs=1), watch=ignore).model
    assert own.text is None
    assert (out / "report.html").exists()
    with pytest.raises(RunError, match="torch module"):
        resume(out, epochs=2, watch=ignore)
    resume(out, epochs=2, network=module(), watch=ignore)
    assert load(out, network=module()).classes == ("disc", "square")


def test_imbalance_is_said_and_weighed(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "data", ("disc",), n=40)
    drawn.folder(tmp_path / "data", ("square",), n=10)
    run = start(
        tmp_path / "data",
        TINY,
        out=tmp_path / "run",
        settings=replace(QUICK, epochs=1),
        watch=ignore,
    )
    values = record(run.folder)
    assert any("'disc' has 32 training pictures, 'square' 8" in note for note in values["notes"])
    disc, square = values["chosen"]["class_weights"]
    assert square / disc == pytest.approx(2, rel=1e-4)  # the square root of 32 / 8
    assert 32 * disc + 8 * square == pytest.approx(40, rel=1e-4)


def test_the_precision_is_measured_and_recorded(photos: Path, tmp_path: Path) -> None:
    settings = replace(QUICK, epochs=1, precision="auto")
    run = start(photos, TINY, out=tmp_path / "run", settings=settings, watch=ignore)
    chosen = record(run.folder)["chosen"]
    assert len(chosen["measured"]) == 3
    assert chosen["precision"] in chosen["measured"]
    assert run.model.training["precision"] == chosen["precision"]


def test_training_from_python_shows_its_progress(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = train(
        photos, TINY, epochs=1, out=tmp_path / "run", settings=replace(QUICK, epochs=None)
    )
    assert model.classes == ("disc", "square")
    shown = capsys.readouterr()
    assert "val accuracy" in shown.err
    assert "report.html" in shown.err
    assert shown.out == ""
