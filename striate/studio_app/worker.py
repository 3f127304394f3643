"""A thread that does one piece of work after the other, and ends with the program."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Worker(Generic[Found]):
    """A thread of its own, so that torch keeps one team of threads for all that is done in it.

    Args:
        nice: how far it stands back for the other threads of a busy machine, 0 to 19; Linux alone
            has priorities of threads.

    >>> async def work():
    ...     return await Worker().run(lambda: 6 * 7)
    >>> asyncio.run(work())
    42
    """

    def __init__(self, nice: int = 0) -> None:
        self._nice = nice
        self._waiting: SimpleQueue[tuple[Future[Found], Callable[[], Found]] | None] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    async def run(self, work: Callable[[], Found]) -> Found:
        """Return what a piece of work returns, or raise what it raises."""
        future: Future[Found] = Future()
        self._waiting.put((future, work))
        return await asyncio.wrap_future(future)

    def end(self) -> None:
        """End after what is under way."""
        self._waiting.put(None)

    def _run(self) -> None:
        if self._nice and sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while (taken := self._waiting.get()) is not None:
            future, work = taken
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 (whoever waits for it gets it)
                future.set_exception(error)
