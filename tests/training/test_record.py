"""run.json: written and read by the classes it is made of, and read as older versions wrote it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from quick_runs import outcome, plan, record

from striate.errors import RunError
from striate.events import Event, ignore
from striate.model.run_folder import RunFolder
from striate.training.record import RunRecord
from striate.training.result import TrainingResult
from striate.training.runs import resume

FORMATS = Path(__file__).parents[1] / "formats"


def test_a_record_is_what_it_was_after_json(done: tuple[TrainingResult, list[Event]]) -> None:
    before = record(done[0].folder)
    assert RunRecord.from_json(json.loads(json.dumps(before.as_json()))) == before
    assert before.outcome is not None
    assert before.outcome.evaluation == replace(done[0].evaluation, images=())


def test_a_record_of_a_newer_version_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format_version": 99}')
    with pytest.raises(RunError, match="is of format 99; this Striate reads 1 and 2"):
        RunRecord.read(RunFolder(tmp_path))


def test_a_record_that_lacks_something_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format_version": 2}')
    with pytest.raises(RunError, match="cannot be used"):
        RunRecord.read(RunFolder(tmp_path))


@pytest.mark.parametrize("name", ["finished", "unfinished", "transferred"])
def test_a_run_of_november_2026_is_read_whole(name: str) -> None:
    folder = FORMATS / "2026-11" / name
    written = json.loads((folder / "run.json").read_text("utf-8"))
    read = record(folder)
    assert read.status == written["status"]
    assert read.request.settings.seed == written["settings"]["seed"] == 3
    assert plan(folder).recipe.batch_size == written["chosen"]["batch"]
    assert plan(folder).text == written["chosen"]["network"]
    assert plan(folder).data.fingerprint == written["data"]["fingerprint"]
    assert outcome(folder).evaluation.accuracy == written["result"]["accuracy"]
    assert list(read.notes) == written["notes"]
    assert (read.head is not None) == (name == "transferred")
    epochs = RunFolder(folder).read_epochs(99)
    assert [each.epoch for each in epochs] == list(range(1, written["epochs_done"] + 1))


def test_a_run_of_november_2026_goes_on_and_ends(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(FORMATS / "2026-11" / "unfinished", run)
    result = resume(run, callback=ignore)
    assert record(run).status == "finished"
    assert len(result.history) == outcome(run).epochs == 12
    assert result.evaluation.accuracy > 0.6  # 12 epochs of a tiny network; chance is a tenth
    assert (run / "report.html").is_file()


def test_a_run_of_28_november_2026_goes_on_with_its_threads(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(FORMATS / "2026-11-28" / "unfinished", run)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        result = resume(run, callback=ignore)
    finally:
        torch.set_num_threads(before)
    assert [epoch.threads for epoch in result.history][:4] == [2, 1, 1, 1]
    assert len(result.history) == outcome(run).epochs == 12


def test_a_fine_tuned_run_of_november_2026_is_extended(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(FORMATS / "2026-11" / "transferred", run)
    before = record(run)
    result = resume(run, epochs=3, callback=ignore)
    after = record(run)
    assert [each.epochs for each in after.cycles] == [2, 1]
    assert replace(after.request, settings=before.request.settings) == before.request
    assert len(result.history) == 3
    assert "How far each filter moved" in (run / "report.html").read_text("utf-8")
