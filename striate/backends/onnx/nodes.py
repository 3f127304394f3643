"""What each word of the notation is in ONNX.

To add a word, write its function and give it a line in `WORDS`. Where ONNX and torch differ, or
engines read ONNX differently, a word is made of what all of them agree on: no ``ceil_mode`` (the
padding is worked out instead), no window of even size in LRN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from striate.architecture.notation import Leaf
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
    Shape,
    Sigmoid,
    Softmax,
    SumPool,
    Tanh,
    Window,
)
from striate.backends.onnx.graph_builder import Attribute, Building

LOWEST: Final = np.finfo(np.float32).min  # what pads a map where the largest value is looked for


def _conv(layer: Conv, leaf: Leaf, x: str, graph: Building) -> str:
    window, at = layer.window, leaf.address
    pads = [*window.pad, *window.pad]
    if layer.padmode == "edge" and any(pads):
        places = graph.constant(f"{at}.pads", _all_axes(pads))
        x = graph.node("Pad", [x, places], f"{at}.padded", {"mode": "edge"})
        pads = [0, 0, 0, 0]
    inputs = [x, graph.weight(f"{at}.weight")]
    if layer.bias:
        inputs.append(graph.weight(f"{at}.bias"))
    own: dict[str, Attribute] = {
        "kernel_shape": window.kernel,
        "strides": window.stride,
        "pads": pads,
        "dilations": window.dilation,
        "group": layer.groups,
    }
    return graph.node("Conv", inputs, at, own)


def _fc(layer: Fc, leaf: Leaf, x: str, graph: Building) -> str:
    inputs = [x, graph.weight(f"{leaf.address}.weight")]
    if layer.bias:
        inputs.append(graph.weight(f"{leaf.address}.bias"))
    return graph.node("Gemm", inputs, leaf.address, {"transB": 1})


def _bn(layer: Bn, leaf: Leaf, x: str, graph: Building) -> str:
    names = ("weight", "bias", "running_mean", "running_var")
    weights = [graph.weight(f"{leaf.address}.{name}") for name in names]
    own: dict[str, Attribute] = {"epsilon": layer.eps}
    return graph.node("BatchNormalization", [x, *weights], leaf.address, own)


def _prelu(layer: Prelu, leaf: Leaf, x: str, graph: Building) -> str:
    # one slope a channel: (channels,) becomes (channels, 1, 1) before maps
    name = f"{leaf.address}.weight"
    slope = graph.weight(name)
    if len(leaf.input) == 3:
        shape = graph.constant(f"{leaf.address}.shape", np.array([-1, 1, 1], np.int64))
        slope = graph.node("Reshape", [slope, shape], f"{leaf.address}.slope")
    return graph.node("PRelu", [x, slope], leaf.address)


def _lrn(layer: Lrn, leaf: Leaf, x: str, graph: Building) -> str:
    at = leaf.address
    own: dict[str, Attribute] = {
        "size": layer.size,
        "alpha": layer.alpha,
        "beta": layer.beta,
        "bias": layer.k,
    }
    if layer.size % 2:
        return graph.node("LRN", [x], at, own)
    # A window of even size reaches one channel further down than up in torch, and one further
    # up than down in ONNX; so the sum over channels is a 1x1 convolution with ones in a band.
    channels = leaf.input[0]
    here, other = np.ogrid[:channels, :channels]
    band = (other >= here - layer.size // 2) & (other <= here + (layer.size - 1) // 2)
    share = (band * (layer.alpha / layer.size)).astype(np.float32)[:, :, None, None]
    squares = graph.node("Mul", [x, x], f"{at}.squares")
    weight = graph.constant(f"{at}.band", share)
    bias = graph.constant(f"{at}.k", np.full(channels, layer.k, np.float32))
    summed = graph.node("Conv", [squares, weight, bias], f"{at}.sum", {"kernel_shape": (1, 1)})
    power = graph.node(
        "Pow", [summed, graph.constant(f"{at}.beta", np.float32(layer.beta))], f"{at}.power"
    )
    return graph.node("Div", [x, power], at)


def _maxpool(layer: MaxPool, leaf: Leaf, x: str, graph: Building) -> str:
    window, at = layer.window, leaf.address
    pads = reach(window, leaf.input, leaf.output)
    if any(pad >= side for pad, side in zip(pads, [*window.kernel, *window.kernel], strict=True)):
        # a dilated window that hangs over by more than engines take as a pool's own padding
        places = graph.constant(f"{at}.pads", _all_axes(pads))
        x = graph.node("Pad", [x, places, graph.constant(f"{at}.lowest", LOWEST)], f"{at}.padded")
        pads = [0, 0, 0, 0]
    return graph.node("MaxPool", [x], at, _sliding(window, pads) | {"dilations": window.dilation})


def _avgpool(layer: AvgPool, leaf: Leaf, x: str, graph: Building) -> str:
    window, at = layer.window, leaf.address
    if window is None:
        return _adaptive(leaf, x, graph)
    counted = [
        _counted(window, axis, side, count)
        for axis, (side, count) in enumerate(zip(leaf.input[1:], leaf.output[1:], strict=True))
    ]
    share = math.prod(window.kernel) / np.outer(*counted)
    if (share == 1).all():
        return _mean(window, leaf, x, graph=graph, result=at)
    # where a window hangs over the padding, what it covers there does not count
    mean = _mean(window, leaf, x, graph=graph, result=f"{at}.mean")
    return graph.node("Mul", [mean, graph.constant(f"{at}.share", share.astype(np.float32))], at)


def _sumpool(layer: SumPool, leaf: Leaf, x: str, graph: Building) -> str:
    at = leaf.address
    mean = _mean(layer.window, leaf, x, graph=graph, result=f"{at}.mean")
    count = graph.constant(f"{at}.count", np.float32(math.prod(layer.window.kernel)))
    return graph.node("Mul", [mean, count], at)


def _mean(window: Window, leaf: Leaf, x: str, *, graph: Building, result: str) -> str:
    """Take the mean over whole windows, zeros beyond the map included."""
    own = _sliding(window, reach(window, leaf.input, leaf.output))
    return graph.node("AveragePool", [x], result, own | {"count_include_pad": 1})


def _adaptive(leaf: Leaf, x: str, graph: Building) -> str:
    """Take the mean of parts: rows @ x @ columns, each a matrix of shares."""
    at = leaf.address
    rows, columns = (
        _parts(side, count) for side, count in zip(leaf.input[1:], leaf.output[1:], strict=True)
    )
    narrow = graph.node("MatMul", [x, graph.constant(f"{at}.columns", columns.T)], f"{at}.narrow")
    return graph.node("MatMul", [graph.constant(f"{at}.rows", rows), narrow], at)


def _parts(side: int, count: int) -> np.ndarray:
    """Give float32 (count, side), the share of each place in each part, by the rule of torch.

    >>> _parts(3, 2).tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    shares = np.zeros((count, side), np.float32)
    for part in range(count):
        first, end = part * side // count, -(-(part + 1) * side // count)
        shares[part, first:end] = 1 / (end - first)
    return shares


def _counted(window: Window, axis: int, side: int, count: int) -> np.ndarray:
    """Say how many places of each position count along one axis: those of map and padding."""
    starts = np.arange(count) * window.stride[axis]
    ends = np.minimum(starts + window.kernel[axis], side + 2 * window.pad[axis])
    return np.asarray(ends - starts)


def reach(window: Window, arriving: Shape, leaving: Shape) -> list[int]:
    """Work out the padding with which a window takes exactly the positions that it has.

    Args:
        window: whose padding before the map is kept.
        arriving: (channels, rows, columns).
        leaving: (channels, rows, columns) that come out, the last incomplete window counted or
            not.

    Returns:
        Top, left, bottom, right, as ONNX lists them.

    >>> reach(Window((3, 3), (2, 2)), (1, 6, 7), (1, 3, 3))
    [0, 0, 1, 0]
    """
    ends = [
        max(0, (count - 1) * stride + extent - side - pad)
        for count, stride, extent, side, pad in zip(
            leaving[1:], window.stride, window.extent, arriving[1:], window.pad, strict=True
        )
    ]
    return [*window.pad, *ends]


def _sliding(window: Window, pads: Sequence[int]) -> dict[str, Attribute]:
    return {"kernel_shape": window.kernel, "strides": window.stride, "pads": pads}


def _all_axes(pads: Sequence[int]) -> np.ndarray:
    """Write (top, left, bottom, right) for all four axes: starts, then ends."""
    return np.array([0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64)


def _plain(
    kind: str, attributes: Mapping[str, Attribute] | None = None
) -> Callable[[Any, Leaf, str, Building], str]:
    """Translate a word that is one node without weights."""
    return lambda layer, leaf, x, graph: graph.node(kind, [x], leaf.address, attributes)


def _clip(layer: Relu6, leaf: Leaf, x: str, graph: Building) -> str:
    ends = [graph.constant(f"{leaf.address}.{value}", np.float32(value)) for value in (0, 6)]
    return graph.node("Clip", [x, *ends], leaf.address)


def _leakyrelu(layer: LeakyRelu, leaf: Leaf, x: str, graph: Building) -> str:
    return graph.node("LeakyRelu", [x], leaf.address, {"alpha": layer.slope})


def _nothing(layer: Layer, leaf: Leaf, x: str, graph: Building) -> str:
    return x


def _cat(branches: Sequence[str], address: str, graph: Building) -> str:
    return graph.node("Concat", branches, address, {"axis": 1})


def _add(branches: Sequence[str], address: str, graph: Building) -> str:
    total = branches[0]
    for number, other in enumerate(branches[1:], start=2):
        last = number == len(branches)
        total = graph.node("Add", [total, other], address if last else f"{address}.{number}")
    return total


# Each word: its layer, where it stands, the name of what goes in, and the graph; it adds its nodes
# and gives the name of what comes out.
WORDS: Final[Mapping[type[Layer], Callable[[Any, Leaf, str, Building], str]]] = {
    Conv: _conv,
    Fc: _fc,
    Relu: _plain("Relu"),
    LeakyRelu: _leakyrelu,
    Prelu: _prelu,
    Relu6: _clip,
    Sigmoid: _plain("Sigmoid"),
    Tanh: _plain("Tanh"),
    Softmax: _plain("Softmax", {"axis": 1}),
    MaxPool: _maxpool,
    AvgPool: _avgpool,
    SumPool: _sumpool,
    Gap: _plain("GlobalAveragePool"),
    Lrn: _lrn,
    Bn: _bn,
    Dropout: _nothing,
    Flatten: _plain("Flatten", {"axis": 1}),
    Identity: _nothing,
}
JOINS: Final[Mapping[type[Joint], Callable[[Sequence[str], str, Building], str]]] = {
    Cat: _cat,
    Add: _add,
}
