"""Tensors go where they belong or nowhere: by names, by order, by a map, and never half."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from striate.backends.torch import Net, build
from striate.errors import WeightsError
from striate.model.weights import compare, fit, read
from striate.model.weights.name_map import read_map

TEXT = "input 3x16x16 classes=4 > conv 8 bias=no > bn > relu > conv 6 > relu > gap > flatten > fc"


def theirs() -> nn.Sequential:
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(6, 4),
    )  # fmt: skip
    network(torch.randn(8, 3, 16, 16))  # so that running statistics are not where they start
    return network.eval()


def state() -> dict[str, Tensor]:
    return dict(theirs().state_dict())


def untouched(network: Net, text: str = TEXT) -> bool:
    fresh = build(text).state_dict()
    return all(torch.equal(value, fresh[name]) for name, value in network.state_dict().items())


def test_a_state_dict_fits_by_its_order_and_gives_the_same_numbers() -> None:
    network = build(TEXT).eval()
    found = fit(state(), network)
    images = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(network(images), theirs()(images))
    assert found.way == "by their order"
    assert len(found.pairs) == len(network.state_dict()) == 10
    first = found.pairs[0]
    assert (first.theirs, first.ours, first.shape) == ("0.weight", "conv1.weight", (8, 3, 3, 3))
    assert found.unset == ()


class Named(nn.Module):
    """Layers with names of their own, of which two are of one shape where asked for."""

    def __init__(self, *, alike: bool = False) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.body = nn.Conv2d(8, 8 if alike else 6, 3, padding=1)
        self.apex = nn.Conv2d(8 if alike else 6, 8, 3, padding=1)
        self.answer = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.stem(x)))
        x = torch.relu(self.apex(torch.relu(self.body(x))))
        y: Tensor = self.answer(x.mean((2, 3)))
        return y


def sorted_file(module: nn.Module, path: Path) -> dict[str, Tensor]:
    save_file(module.state_dict(), path)
    return read(path)


def test_safetensors_in_the_order_of_names_fit_by_the_shapes_of_layers(tmp_path: Path) -> None:
    text = (
        "input 3x16x16 classes=4 > conv 8 bias=no > bn > relu > conv 6 > relu > conv 8 > relu > "
        "gap > flatten > fc"
    )
    network, theirs = build(text).eval(), Named().eval()
    found = fit(sorted_file(theirs, tmp_path / "a.safetensors"), network)
    assert found.way == "by the shapes of layers and the numbers in their names"
    images = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(network(images), theirs(images), atol=1e-6)


def test_layers_of_one_shape_go_by_their_numbers_or_not_at_all(tmp_path: Path) -> None:
    torch.manual_seed(4)
    twelve = nn.Sequential(
        *(nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.ReLU()) for _ in range(12)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4),
    )  # fmt: skip
    text = "input 3x8x8 classes=4 > [conv 3 > relu]*12 > gap > flatten > fc"
    network, images = build(text).eval(), torch.randn(2, 3, 8, 8)
    fit(sorted_file(twelve, tmp_path / "a.safetensors"), network)  # 10 behind 9, not behind 1
    with torch.no_grad():
        assert torch.allclose(network(images), twelve(images), atol=1e-6)
    text = (
        "input 3x16x16 classes=4 > conv 8 bias=no > bn > relu > [conv 8 > relu]*2 > gap > flatten"
    )
    text += " > fc"
    network, theirs = build(text).eval(), Named(alike=True).eval()
    state, images = sorted_file(theirs, tmp_path / "b.safetensors"), torch.randn(2, 3, 16, 16)
    with pytest.raises(WeightsError, match="'apex', 'body' are of one shape: which is which") as no:
        fit(state, network)
    assert "map" in str(no.value)
    fit(state, network, map={"body": "conv2", "apex": "conv3"})
    with torch.no_grad():
        assert torch.allclose(network(images), theirs(images), atol=1e-6)


def test_another_number_of_classes_is_still_told_of_a_sorted_file(tmp_path: Path) -> None:
    state = sorted_file(Named(), tmp_path / "a.safetensors")
    text = (
        "input 3x16x16 classes=5 > conv 8 bias=no > bn > relu > conv 6 > relu > conv 8 > relu > "
        "gap > flatten > fc"
    )
    assert compare(state, build(text)).head == (4, 5)


def test_equal_names_decide_before_the_order() -> None:
    network, other = build(TEXT, seed=0), build(TEXT, seed=1)
    turned = dict(reversed(other.state_dict().items()))
    assert fit(turned, network).way == "by equal names"
    for name, value in network.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


def test_counters_of_batch_normalisation_may_be_missing() -> None:
    weights = {name: v for name, v in state().items() if "num_batches" not in name}
    network = build(TEXT)
    found = fit(weights, network)
    assert found.unset == ("bn1.num_batches_tracked",)
    assert torch.equal(network.state_dict()["bn1.running_mean"], weights["1.running_mean"])


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precision_becomes_that_of_the_network_and_is_told(kind: torch.dtype) -> None:
    network = build(TEXT)
    found = fit({name: value.to(kind) for name, value in state().items()}, network)
    assert {value.dtype for value in network.parameters()} == {torch.float32}
    assert len(found.converted) == 9
    assert any("became float32" in note for note in found.notes)


def test_auxiliary_heads_are_left_out_and_told() -> None:
    weights = state()
    for head in ("aux1.conv", "aux2.fc", "AuxLogits.fc"):
        weights = {f"{head}.weight": torch.ones(3), f"{head}.bias": torch.ones(3)} | weights
    found = fit(weights, build(TEXT))
    assert len(found.left) == 6
    assert "left out: 2 tensors of 'AuxLogits', which have no place" in found.notes


def refused(weights: dict[str, Tensor], text: str = TEXT) -> str:
    """What is said of weights that do not fit; and that nothing of them was copied."""
    network = build(text)
    with pytest.raises(WeightsError) as caught:
        fit(weights, network)
    assert untouched(network, text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_another_number_of_classes_is_said_with_both() -> None:
    said = refused({**state(), "7.weight": torch.zeros(10, 6), "7.bias": torch.zeros(10)})
    assert "'7.weight' is 10x6 in the file, and 'fc1.weight' of the network is 4x6" in said
    assert "tells 10 classes and that of the network 4: build the network with classes=10" in said


def test_what_is_left_over_is_said_and_how_to_leave_it_out() -> None:
    weights = {**state(), "extra.weight": torch.zeros(5), "extra.bias": torch.zeros(5)}
    said = refused(weights)
    assert "'extra.weight' (5) has no place in the network (1 more does not fit)" in said
    assert '{"extra": ""}' in said
    found = fit(weights, build(TEXT), map={"extra": ""})
    assert found.left == ("extra.weight", "extra.bias")


def test_what_is_missing_is_said() -> None:
    weights = state()
    del weights["3.bias"]
    said = refused(weights)
    assert "'conv2.bias' (6) of the network has no tensor in the file" in said
    assert "a part of the network only" in said


def test_a_wrong_shape_in_the_middle_is_said_with_both_shapes() -> None:
    said = refused({**state(), "3.weight": torch.zeros(6, 8, 5, 5)})
    assert "'3.weight' is 6x8x5x5 in the file, and 'conv2.weight' of the network is 6x8x3x3" in said


def test_everything_that_does_not_fit_stands_in_the_table() -> None:
    weights = {**state(), "3.weight": torch.zeros(6, 8, 5, 5), "9.weight": torch.zeros(2)}
    found = compare(weights, build(TEXT))
    assert [(each.theirs, each.ours) for each in found.unfit] == [
        ("3.weight", "conv2.weight"),
        ("9.weight", None),
    ]
    lines = str(found).splitlines()
    assert " ".join(lines[1].split()) == "in the file shape in the network its shape"
    assert lines[2].split() == ["3.weight", "6x8x5x5", "conv2.weight", "6x8x3x3"]
    assert lines[3].split() == ["9.weight", "2", "-", "-"]
    assert "<table>" in found._repr_html_()


def test_turned_shapes_are_known_as_those_of_keras() -> None:
    weights = {"0.weight": torch.zeros(3, 2), "0.bias": torch.zeros(2)}
    said = refused(weights, "input 3x1x1 classes=2 > flatten > fc")
    assert "turned around, as Keras" in said


def test_values_that_are_no_numbers_are_refused() -> None:
    broken = state()
    broken["3.weight"][0, 0, 0, 0] = float("nan")
    assert "holds values that are no numbers" in refused(broken)
    assert "is of int8; expected floats" in refused({**state(), "7.bias": torch.zeros(4).char()})


# ---------------------------------------------------------------- what order alone cannot tell


TWINS = "input 8x9x9 classes=2 > conv 8 > relu > conv 8 > gap > flatten > fc"


def test_numbers_that_count_down_speak_against_the_order() -> None:
    """Exchanged, both convolutions would fit; their names show that the order is not theirs."""
    conv = {f"features.{n}": torch.full((8, 8, 3, 3), float(n)) for n in (2, 0)}
    weights: dict[str, Tensor] = {}
    for name, value in conv.items():
        weights |= {f"{name}.weight": value, f"{name}.bias": torch.zeros(8)}
    weights |= {"head.weight": torch.zeros(2, 8), "head.bias": torch.zeros(2)}
    said = refused(weights, TWINS)
    assert "keeps 'features.2' before 'features.0'" in said
    assert "map" in said
    network = build(TWINS)
    found = fit(weights, network, map={"features.0": "conv1", "features.2": "conv2"})
    assert found.way == "by the map and by their order"
    assert float(network.state_dict()["conv2.weight"].max()) == 2.0


def test_a_shortcut_that_would_go_onto_the_main_way_is_refused() -> None:
    text = "input 4x9x9 classes=2\nadd(conv 4 > relu > conv 4 | conv 4) > gap > flatten > fc"
    weights: dict[str, Tensor] = {}
    for name in ("block.shortcut", "block.conv1", "block.conv2"):
        weights |= {f"{name}.weight": torch.zeros(4, 4, 3, 3), f"{name}.bias": torch.zeros(4)}
    weights |= {"fc.weight": torch.zeros(2, 4), "fc.bias": torch.zeros(2)}
    said = refused(weights, text)
    assert "'block.shortcut.weight' would go to 'conv1.weight'" in said
    rules = {"block.shortcut": "conv3", "block.conv1": "conv1", "block.conv2": "conv2"}
    assert fit(weights, build(text), map=rules)


def test_kinds_must_agree_where_shapes_do() -> None:
    weights = state()
    swapped = {
        {"1.weight": "1.bias", "1.bias": "1.weight"}.get(name, name): value
        for name, value in weights.items()
    }
    assert "the same shapes in another order" in refused(swapped)


# ---------------------------------------------------------------- maps


def test_a_map_names_layers_or_tensors_and_the_rest_goes_as_ever(tmp_path: Path) -> None:
    weights = state()
    turned = {"7.weight": weights.pop("7.weight"), "7.bias": weights.pop("7.bias")} | weights
    assert "no place" in refused(turned) or "has no tensor" in refused(turned)
    by_json, by_csv = tmp_path / "map.json", tmp_path / "map.csv"
    by_json.write_text(json.dumps({"7": "fc1"}))
    by_csv.write_text("theirs,ours\n7.weight,fc1.weight\n7.bias,fc1.bias\n")
    expected = build(TEXT)
    fit(state(), expected)
    for rules in ({"7": "fc1"}, by_json, by_csv):
        network = build(TEXT)
        assert fit(turned, network, map=rules).way == "by the map and by their order"
        for name, value in network.state_dict().items():
            assert torch.equal(value, expected.state_dict()[name])


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"8": "fc1"}, "the map speaks of '8', which no tensor"),
        ({"7": "fc9"}, "sends '7.weight' to 'fc9.weight', which the network does not have"),
        ({"0": "conv1", "3": "conv1"}, "sends both '0.weight' and '3.weight' to 'conv1.weight'"),
        ({}, "the map is empty"),
    ],
)
def test_a_map_that_makes_no_sense_is_one_clear_line(rules: dict[str, str], said: str) -> None:
    with pytest.raises(WeightsError, match=said):
        fit(state(), build(TEXT), map=rules)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[1]", "is a list"),
        ('{"a": 3}', "pairs 'a' with 3"),
        ("a,b,c\n", "row 1 of the map .* has 3 columns"),
        ("a,b\na,c\n", "names 'a' twice"),
        ("", "is empty"),
    ],
)
def test_a_file_that_is_no_map_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "map"
    path.write_text(text)
    with pytest.raises(WeightsError, match=said):
        read_map(path)
    with pytest.raises(WeightsError, match="cannot be read"):
        read_map(tmp_path / "none.json")


# ---------------------------------------------------------------- real files


PLAIN_RESNET20 = """
unit(c, stride=1) = conv c stride=stride bias=no > bn > relu
pair(c, stride=1) = unit(c, stride) > unit(c)
input 3x32x32 classes=10
unit(16) > [pair(16)]*3
pair(32, 2) > [pair(32)]*2
pair(64, 2) > [pair(64)]*2
gap > flatten > fc
"""


def test_the_tensors_of_a_residual_network_fit_a_plain_one_by_order(
    shared: Callable[[str], Path],
) -> None:
    """Its shortcuts hold no weights, so these are all; what it computes is another thing."""
    weights = read(shared("weights/resnet20-12fca82f.th"))
    network = build(PLAIN_RESNET20, seed=None)
    found = fit(weights, network)
    assert found.way == "by their order"
    assert len(found.pairs) == 97
    assert found.pairs[-1].ours == "fc1.bias"
    own = network.state_dict()
    assert all(torch.equal(own[pair.ours], weights[pair.theirs]) for pair in found.pairs)
