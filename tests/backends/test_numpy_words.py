"""The formulas themselves: against finite differences, at kinks and ties, for huge numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from striate.architecture import words
from striate.architecture.aspects.numpy_pass import Array, Visit
from striate.architecture.notation import expand
from striate.architecture.words.bn import running_statistics
from striate.architecture.words.softmax import softmax_jacobian
from striate.backends import numpy
from striate.backends.numpy.parameters import leaves

H = 1e-5
FINITE = [
    "input 2x5x4 > conv 3x2 2 stride=2x1 pad=1 dilation=1x2",
    "input 4x3x4 > conv 2 groups=2 padmode=edge",
    "input 3x4x4 > conv 3 table=01_12_02 stride=2 > conv 2 table=0_12 pad=1:1:0:1 padmode=edge",
    "input 2x2x2 > scale 0.3 bias=yes > flatten > fc 3 > fc 2 fixed=yes > scale bias=yes",
    "input 2x4x4 > relu",
    "input 2x8x8 > relu6",
    "input 2x4x4 > leakyrelu 0.2",
    "input 2x4x4 > prelu",
    "input 2x4x4 > sigmoid",
    "input 2x4x4 > tanh",
    "input 2x6x6 > silu",
    "input 2x6x6 > hardswish",
    "input 2x6x6 > hardsigmoid",
    "input 2x6x6 > gelu",
    "input 3x2x3 > layernorm eps=0.01 > flatten > layernorm",
    "input 3x2x3 > scale > slice 1 3 > flatten > scale",
    "input 3x2x3 > droppath 0.4",
    "input 2x3x3 > mul(identity | conv 2 | gap) > mul(tanh | relu > conv 2)",
    "input 4x3x2 > softmax",
    "input 2x5x5 > maxpool 3 stride=2 pad=1 ceil=yes",
    "input 2x4x5 > avgpool 3 stride=2 pad=1 ceil=yes",
    "input 2x4x5 > conv 3 stride=2 pad=end > maxpool 2 stride=1 pad=0:1:0:1",
    "input 2x4x5 > conv 2 pad=0:2:1:0 padmode=edge",
    "input 2x4x5 > avgpool 3 stride=2 pad=end countpad=no > sumpool 2 stride=1 pad=end",
    "input 2x5x4 > avgpool to=3x2",
    "input 2x5x4 > sumpool 2x3 stride=1",
    "input 2x3x4 > gap",
    "input 5x3x2 > lrn 4 alpha=0.3 beta=0.6 k=2",
    "input 2x3x3 > bn > flatten > bn",
    "input 2x4x4 > dropout 0.4",
    "input 2x3x3 > cat(identity | conv 1) > add(tanh | sigmoid)",
]


def apart_from_kinks(shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """Numbers 0.1 apart in random order, none within 0.05 of 0 or 6, where relu and relu6 bend."""
    count = math.prod(shape)
    numbers = 0.1 * (np.arange(count) - count // 2) + 0.05
    return random.permutation(numbers).reshape(shape)


def slopes(f: Callable[[], float], x: Array) -> Array:
    """Measure df/dx: move each number up and down by h, (f(x + h) - f(x - h)) / 2h."""
    found = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        middle = x[place]
        x[place] = middle + H
        above = f()
        x[place] = middle - H
        below = f()
        x[place] = middle
        found[place] = (above - below) / (2 * H)
    return found


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("text", FINITE)
def test_gradients_are_what_small_changes_do(text: str, training: bool) -> None:
    random = np.random.default_rng(0)
    state = {
        name: np.abs(values) + 0.5 if name.endswith("running_var") else values
        for name, shape in numpy.shapes(text).items()
        for values in [random.normal(size=shape)]
    }
    x = apart_from_kinks((2, *expand(text).input), random)
    passed = numpy.forward(text, state, x, training=training)
    dy = random.normal(size=passed.output.shape)
    gradient = numpy.backward(passed, dy)

    def loss() -> float:
        again = numpy.forward(text, state, x, training=training)
        return float((dy * again.output).sum())

    np.testing.assert_allclose(gradient.input, slopes(loss, x), rtol=1e-7, atol=1e-7)
    for name, slope in gradient.parameters.items():
        np.testing.assert_allclose(slope, slopes(loss, state[name]), rtol=1e-7, atol=1e-7)


def test_small_changes_were_made_to_every_word() -> None:
    steps = [step for text in FINITE for step in expand(text).layers()]
    assert {step.layer.word for step in steps} == {
        *(w for w, kind in words.WORDS.items() if not kind.opaque),
        *words.JOINS,
    }
    learnt = {leaf.layer.word for text in FINITE for leaf in leaves(expand(text))}
    assert {"conv", "fc", "bn", "prelu"} <= learnt


@pytest.mark.parametrize("word", ["relu", "relu6", "leakyrelu 0.2", "prelu"])
def test_at_a_kink_the_slope_is_torch_s(word: str) -> None:
    from striate.backends.torch import build

    text = f"input 1x1x4 > {word}"
    module = build(text).double()
    x = torch.tensor([[[[0.0, -0.0, 6.0, 1.0]]]], dtype=torch.float64, requires_grad=True)
    module(x).sum().backward()
    passed = numpy.forward(text, module.state_dict(), x.detach())
    gradient = numpy.backward(passed, np.ones_like(passed.output))
    assert x.grad is not None
    assert gradient.input.tolist() == x.grad.tolist()


def test_of_equal_numbers_the_first_wins_as_in_torch() -> None:
    random = np.random.default_rng(0)
    for kernel, stride, pad, dilation in [(2, 2, 0, 1), (3, 1, 1, 1), (3, 2, 1, 2), (2, 1, 1, 3)]:
        few = random.integers(-1, 2, size=(4, 3, 9, 8)).astype(float)  # hardly a window without tie
        x = torch.from_numpy(few.copy()).requires_grad_()
        expected = functional.max_pool2d(x, kernel, stride, pad, dilation)
        dy = random.normal(size=expected.shape)
        expected.backward(torch.from_numpy(dy))  # type: ignore[no-untyped-call]
        assert x.grad is not None
        window, step, around, apart = ((s, s) for s in (kernel, stride, pad, dilation))
        y, back = words.MaxPool(window, step, around, apart).numpy_pass(few, Visit())
        assert np.array_equal(y, expected.detach())
        np.testing.assert_allclose(back(dy)["x"], x.grad, atol=1e-14)


def test_a_number_that_is_none_is_not_lost_in_a_pool() -> None:
    y, _ = words.MaxPool((2, 2)).numpy_pass(np.array([[[[1.0, np.nan], [3.0, 2.0]]]]), Visit())
    assert np.isnan(y).all()


def test_softmax_and_sigmoid_bear_any_size() -> None:
    large = np.array([[1e4, -1e4, 1e308], [-1e308, 0.0, 1.0], [700.0, 701.0, 702.0]])
    for word, theirs in (
        (words.Softmax(), lambda x: functional.softmax(x, 1)),
        (words.Sigmoid(), functional.sigmoid),
    ):
        x = torch.from_numpy(large.copy()).requires_grad_()
        expected = theirs(x)
        dy = np.arange(9.0).reshape(3, 3)
        expected.backward(torch.from_numpy(dy))  # type: ignore[no-untyped-call]
        y, back = word.numpy_pass(large, Visit())
        np.testing.assert_allclose(y, expected.detach(), atol=1e-15)
        assert x.grad is not None
        np.testing.assert_allclose(back(dy)["x"], x.grad, atol=1e-14)


def test_the_jacobian_of_softmax_is_that_of_torch_and_that_of_its_way_back() -> None:
    x = np.random.default_rng(0).normal(size=(1, 5))
    y, back = words.Softmax().numpy_pass(x, Visit())
    jacobian = softmax_jacobian(y[0])
    expected = torch.autograd.functional.jacobian(
        lambda t: functional.softmax(t, 0),  # type: ignore[no-untyped-call]
        torch.from_numpy(x[0]),
    )
    np.testing.assert_allclose(jacobian, expected, atol=1e-15)
    np.testing.assert_allclose(jacobian.sum(axis=1), 0, atol=1e-15)
    dy = np.arange(5.0)
    np.testing.assert_allclose(back(dy[None])["x"][0], jacobian @ dy, atol=1e-15)


def test_dropout_scales_as_torch_does() -> None:
    x = torch.full((200, 50), 2.0, dtype=torch.float64, requires_grad=True)
    expected = functional.dropout(x, 0.3, training=True)
    expected.backward(torch.ones_like(expected))  # type: ignore[no-untyped-call]
    kept = (expected.detach().numpy() != 0).astype(float)
    visit = Visit(training=True, mask=kept)
    y, back = words.Dropout(0.3).numpy_pass(np.full((200, 50), 2.0), visit)
    np.testing.assert_allclose(y, expected.detach(), rtol=1e-15)
    assert x.grad is not None
    np.testing.assert_allclose(back(np.ones_like(y))["x"], x.grad, rtol=1e-15)


def test_dropout_follows_its_seed_and_keeps_the_mean() -> None:
    text, x = "input 1x100x100 > dropout 0.3", np.ones((2, 1, 100, 100))
    first, again, other = (
        numpy.forward(text, {}, x, training=True, seed=seed).output for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert float((first == 0).mean()) == pytest.approx(0.3, abs=0.015)  # 20,000: 4.6 deviations
    assert np.array_equal(numpy.forward(text, {}, x).output, x)
    given = np.zeros_like(x)
    masked = numpy.forward(text, {}, x, training=True, masks={"dropout1": given}).output
    assert not masked.any()


def test_running_statistics_are_torch_s() -> None:
    random = np.random.default_rng(0)
    x, mean, variance = random.normal(size=(4, 3, 2, 2)), random.normal(size=3), np.ones(3)
    theirs = (torch.from_numpy(mean.copy()), torch.from_numpy(variance.copy()))
    functional.batch_norm(torch.from_numpy(x), *theirs, training=True)
    for ours, expected in zip(running_statistics(x, mean, variance), theirs, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-14)


def test_a_convolution_has_two_orders_of_reading_the_smile() -> None:
    """The worked example of docs/ideas.md and of the shared reference numbers."""
    smile = "0000000 0100010 0000000 0001000 0100010 0011100 0000000"
    detector = "001 100 011"
    x, weight = (
        np.array([[float(digit) for digit in row] for row in text.split()])[None, None]
        for text in (smile, detector)
    )
    text = "input 1x7x7 > conv 1 pad=valid bias=no > maxpool 2 ceil=yes"
    passed = numpy.forward(text, {"conv1.weight": weight}, x)
    digits = [
        " ".join("".join(f"{value:.0f}" for value in row) for row in passed.values[name][0, 0])
        for name in ("conv1", "maxpool1")
    ]
    assert digits == ["01000 01110 10021 14210 00121", "110 421 021"]
