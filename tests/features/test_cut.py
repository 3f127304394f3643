"""Where networks are cut, and what of them is trained on."""

from __future__ import annotations

import pytest

from striate.architecture.notation import expand
from striate.backends.torch import build
from striate.errors import NotationError
from striate.features.cut import BOTTOM, TOP, add_head, choose_lr_multipliers, cut_backbone


@pytest.mark.parametrize(
    ("network", "last", "features"),
    [
        ("squeezenet1_1", "fire8", (512, 13, 13)),
        ("alexnet", "relu7", (4096,)),
        ("vgg16", "relu2", (4096,)),
        ("resnet18", "flatten1", (512,)),
        ("mobilenet_v2", "flatten1", (1280,)),
        ("googlenet", "flatten1", (1024,)),
        ("inception_v3", "flatten1", (2048,)),
        ("densenet121", "flatten1", (1024,)),
    ],
)
def test_known_networks_are_cut_before_what_tells_the_classes(
    network: str, last: str, features: tuple[int, ...]
) -> None:
    backbone = expand(cut_backbone(expand(network)))
    assert backbone.steps[-1].address == last
    assert backbone.output == features
    whole = expand(add_head(backbone.network, 3))
    assert whole.output == (3,)
    assert whole.steps[: len(backbone.steps)] == backbone.steps


def test_a_layer_to_cut_behind_can_be_named() -> None:
    plan = expand("vgg16")
    backbone = cut_backbone(plan, "stage3")
    assert expand(backbone).output == (256, 28, 28)
    assert [step.address for step in expand(add_head(backbone, 2)).steps][-3:] == [
        "gap1", "flatten1", "fc1"
    ]  # fmt: skip


def test_where_to_cut_is_asked_where_nothing_says_it() -> None:
    ends = (
        "b(c) = conv 3 > gap > flatten > fc c\ninput 1x8x8 classes=2 > conv 4 > relu > b(classes)"
    )
    with pytest.raises(NotationError, match=r"where to cut it is not clear.*--cut relu1"):
        cut_backbone(expand(ends))
    with pytest.raises(NotationError, match="nothing that has learnt"):
        cut_backbone(expand("input 1x8x8 classes=2 > fc 2".replace("fc", "conv 1x1")))


def test_lower_layers_get_smaller_shares_and_what_is_not_named_gets_none() -> None:
    backbone = expand(cut_backbone(expand("mobilenet_v2")))
    plan = expand(add_head(backbone.network, 5))
    every = choose_lr_multipliers(plan, backbone, None)
    values = [share for _, share in every]
    assert every[0] == ("unit1", BOTTOM)
    assert every[-2:] == (("unit4", TOP), ("fc1", 1.0))
    assert values == sorted(values)
    assert choose_lr_multipliers(plan, backbone, 2) == (
        ("turn6", BOTTOM),
        ("unit4", TOP),
        ("fc1", 1.0),
    )
    assert choose_lr_multipliers(plan, backbone, 1) == (("unit4", TOP), ("fc1", 1.0))
    assert choose_lr_multipliers(plan, backbone, 0) == (("fc1", 1.0),)


def test_the_names_are_those_of_the_submodules_in_branches_too() -> None:
    text = (
        "unit(c) = conv c > bn\ninput 1x8x8 classes=2\n"
        "conv 4 > cat(conv 1x1 4 > relu | unit(3)) > relu > gap > flatten > fc"
    )
    backbone = expand(cut_backbone(expand(text)))
    named = choose_lr_multipliers(expand(add_head(backbone.network, 2)), backbone, None)
    owners = {name.partition(".")[0] for name, _ in build(text).named_parameters()}
    assert {name for name, _ in named} == owners
    assert dict(named)["conv2"] == dict(named)["unit1"] == TOP
