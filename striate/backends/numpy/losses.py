"""Losses: one number that says how wrong the answers are, and its gradient.

Outputs are (batch, class); targets are the same shape, 1 at the true class and 0 elsewhere. A
loss is the mean over the images of the batch, so each image's gradient is divided by their
number. SettingError says so where outputs and targets do not fit each other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture.aspects.numpy_pass import Array
from striate.backends.numpy.arrays import numbers
from striate.errors import SettingError

Loss = Callable[[Array, Array], tuple[float, Array]]  # outputs, targets -> loss, its gradient


def one_hot(labels: ArrayLike, classes: int) -> Array:
    """Write class numbers as targets: 1 at the true class, 0 elsewhere.

    Args:
        labels: whole numbers from 0, (batch,).
        classes: how many classes there are.

    Returns:
        (batch, class).

    Raises:
        SettingError: a label is no whole number, or names no class.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    indices = np.asarray(labels)
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or indices.size == 0:
        raise SettingError(
            f"labels of type {indices.dtype} and shape {indices.shape}; expected whole numbers, "
            "one an image; give the index of each image's class"
        )
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= classes:
        raise SettingError(
            f"labels from {low} to {high} for {classes} classes; expected 0 to {classes - 1}; "
            "number the classes from 0"
        )
    targets: Array = np.eye(classes)[indices]
    return targets


def squared_error(outputs: ArrayLike, targets: ArrayLike) -> tuple[float, Array]:
    """Sum the squares of what is wrong: L = sum over k of (y[k] - t[k])^2, dL/dy = 2 (y - t).

    >>> nn1 = np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]])
    >>> loss, gradient = squared_error(nn1, one_hot([0, 1, 0], 2))
    >>> round(loss, 2), gradient[2] * 3
    (0.25, array([-1.2,  1.2]))
    """
    y, t = _pair(outputs, targets)
    return float(((y - t) ** 2).sum() / len(y)), 2 * (y - t) / len(y)


def cross_entropy(probabilities: ArrayLike, targets: ArrayLike) -> tuple[float, Array]:
    """Ask how surprising the truth was: L = -sum over k of t[k] * log p[k], dL/dp = -t / p.

    The log is the natural one. A truth that was given probability 0 costs infinitely much.
    Goodfellow, Bengio and Courville 2016, Deep Learning, section 6.2.1.1,
    https://www.deeplearningbook.org/contents/mlp.html

    >>> nn1 = np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]])
    >>> loss, gradient = cross_entropy(nn1, one_hot([0, 1, 0], 2))
    >>> round(loss, 2), gradient[2] * 3
    (0.38, array([-2.5,  0. ]))
    """
    p, t = _pair(probabilities, targets)
    true = t > 0  # elsewhere t * log p is 0, whatever p is
    with np.errstate(divide="ignore"):
        surprise = -np.log(p, where=true, out=np.zeros_like(p))
        slope = np.divide(-t, p, where=true, out=np.zeros_like(p))
    return float((t * surprise).sum() / len(p)), slope / len(p)


def softmax_cross_entropy(scores: ArrayLike, targets: ArrayLike) -> tuple[float, Array]:
    """Apply softmax and cross-entropy at once: the gradient for the scores is just y - t.

    With y = softmax(x), the chain rule through both is

        dL/dx[j] = sum over i of -t[i] / y[i] * y[i] * ((i == j) - y[j])
                 = -t[j] + y[j] * sum over i of t[i] = y[j] - t[j]

    So a confident mistake has the steepest slope, where that of the squared error after softmax
    is flat. And log y[k] = x[k] - log of the sum of e^x needs no y, which may round to 0.
    Goodfellow, Bengio and Courville 2016, Deep Learning, section 6.2.2.3,
    https://www.deeplearningbook.org/contents/mlp.html

    >>> loss, gradient = softmax_cross_entropy(np.array([[0.0, 5000.0]]), np.array([[1.0, 0.0]]))
    >>> loss, gradient
    (5000.0, array([[-1.,  1.]]))
    """
    x, t = _pair(scores, targets)
    shifted = x - x.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    y = e / e.sum(axis=1, keepdims=True)
    log_y = shifted - np.log(e.sum(axis=1, keepdims=True))
    return float(-(t * log_y).sum() / len(x)), (y - t) / len(x)


def classification_error(outputs: ArrayLike, targets: ArrayLike) -> float:
    """Count the share of wrong answers; the answer is the class with the largest output.

    It has no useful gradient: a small change of the outputs changes no answer, so it is flat
    nearly everywhere. That is why networks learn with another loss than they are evaluated by.

    >>> classification_error(np.array([[0.9, 0.1], [0.4, 0.6]]), one_hot([0, 0], 2))
    0.5
    """
    y, t = _pair(outputs, targets)
    return float((y.argmax(axis=1) != t.argmax(axis=1)).mean())


def _pair(outputs: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
    y, t = numbers(outputs, "the outputs"), numbers(targets, "the targets")
    if y.ndim != 2 or y.shape != t.shape or y.size == 0:
        raise SettingError(
            f"outputs of shape {y.shape} and targets of shape {t.shape}; expected "
            "(batch, class) for both; one_hot makes targets of class numbers"
        )
    return y, t
