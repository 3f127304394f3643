"""The maps and filters of a network: the numbers are the network's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision_oracle
from torch import nn

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.layer_filters import filters
from striate.explanation.layer_maps import ColorScale, feature_maps
from striate.model.classifier import Classifier
from striate.model.importing import import_classifier

BRANCHED = (
    "unit(c) = conv c > bn > relu\n"
    "input 3x16x16 classes=3 > unit(4) > cat(unit(2) | conv 1x1 3) > maxpool 2 > gap > flatten > fc"
)


def classifier(text: str, seed: int = 1) -> Classifier:
    module = build(text, seed=seed)
    return Classifier(module, text, ("a", "b", "c"), Preprocess(3, 16, 16, mean=(0.4,) * 3))


def noise(side: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)


def test_maps_are_what_hooks_by_hand_hear() -> None:
    model = classifier(BRANCHED)
    heard: dict[str, torch.Tensor] = {}
    handles = []
    for name, part in model.module.named_modules():
        if name and not list(part.children()):

            def hook(_: nn.Module, given: object, out: torch.Tensor, name: str = name) -> None:
                heard[name] = out.detach().clone()

            handles.append(part.register_forward_hook(hook))
    found = feature_maps(model, noise())
    pixels = torch.from_numpy(model.preprocess.pixels(noise())[None]).float() / 255
    values = pixels - 0.4
    with torch.no_grad():
        logits = model.module.eval()(values)
    for handle in handles:
        handle.remove()
    for layer in found.layers:
        assert np.allclose(layer.values, heard[layer.name][0].numpy(), atol=1e-6), layer.name
    assert np.allclose(found["fc1"].values, logits[0].numpy(), atol=1e-5)
    assert "flatten1" not in [layer.name for layer in found.layers]


def test_gradients_are_those_of_autograd_for_one_class_and_for_two() -> None:
    model = classifier(BRANCHED)
    both = feature_maps(model, noise(), target="a", against="c", gradients=True)
    one, other = (feature_maps(model, noise(), target=name, gradients=True) for name in ("a", "c"))
    assert both.target == "a rather than c"
    for left, right, layer in zip(one.layers, other.layers, both.layers, strict=True):
        assert left.gradient is not None and right.gradient is not None
        assert layer.gradient is not None
        assert layer.gradient.shape == layer.values.shape
        assert np.allclose(layer.gradient, left.gradient - right.gradient, atol=1e-6)
    assert one["fc1"].gradient is not None
    assert one["fc1"].gradient.tolist() == [1, 0, 0]
    weight = model.module.get_parameter("fc1.weight")[0].detach().numpy()
    slope = one["maxpool1"].gradient
    assert slope is not None
    assert np.allclose(slope, np.broadcast_to(weight[:, None, None] / 64, slope.shape), atol=1e-6)


def test_units_are_sorted_by_how_strongly_they_answer() -> None:
    layer = feature_maps(classifier(BRANCHED), noise())["unit1.relu1"]
    assert (np.diff(layer.mean_activation[layer.order]) <= 0).all()
    assert np.allclose(layer.mean_activation, np.maximum(layer.values, 0).mean((1, 2)), atol=1e-6)
    assert layer.inactive_share == np.mean([each.max() <= 0 for each in layer.values])


@pytest.mark.parametrize("span", ["layer", "block", "network"])
def test_a_scale_spans_what_was_asked_for(span: ColorScale) -> None:
    found = feature_maps(classifier(BRANCHED), noise(), color_scale=span)
    flat = {each.name: np.abs(each.values).ravel() for each in found.layers}
    for layer in found.layers:
        block = layer.name.partition(".")[0]
        together = {
            "layer": [flat[layer.name]],
            "block": [v for k, v in flat.items() if k.partition(".")[0] == block],
            "network": list(flat.values()),
        }[span]
        assert found.color_limits[layer.name] == pytest.approx(
            np.percentile(np.concatenate(together), 99.5)
        )


def test_any_module_and_some_layers_alone() -> None:
    module = torchvision_oracle.model("resnet18", num_classes=2)
    model = Classifier(module, None, ("a", "b"), Preprocess(3, 64, 64))
    found = feature_maps(model, noise(64), ["layer1.0.conv1", "layer4.1.bn2"], gradients=True)
    assert [layer.values.shape for layer in found.layers] == [(64, 16, 16), (512, 2, 2)]
    assert found.as_json()["layers"][0]["shape"] == [64, 16, 16]
    assert module.training  # left as it was


def test_what_there_is_not_is_refused_in_one_line() -> None:
    model = classifier(BRANCHED)
    with pytest.raises(SettingError, match="color scale 'all': expected layer, block, network"):
        feature_maps(model, noise(), color_scale="all")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="there are no maps of 'conv9'; expected one of unit1"):
        feature_maps(model, noise())["conv9"]


def test_filters_dead_and_the_same_twice_are_named() -> None:
    model = classifier(BRANCHED)
    first = model.module.get_submodule("unit1.conv1")
    assert isinstance(first, nn.Conv2d)
    with torch.no_grad():
        first.weight[1] = first.weight[0] * 3
        first.weight[2] = first.weight[0] * -0.5
        first.weight[3] *= 1e-5
    found = {each.name: each for each in filters(model)}
    assert list(found) == [
        name for name, part in model.module.named_modules() if isinstance(part, nn.Conv2d)
    ]
    one = found["unit1.conv1"]
    assert one.dead == (3,)
    assert {pair[:2] for pair in one.duplicates} == {(0, 1), (0, 2), (1, 2)}
    assert [pair[2] for pair in sorted(one.duplicates)] == [1.0, -1.0, -1.0]
    assert one.is_color
    assert np.allclose(one.norms, first.weight.detach().flatten(1).norm(dim=1).numpy(), rtol=1e-6)
    assert one.order.tolist() == np.argsort(-one.norms).tolist()
    assert one.as_json()["shape"] == [4, 3, 3, 3]
    quiet = next(
        iter(filters(model, mean_activations={"unit1.conv1": np.array([0.0, 1.0, 3.0, 2.0])}))
    )
    assert quiet.order.tolist() == [2, 3, 1, 0]


def test_the_channels_that_a_filter_weighs_most_stand_first() -> None:
    model = classifier("input 3x16x16 classes=3 > conv 8 > relu > conv 2 > gap > flatten > fc")
    second = filters(model)[1]
    sizes = np.square(second.weights[1]).sum((1, 2))
    assert second.strongest_channels(1, 3).tolist() == np.argsort(-sizes)[:3].tolist()
    assert not second.is_color


def test_the_filters_of_real_weights(shared: Callable[[str], Path]) -> None:
    model = import_classifier(
        "squeezenet1_1",
        weights=shared("weights/squeezenet1_1.pth"),
        classes=shared("weights/imagenet_class_index.json"),
    )
    found = filters(model)
    assert len(found) == 26
    assert found[0].weights.shape == (64, 3, 3, 3)
    image = sorted(shared("data/ilsvrc_boxes").glob("*/*.*"))[0]
    seen = feature_maps(model, image, gradients=True)
    assert seen["relu2"].values.shape == (1000, 13, 13)
    gap = seen["relu2"].values.mean((1, 2))
    assert np.allclose(gap, seen["gap1"].values[:, 0, 0], atol=1e-4)
