"""Flatten: maps become one row of features."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last
from striate.architecture.aspects.torch_reading import Batch, Refused
from striate.architecture.aspects.word import Layer, Leaf, TorchRules

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, Result, Visit
    from striate.architecture.aspects.word import Words
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum


@dataclass(frozen=True)
class Flatten(Layer):
    """All maps in one row of features, channel by channel, row by row: ``flatten``."""

    word = "flatten"
    aliases = ("reshape",)

    @property
    def sees_all(self) -> bool:
        """True: the words behind it combine all of the image."""
        return True

    def output(self, shape: Shape) -> Shape:
        """Return (channels * rows * columns,)."""
        return (math.prod(shape),)

    def output_formula(self, shape: Shape) -> str:
        """Return the product of the sides."""
        if len(shape) == 1:
            return ""
        return f"{'*'.join(map(str, shape))} = {math.prod(shape):,}"

    def hands_on(self, *, training: bool) -> bool:
        """Return True."""
        return True

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return Flatten."""
        from torch import nn

        return nn.Flatten(1)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a Flatten."""
        return graph.node("Flatten", [x], leaf.address, {"axis": 1})

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Put all maps in one row, channel by channel, row by row; the way back folds them again.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> Flatten().numpy_pass(np.zeros((2, 3, 4, 4)), Visit())[0].shape
        (2, 48)
        """
        return x.reshape(len(x), -1), lambda dy: {"x": dy.reshape(x.shape)}

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return torch.flatten."""
        return [ProgramCall("torch.flatten", (Argument(1, "start_dim"),), output=leaf.output)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.Flatten, the channels put first so that features come in torch's order."""
        if len(leaf.input) == 1:
            return []
        flat = ProgramCall("layers.Flatten", output=channels_last(leaf.output))
        if leaf.input[0] == 1 or math.prod(leaf.input[1:]) == 1:
            return [flat]
        # sorting the weights of the next fc instead fails where bn stands between the two
        return [ProgramCall("layers.Permute", (Argument((3, 1, 2)),)), flat]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of Flatten."""
        from torch import nn

        return {nn.Flatten: _worked_sum}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return Flatten, and the functions that come to the same: view, reshape, squeeze."""
        import torch
        from torch import nn

        def flatten(shape: Shape, start_dim: int = 0, end_dim: int = -1) -> Flatten:
            axes = len(shape) + 1
            if start_dim % axes != 1 % axes or end_dim % axes != axes - 1:
                raise Refused(
                    f"flatten from axis {start_dim} to {end_dim} has no word; "
                    "flatten takes channels, rows and columns together: torch.flatten(x, 1)"
                )
            return cls()

        def squeeze(shape: Shape, dim: Any = None) -> Flatten:
            axes = {axis % 4 for axis in dim} if isinstance(dim, tuple | list) else {dim}
            if shape[1:] != (1, 1) or axes != {2, 3}:
                raise Refused(
                    f"squeeze of axes {dim} has no word here; flatten takes channels, rows and "
                    "columns together: torch.flatten(x, 1)"
                )
            return cls()

        def module_of(shape: Shape, module: Any) -> Flatten:
            return flatten(shape, module.start_dim, module.end_dim)

        return TorchRules(
            {nn.Flatten: module_of},
            {torch.flatten: flatten, torch.squeeze: squeeze, torch.reshape: cls._view},
            {"flatten": flatten, "squeeze": squeeze, "view": cls._view, "reshape": cls._view},
        )

    @classmethod
    def _view(cls, shape: Shape, *sizes: Any) -> Words:
        """Read x.view(...) with its sizes: flatten, or nothing at all."""
        given = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
        if len(given) > 1 and given.count(-1) == 1 and given[0] != -1:
            known = math.prod(size for size in given[1:] if isinstance(size, int) and size != -1)
            rest = math.prod(shape) // max(known, 1)
            given = tuple(rest if size == -1 else size for size in given)
        batch_kept = bool(given) and (given[0] == -1 or isinstance(given[0], Batch))
        if batch_kept and given[1:] == shape:
            return ()
        if batch_kept and given[1:] == (math.prod(shape),):
            return cls()
        raise Refused("a change of shape has no word but flatten: torch.flatten(x, 1)")


def _worked_sum(call: AtWork, place: Place) -> Terms:
    import numpy as np

    from striate.architecture.aspects.worked_sum import number_at, single_term

    unit, _, _ = place
    shape = tuple(call.inputs[0].shape[1:])
    at = (unit, -1, -1)
    if len(shape) == 3:
        channel, row, column = np.unravel_index(unit, shape)
        at = (int(channel), int(row), int(column))
    value = number_at(call.inputs[0], at)
    return single_term(at, value, result=value)
