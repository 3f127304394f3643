"""The arithmetic of an activation comes to the network's own number, for every word."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision_oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks_strategy import networks
from thoroughness import examples, slow_if
from torch import nn

from striate.architecture import zoo
from striate.architecture.notation import expand
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.hooks import LayerCall, record
from striate.explanation.unit_arithmetic import recompute_activation, recompute_call
from striate.model.classifier import Classifier
from striate.model.importing import import_classifier

SIDES = {
    "alexnet": 64,
    "alexnet2012": 67,
    "vgg11": 32,
    "vgg16": 32,
    "googlenet": 70,
    "googlenet2014": 70,
    "inception_v3": 107,
    "resnet18": 45,
    "resnet50": 45,
    "densenet121": 70,
    "squeezenet1_1": 70,
    "mobilenet_v2": 45,
}


def stirred(module: nn.Module, seed: int) -> nn.Module:
    """Give biases and statistics of batch normalisation that are not 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith("running_var") or (".bn" in f".{name}" and name.endswith("weight")):
                value.copy_(0.5 + torch.rand(value.shape, generator=generator))
            elif name.endswith(("bias", "running_mean")):
                value.copy_(torch.randn(value.shape, generator=generator) * 0.2)
    return module


def drawn_place(call: LayerCall, random: np.random.Generator) -> tuple[int, int, int]:
    shape = call.output.shape[1:]
    place = [int(random.integers(size)) for size in shape]
    return (place[0], *place[1:]) if len(place) == 3 else (place[0], -1, -1)  # type: ignore[return-value]


def disagreeing(calls: tuple[LayerCall, ...], count: int, seed: int) -> list[str]:
    """Take so many activations apart, each layer's turn by turn, and give those that are off."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(calls))
    wrong = []
    for number in range(count):
        call = calls[order[number % len(calls)]]
        step = recompute_call(call, *drawn_place(call, random))
        if not step.agrees or not math.isfinite(step.value):
            wrong.append(str(step))
    return wrong


@pytest.mark.parametrize("name", slow_if(zoo.names()))
def test_a_thousand_activations_of_the_zoo_equal_the_networks_own(name: str) -> None:
    """63 of each of the networks."""
    own = expand(zoo.text(name)).input
    side = SIDES.get(name)
    shape = own if side is None else (own[0], side, side)
    module = stirred(build(name, input=shape, seed=3), 4)
    values = torch.randn(1, *shape, generator=torch.Generator().manual_seed(5))
    calls = record(module, values).calls
    assert len(zoo.names()) * 63 >= 1000
    assert not disagreeing(calls, 63, seed=len(name))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.integers(0, 2**16))
def test_activations_of_random_networks_equal_the_networks_own(text: str, seed: int) -> None:
    plan = expand(text)
    module = stirred(build(plan, seed=seed), seed)
    values = torch.randn(1, *plan.input, generator=torch.Generator().manual_seed(seed))
    assert not disagreeing(record(module, values).calls, 20, seed)


def test_in_double_precision_they_are_equal_to_the_last_digits() -> None:
    text = (
        "input 2x9x9 classes=3 > conv 3x3 4 groups=2 stride=2 padmode=edge > bn > tanh > avgpool 2"
    )
    module = stirred(build(f"{text} pad=1 > lrn 3 > flatten > fc > softmax"), 1).double()
    calls = record(module, torch.randn(1, 2, 9, 9, dtype=torch.float64)).calls
    random = np.random.default_rng(0)
    for call in calls * 5:
        step = recompute_call(call, *drawn_place(call, random))
        assert step.value == pytest.approx(step.network_value, rel=1e-12, abs=1e-13)


def test_a_convolution_by_hand() -> None:
    """The worked example of the smile: the value at row 3, column 1 is 4."""
    rows = ["0000000", "0100010", "0000000", "0001000", "0100010", "0011100", "0000000"]
    image = torch.tensor([[[[float(digit) for digit in row] for row in rows]]])
    module = build("input 1x7x7 > conv 1 pad=valid > maxpool 2 ceil=yes")
    with torch.no_grad():
        module.get_parameter("conv1.weight").copy_(
            torch.tensor([[[[0.0, 0, 1], [1, 0, 0], [0, 1, 1]]]])
        )
        module.get_parameter("conv1.bias").fill_(0.5)
    passed = record(module, image)
    step = recompute_call(passed["conv1"], 0, 3, 1)
    assert step.value == 4.5
    assert step.terms.bias == 0.5
    assert sorted(step.terms.product.tolist()) == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    pool = recompute_call(passed["maxpool1"], 0, 1, 0)
    assert pool.value == 4.5
    won = int(np.flatnonzero(pool.terms.weight)[0])
    assert (pool.terms.row[won], pool.terms.column[won]) == (3, 1)


def test_padding_is_said_and_counts_nothing() -> None:
    module = build("input 1x4x4 > conv 1", seed=1)
    step = recompute_call(record(module, torch.ones(1, 1, 4, 4))["conv1"], 0, 0, 0)
    assert step.terms.padding is not None
    assert int(step.terms.padding.sum()) == 5
    assert (step.terms.value[step.terms.padding] == 0).all()
    assert (step.terms.row[:3] == -1).all()


def test_what_follows_a_layer_is_told_along() -> None:
    text = "unit(c) = conv c > bn > relu\ninput 3x8x8 classes=2 > unit(4) > gap > flatten > fc"
    model = Classifier(stirred(build(text), 1), text, ("a", "b"), Preprocess(3, 8, 8))
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    found = recompute_activation(model, image, "unit1.conv", unit=2, row=3, column=4)
    assert [step.layer for step in found.steps] == ["unit1.conv1", "unit1.bn1", "unit1.relu1"]
    assert found.agrees
    assert found.as_json()["value"] == found.value
    said = str(found)
    assert "27 products, the largest first" in said
    assert "sqrt(variance" in said
    alone = recompute_activation(
        model, image, "unit1.conv1", unit=2, row=3, column=4, following=False
    )
    assert len(alone.steps) == 1


def test_the_largest_contributions_stand_first_and_the_rest_is_summed() -> None:
    text = "input 1x8x8 classes=3 > flatten > fc"
    model = Classifier(build(text, seed=2), text, ("a", "b", "c"), Preprocess(1, 8, 8))
    image = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    (step,) = recompute_activation(model, image, "fc1", unit=1).steps
    products = np.abs(step.terms.product)
    assert products[step.largest_terms(3)].tolist() == sorted(products, reverse=True)[:3]
    assert "52 more:" in str(step)
    assert math.fsum(step.terms.product) + step.terms.bias == pytest.approx(step.value, abs=1e-12)


def test_a_network_of_torchvision_is_taken_apart_too() -> None:
    module = stirred(torchvision_oracle.model("resnet18", num_classes=4), 1)
    calls = record(module, torch.randn(1, 3, 64, 64)).calls
    known = tuple(call for call in calls if call.output.shape[0] == 1)
    assert not disagreeing(known, 80, seed=0)


def test_real_weights_on_a_real_image(shared: Callable[[str], Path]) -> None:
    model = import_classifier(
        "squeezenet1_1",
        weights=shared("weights/squeezenet1_1.pth"),
        classes=shared("weights/imagenet_class_index.json"),
    )
    image = sorted(shared("data/ilsvrc_boxes").glob("*/*.*"))[0]
    pixels = torch.from_numpy(model.preprocess.pixels(image)[None]).float() / 255
    calls = record(model.module, pixels).calls
    assert not disagreeing(calls, 70, seed=0)


def test_what_there_is_not_is_refused_in_one_line() -> None:
    text = "unit(c) = conv c > relu\ninput 1x8x8 classes=3 > unit(4) > flatten > fc"
    model = Classifier(build(text), text, ("a", "b", "c"), Preprocess(1, 8, 8))
    image = np.zeros((8, 8), np.uint8)
    with pytest.raises(SettingError, match="gives 4x8x8 and has no unit, row and column 4, 0, 0"):
        recompute_activation(model, image, "unit1.conv1", unit=4, row=0, column=0)
    with pytest.raises(SettingError, match="gives 4x8x8 and has no unit, row and column 1, -1"):
        recompute_activation(model, image, "unit1.conv1", unit=1)
    with pytest.raises(SettingError, match="gives 3 features, which have no row and column"):
        recompute_activation(model, image, "fc1", unit=1, row=0, column=0)
    with pytest.raises(SettingError, match=r"made of several layers; its output is 'unit1\.relu1'"):
        recompute_activation(model, image, "unit1", unit=1, row=0, column=0)

    class Odd(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2

    call = record(nn.Sequential(Odd()), torch.ones(1, 1, 2, 2)).calls[0]
    with pytest.raises(SettingError, match="what '0', a Odd, does is not known here"):
        recompute_call(call, 0, 0, 0)
