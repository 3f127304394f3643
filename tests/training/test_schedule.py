import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from striate.training.one_cycle import WARM, Clock, Cycle
from striate.training.state import State


def cycle(epochs: int = 4, minutes: float = 0.0, first: int = 0) -> Cycle:
    return Cycle(first=first, epochs=epochs, minutes=minutes, begun=0.0, peak=0.01)


def state() -> State:
    module = torch.nn.Linear(2, 2)
    return State(module, torch.optim.AdamW(module.parameters()))


@given(st.floats(0, 1))
def test_the_rate_stays_between_its_ends_and_its_peak(fraction: float) -> None:
    assert 0.01 / 1000 <= cycle().rate(fraction) <= 0.01 + 1e-12


def test_the_rate_rises_then_falls_without_a_jump() -> None:
    rates = [cycle().rate(step / 1000) for step in range(1001)]
    peak = int(1000 * WARM)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert max(abs(b - a) for a, b in zip(rates, rates[1:], strict=False)) < 1e-4
    assert rates[peak] == pytest.approx(0.01)


def test_a_cycle_of_epochs_is_over_after_its_last_step() -> None:
    now = state()
    clock = Clock(now, cycle(epochs=2), steps=5, training=50, validation=10)
    now.epoch, now.step = 1, 4
    assert clock.fraction() == pytest.approx(0.9)
    assert not clock.over()
    now.epoch, now.step = 2, 0
    assert clock.over()


def test_an_extension_begins_at_its_own_start() -> None:
    now = state()
    now.epoch = 6
    clock = Clock(now, cycle(epochs=4, first=5), steps=5, training=50, validation=10)
    assert clock.fraction() == pytest.approx(0.25)


def test_minutes_end_a_cycle_whatever_the_steps() -> None:
    now = state()
    now.seconds = 59.0
    clock = Clock(now, cycle(epochs=0, minutes=1.0), steps=5, training=50, validation=10)
    assert 59 / 60 <= clock.fraction() < 1
    now.seconds = 61.0
    late = Clock(now, cycle(epochs=0, minutes=1.0), steps=5, training=50, validation=10)
    assert late.over()


def test_progress_tells_the_time_left_of_the_whole_run() -> None:
    now = state()
    clock = Clock(now, cycle(epochs=3), steps=5, training=50, validation=10)
    now.step, now.count, now.loss_sum = 1, 10, 12.0
    told = clock.progress()
    assert told.epochs == 3
    assert told.loss == pytest.approx(1.2)
    assert told.seconds_left is not None
    assert math.isclose(told.seconds_left, 140 / told.rate + 3 * 10 / (3 * told.rate))
