"""A convolution as one matrix, by im2col and by the Kronecker product: all equal, and torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import toeplitz

import striate as st
from striate.architecture.words import Conv, Fc
from striate.errors import SettingError
from striate.teaching.convolution import lay_out_matrix, write_loops
from striate.teaching.convolution.matrix_picture import draw_matrix_picture

LAYERS = [
    Conv(1, (3, 3), pad=(0, 0), bias=False),
    Conv(2, (3, 3), pad=(1, 1), bias=False),
    Conv(3, (2, 3), stride=(2, 1), pad=(1, 0), bias=False),
    Conv(2, (2, 2), dilation=(2, 1), pad=(0, 0), bias=False),
    Conv(2, (3, 3), pad="same", padmode="edge", bias=False),
    Conv(1, (3, 3), stride=(2, 2), pad="end", bias=False),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_all_ways_are_one_and_torch_s(layer: Conv) -> None:
    random = np.random.default_rng(0)
    image = random.normal(size=(2, 6, 5))
    weights = random.normal(size=(layer.channels, 2, *layer.kernel))
    gradient = random.normal(size=layer.output((2, 6, 5)))
    found = lay_out_matrix(image, weights, layer, gradient)
    module = st.build(f"input 2x6x5 > {layer}").double()
    kernel = module.get_parameter("conv1.weight")
    with torch.no_grad():
        kernel.copy_(torch.from_numpy(weights))
    x = torch.from_numpy(image[None]).requires_grad_(True)
    y = module(x)
    torch.autograd.backward(y, torch.from_numpy(gradient[None]))
    assert x.grad is not None and kernel.grad is not None
    wanted = y.detach().numpy()[0].reshape(layer.channels, -1)
    np.testing.assert_allclose(found.multiply(), wanted, atol=1e-12)
    np.testing.assert_allclose(found.multiply_patches(), wanted, atol=1e-12)
    np.testing.assert_allclose(found.dense() @ image.ravel(), wanted.ravel(), atol=1e-12)
    by_weights = kernel.grad.numpy().reshape(layer.channels, -1).T
    for way in (found.gradient_by_weights(), found.gradient_by_kronecker()):
        np.testing.assert_allclose(way, by_weights, atol=1e-12)
    for way in (found.gradient_by_image(), found.gradient_by_patches()):
        np.testing.assert_allclose(way, x.grad.numpy()[0], atol=1e-12)
    np.testing.assert_allclose(
        found.patches_by_kronecker(), found.gradient @ found.weights.T, atol=1e-12
    )
    assert max(found.differences) < 1e-12
    assert max(map(len, found.as_text(width=80).split("\n"))) <= 80


def test_of_a_signal_it_is_scipy_s_toeplitz_matrix() -> None:
    found = st.convolve("1 2 3 4 5 6", "1 -2 3").as_convolution_matrix()
    wanted = toeplitz([1, 0, 0, 0], [1, -2, 3, 0, 0, 0])
    assert np.array_equal(found.dense(), wanted)
    assert found.entries == 12 and np.array_equal(found.stands(), wanted != 0)


def test_of_an_image_every_block_is_toeplitz() -> None:
    found = st.convolve(np.ones((5, 6)), "1 2 3; 4 5 6").as_convolution_matrix()
    blocks = found.dense().reshape(4, 4, 5, 6).transpose(0, 2, 1, 3)  # row out, row in
    for out, row in np.ndindex(4, 5):
        block = blocks[out, row]
        assert np.array_equal(block[1:, 1:], block[:-1, :-1])
        if out and row:
            assert np.array_equal(block, blocks[out - 1, row - 1])


def test_a_weight_of_zero_has_its_places() -> None:
    found = st.convolve("0000000/" * 7, "001/100/011").as_convolution_matrix()
    assert found.entries == 225 and int((found.dense() != 0).sum()) == 100
    assert found.as_text().split("\n")[2].startswith("  001....100....011......")


def test_what_is_too_large_or_apart_is_told() -> None:
    large = st.convolve(np.ones((200, 200)), "blur").as_convolution_matrix()
    assert max(large.differences) < 1e-9 and not large.is_small
    with pytest.raises(SettingError, match="take a smaller image"):
        large.dense()
    with pytest.raises(SettingError, match="expected at most 400 to be drawn"):
        draw_matrix_picture(st.convolve(np.ones((30, 30)), "blur").as_convolution_matrix())
    with pytest.raises(SettingError, match="a matrix each; sum them"):
        lay_out_matrix(np.ones((2, 3, 3)), np.ones((2, 1, 2, 2)), Conv(2, (2, 2), groups=2))
    with pytest.raises(SettingError, match="expected at most 8,388,608"):
        st.convolve(np.ones((2000, 2000)), "blur").as_convolution_matrix()


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        *((layer, (2, 6, 5)) for layer in LAYERS[:4]),
        (Conv(4, (3, 3), pad=(0, 0), groups=2), (4, 5, 5)),
        (Conv(4, (1, 1), groups=4), (4, 3, 3)),
        (Conv(6, (2, 2), pad=(0, 0), groups=3), (3, 4, 4)),
        (Fc(3), (5,)),
        (Fc(2, bias=False), (4,)),
    ],
    ids=str,
)
def test_the_loops_run_and_come_to_the_layer(layer: Conv | Fc, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=shape)
    own = {name: random.normal(size=size) for name, size in layer.tensors(shape).items()}
    from striate.architecture.aspects.numpy_pass import Visit

    wanted, _ = layer.numpy_pass(x[None], Visit(own=own))
    loops = write_loops(layer, shape)
    y = np.zeros(layer.output(shape))
    names = {**own, "x": x, "image": x, "y": y}
    if isinstance(layer, Conv):
        top, bottom, left, right = layer.window_on(shape).sides
        names["padded"] = np.pad(x, ((0, 0), (top, bottom), (left, right)))
    exec(loops.code, names)
    np.testing.assert_allclose(y, wanted[0], atol=1e-12)
    assert loops.macs == layer.macs(shape) == eval(loops.numbers)
    assert max(map(len, loops.code.split("\n"))) <= 76
