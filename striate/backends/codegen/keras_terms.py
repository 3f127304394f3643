"""The calls of Keras that each layer is, exact where Keras itself has no such layer.

Keras pads unevenly where a stride meets "same", knows no last incomplete windows, and averages
padding differently; so padding stands as a layer of its own wherever that makes a difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from striate.architecture.notation import Leaf
from striate.architecture.words import (
    AvgPool,
    Bn,
    Conv,
    Dropout,
    Fc,
    Flatten,
    Gap,
    Identity,
    Layer,
    LeakyRelu,
    Lrn,
    MaxPool,
    Prelu,
    Relu,
    Relu6,
    Shape,
    Sigmoid,
    Softmax,
    SumPool,
    Tanh,
    Window,
)
from striate.backends.codegen.terms import Argument, Term, pair

ACTIVATED: Final = {
    "layers.ReLU": "relu",
    "keras.activations.relu6": "relu6",
    "keras.activations.sigmoid": "sigmoid",
    "keras.activations.tanh": "tanh",
    "layers.Softmax": "softmax",
}


def channels_last(shape: Shape) -> Shape:
    """Give a shape as Keras has it.

    >>> channels_last((3, 224, 256)), channels_last((10,))
    ((224, 256, 3), (10,))
    """
    return (*shape[1:], shape[0])


def terms(leaf: Leaf) -> list[Term]:
    """Give the calls of Keras that a layer is.

    >>> from striate.architecture.notation import expand
    >>> leaf = next(expand("input 3x8x8 > conv 5x5 16 stride=2").layers())
    >>> [(term.head, term.texts) for term in terms(leaf)]
    [('layers.ZeroPadding2D', ['2']), ('layers.Conv2D', ['16', '5', 'strides=2'])]
    """
    return TERMS[type(leaf.layer)](leaf, leaf.layer)


def _term(leaf: Leaf, head: str, *arguments: Argument, learns: bool = False) -> Term:
    return Term(head, arguments, leaf.address if learns else "", channels_last(leaf.output))


def _conv(leaf: Leaf, layer: Conv) -> list[Term]:
    window = layer.window
    before: list[Term] = []
    padding = "valid"
    around = (window.extent[0] - 1, window.extent[1] - 1)
    if window.pad != (0, 0):
        pads = (Argument(window.pad[0], role="padding"), Argument(window.pad[1], role="padding"))
        if layer.padmode == "edge":
            before = [Term("edge_padding", pads)]
        elif window.stride == (1, 1) and around == (2 * window.pad[0], 2 * window.pad[1]):
            padding = "same"
        else:
            before = [Term("layers.ZeroPadding2D", (Argument(pair(window.pad), role="padding"),))]
    stride, after = window.stride, []
    if stride != (1, 1) and window.dilation != (1, 1):  # Keras takes one of the two alone
        rows, columns = (Argument(step, role="stride") for step in stride)
        stride, after = (1, 1), [_term(leaf, "every", rows, columns)]
    conv = Term(
        "layers.Conv2D",
        (
            Argument(layer.channels, role="channels"),
            Argument(pair(window.kernel), role="kernel_size"),
            Argument(pair(stride), "strides", 1, "stride"),
            Argument(padding, "padding", "valid"),
            Argument(pair(window.dilation), "dilation_rate", 1, "dilation"),
            Argument(layer.groups, "groups", 1, "groups"),
            Argument(layer.bias, "use_bias", True),
        ),
        leaf.address,
        () if after else channels_last(leaf.output),
    )
    return [*before, conv, *after]


def _fc(leaf: Leaf, layer: Fc) -> list[Term]:
    units = Argument(layer.units, role="features")
    bias = Argument(layer.bias, "use_bias", True)
    return [_term(leaf, "layers.Dense", units, bias, learns=True)]


def _bn(leaf: Leaf, layer: Bn) -> list[Term]:
    momentum = Argument(0.9, "momentum")  # torch's 0.1, counted from the other side
    eps = Argument(layer.eps, "epsilon", 1e-3, "eps")
    return [_term(leaf, "layers.BatchNormalization", momentum, eps, learns=True)]


def _prelu(leaf: Leaf, layer: Prelu) -> list[Term]:
    axes = [Argument((1, 2), "shared_axes")] if len(leaf.input) == 3 else []
    return [_term(leaf, "layers.PReLU", *axes, learns=True)]


def _behind(leaf: Leaf, window: Window) -> tuple[int, int]:
    """Rows and columns that the last windows need behind the maps, padding included."""
    rows, columns = (
        max(
            window.pad[axis],
            (leaf.output[1 + axis] - 1) * window.stride[axis]
            + window.extent[axis]
            - leaf.input[1 + axis]
            - window.pad[axis],
        )
        for axis in (0, 1)
    )
    return rows, columns


def _pooled(leaf: Leaf, window: Window, head: str) -> Term:
    stride = Argument(pair(window.stride), "strides", pair(window.kernel), "stride")
    return _term(leaf, head, Argument(pair(window.kernel), role="kernel_size"), stride)


def _pairs(leaf: Leaf, window: Window, head: str, *more: Argument) -> Term:
    """A pool of our own, which takes all sizes as pairs."""
    kernel = Argument(window.kernel, role="kernel_size")
    return _term(leaf, head, kernel, Argument(window.stride, role="stride"), *more)


def _zeros(window: Window, behind: tuple[int, int]) -> list[Term]:
    if window.pad == behind == (0, 0):
        return []
    padding: Any = pair(window.pad)
    if behind != window.pad:
        padding = ((window.pad[0], behind[0]), (window.pad[1], behind[1]))
    return [Term("layers.ZeroPadding2D", (Argument(padding, role="padding"),))]


def _maxpool(leaf: Leaf, layer: MaxPool) -> list[Term]:
    window = layer.window
    behind = _behind(leaf, window)
    before: list[Term] = []
    if window.pad != (0, 0) or behind != (0, 0):
        rows, columns = (
            Argument((window.pad[axis], behind[axis]), role="padding") for axis in (0, 1)
        )
        before = [Term("max_padding", (rows, columns))]
    if layer.dilation != (1, 1):
        dilation = Argument(layer.dilation, role="dilation")
        return [*before, _pairs(leaf, window, "dilated_max_pool", dilation)]
    return [*before, _pooled(leaf, window, "layers.MaxPooling2D")]


def _avgpool(leaf: Leaf, layer: AvgPool) -> list[Term]:
    if layer.window is None:
        return _adaptive(leaf, layer.to or (1, 1))
    window = layer.window
    behind = _behind(leaf, window)
    if behind == window.pad:
        return [*_zeros(window, behind), _pooled(leaf, window, "layers.AveragePooling2D")]
    more = Argument((behind[0] - window.pad[0], behind[1] - window.pad[1]), role="behind")
    return [*_zeros(window, window.pad), _pairs(leaf, window, "ceil_average_pool", more)]


def _adaptive(leaf: Leaf, to: tuple[int, int]) -> list[Term]:
    rows, columns = leaf.input[1:]
    if (rows, columns) == to:
        return []
    if rows % to[0] == columns % to[1] == 0:
        kernel = Argument(pair((rows // to[0], columns // to[1])), role="kernel_size")
        return [_term(leaf, "layers.AveragePooling2D", kernel)]
    sides = (Argument(to[0], role="rows"), Argument(to[1], role="columns"))
    return [_term(leaf, "adaptive_average_pool", *sides)]


def _sumpool(leaf: Leaf, layer: SumPool) -> list[Term]:
    zeros = _zeros(layer.window, _behind(leaf, layer.window))
    return [*zeros, _pairs(leaf, layer.window, "sum_pool")]


def _lrn(leaf: Leaf, layer: Lrn) -> list[Term]:
    arguments = (
        Argument(layer.size, role="size"),
        Argument(layer.alpha, "alpha", 1e-4, "alpha"),
        Argument(layer.beta, "beta", 0.75, "beta"),
        Argument(layer.k, "k", 1.0, "k"),
    )
    return [_term(leaf, "local_response_norm", *arguments)]


def _flatten(leaf: Leaf, layer: Flatten) -> list[Term]:
    if len(leaf.input) == 1:
        return []
    flat = _term(leaf, "layers.Flatten")
    if leaf.input[0] == 1 or math.prod(leaf.input[1:]) == 1:
        return [flat]
    channels_first = Argument((3, 1, 2))  # so that the features come in the order of torch
    return [Term("layers.Permute", (channels_first,)), flat]


def _gap(leaf: Leaf, layer: Gap) -> list[Term]:
    return [_term(leaf, "layers.GlobalAveragePooling2D", Argument(True, "keepdims"))]


def _plain(head: str) -> Callable[[Leaf, Any], list[Term]]:
    return lambda leaf, layer: [_term(leaf, head)]


def _leaky(leaf: Leaf, layer: LeakyRelu) -> list[Term]:
    slope = Argument(layer.slope, "negative_slope", role="slope")
    return [_term(leaf, "layers.LeakyReLU", slope)]


def _dropout(leaf: Leaf, layer: Dropout) -> list[Term]:
    return [_term(leaf, "layers.Dropout", Argument(layer.rate, role="rate"))]


TERMS: Final[dict[type[Layer], Callable[[Leaf, Any], list[Term]]]] = {
    Conv: _conv,
    Fc: _fc,
    Bn: _bn,
    Prelu: _prelu,
    MaxPool: _maxpool,
    AvgPool: _avgpool,
    SumPool: _sumpool,
    Gap: _gap,
    Flatten: _flatten,
    Relu: _plain("layers.ReLU"),
    LeakyRelu: _leaky,
    Relu6: _plain("keras.activations.relu6"),
    Sigmoid: _plain("keras.activations.sigmoid"),
    Tanh: _plain("keras.activations.tanh"),
    Softmax: _plain("layers.Softmax"),
    Lrn: _lrn,
    Dropout: _dropout,
    Identity: lambda leaf, layer: [],
}
