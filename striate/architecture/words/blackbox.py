"""A network of elsewhere as one word: an ONNX model, computed as it is, which learns nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Pair, Shape, text_of
from striate.architecture.aspects.program_call import ProgramCall
from striate.architecture.aspects.word import Kind, Layer, Leaf, TorchRules, maps
from striate.errors import NotationError

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, Result, Visit


@dataclass(frozen=True)
class BlackBox(Layer):
    """Features of an ONNX model: ``blackbox 192 bytes=22843129 weights=5717416``.

    What cannot be written in the notation, a vision transformer say, serves as a frozen backbone.
    The model itself is kept among the weights, as the bytes of its file. Its inside is not
    looked into: it has no gradients, no maps and no receptive field.

    Attributes:
        features: how many numbers it says of an image.
        size: rows and columns of the images that it takes.
        bytes: of the file.
        weights: how many numbers it holds; they are not learnt on.
        products: how many multiply-accumulates it makes for an image; None where its shapes do
            not say it.

    >>> BlackBox(192, (224, 224), 1000, 10).output((3, 224, 224))
    (192,)
    """

    word = "blackbox"
    arguments = {
        "features": Kind.WHOLE,
        "size": Kind.SIZE,
        "bytes": Kind.WHOLE,
        "weights": Kind.WHOLE,
        "products": Kind.WHOLE,
    }
    bare = ("features",)
    named = ("size", "bytes", "weights", "products")
    example = "blackbox 192 bytes=22843129 weights=5717416"
    opaque = True

    features: int
    size: Pair = (224, 224)
    bytes: int = 1
    weights: int = 1
    products: int | None = None

    @property
    def sees_all(self) -> bool:
        """True: nothing is known of its inside."""
        return True

    def output(self, shape: Shape) -> Shape:
        """Return the features; NotationError for images of another size."""
        _, rows, columns = maps(self, shape)
        if (rows, columns) != self.size:
            raise NotationError(
                f"the ONNX model takes images of {text_of(self.size)}, but {rows}x{columns} arrive"
            )
        return (self.features,)

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Return the place of the model's bytes."""
        return {"model": (self.bytes,)}

    def parameters(self, shape: Shape) -> int:
        """Return how many numbers it holds."""
        return self.weights

    def parameters_formula(self, shape: Shape) -> str:
        """Return that number, which the model says."""
        return str(self.weights)

    def macs(self, shape: Shape) -> int:
        """Return what it says; 0 where it does not."""
        return self.products or 0

    def macs_formula(self, shape: Shape) -> str:
        """Return that number."""
        return str(self.products or 0)

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return a module that lets ONNX Runtime compute; it has no gradient."""
        from striate.architecture.aspects.onnx_module import FrozenOnnx

        return FrozenOnnx(self.bytes)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Take the nodes of the model in."""
        return graph.include(f"{leaf.address}.model", x, leaf.address)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Let ONNX Runtime compute; a gradient does not come through."""
        import numpy as np

        from striate.architecture.aspects.onnx_runtime import open_model

        run = open_model(np.asarray(visit.own["model"], np.uint8).tobytes())

        def back(dy: Array) -> dict[str, Array]:
            raise NotationError("no gradient goes through an ONNX model; it is frozen")

        return run(np.asarray(x, np.float32)).astype(np.float64), back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Raise NotationError: its inside is not known."""
        raise _no_program()

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Raise NotationError: its inside is not known."""
        raise _no_program()

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return none: no module of torch is read as an ONNX model."""
        return TorchRules()


def _no_program() -> NotationError:
    return NotationError(
        "no program can be written of an ONNX model, which is computed as it is: run its file by "
        "onnxruntime"
    )
