"""Local response normalisation: numbers damped by their neighbours in other channels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from striate.architecture.aspects.onnx_graph import Attribute, OnnxGraph
from striate.architecture.aspects.output_size import Shape, text_of
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last
from striate.architecture.aspects.word import BackwardNeeds, Kind, Layer, Leaf, TorchRules, maps
from striate.errors import NotationError

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum

LOCAL_RESPONSE_NORM = '''
def local_response_norm(x, size: int, alpha=0.0001, beta=0.75, k=1.0):
    """Divide by what the neighbouring channels hold; alpha has torch's meaning."""
    channels = x.shape[-1]
    around = ((0, 0), (0, 0), (0, 0), (size // 2, (size - 1) // 2))
    squares = ops.pad(ops.square(x), around)
    total = sum(squares[..., i : i + channels] for i in range(size))
    return x / (k + alpha / size * total) ** beta
'''


@dataclass(frozen=True)
class Lrn(Layer):
    """Local response normalisation over neighbouring channels: ``lrn 5 alpha=0.0001``.

    x / (k + alpha/size * sum of x^2 over ``size`` channels)^beta, torch's meaning:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
    From section 3.3 of Krizhevsky et al. 2012, whose alpha is torch's alpha/size.
    """

    word = "lrn"
    arguments = {
        "size": Kind.WHOLE,
        "alpha": Kind.DECIMAL,
        "beta": Kind.DECIMAL,
        "k": Kind.DECIMAL,
    }
    bare = ("size", "alpha", "beta", "k")
    named = ("alpha", "beta", "k")
    example = "lrn 5"
    aliases = ("localresponsenorm",)

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """Refuse a k of 0 or less, which would divide by nothing where the map is zero."""
        super().check(name, value)
        if isinstance(value, (int, float)) and (value < 0 or (name == "k" and value == 0)):
            raise NotationError(
                f"lrn got {name}={text_of(value)}; expected k above 0, the others at least 0"
            )

    def output(self, shape: Shape) -> Shape:
        """Return the same shape, which must be that of maps."""
        return maps(self, shape)

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input, the squares padded by size - 1 channels, and two more maps."""
        channels, places = leaf.input[0], math.prod(leaf.input[1:])
        values = (channels + self.size - 1) * places + 2 * channels * places
        return BackwardNeeds("input", values=values)

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return LocalResponseNorm."""
        from torch import nn

        return nn.LocalResponseNorm(self.size, self.alpha, self.beta, self.k)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add an LRN, or where its size is even what computes the same.

        A window of even size reaches one channel further down than up in torch, and one further
        up than down in ONNX; so the sum over channels is then a 1x1 convolution with ones in a
        band.
        """
        import numpy as np

        at = leaf.address
        if self.size % 2:
            own: dict[str, Attribute] = {"size": self.size, "alpha": self.alpha}
            return graph.node("LRN", [x], at, own | {"beta": self.beta, "bias": self.k})
        channels = leaf.input[0]
        here, other = np.ogrid[:channels, :channels]
        band = (other >= here - self.size // 2) & (other <= here + (self.size - 1) // 2)
        share = (band * (self.alpha / self.size)).astype(np.float32)[:, :, None, None]
        squares = graph.node("Mul", [x, x], f"{at}.squares")
        weight = graph.constant(f"{at}.band", share)
        bias = graph.constant(f"{at}.k", np.full(channels, self.k, np.float32))
        summed = graph.node("Conv", [squares, weight, bias], f"{at}.sum", {"kernel_shape": (1, 1)})
        beta = graph.constant(f"{at}.beta", np.float32(self.beta))
        return graph.node("Div", [x, graph.node("Pow", [summed, beta], f"{at}.power")], at)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Damp a number where its neighbours in the channels next to it are large.

            s[c] = k + alpha / size * sum over the neighbours j of c of x[j]^2
            y[c] = x[c] * s[c]^-beta

        x[j] changes y[j] directly, and every y[c] of which it is a neighbour through s[c]:

            dx[j] = dy[j] * s[j]^-beta
                    - 2 * alpha / size * beta * x[j] * sum over c of dy[c] * x[c] * s[c]^(-beta - 1)

        Krizhevsky, Sutskever and Hinton 2012, section 3.3, whose alpha is this alpha / size,
        https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> x = np.full((1, 2, 1, 1), 2.0)
        >>> Lrn(3, alpha=3.0, beta=0.5, k=1.0).numpy_pass(x, Visit())[0].flatten().round(6)
        array([0.666667, 0.666667])
        """
        import numpy as np

        size, alpha, beta = self.size, self.alpha, self.beta
        channels = np.arange(x.shape[1])
        offsets = channels - channels[:, None]  # of channel j from channel c, (c, j)
        near = ((offsets >= -(size // 2)) & (offsets <= (size - 1) // 2)).astype(float)
        s = self.k + alpha / size * np.einsum("cj,bjxy->bcxy", near, x**2)

        def back(dy: Array) -> ByName:
            through_s = np.einsum("cj,bcxy->bjxy", near, dy * x * s ** (-beta - 1))
            return {"x": dy * s**-beta - 2 * alpha / size * beta * x * through_s}

        return x * s**-beta, back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return F.local_response_norm."""
        head = "F.local_response_norm"
        return [ProgramCall(head, self._values, output=leaf.output, pointwise=True)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return a function of its own, as Keras has none."""
        head, output = "local_response_norm", channels_last(leaf.output)
        return [ProgramCall(head, self._values, output=output, definition=LOCAL_RESPONSE_NORM)]

    @property
    def _values(self) -> tuple[Argument, ...]:
        return (
            Argument(self.size, role="size"),
            Argument(self.alpha, "alpha", 1e-4, "alpha"),
            Argument(self.beta, "beta", 0.75, "beta"),
            Argument(self.k, "k", 1.0, "k"),
        )

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of LocalResponseNorm."""
        from torch import nn

        return {nn.LocalResponseNorm: _worked_sum}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return LocalResponseNorm and its function."""
        from torch import nn
        from torch.nn import functional

        def read(
            shape: Shape, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
        ) -> Lrn:
            return cls(size, float(alpha), float(beta), float(k))

        def module_of(shape: Shape, module: Any) -> Lrn:
            return read(shape, module.size, module.alpha, module.beta, module.k)

        functions = {functional.local_response_norm: read}
        return TorchRules({nn.LocalResponseNorm: module_of}, functions)


def _worked_sum(call: AtWork, place: Place) -> Terms:
    from striate.architecture.aspects.worked_sum import single_term, to_float64

    unit, row, column = place
    layer: Any = call.module
    values = to_float64(call.inputs[0][:, :, row, column])
    first = max(0, unit - layer.size // 2)
    near = values[first : unit + (layer.size - 1) // 2 + 1]
    squares = math.fsum(near**2)
    below = (layer.k + layer.alpha * squares / layer.size) ** layer.beta
    value = float(values[unit])
    facts = {"squares of the channels beside it": squares, "divisor": below}
    return single_term(
        (unit, row, column), value, 1 / below, function="lrn", result=value / below, facts=facts
    )
