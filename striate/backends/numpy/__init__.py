"""Every word of the notation in plain NumPy, forward and backward: to be read.

Nothing here is fast, and nothing is hidden: each formula stands beside the code that computes
it, with its derivation and its source. The torch modules of `striate.backends.torch` are checked
against it. Start with `striate.architecture.aspects.numpy_pass`, which says how to read the rest;
each word's pass stands in its file in `striate.architecture.words`. Here are

- ``forward_backward``, a whole network, which is backpropagation; ``training``, gradient descent;
- ``parameters``, the numbers that a network keeps; ``losses``.

>>> import numpy as np
>>> network = "input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc"
>>> images = np.random.default_rng(0).normal(size=(3, 1, 8, 8))
>>> passed = forward(network, start(network), images)
>>> loss, dy = softmax_cross_entropy(passed.output, one_hot([0, 1, 1], 2))
>>> gradient = backward(passed, dy)
>>> gradient.parameters["conv1.weight"].shape, gradient.values["relu1"].shape
((4, 1, 3, 3), (3, 4, 8, 8))
"""

from __future__ import annotations

from striate.backends.numpy.forward_backward import Gradient, Passed, backward, forward
from striate.backends.numpy.losses import (
    classification_error,
    cross_entropy,
    one_hot,
    softmax_cross_entropy,
    squared_error,
)
from striate.backends.numpy.parameters import shapes, start
from striate.backends.numpy.training import Learnt, batches, train

__all__ = [
    "Gradient",
    "Learnt",
    "Passed",
    "backward",
    "batches",
    "classification_error",
    "cross_entropy",
    "forward",
    "one_hot",
    "shapes",
    "softmax_cross_entropy",
    "squared_error",
    "start",
    "train",
]
