"""Activations that saturate on both sides: sigmoid and tanh."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from striate.architecture.aspects.activation import Activation
from striate.architecture.aspects.output_size import Shape
from striate.architecture.aspects.word import BackwardNeeds, Leaf, TorchRules

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, Result, Visit
    from striate.architecture.aspects.worked_sum import WorkedSum


@dataclass(frozen=True)
class Sigmoid(Activation):
    """1 / (1 + exp(-x)).

    Its slope is 1/4 at most, so a gradient that passes through ten of them shrinks a million
    times: it vanishes. Hochreiter 1998, https://doi.org/10.1142/S0218488598000094
    """

    word = "sigmoid"
    never_negative = True
    onnx_name, torch_name = "Sigmoid", "torch.sigmoid"
    keras_name, keras_activation = "keras.activations.sigmoid", "sigmoid"

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its output."""
        return BackwardNeeds("output")

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Squash into 0..1; the slope is e^-x / (1 + e^-x)^2 = y * (1 - y).

        For x < 0 the fraction is written e^x / (1 + e^x), as e^-x could be too large for a number.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> y, back = Sigmoid().numpy_pass(np.array([[-1000.0, 0.0, 1000.0]]), Visit())
        >>> y, back(np.ones((1, 3)))["x"]
        (array([[0. , 0.5, 1. ]]), array([[0.  , 0.25, 0.  ]]))
        """
        import numpy as np

        e = np.exp(-np.abs(x))  # from 0 to 1
        y = np.where(x >= 0, 1, e) / (1 + e)
        return y, lambda dy: {"x": dy * y * (1 - y)}

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return Sigmoid."""
        from torch import nn

        return nn.Sigmoid()

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of Sigmoid."""
        from torch import nn

        from striate.architecture.aspects.worked_sum import function_of_one

        worked = function_of_one(cls.word, lambda layer, x, unit: 1 / (1 + math.exp(-x)))
        return {nn.Sigmoid: worked}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return Sigmoid, its functions and method."""
        import torch
        from torch import nn
        from torch.nn import functional

        read = cls.read_plain()
        functions = {functional.sigmoid: read, torch.sigmoid: read}
        return TorchRules({nn.Sigmoid: read}, functions, {"sigmoid": read})


@dataclass(frozen=True)
class Tanh(Activation):
    """The hyperbolic tangent.

    LeCun et al. 1998, Efficient backprop, section 4.4,
    http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf
    """

    word = "tanh"
    onnx_name, torch_name = "Tanh", "torch.tanh"
    keras_name, keras_activation = "keras.activations.tanh", "tanh"

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its output."""
        return BackwardNeeds("output")

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Squash into -1..1: y = sinh x / cosh x, with slope (cosh^2 - sinh^2) / cosh^2 = 1 - y^2.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> y, back = Tanh().numpy_pass(np.array([[0.0, 100.0]]), Visit())
        >>> y, back(np.ones((1, 2)))["x"]
        (array([[0., 1.]]), array([[1., 0.]]))
        """
        import numpy as np

        y = np.tanh(x)
        return y, lambda dy: {"x": dy * (1 - y**2)}

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return Tanh."""
        from torch import nn

        return nn.Tanh()

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of Tanh."""
        from torch import nn

        from striate.architecture.aspects.worked_sum import function_of_one

        worked = function_of_one(cls.word, lambda layer, x, unit: math.tanh(x))
        return {nn.Tanh: worked}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return Tanh, its functions and method."""
        import torch
        from torch import nn
        from torch.nn import functional

        read = cls.read_plain()
        functions = {functional.tanh: read, torch.tanh: read}
        return TorchRules({nn.Tanh: read}, functions, {"tanh": read})
