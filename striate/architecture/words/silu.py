"""Activations that bend where relu breaks: silu, hardswish and gelu, and the gate hardsigmoid."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from striate.architecture.aspects.activation import Activation
from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape
from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.aspects.word import BackwardNeeds, Leaf, TorchRules

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, Result, Visit
    from striate.architecture.aspects.worked_sum import WorkedSum


class Bent(Activation):
    """What these share: one torch module and one function, of which the input is kept."""

    @classmethod
    @abstractmethod
    def module_class(cls) -> type[nn.Module]:
        """Return the class of torch."""

    @classmethod
    @abstractmethod
    def of_one(cls, x: float) -> float:
        """Return what becomes of one number."""

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input."""
        return BackwardNeeds("input")

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return the module of torch."""
        return self.module_class()()

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum: a function of one number."""
        from striate.architecture.aspects.worked_sum import function_of_one

        worked = function_of_one(cls.word, lambda layer, x, unit: cls.of_one(x))
        return {cls.module_class(): worked}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return the module and the function of torch."""
        from torch.nn import functional

        function: Callable[..., object] = getattr(functional, cls.torch_name.removeprefix("F."))
        read = cls.read_plain()
        return TorchRules({cls.module_class(): read}, {function: read})


class Rectifying(Bent):
    """One that is near 0 far below zero, so that weights before it start as before a relu."""

    @property
    def negative_slope(self) -> float:
        """0, which theirs nears."""
        return 0.0


@dataclass(frozen=True)
class Silu(Rectifying):
    """x * sigmoid(x), the swish of EfficientNet.

    Elfwing, Uchibe and Doya 2017, https://arxiv.org/abs/1702.03118; Ramachandran, Zoph and Le
    2017, https://arxiv.org/abs/1710.05941
    """

    word = "silu"
    aliases = ("swish",)
    torch_name, keras_name, keras_activation = "F.silu", "keras.activations.silu", "silu"

    @classmethod
    def module_class(cls) -> type[nn.Module]:
        """Return SiLU."""
        from torch import nn

        return nn.SiLU

    @classmethod
    def of_one(cls, x: float) -> float:
        """Return x / (1 + exp(-x))."""
        return x / (1 + math.exp(-x)) if x > -700 else 0.0

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a Sigmoid and a Mul."""
        gate = graph.node("Sigmoid", [x], f"{leaf.address}.sigmoid")
        return graph.node("Mul", [x, gate], leaf.address)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Multiply by the sigmoid s: by the product rule the slope is s + x * s * (1 - s).

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> y, back = Silu().numpy_pass(np.array([[-1000.0, 0.0, 1000.0]]), Visit())
        >>> y + 0.0, back(np.ones((1, 3)))["x"]
        (array([[   0.,    0., 1000.]]), array([[0. , 0.5, 1. ]]))
        """
        import numpy as np

        e = np.exp(-np.abs(x))  # from 0 to 1
        s = np.where(x >= 0, 1, e) / (1 + e)
        return x * s, lambda dy: {"x": dy * (s + x * s * (1 - s))}


@dataclass(frozen=True)
class HardSigmoid(Bent):
    """relu6(x + 3) / 6: a sigmoid of three straight lines.

    Howard et al. 2019, Searching for MobileNetV3, section 5.2, https://arxiv.org/abs/1905.02244.
    (Keras 2 and Theano call another one so: 0.2 x + 0.5, cut to 0..1.)
    """

    word = "hardsigmoid"
    never_negative = True
    torch_name = "F.hardsigmoid"
    keras_name, keras_activation = "keras.activations.hard_sigmoid", "hard_sigmoid"

    @classmethod
    def module_class(cls) -> type[nn.Module]:
        """Return Hardsigmoid."""
        from torch import nn

        return nn.Hardsigmoid

    @classmethod
    def of_one(cls, x: float) -> float:
        """Return (x + 3) / 6, cut to 0..1."""
        return min(max(x + 3, 0.0), 6.0) / 6

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a HardSigmoid, whose own slope is another one."""
        return graph.node("HardSigmoid", [x], leaf.address, {"alpha": 1 / 6, "beta": 0.5})

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Cut (x + 3) / 6 off below 0 and above 1: the slope is 1/6 in between, else 0.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> HardSigmoid().numpy_pass(np.array([[-4.0, 0.0, 1.5, 4.0]]), Visit())[0]
        array([[0.  , 0.5 , 0.75, 1.  ]])
        """
        y, inside = _hard_sigmoid(x)
        return y, lambda dy: {"x": dy * inside / 6}


@dataclass(frozen=True)
class HardSwish(Rectifying):
    """x * relu6(x + 3) / 6: silu with a sigmoid of straight lines.

    Howard et al. 2019, Searching for MobileNetV3, section 5.2, https://arxiv.org/abs/1905.02244
    """

    word = "hardswish"
    aliases = ("hswish", "hardsilu")
    onnx_name, torch_name = "HardSwish", "F.hardswish"
    keras_name, keras_activation = "keras.ops.hard_silu", "hard_silu"

    @classmethod
    def module_class(cls) -> type[nn.Module]:
        """Return Hardswish."""
        from torch import nn

        return nn.Hardswish

    @classmethod
    def of_one(cls, x: float) -> float:
        """Return x * hardsigmoid(x)."""
        return x * HardSigmoid.of_one(x)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Multiply by the hard sigmoid h; the slope is h + x * h', h' being 1/6 in between, else 0.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> HardSwish().numpy_pass(np.array([[-4.0, -1.5, 3.0, 4.0]]), Visit())[0] + 0.0
        array([[ 0.   , -0.375,  3.   ,  4.   ]])
        """
        gate, inside = _hard_sigmoid(x)
        return x * gate, lambda dy: {"x": dy * (gate + x * inside / 6)}


@dataclass(frozen=True)
class Gelu(Rectifying):
    """x times the share of the normal distribution below x.

    Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415; exact, not its tanh approximation.
    """

    word = "gelu"
    torch_name, keras_name, keras_activation = "F.gelu", "keras.activations.gelu", "gelu"

    @classmethod
    def module_class(cls) -> type[nn.Module]:
        """Return GELU."""
        from torch import nn

        return nn.GELU

    @classmethod
    def of_one(cls, x: float) -> float:
        """Return x * (1 + erf(x / sqrt 2)) / 2."""
        return x * (1 + math.erf(x / math.sqrt(2))) / 2

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add an Erf and what is around it; Gelu itself is of a later set of operators."""
        import numpy as np

        at = leaf.address
        root = graph.constant(f"{at}.root", np.float32(math.sqrt(2)))
        one = graph.constant(f"{at}.one", np.float32(1))
        half = graph.constant(f"{at}.half", np.float32(0.5))
        erf = graph.node("Erf", [graph.node("Div", [x, root], f"{at}.scaled")], f"{at}.erf")
        halved = graph.node("Mul", [x, half], f"{at}.halved")
        return graph.node("Mul", [halved, graph.node("Add", [erf, one], f"{at}.sum")], at)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Multiply by the share p below x, which grows by the density of the normal distribution.

        The slope is p + x * exp(-x^2 / 2) / sqrt(2 pi).

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> y, back = Gelu().numpy_pass(np.array([[-100.0, 0.0, 100.0]]), Visit())
        >>> y + 0.0, back(np.ones((1, 3)))["x"]
        (array([[  0.,   0., 100.]]), array([[0. , 0.5, 1. ]]))
        """
        import numpy as np
        from scipy.special import ndtr

        share = np.asarray(ndtr(x))
        density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
        return x * share, lambda dy: {"x": dy * (share + x * density)}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return GELU and its function, if they are exact."""
        from torch import nn
        from torch.nn import functional

        def read(shape: Shape, approximate: str = "none") -> Gelu:
            if approximate != "none":
                raise Refused(f"approximate='{approximate}' has no word; gelu is exact")
            return cls()

        def module_of(shape: Shape, module: Any) -> Gelu:
            return read(shape, module.approximate)

        return TorchRules({nn.GELU: module_of}, {functional.gelu: read})


def _hard_sigmoid(x: Array) -> tuple[Array, np.ndarray]:
    """Return it, and where it is not cut off."""
    import numpy as np

    return np.clip(x + 3, 0, 6) / 6, (x > -3) & (x < 3)
