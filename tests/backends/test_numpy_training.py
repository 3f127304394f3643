"""Learning step by step beside torch, and what the numbers start as."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from reference_oracle import state_of
from torch.nn import functional

from striate.architecture.aspects.numpy_pass import Array
from striate.backends import numpy
from striate.backends.torch import build
from striate.errors import NotationError, SettingError, TrainingError

RESIDUAL = """
    unit(c) = conv c bias=no > bn
    input 1x8x8 classes=10
    unit(8) > relu > maxpool 2 > add(unit(in) > prelu > unit(in) | identity) > relu
    gap > flatten > fc
"""


@pytest.fixture(scope="module")
def digits() -> tuple[Array, NDArray[np.int64]]:
    """scikit-learn's 1,797 digits: images (1797, 1, 8, 8) from 0 to 1, and labels."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images[:, None] / 16.0, bunch.target


@pytest.mark.parametrize(
    ("text", "side", "steps"), [("lenet5", 4, 25), (RESIDUAL, 1, 40)], ids=["lenet5", "residual"]
)
def test_the_losses_are_torch_s_step_by_step(
    text: str, side: int, steps: int, digits: tuple[Array, NDArray[np.int64]]
) -> None:
    images = np.kron(digits[0], np.ones((side, side)))  # each pixel becomes side x side
    module = build(text, seed=4).double().train()
    chosen = list(numpy.batches(images, digits[1], size=16, seed=5))[:steps]
    optimiser = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
    ours = numpy.train(text, state_of(module), chosen, learning_rate=0.05, momentum=0.9, seed=0)
    losses = []
    for learnt, (x, labels) in zip(ours, chosen, strict=True):
        optimiser.zero_grad()
        loss = functional.cross_entropy(
            module(torch.tensor(x, dtype=torch.float64)), torch.tensor(labels)
        )
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        assert learnt.loss == pytest.approx(loss.item(), abs=1e-9)
        losses.append(learnt.loss)
    assert len(losses) == steps
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])
    for name, tensor in module.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            np.testing.assert_allclose(learnt.parameters[name], tensor, atol=1e-9)


def test_it_learns_the_digits_from_its_own_start(
    digits: tuple[Array, NDArray[np.int64]],
) -> None:
    images, labels = digits
    text = "input 1x8x8 classes=10 > conv 8 > relu > maxpool 2 > dropout 0.1 > flatten > fc"
    order = numpy.batches(images[:1200], labels[:1200], size=32, epochs=4, seed=1)
    for learnt in numpy.train(text, numpy.start(text, seed=2), order):
        last = learnt
    assert last.step == 4 * (1200 // 32)
    answers = numpy.forward(text, last.parameters, images[1200:]).output
    truth = numpy.one_hot(labels[1200:], 10)
    assert numpy.classification_error(answers, truth) < 0.12


def test_any_loss_can_be_learnt_with(digits: tuple[Array, NDArray[np.int64]]) -> None:
    text = "input 1x8x8 classes=10 > flatten > fc > softmax"
    order = numpy.batches(digits[0], digits[1], epochs=1)
    losses = [
        learnt.loss
        for learnt in numpy.train(
            text, numpy.start(text), order, loss=numpy.squared_error, learning_rate=0.5
        )
    ]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])


def test_the_start_has_the_spread_of_he_and_glorot() -> None:
    """That of the torch modules, which are tested against torch.nn.init."""
    text = """
        input 16x8x8 classes=10
        conv 64 groups=2 > relu > conv 64 > tanh > conv 5x5 64 > prelu > conv 64 > leakyrelu 0.5
        bn > flatten > fc 100 > relu > fc
    """
    ours, theirs = numpy.start(text, seed=1), build(text, seed=1).state_dict()
    for name, values in ours.items():
        assert values.shape == theirs[name].shape
        if values.ndim == 1:
            assert np.array_equal(values, theirs[name])
        else:
            n = values.size
            ratio = values.std() / float(theirs[name].std())
            assert ratio == pytest.approx(1, abs=5 / n**0.5), name
            assert abs(values).max() == pytest.approx(float(theirs[name].abs().max()), rel=0.3)
    again, other = numpy.start(text, seed=1), numpy.start(text, seed=2)
    assert all(np.array_equal(ours[name], again[name]) for name in ours)
    assert not np.array_equal(ours["fc1.weight"], other["fc1.weight"])


def test_signals_keep_their_size_through_relus() -> None:
    text = "input 32x8x8 > [conv 32 padmode=edge > relu]*10"
    x = np.random.default_rng(0).normal(size=(4, 32, 8, 8))
    passed = numpy.forward(text, numpy.start(text), x)
    sizes = [float(np.sqrt((passed.values[f"relu{n}"] ** 2).mean())) for n in (1, 10)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.5)


def test_what_it_starts_with_is_left_as_it_is() -> None:
    text = "input 1x2x2 classes=2 > bn > flatten > fc"
    given = numpy.start(text)
    before = {name: values.copy() for name, values in given.items()}
    batch = (np.random.default_rng(0).normal(size=(4, 1, 2, 2)), [0, 1, 1, 0])
    records = list(numpy.train(text, given, [batch] * 3))
    assert all(np.array_equal(given[name], before[name]) for name in given)
    first, last = (records[place].parameters["fc1.weight"] for place in (0, -1))
    assert not np.array_equal(first, last)  # a record keeps the numbers of its own step
    assert repr(records[0]).startswith("Learnt(step 1, loss ")


def test_batches_show_every_image_once_an_epoch() -> None:
    images = np.arange(7.0).reshape(7, 1, 1, 1)
    found = list(numpy.batches(images, np.arange(7), size=3, epochs=2, seed=1))
    assert [len(labels) for _, labels in found] == [3, 3, 3, 3]  # type: ignore[arg-type]
    for x, labels in found:
        assert np.ravel(x).tolist() == list(labels)  # type: ignore[arg-type]
    for epoch in (found[:2], found[2:]):
        seen = [label for _, labels in epoch for label in labels]  # type: ignore[union-attr]
        assert len(set(seen)) == 6


def test_what_cannot_be_learnt_is_said() -> None:
    x, labels = np.ones((4, 1, 2, 2)), [0, 1, 1, 0]
    text = "input 1x2x2 classes=2 > flatten > fc"
    deep = "input 1x2x2 classes=2 > flatten > fc 3 > fc"
    with pytest.raises(TrainingError, match=r"step 2 is (nan|inf).* below 1e\+200 may help"):
        list(numpy.train(deep, numpy.start(deep), [(x, labels)] * 3, learning_rate=1e200))
    with pytest.raises(SettingError, match="ends with 3x2x2; expected one number a class"):
        list(numpy.train("input 1x2x2 > conv 3", {}, [(x, labels)]))
    with pytest.raises(SettingError, match="the parameters lack fc1.weight, fc1.bias"):
        list(numpy.train(text, {}, []))
    with pytest.raises(SettingError, match="labels from 0 to 2 for 2 classes"):
        list(numpy.train(text, numpy.start(text), [(x, [0, 1, 2, 0])]))
    with pytest.raises(NotationError, match="the number of classes is not known"):
        list(numpy.train("input 1x2x2 > flatten > fc", {}, []))
    with pytest.raises(SettingError, match="one label an image"):
        list(numpy.batches(x, labels[:2]))
    with pytest.raises(SettingError, match="batches of 32 from 4 images; expected 1 to as many"):
        list(numpy.batches(x, labels))
