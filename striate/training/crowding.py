"""Other programs that take processor cores from a training: noticed, and said once."""

from __future__ import annotations

import os
import sys

from striate.data import OtherWork
from striate.training.plan import Plan

HINT = (
    "; its threads wait for each other by spinning, which costs most of the speed then: set "
    "OMP_WAIT_POLICY=PASSIVE before Python starts, as the command striate does"
)


class Crowding:
    """Watches over a training on the CPU, in one process; elsewhere nothing is said."""

    def __init__(self, plan: Plan) -> None:
        self._threads = plan.threads if plan.device == "cpu" and plan.world_size == 1 else 0
        self._work = OtherWork()

    def after_epoch(self) -> tuple[str, ...]:
        """Return what is to be said of the time since the last call: nothing where all is well."""
        work, self._work = self._work, OtherWork()
        if not self._threads or not work.crowds(self._threads):
            return ()
        self._threads = 0  # once is enough
        spins = not any(name in os.environ for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"))
        busy = f"other programs keep {work.cores():.1f} processor cores busy: training is slower"
        return (busy + (HINT if spins and sys.platform == "linux" else ""),)
