"""Several processes at one run: how they are started, watched over and stopped.

The first process leads: it alone reads the settings' consequences, writes files and tells what
happens. The others take their share of every training step. Lightning Fabric starts and connects
them, or torchrun has started them, which is how several machines work together.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from striate.backends.precision import CHANNELS_FIRST
from striate.errors import StriateError, TrainingError
from striate.events import Callback, Event, ignore
from striate.terminal.ctrl_c import Stop, stop_on_ctrl_c
from striate.terminal.quiet_loggers import quiet
from striate.training.distributed.devices import fabric_for
from striate.training.distributed.process_group import Workers
from striate.training.distributed.single_process import AnyFabric

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection as Line
else:
    from multiprocessing.connection import Connection as Line

Answer = TypeVar("Answer")

GO_ON = "go on from the last checkpoint with striate train --resume RUN, if it has begun to learn"


@dataclass(frozen=True)
class Worker:
    """What one process works with.

    Attributes:
        fabric: its device, and the other processes.
        callback: is told every event.
        stop: whether the run is to stop.
    """

    fabric: AnyFabric
    callback: Callback
    stop: Stop


Lead = Callable[[Worker], Answer]
Assist = Callable[[Worker], None]


def launch(lead: Lead[Answer], assist: Assist, *, workers: Workers, callback: Callback) -> Answer:
    """Let one process, or all of them, work at a run.

    Args:
        lead: what the first process does; its answer must be plain values where there are
            several processes that are started here.
        assist: what the others do meanwhile.
        workers: how many processes there are, and who starts them.
        callback: is told the events of the first process, in this one.

    Raises:
        StriateError: what ended the first process, or a line on the process that was lost.
        SystemExit: in every process but the first of those that torchrun started: their work is
            done, and the program goes on in the first alone.
    """
    if workers.several and not workers.launched:
        return _launched(lead, assist, workers=workers, callback=callback)  # type: ignore[no-any-return]
    fabric = fabric_for(workers.device, CHANNELS_FIRST, workers)
    with stop_on_ctrl_c() as stop, all_needed(fabric):
        # if all went through the whole run, each write would need a condition beside it
        if fabric.is_global_zero:
            return lead(Worker(fabric, callback, stop))
        assist(Worker(fabric, ignore, stop))
    _disconnect()
    raise SystemExit(0)


@contextmanager
def all_needed(fabric: AnyFabric) -> Iterator[None]:
    """Say in one line that another process was lost, whatever the connection says to it.

    Raises:
        TrainingError: another process has ended or cannot be reached.
    """
    try:
        yield
    except RuntimeError as error:  # gloo has no class of its own
        if isinstance(error, torch.distributed.DistError) or "gloo" in str(error):
            raise TrainingError(
                f"process {fabric.global_rank + 1} of {fabric.world_size} cannot reach the "
                f"others: one of them has ended; {GO_ON}"
            ) from error
        raise


def _launched(lead: Lead[Answer], assist: Assist, *, workers: Workers, callback: Callback) -> Any:
    """Start the processes of a run on this machine, and watch over them."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    others = set(multiprocessing.active_children())
    work = partial(_work, lead=lead, assist=assist, line=theirs)
    with stop_on_ctrl_c() as stop, ThreadPoolExecutor(1, "striate-processes") as pool:
        over = pool.submit(_launch, workers, work)
        try:
            return _followed(over, ours, workers=workers, callback=callback, stop=stop)
        finally:  # nothing is left behind, whatever happened
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            ours.close()


def _launch(workers: Workers, work: Callable[[AnyFabric], None]) -> None:
    """Let Fabric start the processes, none of which sees Ctrl-C, and wait for their end."""
    if sys.platform != "win32":  # where each process comes to ignore it by itself, a moment later
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    port = os.environ.get("MASTER_PORT")
    try:
        with quiet("torch.multiprocessing.spawn"):  # says which others it ends after a loss
            fabric_for(workers.device, CHANNELS_FIRST, workers, launch=work)
    finally:
        if port is None:  # Fabric's choice, for this run alone
            os.environ.pop("MASTER_PORT", None)


def _work(fabric: AnyFabric, *, lead: Lead[Any], assist: Assist, line: Line) -> None:
    """Do one process's part, in that process, and report by the line to where it was started."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the line brings the wish to stop
    stop = Stop()

    def tell(event: Event) -> None:
        line.send(event)
        stop.asked = stop.asked or line.poll()

    try:
        with all_needed(fabric):
            if fabric.is_global_zero:
                line.send((lead(Worker(fabric, tell, stop)),))
            else:
                assist(Worker(fabric, ignore, stop))
    except StriateError as error:
        line.send(error)
        raise
    finally:
        _disconnect()


def _disconnect() -> None:
    """End this process's connection with the others, whose threads may not outlive its memory.

    torch asks for it. Once, a process that had left it out was ended by SIGABRT ("terminate called
    without an active exception") after its work was done.
    """
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _followed(
    over: Future[None], line: Line, *, workers: Workers, callback: Callback, stop: Stop
) -> Any:
    """Pass on what the first process tells until all have ended; give its answer."""
    answer: tuple[Any] | None = None
    failed: StriateError | None = None
    told = False
    while line.poll(0 if over.done() else 0.1) or not over.done():
        if stop.asked and not told:
            line.send("stop")
            told = True
        if not line.poll():
            continue
        message = line.recv()
        if isinstance(message, tuple):
            answer = message
        elif isinstance(message, StriateError):
            failed = failed or message
        else:
            callback(message)
    try:
        over.result()
    except ProcessExitedException as error:
        by = f"by {error.signal_name}" if error.signal_name else f"with code {error.exit_code}"
        raise TrainingError(
            f"process {error.error_index + 1} of {workers.local_size} was ended {by}, so the run "
            f"ends; {GO_ON}"
        ) from error
    except ProcessRaisedException:
        if failed is None:
            raise
    if failed is not None:
        raise failed
    if answer is None:
        raise TrainingError(
            f"the first of {workers.local_size} processes ended without an answer; {GO_ON}"
        )
    return answer[0]
