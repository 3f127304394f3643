"""A small run for the tests: its settings, its network, and what reads its folder."""

from __future__ import annotations

import csv
from pathlib import Path

from striate.model.run_folder import RunFolder
from striate.settings import Settings
from striate.training.plan import Plan
from striate.training.record import Outcome, RunRecord

TINY = "conv 8 > bn > relu > maxpool 2 > conv 16 > bn > relu > gap > flatten > fc"
QUICK = Settings(epochs=3, image_size=16, precision="float32", threads=1, batch_size=8)


def record(run: Path) -> RunRecord:
    """Read run.json."""
    return RunRecord.read(RunFolder(run))


def plan(run: Path) -> Plan:
    """Read the plan of a run that has one."""
    found = record(run).plan
    assert found is not None
    return found


def outcome(run: Path) -> Outcome:
    """Read what came of a run that is over."""
    found = record(run).outcome
    assert found is not None
    return found


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
