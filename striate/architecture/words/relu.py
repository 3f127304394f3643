"""Activations that cut off below zero, or let a part through: relu and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from striate.architecture.aspects.activation import Activation
from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last
from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.aspects.word import BackwardNeeds, Kind, Leaf, TorchRules

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit
    from striate.architecture.aspects.worked_sum import WorkedSum


@dataclass(frozen=True)
class Relu(Activation):
    """max(0, x).

    A unit whose x is negative for every image gets no gradient and never changes again: it is
    dead. Nair and Hinton 2010, https://www.cs.toronto.edu/~fritz/absps/reluICML.pdf
    """

    word = "relu"
    never_negative = True
    aliases = ("activation",)
    onnx_name, torch_name, keras_name, keras_activation = "Relu", "F.relu", "layers.ReLU", "relu"

    @property
    def negative_slope(self) -> float:
        """0."""
        return 0.0

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its output."""
        return BackwardNeeds("output")

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Cut off below zero: the slope is 1 where x > 0, else 0; at 0 it is taken as 0.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> y, back = Relu().numpy_pass(np.array([[-2.0, 0.0, 3.0]]), Visit())
        >>> y, back(np.ones((1, 3)))["x"]
        (array([[0., 0., 3.]]), array([[0., 0., 1.]]))
        """
        import numpy as np

        return np.maximum(x, 0), lambda dy: {"x": dy * (x > 0)}

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return ReLU."""
        from torch import nn

        return nn.ReLU()

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of ReLU."""
        from torch import nn

        from striate.architecture.aspects.worked_sum import function_of_one

        worked = function_of_one(cls.word, lambda layer, x, unit: max(x, 0.0))
        return {nn.ReLU: worked}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return ReLU, its functions and methods."""
        import torch
        from torch import nn
        from torch.nn import functional

        read = cls.read_plain()
        functions = (functional.relu, functional.relu_, torch.relu, torch.relu_)
        methods = {"relu": read, "relu_": read}
        return TorchRules({nn.ReLU: read}, dict.fromkeys(functions, read), methods)


@dataclass(frozen=True)
class Relu6(Activation):
    """min(6, max(0, x)): Krizhevsky 2010, https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf."""

    word = "relu6"
    never_negative = True
    onnx_name, torch_name = "Clip", "F.relu6"
    keras_name, keras_activation = "keras.activations.relu6", "relu6"

    @property
    def negative_slope(self) -> float:
        """0."""
        return 0.0

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input."""
        return BackwardNeeds("input")

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Cut off below 0 and above 6: the slope is 1 in between, else 0.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> Relu6().numpy_pass(np.array([[-2.0, 3.0, 8.0]]), Visit())[0]
        array([[0., 3., 6.]])
        """
        import numpy as np

        return np.clip(x, 0, 6), lambda dy: {"x": dy * ((x > 0) & (x < 6))}

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return ReLU6."""
        from torch import nn

        return nn.ReLU6()

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a Clip from 0 to 6."""
        import numpy as np

        ends = [graph.constant(f"{leaf.address}.{end}", np.float32(end)) for end in (0, 6)]
        return graph.node(self.onnx_name, [x, *ends], leaf.address)

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of ReLU6."""
        from torch import nn

        from striate.architecture.aspects.worked_sum import function_of_one

        worked = function_of_one(cls.word, lambda layer, x, unit: min(max(x, 0.0), 6.0))
        return {nn.ReLU6: worked}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return ReLU6, and Hardtanh where that cuts to 0..6."""
        from torch import nn
        from torch.nn import functional

        def hardtanh(
            shape: Shape, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
        ) -> Relu6:
            if (min_val, max_val) != (0.0, 6.0):
                raise Refused(
                    f"values cut to {min_val}..{max_val} have no word; relu6 cuts to 0..6"
                )
            return cls()

        def module_of(shape: Shape, module: Any) -> Relu6:
            return hardtanh(shape, module.min_val, module.max_val)

        read = cls.read_plain()
        functions = {functional.relu6: read, functional.hardtanh: hardtanh}
        return TorchRules({nn.ReLU6: read, nn.Hardtanh: module_of}, functions)


@dataclass(frozen=True)
class LeakyRelu(Activation):
    """x where positive, slope*x where negative: ``leakyrelu 0.01``.

    So that no unit dies. Maas, Hannun and Ng 2013,
    https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf
    """

    word = "leakyrelu"
    arguments = {"slope": Kind.DECIMAL}
    bare = ("slope",)
    example = "leakyrelu 0.01"
    aliases = ("lrelu",)
    onnx_name, torch_name, keras_name = "LeakyRelu", "F.leaky_relu", "layers.LeakyReLU"

    slope: float = 0.01

    @property
    def negative_slope(self) -> float:
        """The slope."""
        return self.slope

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input."""
        return BackwardNeeds("input")

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Let a little through below zero: the slope is 1 above, the word's own below.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> LeakyRelu(0.1).numpy_pass(np.array([[-2.0, 3.0]]), Visit())[0]
        array([[-0.2,  3. ]])
        """
        import numpy as np

        y = np.where(x > 0, x, self.slope * x)
        return y, lambda dy: {"x": dy * np.where(x > 0, 1.0, self.slope)}

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return LeakyReLU."""
        from torch import nn

        return nn.LeakyReLU(self.slope)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a LeakyRelu."""
        return graph.node(self.onnx_name, [x], leaf.address, {"alpha": self.slope})

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return F.leaky_relu."""
        slope = (Argument(self.slope, role="slope"),)
        return [ProgramCall(self.torch_name, slope, output=leaf.output, pointwise=True)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.LeakyReLU."""
        slope = (Argument(self.slope, "negative_slope", role="slope"),)
        return [ProgramCall(self.keras_name, slope, output=channels_last(leaf.output))]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of LeakyReLU."""
        from torch import nn

        from striate.architecture.aspects.worked_sum import function_of_one

        def leaky(layer: Any, x: float, unit: int) -> float:
            return x if x > 0 else x * float(layer.negative_slope)

        return {nn.LeakyReLU: function_of_one(cls.word, leaky)}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return LeakyReLU and F.leaky_relu."""
        from torch import nn
        from torch.nn import functional

        def read(shape: Shape, negative_slope: float = 0.01, inplace: bool = False) -> LeakyRelu:
            return cls(float(negative_slope))

        def module_of(shape: Shape, module: Any) -> LeakyRelu:
            return read(shape, module.negative_slope)

        return TorchRules({nn.LeakyReLU: module_of}, {functional.leaky_relu: read})


@dataclass(frozen=True)
class Prelu(Activation):
    """x where positive, slope*x where negative, with a learnt slope a channel.

    He et al. 2015, https://arxiv.org/abs/1502.01852
    """

    word = "prelu"
    elementwise = False
    starts = {"weight": 0.25}
    onnx_name, torch_name, keras_name = "PRelu", "nn.PReLU", "layers.PReLU"

    @property
    def negative_slope(self) -> float:
        """What the slopes start with."""
        return self.starts["weight"]

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of the slopes, (channels,)."""
        return {"weight": (shape[0],)}

    def parameters(self, shape: Shape) -> int:
        """Return a slope a channel."""
        return shape[0]

    def parameters_formula(self, shape: Shape) -> str:
        """Return 1 * channels."""
        return f"1*{shape[0]}"

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input."""
        return BackwardNeeds("input")

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return PReLU."""
        from torch import nn

        return nn.PReLU(shape[0])

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a PRelu; before maps the slopes (channels,) become (channels, 1, 1)."""
        import numpy as np

        slope = graph.weight(f"{leaf.address}.weight")
        if len(leaf.input) == 3:
            shape = graph.constant(f"{leaf.address}.shape", np.array([-1, 1, 1], np.int64))
            slope = graph.node("Reshape", [slope, shape], f"{leaf.address}.slope")
        return graph.node(self.onnx_name, [x, slope], leaf.address)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Let a part through below zero, by a learnt slope a channel, the weight.

        Where x < 0, y = weight * x, so y grows by x as the weight grows by 1: dweight is the sum
        of dy * x there. He et al. 2015, section 2.1, https://arxiv.org/abs/1502.01852

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> visit = Visit({"weight": np.array([0.5, 0.5])})
        >>> y, back = Prelu().numpy_pass(np.array([[-2.0, 3.0]]), visit)
        >>> y, back(np.ones((1, 2)))["weight"]
        (array([[-1.,  3.]]), array([-2.,  0.]))
        """
        import numpy as np

        from striate.architecture.aspects.numpy_pass import all_but_channels, by_channel

        slope = by_channel(visit.own["weight"], x)  # (1, channel, 1, 1)

        def back(dy: Array) -> ByName:
            return {
                "x": dy * np.where(x > 0, 1.0, slope),
                "weight": (dy * np.where(x > 0, 0.0, x)).sum(axis=all_but_channels(x)),
            }

        return np.where(x > 0, x, slope * x), back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return nn.PReLU."""
        channels = (Argument(leaf.input[0], role="channels"),)
        address, output = leaf.address, leaf.output
        return [ProgramCall(self.torch_name, channels, address, output, pointwise=True)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.PReLU."""
        axes = (Argument((1, 2), "shared_axes"),) if len(leaf.input) == 3 else ()
        return [ProgramCall(self.keras_name, axes, leaf.address, channels_last(leaf.output))]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of PReLU."""
        from torch import nn

        from striate.architecture.aspects.worked_sum import function_of_one

        def slope(layer: Any, x: float, unit: int) -> float:
            slopes = layer.weight.detach().double()
            return x if x > 0 else x * float(slopes[unit if len(slopes) > 1 else 0])

        return {nn.PReLU: function_of_one(cls.word, slope)}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return PReLU where it has a slope a channel."""
        from torch import nn

        def read(shape: Shape, module: Any) -> Prelu:
            if module.num_parameters != shape[0]:
                raise Refused(
                    f"it has {module.num_parameters} slope for {shape[0]} channels; prelu has one "
                    "a channel"
                )
            return cls()

        return TorchRules({nn.PReLU: read})
