"""How many processor cores there are for this process, and how many others keep busy."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")  # where Linux says what a container may use
DECODERS = 8  # of images, at once; more were not tried
TICKS = Path("/proc/stat")  # where it says what all programs together have used


def count_cores(groups: Path = GROUPS) -> int:
    """Return how many cores this process may use, a container's share of them counted.

    Args:
        groups: the folder of control groups, as version 2 or 1 of them lays it out.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html, cpu.max.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = (os.cpu_count() or 1) if affinity is None else len(affinity(0))
    for limit in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((groups / name).read_text("utf-8") for name in limit).split()
            if int(quota) > 0:
                cores = min(cores, max(1, round(int(quota) / int(period))))
        except (OSError, ValueError):  # no such limit, or "max": none is set
            continue
    return cores


def count_decoders() -> int:
    """Return how many threads decode images at once: one a core, and at most `DECODERS`."""
    return min(DECODERS, count_cores())


class OtherWork:
    """Finds out how many cores other programs keep busy, from its making on.

    What a virtual machine's host takes for its other guests counts too.
    """

    def __init__(self) -> None:
        self._begun, self._busy, self._own = time.perf_counter(), _busy(), _own()

    def seconds(self) -> float:
        """Return the time since its making."""
        return time.perf_counter() - self._begun

    def cores(self) -> float | None:
        """Return the number of cores, on average; None where the system does not say."""
        seconds = self.seconds()
        now = _busy()
        if now is None or self._busy is None or seconds <= 0:
            return None
        return max(0.0, (now - self._busy - (_own() - self._own)) / seconds)

    def crowds(self, threads: int) -> bool:
        """Say whether others leave fewer cores than so many threads need."""
        others = self.cores()
        return others is not None and (os.cpu_count() or 1) - others < threads - SLACK


SLACK = 0.4  # cores that a desktop or a shared host keeps busy without being in the way


def _busy() -> float | None:
    """Return the seconds of work of all cores since the system started."""
    if sys.platform != "win32":
        with suppress(OSError, ValueError):
            first = TICKS.read_text("utf-8").split("\n", 1)[0].split()
            user, nice, system, _, _, interrupts, soft, stolen = map(int, first[1:9])
            ticks = user + nice + system + interrupts + soft + stolen
            return ticks / os.sysconf("SC_CLK_TCK")
    return None


def _own() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
