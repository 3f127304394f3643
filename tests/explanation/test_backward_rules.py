"""Deconvolution and guided backpropagation: as captum where it is right, else by hand."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.architecture.aspects.numpy_pass import Visit
from striate.architecture.words import WORDS
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.attribution_methods import explain
from striate.explanation.backward_rules import BACKWARD_METHODS, CHANGED, go_back
from striate.explanation.class_views import view_classes
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import Target
from striate.model.classifier import Classifier

PLAIN = """
input 3x16x16 classes=4 > conv 6 > relu > maxpool 2 > conv 8 > relu > flatten > fc 9 > relu > fc
"""
SKIPS = """
keep = add(relu > conv in > relu > conv in | identity)
input 3x16x16 classes=4
conv 6 > keep > keep > relu > gap > flatten > fc
"""
SECOND = Target(2, None, "c")


def values() -> Tensor:
    return torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def captum() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("captum.attr")


class ByHand(torch.autograd.Function):
    """max(0, x) whose way back is written out."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, method: str) -> Tensor:
        ctx.save_for_backward(x)
        ctx.method = method
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        (x,) = ctx.saved_tensors
        above = slopes[0] * (slopes[0] > 0)
        return (above if ctx.method == "deconvolution" else above * (x > 0)), None


def theirs(captum: Any, module: nn.Module, method: str) -> Tensor:
    kind = captum.Deconvolution if method == "deconvolution" else captum.GuidedBackprop
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Tensor = kind(module.eval()).attribute(values().requires_grad_(), target=2)
    return found[0].detach()


@pytest.mark.parametrize("method", CHANGED)
def test_of_a_plain_network_it_is_captum_s(captum: Any, method: str) -> None:
    module = build(PLAIN, seed=1)
    found = go_back(module, values(), SECOND, method=method)
    torch.testing.assert_close(found.image, theirs(captum, module, method), atol=1e-6, rtol=1e-5)
    assert (found.changed, found.unchanged) == (("relu",), ())


@pytest.mark.parametrize("method", CHANGED)
def test_a_skip_that_carries_the_same_numbers_is_kept(captum: Any, method: str) -> None:
    """By hand; captum changes the tensor itself, and so the skip beside the relu as well."""
    module = build(SKIPS, seed=1).eval()

    def relu(x: Tensor) -> Tensor:
        return ByHand.apply(x, method)  # type: ignore[no-any-return, no-untyped-call]

    x = values().requires_grad_()
    y = module.get_submodule("conv1")(x)
    for block in ("keep1", "keep2"):
        first, second = (module.get_submodule(f"{block}.conv{n}") for n in (1, 2))
        y = second(relu(first(relu(y)))) + y
    logits = module.get_submodule("fc1")(relu(y).mean((2, 3)))
    (expected,) = torch.autograd.grad(logits[0, 2], x)
    found = go_back(module, values(), SECOND, method=method).image
    torch.testing.assert_close(found, expected[0], atol=1e-6, rtol=1e-5)
    assert not torch.allclose(theirs(captum, module, method), found, atol=1e-3)


def test_the_gradient_is_the_gradient() -> None:
    module = build(PLAIN, seed=1).eval()
    x = values().requires_grad_()
    logits = module(x)
    (expected,) = torch.autograd.grad(logits[0, 2] - logits[0, 0], x)
    found = go_back(module, values(), Target(2, 0, ""), method="gradient")
    torch.testing.assert_close(found.image, expected[0])
    other = int(logits.argmin())
    (least,) = torch.autograd.grad(module(x)[0, other], x)
    assert found.least_index == other
    cosine = functional.cosine_similarity(expected.flatten(), least.flatten(), dim=0)
    assert found.cosine == pytest.approx(float(cosine), abs=1e-6)


@pytest.mark.parametrize(
    "name", ["relu", "relu6", "leakyrelu", "prelu", "silu", "gelu", "hardswish"]
)
def test_the_rule_of_a_word_takes_its_own_slope(name: str) -> None:
    word = WORDS[name]()
    given = torch.linspace(-4, 8, 40).reshape(1, 1, 5, 8)
    weight = torch.randn(1, 40, generator=torch.Generator().manual_seed(2))
    head = nn.Linear(40, 1, bias=False)
    head.weight = nn.Parameter(weight)
    module = nn.Sequential(word.torch_module((1, 5, 8)), nn.Flatten(), head)
    own = {"weight": np.array([0.25])} if name == "prelu" else {}
    _, back = word.numpy_pass(given.double().numpy(), Visit(own))
    slope = back(np.ones((1, 1, 5, 8)))["x"][0]
    above = weight.clamp(min=0).reshape(1, 5, 8)
    for method, expected in (
        ("guided-backprop", above * torch.from_numpy(slope)),
        ("deconvolution", above),
    ):
        found = go_back(module, given, Target(0, None, ""), method=method)
        torch.testing.assert_close(found.image, expected.float(), atol=1e-5, rtol=1e-4)
        assert found.changed == (name,)


class Foreign(nn.Module):
    """The same network, its activation written in one of the ways that there are."""

    def __init__(self, way: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 5, 3), nn.Conv2d(5, 4, 3)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.second(self.way(self.first(x))).mean((2, 3))
        return found


@pytest.mark.parametrize(
    "way",
    [
        nn.ReLU(inplace=True),
        functional.relu,
        torch.relu,
        lambda x: x.relu(),
        lambda x: x.relu_(),
        torch.relu_,
        lambda x: functional.relu(x, inplace=True),
    ],
)
def test_functions_methods_and_steps_in_place_are_known(way: Callable[[Tensor], Tensor]) -> None:
    expected = go_back(Foreign(nn.ReLU()), values(), SECOND, method="guided-backprop")
    found = go_back(Foreign(way), values(), SECOND, method="guided-backprop")
    torch.testing.assert_close(found.image, expected.image)
    assert found.changed == ("relu",)


def test_what_is_not_known_is_said_and_alone_refused() -> None:
    mixed = Foreign(lambda x: functional.elu(functional.relu(x)) * torch.sigmoid(x))
    found = go_back(mixed, values(), SECOND, method="deconvolution")
    assert found.words == "the way back is changed at relu; elu, sigmoid pass it as it is"
    with pytest.raises(SettingError, match=r"has none of them \(it has hardtanh\): its map would"):
        go_back(Foreign(nn.Hardtanh()), values(), SECOND, method="guided-backprop")
    linear = build("input 3x16x16 classes=4 > flatten > fc")
    with pytest.raises(SettingError, match="relu, leakyrelu, prelu, relu6, silu, hardswish, gelu"):
        go_back(linear, values(), SECOND, method="guided-backprop")
    assert go_back(linear, values(), SECOND, method="gradient").cosine < 0.5


def classifier() -> Classifier:
    return Classifier(build(SKIPS, seed=1), SKIPS, tuple("abcd"), Preprocess(3, 16, 16))


def test_an_explanation_says_how_far_it_depends_on_the_class() -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    found = explain(classifier(), image, method="guided-backprop")
    (name,) = found.facts
    assert name.startswith("cosine with the map of '")
    assert found.attribution.min() >= 0
    assert "changed at relu; its size" in found.rule


def test_views_hold_the_verdict_of_the_randomisation_test_where_it_is_known_to_fail() -> None:
    model = classifier()
    image = PreprocessedImage.read(model, np.eye(16))
    views = view_classes(model, image, SECOND, attempt=lambda what, make: make(), quick=False)
    assert [each.method for each in views] == list(BACKWARD_METHODS)
    assert [each.randomization is not None for each in views] == [False, True, True]
    assert views[1].as_json()["passed"] in (True, False)
    quick = view_classes(model, image, SECOND, attempt=lambda what, make: make(), quick=True)
    assert all(each.randomization is None for each in quick)


def test_of_squeezenet_the_class_makes_hardly_a_difference(shared: Callable[[str], Path]) -> None:
    model = importlib.import_module("striate.model.importing").import_classifier(
        "squeezenet1_1",
        weights=shared("weights/squeezenet1_1.pth"),
        classes=shared("weights/imagenet_class_index.json"),
    )
    photograph = min(shared("data/ilsvrc_boxes").glob("*/*.JPEG"))
    image = PreprocessedImage.read(model, photograph)
    target = Target(int(model.module.eval()(image.tensor).argmax()), None, "")
    cosines = {
        method: go_back(model.module, image.tensor, target, method=method).cosine
        for method in BACKWARD_METHODS
    }
    assert cosines["gradient"] < 0.5 < 0.65 < cosines["guided-backprop"]
    assert cosines["deconvolution"] > 0.99
