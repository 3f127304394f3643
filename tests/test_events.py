from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from striate.events import Done, Epoch, Note, Progress, as_json, ignore

EPOCH = Epoch(3, 12, 0.5, 0.8, 0.4, 0.85, 1e-3, 900.0, 1.5, 13.5, True)
DONE = Done(Path("runs/a"), Path("runs/a/m"), Path("runs/a/r"), False, "test", 9, 1, 0.7, 1, 2.0)


@pytest.mark.parametrize("event", [Note("said"), Progress("reading", 1, 9, 3.5), EPOCH, DONE])
def test_an_event_is_one_line_of_json_that_names_its_kind(
    event: Note | Progress | Epoch | Done,
) -> None:
    line = json.dumps(as_json(event))
    assert "\n" not in line
    assert json.loads(line)["event"] == type(event).__name__.lower()


def test_json_holds_every_field_and_paths_as_text() -> None:
    values = as_json(DONE)
    assert values["run"] == str(Path("runs/a"))
    assert values["model"] == str(Path("runs/a/m"))
    assert set(values) == {"event", *Done.__dataclass_fields__}


def test_events_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        EPOCH.epoch = 4  # type: ignore[misc]


def test_ignoring_an_event_does_nothing() -> None:
    ignore(EPOCH)
