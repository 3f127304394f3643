"""The networks of the zoo that have gates or layer normalisation, beside torchvision's.

The same random weights in, the same numbers out in float64; parameters and multiply-accumulates
are those that torch counts.
"""

from __future__ import annotations

import pytest
import torch
import torchvision_oracle
from thoroughness import slow_if
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.backends.torch import Net, build

# parameters as torchvision's model pages have them
NETWORKS = {
    "efficientnet_b0": 5_288_548,
    "mobilenet_v3_large": 5_483_032,
    "mobilenet_v3_small": 2_542_856,
    "convnext_tiny": 28_589_128,
    "regnet_y_400mf": 4_344_144,
}
SIDES = {"convnext_tiny": 64}
HEAVY = {"convnext_tiny"}


def stirred(name: str) -> Net:
    """A network in float64 of which no number is as it starts."""
    side = SIDES.get(name, 75)  # odd, so that strided windows meet the edges in both ways
    module = build(name, input=(3, side, side), seed=1).double().eval()
    generator = torch.Generator().manual_seed(2)
    for key, value in module.state_dict().items():
        if key.endswith("running_var") or (value.ndim == 1 and key.endswith("weight")):
            value.uniform_(0.5, 1.5, generator=generator)
        elif value.ndim == 1:
            value.uniform_(-0.2, 0.2, generator=generator)
    return module


def in_our_order(names: list[str]) -> list[str]:
    """torchvision's weights in the order of running: layer scales stand before their blocks."""
    ordered = [name for name in names if not name.endswith("layer_scale")]
    for scale in set(names) - set(ordered):
        block = scale.removesuffix("layer_scale")
        last = max(at for at, name in enumerate(ordered) if name.startswith(block))
        ordered.insert(last + 1, scale)
    return ordered


def with_the_weights_of(ours: Net, theirs: nn.Module) -> nn.Module:
    """Put our weights into torchvision's network; its full connections are our 1x1 convolutions."""
    shapes = {name: value.shape for name, value in theirs.state_dict().items()}
    known = [name for name in shapes if not name.endswith("num_batches_tracked")]
    own = [v for k, v in ours.state_dict().items() if not k.endswith("num_batches_tracked")]
    pairs = zip(in_our_order(known), own, strict=True)
    state = {name: value.reshape(shapes[name]) for name, value in pairs}
    theirs.load_state_dict(state, strict=False)
    return theirs


def numbers(module: nn.Module, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return module(x)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", slow_if(NETWORKS, HEAVY))
def test_the_same_weights_give_torchvision_s_numbers(name: str) -> None:
    ours = stirred(name)
    theirs = with_the_weights_of(ours, torchvision_oracle.model(name).double().eval())
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, *ours.plan.input, generator=generator, dtype=torch.float64)
    expected = numbers(theirs, x)
    assert expected.std() > 0.01  # the numbers say something
    torch.testing.assert_close(numbers(ours, x), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", NETWORKS)
def test_they_cost_what_torch_counts(name: str) -> None:
    theirs = torchvision_oracle.model(name).eval().to("meta")
    table = summary(name)
    assert table.parameters == sum(each.numel() for each in theirs.parameters()) == NETWORKS[name]
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        theirs(torch.zeros(1, *table.input, device="meta"))
    assert table.macs * 2 == counter.get_total_flops()


@pytest.mark.parametrize("name", NETWORKS)
def test_paths_are_dropped_as_often_as_in_torchvision(name: str) -> None:
    """Where nothing is added, a dropped path is no more than a constant there."""
    theirs = torchvision_oracle.model(name)
    ours = [row.text.partition(" ")[2] for row in summary(name).layers if row.kind == "droppath"]
    rates = [
        drop.p
        for part in theirs.modules()
        for drop in [getattr(part, "stochastic_depth", None)]
        if drop is not None and getattr(part, "use_res_connect", True)
    ]
    assert [float(rate) for rate in ours] == pytest.approx(rates, abs=5e-4)


def test_a_gate_is_no_part_of_the_receptive_field() -> None:
    """Without its gates the network sees the same, and of a gated map that is said."""
    gated = summary("efficientnet_b0")
    text = zoo.text("efficientnet_b0")
    plain = summary(text.replace(" > excite(24)", "").replace(" > excite(4)", ""))
    assert (gated.receptive_field, plain.receptive_field) == (851, 851)
    tables = (gated, plain)
    before = [[row for row in t.layers if row.stride is not None][-1] for t in tables]
    assert before[0].start == before[1].start
    assert [row.gated for row in before] == [True, False]
