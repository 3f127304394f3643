"""Each warning comes on a minimal network, and not on its cured version."""

from __future__ import annotations

import math

import pytest
import torch

from striate.architecture import zoo
from striate.architecture.layer_table import DesignWarning, summary
from striate.backends.torch import build

HEAD = "gap > flatten > fc"


def found(text: str, size: str = "3x32x32") -> tuple[DesignWarning, ...]:
    return summary(f"input {size} classes=10 > {text}").warnings


@pytest.mark.parametrize(
    ("ill", "said", "cured"),
    [
        # sees less than a quarter of the image
        (f"conv 8 > relu > {HEAD}", "warning, gap1: units see 3x3 of 32x32 pixels", None),
        ("conv 8 > relu > flatten > fc", "note, flatten1: units see 3x3 of 32x32 pixels", None),
        # rows and columns behind the last window
        (
            f"conv 7x7 8 stride=2 pad=valid > relu > maxpool 2 > {HEAD}",
            "maxpool1: the last row and the last column of 13x13 are never looked at: (13 - 2)/2 "
            "leaves a rest of 1",
            f"conv 7x7 8 stride=2 pad=valid > relu > maxpool 2 ceil=yes > {HEAD}",
        ),
        (
            f"conv 8x8 8 stride=5 pad=valid > relu > {HEAD}",
            "warning, conv1: the last 4 rows and the last 4 columns of 32x32 are never looked at",
            f"conv 8x8 8 stride=5 pad=3 > relu > {HEAD}",
        ),
        # windows farther apart than they are large
        (
            f"conv 9x9 8 > relu > conv 1x1 8 stride=2 > relu > {HEAD}",
            "warning, conv2: a 1x1 window with stride 2 reads 25 % of what arrives",
            f"conv 9x9 8 > relu > conv 3x3 8 stride=2 > relu > {HEAD}",
        ),
        (
            f"conv 9x9 8 > relu > maxpool 2 stride=2x3 > {HEAD}",
            "warning, maxpool1: a 2x2 window with stride 2x3 reads 67 % of what arrives",
            f"conv 9x9 8 > relu > maxpool 2x3 stride=2x3 pad=0x1 > {HEAD}",
        ),
        # kernels larger than what they lie on
        (
            f"conv 9x9 8 > relu > maxpool 32 > conv 8 > relu > {HEAD}",
            "warning, conv2: on a map of 1x1, 8 of the 9 weights of a kernel meet padding only",
            f"conv 9x9 8 > relu > maxpool 32 > conv 1x1 8 > relu > {HEAD}",
        ),
        (
            f"conv 9x9 8 > relu > maxpool 16 > conv 8 > relu > {HEAD}",
            "note, conv2: on a map of 2x2, 56 % of the products of the 3x3 window are with padding",
            f"conv 9x9 8 > relu > maxpool 8 > conv 8 > relu > {HEAD}",
        ),
        # parameters in one place
        (
            "conv 9x9 8 > relu > flatten > fc 100 > relu > fc",
            "warning, fc1: 819,300 of 822,262 parameters (100 %) stand here, 100 % in all full",
            f"conv 9x9 8 > relu > {HEAD}",
        ),
        # biases that bn takes away
        (
            f"[conv 9x9 8 > bn > relu]*2 > {HEAD}",
            "warning, conv1 (and conv2): its 8 biases stand before bn",
            f"[conv 9x9 8 bias=no > bn > relu]*2 > {HEAD}",
        ),
        # linear layers in a row
        (
            f"conv 9x9 8 > conv 8 > relu > {HEAD}",
            "warning, conv2: conv1 and conv2 follow each other without an activation",
            f"conv 9x9 8 > relu > conv 8 > relu > {HEAD}",
        ),
        (
            "conv 9x9 8 > relu > flatten > fc 60 > dropout 0.5 > fc",
            "warning, fc2: fc1 and fc2 follow each other without an activation",
            "conv 9x9 8 > relu > flatten > fc 60 > relu > dropout 0.5 > fc",
        ),
        (
            f"conv 9x9 8 > relu > cat(conv 8 > conv 8 > relu | identity) > {HEAD}",
            "warning, conv3: conv2 and conv3 follow each other without an activation",
            f"conv 9x9 8 > relu > cat(conv 8 > relu > conv 8 > relu | identity) > {HEAD}",
        ),
        # answers held in
        (
            f"conv 9x9 8 > relu > {HEAD} > relu",
            "warning, relu2: relu stands behind the last layer that learns",
            f"conv 9x9 8 > relu > {HEAD}",
        ),
        (
            "conv 9x9 8 > relu > conv 1x1 classes > relu > gap > flatten",
            "note, relu2: relu stands behind the last layer that learns",
            "conv 9x9 8 > relu > conv 1x1 classes > gap > flatten",
        ),
        (
            f"conv 9x9 8 > relu > {HEAD} > tanh > softmax",
            "warning, tanh1: tanh holds the answers within 2 of each other; with 10 classes, "
            "softmax gives none a probability above 0.45",
            f"conv 9x9 8 > relu > {HEAD} > softmax",
        ),
        (
            f"conv 9x9 8 > relu > {HEAD} > softmax",
            "note, softmax1: the network ends in softmax; training from a text leaves it out and "
            "says so, but in a torch module or a file it would be applied twice, and with 10 "
            "classes no probability would be above 0.232",
            f"conv 9x9 8 > relu > {HEAD}",
        ),
        # dropout before bn
        (
            f"conv 9x9 8 > relu > dropout 0.3 > conv 8 bias=no > bn > relu > {HEAD}",
            "note, dropout1: dropout stands before bn1",
            f"conv 9x9 8 > relu > conv 8 bias=no > bn > relu > dropout 0.3 > {HEAD}",
        ),
    ],
)
def test_a_warning_comes_and_its_cure_helps(ill: str, said: str, cured: str | None) -> None:
    assert any(str(warning).startswith(said) or said in str(warning) for warning in found(ill))
    what = said.split(": ", 1)[-1].split()[-3:]
    if cured is not None:
        kinds = {warning.why for warning in found(ill) if said in str(warning)}
        assert not kinds & {warning.why for warning in found(cured)}, what


def test_a_note_says_where_units_begin_to_see_beyond_the_image() -> None:
    (note,) = found(f"[conv 5x5 8 > relu]*9 > {HEAD}", "3x30x30")
    assert (note.level, note.layer) == ("note", "conv8")
    assert note.what == "from here on a unit sees 33x33 pixels of a 30x30 image"
    assert not found(f"[conv 5x5 8 > relu]*7 > {HEAD}", "3x30x30")


def test_products_that_save_weights_are_no_waste() -> None:
    start = "conv 9x9 16 > relu"
    for product in (
        "conv 1x1 4 > conv 1x1 16",  # a bottleneck
        "conv 16 groups=in > conv 1x1 32",  # depthwise, pointwise
        "conv 1x5 16 > conv 5x1 16",  # a kernel of rank one
    ):
        assert not found(f"{start} > {product} > relu > {HEAD}"), product
    assert found(f"{start} > conv 1x1 16 > conv 1x1 16 > relu > {HEAD}")


def test_a_layer_that_others_read_too_cannot_be_left_out() -> None:
    for joined in ("add(relu | conv 16)", "add(relu | bn > conv 16)", "cat(conv 16 | identity)"):
        assert not found(f"conv 9x9 16 > {joined} > relu > {HEAD}"), joined


def test_the_probability_that_softmax_twice_allows_is_the_one_of_torch() -> None:
    answers = torch.tensor([100.0, 0.0, 0.0, 0.0]).softmax(0).softmax(0)
    (note,) = summary("input 1x4x4 classes=4 > flatten > fc > softmax").warnings
    assert f"with 4 classes no probability would be above {answers[0].item():.3f}" in note.why
    (note,) = summary("input 1x4x4 classes=4 > flatten > fc > softmax > identity").warnings
    assert note.why.startswith("training and prediction apply another behind it")
    assert not summary("input 1x4x4 > flatten > fc 9 > softmax > fc 4").warnings


def test_biases_are_of_use_where_bn_is_not_alone_behind_them() -> None:
    assert not found(f"conv 9x9 8 > cat(bn | identity) > relu > {HEAD}")


def test_the_probability_that_tanh_allows_is_the_one_of_torch() -> None:
    answers = torch.tensor([1.0] + [-1.0] * 9)
    assert answers.softmax(0)[0].item() == pytest.approx(1 / (1 + 9 * math.exp(-2)), rel=1e-6)
    assert f"{answers.softmax(0)[0].item():.2f}" == "0.45"


def test_weights_that_meet_padding_only_get_no_gradient() -> None:
    text = "input 2x6x3 classes=2 > conv 7x7 3 dilation=1 pad=3 > relu > flatten > fc"
    (warning,) = [w for w in summary(text).warnings if "meet padding only" in w.what]
    module = build(text)
    module(torch.randn(4, 2, 6, 3)).square().sum().backward()
    gradient = module.get_parameter("conv1.weight").grad
    assert gradient is not None
    idle = int((gradient.abs().sum((0, 1)) == 0).sum())
    assert f"{idle} of the 49 weights" in warning.what
    assert idle == 49 - 7 * 5


def test_rows_behind_the_last_window_have_no_influence() -> None:
    text = "input 1x11x8 classes=2 > conv 4x4 2 stride=3 pad=valid > flatten > fc"
    (warning,) = [w for w in summary(text).warnings if "never looked at" in w.what]
    assert warning.what.startswith("the last row and the last column of 11x8 are")
    image = torch.randn(1, 1, 11, 8, requires_grad=True)
    build(text)(image).sum().backward()
    assert image.grad is not None
    assert image.grad[0, 0, -1].abs().sum() == 0
    assert image.grad[0, 0, -2].abs().sum() > 0
    assert image.grad[0, 0, :, -1].abs().sum() == 0


def said_of(name: str) -> list[str]:
    given = (3, 64, 64) if name == "compact" else None
    found = summary(name, input=given, classes=10 if given else None).warnings
    return [f"{warning.level} {' '.join(warning.layers)}" for warning in found]


def test_what_is_said_of_the_known_networks() -> None:
    assert {name: said for name in zoo.names() if (said := said_of(name))} == {
        "lenet5": ["warning fc1"],
        "alexnet2012": ["warning fc1"],
        "alexnet": ["warning fc1"],
        "vgg11": ["warning fc1"],
        "googlenet2014": ["note inception4.conv5"],
        "googlenet": ["note inception7.conv3"],
        "inception_v3": ["note middle1.conv8"],
        "resnet18": ["note first3.conv1", "note first1.conv3 first2.conv3 first3.conv3"],
        "resnet50": ["note next9.conv2", "note first2.conv4 first3.conv4 first4.conv4"],
        "resnet101": ["note next9.conv2", "note first2.conv4 first3.conv4 first4.conv4"],
        "resnet152": ["note next11.conv2", "note first2.conv4 first3.conv4 first4.conv4"],
        "zfnet": ["warning fc1"],
        "densenet121": ["note dense17.conv2"],
        "squeezenet1_1": ["note conv1", "note relu2"],
        "mobilenet_v2": ["note keep7.conv2"],
        "efficientnet_b0": ["note keep5.conv2"],
        "mobilenet_v3_large": ["note both1.conv2"],
        "mobilenet_v3_small": ["warning plain1.conv1", "note both4.conv2"],
        "efficientnet_lite0": ["note keep5.conv2"],
        "regnet_y_400mf": [
            *("note first4.conv3", "note first1.conv1 first2.conv1 first3.conv1 first4.conv1"),
        ],
        "convnext_tiny": ["note half2.conv1"],
        "compact": ["note keep3.conv2"],
    }


def test_a_warning_is_one_line_and_plain_values() -> None:
    for name in zoo.names():
        given = (3, 64, 64) if name == "compact" else None
        for warning in summary(name, input=given, classes=10).warnings:
            assert "\n" not in str(warning)
            assert list(warning.as_json()) == ["level", "layer", "layers", "what", "why", "cure"]
            assert all(text for text in (warning.what, warning.why, warning.cure))
