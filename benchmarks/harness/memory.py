"""The memory that a process and all that it started hold together, watched while they run."""

from __future__ import annotations

import os
import threading
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
PAUSES = (0.005, 0.1)  # seconds between two looks: at first, and as the longest


class Watch:
    """Looks at a tree of processes ten times a second; `most` is what they held at most.

    Memory that several of them share is counted once, where Linux says so (Pss). Where there is
    no /proc, `most` stays 0.

    Attributes:
        most: bytes.

    >>> with Watch(os.getpid()) as watch:
    ...     held = bytes(1)
    >>> watch.most > 1e6 or not Path("/proc/self/statm").exists()
    True
    """

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._pid = pid
        self._resident = 0  # the most so far with shared memory counted anew in each process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        pause, longest = PAUSES
        while not self._ended.wait(pause):
            self._look()
            pause = min(2 * pause, longest)

    def _look(self) -> None:
        pids = tree(self._pid)
        held = sum(resident(pid) for pid in pids)
        if len(pids) == 1:
            self.most = max(self.most, most_resident(self._pid))
        elif held > self._resident:  # Pss takes milliseconds, so it is asked for at a new high only
            self._resident = held
            self.most = max(self.most, sum(map(proportional, pids)))


def tree(pid: int) -> list[int]:
    """Find a process and all that it started, and these in turn.

    >>> tree(os.getpid())[0] == os.getpid()
    True
    """
    found = [pid]
    for each in found:  # grows while it is read
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            found += [int(child) for child in _read(children).split()]
    return found


def resident(pid: int) -> int:
    """Return the bytes that a process holds, shared ones too; 0 where it has ended."""
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * PAGE if fields else 0


def most_resident(pid: int) -> int:
    """Return the bytes that a process has held at most so far; 0 where it has ended."""
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def proportional(pid: int) -> int:
    """Return the bytes that a process holds, its part of shared ones; 0 where it has ended."""
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except OSError:  # ended meanwhile, another user's, or a system without /proc
        return ""
