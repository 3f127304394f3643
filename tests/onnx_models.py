"""Small ONNX models made by hand, a vision transformer with random weights among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Nodes and weights, one after the other."""

    def __init__(self, seed: int = 0) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._numbers = np.random.default_rng(seed)

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def held(self, values: Any, kind: Any = np.float32) -> str:
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def drawn(self, *shape: int) -> str:
        return self.held(self._numbers.normal(0, (1 / shape[-2]) ** 0.5, shape))

    def dense(self, x: str, arriving: int, leaving: int) -> str:
        return self.node("Add", self.node("MatMul", x, self.drawn(arriving, leaving)),
                         self.held(np.zeros(leaving)))  # fmt: skip

    def model(
        self, output: str, shape: list[Any], *, size: int, opset: int = 18
    ) -> onnx.ModelProto:
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, size, size])
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, "small", [image], [result], self.weights)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8
        )


def vision_transformer(
    *, size: int = 32, patch: int = 8, width: int = 16, depth: int = 2, heads: int = 2
) -> onnx.ModelProto:
    """Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929: tokens, attention, no head."""
    graph, count = Graph(), (size // patch) ** 2 + 1
    kernel = graph.drawn(width, 3, patch, patch)
    x = graph.node("Conv", "image", kernel, kernel_shape=[patch] * 2, strides=[patch] * 2)
    x = graph.node("Reshape", x, graph.held([0, width, count - 1], np.int64))
    x = graph.node("Transpose", x, perm=[0, 2, 1])  # (n, token, width)
    batch = graph.node("Gather", graph.node("Shape", "image"), graph.held([0], np.int64))
    wanted = graph.node("Concat", batch, graph.held([1, width], np.int64), axis=0)
    token = graph.node("Expand", graph.drawn(1, 1, width), wanted)
    x = graph.node("Add", graph.node("Concat", token, x, axis=1), graph.drawn(1, count, width))
    for _ in range(depth):
        x = graph.node("Add", x, _attention(graph, _normalised(graph, x, width), width, heads))
        inner = graph.dense(_normalised(graph, x, width), width, 4 * width)
        half = graph.node("Mul", inner, graph.held(0.5**0.5))
        share = graph.node("Add", graph.node("Erf", half), graph.held(1.0))
        gelu = graph.node("Mul", graph.node("Mul", inner, share), graph.held(0.5))
        x = graph.node("Add", x, graph.dense(gelu, 4 * width, width))
    return graph.model(_normalised(graph, x, width), ["n", count, width], size=size)


def _normalised(graph: Graph, x: str, width: int) -> str:
    ones, zeros = graph.held(np.ones(width)), graph.held(np.zeros(width))
    return graph.node("LayerNormalization", x, ones, zeros, axis=-1)


def _attention(graph: Graph, x: str, width: int, heads: int) -> str:
    split = graph.held([0, 0, heads, width // heads], np.int64)
    query, key, value = (
        graph.node("Reshape", graph.dense(x, width, width), split) for _ in range(3)
    )
    query = graph.node("Transpose", query, perm=[0, 2, 1, 3])
    key = graph.node("Transpose", key, perm=[0, 2, 3, 1])
    value = graph.node("Transpose", value, perm=[0, 2, 1, 3])
    score = graph.node("Mul", graph.node("MatMul", query, key),
                       graph.held((width // heads) ** -0.5))  # fmt: skip
    mixed = graph.node("MatMul", graph.node("Softmax", score, axis=-1), value)
    mixed = graph.node("Transpose", mixed, perm=[0, 2, 1, 3])
    joined = graph.node("Reshape", mixed, graph.held([0, 0, width], np.int64))
    return graph.dense(joined, width, width)


def saved(model: onnx.ModelProto, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path
