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
from striate.model.importing.foreign_graph import (
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

    def refused(self, reason: str) -> Refused:
        """Return the refusal of this operator."""
        return Refused(reason, f"'{self.name}' ({self.node.op_type})")

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
        if any(x.zeros):
            raise operator.refused("zeros around the maps and SAME_UPPER have no word together")
        return x, f" pad=end{more}"
    if auto not in ("NOTSET", "VALID"):
        raise operator.refused(f"auto_pad={auto} has no word")
    top, left, bottom, right = operator.given("pads", NO_ZEROS)
    sides = (top, bottom, left, right)
    if own == "pool" and any(x.zeros) and any(sides):
        raise operator.refused("zeros around the maps and padding have no word together")
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
    if any(x.zeros) and not is_positive(x.value):
        raise operator.refused("the largest of padded zeros and values below zero has no word")
    return _pool(operator, x, "maxpool")


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
    if (low, high) != (0.0, 6.0):
        raise operator.refused(f"clipping to {low} and {high} has no word; relu6 is 0 to 6")
    return operator.add(x, "relu6")


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


def _hard_sigmoid(operator: Operator, x: Arrived) -> Arrived:
    slope = float(operator.given("alpha", 0.2))
    if abs(slope - 1 / 6) > 1e-6 or float(operator.given("beta", 0.5)) != 0.5:
        raise operator.refused(f"alpha={slope:.4g} has no word; hardsigmoid is (x + 3) / 6")
    return operator.add(x, "hardsigmoid")


def _gelu(operator: Operator, x: Arrived) -> Arrived:
    operator.expect("approximate", "none")
    return operator.add(x, "gelu")


def scaled(operator: Operator, x: Arrived) -> Arrived:
    """Return the image scaled by constants, which becomes its preprocessing.

    Raises:
        Refused: it is not the image, or not one number a channel.
    """
    kind = operator.node.op_type
    place, number = next(iter(operator.constants.items()))
    channels = x.shape[0]
    if x.value is not operator.graph.start or any(x.zeros):
        raise operator.refused("arithmetic with constants has a word at the image alone")
    if number.size not in (1, channels) or (place == 0 and kind in ("Sub", "Div")):
        raise operator.refused("the image is not scaled by one number a channel")
    values = number.astype(np.float64).ravel()
    scale, offset = x.scaling or (np.ones(channels), np.zeros(channels))
    if kind in ("Mul", "Div"):
        factor = values if kind == "Mul" else 1 / values
        return replace(x, scaling=(scale * factor, offset * factor))
    return replace(x, scaling=(scale, offset + (values if kind == "Add" else -values)))


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
