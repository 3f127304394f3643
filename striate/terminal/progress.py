"""How fast a work of known length goes, told to whoever watches a few times a second."""

from __future__ import annotations

import time

from striate.events import Callback, Progress

EVERY = 0.2  # seconds between two tellings


class ProgressReporter:
    """Called with (done, total), it tells a watcher the progress, rate and time left.

    Rate and time left count from the first call on: what comes before it, as preparation or what
    was kept from another time, says nothing of how fast the rest goes.

    >>> told = []
    >>> reporter = ProgressReporter("reading", told.append)
    >>> reporter(5, 10)
    >>> reporter(10, 10)
    >>> told[-1].stage, told[-1].done, told[-1].total
    ('reading', 10, 10)
    """

    def __init__(self, stage: str, callback: Callback, *, unit: str = "images") -> None:
        self._stage, self._callback, self._unit = stage, callback, unit
        self._begun = time.perf_counter()
        self._first: int | None = None  # done when the clock began
        self._told = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Tell how far the work is, unless it was told a moment ago."""
        now = time.perf_counter()
        if self._first is None:
            if done < total or not total:
                self._begun, self._first = now, done
            else:
                self._first = 0  # done at once
        if (done < total or not total) and now - self._told < EVERY:
            return
        self._told = now
        rate = (done - self._first) / max(now - self._begun, 1e-9)
        left = (total - done) / rate if rate and total else None
        self._callback(Progress(self._stage, done, total, rate, left, unit=self._unit))
