"""The words and the functions that compute them: one table, from layer to function.

To add a word, write its function in a file of its idea, and give it a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from striate.architecture.words import (
    Add,
    AvgPool,
    Bn,
    Cat,
    Conv,
    Dropout,
    Fc,
    Flatten,
    Gap,
    Identity,
    Joint,
    Layer,
    LeakyRelu,
    Lrn,
    MaxPool,
    Prelu,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    SumPool,
    Tanh,
)
from striate.backends.numpy.convolution import conv, conv_in_groups
from striate.backends.numpy.features import Joined, add, cat, dropout, fc, flatten, identity
from striate.backends.numpy.normalisation import bn_evaluation, bn_training, lrn, running_statistics
from striate.backends.numpy.pointwise import leakyrelu, prelu, relu, relu6, sigmoid, softmax, tanh
from striate.backends.numpy.pools import adaptive_avgpool, avgpool, gap, maxpool, sumpool
from striate.backends.numpy.result import Array, ByName, Result
from striate.errors import SettingError


@dataclass
class Visit:
    """One layer's turn in a pass: what it may use beside its input.

    Attributes:
        address: where it stands, for messages.
        own: its own parameters: weight, bias, running_mean, running_var.
        training: whether the network learns; bn and dropout act otherwise then.
        random: where dropout draws from.
        mask: what dropout keeps, given instead of drawn.
        measured: bn's new running statistics, put here for whoever wants to keep them.
    """

    address: str
    own: Mapping[str, Array]
    training: bool
    random: np.random.Generator
    mask: Array | None
    measured: ByName


def _conv(layer: Conv, x: Array, visit: Visit) -> Result:
    weight, bias = visit.own["weight"], visit.own.get("bias")
    if layer.groups == 1:
        return conv(x, weight, bias=bias, window=layer.window, padmode=layer.padmode)
    return conv_in_groups(
        x,
        weight,
        bias=bias,
        window=layer.window,
        groups=layer.groups,
        padmode=layer.padmode,
    )


def _avgpool(layer: AvgPool, x: Array, visit: Visit) -> Result:
    if layer.window is None:
        return adaptive_avgpool(x, layer.to or (1, 1))
    return avgpool(x, layer.window, ceil=layer.ceil)


def _bn(layer: Bn, x: Array, visit: Visit) -> Result:
    own = visit.own
    mean, variance = own["running_mean"], own["running_var"]
    if not visit.training:
        return bn_evaluation(
            x, own["weight"], own["bias"], mean=mean, variance=variance, eps=layer.eps
        )
    if x.size == x.shape[1]:
        raise SettingError(
            f"{visit.address} got a single number a channel, of shape {x.shape}, in training; "
            "expected at least two, as one has no variance; give more images"
        )
    new_mean, new_variance = running_statistics(x, mean, variance)
    visit.measured |= {"running_mean": new_mean, "running_var": new_variance}
    return bn_training(x, own["weight"], own["bias"], eps=layer.eps)


def _dropout(layer: Dropout, x: Array, visit: Visit) -> Result:
    if not visit.training:
        return identity(x)
    if visit.mask is None:
        return dropout(x, (visit.random.random(x.shape) >= layer.rate).astype(float), layer.rate)
    if visit.mask.shape != x.shape:
        raise SettingError(
            f"the mask of {visit.address} has shape {visit.mask.shape}; expected {x.shape}, "
            "1 where a number is kept and 0 where it is dropped"
        )
    return dropout(x, visit.mask, layer.rate)


# The function of every word, given the layer with its values, x, and what else it may use.
WORDS: Final[Mapping[type[Layer], Callable[[Any, Array, Visit], Result]]] = {
    Conv: _conv,
    Fc: lambda layer, x, visit: fc(x, visit.own["weight"], bias=visit.own.get("bias")),
    Relu: lambda layer, x, visit: relu(x),
    Relu6: lambda layer, x, visit: relu6(x),
    LeakyRelu: lambda layer, x, visit: leakyrelu(x, layer.slope),
    Prelu: lambda layer, x, visit: prelu(x, visit.own["weight"]),
    Sigmoid: lambda layer, x, visit: sigmoid(x),
    Tanh: lambda layer, x, visit: tanh(x),
    Softmax: lambda layer, x, visit: softmax(x),
    MaxPool: lambda layer, x, visit: maxpool(x, layer.window, ceil=layer.ceil),
    AvgPool: _avgpool,
    SumPool: lambda layer, x, visit: sumpool(x, layer.window, ceil=layer.ceil),
    Gap: lambda layer, x, visit: gap(x),
    Bn: _bn,
    Lrn: lambda layer, x, visit: lrn(x, layer.size, alpha=layer.alpha, beta=layer.beta, k=layer.k),
    Dropout: _dropout,
    Flatten: lambda layer, x, visit: flatten(x),
    Identity: lambda layer, x, visit: identity(x),
}
JOINS: Final[Mapping[type[Joint], Callable[[Sequence[Array]], Joined]]] = {Cat: cat, Add: add}
