"""Every number that CNN Explainer's page shows of its Tiny VGG, calculated by NumPy alone.

Its page (Wang and others 2020, https://arxiv.org/abs/2004.15004) shows the three channels of the
image, every feature map, the products of a 3x3 patch with each of its kernels, their sums, the
bias, ReLU before and after, the 2x2 window of a pooling and its largest, the flattened numbers, the
logits, and each term of the softmax. Here the whole network is calculated by NumPy, every map is
compared whole, and of every layer some cells are taken apart.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.explanation.hooks import Recording, record
from striate.explanation.unit_arithmetic import recompute_activation, recompute_call
from striate.model.classifier import Classifier

CONVS = ("conv1", "conv2", "conv3", "conv4")
RELUS = ("relu1", "relu2", "relu3", "relu4")
POOLS = ("maxpool1", "maxpool2")
CELLS = 12  # of each layer that are taken apart
NAMES = (
    *("lifeboat", "ladybug", "pizza", "bell pepper", "school bus"),
    *("koala", "espresso", "red panda", "orange", "sport car"),
)


@functools.cache
def tiny_vgg() -> Classifier:
    """The network with weights drawn by chance, and biases that are not 0."""
    module = build("tiny_vgg", seed=11).requires_grad_(False)
    generator = torch.Generator().manual_seed(12)
    for name, value in module.state_dict().items():
        if name.endswith("bias"):
            value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
    usual = Preprocess(3, 64, 64, mean=(0.0,) * 3, std=(1.0,) * 3)  # its page divides by 255 alone
    return Classifier(module.eval(), None, NAMES, usual)


@functools.cache
def image() -> np.ndarray:
    rows, columns = np.indices((64, 64))
    waves = [np.sin(rows / 5 + k) + np.cos(columns / (4 + k)) for k in range(3)]
    noise = np.random.default_rng(13).normal(0, 0.2, (64, 64, 3))
    return np.clip(np.rint(110 + 50 * (np.stack(waves, -1) + noise)), 0, 255).astype(np.uint8)


@functools.cache
def heard() -> Recording:
    pixels = torch.from_numpy(image().transpose(2, 0, 1)[None].astype(np.float32) / 255)
    return record(tiny_vgg().module, pixels)


@functools.cache
def by_numpy() -> dict[str, np.ndarray]:
    """Calculate every layer in float64, loop by loop as the page animates it."""
    state = {n: v.double().numpy() for n, v in tiny_vgg().module.state_dict().items()}
    maps = image().transpose(2, 0, 1) / 255.0
    found = {"input": maps}
    for number in range(4):
        weight, bias = state[f"{CONVS[number]}.weight"], state[f"{CONVS[number]}.bias"]
        size = maps.shape[1] - 2
        made = np.zeros((10, size, size))
        for unit in range(10):
            for channel in range(len(maps)):
                for row in range(3):
                    for column in range(3):
                        patch = maps[channel, row : row + size, column : column + size]
                        made[unit] += patch * weight[unit, channel, row, column]
            made[unit] += bias[unit]
        found[CONVS[number]] = made
        maps = found[RELUS[number]] = np.where(made > 0, made, 0)
        if number % 2:
            half = maps.shape[1] // 2
            windows = maps.reshape(10, half, 2, half, 2)
            maps = found[POOLS[number // 2]] = windows.max((2, 4))
    flat = found["flatten"] = maps.reshape(-1)
    logits = found["fc"] = state["fc1.weight"] @ flat + state["fc1.bias"]
    found["softmax"] = np.exp(logits) / np.exp(logits).sum()
    return found


def cells(layer: str) -> list[tuple[int, int, int]]:
    shape = by_numpy()[layer].shape
    generator = np.random.default_rng(len(layer) + int(layer[-1]))
    drawn = [tuple(int(generator.integers(size)) for size in shape) for _ in range(CELLS - 2)]
    return [(0, 0, 0), (shape[0] - 1, shape[1] - 1, shape[2] - 1), *drawn]


def test_every_number_of_every_map_is_numpys() -> None:
    sizes = {"conv1": 62, "conv2": 60, "maxpool1": 30, "conv3": 28, "conv4": 26, "maxpool2": 13}
    for layer in (*CONVS, *RELUS, *POOLS):
        ours = heard()[layer].output[0].double().numpy()
        size = sizes.get(layer, sizes[layer.replace("relu", "conv")])
        assert ours.shape == by_numpy()[layer].shape == (10, size, size)
        np.testing.assert_allclose(ours, by_numpy()[layer], atol=2e-5)


@pytest.mark.parametrize("layer", CONVS)
def test_products_sums_and_bias_of_a_convolution_are_numpys(layer: str) -> None:
    before = {"conv1": "input", "conv2": "relu1", "conv3": "maxpool1", "conv4": "relu3"}[layer]
    given = by_numpy()[before]
    state = {n: v.double().numpy() for n, v in tiny_vgg().module.state_dict().items()}
    weight, bias = state[f"{layer}.weight"], state[f"{layer}.bias"]
    for unit, row, column in cells(layer):
        terms = recompute_call(heard()[layer], unit, row, column).terms
        assert len(terms.value) == 9 * len(given)
        products = given[:, row : row + 3, column : column + 3] * weight[unit]
        ours = np.zeros_like(products)
        ours[terms.unit, terms.row - row, terms.column - column] = terms.value * terms.weight
        np.testing.assert_allclose(ours, products, atol=2e-5)
        # the "intermediate results": one sum a channel
        np.testing.assert_allclose(ours.sum((1, 2)), products.sum((1, 2)), atol=5e-5)
        assert terms.bias == bias[unit]
        whole = sum(products.sum((1, 2))) + bias[unit]
        assert terms.result == pytest.approx(whole, abs=2e-5)
        assert by_numpy()[layer][unit, row, column] == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize("layer", RELUS)
def test_relu_before_and_after_is_numpys(layer: str) -> None:
    before = by_numpy()[layer.replace("relu", "conv")]
    signs = set()
    for place in cells(layer):
        terms = recompute_call(heard()[layer], *place).terms
        assert (terms.function, len(terms.value)) == ("relu", 1)
        assert terms.value[0] == pytest.approx(before[place], abs=2e-5)
        assert terms.result == pytest.approx(max(0.0, before[place]), abs=2e-5)
        signs.add(before[place] > 0)
    assert signs == {True, False}


@pytest.mark.parametrize(("layer", "before"), [("maxpool1", "relu2"), ("maxpool2", "relu4")])
def test_the_window_of_a_pooling_and_its_largest_are_numpys(layer: str, before: str) -> None:
    given = by_numpy()[before]
    for unit, row, column in cells(layer):
        call = heard()[layer]
        window = given[unit, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        ours = call.inputs[0][0, unit, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        np.testing.assert_allclose(ours.double().numpy(), window, atol=2e-5)
        terms = recompute_call(call, unit, row, column).terms
        np.testing.assert_allclose(np.sort(terms.value), np.sort(window.ravel()), atol=2e-5)
        assert terms.result == pytest.approx(window.max(), abs=2e-5)
        won = np.flatnonzero(terms.weight)
        assert len(won) == 1
        assert terms.value[won[0]] == terms.result


def test_flattened_numbers_and_the_terms_of_each_logit_are_numpys() -> None:
    flat = by_numpy()["flatten"]
    assert len(flat) == 13 * 13 * 10
    weight = tiny_vgg().module.state_dict()["fc1.weight"].double().numpy()
    bias = tiny_vgg().module.state_dict()["fc1.bias"].double().numpy()
    for unit in range(10):
        terms = recompute_call(heard()["fc1"], unit).terms
        assert (terms.unit == np.arange(len(flat))).all()
        np.testing.assert_allclose(terms.value, flat, atol=2e-5)
        np.testing.assert_allclose(terms.value * terms.weight, flat * weight[unit], atol=2e-5)
        assert terms.bias == bias[unit]
        assert terms.result == pytest.approx(by_numpy()["fc"][unit], abs=1e-4)


def test_each_term_of_the_softmax_is_numpys() -> None:
    logits = by_numpy()["fc"]
    answer = tiny_vgg().predict(image())
    given = [answer.probabilities[name] for name in NAMES]
    np.testing.assert_allclose(given, by_numpy()["softmax"], atol=1e-5)
    exponentials = np.exp(logits)
    for unit in range(10):
        assert given[unit] == pytest.approx(exponentials[unit] / exponentials.sum(), abs=1e-5)


def test_one_activation_is_told_with_the_relu_behind_it() -> None:
    found = recompute_activation(tiny_vgg(), image(), "conv3", unit=4, row=7, column=9)
    assert [step.layer for step in found.steps] == ["conv3", "relu3"]
    assert found.agrees
    assert found.value == pytest.approx(by_numpy()["relu3"][4, 7, 9], abs=2e-5)
