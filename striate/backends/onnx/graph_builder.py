"""An ONNX graph while it grows: nodes, constants, and the weights it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from striate.architecture.aspects.onnx_graph import Attribute
from striate.backends.onnx.model_file import Encoded, Node
from striate.errors import ClassifierError


class Building:
    """Nodes in the order of running, and the numbers they need, by name.

    Every result has a name; a layer's is its address, so that a graph can be read beside the
    table of its network.

    >>> graph = Building({"fc1.weight": np.ones((1, 2), np.float32)})
    >>> graph.node("MatMul", ["x", graph.constant("two", np.float32(2.0))], "y")
    'y'
    >>> [node.kind for node in graph.nodes if isinstance(node, Node)], graph.weight("fc1.weight")
    (['MatMul'], 'fc1.weight')
    """

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self.nodes: list[Node | Encoded] = []
        self.constants: dict[str, np.ndarray] = {}
        self.encoded: list[Encoded] = []  # constants of a model that was taken in
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

    def include(self, weight: str, x: str, result: str) -> str:
        """Take in the nodes of a model of one input and one output, all names behind ``result``.

        Raises:
            ClassifierError: its bytes are not there, or are no model.
        """
        import onnx  # to write a model takes no library, to take one apart does
        from google.protobuf.message import DecodeError

        if weight not in self._weights:
            raise ClassifierError(f"the network needs the model '{weight}', and it is not there")
        try:
            inner = onnx.load_model_from_string(np.asarray(self._weights[weight]).tobytes()).graph
            names = {inner.input[0].name: x, inner.output[0].name: result, "": ""}
        except (DecodeError, IndexError) as error:
            raise ClassifierError(f"'{weight}' is no ONNX model ({error})") from error

        def named(name: str) -> str:
            return names.setdefault(name, f"{result}/{name}")

        for tensor in inner.initializer:
            tensor.name = named(tensor.name)
            self.encoded.append(Encoded(tensor.SerializeToString()))
        for number, node in enumerate(inner.node):
            node.name = f"{result}/{number}"  # ONNX Runtime wants each name once
            node.input[:] = [named(name) for name in node.input]
            node.output[:] = [named(name) for name in node.output]
            self.nodes.append(Encoded(node.SerializeToString()))
        return result
