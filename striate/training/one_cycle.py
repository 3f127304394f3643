"""The learning rate through a run, and how long the run will take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from striate.events import Progress
from striate.training.state import State

WARM = 0.25  # share of a cycle in which the learning rate rises


@dataclass(frozen=True)
class Cycle:
    """One rise and fall of the learning rate, bound by epochs or by minutes.

    Attributes:
        first: epochs that were done before it.
        epochs: how many it has; 0 where minutes bound it.
        minutes: how long it may take, counted from ``begun``; 0 where epochs bound it.
        begun: seconds of the run that had passed before it.
        peak: the highest learning rate.
    """

    first: int
    epochs: int
    minutes: float
    begun: float
    peak: float

    def rate(self, fraction: float) -> float:
        """Give the learning rate at a fraction of the cycle, 0 to 1.

        It rises to the peak along a cosine, and falls along one to a thousandth. Source: the
        one-cycle policy of Smith and Topin 2018, https://arxiv.org/abs/1708.07120.

        >>> cycle = Cycle(first=0, epochs=10, minutes=0, begun=0, peak=0.01)
        >>> [round(cycle.rate(x), 5) for x in (0, 0.25, 0.625, 1)]
        [0.0005, 0.01, 0.005, 1e-05]
        """
        if fraction < WARM:
            low, high, along = self.peak / 20, self.peak, fraction / WARM
        else:
            low, high, along = self.peak, self.peak / 1000, (fraction - WARM) / (1 - WARM)
        return high + (low - high) * (1 + math.cos(math.pi * min(1.0, along))) / 2


class Clock:
    """How far a run is, how fast it goes and how long it will take."""

    def __init__(
        self,
        state: State,
        cycle: Cycle,
        *,
        steps: int,
        training: int,
        validation: int,
        agree: Callable[[float], float] = float,
    ) -> None:
        self._state, self._cycle, self._steps = state, cycle, steps
        self._agree = agree  # gives the first process's time to all
        self._training, self._validation = training, validation
        self._seconds_before, self._begun = state.seconds, time.perf_counter()
        self._mark, self._mark_epoch = self._begun, self._begun
        self._stepping = 0.0  # seconds in this epoch's steps, in this process
        self._stepped = 0.0  # images of this epoch, in this process
        self._validating: float | None = None

    def fraction(self) -> float:
        """Give the share of the cycle that is done, 0 to 1."""
        state, cycle = self._state, self._cycle
        if cycle.epochs:
            done = (state.epoch - cycle.first) * self._steps + state.step
            return min(1.0, done / (cycle.epochs * self._steps))
        self._tick()
        return self._agree(min(1.0, (state.seconds - cycle.begun) / (60 * cycle.minutes)))

    def over(self) -> bool:
        """Say whether the cycle is over."""
        return self.fraction() >= 1

    def progress(self) -> Progress:
        """Report after a step."""
        self._tick()
        now = time.perf_counter()
        self._stepping += now - self._mark
        self._mark = now
        state, cycle = self._state, self._cycle
        # not the batch size: that leaves out the rest of an epoch, 2.5 % of 244 images in 7 steps
        self._stepped += self._training / self._steps
        rate = self._stepped / max(self._stepping, 1e-9)
        return Progress(
            "training",
            state.count,
            self._training,
            rate,
            self._left(rate),
            state.epoch + 1,
            cycle.first + cycle.epochs if cycle.epochs else 0,
            state.loss_sum / state.count,
        )

    def epoch(self) -> dict[str, float]:
        """Give the speed and the times of the epoch that has just been validated."""
        self._tick()
        now = time.perf_counter()
        self._validating = now - self._mark
        rate = self._stepped / max(self._stepping, 1e-9)
        values = {
            "images_per_second": rate,
            "seconds": now - self._mark_epoch,
            "seconds_left": self._left(rate),
        }
        self._mark = self._mark_epoch = now
        self._stepping, self._stepped = 0.0, 0.0
        return values

    def _left(self, rate: float) -> float:
        """Estimate the seconds the rest of the run takes, validation included."""
        state, cycle = self._state, self._cycle
        if not cycle.epochs:
            return max(0.0, 60 * cycle.minutes - (state.seconds - cycle.begun))
        if not rate:  # taken up at the end of an epoch: go by the run so far
            done = max(self.fraction(), 1e-9)
            return state.seconds * (1 - done) / done
        epochs = cycle.first + cycle.epochs - state.epoch
        validating = self._validating
        if validating is None:  # about a third of training, which also runs backward
            validating = self._validation / (3 * rate)
        return (epochs * self._training - state.count) / rate + epochs * validating

    def _tick(self) -> None:
        self._state.seconds = self._seconds_before + time.perf_counter() - self._begun
