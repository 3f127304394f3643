"""The operators of ONNX as words of the notation: one function each, and the table of them.

What an operator computes: https://onnx.ai/onnx/operators/ (opset 18).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper

from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.words import text_of
from striate.model.importing.fixed_numbers import cut_at_six, scaled
from striate.model.importing.foreign_graph import (
    LOG_SOFTMAX,
    Arrived,
    ForeignGraph,
    Tensors,
    is_positive,
    pad_text,
)

NO_ZEROS = (0, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Operator:
    """One node of a model, at work.

    Attributes:
        node: it.
        graph: takes its words.
        constants: the numbers that go into it, by their place among its inputs.
    """

    node: onnx.NodeProto
    graph: ForeignGraph
    constants: Mapping[int, np.ndarray]

    @property
    def name(self) -> str:
        """What it is called, for messages and for its weights."""
        return self.node.name or self.node.output[0]

    @property
    def place(self) -> str:
        """What it is called in messages."""
        return f"'{self.name}' ({self.node.op_type})"

    def settled(self, x: Arrived) -> Arrived:
        """Return what arrives with the zeros around it as a word of their own."""
        return Arrived(self.graph.enter(x, self.name), x.order) if any(x.zeros) else x

    def refused(self, reason: str) -> Refused:
        """Return the refusal of this operator."""
        return Refused(reason, self.place)

    def given(self, name: str, otherwise: Any) -> Any:
        """Return an attribute, texts as texts."""
        for attribute in self.node.attribute:
            if attribute.name == name:
                value = helper.get_attribute_value(attribute)
                return value.decode() if isinstance(value, bytes) else value
        return otherwise

    def expect(self, name: str, value: Any) -> None:
        """Make sure that an attribute has the one value that has a word."""
        found = self.given(name, value)
        if found != value:
            raise self.refused(f"{name}={found} has no word")

    def add(self, x: Arrived, text: str, tensors: Tensors | None = None) -> Arrived:
        """Return what is behind a word; the order of features stays."""
        value = self.graph.add(self.graph.enter(x, self.name), text, self.name, tensors)
        return Arrived(value, x.order)


Reader = Callable[[Operator, Arrived], Arrived]


def _window(
    operator: Operator, x: Arrived, kernel: tuple[int, ...], own: str
) -> tuple[Arrived, str]:
    """Return what arrives without its zeros, and the padding and stride of a window as options."""
    if len(kernel) != 2:
        raise operator.refused(f"a window of {len(kernel)} axes has no word")
    strides = tuple(operator.given("strides", [1, 1]))
    dilations = tuple(operator.given("dilations", [1, 1]))
    stride = f" stride={text_of(strides)}" if own == "pool" or strides != (1, 1) else ""
    more = stride + (f" dilation={text_of(dilations)}" if dilations != (1, 1) else "")
    auto = operator.given("auto_pad", "NOTSET")
    if auto == "SAME_UPPER":
        return operator.settled(x), f" pad=end{more}"
    if auto not in ("NOTSET", "VALID"):
        raise operator.refused(f"auto_pad={auto} has no word")
    top, left, bottom, right = operator.given("pads", NO_ZEROS)
    sides = (top, bottom, left, right)
    if own == "pool" and any(sides):
        x = operator.settled(x)
    total = [a + b for a, b in zip(x.zeros, sides, strict=True)]
    pad = pad_text((total[0], total[1], total[2], total[3]))
    if own == "pool" and pad == " pad=valid":
        pad = ""
    return replace(x, zeros=NO_ZEROS), pad + more


def _conv(operator: Operator, x: Arrived) -> Arrived:
    weight = operator.constants.get(1)
    if weight is None or weight.ndim != 4:
        raise operator.refused("its weight is no constant of four axes")
    x, options = _window(operator, x, weight.shape[2:], "conv")
    dilations = operator.given("dilations", [1, 1])
    around = [d * (k - 1) for d, k in zip(dilations, weight.shape[2:], strict=True)]
    same = pad_text((around[0] // 2, around[0] // 2, around[1] // 2, around[1] // 2))
    if not any(side % 2 for side in around) and f"{options} ".startswith(f"{same} "):
        options = options.removeprefix(same)  # what a convolution does by itself
    groups = operator.given("group", 1)
    options += f" groups={groups}" if groups != 1 else ""
    tensors = {"weight": weight}
    if 2 in operator.constants:
        tensors["bias"] = operator.constants[2]
    bias = "" if "bias" in tensors else " bias=no"
    kernel = text_of(weight.shape[2:])
    return operator.add(x, f"conv {kernel} {len(weight)}{options}{bias}", tensors)


def _dense(operator: Operator, x: Arrived) -> Arrived:
    weight = operator.constants.get(1)
    if weight is None or weight.ndim != 2:
        raise operator.refused("its weight is no constant of two axes")
    if operator.node.op_type == "Gemm":
        operator.expect("transA", 0)
        operator.expect("alpha", 1.0)
        operator.expect("beta", 1.0)
    if not operator.given("transB", 0):
        weight = weight.T
    if x.order is not None:
        weight = weight[:, x.order]
    tensors = {"weight": weight}
    if 2 in operator.constants:
        tensors["bias"] = np.broadcast_to(operator.constants[2].reshape(-1), (len(weight),))
    bias = "" if "bias" in tensors else " bias=no"
    return replace(operator.add(x, f"fc {len(weight)}{bias}", tensors), order=None)


def _batch_norm(operator: Operator, x: Arrived) -> Arrived:
    operator.expect("training_mode", 0)
    names = ("weight", "bias", "running_mean", "running_var")
    if not all(place in operator.constants for place in range(1, 5)):
        raise operator.refused("its statistics are no constants")
    tensors = {name: operator.constants[place] for place, name in enumerate(names, 1)}
    if x.order is not None:
        tensors = {name: values[x.order] for name, values in tensors.items()}
    epsilon = round(float(operator.given("epsilon", 1e-5)), 12)
    return operator.add(x, f"bn eps={epsilon!r}", tensors)


def _max_pool(operator: Operator, x: Arrived) -> Arrived:
    operator.expect("storage_order", 0)
    kernel = operator.given("kernel_shape", [])
    halves = [side // 2 for side in kernel for _ in range(2)]
    free = is_positive(x.value) and all(a <= b for a, b in zip(x.zeros, halves, strict=False))
    return _pool(operator, x if free else operator.settled(x), "maxpool")


def _average_pool(operator: Operator, x: Arrived) -> Arrived:
    inside = not operator.given("count_include_pad", 0)
    padded = any(operator.given("pads", [])) or operator.given("auto_pad", "NOTSET") != "NOTSET"
    return _pool(operator, x, "avgpool", " countpad=no" if inside and padded else "")


def _pool(operator: Operator, x: Arrived, word: str, more: str = "") -> Arrived:
    kernel = tuple(operator.given("kernel_shape", []))
    x, options = _window(operator, x, kernel, "pool")
    options += " ceil=yes" if operator.given("ceil_mode", 0) else ""
    return operator.add(x, f"{word} {text_of(kernel)}{options}{more}")


def _global_average(operator: Operator, x: Arrived) -> Arrived:
    return operator.add(x, "gap")


def _mean(operator: Operator, x: Arrived) -> Arrived:
    axes = operator.constants.get(1, np.array(operator.given("axes", [])))
    if len(x.shape) != 3 or {int(axis) % 4 for axis in axes.ravel()} != {2, 3}:
        raise operator.refused(f"a mean over axes {axes.ravel().tolist()} has no word")
    made = operator.add(x, "gap")
    return made if operator.given("keepdims", 1) else operator.add(made, "flatten")


def _flatten(operator: Operator, x: Arrived) -> Arrived:
    operator.expect("axis", 1)
    return x if len(x.shape) == 1 else operator.add(x, "flatten")


def _reshape(operator: Operator, x: Arrived) -> Arrived:
    operator.expect("allowzero", 0)
    wanted = operator.constants.get(1)
    count = int(np.prod(x.shape))
    flat = wanted is not None and wanted.size == 2 and int(wanted[1]) in (-1, count)
    if not flat or wanted is None or int(wanted[0]) not in (0, -1, 1):
        shape = None if wanted is None else wanted.tolist()
        raise operator.refused(f"the shape {shape} has no word but that of flatten")
    return x if len(x.shape) == 1 else operator.add(x, "flatten")


def _squeeze(operator: Operator, x: Arrived) -> Arrived:
    axes = operator.constants.get(1)
    if x.shape[1:] != (1, 1) or (axes is not None and {int(a) % 4 for a in axes} != {2, 3}):
        raise operator.refused("it has a word behind a global average alone")
    return operator.add(x, "flatten")


def _pad(operator: Operator, x: Arrived) -> Arrived:
    operator.expect("mode", "constant")
    pads, value = operator.constants.get(1), operator.constants.get(2)
    if pads is None or pads.size != 8 or any(pads[[0, 1, 4, 5]]) or (pads < 0).any():
        raise operator.refused("its pads are none of rows and columns")
    if 3 in operator.constants or (value is not None and value.any()):
        raise operator.refused("it pads with something else than zeros")
    more = (int(pads[2]), int(pads[6]), int(pads[3]), int(pads[7]))
    total = [a + b for a, b in zip(x.zeros, more, strict=True)]
    return replace(x, zeros=(total[0], total[1], total[2], total[3]))


def _clip(operator: Operator, x: Arrived) -> Arrived:
    ends = [operator.constants.get(place) for place in (1, 2)]
    low, high = (None if end is None else float(end.ravel()[0]) for end in ends)
    if low == 0 and high is None:
        return operator.add(x, "relu")
    if (low, high) != (0.0, 6.0):
        raise operator.refused(f"clipping to {low} and {high} has no word; relu6 is 0 to 6")
    return cut_at_six(operator.graph, x, operator.name)


def _leaky(operator: Operator, x: Arrived) -> Arrived:
    slope = round(float(operator.given("alpha", 0.01)), 12)
    return operator.add(x, f"leakyrelu {slope!r}")


def _prelu(operator: Operator, x: Arrived) -> Arrived:
    slopes = operator.constants.get(1)
    if slopes is None or slopes.size != x.shape[0]:
        raise operator.refused("it has not one slope a channel")
    return operator.add(x, "prelu", {"weight": slopes.reshape(-1)})


def _softmax(operator: Operator, x: Arrived) -> Arrived:
    if operator.given("axis", -1) not in (1, -len(x.shape)):
        raise operator.refused("a softmax over other axes than the channels has no word")
    return operator.add(x, "softmax")


def _log_softmax(operator: Operator, x: Arrived) -> Arrived:
    if operator.given("axis", -1) not in (1, -len(x.shape)):
        raise operator.refused("a softmax over other axes than the channels has no word")
    return replace(x, open=LOG_SOFTMAX)


def _hard_sigmoid(operator: Operator, x: Arrived) -> Arrived:
    slope = float(operator.given("alpha", 0.2))
    if abs(slope - 1 / 6) > 1e-6 or float(operator.given("beta", 0.5)) != 0.5:
        raise operator.refused(f"alpha={slope:.4g} has no word; hardsigmoid is (x + 3) / 6")
    return operator.add(x, "hardsigmoid")


def _gelu(operator: Operator, x: Arrived) -> Arrived:
    operator.expect("approximate", "none")
    return operator.add(x, "gelu")


def arithmetic(operator: Operator, x: Arrived) -> Arrived:
    """Return a value scaled by constants: the image's preprocessing, elsewhere a factor or a gate.

    Raises:
        Refused: they are not one number a channel, or something is divided by the value.
    """
    kind = operator.node.op_type
    place, number = next(iter(operator.constants.items()))
    channels, *sides = x.shape
    along = (1,) * (1 + len(sides) - number.ndim) + number.shape[-1 - len(sides) :]
    if number.size != 1 and along != (channels, *[1] * len(sides)):
        raise operator.refused(f"constants of {number.shape} are not one number a channel")
    values, none, one = number.astype(np.float64).ravel(), np.zeros(1), np.ones(1)
    if kind == "Div" and (place == 0 or not values.all()):
        raise operator.refused("dividing by it has no word" if place == 0 else "it divides by 0")
    if kind in ("Mul", "Div"):
        scale, offset = (values if kind == "Mul" else 1 / values), none
    elif kind == "Sub":
        scale, offset = (-one, values) if place == 0 else (one, -values)
    else:
        scale, offset = one, values
    return scaled(operator.graph, x, scale, offset, operator.place)


SCALED: Final = {"Add", "Sub", "Mul", "Div"}


def _same(operator: Operator, x: Arrived) -> Arrived:
    return x


def _plain(word: str) -> Reader:
    return lambda operator, x: operator.add(x, word)


OPERATORS: Final[Mapping[str, Reader]] = {
    "Conv": _conv,
    "Gemm": _dense,
    "MatMul": _dense,
    "BatchNormalization": _batch_norm,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_average,
    "ReduceMean": _mean,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Pad": _pad,
    "Clip": _clip,
    "LeakyRelu": _leaky,
    "PRelu": _prelu,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
    "HardSigmoid": _hard_sigmoid,
    "Gelu": _gelu,
    "Dropout": _same,
    "Identity": _same,
    "Relu": _plain("relu"),
    "Sigmoid": _plain("sigmoid"),
    "Tanh": _plain("tanh"),
    "HardSwish": _plain("hardswish"),
}
"""What each operator of one tensor becomes."""

JOINED: Final[Mapping[str, str]] = {"Add": "add", "Sum": "add", "Mul": "mul", "Concat": "cat"}
"""Operators that join several tensors."""
