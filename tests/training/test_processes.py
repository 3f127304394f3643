"""Two processes at one work: they answer, fail, are stopped and are lost, and nothing hangs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest
import torch

from striate.errors import DataError, TrainingError
from striate.events import Event, Note, ignore
from striate.training.distributed.process_group import Workers
from striate.training.distributed.processes import Worker, launch

PAIR = Workers("cpu", 2)


def adds_until_stopped_and_fails(worker: Worker) -> None:
    """Tell notes until a stop is asked for; add up one figure of each process."""
    while not worker.stop.asked:
        worker.callback(Note("going on"))
        time.sleep(0.05)
    figure = worker.fabric.all_reduce(torch.tensor(1.0), reduce_op="sum")
    worker.callback(Note(f"{float(figure)} {worker.fabric.is_global_zero}"))  # type: ignore[arg-type]
    raise DataError("no images in 'photos'")


def adds_and_waits(worker: Worker) -> None:
    worker.fabric.all_reduce(torch.tensor(10.0), reduce_op="sum")
    waits(worker)


def waits(worker: Worker) -> None:
    worker.fabric.broadcast(None)


def is_killed(worker: Worker) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_one_process_works_in_place() -> None:
    told: list[Event] = []

    def lead(worker: Worker) -> int:
        worker.callback(Note("here"))
        return worker.fabric.world_size

    assert launch(lead, waits, workers=Workers("cpu"), callback=told.append) == 1
    assert told == [Note("here")]


def test_ctrl_c_reaches_two_processes_and_an_error_of_one_is_said_as_it_was_there() -> None:
    """Two launches would take twice as long; that the first answers, test_workers.py has."""
    told: list[Event] = []

    def callback(event: Event) -> None:
        if not told:
            signal.raise_signal(signal.SIGINT)
        told.append(event)

    with pytest.raises(DataError, match=r"^no images in 'photos'$"):
        launch(adds_until_stopped_and_fails, adds_and_waits, workers=PAIR, callback=callback)
    assert told[-1] == Note("11.0 True")
    assert set(told[:-1]) == {Note("going on")}
    assert not multiprocessing.active_children()
    assert "MASTER_PORT" not in os.environ


@pytest.mark.slow  # test_workers.py has a run that this happens to
def test_a_process_that_is_killed_ends_the_work_in_one_line() -> None:
    begun = time.monotonic()
    with pytest.raises(
        TrainingError, match=r"^process 2 of 2 was ended by SIGKILL, so the run ends; "
    ):
        launch(waits, is_killed, workers=PAIR, callback=ignore)
    assert time.monotonic() - begun < 60
    assert not multiprocessing.active_children()
