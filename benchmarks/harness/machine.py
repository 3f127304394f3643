"""The machine that a benchmark ran on, and the fastest it can multiply."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

from benchmarks.harness.process import run

BUSY = 0.5  # load, in processes that want to run, from which a machine is not called quiet


@dataclass(frozen=True)
class Machine:
    """What the figures of a benchmark hold for.

    Attributes:
        description: processor, cores, memory, system, as one line.
        versions: of Python and the packages that Striate stands on.
        float32: billions of operations a second in the largest product of float32 matrices.
        bf16: the same for bf16.
        load: processes that wanted to run, on average over the minute before the start.
    """

    description: str
    versions: dict[str, str]
    float32: float
    bf16: float
    load: float

    def sentences(self) -> list[str]:
        """Say it for people."""
        quiet = "" if self.load < BUSY else ": not a quiet machine, so read ratios, not times"
        named = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return [
            f"{self.description}. {named}.",
            f"Product of two matrices of 4,096 x 4,096: {self.float32:,.0f} GFLOP/s in float32, "
            f"{self.bf16:,.0f} in bf16. Load before the start: {self.load:.1f}{quiet}.",
        ]


def look() -> Machine:
    """Describe this machine and measure its peak, in a process of its own."""
    load = os.getloadavg()[0]
    told = run([sys.executable, "-m", "benchmarks.harness.peak"]).told
    return Machine(_line(told), told["versions"], told["float32"], told["bf16"], load)


def _line(machine: dict[str, Any]) -> str:
    """Write the machine in one line.

    >>> _line({"processor": "AMD EPYC", "cores": 2, "system": "Linux", "gpus": []})[:17]
    'AMD EPYC, 2 cores'
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    gpus = "".join(f", {name}" for name in machine["gpus"])
    return (
        f"{machine['processor']}, {machine['cores']} cores, {memory:.0f} GiB, "
        f"{machine['system'].partition('-')[0]}{gpus}"
    )
