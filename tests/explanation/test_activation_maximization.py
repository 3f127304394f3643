"""Images made for units: they are answered to more than anything else, and always the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.activation_maximization import VisualizationSettings, visualize_unit
from striate.explanation.hooks import record
from striate.explanation.image_ranking import top_activations
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.model.classifier import Classifier

TEXT = (
    "input 3x24x24 classes=3 > conv 5x5 6 > relu > maxpool 2 > conv 8 > relu > gap > flatten > fc"
)


def classifier(seed: int = 2) -> Classifier:
    preprocess = Preprocess(3, 24, 24, mean=(0.5,) * 3, std=(0.25,) * 3)
    return Classifier(build(TEXT, seed=seed), TEXT, ("a", "b", "c"), preprocess)


@pytest.mark.parametrize(("layer", "unit"), [("relu1", 3), ("conv2", 5), ("relu2", 5), ("fc1", 1)])
def test_a_unit_answers_to_its_image_more_than_to_any_real_one(
    layer: str, unit: int, photos: Path
) -> None:
    model = classifier()
    made = visualize_unit(
        model, layer, unit, settings=VisualizationSettings(steps=40, learning_rate=0.05)
    )
    assert made.images.shape == (2, 24, 24, 3)
    assert min(made.activation) > max(made.initial_activation)
    if layer != "fc1":
        real = top_activations(model, photos, layers=[layer])[layer].top.activations[unit, 0]
        assert max(made.activation) > real


def test_what_it_reached_is_what_the_finished_image_gets() -> None:
    model = classifier()
    made = visualize_unit(model, "relu2", 1, settings=VisualizationSettings(count=3, steps=12))
    for image, reached in zip(made.images, made.activation, strict=True):
        subject = PreprocessedImage.read(model, image)
        assert np.array_equal(subject.pixels.transpose(1, 2, 0), image)
        output = record(model.module, subject.tensor)["relu2"].output[0, 1]
        assert float(output.max()) == pytest.approx(reached, abs=1e-4)


def test_of_a_linear_unit_the_middle_of_the_image_becomes_its_kernel() -> None:
    text = "input 1x15x15 classes=2 > conv 7x7 1 pad=valid > gap > flatten > fc"
    module = build(text)
    kernel = torch.zeros(1, 1, 7, 7)
    kernel[:, :, :, :3], kernel[:, :, :, 4:] = -1.0, 1.0
    with torch.no_grad():
        module.get_parameter("conv1.weight").copy_(kernel)
    model = Classifier(module, text, ("a", "b"), Preprocess(1, 15, 15))
    still = VisualizationSettings(count=1, steps=120, learning_rate=0.1, center=True, jitter=False)
    made = visualize_unit(model, "conv1", 0, settings=still)
    middle = made.images[0, 4:11, 4:11, 0].astype(float)
    likeness = np.corrcoef(middle.ravel(), kernel.numpy().ravel())[0, 1]
    assert likeness > 0.9


def test_the_same_seed_gives_the_same_image_and_another_does_not() -> None:
    model = classifier()
    first, again, other = (
        visualize_unit(
            model, "relu2", 2, settings=VisualizationSettings(count=1, steps=6, seed=seed)
        ).images
        for seed in (4, 4, 5)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_several_images_differ_from_each_other() -> None:
    made = visualize_unit(
        classifier(), "relu2", 2, settings=VisualizationSettings(count=3, steps=20)
    )
    flat = made.images.reshape(3, -1).astype(float)
    assert np.corrcoef(flat)[np.triu_indices(3, 1)].max() < 0.9


def test_a_unit_at_rest_is_woken() -> None:
    """Its bias keeps it at 0 on noise, so a plain gradient would be 0 at the beginning."""
    model = classifier()
    with torch.no_grad():
        model.module.get_parameter("conv2.bias")[4] = -0.5
    made = visualize_unit(
        model, "relu2", 4, settings=VisualizationSettings(count=1, steps=80, learning_rate=0.08)
    )
    assert made.initial_activation == (0.0,)
    assert made.activation[0] > 0


def test_the_network_is_left_as_it_was_after_an_error_too() -> None:
    class Failing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bend = nn.ReLU()
            self.calls = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            if self.calls > 3:
                raise RuntimeError("at the fourth pass")
            return self.bend(x).flatten(1)  # type: ignore[no-any-return]

    module = Failing().train()
    model = Classifier(module, None, ("a", "b"), Preprocess(1, 4, 4))
    with pytest.raises(RuntimeError, match="fourth"):
        visualize_unit(model, "bend", 0, settings=VisualizationSettings(count=1, steps=9))
    assert module.training
    assert not module.bend._forward_hooks
    parameters = classifier()
    visualize_unit(parameters, "relu1", 0, settings=VisualizationSettings(count=1, steps=2))
    assert all(each.requires_grad and each.grad is None for each in parameters.module.parameters())


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(SettingError, match="'relu2' has 8 units and none of number 8"):
        visualize_unit(classifier(), "relu2", 8)
    with pytest.raises(SettingError, match="steps is 0; expected 1 or more"):
        visualize_unit(classifier(), "relu2", 1, settings=VisualizationSettings(steps=0))
