"""Full connection: every feature to every unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape, text_of
from striate.architecture.aspects.program_call import Argument, ProgramCall
from striate.architecture.aspects.undrawn import with_memory
from striate.architecture.aspects.word import (
    BackwardNeeds,
    Kind,
    Layer,
    Leaf,
    OnTensors,
    TorchRules,
)
from striate.errors import NotationError

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum

FIXED_LINEAR: Final = '''
class FixedLinear(nn.Linear):
    """Linear whose weight is kept and never learns: random signs, unless others are loaded."""

    def __init__(self, features: int, units: int, bias: bool = True) -> None:
        super().__init__(features, units, bias)
        del self.weight
        self.register_buffer("weight", torch.randn(units, features).sign())
'''
FIXED_DENSE: Final = '''
class FixedDense(layers.Dense):
    """Dense whose kernel is kept and never learns: random signs, unless others are loaded."""

    def build(self, input_shape) -> None:
        super().build(input_shape)
        self.kernel.assign(keras.ops.sign(self.kernel))
        self.kernel.trainable = False
'''


@dataclass(frozen=True)
class Fc(Layer):
    """Full connection, every feature to every unit: ``fc 128``.

    Attributes:
        fixed: whether its weights are random signs, -1 and 1, that never learn: the codes that
            LeNet-5 compared its features with. LeCun et al. 1998, section II B,
            https://doi.org/10.1109/5.726791

    >>> Fc(10).parameters((84,)), Fc(10).macs((84,))
    (850, 840)
    """

    word = "fc"
    arguments = {"units": Kind.WHOLE, "bias": Kind.SWITCH, "fixed": Kind.SWITCH}
    bare = ("units",)
    named = ("bias", "fixed")
    example = "fc 128"
    aliases = ("dense", "fullyconnected", "linear", "output")

    units: int
    bias: bool = True
    fixed: bool = False

    @property
    def keeps_weight(self) -> bool:
        """Whether it is fixed."""
        return self.fixed

    @property
    def width(self) -> int:
        """The units."""
        return self.units

    def output(self, shape: Shape) -> Shape:
        """Return (units,)."""
        if len(shape) != 1:
            raise NotationError(
                f"fc takes features in one row, but maps of {text_of(shape)} arrive; "
                "put flatten before it"
            )
        return (self.units,)

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of the weight, (units, features), and the bias."""
        weight = (self.units, shape[0])
        return {"weight": weight, "bias": (self.units,)} if self.bias else {"weight": weight}

    def parameters(self, shape: Shape) -> int:
        """Return the weights that learn, features * units, and biases."""
        return (0 if self.fixed else shape[0] * self.units) + (self.units if self.bias else 0)

    def parameters_formula(self, shape: Shape) -> str:
        """Return features * units + biases."""
        weights = "0" if self.fixed else self.macs_formula(shape)
        return weights + (f" + {self.units}" if self.bias else "")

    def macs(self, shape: Shape) -> int:
        """Return one for every weight."""
        return shape[0] * self.units

    def macs_formula(self, shape: Shape) -> str:
        """Return features * units."""
        return f"{shape[0]}*{self.units}"

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input."""
        return BackwardNeeds("input")

    def for_classes(self) -> str:
        """Return it bare: a unit a class."""
        word, _, *options = str(self).split(" ")
        return " ".join([word, *options])

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return a Linear whose weights are not drawn."""
        from torch import nn

        if self.fixed:
            from striate.architecture.aspects.torch_modules import FixedLinear

            return FixedLinear(shape[0], self.units, bias=self.bias)
        empty = nn.Linear(shape[0], self.units, bias=self.bias, device="meta")
        return with_memory(empty)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a Gemm."""
        weights = [graph.weight(f"{leaf.address}.{name}") for name in self.tensors(leaf.input)]
        return graph.node("Gemm", [x, *weights], leaf.address, {"transB": 1})

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Connect every feature to every unit: y[u] = bias[u] + sum over f of weight[u, f] * x[f].

        Each product gives each of its factors the other one, summed over where it was used:

            dx[f]         = sum over u of dy[u] * weight[u, f]
            dweight[u, f] = sum over images of dy[u] * x[f]
            dbias[u]      = sum over images of dy[u]

        Goodfellow, Bengio and Courville 2016, Deep Learning, algorithm 6.4,
        https://www.deeplearningbook.org/contents/mlp.html

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> own = {"weight": np.array([[1.0, 2.0], [0.0, -1.0]]), "bias": np.array([0.5, 0.5])}
        >>> y, back = Fc(2).numpy_pass(np.array([[3.0, 4.0]]), Visit(own))
        >>> y, back(np.array([[1.0, 0.0]]))["weight"]
        (array([[11.5, -3.5]]), array([[3., 4.],
               [0., 0.]]))
        """
        import numpy as np

        weight, bias = visit.own["weight"], visit.own.get("bias")
        y = np.einsum("bf,uf->bu", x, weight)
        if bias is not None:
            y += bias

        def back(dy: Array) -> ByName:
            gradients: ByName = {"x": np.einsum("bu,uf->bf", dy, weight)}
            if not self.fixed:
                gradients["weight"] = np.einsum("bu,bf->uf", dy, x)
            if bias is not None:
                gradients["bias"] = dy.sum(axis=0)
            return gradients

        return y, back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return nn.Linear."""
        arguments = (
            Argument(leaf.input[0], role="features"),
            Argument(self.units, role="features"),
            Argument(self.bias, "bias", True),
        )
        head, own = ("FixedLinear", FIXED_LINEAR) if self.fixed else ("nn.Linear", "")
        return [ProgramCall(head, arguments, leaf.address, leaf.output, definition=own)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.Dense."""
        arguments = (Argument(self.units, role="features"), Argument(self.bias, "use_bias", True))
        head, own = ("FixedDense", FIXED_DENSE) if self.fixed else ("layers.Dense", "")
        return [
            ProgramCall(
                head, arguments, leaf.address, leaf.output, takes_activation=True, definition=own
            )
        ]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of Linear."""
        from torch import nn

        from striate.architecture.aspects.torch_modules import FixedLinear

        return {nn.Linear: _worked_sum, FixedLinear: _worked_sum}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return Linear and its function."""
        from inspect import Parameter

        from torch import nn
        from torch.nn import functional

        from striate.architecture.aspects.torch_modules import FixedLinear

        def read(shape: Shape, module: Any) -> Fc:
            fixed = isinstance(module, FixedLinear)
            return cls(module.out_features, bias=module.bias is not None, fixed=fixed)

        def linear(shape: Shape, weight: Shape, bias: Shape | None) -> Fc:
            return cls(weight[0], bias=bias is not None)

        takes = (("input", Parameter.empty), ("weight", Parameter.empty), ("bias", None))
        told = "its weight and bias"
        rule = OnTensors(("weight", "bias"), told, linear, optional=("bias",), parameters=takes)
        return TorchRules(
            modules={nn.Linear: read, FixedLinear: read}, on_tensors={functional.linear: rule}
        )


def _worked_sum(call: AtWork, place: Place) -> Terms:
    import numpy as np

    from striate.architecture.aspects.worked_sum import to_float64, weighted_sum

    unit, _, _ = place
    layer: Any = call.module
    values = to_float64(call.inputs[0])
    none = np.full(len(values), -1)
    bias = 0.0 if layer.bias is None else float(layer.bias[unit].detach().double())
    weight = to_float64(layer.weight[unit][None])
    return weighted_sum(np.arange(len(values)), none, none, values, weight, bias)
