"""Explanations agree with captum, with the formulas of their papers, and with each other."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torchvision_oracle
from torch import Tensor, nn

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import NotationError, SettingError
from striate.explanation import perturbation
from striate.explanation.attribution_methods import METHODS, explain
from striate.explanation.hooks import gradients_of, record
from striate.explanation.last_spatial_layer import find_last_spatial_layer
from striate.explanation.perturbation import (
    PerturbationSettings,
    integrated_gradients,
    occlusion,
    smoothgrad,
)
from striate.explanation.target import Target
from striate.model.classifier import Classifier

MEAN_AND_FC = """
unit(c) = conv c > bn > relu
input 3x16x16 classes=4
unit(6) > maxpool 2 > add(unit(6) | identity) > cat(conv 1x1 5 | unit(4)) > relu
gap > flatten > fc
"""
OWN_MAPS = (
    "input 3x16x16 classes=4 > conv 6 stride=2 > relu > conv 1x1 classes > relu > gap > flatten"
)
FULL = "input 3x16x16 classes=4 > conv 6 > relu > maxpool 4 > flatten > fc 8 > relu > fc"
IMAGE = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def classifier(text: str, seed: int = 0) -> Classifier:
    module = build(text, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith(("bias", "running_mean")):
                value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
    return Classifier(module, text, tuple("abcd"), Preprocess(3, 16, 16, std=(0.5,) * 3))


@pytest.fixture(scope="module")
def captum() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("captum.attr")


@pytest.mark.parametrize("text", [MEAN_AND_FC, OWN_MAPS])
@pytest.mark.parametrize("classes", ["a", "c", "bd"])
def test_the_mean_of_the_exact_map_and_the_bias_are_the_score(text: str, classes: str) -> None:
    model = classifier(text)
    found = explain(model, IMAGE, target=classes[0], against=classes[1:] or None)
    assert found.method == "cam"
    logits = model.module.eval()(found.image.tensor)[0].detach()
    places = ["abcd".index(each) for each in classes]
    score = logits[places[0]] - (logits[places[1]] if len(places) > 1 else 0)
    assert found.score == pytest.approx(float(score), abs=1e-5)
    assert found.attribution.mean() + found.facts["bias"] == pytest.approx(float(score), abs=1e-5)
    odds = torch.softmax(logits, 0)
    assert found.probability == pytest.approx(float(odds[places[0]]), abs=1e-6)


@pytest.mark.parametrize("method", ["grad-cam", "hires-cam"])
def test_the_gradient_maps_are_the_exact_one_by_the_number_of_places(method: str) -> None:
    model = classifier(MEAN_AND_FC)
    exact = explain(model, IMAGE, target="c")
    found = explain(model, IMAGE, target="c", method=method)
    assert found.layer == exact.layer == "relu1"
    np.testing.assert_allclose(
        found.attribution * found.attribution.size, exact.attribution, atol=1e-5
    )


@pytest.mark.parametrize("layer", ["unit1.conv1", "maxpool1", "add1", "cat1"])
def test_grad_cam_agrees_with_captum(captum: Any, layer: str) -> None:
    model = classifier(MEAN_AND_FC)
    found = explain(model, IMAGE, target="b", method="grad-cam", layer=layer)
    module = model.module.eval()
    theirs = captum.LayerGradCam(module, module.get_submodule(layer))
    expected = theirs.attribute(found.image.tensor, target=1)[0, 0]
    np.testing.assert_allclose(found.attribution, expected.detach().numpy(), atol=1e-6)


def test_occlusion_agrees_with_captum(captum: Any) -> None:
    model = classifier(FULL)
    values = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    aim = Target(2, None, "c")
    found, facts = occlusion(
        model.module, values, aim, settings=PerturbationSettings(patch=4, stride=4)
    )
    theirs = captum.Occlusion(model.module.eval())
    expected = theirs.attribute(
        values, target=2, sliding_window_shapes=(3, 4, 4), strides=(3, 4, 4), baselines=0
    )[0, 0]
    torch.testing.assert_close(found, expected.float(), atol=1e-5, rtol=1e-4)
    assert facts == {"patch": 4, "stride": 4}


def test_a_patch_over_all_takes_the_whole_difference() -> None:
    model = classifier(FULL)
    values = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    found, _ = occlusion(
        model.module, values, Target(0, 1, ""), settings=PerturbationSettings(patch=16)
    )
    logits = model.module.eval()(torch.cat([values, torch.zeros_like(values)]))
    fall = (logits[0, 0] - logits[0, 1]) - (logits[1, 0] - logits[1, 1])
    torch.testing.assert_close(found, fall.detach().expand(16, 16), atol=1e-5, rtol=1e-4)


def test_patches_reach_the_rim_whatever_the_stride() -> None:
    model = classifier(FULL)
    values = torch.randn(1, 3, 16, 16)
    found, _ = occlusion(
        model.module, values, Target(0, None, ""), settings=PerturbationSettings(patch=5, stride=4)
    )
    assert torch.isfinite(found).all()


def test_integrated_gradients_agree_with_captum_and_are_complete(captum: Any) -> None:
    model = classifier(MEAN_AND_FC)
    values = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    aim = Target(3, None, "d")
    found, _ = integrated_gradients(
        model.module, values, aim, settings=PerturbationSettings(steps=24)
    )
    theirs = captum.IntegratedGradients(model.module.eval())
    expected = theirs.attribute(values, target=3, n_steps=24, method="riemann_middle")
    torch.testing.assert_close(found, expected[0].sum(0).float(), atol=1e-5, rtol=1e-3)
    whole, facts = integrated_gradients(model.module, values, aim, settings=PerturbationSettings())
    scores = model.module(torch.cat([values, torch.zeros_like(values)]))[:, 3].detach()
    difference = float(scores[0] - scores[1])
    assert float(whole.sum()) - difference == pytest.approx(facts["gap"], abs=1e-4)
    assert facts["steps"] == 864 or abs(facts["gap"]) <= 0.01 * abs(difference)


def test_more_steps_go_on_from_those_before(captum: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier(MEAN_AND_FC)
    values = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    passes: list[int] = []
    model.module.register_forward_hook(lambda part, given, output: passes.append(len(output)))
    monkeypatch.setattr(perturbation, "GAP", 0.0)
    monkeypatch.setattr(perturbation, "FIRST_STEPS", 4)
    monkeypatch.setattr(perturbation, "MOST_STEPS", 36)
    found, facts = integrated_gradients(
        model.module, values, Target(3, None, "d"), settings=PerturbationSettings()
    )
    assert facts["steps"] == 36 and sum(passes) == 2 + 36 and max(passes) == perturbation.BATCH
    theirs = captum.IntegratedGradients(model.module.eval())
    expected = theirs.attribute(values, target=3, n_steps=36, method="riemann_middle")
    torch.testing.assert_close(found, expected[0].sum(0).float(), atol=1e-5, rtol=1e-3)


def test_smooth_gradients_of_no_noise_are_the_gradient_and_a_seed_repeats(captum: Any) -> None:
    model = classifier(MEAN_AND_FC)
    values = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    aim = Target(1, None, "b")
    nearly = PerturbationSettings(samples=1, noise=1e-7)
    found, _ = smoothgrad(model.module, values, aim, settings=nearly)
    theirs = captum.Saliency(model.module.eval())
    expected = theirs.attribute(values.clone().requires_grad_(), target=1, abs=True)[0].sum(0)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-3)
    runs = [
        smoothgrad(model.module, values, aim, settings=PerturbationSettings(samples=40, seed=seed))[
            0
        ]
        for seed in (3, 3, 4)
    ]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_grad_cam_pp_and_layer_cam_are_the_formulas_of_their_papers() -> None:
    """Place by place, in the sums of the papers."""
    model = classifier(FULL)
    plus = explain(model, IMAGE, target="a", method="grad-cam++", layer="relu1")
    layer = explain(model, IMAGE, target="a", method="layer-cam", layer="relu1")
    passed = record(model.module, plus.image.tensor, ["relu1"], gradients=True)
    maps = passed["relu1"].output
    (gradient,) = gradients_of(passed.output[:, 0], [maps])
    a, g = maps[0].detach().double().numpy(), gradient[0].double().numpy()
    expected, expected_layer = np.zeros(a.shape[1:]), np.zeros(a.shape[1:])
    for k in range(len(a)):
        weight = 0.0
        for i in range(a.shape[1]):
            for j in range(a.shape[2]):
                below = 2 * g[k, i, j] ** 2 + a[k].sum() * g[k, i, j] ** 3
                alpha = 0.0 if below == 0 else g[k, i, j] ** 2 / below
                weight += alpha * max(g[k, i, j], 0)
                expected_layer[i, j] += max(g[k, i, j], 0) * a[k, i, j]
        expected += weight * a[k]
    np.testing.assert_allclose(layer.attribution, expected_layer, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(plus.attribution, expected, rtol=1e-2, atol=1e-3)


def test_a_network_of_torchvision_with_relus_in_place_is_explained(captum: Any) -> None:
    module = torchvision_oracle.model("resnet18", num_classes=4).eval()
    size = Preprocess(3, 64, 64)
    model = Classifier(module, None, tuple("abcd"), size)
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    found = explain(model, image, target="b")
    assert found.method == "cam"
    assert "fc" in found.rule
    assert found.attribution.mean() + found.facts["bias"] == pytest.approx(found.score, abs=1e-4)
    middle = explain(model, image, target="b", method="grad-cam", layer="layer2.1.conv2")
    theirs = captum.LayerGradCam(module, module.get_submodule("layer2.1.conv2"))
    expected = theirs.attribute(middle.image.tensor, target=1)[0, 0]
    np.testing.assert_allclose(middle.attribution, expected.detach().numpy(), atol=1e-6)
    with pytest.raises(SettingError, match="works 2 times in a pass; say which"):
        explain(model, image, method="grad-cam", layer="layer2.1.relu")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_numbers_and_leaves_the_network_as_it_was(method: str) -> None:
    model = classifier(MEAN_AND_FC)
    model.module.train()
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    found = explain(model, IMAGE, method=method, settings=PerturbationSettings(samples=3, steps=4))
    assert np.isfinite(found.attribution).all()
    assert found.map.shape == (16, 16)
    assert found.on_image().shape == (16, 16)
    np.testing.assert_allclose(found.positive + found.negative, found.attribution)
    assert model.module.training
    after = model.module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert method in str(found)
    assert found.as_json()["method"] == method


def test_networks_without_an_exact_map_say_so() -> None:
    model = classifier(FULL)
    assert explain(model, IMAGE).method == "grad-cam"
    with pytest.raises(SettingError, match="no exact class activation map; expected grad-cam"):
        explain(model, IMAGE, method="cam")
    end = find_last_spatial_layer(model.module, torch.rand(1, 3, 16, 16))
    assert (end.name, end.weight, end.is_class_map) == ("maxpool1", None, False)


def test_what_cannot_be_is_refused_in_one_line() -> None:
    model = classifier(MEAN_AND_FC)
    with pytest.raises(SettingError, match="method 'cma': expected auto, cam, grad-cam"):
        explain(model, IMAGE, method="cma")
    with pytest.raises(NotationError, match="no layer 'conv77'"):
        explain(model, IMAGE, layer="conv77")
    with pytest.raises(SettingError, match="gives 4, which has no positions to show; expected one"):
        explain(model, IMAGE, layer="fc1")
    with pytest.raises(SettingError, match="there is no class 'e'"):
        explain(model, IMAGE, target="e")
    with pytest.raises(SettingError, match="cam is exact at 'relu1' alone"):
        explain(model, IMAGE, method="cam", layer="maxpool1")
    with pytest.raises(SettingError, match="leave the layer out"):
        explain(model, IMAGE, method="occlusion", layer="relu1")
    with pytest.raises(SettingError, match="a patch of 40 pixels on an input of 16x16"):
        explain(model, IMAGE, method="occlusion", settings=PerturbationSettings(patch=40))
    flat = classifier("input 3x16x16 classes=4 > flatten > fc")
    with pytest.raises(SettingError, match="no layer of the network gives a map with positions"):
        explain(flat, IMAGE)
    assert explain(flat, IMAGE, method="integrated-gradients").attribution.shape == (16, 16)


def test_a_branch_that_pools_does_not_hide_the_last_map() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, padding=1)
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.gate = nn.Conv2d(4, 4, 1)
            self.last = nn.Conv2d(4, 5, 3, padding=1)
            self.end = nn.Linear(5, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = self.conv(x)
            x = self.last(x * self.gate(self.pool(x)).sigmoid())
            return self.end(x.mean((2, 3)))  # type: ignore[no-any-return]

    end = find_last_spatial_layer(Gated(), torch.rand(1, 3, 16, 16))
    assert end.name == "last"
    assert end.weight is not None


def test_real_weights_point_at_what_is_in_the_image(shared: Any) -> None:
    weights = importlib.import_module("striate.model.weights")
    model_of = importlib.import_module("striate.model.importing").import_classifier
    del weights
    model = model_of(
        "squeezenet1_1",
        weights=shared("weights/squeezenet1_1.pth"),
        classes=shared("weights/imagenet_class_index.json"),
    )
    folder = shared("data/ilsvrc_boxes")
    image = sorted(folder.glob("*/*.*"))[0]
    found = explain(model, image)
    assert found.layer == "relu2"
    assert found.attribution.shape == (13, 13)
    assert found.attribution.mean() == pytest.approx(found.score, rel=1e-4)
