from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from striate.backends.precision import FLOAT32, Budget
from striate.backends.thread_timing import LEAST, measure_threads
from striate.backends.threads import use_threads

VALUES, LABELS = torch.rand(4, 3, 8, 8), torch.zeros(4, dtype=torch.int64)


class Waiting(nn.Module):
    """Takes so many seconds by number of threads, and counts its steps."""

    def __init__(self, seconds: dict[int, float], steps: list[int]) -> None:
        super().__init__()
        self.weight, self.seconds, self.steps = nn.Parameter(torch.zeros(2)), seconds, steps

    def __deepcopy__(self, memo: object) -> Waiting:
        return Waiting(self.seconds, self.steps)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        number = torch.get_num_threads()
        self.steps.append(number)
        time.sleep(self.seconds[number])
        return values.flatten(1)[:, :2] + self.weight


def measured(seconds: dict[int, float], *, step: float = 1e-3, run: float = 1e9) -> list[int]:
    """Give the numbers of threads that were timed, out of 4, and found worth it."""
    budget = Budget(images=0, seconds=run)
    module = Waiting(seconds, [])
    with use_threads(4):
        found = measure_threads(module, VALUES, LABELS, way=FLOAT32, step=step, budget=budget)
        assert torch.get_num_threads() == 4
    assert all(value >= seconds[number] for number, value in found.items())
    return list(found)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({4: 0.09, 2: 0.05, 1: 0.01}, [4, 2, 1]),
        ({4: 0.09, 2: 0.03, 1: 0.09}, [4, 2]),
        ({4: 0.03, 2: 0.09, 1: 0.01}, [4]),
    ],
)
def test_threads_are_halved_only_while_that_is_faster(
    seconds: dict[int, float], expected: list[int]
) -> None:
    assert measured(seconds) == expected


def test_where_steps_are_long_and_time_is_short_none_are_tried() -> None:
    assert measured({4: 0.05, 2: 0.01, 1: 0.01}, step=2 * LEAST, run=1e-9) == []
    assert measured({4: 0.05, 2: 0.01, 1: 0.01}, step=2 * LEAST) == [4, 2]


def test_short_steps_are_tried_in_any_case() -> None:
    assert measured({4: 0.12, 2: 0.04, 1: 0.01}, run=1e-9) == [4, 2, 1]
