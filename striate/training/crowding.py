"""Other programs that take processor cores from a training: noticed, said, and made way for."""

from __future__ import annotations

import os
import sys

import torch

from striate.data import OtherWork
from striate.events import Epoch
from striate.training.plan import Plan
from striate.training.state import State

SECONDS = 1.0  # that are looked back on, at least
LONG = 300.0  # seconds of an epoch that would be too much to lose by trying
PAUSE = 5  # looks after fewer threads were no faster, before they are tried again
HINT = (
    "; its threads wait for each other by spinning, which costs most of the speed then: set "
    "GOMP_SPINCOUNT=3000 before Python starts, as the command striate does"
)


class Crowding:
    """Changes the number of CPU threads between epochs, where other programs need the cores.

    Beside them the threads of a step wait for each other: half as many are tried for an epoch, and
    kept where that was faster. When the others are gone, all are used again. On a GPU and in
    several processes nothing is done.

    Args:
        plan: of the run.
        state: whose number of threads is followed, and set.
        fixed: whether the user has set the number; then it stays, and all is said only.
    """

    def __init__(self, plan: Plan, state: State, *, fixed: bool) -> None:
        alone = plan.device == "cpu" and plan.world_size == 1
        self._most = plan.threads if alone else 0
        self._fixed = fixed
        self._work = OtherWork()
        self._before: tuple[float, int] | None = None  # the rate that fewer threads are to beat
        self._pause = 0
        self._told = False
        if alone and not fixed and state.threads:
            torch.set_num_threads(state.threads)

    def after_epoch(self, epoch: Epoch, state: State) -> tuple[str, ...]:
        """Set the threads of the next epoch; return what is to be said, once a run."""
        if not self._most or self._work.seconds() < SECONDS:
            return ()
        crowded, cores = self._work.crowds(self._most), self._work.cores()
        self._work = OtherWork()
        if not self._fixed:
            number = self._choose(epoch, torch.get_num_threads(), crowded=crowded)
            torch.set_num_threads(number)
            state.threads = 0 if number == self._most else number
        if not crowded or self._told:
            return ()
        self._told = True
        spins = not any(name in os.environ for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"))
        busy = f"other programs keep {cores:.1f} processor cores busy: training is slower"
        way = "" if self._fixed else ", and may take fewer CPU threads (epochs.jsonl has them)"
        return (busy + way + (HINT if spins and sys.platform == "linux" else ""),)

    def _choose(self, epoch: Epoch, now: int, *, crowded: bool) -> int:
        """Return the threads of the next epoch, by how fast the last one was."""
        before, self._before = self._before, None
        rate = epoch.images_per_second
        if not crowded:
            return self._most
        if before is not None and rate <= before[0]:
            self._pause = PAUSE
            return before[1]
        if self._pause:
            self._pause -= 1
        elif now > 1 and epoch.seconds < LONG:
            self._before = (rate, now)
            return now // 2
        return now
