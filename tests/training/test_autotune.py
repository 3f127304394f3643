from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from made_plan import made_plan
from quick_runs import QUICK, TINY, plan, record

from striate.architecture.layer_table import summary
from striate.events import Epoch, ignore
from striate.training.autotune import measure_speed
from striate.training.runs import start_run

TEXT = "input 1x8x8 classes=2 > conv 4 > relu > flatten > fc"
PLAN = made_plan(TEXT)


def epoch(number: int, rate: float, seconds: float) -> Epoch:
    return Epoch(number, 3, 1.0, 0.5, 1.0, 0.5, 0.001, rate, seconds, 0.0, best=True)


def test_what_training_reaches_is_its_operations_a_second() -> None:
    found = measure_speed(PLAN, [epoch(1, 900, 4), epoch(2, 1000, 4), epoch(3, 1100, 4)])
    assert found is not None
    forward = 1 * 3 * 3 * 4 * 64 + 4 * 64 * 2
    backward = 1 * 3 * 3 * 4 * 64 + 2 * (4 * 64 * 2)  # no gradient goes to the image
    assert summary(TEXT).macs == forward
    assert (found.images_per_second, found.utilization.operations) == (
        1000,
        1000 * 2 * (forward + backward),
    )


def test_a_short_training_is_not_worth_the_measurement() -> None:
    assert measure_speed(PLAN, [epoch(1, 1000, 4)]) is None
    assert measure_speed(PLAN, []) is None


def test_threads_are_measured_only_where_they_were_not_set(photos: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        settings = replace(QUICK, epochs=1, precision="auto", threads=None)
        run = start_run(photos, TINY, out=tmp_path / "run", settings=settings, callback=ignore)
        values = record(run.folder)
        said = [note for note in values.notes if "(--threads)" in note]
        assert plan(run.folder).threads == (1 if said else 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
