"""An ONNX graph while it grows: nodes, constants, and the weights it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from striate.architecture.aspects.onnx_graph import Attribute
from striate.backends.onnx.model_file import Node
from striate.errors import ClassifierError


class Building:
    """Nodes in the order of running, and the numbers they need, by name.

    Every result has a name; a layer's is its address, so that a graph can be read beside the
    table of its network.

    >>> graph = Building({"fc1.weight": np.ones((1, 2), np.float32)})
    >>> graph.node("MatMul", ["x", graph.constant("two", np.float32(2.0))], "y")
    'y'
    >>> [node.kind for node in graph.nodes], graph.weight("fc1.weight")
    (['MatMul'], 'fc1.weight')
    """

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}
        self._weights = weights

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
        self.nodes.append(Node(kind, tuple(inputs), result, dict(attributes or {})))
        return result

    def constant(self, name: str, values: np.ndarray | np.generic) -> str:
        """Hold numbers under a name."""
        self.constants[name] = np.asarray(values)
        return name

    def weight(self, name: str) -> str:
        """Take a weight into the graph, in float32.

        Raises:
            ClassifierError: there is none of that name.
        """
        if name not in self._weights:
            raise ClassifierError(f"the network needs the weight '{name}', and it is not there")
        return self.constant(name, np.ascontiguousarray(self._weights[name], np.float32))
