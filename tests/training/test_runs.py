"""A run from images to report, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import drawn
import pytest
import torch
from quick_runs import QUICK, TINY, outcome, plan, record, rows
from torch import nn

from striate.backends.bf16 import computes_bf16
from striate.errors import DataError, NotationError, RunError, SettingError
from striate.events import Done, Epoch, Event, Note, ignore
from striate.model.loading import load
from striate.settings import Settings
from striate.training.result import TrainingResult
from striate.training.runs import resume, start_run, train


def test_a_run_leaves_everything_behind(done: tuple[TrainingResult, list[Event]]) -> None:
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


def test_the_record_says_every_choice(done: tuple[TrainingResult, list[Event]]) -> None:
    run, told = done
    values = record(run.folder)
    assert values.status == "finished"
    assert values.request.settings.batch_size == 8
    assert str(plan(run.folder).recipe.precision) == "float32 channels-last"
    assert (plan(run.folder).text or "").startswith("input 3x16x16 classes=2")
    assert dict(values.environment.versions)["torch"] == torch.__version__
    assert plan(run.folder).data.counts[0].images == (("disc", 16), ("square", 16))
    said = [event.text for event in told if isinstance(event, Note)]
    assert [note for note in said if not note.startswith("the network:")] == list(values.notes)
    assert outcome(run.folder).evaluation.n == 8


def test_the_split_holds_every_image_once(
    done: tuple[TrainingResult, list[Event]], photos: Path
) -> None:
    table = rows(done[0].folder / "split.csv")
    assert sorted(row["name"] for row in table) == sorted(
        path.relative_to(photos).as_posix() for path in photos.rglob("*.png")
    )


def test_the_classifier_in_the_folder_is_the_one_returned(
    done: tuple[TrainingResult, list[Event]], photos: Path
) -> None:
    run, _ = done
    images = sorted(photos.rglob("*.png"))
    assert load(run.folder).predict(images) == run.model.predict(images)
    assert run.model.metrics["accuracy"] == run.evaluation.accuracy


def test_the_same_seed_gives_the_same_run(
    done: tuple[TrainingResult, list[Event]], photos: Path, tmp_path: Path
) -> None:
    again = start_run(photos, TINY, out=tmp_path / "again", settings=QUICK, callback=ignore)
    for name, value in done[0].model.module.state_dict().items():
        assert torch.equal(value, again.model.module.state_dict()[name])
    other = start_run(
        photos, TINY, out=tmp_path / "other", settings=replace(QUICK, seed=1), callback=ignore
    )
    assert rows(tmp_path / "other" / "split.csv") != rows(done[0].folder / "split.csv")
    del other


def test_minutes_bound_the_whole_run(photos: Path, tmp_path: Path) -> None:
    begun = time.perf_counter()
    settings = replace(QUICK, epochs=None, minutes=0.03)
    run = start_run(photos, TINY, out=tmp_path / "run", settings=settings, callback=ignore)
    assert 1.5 < time.perf_counter() - begun < 30
    assert outcome(run.folder).epochs >= 1


def test_bad_files_are_left_out_and_named(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=10)
    (data / "disc" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    (data / "disc" / "notes.txt").write_text("hello")
    (data / "square" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    start_run(data, TINY, out=tmp_path / "run", settings=replace(QUICK, epochs=1), callback=ignore)
    skipped = {row["name"]: row["reason"] for row in rows(tmp_path / "run" / "skipped.csv")}
    assert set(skipped) == {"disc/broken.png", "disc/notes.txt", "square/.DS_Store"}
    assert all(skipped.values())
    page = (tmp_path / "run" / "report.html").read_text().replace("<wbr>", "")
    assert "broken.png" in page
    assert any("3 files not used" in note for note in record(tmp_path / "run").notes)


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
        start_run(photos, network, out=tmp_path / "run", settings=settings, callback=ignore)
    assert not (tmp_path / "run").exists()


def test_one_class_is_refused_and_leaves_no_run_behind(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "data", ("disc",), n=4)
    with pytest.raises(DataError):
        start_run(tmp_path / "data", out=tmp_path / "run", settings=QUICK, callback=ignore)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_in_use_is_never_overwritten(
    done: tuple[TrainingResult, list[Event]], photos: Path
) -> None:
    with pytest.raises(RunError, match="nothing is overwritten"):
        start_run(photos, TINY, out=done[0].folder, settings=QUICK, callback=ignore)


def test_runs_are_numbered(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [
        start_run(
            photos, TINY, settings=replace(QUICK, epochs=1), callback=ignore
        ).folder.as_posix()
        for _ in range(2)
    ]
    assert names == [f"runs/{photos.name}", f"runs/{photos.name}-2"]
    first = f"runs/{photos.name} exists, so this run goes to runs/{photos.name}-2"
    assert first in record(Path(names[1])).notes


def test_a_torch_module_is_trained_resumed_and_opened(photos: Path, tmp_path: Path) -> None:
    def module() -> nn.Module:
        torch.manual_seed(1)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
        )

    out = tmp_path / "run"
    own = start_run(
        photos, module(), out=out, settings=replace(QUICK, epochs=1), callback=ignore
    ).model
    assert own.text is None
    assert (out / "report.html").exists()
    with pytest.raises(RunError, match="torch module"):
        resume(out, epochs=2, callback=ignore)
    resume(out, epochs=2, network=module(), callback=ignore)
    assert load(out, network=module()).classes == ("disc", "square")


def test_imbalance_is_said_and_weighed(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "data", ("disc",), n=40)
    drawn.folder(tmp_path / "data", ("square",), n=10)
    run = start_run(
        tmp_path / "data",
        TINY,
        out=tmp_path / "run",
        settings=replace(QUICK, epochs=1),
        callback=ignore,
    )
    values = record(run.folder)
    assert any("'disc' has 32 training images, 'square' 8" in note for note in values.notes)
    disc, square = plan(run.folder).recipe.class_weight or ()
    assert square / disc == pytest.approx(2, rel=1e-4)  # the square root of 32 / 8
    assert 32 * disc + 8 * square == pytest.approx(40, rel=1e-4)


def test_the_precision_is_measured_and_recorded(photos: Path, tmp_path: Path) -> None:
    settings = replace(QUICK, epochs=1, precision="auto")
    run = start_run(photos, TINY, out=tmp_path / "run", settings=settings, callback=ignore)
    chosen = plan(run.folder)
    assert len(chosen.rates) == (2 if computes_bf16("cpu") else 1)
    assert str(chosen.recipe.precision) in dict(chosen.rates)


def test_training_from_python_shows_its_progress(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(
        photos, TINY, epochs=1, image_size=16, threads=1, out=tmp_path / "run", progress=True
    )
    assert run.model.classes == ("disc", "square")
    assert len(run.history) == 1
    shown = capsys.readouterr()
    assert "val accuracy" in shown.err
    assert "report.html" in shown.err
    assert shown.out == ""


def test_minutes_that_reading_uses_up_leave_no_run_behind(photos: Path, tmp_path: Path) -> None:
    settings = replace(QUICK, epochs=None, minutes=1e-6)
    with pytest.raises(RunError, match="give more --minutes"):
        start_run(photos, TINY, out=tmp_path / "run", settings=settings, callback=ignore)
    assert not (tmp_path / "run").exists()


def test_a_users_own_empty_folder_is_left_to_them(photos: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with pytest.raises(NotationError):
        start_run(
            photos,
            "maxpool 99 > flatten > fc",
            out=own,
            settings=replace(QUICK, memory=100),
            callback=ignore,
        )
    assert list(own.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_one_clear_line(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(RunError, match="cannot be"):
        start_run(photos, TINY, out=tmp_path / "locked", settings=QUICK, callback=ignore)


def test_a_module_that_is_empty_is_not_taken_for_none(photos: Path, tmp_path: Path) -> None:
    class Counted(nn.Sequential):
        def __len__(self) -> int:
            return 0

    module = Counted(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    run = start_run(
        photos, module, out=tmp_path / "run", settings=replace(QUICK, epochs=1), callback=ignore
    )
    assert run.model.text is None


def test_a_run_loads_nothing_that_serves_torch_compile_or_several_processes(
    photos: Path, tmp_path: Path
) -> None:
    """Each of these takes about as long to import as torch."""
    program = (
        "import sys, striate as st\n"
        f"st.train({str(photos)!r}, {TINY!r}, out={str(tmp_path / 'run')!r}, epochs=1)\n"
        f"st.resume({str(tmp_path / 'run')!r}, epochs=2)\n"
        "heavy = {'torch._dynamo', 'torch._inductor', 'sympy', 'lightning_fabric'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
