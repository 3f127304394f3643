from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from striate.backends import thread_timing
from striate.backends.precision import FLOAT32, Budget, Precision, Trial
from striate.backends.thread_timing import LEAST, measure_threads
from striate.backends.threads import use_threads

VALUES, LABELS = torch.rand(4, 3, 8, 8), torch.zeros(4, dtype=torch.int64)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Give what gives the numbers of threads that are timed, out of 4, and found worth it."""

    def measure(seconds: dict[int, float], *, step: float = 1e-3, run: float = 1e9) -> list[int]:
        def make_trial(module: nn.Module, way: Precision) -> Trial:
            return lambda values, labels: seconds[torch.get_num_threads()]

        monkeypatch.setattr(thread_timing, "make_trial", make_trial)
        budget = Budget(images=0, seconds=run)
        with use_threads(4):
            found = measure_threads(
                nn.Flatten(), VALUES, LABELS, way=FLOAT32, step=step, budget=budget
            )
            assert torch.get_num_threads() == 4
        assert found == {number: seconds[number] for number in found}
        return list(found)

    return measure


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({4: 0.09, 2: 0.05, 1: 0.01}, [4, 2, 1]),
        ({4: 0.09, 2: 0.03, 1: 0.09}, [4, 2]),
        ({4: 0.09, 2: 0.09, 1: 0.2}, [4, 2]),
        ({4: 0.03, 2: 0.09, 1: 0.01}, [4]),
    ],
)
def test_threads_are_halved_while_that_is_not_slower(
    measured: Callable[..., list[int]], seconds: dict[int, float], expected: list[int]
) -> None:
    assert measured(seconds) == expected


def test_where_steps_are_long_and_time_is_short_none_are_tried(
    measured: Callable[..., list[int]],
) -> None:
    assert measured({4: 0.05, 2: 0.01, 1: 0.03}, step=2 * LEAST, run=1e-9) == []
    assert measured({4: 0.05, 2: 0.01, 1: 0.03}, step=2 * LEAST) == [4, 2]


def test_short_steps_are_tried_in_any_case(measured: Callable[..., list[int]]) -> None:
    assert measured({4: 0.12, 2: 0.04, 1: 0.01}, run=1e-9) == [4, 2, 1]
