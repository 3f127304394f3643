"""One process from its start to its end: its time, its processor's time, its memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.memory import Watch

ROOT = Path(__file__).parents[2]
TAIL = 2000  # letters shown of what a failed process said


class Failed(Exception):
    """A side of a benchmark ended with an error; the message holds the end of what it said."""


@dataclass(frozen=True)
class Ran:
    """What one process took.

    Attributes:
        seconds: from before its start to after its end.
        processor_seconds: user and system time of all its threads and awaited children.
        peak_memory: bytes held at most, with all processes that it started (`memory.Watch`); where
            there is no /proc, of the largest process alone.
        told: the JSON object that it printed as its last line; empty where it printed none.
    """

    seconds: float
    processor_seconds: float
    peak_memory: int
    told: dict[str, Any] = field(default_factory=dict)


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    output: Path | None = None,
    folder: Path = ROOT,
    limit: float | None = None,
) -> Ran:
    """Run a command in the project's folder, and say what it took.

    Args:
        command: the program and its arguments.
        environment: variables beside those of this process.
        output: where its standard output goes; None reads it for the JSON of the last line.
        folder: where it runs, and where Python finds Striate: another checkout's.
        limit: seconds after which it is ended; what it has printed by then counts.

    Raises:
        Failed: it ended with anything but 0, and not at the limit.

    >>> ran = run([sys.executable, "-c", "import time; time.sleep(0.2); print('[]'); print('{}')"])
    >>> ran.told, ran.seconds > 0, ran.peak_memory > 1e6
    ({}, True, True)
    """
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    with ExitStack() as stack:
        errors = stack.enter_context(tempfile.TemporaryFile())
        printed = stack.enter_context(_target(output))
        begun = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            # compiled once, as an installed package is
            env={
                **os.environ,
                "PYTHONPATH": path,
                "PYTHONDONTWRITEBYTECODE": "",
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=errors,
        )
        watch = stack.enter_context(Watch(process.pid))
        timer = stack.enter_context(_Timer(process, limit))
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C: the process gets it too and is waited for
            process.wait()
            raise
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode and not timer.reached:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace")[-TAIL:]
            raise Failed(f"{' '.join(command)}\nended with {process.returncode}:\n{said}")
        text = "" if output is not None else _read(printed)
    # on Linux what this process has held at most is handed on to what it starts, and says nothing
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    known = used.ru_maxrss if used.ru_maxrss > own or not watch.most else 0
    peak = max(watch.most, known * (1 if sys.platform == "darwin" else 1024))  # KiB on Linux
    return Ran(seconds, used.ru_utime + used.ru_stime, peak, _told(text))


class _Timer:
    """Ends a process after so many seconds; None never does."""

    def __init__(self, process: subprocess.Popen[bytes], limit: float | None) -> None:
        self.reached = False
        self._process = process
        self._timer = None if limit is None else threading.Timer(limit, self._end)

    def __enter__(self) -> _Timer:
        if self._timer is not None:
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _end(self) -> None:
        self.reached = True
        self._process.kill()


def _target(output: Path | None) -> Any:
    return tempfile.TemporaryFile() if output is None else output.open("wb")


def _read(printed: Any) -> str:
    printed.seek(0)
    return str(printed.read().decode("utf-8", "replace"))


def _told(text: str) -> dict[str, Any]:
    """Give the JSON object in the last line, if it is one.

    >>> _told('{"seconds": 2.5}'), _told("done")
    ({'seconds': 2.5}, {})
    """
    lines = text.strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
