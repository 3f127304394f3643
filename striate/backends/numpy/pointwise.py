"""Activations: each number for itself, and softmax, which weighs all channels of one place.

Where y depends on x number by number, the chain rule is one product: dx = dy * y'(x). Every x
here may have any shape with the channels, or features, second: (batch, channel, ...).
"""

from __future__ import annotations

import numpy as np

from striate.backends.numpy.arrays import all_but_channels, by_channel
from striate.backends.numpy.result import Array, ByName, Result


def relu(x: Array) -> Result:
    """Cut off below zero: y = max(0, x), y' = 1 where x > 0, else 0.

    A unit whose x is negative for every image gets no gradient and never changes again: it
    is dead. At 0, where there is no slope, it is taken as 0, as in torch. Nair and Hinton 2010,
    https://www.cs.toronto.edu/~fritz/absps/reluICML.pdf

    >>> y, back = relu(np.array([[-2.0, 0.0, 3.0]]))
    >>> y, back(np.ones((1, 3)))["x"]
    (array([[0., 0., 3.]]), array([[0., 0., 1.]]))
    """
    return np.maximum(x, 0), lambda dy: {"x": dy * (x > 0)}


def relu6(x: Array) -> Result:
    """Cut off below 0 and above 6: y' = 1 in between, else 0.

    Krizhevsky 2010, https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf

    >>> relu6(np.array([[-2.0, 3.0, 8.0]]))[0]
    array([[0., 3., 6.]])
    """
    return np.clip(x, 0, 6), lambda dy: {"x": dy * ((x > 0) & (x < 6))}


def leakyrelu(x: Array, slope: float) -> Result:
    """Let a little through below zero: y = x or slope * x, y' = 1 or slope.

    So that no unit dies. Maas, Hannun and Ng 2013,
    https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf

    >>> leakyrelu(np.array([[-2.0, 3.0]]), 0.1)[0]
    array([[-0.2,  3. ]])
    """
    y = np.where(x > 0, x, slope * x)
    return y, lambda dy: {"x": dy * np.where(x > 0, 1.0, slope)}


def prelu(x: Array, weight: Array) -> Result:
    """Leaky relu with a learnt slope a channel, the weight.

    Where x < 0, y = weight * x, so y grows by x as the weight grows by 1: dweight is the sum of
    dy * x there. He et al. 2015, section 2.1, https://arxiv.org/abs/1502.01852

    Args:
        x: (batch, channel, ...).
        weight: (channel,).

    >>> y, back = prelu(np.array([[-2.0, 3.0]]), np.array([0.5, 0.5]))
    >>> y, back(np.ones((1, 2)))["weight"]
    (array([[-1.,  3.]]), array([-2.,  0.]))
    """
    slope = by_channel(weight, x)  # (1, channel, 1, 1)

    def back(dy: Array) -> ByName:
        return {
            "x": dy * np.where(x > 0, 1.0, slope),
            "weight": (dy * np.where(x > 0, 0.0, x)).sum(axis=all_but_channels(x)),
        }

    return np.where(x > 0, x, slope * x), back


def sigmoid(x: Array) -> Result:
    """Squash into 0..1: y = 1 / (1 + e^-x), y' = e^-x / (1 + e^-x)^2 = y * (1 - y).

    y' is 1/4 at most, so a gradient that passes through ten of them shrinks a million times:
    it vanishes. For x < 0 the same fraction is written e^x / (1 + e^x), as e^-x could be too
    large for a number. Hochreiter 1998, https://doi.org/10.1142/S0218488598000094

    >>> y, back = sigmoid(np.array([[-1000.0, 0.0, 1000.0]]))
    >>> y, back(np.ones((1, 3)))["x"]
    (array([[0. , 0.5, 1. ]]), array([[0.  , 0.25, 0.  ]]))
    """
    e = np.exp(-np.abs(x))  # from 0 to 1
    y = np.where(x >= 0, 1, e) / (1 + e)
    return y, lambda dy: {"x": dy * y * (1 - y)}


def tanh(x: Array) -> Result:
    """Squash into -1..1: y = sinh x / cosh x, y' = (cosh^2 - sinh^2) / cosh^2 = 1 - y^2.

    LeCun et al. 1998, Efficient backprop, section 4.4,
    http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf

    >>> y, back = tanh(np.array([[0.0, 100.0]]))
    >>> y, back(np.ones((1, 2)))["x"]
    (array([[0., 1.]]), array([[1., 0.]]))
    """
    y = np.tanh(x)
    return y, lambda dy: {"x": dy * (1 - y**2)}


def softmax(x: Array) -> Result:
    """Make numbers into shares that sum to 1: y[i] = e^x[i] / sum over k of e^x[k].

    Every y depends on every x: dx[j] is the sum over i of dy[i] times the Jacobian's y[i] *
    ((i == j) - y[j]), which comes to

        dx[j] = y[j] * (dy[j] - sum over i of dy[i] * y[i])

    The largest x is subtracted first. It cancels in the fraction, and e^x cannot overflow.
    Bridle 1990, https://doi.org/10.1007/978-3-642-76153-9_28

    Args:
        x: (batch, channel, ...); the channels of each place are weighed against each other.

    >>> y, back = softmax(np.array([[1000.0, 1000.0]]))
    >>> y, back(np.array([[1.0, 0.0]]))["x"]
    (array([[0.5, 0.5]]), array([[ 0.25, -0.25]]))
    """
    e = np.exp(x - x.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    return y, lambda dy: {"x": y * (dy - (dy * y).sum(axis=1, keepdims=True))}


def softmax_jacobian(y: Array) -> Array:
    """Write out how fast each share grows with each number: y[i] with x[j] in row i, column j.

    By the quotient rule, with s for the sum of all e^x[k]:

        i == j: (e^x[i] * s - e^x[i] * e^x[i]) / s^2 = y[i] * (1 - y[i])
        i != j: (0      * s - e^x[i] * e^x[j]) / s^2 = -y[i] * y[j]

    Args:
        y: the shares, (class,).

    Returns:
        (class, class), symmetric; its rows sum to 0, as the shares always sum to 1.

    >>> softmax_jacobian(np.array([0.5, 0.25, 0.25]))
    array([[ 0.25  , -0.125 , -0.125 ],
           [-0.125 ,  0.1875, -0.0625],
           [-0.125 , -0.0625,  0.1875]])
    """
    return np.diag(y) - np.outer(y, y)
