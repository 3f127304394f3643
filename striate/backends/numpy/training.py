"""Learning: stochastic gradient descent with momentum, all of it on one page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture.aspects.numpy_pass import ByName
from striate.architecture.notation import ExpandedNetwork, Network, expand
from striate.architecture.words import text_of
from striate.backends.numpy.arrays import numbers
from striate.backends.numpy.forward_backward import backward, forward
from striate.backends.numpy.losses import Loss, one_hot, softmax_cross_entropy
from striate.backends.numpy.parameters import by_layer
from striate.errors import SettingError, TrainingError

Batch = tuple[ArrayLike, ArrayLike]  # images (batch, channel, row, column), labels (batch,)


@dataclass(frozen=True, repr=False)
class Learnt:
    """One step of learning.

    Attributes:
        step: its number, from 1.
        loss: that of its batch, before the step.
        parameters: all of the network after the step, bn's running statistics included.
    """

    step: int
    loss: float
    parameters: ByName

    def __repr__(self) -> str:
        return f"Learnt(step {self.step}, loss {self.loss:.4f})"


def train(
    network: str | Network | ExpandedNetwork,
    parameters: Mapping[str, ArrayLike],
    batches: Iterable[Batch],
    *,
    learning_rate: float = 0.1,
    momentum: float = 0.9,
    loss: Loss = softmax_cross_entropy,
    seed: int = 0,
) -> Iterator[Learnt]:
    """Learn: go downhill on the loss, one batch a step.

    The gradient points where the loss grows fastest, so a step goes the other way. Momentum
    keeps a part of the last step's velocity, so that what gradients have in common adds up and
    what they contradict each other in cancels:

        velocity = momentum * velocity + gradient
        parameter = parameter - learning_rate * velocity

    Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html, in torch's form:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html

    Args:
        network: a text in the notation, its tree, or its plan; one number a class comes out.
        parameters: what it starts with, by name, as `start` gives it; left as they are.
        batches: pairs of images and labels, as `batches` gives them.
        learning_rate: how far a step goes.
        momentum: how much of the last velocity stays.
        loss: outputs and targets in, the loss and its gradient out.
        seed: for what dropout drops.

    Yields:
        A record a step; the last one holds the result.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.
        SettingError: parameters, images or labels do not fit the network.
        TrainingError: the loss is no number any more.

    >>> from striate.backends.numpy import start
    >>> network = "input 1x1x2 classes=2 > flatten > fc"
    >>> images, labels = [[[[0.0, 1.0]]], [[[1.0, 0.0]]]], [0, 1]
    >>> for learnt in train(network, start(network), [(images, labels)] * 3):
    ...     print(learnt)
    Learnt(step 1, loss 1.0495)
    Learnt(step 2, loss 1.0005)
    Learnt(step 3, loss 0.9122)
    """
    plan = expand(network)
    if len(plan.output) != 1:
        raise SettingError(
            f"the network ends with {text_of(plan.output)}; expected one number a class; "
            "end it with 'flatten > fc' or 'gap > flatten > fc'"
        )
    by_layer(plan, parameters)  # checked before the first batch
    current = {name: numbers(values, name) for name, values in parameters.items()}
    velocity: ByName = {}
    seeds = np.random.default_rng(seed)
    for step, (images, labels) in enumerate(batches, start=1):
        dropping = int(seeds.integers(2**32))
        with np.errstate(over="ignore", invalid="ignore"):  # said below, where the loss shows it
            passed = forward(plan, current, images, training=True, seed=dropping)
            value, dy = loss(passed.output, one_hot(labels, plan.output[0]))
            gradient = backward(passed, dy)
            current = {**current, **passed.statistics}
            for name, slope in gradient.parameters.items():
                velocity[name] = momentum * velocity.get(name, 0.0) + slope
                current[name] = current[name] - learning_rate * velocity[name]
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss of step {step} is {value}, no number to learn from; "
                f"a learning_rate below {learning_rate:g} may help"
            )
        yield Learnt(step, value, current)


def batches(
    images: ArrayLike, labels: ArrayLike, *, size: int = 32, epochs: int = 1, seed: int = 0
) -> Iterator[Batch]:
    """Shuffle images and hand them out in batches, anew each epoch.

    A last batch that would be smaller is left out, as its images come in another epoch.

    Args:
        images: (image, channel, row, column).
        labels: whole numbers from 0, (image,).
        size: images a batch.
        epochs: passes over all images.
        seed: for the order.

    Raises:
        SettingError: not as many labels as images, or fewer than a batch.

    >>> [labels.tolist() for _, labels in batches(np.zeros((5, 1, 2, 2)), np.arange(5), size=2)]
    [[2, 4], [3, 0]]
    """
    shown, truth = numbers(images, "the images"), np.asarray(labels)
    if shown.ndim != 4 or truth.shape != shown.shape[:1]:
        raise SettingError(
            f"images of shape {shown.shape} and labels of shape {truth.shape}; expected "
            "(image, channel, row, column) and one label an image"
        )
    if not 1 <= size <= len(shown):
        raise SettingError(f"batches of {size} from {len(shown)} images; expected 1 to as many")
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(len(shown))
        for first in range(0, len(order) - size + 1, size):
            chosen = order[first : first + size]
            yield shown[chosen], truth[chosen]
