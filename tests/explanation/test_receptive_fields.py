"""What a unit sees: beside the reference, beside gradients, and of modules that have no text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision_oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks_strategy import linear_networks, networks
from thoroughness import examples
from torch import nn

from striate.architecture.notation import expand
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.hooks import gradients_of, record
from striate.explanation.receptive_fields import (
    Rectangle,
    effective_field,
    field_by_nan,
    receptive_field,
    theoretical_field,
)
from striate.model.classifier import Classifier


def support(
    module: nn.Module, values: torch.Tensor, address: str, place: tuple[int, ...]
) -> Rectangle:
    """The pixels whose gradient is not 0, as a rectangle."""
    passed = record(module, values, [address], gradients=True)
    output = passed[address].output
    one = output[0][place]
    (slope,) = gradients_of(one, [passed.input])
    hit = slope[0].abs().sum(0) > 0
    if not hit.any():
        return Rectangle(0, 0, 0, 0)
    rows, columns = np.flatnonzero(hit.any(1).numpy()), np.flatnonzero(hit.any(0).numpy())
    return Rectangle(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(linear_networks(), st.integers(0, 2**16))
def test_positive_weights_let_the_gradient_fill_what_a_unit_can_depend_on(
    text: str, seed: int
) -> None:
    plan = expand(text)
    module = build(plan, seed=seed).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.abs_().add_(0.01)
    values = torch.ones(1, *plan.input, dtype=torch.float64)
    calls = [call for call in record(module, values).calls if call.output.ndim == 4]
    call = calls[seed % len(calls)]
    random = np.random.default_rng(seed)
    unit, row, column = (int(random.integers(size)) for size in call.output.shape[1:])
    found = field_by_nan(module, values, call.name, unit=unit, row=row, column=column)
    assert found == support(module, values, call.name, (unit, row, column))
    can = theoretical_field(module, values, call.name, unit=unit, row=row, column=column)
    can = can.clip(*plan.input[1:])
    if not found.height:
        return
    assert can.top <= found.top and found.bottom <= can.bottom
    assert can.left <= found.left and found.right <= can.right
    if "dilation" not in text and "stride" not in text and ", 2)" not in text:
        assert can == found


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.integers(0, 2**16))
def test_no_word_lets_a_unit_depend_on_more(text: str, seed: int) -> None:
    plan = expand(text.replace(" padmode=edge", ""))
    module = build(plan, seed=seed)
    values = torch.randn(1, *plan.input, generator=torch.Generator().manual_seed(seed))
    calls = record(module, values).calls
    call = calls[seed % len(calls)]
    random = np.random.default_rng(seed)
    place = [int(random.integers(size)) for size in call.output.shape[1:]]
    unit, row, column = place if len(place) == 3 else (place[0], -1, -1)
    found = field_by_nan(module, values, call.name, unit=unit, row=row, column=column)
    can = theoretical_field(module, values, call.name, unit=unit, row=row, column=column)
    can = can.clip(*plan.input[1:])
    if found.height:
        assert can.top <= found.top and found.bottom <= can.bottom
        assert can.left <= found.left and found.right <= can.right


@pytest.mark.parametrize(
    ("name", "layer", "side"),
    [
        ("squeezenet1_1", "features.12.expand3x3", 224),
        pytest.param("alexnet", "features.12", 288, marks=pytest.mark.slow),
        pytest.param("vgg11", "features.20", 288, marks=pytest.mark.slow),
    ],
)
def test_fields_of_foreign_modules_are_those_of_the_reference(
    name: str, layer: str, side: int, shared: Callable[[str], Path]
) -> None:
    entry = json.loads(shared("reference/networks.json").read_text("utf-8"))["models"][name]
    known = entry["rf"][layer]
    module = torchvision_oracle.model(name, num_classes=2)
    values = torch.zeros(1, 3, side, side)
    output = record(module, values, [layer])[layer].output
    row, column = (size // 2 for size in output.shape[2:])
    found = field_by_nan(module, values, layer, row=row, column=column)
    assert (found.height, found.width) == (known["rf"], known["rf"])
    assert found.top == row * known["stride"] - known["pad"]


def test_branches_of_a_cat_see_each_for_itself() -> None:
    network = build("input 1x9x9 > cat(conv 1x1 2 | conv 5x5 2)")
    values = torch.zeros(1, 1, 9, 9)
    small = theoretical_field(network, values, "cat1", unit=1, row=4, column=4)
    large = theoretical_field(network, values, "cat1", unit=2, row=4, column=4)
    assert (small, large) == (Rectangle(4, 4, 5, 5), Rectangle(2, 2, 7, 7))


def test_a_shared_layer_sees_more_at_its_second_call() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(torch.relu(self.conv(x)))  # type: ignore[no-any-return]

    values = torch.zeros(1, 1, 11, 11)
    sizes = [
        field_by_nan(Twice(), values, f"conv#{turn}", row=5, column=5).height for turn in (1, 2)
    ]
    assert sizes == [3, 5]


def test_what_is_effective_is_smaller_and_within() -> None:
    text = "input 1x40x40 classes=2 > [conv 4 > relu]*6 > gap > flatten > fc"
    model = Classifier(build(text, seed=3), text, ("a", "b"), Preprocess(1, 40, 40))
    image = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)
    found = receptive_field(model, image, "conv6", unit=1, row=20, column=20)
    assert found.theoretical == Rectangle(14, 14, 27, 27)
    assert found.effective is not None
    inner = found.gradient[
        found.effective.top : found.effective.bottom, found.effective.left : found.effective.right
    ]
    assert 0.9 <= inner.sum() / found.gradient.sum() <= 1
    assert found.effective.height < found.theoretical.height
    outside = found.gradient.copy()
    outside[14:27, 14:27] = 0
    assert outside.max() == 0
    assert found.as_json()["theoretical"] == [14, 14, 27, 27]
    assert "can see rows 14 to 26" in str(found)


def test_a_bell_of_gradient_is_cut_where_its_quantiles_are() -> None:
    """Of a normal density the middle 95 % lie within 1.96 standard deviations."""
    places = np.arange(201) - 100
    bell = np.exp(-np.square(places / 20) / 2)
    found = effective_field(np.outer(bell, bell))
    assert found is not None
    assert found.height == pytest.approx(2 * 1.96 * 20, abs=1.5)
    assert found.height == found.width


def test_nothing_and_nonsense() -> None:
    assert effective_field(np.zeros((3, 3))) is None
    with pytest.raises(SettingError, match="a share of 1"):
        effective_field(np.ones((3, 3)), 1.0)
    text = "input 1x8x8 classes=2 > conv 3 > gap > flatten > fc"
    model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8))
    with pytest.raises(SettingError, match="has no unit, row and column 3, 0, 0"):
        receptive_field(model, np.eye(8), "conv1", unit=3, row=0, column=0)
    assert receptive_field(model, np.eye(8), "fc1", unit=1).theoretical == Rectangle(0, 0, 8, 8)
    dead = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten())
    assert field_by_nan(dead, torch.zeros(1, 1, 8, 8), "1").height == 3
