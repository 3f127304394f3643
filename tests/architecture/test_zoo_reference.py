"""What the networks of the zoo cost and see, against the shared reference and the papers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from striate.architecture import zoo
from striate.architecture.layer_table import Row, summary
from striate.architecture.words import text_of
from striate.backends.torch import build

Reference = dict[str, Any]

TORCHVISION = (
    *("alexnet", "vgg11", "vgg16", "googlenet", "inception_v3", "resnet18", "resnet50"),
    *("resnet101", "resnet152"),
    *("densenet121", "squeezenet1_1", "mobilenet_v2"),
)

POOL = " > maxpool 3 stride=2 ceil=yes\n"
NARROW = "unit(1x1, c) > relu > unit(3x3, c, stride)"

# Relatives that the reference has too: the text they come from, and what to change in it.
RELATIVES = {
    "vgg19": ("vgg16", {"(256, 3)": "(256, 4)", "(512, 3)": "(512, 4)"}),
    "vgg16_bn": ("vgg16", {"[conv c > relu]": "[conv c > bn > relu]"}),
    "resnet34": (
        "resnet18",
        {
            "[next]*2": "[next]*3",
            "first(128) > next": "first(128) > [next]*3",
            "first(256) > next": "first(256) > [next]*5",
            "first(512) > next": "first(512) > [next]*2",
        },
    ),
    "wide_resnet50_2": (
        "resnet50",
        {NARROW: "unit(1x1, c*2) > relu > unit(3x3, in, stride)"},
    ),
    "resnext50_32x4d": (
        "resnet50",
        {
            "unit(k, c, stride=1) = conv k c": "unit(k, c, stride=1, g=1) = conv k c groups=g",
            NARROW: "unit(1x1, c*2) > relu > unit(3x3, in, stride, 32)",
        },
    ),
    "squeezenet1_0": (
        "squeezenet1_1",
        {
            "conv 3x3 64 stride=2": "conv 7x7 96 stride=2",
            f"[fire(16, 64)]*2{POOL}": "[fire(16, 64)]*2 > ",
            f"[fire(32, 128)]*2{POOL}": f"fire(32, 128){POOL}fire(32, 128) > ",
            "[fire(64, 256)]*2\n": f"fire(64, 256){POOL}fire(64, 256)\n",
        },
    ),
}


@pytest.fixture(scope="module")
def reference(shared: Callable[[str], Path]) -> Reference:
    found: Reference = json.loads(shared("reference/networks.json").read_text("utf-8"))
    return found


def changed(name: str, changes: dict[str, str]) -> str:
    """The text of a network of the zoo with some of its words exchanged."""
    text = zoo.text(name)
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


def last_before_pooling(network: str) -> Row:
    """The row of the layer before the first that sees everything."""
    return [row for row in summary(network).layers if row.stride is not None][-1]


def seen(row: Row) -> list[object]:
    """Receptive field, stride and padding, as the reference lists them."""
    return [row.receptive_field, row.stride, -row.start if isinstance(row.start, int) else None]


@pytest.mark.parametrize("name", TORCHVISION)
def test_costs_and_receptive_fields_are_the_reference_s(name: str, reference: Reference) -> None:
    expected, table = reference["models"][name], summary(name)
    assert table.input == (3, expected["input"], expected["input"])
    assert table.parameters == expected["params_no_aux"]
    assert table.macs == expected["mac"]
    deepest = max(expected["rf"].values(), key=lambda figures: int(figures["rf"]))
    assert table.receptive_field == deepest["rf"]
    assert seen(last_before_pooling(name)) == list(deepest.values())


@pytest.mark.parametrize("name", RELATIVES)
def test_a_few_changed_words_give_the_relatives_of_a_network(
    name: str, reference: Reference
) -> None:
    expected, text = reference["models"][name], changed(*RELATIVES[name])
    table = summary(text)
    assert table.parameters == expected["params_no_aux"]
    assert table.macs == expected["mac"]
    if expected["rf"]:
        deepest = max(expected["rf"].values(), key=lambda figures: int(figures["rf"]))
        assert seen(last_before_pooling(text)) == list(deepest.values())


@pytest.mark.parametrize("name", ["resnet50", "resnet101", "resnet152"])
def test_the_stride_in_the_first_1x1_gives_the_resnet_of_the_paper(
    name: str, reference: Reference
) -> None:
    stride = {NARROW: "unit(1x1, c, stride) > relu > unit(3x3, c)"}
    expected = reference["rf_variants"]["resnet_v1_stride_in_1x1"][name]
    assert seen(last_before_pooling(changed(name, stride))) == expected


def test_the_googlenets_of_the_paper_and_of_torchvision(reference: Reference) -> None:
    paper, expected = summary("googlenet2014"), reference["googlenet_2014_no_aux"]
    assert (paper.parameters, paper.macs) == (expected["params"], expected["mac"])
    variants = reference["rf_variants"]
    assert seen(last_before_pooling("googlenet2014")) == variants["googlenet_2014_5x5_pool3"]
    with_5x5 = changed("googlenet", {"unit(3x3, c2)": "unit(5x5, c2)"})
    assert seen(last_before_pooling(with_5x5)) == variants["googlenet_torchvision_with_5x5"]


def test_the_alexnet_of_2012(reference: Reference) -> None:
    table, expected = summary("alexnet2012"), reference["alexnet_2012_grouped"]
    assert (table.parameters, table.macs) == (expected["params"], expected["mac"])
    maps = [text_of(row.output) for row in table.layers if row.kind == "conv"]
    assert maps == ["96x55x55", "256x27x27", "384x13x13", "384x13x13", "256x13x13"]
    assert table.receptive_field == reference["models"]["alexnet"]["rf"]["features.12"]["rf"]


def test_receptive_fields_are_those_published_for_tensorflow_s_networks(
    reference: Reference,
) -> None:
    published = reference["slim_rf_published"]
    pairs = {"alexnet2012": "alexnet_v2", "vgg16": "vgg_16", "inception_v3": "inception_v3"}
    for ours, theirs in pairs.items():
        assert seen(last_before_pooling(ours)) == published[theirs]


def test_alexnet_normalises_as_section_3_3_of_its_paper() -> None:
    """b = a / (k + alpha * sum of a^2 over 5 neighbours)^beta; k=2, alpha=1e-4, beta=0.75."""
    maps = 100 * torch.rand(1, 96, 2, 2, generator=torch.Generator().manual_seed(0))
    module = build("alexnet2012", seed=None).get_submodule("norm1.lrn1")
    given = module(maps)
    for channel in (0, 1, 40, 95):
        around = maps[:, max(0, channel - 2) : channel + 3]
        expected = maps[:, channel] / (2 + 1e-4 * around.square().sum(1)) ** 0.75
        torch.testing.assert_close(given[:, channel], expected)


def test_lenet5_layer_by_layer(reference: Reference) -> None:
    expected, table = reference["lenet5_1998"], summary("lenet5")
    assert table.parameters == expected["modern_dense_params"]
    layers = {row.name: row for row in table.layers}
    ours = {"C1": "conv1", "S2": "avgpool1", "C3": "conv2", "S4": "avgpool2", "C5": "fc1"}
    for theirs, name in ours.items():
        side, stride = expected["rf_stride"][theirs]
        # behind flatten a unit sees the whole image and no stride is left
        assert layers[name].receptive_field == side
        assert layers[name].stride == (None if theirs == "C5" else stride)
    for theirs, name in {"C1": "conv1", "C5": "fc1", "F6": "fc2"}.items():
        row, biases = layers[name], layers[name].output[0]
        assert row.parameters == expected["params"][theirs]
        connections = row.macs + biases * math.prod(row.output[1:])
        assert connections == expected["connections"][theirs]
    # dense: each of 16 maps sees all 6, where the table of the paper has 60 of the 96 pairs
    assert layers["conv2"].parameters - expected["params"]["C3"] == (96 - 60) * 25
    assert layers["fc3"].macs == expected["connections"]["OUT_rbf"]


def test_tiny_vgg_has_the_parameters_of_cnn_explainer(reference: Reference) -> None:
    assert summary("tiny_vgg").parameters == reference["tiny_vgg_cnn_explainer"]["params"]
    shapes = [row.output for row in summary("tiny_vgg").layers if row.kind in {"conv", "maxpool"}]
    sides = [62, 60, 30, 28, 26, 13]  # as the page shows them
    assert shapes == [(10, side, side) for side in sides]


def test_lenet1989_has_the_connections_of_the_paper() -> None:
    """Section 3 of the paper counts units, connections and parameters, layer by layer."""
    table = summary("lenet1989")
    learnt = [row for row in table.layers if row.parameters]
    units = [math.prod(row.output) for row in learnt]
    assert units == [768, 192, 30, 10]
    assert [row.macs + n for row, n in zip(learnt, units, strict=True)] == [19968, 38592, 5790, 310]
    # with a bias a unit, as there, instead of one a map
    weights = [row.parameters - row.output[0] for row in learnt]
    assert [w + n for w, n in zip(weights, units, strict=True)] == [1068, 2592, 5790, 310]


def test_each_map_of_the_second_layer_of_lenet1989_sees_8_of_the_12_below() -> None:
    module = build("lenet1989").eval()
    maps = torch.rand(1, 12, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    twice = module.get_submodule("cat1")(maps, maps)
    out = module.get_submodule("conv2")(twice)
    sees = []
    for number in range(12):
        (gradient,) = torch.autograd.grad(out[0, number].sum(), maps, retain_graph=True)
        sees.append(tuple((gradient[0].abs().sum((1, 2)) > 0).nonzero().flatten().tolist()))
    assert {len(maps_seen) for maps_seen in sees} == {8}
    assert len(set(sees)) == 3
    assert {below for maps_seen in sees for below in maps_seen} == set(range(12))
