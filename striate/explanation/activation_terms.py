"""Any number of any layer taken apart, word by word.

Every word but a few is a weighted sum in evaluation mode: of a window (conv, avgpool, sumpool), of
all features (fc), of one number (bn, dropout, flatten), of the winner alone (maxpool) or of several
branches (add, cat). What remains is a function of one number (relu and its kin), or of several
(softmax, lrn).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from torch import nn

from striate.backends.torch.modules import Joining
from striate.errors import SettingError
from striate.explanation.hooks import LayerCall
from striate.explanation.terms import (
    Terms,
    check_position,
    parameter_to_float64,
    read_window,
    single_term,
    to_float64,
    value_at,
    weighted_sum,
)


def decompose(call: LayerCall, unit: int, row: int = -1, column: int = -1) -> Terms:
    """Take one number of a layer apart.

    Args:
        call: the layer at work on one image, from `record`.
        unit: the channel or feature, from 0.
        row: from 0; -1 for features.
        column: likewise.

    Raises:
        SettingError: there is no such number, or what the layer does is not known here.

    >>> import torch
    >>> from striate.explanation.hooks import record
    >>> pool = nn.Sequential(nn.MaxPool2d(2))
    >>> image = torch.arange(4.0).view(1, 1, 2, 2)
    >>> found = decompose(record(pool, image)["0"], 0, 0, 0)
    >>> found.value.tolist(), found.weight.tolist(), found.result
    ([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 1.0], 3.0)
    """
    place = check_position(call, unit, row, column)
    way = DECOMPOSITIONS.get(type(call.module))
    if way is None:
        known = ", ".join(sorted({kind.__name__ for kind in DECOMPOSITIONS}))
        raise SettingError(
            f"what '{call.name}', a {type(call.module).__name__}, does is not known here; "
            f"expected one of {known}"
        )
    return way(call, *place)


def _conv(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    layer: Any = call.module
    if layer.padding_mode not in ("zeros", "replicate"):
        raise SettingError(
            f"'{call.name}' pads by '{layer.padding_mode}', which is not known here; expected "
            "zeros or replicate"
        )
    values = to_float64(call.inputs[0])
    padding = layer.padding
    if isinstance(padding, str):  # "same" puts what is left over to the bottom and the right
        sides = zip(layer.kernel_size, layer.dilation, strict=True)
        padding = tuple(d * (k - 1) // 2 if padding == "same" else 0 for k, d in sides)
    weight = to_float64(layer.weight[unit][None])
    places = tuple(
        at * layer.stride[axis]
        - padding[axis]
        + np.arange(layer.kernel_size[axis]) * layer.dilation[axis]
        for axis, at in enumerate((row, column))
    )
    per = weight.shape[0]
    first = unit // (layer.out_channels // layer.groups) * per
    units = np.arange(first, first + per)
    edge = layer.padding_mode == "replicate"
    which, rows, columns, read, outside = read_window(values, places, units, edge=edge)
    bias = 0.0 if layer.bias is None else float(layer.bias[unit].detach().double())
    return weighted_sum(which, rows, columns, read, weight.ravel(), bias, outside)


def _linear(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    layer: Any = call.module
    values = to_float64(call.inputs[0])
    none = np.full(len(values), -1)
    bias = 0.0 if layer.bias is None else float(layer.bias[unit].detach().double())
    weight = to_float64(layer.weight[unit][None])
    return weighted_sum(np.arange(len(values)), none, none, values, weight, bias)


def _bn(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    layer: Any = call.module
    mean, variance = (
        parameter_to_float64(layer.running_mean),
        parameter_to_float64(layer.running_var),
    )
    if mean is None or variance is None:
        raise SettingError(f"'{call.name}' keeps no statistics, so it has none to show")
    gamma, beta = parameter_to_float64(layer.weight), parameter_to_float64(layer.bias)
    spread = math.sqrt(variance[unit] + layer.eps)
    scale = (1.0 if gamma is None else float(gamma[unit])) / spread
    shift = 0.0 if beta is None else float(beta[unit])
    value = value_at(to_float64(call.inputs[0]), (unit, row, column))
    facts = {
        "mean": float(mean[unit]),
        "variance": float(variance[unit]),
        "eps": float(layer.eps),
        "scale": scale * spread,
        "shift": shift,
    }
    result = (value - facts["mean"]) * scale + shift
    bias = shift - facts["mean"] * scale
    found = single_term((unit, row, column), value, scale, result=result, facts=facts)
    return replace(found, bias=bias)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _pooled(call: LayerCall, unit: int, row: int, column: int) -> tuple[np.ndarray, ...]:
    """Read the window of a pool, without its padding: (rows, columns, values)."""
    layer: Any = call.module
    values = to_float64(call.inputs[0])[unit]
    dilation = _pair(getattr(layer, "dilation", 1))
    kernel, stride, padding = (_pair(x) for x in (layer.kernel_size, layer.stride, layer.padding))
    rows, columns = (
        (first + np.arange(kernel[axis]) * dilation[axis])
        for axis, first in enumerate(
            (row * stride[0] - padding[0], column * stride[1] - padding[1])
        )
    )
    rows = rows[(rows >= 0) & (rows < values.shape[0])]
    columns = columns[(columns >= 0) & (columns < values.shape[1])]
    down, across = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
    return down, across, values[down, across]


def _maxpool(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    down, across, values = _pooled(call, unit, row, column)
    weight = np.zeros(len(values))
    weight[int(values.argmax())] = 1.0
    ties = int((values == values.max()).sum())
    found = weighted_sum(np.full(len(values), unit), down, across, values, weight)
    return replace(found, function="the largest", facts={"winners": float(ties)})


def _avgpool(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    layer: Any = call.module
    down, across, values = _pooled(call, unit, row, column)
    divisor = layer.divisor_override
    if divisor is None:
        sides = []
        for axis, at in enumerate((row, column)):
            size, pad = call.inputs[0].shape[2 + axis], _pair(layer.padding)[axis]
            first = at * _pair(layer.stride)[axis] - pad
            last = min(first + _pair(layer.kernel_size)[axis], size + pad)
            sides.append(last - first)
        divisor = sides[0] * sides[1] if layer.count_include_pad else len(values)
    weight = np.full(len(values), 1.0 / divisor)
    found = weighted_sum(np.full(len(values), unit), down, across, values, weight)
    return replace(found, facts={"divisor": float(divisor)})


def _adaptive(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    values = to_float64(call.inputs[0])[unit]
    out = call.output.shape[2:]
    rows, columns = (
        np.arange(at * size // to, -(-(at + 1) * size // to))
        for at, size, to in zip((row, column), values.shape, out, strict=True)
    )
    down, across = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
    weight = np.full(len(down), 1.0 / len(down))
    found = weighted_sum(np.full(len(down), unit), down, across, values[down, across], weight)
    return replace(found, facts={"divisor": float(len(down))})


def _flatten(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    shape = tuple(call.inputs[0].shape[1:])
    place = np.unravel_index(unit, shape)
    at = (int(place[0]), int(place[1]), int(place[2])) if len(shape) == 3 else (unit, -1, -1)
    value = value_at(to_float64(call.inputs[0]), at)
    return single_term(at, value, result=value)


def _same(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    value = value_at(to_float64(call.inputs[0]), (unit, row, column))
    return single_term((unit, row, column), value, result=value)


def _add(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    place = (unit, row, column)
    values = np.array([value_at(to_float64(each), place) for each in call.inputs])
    count = len(values)
    return Terms(
        source=np.arange(count),
        unit=np.full(count, unit),
        row=np.full(count, row),
        column=np.full(count, column),
        value=values,
        weight=np.ones(count),
        result=math.fsum(values),
    )


def _cat(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    left = unit
    for source, each in enumerate(call.inputs):
        if left < each.shape[1]:
            value = value_at(to_float64(each), (left, row, column))
            return single_term((left, row, column), value, source=source, result=value)
        left -= each.shape[1]
    raise AssertionError("the unit is within the channels of the branches")


def _through(
    name: str, function: Callable[[Any, float, int], float]
) -> Callable[[LayerCall, int, int, int], Terms]:
    """Make the terms of a function of one number."""

    def way(call: LayerCall, unit: int, row: int, column: int) -> Terms:
        value = value_at(to_float64(call.inputs[0]), (unit, row, column))
        result = function(call.module, value, unit)
        return single_term((unit, row, column), value, function=name, result=result)

    return way


def _slope(layer: Any, value: float, unit: int) -> float:
    slopes = layer.weight.detach().double()
    return value if value > 0 else value * float(slopes[unit if len(slopes) > 1 else 0])


def _softmax(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    values = to_float64(call.inputs[0])
    if values.ndim == 3:
        values = values[:, row, column]
    powers = np.exp(values - values.max())
    total = math.fsum(powers)
    count = len(values)
    return Terms(
        np.zeros(count, int),
        np.arange(count),
        np.full(count, row),
        np.full(count, column),
        value=values,
        weight=powers / total,
        function="softmax",
        result=float(powers[unit] / total),
        facts={"largest": float(values.max()), "sum of exponentials": total, "unit": float(unit)},
    )


def _lrn(call: LayerCall, unit: int, row: int, column: int) -> Terms:
    layer: Any = call.module
    values = to_float64(call.inputs[0])[:, row, column]
    first = max(0, unit - layer.size // 2)
    near = values[first : unit + (layer.size - 1) // 2 + 1]
    squares = math.fsum(near**2)
    below = (layer.k + layer.alpha * squares / layer.size) ** layer.beta
    value = float(values[unit])
    facts = {"squares of the channels beside it": squares, "divisor": below}
    return single_term(
        (unit, row, column), value, 1 / below, function="lrn", result=value / below, facts=facts
    )


JOINED: Final = {"add": _add, "cat": _cat}
DECOMPOSITIONS: Final[dict[type[nn.Module], Callable[[LayerCall, int, int, int], Terms]]] = {
    nn.Conv2d: _conv,
    nn.Linear: _linear,
    nn.BatchNorm1d: _bn,
    nn.BatchNorm2d: _bn,
    nn.MaxPool2d: _maxpool,
    nn.AvgPool2d: _avgpool,
    nn.AdaptiveAvgPool2d: _adaptive,
    nn.Flatten: _flatten,
    nn.Identity: _same,
    nn.Dropout: _same,
    nn.Dropout2d: _same,
    Joining: lambda call, *place: JOINED[call.module.joint.word](call, *place),
    nn.ReLU: _through("relu", lambda layer, x, unit: max(x, 0.0)),
    nn.ReLU6: _through("relu6", lambda layer, x, unit: min(max(x, 0.0), 6.0)),
    nn.LeakyReLU: _through(
        "leakyrelu", lambda layer, x, unit: x if x > 0 else x * layer.negative_slope
    ),
    nn.PReLU: _through("prelu", _slope),
    nn.Sigmoid: _through("sigmoid", lambda layer, x, unit: 1 / (1 + math.exp(-x))),
    nn.Tanh: _through("tanh", lambda layer, x, unit: math.tanh(x)),
    nn.Softmax: _softmax,
    nn.LocalResponseNorm: _lrn,
}
