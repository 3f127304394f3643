from __future__ import annotations

import torch
from torch import nn

from striate.backends.precision import WAYS, Budget
from striate.backends.threads import measure_threads, use_threads


def plenty() -> Budget:
    return Budget(images=0, seconds=1e9)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout()
    ).eval()


def test_threads_are_halved_only_while_that_is_faster() -> None:
    values, labels = torch.rand(4, 3, 8, 8), torch.zeros(4, dtype=torch.int64)
    with use_threads(2):
        seconds = measure_threads(
            network(), values, labels, way=WAYS[0], first=0.9, budget=plenty()
        )  # slow
        assert torch.get_num_threads() == 2
    assert list(seconds) == [2, 1]
    assert seconds[1] < seconds[2] == 0.9
    with use_threads(2):
        assert measure_threads(
            network(), values, labels, way=WAYS[0], first=1e-9, budget=plenty()
        ) == {2: 1e-9}


def test_without_time_none_are_tried() -> None:
    values, labels = torch.rand(4, 3, 8, 8), torch.zeros(4, dtype=torch.int64)
    with use_threads(2):
        none = Budget(images=0, seconds=1e-9)
        way = WAYS[0]
        assert measure_threads(network(), values, labels, way=way, first=0.9, budget=none) == {
            2: 0.9
        }


def test_one_thread_cannot_be_halved() -> None:
    values, labels = torch.rand(4, 3, 8, 8), torch.zeros(4, dtype=torch.int64)
    with use_threads(1):
        assert list(
            measure_threads(network(), values, labels, way=WAYS[0], first=0.9, budget=plenty())
        ) == [1]
