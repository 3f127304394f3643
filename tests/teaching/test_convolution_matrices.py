"""Forward and both gradients as products of matrices: torch's autograd is the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import examples

from striate.architecture.words import Conv, Sides
from striate.errors import SettingError
from striate.teaching.convolution import compute_input_gradient, compute_weight_gradient, forward
from striate.teaching.convolution.matrices import roll, unroll


@st.composite
def layers(draw: st.DrawFn) -> tuple[Conv, tuple[int, int, int, int]]:
    """A convolution and a batch's shape that it fits."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, dilation, groups = draw(pairs), draw(pairs), draw(st.integers(1, 3))
    pad: Any = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    if all(d * (k - 1) % 2 == 0 for k, d in zip(kernel, dilation, strict=True)):
        pad = draw(st.sampled_from((pad, "same")))
    pad = draw(st.sampled_from((pad, pad, "end", Sides(0, 1, 2, 0))))
    layer = Conv(
        groups * draw(st.integers(1, 3)),
        kernel=kernel,
        stride=draw(pairs),
        pad=pad,
        dilation=dilation,
        groups=groups,
        padmode=draw(st.sampled_from(("zero", "edge"))),
    )
    window = layer.window_on((1, 9, 9))
    sides = [
        max(1, extent - added) + draw(st.integers(0, 6))
        for extent, added in zip(window.extent, window.padded(0, 0), strict=True)
    ]
    return layer, (draw(st.integers(1, 3)), groups * draw(st.integers(1, 2)), sides[0], sides[1])


def by_torch(
    layer: Conv, images: np.ndarray, weights: np.ndarray, gradient: np.ndarray | None
) -> tuple[np.ndarray, ...]:
    """What comes out, and with a gradient for that both others."""
    x, w = (torch.from_numpy(each).requires_grad_() for each in (images, weights))
    top, bottom, left, right = layer.window_on(images.shape[1:]).sides
    mode = "constant" if layer.padmode == "zero" else "replicate"
    y = torch.nn.functional.conv2d(
        torch.nn.functional.pad(x, (left, right, top, bottom), mode=mode),
        w,
        stride=layer.stride,
        dilation=layer.dilation,
        groups=layer.groups,
    )
    if gradient is None:
        return (y.detach().numpy(),)
    by_weights, by_input = torch.autograd.grad(y, (w, x), torch.from_numpy(gradient))
    return y.detach().numpy(), by_weights.numpy(), by_input.numpy()


@given(drawn=layers(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=examples(250), deadline=None)
def test_both_gradients_are_those_of_autograd(
    drawn: tuple[Conv, tuple[int, int, int, int]], seed: int
) -> None:
    layer, shape = drawn
    generator = np.random.default_rng(seed)
    images = generator.normal(size=shape)
    weights = generator.normal(size=(layer.channels, shape[1] // layer.groups, *layer.kernel))
    gradient = generator.normal(size=(shape[0], *layer.output(shape[1:])))
    y, by_weights, by_input = by_torch(layer, images, weights, gradient)
    np.testing.assert_allclose(forward(images, weights, layer), y, atol=1e-11)
    np.testing.assert_allclose(
        compute_weight_gradient(images, gradient, layer), by_weights, atol=1e-11
    )
    found = compute_input_gradient(weights, gradient, layer, size=(shape[2], shape[3]))
    np.testing.assert_allclose(found, by_input, atol=1e-11)


@given(drawn=layers(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_rolling_is_the_transpose_of_unrolling(
    drawn: tuple[Conv, tuple[int, int, int, int]], seed: int
) -> None:
    layer, shape = drawn
    generator = np.random.default_rng(seed)
    images = generator.normal(size=shape)
    patches = unroll(images, layer)
    other = generator.normal(size=patches.shape)
    back = roll(other, layer, (shape[2], shape[3]))
    assert (patches * other).sum() == pytest.approx((images * back).sum(), abs=1e-9)


def test_whole_numbers_and_bytes_are_taken_too() -> None:
    images = np.arange(32, dtype=np.uint8).reshape(2, 1, 4, 4) * 8
    layer = Conv(1, pad=(0, 0))
    result = forward(images, np.ones((1, 1, 3, 3), np.int64), layer)
    expected = by_torch(layer, images.astype(float), np.ones((1, 1, 3, 3)), None)[0]
    assert np.array_equal(result, expected)


def test_says_what_does_not_fit() -> None:
    layer = Conv(4, groups=2, pad=(0, 0))
    x, w = np.zeros((1, 2, 5, 5)), np.zeros((4, 1, 3, 3))
    with pytest.raises(SettingError, match=r"the batch has shape \(2, 5, 5\); expected"):
        unroll(x[0], layer)
    with pytest.raises(SettingError, match="channels a multiple of groups=2"):
        unroll(np.zeros((1, 3, 5, 5)), layer)
    with pytest.raises(SettingError, match=r"weights have shape \(4, 2, 3, 3\); .*needs \(4, 1"):
        forward(x, np.zeros((4, 2, 3, 3)), layer)
    with pytest.raises(SettingError, match=r"gradient has shape \(1, 4, 5, 5\); .* \(1, 4, 3, 3\)"):
        compute_weight_gradient(x, np.zeros((1, 4, 5, 5)), layer)
    with pytest.raises(SettingError, match="gradient has shape"):
        compute_input_gradient(w, np.zeros((1, 3, 3, 3)), layer, size=(5, 5))
    with pytest.raises(SettingError, match="the kernel of 3x3 does not fit in 2x2; pad by 1"):
        unroll(np.zeros((1, 2, 2, 2)), layer)
    with pytest.raises(SettingError, match="9,000,000 patches of 9 numbers, 0.6 GiB"):
        unroll(np.zeros((1, 1, 3002, 3002), np.uint8), Conv(1, pad=(0, 0)))
