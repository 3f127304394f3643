"""The parts of a walk and of a contrast add up to the logit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.attribution_methods import explain
from striate.explanation.contribution_path import trace_contributions
from striate.explanation.score_decomposition import decompose_score
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
    found = trace_contributions(model, IMAGE, target=of)
    logits = model.module.eval()(torch.from_numpy(IMAGE.transpose(2, 0, 1)[None]) / 255)[0]
    place = int(logits.argmax()) if of is None else "abcd".index(of)
    assert found.steps[0].arithmetic.value == pytest.approx(logits[place].item(), abs=1e-5)
    before = found.steps[0].arithmetic.value
    for one in found.steps:
        assert one.arithmetic.value == pytest.approx(before, abs=1e-5)
        if not one.arithmetic.terms.function:
            assert one.arithmetic.terms.sum == pytest.approx(one.arithmetic.value, abs=1e-12)
        before = one.arithmetic.terms.value[one.term]
        products = one.arithmetic.terms.product * np.sign(one.arithmetic.value)
        assert one.contribution == one.arithmetic.terms.product[one.term]
        if one.arithmetic.terms.function != "softmax":
            assert products[one.term] == products.max()
    if found.pixel is not None:
        channel, row, column = found.pixel
        assert before == pytest.approx(IMAGE[row, column, channel] / 255, abs=1e-6)
    assert str(found).count("\n") == len(found.steps)
    assert found.as_json()["target"] == found.target


@pytest.mark.parametrize("end", ENDS)
def test_a_contrast_adds_up_to_the_difference_of_the_logits(end: str) -> None:
    model = classifier(end)
    found = decompose_score(model, IMAGE, target="c", against="a")
    logits = model.module.eval()(torch.from_numpy(IMAGE.transpose(2, 0, 1)[None]) / 255)[0]
    assert found.score == pytest.approx((logits[2] - logits[0]).item(), abs=1e-5)
    assert found.map.sum() + found.remainder == pytest.approx(found.score, abs=1e-9)
    assert found.units.sum() + found.remainder == pytest.approx(found.score, abs=1e-9)
    assert found.exact
    assert found.highest(1)[0][1] == found.units.max()
    assert "c rather than a" in str(found)


def test_what_is_left_over_is_what_the_biases_add() -> None:
    """With all biases above the layer at 0, nothing is left."""
    model = classifier("avgpool 2 > flatten > fc 6 > relu > fc")
    with torch.no_grad():
        for name in ("fc1.bias", "fc2.bias"):
            model.module.get_parameter(name).zero_()
    assert decompose_score(model, IMAGE, target="c", against="a").remainder == pytest.approx(
        0, abs=1e-5
    )


def test_a_contrast_is_the_class_map_by_the_number_of_places() -> None:
    model = classifier("gap > flatten > fc")
    found = decompose_score(model, IMAGE, target="c", against="a")
    exact = explain(model, IMAGE, target="c", against="a")
    np.testing.assert_allclose(found.map * found.map.size, exact.attribution, atol=1e-5)
    assert found.remainder == pytest.approx(exact.facts["bias"], abs=1e-5)


def test_what_bends_otherwise_is_said() -> None:
    assert not decompose_score(classifier("tanh > gap > flatten > fc"), IMAGE, layer="relu1").exact


def test_a_module_whose_steps_are_no_layers_is_refused() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x).mean((2, 3))  # type: ignore[no-any-return]

    model = Classifier(Own(), None, tuple("abcd"), Preprocess(3, 16, 16))
    with pytest.raises(SettingError, match="the logits come out of no layer"):
        trace_contributions(model, IMAGE)
