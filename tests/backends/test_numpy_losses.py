"""The losses: the worked example, torch's, small changes, and the gradient y - t."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from striate.architecture.aspects.numpy_pass import Array, Result, Visit
from striate.architecture.words import Softmax
from striate.backends import numpy
from striate.backends.numpy.losses import Loss
from striate.errors import SettingError

NN1 = np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]])
NN2 = np.array([[0.6, 0.4], [0.3, 0.7], [0.1, 0.9]])
TARGETS = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])


def test_the_worked_example_of_two_networks_on_three_images(
    shared: Callable[[str], Path],
) -> None:
    told = " ".join(shared("reference/README.md").read_text("utf-8").split())
    for name, network in (("NN1", NN1), ("NN2", NN2)):
        rows = re.search(rf"{name} ((?:\([\d., ]+\)(?:, )?)+)", told)
        assert rows is not None
        pairs = re.findall(r"\(([\d.]+), ([\d.]+)\)", rows[1])
        assert [[float(a), float(b)] for a, b in pairs] == network.tolist()
    squared = re.search(r"mean squared error (\d\.\d+) and (\d\.\d+)", told)
    crossed = re.search(r"mean cross-entropy (\d\.\d+) and (\d\.\d+)", told)
    assert squared is not None
    assert crossed is not None
    for network, square, cross in zip((NN1, NN2), squared.groups(), crossed.groups(), strict=True):
        assert numpy.classification_error(network, TARGETS) == 1 / 3
        assert f"{numpy.squared_error(network, TARGETS)[0]:.2f}" == square
        assert f"{numpy.cross_entropy(network, TARGETS)[0]:.2f}" == cross


def test_the_worked_example_by_hand() -> None:
    assert numpy.squared_error(NN1, TARGETS)[0] == pytest.approx(
        (2 * 0.1**2 + 2 * 0.1**2 + 2 * 0.6**2) / 3
    )
    assert numpy.cross_entropy(NN2, TARGETS)[0] == pytest.approx(
        -(np.log(0.6) + np.log(0.7) + np.log(0.1)) / 3
    )


def softmax(scores: Array) -> Result:
    return Softmax().numpy_pass(scores, Visit())


@pytest.mark.parametrize("batch", [1, 7])
def test_losses_and_gradients_are_torch_s(batch: int) -> None:
    random = np.random.default_rng(0)
    scores, labels = random.normal(size=(batch, 4)) * 5, random.integers(4, size=batch)
    targets = numpy.one_hot(labels, 4)
    shares, _ = softmax(scores)
    cases: list[tuple[Loss, Array, Callable[[torch.Tensor], torch.Tensor]]] = [
        (
            numpy.softmax_cross_entropy,
            scores,
            lambda x: functional.cross_entropy(x, torch.from_numpy(labels)),
        ),
        (
            numpy.cross_entropy,
            shares,
            lambda p: functional.nll_loss(p.log(), torch.from_numpy(labels)),
        ),
        (
            numpy.squared_error,
            scores,
            lambda y: functional.mse_loss(y, torch.from_numpy(targets), reduction="sum") / batch,
        ),
    ]
    for ours, outputs, theirs in cases:
        x = torch.from_numpy(outputs.copy()).requires_grad_()
        expected = theirs(x)
        expected.backward()  # type: ignore[no-untyped-call]
        value, gradient = ours(outputs, targets)
        assert value == pytest.approx(expected.item(), rel=1e-13)
        assert x.grad is not None
        np.testing.assert_allclose(gradient, x.grad, rtol=1e-12, atol=1e-14)


def test_through_softmax_the_gradient_of_cross_entropy_is_y_minus_t() -> None:
    random = np.random.default_rng(0)
    scores, targets = random.normal(size=(6, 5)), numpy.one_hot([0, 1, 2, 3, 4, 0], 5)
    y, back = softmax(scores)
    loss, dp = numpy.cross_entropy(y, targets)
    at_once, dx = numpy.softmax_cross_entropy(scores, targets)
    assert at_once == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(back(dp)["x"], dx, atol=1e-15)
    np.testing.assert_allclose(dx, (y - targets) / 6, atol=1e-15)


def test_a_confident_mistake_is_steep_in_cross_entropy_and_flat_in_squared_error() -> None:
    target = np.array([[1.0, 0.0]])
    for confidence in (5.0, 10.0, 20.0):
        y, back = softmax(np.array([[0.0, confidence]]))
        steep = back(numpy.cross_entropy(y, target)[1])["x"]
        flat = back(numpy.squared_error(y, target)[1])["x"]
        assert abs(steep[0, 0]) > 0.99
        assert abs(flat[0, 0]) < 5 * np.exp(-confidence)


def test_scores_of_any_size_have_a_loss_and_a_gradient() -> None:
    scores = np.array([[1e4, 0.0], [1e300, -1e300]])
    loss, gradient = numpy.softmax_cross_entropy(scores, np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert loss == 5000.0
    assert gradient.tolist() == [[0.5, -0.5], [0.0, 0.0]]


def test_a_truth_held_impossible_costs_infinitely_much() -> None:
    loss, gradient = numpy.cross_entropy(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]))
    assert loss == np.inf
    assert gradient.tolist() == [[-np.inf, 0.0]]


def test_what_is_no_pair_of_outputs_and_targets_is_refused() -> None:
    for outputs, targets in [(NN1, NN1[:2]), (NN1[0], NN1[0]), (NN1[:0], NN1[:0])]:
        for loss in (
            numpy.squared_error,
            numpy.cross_entropy,
            numpy.softmax_cross_entropy,
            numpy.classification_error,
        ):
            with pytest.raises(SettingError, match=r"expected \(batch, class\) for both"):
                loss(outputs, targets)
    for labels in ([0.5], [], [[1]], ["cat"]):
        with pytest.raises(SettingError, match="expected whole numbers, one an image"):
            numpy.one_hot(labels, 2)
    with pytest.raises(SettingError, match="labels from -1 to 2 for 2 classes; expected 0 to 1"):
        numpy.one_hot([-1, 2], 2)
