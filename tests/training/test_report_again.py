"""The report of a run written again: lost, moved, of a killed run, of other versions."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import drawn
import pytest
import torch
from quick_runs import QUICK, TINY, record
from shell import striate

from striate.errors import RunError
from striate.events import Event, Note, ignore
from striate.settings import Settings
from striate.terminal.units import format_percent
from striate.training.result import TrainingResult
from striate.training.runs import report_run, resume, start_run

FORMATS = Path(__file__).parents[1] / "formats"

# A run that writes a checkpoint after every step, and is killed where an event says so.
KILLED = """
import os, signal, sys
from striate.training import checkpoints, runs
from striate.settings import Settings
checkpoints.PAUSE, checkpoints.SHARE = 0.0, 1e9
data, out, network, settings, last = sys.argv[1:]

def die(event):
    if last in str(event):
        os.kill(os.getpid(), signal.SIGKILL)

runs.start_run(data, network or None, out=out, settings=eval(settings), callback=die)
"""


def run_until(last: str, photos: Path, out: Path, settings: Settings, network: str = TINY) -> None:
    words = [str(photos), str(out), network, repr(settings), last]
    child = subprocess.run([sys.executable, "-c", KILLED, *words], check=False, timeout=120)
    assert child.returncode == -9


def told_by(events: list[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Note))


@pytest.fixture
def own(photos: Path, tmp_path: Path) -> Path:
    """A finished run on images of its own."""
    shutil.copytree(photos, tmp_path / "images")
    start_run(tmp_path / "images", TINY, out=tmp_path / "run", settings=QUICK)
    return tmp_path / "run"


def test_the_page_is_the_same_and_nothing_else_changes(own: Path) -> None:
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    (own / "report.html").unlink()
    result = report_run(own, callback=ignore)
    assert {path: path.read_bytes() for path in own.rglob("*") if path.is_file()} == before
    assert result.evaluation.n == 8
    assert len(list(result.history)) == 3
    assert result.model.classes == ("disc", "square")


def test_resuming_a_run_without_its_report_finishes_it(own: Path) -> None:
    page = (own / "report.html").read_bytes()
    (own / "report.html").unlink()
    result = resume(own, callback=ignore)
    assert (own / "report.html").read_bytes() == page
    assert (result.folder, result.interrupted) == (own, False)
    with pytest.raises(RunError, match="finished after 3 epochs"):
        resume(own, callback=ignore)


def test_a_run_that_has_moved_and_whose_images_have(own: Path, tmp_path: Path) -> None:
    page = (own / "report.html").read_bytes()
    moved, images = tmp_path / "elsewhere" / "run", tmp_path / "photographs"
    moved.parent.mkdir()
    own.rename(moved)
    (tmp_path / "images").rename(images)
    told: list[Event] = []
    report_run(moved, callback=told.append)
    assert "the page shows no images" in told_by(told)
    assert "--data DATA" in told_by(told)
    without = (moved / "report.html").read_text("utf-8")
    assert "No examples were kept." in without
    report_run(moved, data=images, callback=ignore)
    here, there = (moved / "report.html").read_text("utf-8"), page.decode("utf-8")
    for path in (tmp_path / "images", images, own, moved):  # they stand in the commands
        here, there = here.replace(str(path), ""), there.replace(str(path), "")
    assert here == there


def test_other_images_are_not_shown_for_those_of_the_run(own: Path, tmp_path: Path) -> None:
    other = drawn.folder(tmp_path / "other", n=3)
    told: list[Event] = []
    report_run(own, data=other, callback=told.append)
    assert "of the run is not among those of" in told_by(told)


def test_a_run_killed_while_it_learns_is_ended_there_and_can_go_on(
    photos: Path, tmp_path: Path
) -> None:
    settings = replace(QUICK, epochs=4)
    whole = start_run(photos, TINY, out=tmp_path / "whole", settings=settings)
    out = tmp_path / "killed"
    run_until("Epoch(epoch=2,", photos, out, settings)
    assert record(out).status == "training"
    found = report_run(out, callback=ignore)
    assert found.interrupted
    assert record(out).status == "interrupted"
    assert len(list(found.history)) <= 2
    assert "<!doctype html>" in (out / "report.html").read_text("utf-8")
    after = resume(out, callback=ignore)
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(value, after.model.module.state_dict()[name]), name


def test_a_run_killed_after_its_training_is_finished(photos: Path, tmp_path: Path) -> None:
    whole = start_run(photos, TINY, out=tmp_path / "whole", settings=QUICK)
    killed = tmp_path / "killed"
    run_until("stage='evaluating'", photos, killed, QUICK)
    assert not (killed / "report.html").exists()
    ways: dict[str, Callable[..., TrainingResult]] = {"report": report_run, "resume": resume}
    for name, finish in ways.items():
        out = shutil.copytree(killed, tmp_path / name)
        found = finish(out, callback=ignore)
        assert not found.interrupted
        assert record(out).status == "finished"
        assert found.evaluation == whole.evaluation
        assert (out / "report.html").exists()


def test_a_run_that_has_learnt_nothing_has_nothing_to_report(photos: Path, tmp_path: Path) -> None:
    run_until("stage='reading'", photos, tmp_path / "run", QUICK)
    told = striate("report", tmp_path / "run", code=2)
    assert "was ended before anything was learnt" in told.stderr


@pytest.mark.parametrize(
    "last",
    [
        "the head: logistic",
        pytest.param("stage='reading", marks=pytest.mark.slow),  # before and after that, as above
        pytest.param("stage='evaluating'", marks=pytest.mark.slow),
    ],
)
def test_a_head_that_was_killed_is_learnt_to_the_same_weights(
    last: str, photos: Path, tmp_path: Path
) -> None:
    first = start_run(photos, TINY, out=tmp_path / "first", settings=QUICK).folder
    settings = Settings(pretrained=str(first), precision="float32", threads=1)
    whole = start_run(photos, out=tmp_path / "whole", settings=settings)
    out = tmp_path / "killed"
    run_until(last, photos, out, settings, network="")
    assert not (out / "classifier.safetensors").exists()
    after = resume(out, callback=ignore)
    assert record(out).status == "finished"
    assert after.evaluation == whole.evaluation
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(value, after.model.module.state_dict()[name]), name
    page = (out / "report.html").read_bytes()
    assert b'started from the run <a href="../first/report.html">' in b" ".join(page.split())
    (out / "report.html").unlink()
    resume(out, callback=ignore)  # killed between its evaluation and its report
    assert (out / "report.html").read_bytes() == page
    with pytest.raises(RunError, match="its head was learnt at once"):
        resume(out, callback=ignore)


@pytest.mark.parametrize("name", ["finished", "transferred", "unfinished"])
def test_runs_of_an_older_version_get_a_page_of_this_one(name: str, tmp_path: Path) -> None:
    run = Path(shutil.copytree(FORMATS / "2026-11" / name, tmp_path / "run"))
    result = report_run(run, callback=ignore)
    assert "Handwritten" in (page := (run / "report.html").read_text("utf-8")) or "digits" in page
    assert page.count("data:image/png") > 20
    assert result.evaluation.n == 355


def test_what_a_newer_version_adds_is_left_out_and_named(own: Path) -> None:
    page = (own / "report.html").read_bytes()
    values = json.loads((own / "run.json").read_text("utf-8"))
    values["mood"] = "good"
    values["request"]["settings"]["hue"] = 3
    values["plan"]["recipe"]["augmentation"]["blur"] = 0.5
    values["outcome"]["rank"] = [1]
    (own / "run.json").write_text(json.dumps(values), encoding="utf-8")
    (own / "report.html").unlink()
    told: list[Event] = []
    report_run(own, callback=told.append)
    assert (own / "report.html").read_bytes() == page
    assert (
        "written by a newer Striate: mood, outcome.rank, plan.recipe.augmentation.blur, "
        "request.settings.hue are left out" in told_by(told)
    )
    with pytest.raises(RunError, match="run.json' cannot be used"):  # it would learn otherwise
        resume(own, epochs=9, callback=ignore)
    values["format_version"] = 99
    (own / "run.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(RunError, match="of format 99"):
        report_run(own, callback=ignore)


def test_the_command_line_says_where_the_page_is(own: Path) -> None:
    told = striate("report", own)
    assert f"  open it     {own / 'report.html'}\n" in told.stdout
    as_json = json.loads(striate("report", own, "--json").stdout)
    assert as_json == {"run": str(own), "report": str(own / "report.html")}
    assert "is not the folder of a run" in striate("report", own / "checkpoints", code=2).stderr


def test_a_folder_of_runs_gets_an_index_the_most_accurate_first(tmp_path: Path) -> None:
    for name in ("finished", "transferred", "unfinished"):
        shutil.copytree(FORMATS / "2026-11" / name, tmp_path / "runs" / name)
    (tmp_path / "runs" / "damaged").mkdir()
    (tmp_path / "runs" / "damaged" / "run.json").write_text("{", encoding="utf-8")
    told = json.loads(striate("report", tmp_path / "runs", "--json").stdout)
    assert told["index"] == str(tmp_path / "runs" / "index.html")
    page = Path(told["index"]).read_text("utf-8")
    over = {
        name: record(tmp_path / "runs" / name).outcome
        for name in ("finished", "transferred", "unfinished")
    }
    best = sorted((-outcome.evaluation.accuracy, name) for name, outcome in over.items() if outcome)
    places = [page.index(f"<bdi>{name}</bdi>") for _, name in best]
    assert places == sorted(places)
    for _, name in best:
        outcome = over[name]
        assert outcome is not None
        assert format_percent(outcome.evaluation.accuracy).replace(" ", "\xa0") in page
        assert (f'href="{name}/report.html"' in page) == (
            tmp_path / "runs" / name / "report.html"
        ).exists()
    assert "cannot be read" in page
    assert "leave it out" in striate("report", tmp_path / "runs", "--data", "x", code=2).stderr
