"""The electricity of runs stands beside their accuracy, where it was measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import drawn

from striate.evaluation.comparison import compare
from striate.evaluation.comparison.comparison_page import make_page
from striate.events import Event
from striate.training.energy import Energy
from striate.training.result import TrainingResult


def test_the_electricity_of_runs_that_have_it_is_shown(
    done: tuple[TrainingResult, list[Event]], tmp_path: Path
) -> None:
    new = drawn.folder(tmp_path / "new", n=4, size=(30, 20), first=90)
    first, metered, copy = done[0].folder, tmp_path / "metered", tmp_path / "copy"
    for place in (metered, copy):
        shutil.copytree(first, place)
    assert "CO2e" not in str(compare([first, copy], new).costs_table())
    record = json.loads((metered / "run.json").read_text())
    told = ("processor estimated", "memory estimated")
    record["energy"] = Energy(1.05e-4, 5e-5, 8e-5, 0.0, 2.5e-5, 9.0, "France", told).as_json()
    (metered / "run.json").write_text(json.dumps(record))
    result = compare([metered, copy], new)
    assert [model.training_kwh for model in result.models] == [1.05e-4, None]
    table = result.costs_table()
    assert table.header[-2:] == ("energy", "CO2e")
    assert [row[-2:] for row in table.rows] == [("0.105 Wh", "0.05 g"), ("-", "-")]
    assert max(map(len, str(table).splitlines())) <= 100
    note = "energy is of the whole machine: 'metered' processor estimated, memory estimated"
    assert note in result.notes
    assert '<td class="number">0.105 Wh</td>' in make_page(result)
    assert result.as_json()["models"][0]["training_kg_co2e"] == 5e-5  # type: ignore[index]
