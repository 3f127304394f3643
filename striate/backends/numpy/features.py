"""Full connection, and the words that move numbers about: flatten, dropout, cat, add."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from striate.backends.numpy.result import Array, ByName, Result

Joined = tuple[Array, Callable[[Array], list[Array]]]  # y, and dy -> the dx of each branch


def fc(x: Array, weight: Array, *, bias: Array | None = None) -> Result:
    """Connect every feature to every unit: y[u] = bias[u] + sum over f of weight[u, f] * x[f].

    Each product gives each of its factors the other one, summed over where it was used:

        dx[f]         = sum over u of dy[u] * weight[u, f]
        dweight[u, f] = sum over images of dy[u] * x[f]
        dbias[u]      = sum over images of dy[u]

    Goodfellow, Bengio and Courville 2016, Deep Learning, algorithm 6.4,
    https://www.deeplearningbook.org/contents/mlp.html

    Args:
        x: (batch, feature).
        weight: (unit, feature).
        bias: (unit,), or None.

    >>> weight = np.array([[1.0, 2.0], [0.0, -1.0]])
    >>> y, back = fc(np.array([[3.0, 4.0]]), weight, bias=np.array([0.5, 0.5]))
    >>> y, back(np.array([[1.0, 0.0]]))["weight"]
    (array([[11.5, -3.5]]), array([[3., 4.],
           [0., 0.]]))
    """
    y = np.einsum("bf,uf->bu", x, weight)
    if bias is not None:
        y += bias

    def back(dy: Array) -> ByName:
        gradients = {
            "x": np.einsum("bu,uf->bf", dy, weight),
            "weight": np.einsum("bu,bf->uf", dy, x),
        }
        if bias is not None:
            gradients["bias"] = dy.sum(axis=0)
        return gradients

    return y, back


def flatten(x: Array) -> Result:
    """Put all maps in one row, channel by channel, row by row; the way back folds them again.

    Args:
        x: (batch, channel, row, column), or (batch, feature), which stays as it is.

    >>> flatten(np.zeros((2, 3, 4, 4)))[0].shape
    (2, 48)
    """
    return x.reshape(len(x), -1), lambda dy: {"x": dy.reshape(x.shape)}


def dropout(x: Array, kept: Array, rate: float) -> Result:
    """Let only some numbers through, and scale them up so that the mean stays.

    y = x * kept / (1 - rate): kept is 1 with probability 1 - rate, so y is x on average and
    nothing needs to be scaled when the network is used. What was dropped gets no gradient.
    Srivastava et al. 2014, section 10, https://jmlr.org/papers/v15/srivastava14a.html

    Args:
        x: (batch, ...).
        kept: 1 where a number is let through, 0 where it is dropped; of x's shape.
        rate: the probability of being dropped.

    >>> dropout(np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 0.0, 1.0]]), 0.5)[0]
    array([[2., 0., 6.]])
    """
    scale = kept / (1 - rate)
    return x * scale, lambda dy: {"x": dy * scale}


def identity(x: Array) -> Result:
    """Change nothing.

    >>> identity(np.array([[1.0, 2.0]]))[0]
    array([[1., 2.]])
    """
    return x, lambda dy: {"x": dy}


def cat(branches: Sequence[Array]) -> Joined:
    """Put the channels one after the other; the way back cuts them apart again.

    Args:
        branches: each (batch, channel, ...).

    >>> y, back = cat([np.array([[1.0]]), np.array([[2.0, 3.0]])])
    >>> y, back(np.array([[10.0, 20.0, 30.0]]))
    (array([[1., 2., 3.]]), [array([[10.]]), array([[20., 30.]])])
    """
    ends = np.cumsum([x.shape[1] for x in branches])
    return np.concatenate(branches, axis=1), lambda dy: np.split(dy, ends[:-1], axis=1)


def add(branches: Sequence[Array]) -> Joined:
    """Sum the branches; each of them grows y as fast as it grows, so each gets all of dy.

    This is why gradients reach the first layers of a residual network: beside every path lies
    an ``identity`` that hands them on unchanged. He et al. 2016, equation 5,
    https://arxiv.org/abs/1603.05027

    Args:
        branches: all of one shape.

    >>> y, back = add([np.array([[1.0]]), np.array([[2.0]])])
    >>> y, back(np.array([[10.0]]))
    (array([[3.]]), [array([[10.]]), array([[10.]])])
    """
    return np.sum(branches, axis=0), lambda dy: [dy] * len(branches)
