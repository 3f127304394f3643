"""Global average pooling: the mean of each map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last
from striate.architecture.aspects.torch_reading import Refused, refuse_type
from striate.architecture.aspects.word import Layer, Leaf, TorchRules, maps
from striate.architecture.words.flatten import Flatten

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, Result, Visit
    from striate.architecture.aspects.word import Words


@dataclass(frozen=True)
class Gap(Layer):
    """Global average pooling, the mean of each map: ``gap``.

    Lin et al. 2013, https://arxiv.org/abs/1312.4400

    >>> Gap().output((512, 7, 7))
    (512, 1, 1)
    """

    word = "gap"
    aliases = ("globalaveragepool", "globalaveragepooling", "globalavgpool")

    @property
    def sees_all(self) -> bool:
        """True."""
        return True

    def output(self, shape: Shape) -> Shape:
        """Return (channels, 1, 1)."""
        channels, _, _ = maps(self, shape)
        return (channels, 1, 1)

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return AdaptiveAvgPool2d to one place."""
        from torch import nn

        return nn.AdaptiveAvgPool2d(1)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a GlobalAveragePool."""
        return graph.node("GlobalAveragePool", [x], leaf.address)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Take the mean of each map: y = sum of x / n, so dx = dy / n.

        Lin, Chen and Yan 2013, Network in network, section 3.2, https://arxiv.org/abs/1312.4400

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> Gap().numpy_pass(np.array([[[[1.0, 2.0], [3.0, 6.0]]]]), Visit())[0]
        array([[[[3.]]]])
        """
        import numpy as np

        numbers = x.shape[2] * x.shape[3]
        y = x.sum(axis=(2, 3), keepdims=True) / numbers  # (batch, channel, 1, 1)
        return y, lambda dy: {"x": np.broadcast_to(dy / numbers, x.shape)}

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return F.adaptive_avg_pool2d to one place."""
        return [ProgramCall("F.adaptive_avg_pool2d", (Argument(1),), output=leaf.output)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.GlobalAveragePooling2D."""
        keep, output = Argument(True, "keepdims"), channels_last(leaf.output)
        return [ProgramCall("layers.GlobalAveragePooling2D", (keep,), output=output)]

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return the mean over rows and columns; a pool to one place is read with avgpool's."""
        import torch

        def mean(
            shape: Shape, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
        ) -> Words:
            refuse_type(dtype)
            axes = {axis % 4 for axis in dim} if isinstance(dim, tuple | list) else {dim}
            if len(shape) != 3 or axes != {2, 3}:
                raise Refused(
                    f"a mean over axes {dim} has no word; gap is that over rows and columns"
                )
            return cls() if keepdim else (cls(), Flatten())

        return TorchRules(functions={torch.mean: mean}, methods={"mean": mean})
