"""What passes through a network is recorded as it was, and the network is left as found."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.backends.torch import build
from striate.errors import NotationError, SettingError
from striate.explanation.hooks import find_layer, frozen, gradients_of, record

TEXT = """
unit(c) = conv c > bn > relu
input 1x6x6 classes=3
unit(4) > add(conv 4 | identity) > maxpool 2 > gap > flatten > dropout 0.5 > fc
"""


class InPlace(nn.Module):
    """What is recorded here, later steps overwrite."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.again = nn.Conv2d(2, 2, 3, padding=1)
        self.end = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = x.sub_(0.5)
        x = self.relu(self.conv(x))
        y = self.again(x)
        y += x
        return self.end(self.relu(y).mean((2, 3)))  # type: ignore[no-any-return]


def state_of(module: nn.Module) -> tuple[list[bool], list[bool], list[Tensor | None], int]:
    return (
        [part.training for part in module.modules()],
        [parameter.requires_grad for parameter in module.parameters()],
        [parameter.grad for parameter in module.parameters()],
        sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules()),
    )


def test_the_network_is_left_as_it_was_found() -> None:
    module = build(TEXT)
    module.get_submodule("unit1.bn1").eval()
    module.get_parameter("fc1.weight").requires_grad_(False)
    module(torch.rand(4, 1, 6, 6)).sum().backward()
    before = state_of(module)
    weights = copy.deepcopy(module.state_dict())
    passed = record(module, torch.rand(2, 1, 6, 6), gradients=True)
    gradients_of(passed.output[:, 0], [passed.input])
    assert state_of(module) == before
    after = module.state_dict()
    assert all(torch.equal(weights[name], after[name]) for name in weights)


def test_it_is_left_as_found_after_an_error_within_the_pass() -> None:
    class Failing(InPlace):
        def forward(self, x: Tensor) -> Tensor:
            super().forward(x)
            raise ValueError("no")

    module = Failing()
    before = state_of(module)
    with pytest.raises(ValueError, match="no"):
        record(module, torch.rand(1, 1, 4, 4))
    assert state_of(module) == before
    with pytest.raises(ValueError, match="no"), frozen(module):
        raise ValueError("no")
    assert state_of(module) == before


def test_what_is_recorded_equals_a_pass_by_hand() -> None:
    module = build(TEXT).eval()
    values = torch.rand(2, 1, 6, 6)
    passed = record(module, values)
    weight, bias = (module.get_parameter(f"unit1.conv1.{name}") for name in ("weight", "bias"))
    conv = functional.conv2d(values, weight, bias, padding=1)
    assert torch.equal(passed["unit1.conv1"].output, conv)
    assert torch.equal(passed["unit1.bn1"].inputs[0], conv)
    assert len(passed["add1"].inputs) == 2
    assert torch.equal(passed.output, module(values))
    assert [call.name for call in passed.calls][:3] == [
        "unit1.conv1",
        "unit1.bn1",
        "unit1.relu1",
    ]


@pytest.mark.parametrize("gradients", [False, True])
def test_what_is_overwritten_later_is_kept_as_it_was(gradients: bool) -> None:
    module = InPlace().eval()
    values = torch.rand(1, 1, 4, 4)
    passed = record(module, values, gradients=gradients)
    conv = module.conv(values - 0.5).detach()
    relu = conv.relu()
    again = module.again(relu).detach()
    assert torch.equal(passed.input.detach(), values)
    assert torch.equal(passed["conv"].output.detach(), conv)
    assert torch.equal(passed["relu#1"].inputs[0].detach(), conv)
    assert torch.equal(passed["relu#1"].output.detach(), relu)
    assert torch.equal(passed["again"].inputs[0].detach(), relu)
    assert torch.allclose(passed["relu#2"].inputs[0].detach(), relu + again)
    assert torch.equal(passed.output.detach(), module(values.clone()).detach())


def test_gradients_of_what_is_overwritten_are_those_of_the_same_network_in_plain_steps() -> None:
    module = InPlace().eval()
    values = torch.rand(1, 1, 4, 4)
    passed = record(module, values, ["conv", "again"], gradients=True)
    found = gradients_of(passed.output[:, 1], [passed.input, passed["again"].output])
    leaf = values.clone().requires_grad_()
    relu = module.conv(leaf - 0.5).relu()
    again = module.again(relu)
    end = module.end((relu + again).relu().mean((2, 3)))
    expected = torch.autograd.grad(end[:, 1].sum(), [leaf, again])
    for own, other in zip(found, expected, strict=True):
        torch.testing.assert_close(own, other)


def test_weights_get_no_gradient() -> None:
    module = build(TEXT)
    passed = record(module, torch.rand(1, 1, 6, 6), gradients=True)
    gradients_of(passed.output[:, 0], [passed.input])
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_layer_that_works_twice_is_refused_without_its_number() -> None:
    passed = record(InPlace(), torch.rand(1, 1, 4, 4))
    with pytest.raises(SettingError, match="'relu' works 2 times in a pass; say which: relu#1"):
        passed["relu"]


def test_unclear_and_unknown_layers_are_refused_with_the_choices() -> None:
    module = build(TEXT)
    assert find_layer(module, "gap") == "gap1"
    assert find_layer(module, "unit1.conv") == "unit1.conv1"
    with pytest.raises(NotationError, match="has no layer 'conv7'; it has"):
        find_layer(module, "conv7")
    plain = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU()))
    with pytest.raises(SettingError, match="the network has no layer 'relu'"):
        find_layer(plain, "relu")


def test_a_network_that_gives_no_tensor_is_refused() -> None:
    class Two(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x

    with pytest.raises(SettingError, match="the network gives tuple"):
        record(Two(), torch.rand(1, 1, 4, 4))
