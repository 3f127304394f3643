"""The exact maps of many images are those that gradients give, and lie where cells look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from striate.backends.onnx import Trained
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.batch_hires_cam import batch_hires_cam, find_map_layer
from striate.explanation.exact_class_maps import (
    compute_class_maps,
    find_map_source,
    keep_class_maps,
)
from striate.model.classifier import Classifier
from striate.model.decision import Decision

STEM = "input 3x32x32 classes=3 > conv 8 stride=2 > bn > relu > conv 6 stride=2"


def classifier(text: str, *, module: bool = False) -> Classifier:
    built = build(text, seed=3)
    network = built.eval() if module else Trained.of(built.plan, built.state_dict())
    return Classifier(network, text, ("a", "b", "c"), Preprocess(3, 32, 32))


@pytest.mark.parametrize(
    "end",
    [
        "relu > gap > flatten > dropout 0.2 > fc",
        "add(conv 6 | identity) > relu > gap > flatten > fc bias=no",
        "conv 1x1 classes > relu > gap > flatten",
    ],
)
def test_they_are_what_gradients_give(end: str) -> None:
    model = classifier(f"{STEM} > {end}")
    pixels = np.random.default_rng(0).integers(0, 256, (7, 3, 32, 32), dtype=np.uint8)
    targets = np.arange(7) % 3
    source, layer = find_map_source(model), find_map_layer(model)
    found = compute_class_maps(model, source, pixels, targets)
    expected, _ = batch_hires_cam(model, layer, pixels, targets)
    assert source.address == layer.name
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert source.centers is not None and layer.centers is not None
    for own, traced in (
        (source.centers.rows, layer.centers.rows),
        (source.centers.columns, layer.centers.columns),
    ):
        np.testing.assert_allclose(own.mean, traced.mean)


def test_answers_with_maps_are_the_classifiers_and_the_maps_those_of_the_answers() -> None:
    model = classifier(f"{STEM} > relu > gap > flatten > fc")
    pixels = np.random.default_rng(1).integers(0, 256, (11, 3, 32, 32), dtype=np.uint8)
    answering = keep_class_maps(model)
    assert answering is not None
    answers = np.concatenate([answering.decide(pixels[k : k + 6]).probabilities for k in (0, 6)])
    np.testing.assert_array_equal(answers, model.probabilities(pixels))
    expected = compute_class_maps(model, answering.source, pixels, answers.argmax(1))
    np.testing.assert_array_equal(answering.maps, expected)
    assert keep_class_maps(classifier(f"{STEM} > flatten > fc 9 > relu > fc")) is None
    mirrored = replace(model, decision=Decision(mirrored=True))
    assert keep_class_maps(mirrored) is None


@pytest.mark.parametrize("end", ["flatten > fc 9 > relu > fc", "gap > flatten > fc 9 > relu > fc"])
def test_where_there_is_none_the_reason_is_said(end: str) -> None:
    with pytest.raises(SettingError, match="does not end in a mean over positions"):
        find_map_source(classifier(f"{STEM} > {end}"))


def test_a_torch_module_has_none() -> None:
    torch.manual_seed(0)
    model = classifier(f"{STEM} > gap > flatten > fc", module=True)
    with pytest.raises(SettingError, match="built in Python"):
        find_map_source(model)
