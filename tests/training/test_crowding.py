from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from made_plan import made_plan
from quick_runs import QUICK, TINY
from torch import nn

from striate.data import OtherWork
from striate.events import Epoch
from striate.training import checkpoints
from striate.training.crowding import PAUSE, Crowding
from striate.training.loop import optimizer_for
from striate.training.plan import Plan
from striate.training.runs import start_run
from striate.training.state import State

PLAN = replace(made_plan("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc"), threads=4)


class Neighbours:
    """How many cores other programs keep busy, as a test sets it."""

    busy = True


@pytest.fixture(autouse=True)
def neighbours(monkeypatch: pytest.MonkeyPatch) -> Iterator[Neighbours]:
    """A machine with busy neighbours, looked at after every epoch, and nothing said of waiting."""
    made = Neighbours()
    monkeypatch.setattr(OtherWork, "crowds", lambda self, threads: made.busy)
    monkeypatch.setattr(OtherWork, "cores", lambda self: 1.25)
    monkeypatch.setattr(OtherWork, "seconds", lambda self: 60.0)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield made
    torch.set_num_threads(before)


def state() -> State:
    module = nn.Linear(2, 2)
    return State(module, optimizer_for(module, PLAN.recipe))


def epoch(rate: float) -> Epoch:
    return Epoch(1, 9, 1.0, 0.5, 1.0, 0.5, 0.001, rate, 1.0, 0.0, best=True)


def threads_after(crowding: Crowding, at: State, *rates: float) -> list[int]:
    """Give the threads of each next epoch."""
    found = []
    for rate in rates:
        crowding.after_epoch(epoch(rate), at)
        found.append(torch.get_num_threads())
        assert at.threads == (0 if found[-1] == 4 else found[-1])
    return found


def test_fewer_threads_are_kept_while_they_are_faster() -> None:
    at = state()
    crowding = Crowding(PLAN, at, fixed=False)
    assert threads_after(crowding, at, 100, 150, 200, 200) == [2, 1, 1, 1]


def test_fewer_threads_that_are_no_faster_are_given_up_for_a_while() -> None:
    at = state()
    crowding = Crowding(PLAN, at, fixed=False)
    assert threads_after(crowding, at, 100, 90) == [2, 4]
    assert threads_after(crowding, at, *[100] * PAUSE) == [4] * PAUSE
    assert threads_after(crowding, at, 100) == [2]


def test_all_are_used_again_when_the_others_are_gone(neighbours: Neighbours) -> None:
    at = state()
    crowding = Crowding(PLAN, at, fixed=False)
    assert threads_after(crowding, at, 100, 150) == [2, 1]
    neighbours.busy = False
    assert threads_after(crowding, at, 200, 300) == [4, 4]


def test_a_long_epoch_is_not_risked() -> None:
    crowding = Crowding(PLAN, state(), fixed=False)
    crowding.after_epoch(replace(epoch(100), seconds=3600.0), state())
    assert torch.get_num_threads() == 4


def test_threads_that_the_user_set_stay() -> None:
    at = state()
    crowding = Crowding(PLAN, at, fixed=True)
    assert threads_after(crowding, at, 100, 150) == [4, 4]


def test_a_run_that_goes_on_follows_its_threads(tmp_path: Path) -> None:
    at, again = state(), state()
    threads_after(Crowding(PLAN, at, fixed=False), at, 100)
    checkpoints.write(tmp_path, at)
    torch.set_num_threads(4)
    checkpoints.read(tmp_path, again)
    Crowding(PLAN, again, fixed=False)
    assert torch.get_num_threads() == again.threads == 2


def test_it_is_said_once_with_what_helps() -> None:
    crowding = Crowding(PLAN, state(), fixed=False)
    (said,) = crowding.after_epoch(epoch(100), state())
    assert "keep 1.2 processor cores busy" in said
    assert "GOMP_SPINCOUNT=3000" in said
    assert crowding.after_epoch(epoch(100), state()) == ()


def test_where_threads_do_not_spin_no_more_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    (said,) = Crowding(PLAN, state(), fixed=True).after_epoch(epoch(100), state())
    assert said.endswith("training is slower")


@pytest.mark.parametrize("plan", [replace(PLAN, device="cuda"), replace(PLAN, world_size=2)])
def test_on_a_graphics_card_and_in_several_processes_nothing_is_done(
    plan: Plan,
) -> None:
    assert Crowding(plan, state(), fixed=False).after_epoch(epoch(100), state()) == ()
    assert torch.get_num_threads() == 4


def test_an_idle_machine_is_not_mentioned(neighbours: Neighbours) -> None:
    neighbours.busy = False
    assert Crowding(PLAN, state(), fixed=False).after_epoch(epoch(100), state()) == ()


@pytest.mark.parametrize("given", [None, 2])
def test_every_epoch_says_its_threads(given: int | None, photos: Path, tmp_path: Path) -> None:
    torch.set_num_threads(2)
    settings = replace(QUICK, epochs=4, threads=given)
    run = start_run(photos, TINY, out=tmp_path / "run", settings=settings)
    lines = (run.folder / "epochs.jsonl").read_text().splitlines()
    threads = [json.loads(line)["threads"] for line in lines]
    assert threads[:2] == ([2, 1] if given is None else [2, 2])
    assert given is None or set(threads) == {2}
