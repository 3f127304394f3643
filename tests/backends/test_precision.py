import copy

import pytest
import torch
from torch import nn

from striate.backends.precision import WAYS, Precision, fastest, fixed, measure
from striate.errors import SettingError


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout()
    ).eval()


def test_measuring_leaves_the_network_as_it_was() -> None:
    module = network()
    before = copy.deepcopy(module.state_dict())
    times = measure(module, torch.rand(4, 3, 8, 8), torch.zeros(4, dtype=torch.int64))
    assert list(times) == list(WAYS)
    assert all(value > 0 for value in times.values())
    assert not module.training
    assert all(parameter.grad is None for parameter in module.parameters())
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_way_must_be_clearly_faster_to_be_taken() -> None:
    first, second, third = WAYS
    assert fastest({first: 1.0, second: 1.2, third: 1.5}) == first
    assert fastest({first: 1.0, second: 0.99, third: 0.5}) == third
    assert fastest({first: 1.0, second: 0.5, third: 0.48}) == second


@pytest.mark.parametrize("way", WAYS)
def test_every_way_can_be_asked_for(way: Precision) -> None:
    assert fixed(str(way).replace(" ", "-")) == way
    assert way.fabric in ("32-true", "bf16-mixed")


def test_an_unknown_way_is_refused_with_the_choice() -> None:
    with pytest.raises(SettingError, match="auto, float32, bf16"):
        fixed("int8")
