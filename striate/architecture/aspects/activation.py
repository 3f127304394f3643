"""What all activations share: one call without weights in every framework."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.program_call import ProgramCall, channels_last
from striate.architecture.aspects.word import Layer, Leaf

if TYPE_CHECKING:
    from striate.architecture.aspects.word import Reader


@dataclass(frozen=True)
class Activation(Layer):
    """An activation.

    Attributes:
        onnx_name: the operator of ONNX.
        torch_name: the function of torch, as programs write it.
        keras_name: what Keras calls.
        keras_activation: its name as the ``activation=`` of the layer before it.
    """

    is_activation = True
    pointwise = True
    elementwise = True
    onnx_name: ClassVar[str]
    torch_name: ClassVar[str]
    keras_name: ClassVar[str]
    keras_activation: ClassVar[str] = ""

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add its operator."""
        return graph.node(self.onnx_name, [x], leaf.address)

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return its function."""
        return [ProgramCall(self.torch_name, output=leaf.output, pointwise=True)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return its function or layer."""
        output, folded = channels_last(leaf.output), self.keras_activation
        return [ProgramCall(self.keras_name, output=output, activation=folded)]

    @classmethod
    def read_plain(cls) -> Reader:
        """Return what reads it from a function or a module, with no values but ``inplace``."""

        def read(shape: object, module: object = None, inplace: bool = False) -> Layer:
            return cls()

        return read
