"""How much memory this process has held at most, for scripts that the tests start.

On Linux getrusage is no use for this: a child begins with the peak of the process that started
it. The kernel's own figure of the memory in use begins anew.
"""

from __future__ import annotations

import sys
from pathlib import Path


def peak_bytes() -> int:
    """Give the most bytes this process has held in memory."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    if sys.platform == "win32":
        import psutil

        peak: int = psutil.Process().memory_info().peak_wset
        return peak
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
