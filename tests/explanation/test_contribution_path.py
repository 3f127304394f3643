"""The parts of a walk and of a contrast add up to the logit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.contribution_path import contrast, walk
from striate.explanation.methods import explain
from striate.model.classifier import Classifier

NETWORK = """
unit(c) = conv c > bn > relu
input 3x16x16 classes=4
unit(6) > maxpool 2 > add(unit(6) | identity) > cat(conv 1x1 5 | unit(4)) > relu
"""
ENDS = [
    "gap > flatten > fc",
    "avgpool 2 > flatten > fc 6 > relu > fc",
    "conv 1x1 classes > gap > flatten",
]
IMAGE = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def classifier(end: str) -> Classifier:
    text = f"{NETWORK}{end}"
    module = build(text, seed=1)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith(("bias", "running_mean")):
                value.copy_(torch.randn(value.shape, generator=generator) * 0.2)
    return Classifier(module, text, tuple("abcd"), Preprocess(3, 16, 16))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("of", ["a", "b", None])
def test_each_step_of_a_walk_adds_up_to_the_number_before(end: str, of: str | None) -> None:
    model = classifier(end)
    found = walk(model, IMAGE, of=of)
    logits = model.module.eval()(torch.from_numpy(IMAGE.transpose(2, 0, 1)[None]) / 255)[0]
    place = int(logits.argmax()) if of is None else "abcd".index(of)
    assert found.strides[0].step.value == pytest.approx(logits[place].item(), abs=1e-5)
    before = found.strides[0].step.value
    for one in found.strides:
        assert one.step.value == pytest.approx(before, abs=1e-5)
        if not one.step.terms.function:
            assert one.step.terms.sum == pytest.approx(one.step.value, abs=1e-12)
        before = one.step.terms.value[one.chosen]
        products = one.step.terms.product * np.sign(one.step.value)
        assert one.product == one.step.terms.product[one.chosen]
        if one.step.terms.function != "softmax":
            assert products[one.chosen] == products.max()
    if found.pixel is not None:
        channel, row, column = found.pixel
        assert before == pytest.approx(IMAGE[row, column, channel] / 255, abs=1e-6)
    assert str(found).count("\n") == len(found.strides)
    assert found.as_json()["of"] == found.of


@pytest.mark.parametrize("end", ENDS)
def test_a_contrast_adds_up_to_the_difference_of_the_logits(end: str) -> None:
    model = classifier(end)
    found = contrast(model, IMAGE, "c", "a")
    logits = model.module.eval()(torch.from_numpy(IMAGE.transpose(2, 0, 1)[None]) / 255)[0]
    assert found.score == pytest.approx((logits[2] - logits[0]).item(), abs=1e-5)
    assert found.map.sum() + found.rest == pytest.approx(found.score, abs=1e-9)
    assert found.units.sum() + found.rest == pytest.approx(found.score, abs=1e-9)
    assert found.exact
    assert found.largest(1)[0][1] == found.units.max()
    assert "c rather than a" in str(found)


def test_what_is_left_over_is_what_the_biases_add() -> None:
    """With all biases above the layer at 0, nothing is left."""
    model = classifier("avgpool 2 > flatten > fc 6 > relu > fc")
    with torch.no_grad():
        for name in ("fc1.bias", "fc2.bias"):
            model.module.get_parameter(name).zero_()
    assert contrast(model, IMAGE, "c", "a").rest == pytest.approx(0, abs=1e-5)


def test_a_contrast_is_the_class_map_by_the_number_of_places() -> None:
    model = classifier("gap > flatten > fc")
    found = contrast(model, IMAGE, "c", "a")
    exact = explain(model, IMAGE, of=("c", "a"))
    np.testing.assert_allclose(found.map * found.map.size, exact.native, atol=1e-5)
    assert found.rest == pytest.approx(exact.facts["bias"], abs=1e-5)


def test_what_bends_otherwise_is_said() -> None:
    assert not contrast(classifier("tanh > gap > flatten > fc"), IMAGE, layer="relu1").exact


def test_a_module_whose_steps_are_no_layers_is_refused() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x).mean((2, 3))  # type: ignore[no-any-return]

    model = Classifier(Own(), None, tuple("abcd"), Preprocess(3, 16, 16))
    with pytest.raises(SettingError, match="the logits come out of no layer"):
        walk(model, IMAGE)
