"""An ONNX graph while it grows: nodes, constants, and the weights it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from striate.architecture.aspects.onnx_graph import Attribute
from striate.errors import ClassifierError


class Building:
    """Nodes in the order of running, and the numbers they need.

    Every result has a name; a layer's is its address, so that a graph can be read beside the
    table of its network.

    >>> graph = Building({"fc1.weight": np.ones((1, 2), np.float32)})
    >>> graph.node("MatMul", ["x", graph.constant("two", np.float32(2.0))], "y")
    'y'
    >>> [node.op_type for node in graph.nodes], graph.weight("fc1.weight")
    (['MatMul'], 'fc1.weight')
    """

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self._weights = weights
        self._constants: dict[str, onnx.TensorProto] = {}

    @property
    def constants(self) -> list[onnx.TensorProto]:
        """What does not change from image to image: the weights that were taken, and more."""
        return list(self._constants.values())

    def node(
        self,
        kind: str,
        inputs: Sequence[str],
        result: str,
        attributes: Mapping[str, Attribute] | None = None,
    ) -> str:
        """Add a node, and give the name of its result back.

        Args:
            kind: the operator, as ONNX names it: https://onnx.ai/onnx/operators/
            inputs: names of results, constants and weights.
            result: what to call the result.
            attributes: the operator's own.
        """
        made = helper.make_node(kind, inputs, [result], name=result)
        for name, value in (attributes or {}).items():
            made.attribute.append(helper.make_attribute(name, value))
        self.nodes.append(made)
        return result

    def constant(self, name: str, values: np.ndarray | np.generic) -> str:
        """Hold numbers under a name."""
        self._constants[name] = numpy_helper.from_array(np.asarray(values), name)
        return name

    def weight(self, name: str) -> str:
        """Take a weight into the graph, in float32.

        Raises:
            ClassifierError: there is none of that name.
        """
        if name not in self._weights:
            raise ClassifierError(f"the network needs the weight '{name}', and it is not there")
        return self.constant(name, np.ascontiguousarray(self._weights[name], np.float32))
