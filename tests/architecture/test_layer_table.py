from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from known_networks import KNOWN, NAMES, RESNET50, Known
from torch import nn

from striate.architecture.layer_table import Summary, summary
from striate.architecture.layer_table.receptive_field import Sight
from striate.architecture.notation import expand, parse
from striate.errors import NotationError


@pytest.mark.parametrize("known", KNOWN, ids=NAMES)
def test_known_networks_have_their_published_figures(known: Known) -> None:
    table = summary(known.text)
    assert table.parameters == known.parameters
    assert table.macs == known.macs
    assert table.receptive_field == known.receptive_field


@pytest.mark.parametrize("known", [k for k in KNOWN if k.reference], ids=NAMES[1:])
def test_known_networks_agree_with_the_reference(
    known: Known, shared: Callable[[str], Path]
) -> None:
    models = json.loads(shared("reference/networks.json").read_text("utf-8"))["models"]
    reference = models[known.reference]
    table = summary(known.text)
    assert table.parameters == reference["params_no_aux"]
    assert table.macs == reference["mac"]
    figures = reference["rf"][known.before_pooling]
    assert table.receptive_field == figures["rf"]
    last = [row for row in table.layers if row.stride is not None][-1]
    assert (last.receptive_field, last.stride, last.start) == (
        figures["rf"],
        figures["stride"],
        -figures["pad"],
    )


def row_of(table: Summary, name: str) -> tuple[object, object, object]:
    row = next(row for row in table.layers if row.name == name)
    start = row.start if isinstance(row.start, int) else 0
    return row.receptive_field, row.stride, -start


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        (
            "alexnet",
            {
                "features.0": "conv1",
                "features.2": "maxpool1",
                "features.3": "conv2",
                "features.5": "maxpool2",
                "features.6": "conv3",
                "features.8": "conv4",
                "features.10": "conv5",
                "features.12": "maxpool3",
            },
        ),
        (
            "vgg16",
            {
                "features.0": "stage1.conv1",
                "features.4": "stage1.maxpool1",
                "features.9": "stage2.maxpool1",
                "features.16": "stage3.maxpool1",
                "features.23": "stage4.maxpool1",
                "features.28": "stage5.conv3",
            },
        ),
        (
            "resnet50",
            {"conv1": "unit1.conv1", "maxpool": "maxpool1", "layer1.2.relu": "next2.relu3"},
        ),
        (
            "googlenet",
            {"maxpool1": "maxpool1", "maxpool2": "maxpool2", "maxpool3": "maxpool3"},
        ),
        ("mobilenet_v2", {"features.0.0": "unit1.conv1", "features.17.conv.2": "turn6.conv3"}),
        ("squeezenet1_1", {"features.0": "conv1", "features.12.expand3x3": "fire8.conv3"}),
    ],
)
def test_inner_layers_see_what_the_reference_says(
    network: str, layers: dict[str, str], shared: Callable[[str], Path]
) -> None:
    models = json.loads(shared("reference/networks.json").read_text("utf-8"))["models"]
    table = summary(KNOWN[NAMES.index(network)].text)
    expected = {theirs: tuple(models[network]["rf"][theirs].values()) for theirs in layers}
    assert {theirs: row_of(table, ours) for theirs, ours in layers.items()} == expected


def test_the_historic_variants_agree_with_the_reference(shared: Callable[[str], Path]) -> None:
    reference = json.loads(shared("reference/networks.json").read_text("utf-8"))
    grouped = summary(
        """
        input 3x227x227 classes=1000
        conv 11x11 96 stride=4 pad=valid > relu > maxpool 3 stride=2
        conv 5x5 256 groups=2 > relu > maxpool 3 stride=2
        conv 384 > relu > conv 384 groups=2 > relu > conv 256 groups=2 > relu
        maxpool 3 stride=2 > flatten > [fc 4096 > relu > dropout 0.5]*2 > fc
        """
    )
    assert grouped.parameters == reference["alexnet_2012_grouped"]["params"]
    assert grouped.macs == reference["alexnet_2012_grouped"]["mac"]
    stride_in_1x1 = RESNET50.text.replace(
        "unit(1x1, c) > relu > unit(3x3, c, stride)", "unit(1x1, c, stride) > relu > unit(3x3, c)"
    )
    variant = summary(stride_in_1x1)
    figures = reference["rf_variants"]["resnet_v1_stride_in_1x1"]["resnet50"]
    assert variant.receptive_field == figures[0]
    assert row_of(variant, "next12.relu3") == tuple(figures)


def test_figures_are_those_of_a_hand_written_torch_module() -> None:
    """VGG-16 without the notation: parameters counted by torch, MACs from its own shapes."""
    with torch.device("meta"):
        layers: list[nn.Module] = []
        channels = 3
        for width, repeats in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(repeats):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        layers += [nn.AdaptiveAvgPool2d(7), nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU()]
        layers += [nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
        x = torch.empty(1, 3, 224, 224)
        macs = 0
        for layer in layers:
            x = layer(x)
            if isinstance(layer, nn.Conv2d):
                macs += layer.weight.numel() * x.shape[2] * x.shape[3]
            elif isinstance(layer, nn.Linear):
                macs += layer.weight.numel()
    table = summary(KNOWN[NAMES.index("vgg16")].text)
    assert table.parameters == sum(p.numel() for layer in layers for p in layer.parameters())
    assert table.macs == macs


def test_rule_13_the_network_sees_what_it_saw_before_the_first_global_word() -> None:
    for ending in ("gap", "flatten", "avgpool to=2x2", "gap > flatten > fc 10 > relu"):
        table = summary(f"input 3x32x48 > conv 3 > maxpool 2 > conv 3 > {ending}")
        assert table.receptive_field == 8
        assert [row.receptive_field for row in table.layers[:3]] == [3, 4, 8]
        assert {row.receptive_field for row in table.layers[3:]} == {(32, 48)}
        assert {row.stride for row in table.layers[3:]} == {None}
    assert summary("input 3x32x32 > conv 3 > conv 3").receptive_field == 5
    assert summary("input 3x32x32 > gap > conv 1x1 3").receptive_field == 1


def test_a_global_word_in_a_branch_makes_the_join_see_everything() -> None:
    table = summary("input 3x9x9 > conv 9x9 3 pad=valid > add(gap | conv 1x1 3) > relu")
    assert [row.receptive_field for row in table.layers] == [9, 9, 9, 9, 9]
    assert [row.stride for row in table.layers] == [1, None, 1, None, None]
    assert table.receptive_field == 9


def test_a_window_longer_one_way_sees_farther_that_way() -> None:
    table = summary("input 3x32x32 > conv 1x7 3 > conv 3x1 3 stride=2x1 > conv 3")
    assert [row.receptive_field for row in table.layers] == [(1, 7), (3, 7), (7, 9)]
    assert [row.stride for row in table.layers] == [1, (2, 1), (2, 1)]
    assert table.as_json()["receptive_field"] == [7, 9]


def test_branches_see_together_what_each_sees() -> None:
    table = summary("input 3x32x32 > cat(conv 1x1 3 | conv 5x5 3 | conv 3x3 3 dilation=4)")
    assert table.receptive_field == 9
    shifted = "input 1x6x6 > cat(conv 3x3 1 pad=valid | conv 5x5 1)"
    with pytest.raises(NotationError, match="1x4x4 and branch 2 gives 1x6x6"):
        summary(shifted)


def test_branches_of_different_strides_see_the_hull_of_both() -> None:
    """Unit 0 sees 0..2 and 0..1, unit 1 sees 1..3 and 2..3: three pixels each."""
    table = summary("input 1x4x4 > cat(conv 1 pad=valid | avgpool 2)")
    assert table.layers[-1].receptive_field == 3
    assert table.layers[-1].stride == 2


def test_where_strides_differ_the_unit_that_sees_most_counts() -> None:
    """Unit 5 sees pixel 5 at a stride of 1 and 15..17 at a stride of 3."""
    sight = Sight(({1: (0, 0), 3: (0, 2)}, {1: (0, 0)}))
    assert sight.size((1, 6, 6)) == (13, 1)


def test_a_row_says_what_goes_in_comes_out_and_costs() -> None:
    row = summary("input 3x32x32 > conv 5x5 8 stride=2").layers[0]
    assert (row.name, row.kind, row.text) == ("conv1", "conv", "conv 5x5 8 stride=2")
    assert (row.input, row.output) == ((3, 32, 32), (8, 16, 16))
    assert (row.parameters, row.macs) == (8 * 3 * 25 + 8, 8 * 3 * 25 * 256)
    assert (row.receptive_field, row.stride, row.start) == (5, 2, -2)


def test_the_json_has_the_agreed_keys_and_plain_values() -> None:
    described = summary(RESNET50.text).as_json()
    assert list(described)[:6] == [
        "name",
        "input",
        "parameters",
        "macs",
        "receptive_field",
        "layers",
    ]
    layers = json.loads(json.dumps(described))["layers"]
    assert list(layers[0])[:7] == [
        "name",
        "kind",
        "output",
        "parameters",
        "macs",
        "receptive_field",
        "stride",
    ]
    assert described["name"] == "ResNet-50 v1.5 (2015), residual blocks of three"


def test_text_tree_and_plan_give_the_same_table_and_input_overrides() -> None:
    text = "input 3x32x32 classes=10 > conv 8 > gap > flatten > fc"
    assert summary(text) == summary(parse(text)) == summary(expand(text))
    smaller = summary(expand(text), input=(1, 16, 16), classes=3)
    assert (smaller.input, smaller.classes) == ((1, 16, 16), 3)
    assert smaller == summary(text, input=(1, 16, 16), classes=3)


def test_the_table_shows_itself_as_text_and_html() -> None:
    table = summary("# A <b>\ninput 3x32x32 > conv 8 > gap")
    assert "conv1  conv 3x3 8  8x32x32         224  221,184" in str(table)
    assert "(32 + 2*1 - 3)/1 + 1 = 32  conv1" in str(table)
    assert "3x3 of 32x32 pixels" in str(table)
    assert table.totals == (
        "A <b>: 3x32x32; 224 parameters (896 B in float32); "
        "221,184 multiply-accumulates (MACs) an image; sees 3x3 pixels"
    )
    assert "A &lt;b&gt;: 3x32x32" in table._repr_html_()
    assert "<table>" in table._repr_html_()
    assert "(32 + 2*1 - 3)/1 + 1 = 32</td>" in table._repr_html_()


def test_describing_loads_neither_torch_nor_numpy() -> None:
    probe = (
        "import sys\n"
        "from striate.architecture.layer_table import summary\n"
        "summary(sys.argv[1]).page()\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", probe, RESNET50.text], cwd=Path(__file__).parents[2], check=True
    )


def test_the_table_as_a_dataframe() -> None:
    pytest.importorskip("pandas")
    frame = summary("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc").to_pandas()
    assert frame["name"].tolist() == ["conv1", "relu1", "flatten1", "fc1"]
    assert frame["parameters"].sum() == 4 * 9 + 4 + 256 * 2 + 2
    assert frame["parameters_formula"][0] == "3*3*1*4 + 4 = 40"


def test_the_names_of_the_room_are_found() -> None:
    import striate.architecture as room

    assert room.summary is summary
    assert "parse" in dir(room)
