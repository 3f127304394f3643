"""The forward and the backward pass of a word in NumPy: its result, and the way back from it.

A word computes y from x, and beside y it returns the function that takes a gradient back through
it. That inner function still sees everything the word has computed, so forward and backward stand
together and nothing needs to be passed on by hand.

Names, in every word:

- ``x`` is what goes in, ``y`` what comes out, ``L`` the loss at the very end of the network.
- ``dy`` is the gradient of L by y: how fast L grows as each number of y grows. It has y's shape.
- ``dx`` is the same for x, and every way back is the chain rule, which finds dx from dy:

      dx[i] = sum over j of dy[j] * (how fast y[j] grows as x[i] grows)

Everything is float64, images are (batch, channel, row, column), features (batch, feature).
Rumelhart, Hinton and Williams 1986, Learning representations by back-propagating errors,
https://doi.org/10.1038/323533a0

>>> def double(x: Array) -> Result:
...     return 2 * x, lambda dy: {"x": 2 * dy}
>>> y, back = double(np.array([1.0, 5.0]))
>>> y, back(np.ones(2))["x"]
(array([ 2., 10.]), array([2., 2.]))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ByName = dict[str, Array]  # by name of what went in: "x", "weight", "bias"
Back = Callable[[Array], ByName]  # dy -> the gradients of everything that went in
Result = tuple[Array, Back]  # y, and the way back from it
Joined = tuple[Array, Callable[[Array], list[Array]]]  # of branches: y, and dy -> the dx of each


@dataclass
class Visit:
    """One layer's turn in a pass: what it may use beside its input.

    Attributes:
        own: its own parameters: weight, bias, running_mean, running_var.
        training: whether the network learns; bn and dropout act otherwise then.
        address: where the layer stands, for messages.
        random: where dropout draws from.
        mask: what dropout keeps, given instead of drawn.
        measured: bn's new running statistics, put here for whoever wants to keep them.
    """

    own: Mapping[str, Array] = field(default_factory=dict)
    training: bool = False
    address: str = ""
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    mask: Array | None = None
    measured: ByName = field(default_factory=dict)


def by_channel(values: Array, x: Array) -> Array:
    """Lay one number a channel out so that it meets all of its channel in x.

    Args:
        values: (channel,).
        x: (batch, channel, row, column), or (batch, feature).

    Returns:
        (1, channel, 1, 1), or (1, feature).

    >>> by_channel(np.array([1.0, 2.0]), np.zeros((5, 2, 3, 3))).shape
    (1, 2, 1, 1)
    """
    return values.reshape(1, -1, *[1] * (x.ndim - 2))


def all_but_channels(x: Array) -> tuple[int, ...]:
    """Return the axes over which one channel extends: batch, row and column.

    >>> all_but_channels(np.zeros((5, 2, 3, 3)))
    (0, 2, 3)
    """
    return tuple(axis for axis in range(x.ndim) if axis != 1)
