from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from striate.architecture.notation import expand
from striate.architecture.notation.followers import what_follows
from striate.architecture.words import LeakyRelu, Prelu, Relu, Relu6, Sigmoid, Tanh
from striate.backends.torch import build
from striate.backends.torch.initialisation import draw


def drawn(shape: tuple[int, ...], follower: object, groups: int = 1) -> Tensor:
    weight = torch.empty(shape)
    generator = torch.Generator().manual_seed(1)
    draw(weight, follower, generator=generator, groups=groups)  # type: ignore[arg-type]
    return weight


@pytest.mark.parametrize(
    ("follower", "slope"),
    [(Relu(), 0.0), (Relu6(), 0.0), (LeakyRelu(0.2), 0.2), (Prelu(), 0.25)],
    ids=str,
)
def test_he_before_relu_and_its_kin(follower: object, slope: float) -> None:
    """As torch.nn.init has it, and normal: a 36864-sample has its deviation within 1.5 %."""
    weight = drawn((128, 32, 3, 3), follower)
    expected = nn.init.calculate_gain("leaky_relu", slope) / math.sqrt(32 * 9)
    assert float(weight.std()) == pytest.approx(expected, rel=0.015)
    assert abs(float(weight.mean())) < 4 * expected / math.sqrt(weight.numel())
    within_one = float((weight.abs() < expected).float().mean())
    assert within_one == pytest.approx(0.6827, abs=0.01)  # of a normal distribution


@pytest.mark.parametrize("follower", [Tanh(), Sigmoid(), None], ids=str)
def test_glorot_before_tanh_sigmoid_and_at_the_end(follower: object) -> None:
    weight = drawn((300, 200), follower)
    bound = math.sqrt(6 / (200 + 300))
    assert float(weight.abs().max()) <= bound
    assert float(weight.abs().max()) > 0.999 * bound
    assert float(weight.std()) == pytest.approx(bound / math.sqrt(3), rel=0.01)  # of a uniform
    oracle = nn.init.xavier_uniform_(torch.empty(300, 200))
    assert float(weight.std()) == pytest.approx(float(oracle.std()), rel=0.02)


def test_groups_divide_what_a_unit_reads_and_who_reads_it() -> None:
    """Depthwise 3x3: 9 numbers in, each read by 9 units."""
    weight = drawn((512, 1, 3, 3), None, groups=512)
    assert float(weight.abs().max()) == pytest.approx(math.sqrt(6 / (9 + 9)), rel=0.01)


def test_variance_survives_thirty_relu_layers() -> None:
    module = build("input 16x12x12 > [conv 5x5 16 padmode=edge > relu]*30", seed=3)
    with torch.no_grad():
        out = module(torch.randn(8, 16, 12, 12, generator=torch.Generator().manual_seed(0)))
    assert 1e-3 < float(out.square().mean()) < 1e3


@pytest.mark.parametrize(
    ("text", "follows"),
    [
        ("conv 4 > relu", ["relu"]),
        ("conv 4 > bn > maxpool 2 > dropout 0.1 > tanh", ["tanh"]),
        ("conv 4 > conv 4 > leakyrelu 0.3", ["conv 3x3 4", "leakyrelu 0.3"]),
        ("conv 4 > add(identity | conv 4) > relu", ["relu", "relu"]),
        ("conv 4 > cat(conv 1 > tanh | conv 1 > relu)", ["conv 3x3 1", "tanh", "relu"]),
        ("flatten > fc 3 > sigmoid > fc 2 > softmax", ["sigmoid", "softmax"]),
        ("flatten > fc 3", ["None"]),
    ],
)
def test_the_activation_that_follows_is_found_through_what_lies_between(
    text: str, follows: list[str]
) -> None:
    plan = expand(f"input 1x8x8 > {text}")
    found = what_follows(plan)
    assert [str(found[s.address]) for s in plan.layers() if s.address in found] == follows


def test_the_end_of_a_block_does_not_hide_what_follows() -> None:
    found = what_follows(expand("unit(c) = conv c > bn\ninput 1x8x8 > unit(4) > relu6"))
    assert {address: str(layer) for address, layer in found.items()} == {"unit1.conv1": "relu6"}


def test_biases_and_bn_start_plain() -> None:
    state = build("input 1x8x8 > conv 4 > bn > prelu > flatten > fc 3").state_dict()
    assert torch.equal(state["conv1.bias"], torch.zeros(4))
    assert torch.equal(state["fc1.bias"], torch.zeros(3))
    assert torch.equal(state["bn1.weight"], torch.ones(4))
    assert torch.equal(state["bn1.bias"], torch.zeros(4))
    assert torch.equal(state["prelu1.weight"], torch.full((4,), 0.25))


def test_the_seed_alone_decides_and_the_global_random_state_stays() -> None:
    text = "input 1x8x8 > conv 4 > bn > prelu > flatten > fc 3"
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = build(text, seed=1).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    again, other = build(text, seed=1).state_dict(), build(text, seed=2).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_without_a_seed_all_weights_are_zero() -> None:
    state = build("input 1x8x8 > conv 4 > flatten > fc 3", seed=None).state_dict()
    assert all(float(value.abs().sum()) == 0 for value in state.values())
