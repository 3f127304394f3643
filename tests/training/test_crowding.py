from __future__ import annotations

from dataclasses import replace

import pytest
from made_plan import made_plan

from striate.data import OtherWork
from striate.training.crowding import Crowding

PLAN = made_plan("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc")


@pytest.fixture(autouse=True)
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose cores others keep busy, and an environment that says nothing of waiting."""
    monkeypatch.setattr(OtherWork, "crowds", lambda self, threads: True)
    monkeypatch.setattr(OtherWork, "cores", lambda self: 1.25)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_said_once_with_what_helps() -> None:
    crowding = Crowding(PLAN)
    (said,) = crowding.after_epoch()
    assert "keep 1.2 processor cores busy" in said
    assert "OMP_WAIT_POLICY=PASSIVE" in said
    assert crowding.after_epoch() == ()


def test_where_threads_do_not_spin_no_more_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    (said,) = Crowding(PLAN).after_epoch()
    assert said.endswith("training is slower")


@pytest.mark.parametrize("other", [{"device": "cuda"}, {"world_size": 2}])
def test_on_a_graphics_card_and_in_several_processes_nothing_is_said(
    other: dict[str, str | int],
) -> None:
    assert Crowding(replace(PLAN, **other)).after_epoch() == ()  # type: ignore[arg-type]


def test_an_idle_machine_is_not_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OtherWork, "crowds", lambda self, threads: False)
    assert Crowding(PLAN).after_epoch() == ()
