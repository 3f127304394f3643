"""The randomisation check: an activation map follows the network, an edge detector does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.batch_hires_cam import batch_hires_cam, find_map_layer
from striate.explanation.parameter_randomization import randomize_parameters
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.model.classifier import Classifier

TEXT = "input 1x16x16 classes=4 > conv 8 > bn > relu > conv 8 > relu > gap > flatten > fc"
IMAGE = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)


@pytest.fixture
def model() -> Classifier:
    network = build(TEXT, seed=1)
    return Classifier(network, TEXT, ("a", "b", "c", "d"), Preprocess(1, 16, 16))


def activation_map(model: Classifier) -> np.ndarray:
    pixels = PreprocessedImage.read(model, IMAGE).pixels[None]
    maps, _ = batch_hires_cam(model, find_map_layer(model), pixels, np.array([0]))
    return np.asarray(maps[0])


def edges(model: Classifier) -> np.ndarray:
    down, across = np.gradient(IMAGE.astype(float))
    return np.asarray(np.hypot(down, across))


def test_a_map_of_the_network_follows_it_and_edges_do_not(model: Classifier) -> None:
    subject = PreprocessedImage.read(model, IMAGE)
    found = randomize_parameters(model, subject, activation_map)
    assert [depth.name for depth in found.depths] == ["fc1", "conv2", "conv1"]
    assert found.passed
    assert "follows the network" in found.words
    fixed = randomize_parameters(model, subject, edges)
    assert all(depth.correlation == pytest.approx(1.0) for depth in fixed.depths)
    assert all(depth.similarity == pytest.approx(1.0) for depth in fixed.depths)
    assert not fixed.passed
    assert "shows the image rather than the network" in fixed.words
    assert "1.00" in fixed.words


def test_the_layers_are_drawn_anew_from_the_logits_down_and_the_model_stays(
    model: Classifier,
) -> None:
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    changed: list[set[str]] = []

    def callback(other: Classifier) -> np.ndarray:
        now = other.module.state_dict()
        changed.append(
            {name.rpartition(".")[0] for name in before if not torch.equal(now[name], before[name])}
        )
        return IMAGE

    randomize_parameters(model, PreprocessedImage.read(model, IMAGE), callback, layers=2)
    assert changed == [set(), *([{"fc1"}, {"fc1", "conv2"}] * 3)]
    after = model.module.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert model.module.training


def test_drawn_weights_have_the_moments_of_those_they_replace(model: Classifier) -> None:
    drawn: list[torch.Tensor] = []

    def callback(other: Classifier) -> np.ndarray:
        drawn.append(other.module.state_dict()["conv2.weight"].clone())
        return IMAGE

    randomize_parameters(model, PreprocessedImage.read(model, IMAGE), callback, layers=2)
    first, new = drawn[0], drawn[2]
    assert new.std().item() == pytest.approx(first.std().item(), rel=0.15)
    assert abs(new.mean().item() - first.mean().item()) < 0.15 * first.std().item()


def test_a_map_that_dies_counts_as_changed(model: Classifier) -> None:
    answers = iter([IMAGE.astype(float), *[np.zeros((16, 16))] * 9])
    found = randomize_parameters(
        model, PreprocessedImage.read(model, IMAGE), lambda other: next(answers)
    )
    assert found.depths[-1].correlation == 0.0
    assert found.passed


def test_a_map_of_which_nothing_is_left_is_judged_where_there_was_one(model: Classifier) -> None:
    first, none = IMAGE.astype(float), np.zeros((16, 16))
    answers = iter([first, *[first, first, none] * 3])
    image = PreprocessedImage.read(model, IMAGE)
    found = randomize_parameters(model, image, lambda other: next(answers))
    assert [each.correlation for each in found.depths] == [1.0, 1.0, 0.0]
    assert [each.empty for each in found.depths] == [0.0, 0.0, 1.0]
    assert not found.passed
    assert found.words.endswith("from the last 3 on nothing of it is left to compare")


def test_no_layer_or_none_with_weights_is_refused(model: Classifier) -> None:
    subject = PreprocessedImage.read(model, IMAGE)
    with pytest.raises(SettingError, match="layers is 0"):
        randomize_parameters(model, subject, edges, layers=0)
    text = "input 1x16x16 classes=1 > relu > gap > flatten"
    bare = Classifier(build(text), text, ("a",), Preprocess(1, 16, 16))
    with pytest.raises(SettingError, match="no convolution"):
        randomize_parameters(bare, PreprocessedImage.read(bare, IMAGE), edges)


def test_contributions_add_up_to_the_score_and_are_the_class_activation_map(
    model: Classifier,
) -> None:
    """Against the weights of the full connection times the maps, by hand."""
    pixels = np.stack([PreprocessedImage.read(model, IMAGE).pixels] * 2)
    labels = np.array([2, 0])
    maps, shares = batch_hires_cam(model, find_map_layer(model), pixels, labels)
    with torch.no_grad():
        network = model.module.eval()
        values = PreprocessedImage.read(model, IMAGE).tensor
        features = values
        for name in ("conv1", "bn1", "relu1", "conv2", "relu2"):
            features = network.get_submodule(name)(features)
        weights = network.get_submodule("fc1").weight
        whole = torch.einsum("kc,cij->kij", weights, features[0]) / 256
        expected = torch.softmax(network(values), 1)[0]
    for place, label in enumerate(labels):
        others = [each for each in range(4) if each != label]
        own = (whole[label] - whole[others].mean(0)).numpy()
        np.testing.assert_allclose(maps[place], own, atol=1e-5)
    np.testing.assert_allclose(shares[1], expected.numpy(), rtol=1e-4)
