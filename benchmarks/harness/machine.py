"""The machine that a benchmark ran on, and the fastest it can multiply."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

from benchmarks.harness.process import run

BUSY = 0.5  # load, in processes that want to run, from which a machine is not called quiet
LIMIT = 60.0  # seconds for looking at the machine: what has not been measured by then is not


@dataclass(frozen=True)
class Machine:
    """What the figures of a benchmark hold for.

    Attributes:
        description: processor, cores, memory, system, as one line.
        versions: of Python and the packages that Striate stands on.
        float32: billions of operations a second in the largest product of float32 matrices; None
            where it was not measured.
        bf16: the same for bf16; None where the processor has none.
        load: processes that wanted to run, on average over the minute before the start.
        kind: "gpu", "bf16", "avx512", "avx2" or "other" (`kind.Kind`).
        emulated: whether its processor can do more and was told not to.
    """

    description: str
    versions: dict[str, str]
    float32: float | None
    bf16: float | None
    load: float
    kind: str
    emulated: bool = False

    def sentences(self) -> list[str]:
        """Say it for people."""
        quiet = "" if self.load < BUSY else ": not a quiet machine, so read ratios, not times"
        named = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        peaks = {"float32": self.float32, "bf16": self.bf16}
        rates = [f"{rate:,.0f} GFLOP/s in {name}" for name, rate in peaks.items() if rate]
        return [
            f"{self.name}. {named}.",
            f"Product of two large matrices: {', '.join(rates) or 'not measured'}. "
            f"Load before the start: {self.load:.1f}{quiet}.",
        ]

    @property
    def name(self) -> str:
        """The processor's line, and whether it stands in for a lesser one."""
        start = "AVX2 emulated on " if self.emulated else ""
        return start + self.description


def look() -> Machine:
    """Describe this machine and measure its peak, in a process of its own, within a minute."""
    load = os.getloadavg()[0]
    told = run([sys.executable, "-m", "benchmarks.harness.peak"], limit=LIMIT).told
    return Machine(
        _line(told),
        told["versions"],
        told["float32"],
        told["bf16"],
        load,
        kind_by_peaks(told["kind"], told["float32"], told["bf16"]),
        told["emulated"],
    )


def kind_by_peaks(kind: str, float32: float | None, bf16: float | None) -> str:
    """Count a processor whose bf16 is no faster than its float32 among those without.

    Such is a Xeon whose matrix unit is not handed on to the virtual machine.

    >>> kind_by_peaks("bf16", 271.0, 166.0), kind_by_peaks("bf16", 180.0, 380.0)
    ('avx512', 'bf16')
    """
    slower = kind == "bf16" and float32 is not None and bf16 is not None and bf16 <= float32
    return "avx512" if slower else kind


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
