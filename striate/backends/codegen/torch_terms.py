"""The calls of PyTorch that each layer is."""

from __future__ import annotations

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
    Sigmoid,
    Softmax,
    SumPool,
    Tanh,
    Window,
)
from striate.backends.codegen.terms import Argument, Term, pair


def terms(leaf: Leaf) -> list[Term]:
    """Give the calls of torch that a layer is.

    >>> from striate.architecture.notation import expand
    >>> leaf = next(expand("input 3x8x8 > conv 5x5 16 stride=2").layers())
    >>> terms(leaf)[0].head, terms(leaf)[0].texts
    ('nn.Conv2d', ['3', '16', 'kernel_size=5', 'stride=2', 'padding=2'])
    """
    return TERMS[type(leaf.layer)](leaf, leaf.layer)


def _sizes(window: Window, *, step: bool = False) -> tuple[Argument, Argument]:
    """Stride and padding; a pool's stride is its window where it is left out."""
    stride = pair(window.stride)
    default = pair(window.kernel) if step else 1
    return (
        Argument(stride, "stride", default, "stride"),
        Argument(pair(window.pad), "padding", 0, "padding"),
    )


def _conv(leaf: Leaf, layer: Conv) -> list[Term]:
    window = layer.window
    edge = "replicate" if layer.padmode == "edge" and window.pad != (0, 0) else "zeros"
    return [
        Term(
            "nn.Conv2d",
            (
                Argument(leaf.input[0], role="channels"),
                Argument(layer.channels, role="channels"),
                Argument(pair(window.kernel), "kernel_size", role="kernel_size"),
                *_sizes(window),
                Argument(pair(window.dilation), "dilation", 1, "dilation"),
                Argument(layer.groups, "groups", 1, "groups"),
                Argument(layer.bias, "bias", True),
                Argument(edge, "padding_mode", "zeros"),
            ),
            leaf.address,
            leaf.output,
        )
    ]


def _fc(leaf: Leaf, layer: Fc) -> list[Term]:
    arguments = (
        Argument(leaf.input[0], role="features"),
        Argument(layer.units, role="features"),
        Argument(layer.bias, "bias", True),
    )
    return [Term("nn.Linear", arguments, leaf.address, leaf.output)]


def _bn(leaf: Leaf, layer: Bn) -> list[Term]:
    head = "nn.BatchNorm2d" if len(leaf.input) == 3 else "nn.BatchNorm1d"
    arguments = (
        Argument(leaf.input[0], role="channels"),
        Argument(layer.eps, "eps", 1e-5, "eps"),
    )
    return [Term(head, arguments, leaf.address, leaf.output, pointwise=True)]


def _prelu(leaf: Leaf, layer: Prelu) -> list[Term]:
    channels = Argument(leaf.input[0], role="channels")
    return [Term("nn.PReLU", (channels,), leaf.address, leaf.output, pointwise=True)]


def _dropout(leaf: Leaf, layer: Dropout) -> list[Term]:
    rate = Argument(layer.rate, role="rate")
    return [Term("nn.Dropout", (rate,), leaf.address, leaf.output, pointwise=True)]


def _pool(leaf: Leaf, window: Window, head: str, *more: Argument) -> list[Term]:
    kernel = Argument(pair(window.kernel), role="kernel_size")
    return [Term(head, (kernel, *_sizes(window, step=True), *more), "", leaf.output)]


def _maxpool(leaf: Leaf, layer: MaxPool) -> list[Term]:
    dilation = Argument(pair(layer.dilation), "dilation", 1, "dilation")
    ceil = Argument(layer.ceil, "ceil_mode", False)
    return _pool(leaf, layer.window, "F.max_pool2d", dilation, ceil)


def _avgpool(leaf: Leaf, layer: AvgPool) -> list[Term]:
    if layer.window is None:
        to = Argument(pair(layer.to or (1, 1)), role="to")
        return [Term("F.adaptive_avg_pool2d", (to,), "", leaf.output)]
    ceil = Argument(layer.ceil, "ceil_mode", False)
    return _pool(leaf, layer.window, "F.avg_pool2d", ceil)


def _sumpool(leaf: Leaf, layer: SumPool) -> list[Term]:
    ceil = Argument(layer.ceil, "ceil_mode", False)
    return _pool(leaf, layer.window, "F.avg_pool2d", ceil, Argument(1, "divisor_override"))


def _lrn(leaf: Leaf, layer: Lrn) -> list[Term]:
    arguments = (
        Argument(layer.size, role="size"),
        Argument(layer.alpha, "alpha", 1e-4, "alpha"),
        Argument(layer.beta, "beta", 0.75, "beta"),
        Argument(layer.k, "k", 1.0, "k"),
    )
    return [Term("F.local_response_norm", arguments, "", leaf.output, pointwise=True)]


def _flatten(leaf: Leaf, layer: Flatten) -> list[Term]:
    return [Term("torch.flatten", (Argument(1, "start_dim"),), "", leaf.output)]


def _gap(leaf: Leaf, layer: Gap) -> list[Term]:
    return [Term("F.adaptive_avg_pool2d", (Argument(1),), "", leaf.output)]


def _plain(head: str, *arguments: Argument) -> Callable[[Leaf, Any], list[Term]]:
    def translate(leaf: Leaf, layer: Layer) -> list[Term]:
        return [Term(head, arguments, "", leaf.output, pointwise=True)]

    return translate


def _leaky(leaf: Leaf, layer: LeakyRelu) -> list[Term]:
    slope = Argument(layer.slope, role="slope")
    return [Term("F.leaky_relu", (slope,), "", leaf.output, pointwise=True)]


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
    Relu: _plain("F.relu"),
    LeakyRelu: _leaky,
    Relu6: _plain("F.relu6"),
    Sigmoid: _plain("torch.sigmoid"),
    Tanh: _plain("torch.tanh"),
    Softmax: _plain("F.softmax", Argument(1, "dim")),
    Lrn: _lrn,
    Dropout: _dropout,
    Identity: lambda leaf, layer: [],
}
