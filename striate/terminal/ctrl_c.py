"""Ctrl-C as a wish, not as an accident: the work stops where it can be put down."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Stop:
    """Whether a stop has been asked for."""

    asked: bool = False


@contextmanager
def stop_on_ctrl_c() -> Iterator[Stop]:
    """Take the first Ctrl-C as a wish to stop soon; the second one stops at once.

    The handler that was there before is put back. Outside the main thread, where signals
    cannot be handled, nothing is changed.

    >>> with stop_on_ctrl_c() as stop:
    ...     signal.raise_signal(signal.SIGINT)
    ...     stop.asked
    True
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def wish(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    before = signal.signal(signal.SIGINT, wish)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def hold_off_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C wait for the end of something short that must not be cut in two.

    >>> def move() -> None:
    ...     with hold_off_ctrl_c():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("all of it")
    >>> try:
    ...     move()
    ... except KeyboardInterrupt:
    ...     print("stopped")
    all of it
    stopped
    """
    asked = []
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        signal.raise_signal(signal.SIGINT)
