"""A thread of its own for a library that changes the thread in which it is loaded."""

from __future__ import annotations

import threading
import traceback
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

import numpy as np

from striate.errors import EngineError

Run = Callable[[Any], Any]


class OwnThread:
    """What one thread opens, alone calls, and lets go of.

    OpenVINO's plugin for processors gives the thread that loads it another stack for signals. When
    two such plugins go in the order in which they came, the thread is left with a stack that is
    no longer there, and the next signal, Ctrl-C for one, ends the program. In a thread that ends
    with them no signal is handled.

    The thread ends when this is no longer held, and with the program at the latest. Ctrl-C ends
    the waiting for an answer, not the computing.

    Args:
        name: the thread's.
        opening: gives what takes and gives an array. It is called once, at once.

    Raises:
        EngineError: it is called in a process that was forked from its own.
        Exception: whatever ``opening``, or later what it gave, raises in the thread.

    >>> OwnThread("doubling", lambda: lambda numbers: 2 * numbers)(np.arange(3))
    array([0, 2, 4])
    """

    def __init__(self, name: str, opening: Callable[[], Run]) -> None:
        self._asked: SimpleQueue[tuple[Any, Future[Any]] | None] = SimpleQueue()
        arguments = (self._asked,)
        self._thread = threading.Thread(target=_serve, args=arguments, name=name, daemon=True)
        self._thread.start()
        weakref.finalize(self, _end, self._asked, self._thread)
        self.ask(opening)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Compute in the thread, and wait for it."""
        return np.asarray(self.ask(values))

    def ask(self, what: Any) -> Any:
        """Give what was opened something else than an array, and wait for whatever it returns."""
        if not self._thread.is_alive():
            raise EngineError(
                f"the thread '{self._thread.name}' is not in this process, which was forked from "
                "the one that opened it; open it here"
            )
        answer: Future[Any] = Future()
        self._asked.put((what, answer))
        return answer.result()


def _serve(asked: SimpleQueue[tuple[Any, Future[Any]] | None]) -> None:
    """Open what is asked for first, and call that with all the rest."""
    call: Any = None
    while (request := asked.get()) is not None:
        what, answer = request
        try:
            if call is None:
                call = what()
                answer.set_result(None)
            else:
                answer.set_result(call(what))
        except BaseException as error:  # noqa: BLE001 whatever it is, who asked is to have it
            traceback.clear_frames(error.__traceback__)  # else what they hold would end elsewhere
            answer.set_exception(error)
        del request, what, answer  # not to be held while waiting


def _end(asked: SimpleQueue[tuple[Any, Future[Any]] | None], thread: threading.Thread) -> None:
    asked.put(None)
    if thread is not threading.current_thread():  # where the garbage is collected in it
        thread.join()
