"""Identity: what comes in goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape
from striate.architecture.aspects.program_call import ProgramCall
from striate.architecture.aspects.word import Layer, Leaf, TorchRules

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, Result, Visit
    from striate.architecture.aspects.word import Words
    from striate.architecture.aspects.worked_sum import WorkedSum


@dataclass(frozen=True)
class Identity(Layer):
    """What comes in goes out: the plain branch of ``add(... | identity)``."""

    word = "identity"
    aliases = ("shortcut", "skip")
    elementwise = True

    def hands_on(self, *, training: bool) -> bool:
        """Return True."""
        return True

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return Identity."""
        from torch import nn

        return nn.Identity()

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add nothing."""
        return x

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Change nothing.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> Identity().numpy_pass(np.array([[1.0, 2.0]]), Visit())[0]
        array([[1., 2.]])
        """
        return x, lambda dy: {"x": dy}

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return nothing."""
        return []

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return nothing."""
        return []

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of Identity."""
        from torch import nn

        from striate.architecture.aspects.worked_sum import as_it_is

        return {nn.Identity: as_it_is}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return Identity, and what gives a tensor as it is: for these there is no word at all."""
        import torch
        from torch import nn

        def read(shape: Shape, module: object) -> Identity:
            return cls()

        def nothing(shape: Shape) -> Words:
            return ()

        methods = {"contiguous": nothing, "detach": nothing}
        return TorchRules({nn.Identity: read}, {torch.detach: nothing}, methods)


NOTHING: Final = Identity()
"""What stands in a branch in which nothing happens."""
