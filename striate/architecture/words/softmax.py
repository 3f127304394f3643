"""Softmax: numbers become shares that sum to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from striate.architecture.aspects.activation import Activation
from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape
from striate.architecture.aspects.program_call import Argument, ProgramCall
from striate.architecture.aspects.torch_reading import Refused, refuse_type
from striate.architecture.aspects.word import BackwardNeeds, Leaf, TorchRules

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, Result, Visit
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum


@dataclass(frozen=True)
class Softmax(Activation):
    """exp(x) over the sum of exp(x), over all channels or features of one place."""

    word = "softmax"
    never_negative = True
    pointwise = False
    onnx_name, torch_name = "Softmax", "F.softmax"
    keras_name, keras_activation = "layers.Softmax", "softmax"

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its output."""
        return BackwardNeeds("output")

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return Softmax over the channels."""
        from torch import nn

        return nn.Softmax(dim=1)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a Softmax over the channels."""
        return graph.node(self.onnx_name, [x], leaf.address, {"axis": 1})

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Make numbers into shares that sum to 1: y[i] = e^x[i] / sum over k of e^x[k].

        Every y depends on every x: dx[j] is the sum over i of dy[i] times the Jacobian's y[i] *
        ((i == j) - y[j]), which comes to

            dx[j] = y[j] * (dy[j] - sum over i of dy[i] * y[i])

        The largest x is subtracted first. It cancels in the fraction, and e^x cannot overflow.
        Bridle 1990, https://doi.org/10.1007/978-3-642-76153-9_28

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> y, back = Softmax().numpy_pass(np.array([[1000.0, 1000.0]]), Visit())
        >>> y, back(np.array([[1.0, 0.0]]))["x"]
        (array([[0.5, 0.5]]), array([[ 0.25, -0.25]]))
        """
        import numpy as np

        e = np.exp(x - x.max(axis=1, keepdims=True))
        y = e / e.sum(axis=1, keepdims=True)
        return y, lambda dy: {"x": y * (dy - (dy * y).sum(axis=1, keepdims=True))}

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return F.softmax."""
        over = (Argument(1, "dim"),)
        return [ProgramCall(self.torch_name, over, output=leaf.output, pointwise=True)]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of Softmax."""
        from torch import nn

        return {nn.Softmax: _worked_sum}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return Softmax over the channels, its functions and method."""
        import torch
        from torch import nn
        from torch.nn import functional

        def read(
            shape: Shape, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
        ) -> Softmax:
            refuse_type(dtype)
            if dim is None or dim % (len(shape) + 1) != 1:
                raise Refused(
                    f"softmax over axis {dim} has no word; softmax is over the channels, dim=1"
                )
            return cls()

        def module_of(shape: Shape, module: Any) -> Softmax:
            return read(shape, module.dim)

        functions = {functional.softmax: read, torch.softmax: read}
        return TorchRules({nn.Softmax: module_of}, functions, {"softmax": read})


def softmax_jacobian(y: Array) -> Array:
    """Return how fast each share grows with each number: y[i] with x[j] in row i, column j.

    By the quotient rule, with s for the sum of all e^x[k]:

        i == j: (e^x[i] * s - e^x[i] * e^x[i]) / s^2 = y[i] * (1 - y[i])
        i != j: (0      * s - e^x[i] * e^x[j]) / s^2 = -y[i] * y[j]

    Args:
        y: the shares, (class,).

    Returns:
        (class, class), symmetric; its rows sum to 0, as the shares always sum to 1.

    >>> import numpy as np
    >>> softmax_jacobian(np.array([0.5, 0.25, 0.25]))
    array([[ 0.25  , -0.125 , -0.125 ],
           [-0.125 ,  0.1875, -0.0625],
           [-0.125 , -0.0625,  0.1875]])
    """
    import numpy as np

    return np.diag(y) - np.outer(y, y)


def _worked_sum(call: AtWork, place: Place) -> Terms:
    import math

    import numpy as np

    from striate.architecture.aspects.worked_sum import Terms, to_float64

    unit, row, column = place
    values = to_float64(call.inputs[0])
    if values.ndim == 3:
        values = values[:, row, column]
    powers = np.exp(values - values.max())
    total = math.fsum(powers)
    count = len(values)
    return Terms(
        np.zeros(count, int),
        np.arange(count),
        np.full(count, row),
        np.full(count, column),
        value=values,
        weight=powers / total,
        function="softmax",
        result=float(powers[unit] / total),
        facts={"largest": float(values.max()), "sum of exponentials": total, "unit": float(unit)},
    )
