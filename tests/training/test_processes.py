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


def adds_until_stopped(worker: Worker) -> tuple[float, bool]:
    """Tell notes until a stop is asked for; add up one figure of each process."""
    while not worker.stop.asked:
        worker.callback(Note("going on"))
        time.sleep(0.05)
    figure = worker.fabric.all_reduce(torch.tensor(1.0), reduce_op="sum")
    return float(figure), worker.fabric.is_global_zero  # type: ignore[arg-type]


def adds(worker: Worker) -> None:
    worker.fabric.all_reduce(torch.tensor(10.0), reduce_op="sum")


def fails(worker: Worker) -> None:
    raise DataError("no images in 'photos'")


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


def test_two_processes_answer_and_ctrl_c_reaches_them() -> None:
    told: list[Event] = []

    def callback(event: Event) -> None:
        if not told:
            signal.raise_signal(signal.SIGINT)
        told.append(event)

    answer = launch(adds_until_stopped, adds, workers=PAIR, callback=callback)
    assert answer == (11.0, True)
    assert set(told) == {Note("going on")}
    assert not multiprocessing.active_children()
    assert "MASTER_PORT" not in os.environ


def test_what_one_process_cannot_do_is_said_as_it_was_there() -> None:
    with pytest.raises(DataError, match=r"^no images in 'photos'$"):
        launch(fails, waits, workers=PAIR, callback=ignore)
    assert not multiprocessing.active_children()


@pytest.mark.slow  # test_workers.py has a run that this happens to
def test_a_process_that_is_killed_ends_the_work_in_one_line() -> None:
    begun = time.monotonic()
    with pytest.raises(
        TrainingError, match=r"^process 2 of 2 was ended by SIGKILL, so the run ends; "
    ):
        launch(waits, is_killed, workers=PAIR, callback=ignore)
    assert time.monotonic() - begun < 60
    assert not multiprocessing.active_children()
