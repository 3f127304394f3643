"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape, text_of
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last
from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.aspects.word import (
    BackwardNeeds,
    Kind,
    Layer,
    Leaf,
    OnTensors,
    TorchRules,
)
from striate.errors import NotationError, SettingError

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum

MOMENTUM: Final = 0.1  # share of the new batch in the running statistics, as in torch


@dataclass(frozen=True)
class Bn(Layer):
    """Batch normalisation with a learnt scale and shift a channel: ``bn eps=1e-5``.

    Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167. The running mean and variance
    are measured, not learnt, and do not count as parameters.
    """

    word = "bn"
    arguments = {"eps": Kind.DECIMAL}
    named = ("eps",)
    example = "bn eps=1e-5"
    aliases = ("batchnorm", "batchnormalization", "norm")
    starts = {"weight": 1.0, "running_var": 1.0}
    uses_batch_statistics = True
    pointwise = True

    eps: float = 1e-5

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """Refuse an eps of 0, which would divide by zero where all values are alike."""
        if isinstance(value, (int, float)) and value <= 0:
            raise NotationError(f"bn got eps={text_of(value)}, but it must be above 0")

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of scale, shift, running mean and variance, each (channels,)."""
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (shape[0],))

    def parameters(self, shape: Shape) -> int:
        """Return a scale and a shift a channel."""
        return 2 * shape[0]

    def parameters_formula(self, shape: Shape) -> str:
        """Return 2 * channels."""
        return f"2*{shape[0]}"

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input, and the mean and deviation of each channel."""
        return BackwardNeeds("input", statistics=2 * leaf.input[0])

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return BatchNorm2d, or behind flatten BatchNorm1d."""
        from torch import nn

        kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
        return kind(shape[0], eps=self.eps)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a BatchNormalization."""
        weights = [graph.weight(f"{leaf.address}.{name}") for name in self.tensors(leaf.input)]
        own = {"epsilon": self.eps}
        return graph.node("BatchNormalization", [x, *weights], leaf.address, own)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Normalise each channel, then scale and shift it.

        In training by the mean and variance of the batch, which also move the running ones;
        else by the running ones: y = weight * (x - mean) / sqrt(variance + eps) + bias. These
        do not depend on x, so y is then a straight line in x.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> own = {"weight": np.full(1, 2.0), "bias": np.ones(1)}
        >>> own |= {"running_mean": np.ones(1), "running_var": np.full(1, 9.0)}
        >>> Bn(eps=1e-12).numpy_pass(np.array([[7.0]]), Visit(own))[0]
        array([[5.]])
        """
        import numpy as np

        from striate.architecture.aspects.numpy_pass import all_but_channels, by_channel

        own = visit.own
        if visit.training:
            if x.size == x.shape[1]:
                raise SettingError(
                    f"{visit.address} got a single number a channel, of shape {x.shape}, in "
                    "training; expected at least two, as one has no variance; give more images"
                )
            new = running_statistics(x, own["running_mean"], own["running_var"])
            visit.measured |= {"running_mean": new[0], "running_var": new[1]}
            return batch_normalize(x, own["weight"], own["bias"], eps=self.eps)
        over = all_but_channels(x)
        root = np.sqrt(by_channel(own["running_var"], x) + self.eps)
        z = (x - by_channel(own["running_mean"], x)) / root
        scale = by_channel(own["weight"], x)

        def back(dy: Array) -> ByName:
            return {
                "x": dy * scale / root,
                "weight": (dy * z).sum(axis=over),
                "bias": dy.sum(axis=over),
            }

        return scale * z + by_channel(own["bias"], x), back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return nn.BatchNorm2d, or behind flatten nn.BatchNorm1d."""
        head = "nn.BatchNorm2d" if len(leaf.input) == 3 else "nn.BatchNorm1d"
        channels = Argument(leaf.input[0], role="channels")
        arguments = (channels, Argument(self.eps, "eps", 1e-5, "eps"))
        return [ProgramCall(head, arguments, leaf.address, leaf.output, pointwise=True)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.BatchNormalization, whose momentum counts from the other side."""
        eps = Argument(self.eps, "epsilon", 1e-3, "eps")
        arguments = (Argument(1 - MOMENTUM, "momentum"), eps)
        output = channels_last(leaf.output)
        return [ProgramCall("layers.BatchNormalization", arguments, leaf.address, output)]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of BatchNorm1d and BatchNorm2d."""
        from torch import nn

        return {nn.BatchNorm1d: _worked_sum, nn.BatchNorm2d: _worked_sum}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return BatchNorm2d and BatchNorm1d, and F.batch_norm with the tensors of one layer."""
        from torch import nn
        from torch.nn import functional

        def read(shape: Shape, module: Any) -> Bn:
            if not module.affine or not module.track_running_stats:
                what = "affine" if not module.affine else "track_running_stats"
                raise Refused(
                    f"{what}=False has no word; bn has a scale, a shift and running statistics"
                )
            return cls(eps=module.eps)

        told = "its statistics, scale and shift"

        def batch_norm(
            shape: Shape, training: bool = False, eps: float = 1e-5, **others: object
        ) -> Bn:
            if training:
                raise Refused(f"batch_norm has a word where one layer has {told}")
            return cls(eps=eps)

        tensors = ("running_mean", "running_var", "weight", "bias")
        return TorchRules(
            modules={nn.BatchNorm2d: read, nn.BatchNorm1d: read},
            on_tensors={functional.batch_norm: OnTensors(tensors, told, batch_norm)},
        )


def batch_normalize(x: Array, weight: Array, bias: Array, *, eps: float) -> Result:
    """Give every channel mean 0 and variance 1 over the batch, then a learnt scale and shift.

        mean = sum of x / n        variance = sum of (x - mean)^2 / n
        z = (x - mean) / root      root = sqrt(variance + eps)
        y = weight * z + bias

    where n counts all images, rows and columns of the channel. dbias is the sum of dy, dweight
    that of dy * z, and dz = dy * weight. An x changes the loss in three ways; dx is their sum:

        directly, z grows by 1 / root                               dz / root
        through the mean, which lowers every z                    - (sum of dz / n) / root
        through the variance, by 2 (x - mean) / n of it           - z * (sum of dz * z / n) / root

    In words: what dz has in common over the batch, and what in it follows z, would only move the
    mean and the variance, which are put right anyway. Ioffe and Szegedy 2015, section 3,
    https://arxiv.org/abs/1502.03167

    Args:
        x: (batch, channel, row, column), or (batch, feature).
        weight: the scale, (channel,).
        bias: the shift, (channel,).
        eps: keeps the root from 0.

    >>> import numpy as np
    >>> x = np.array([[1.0], [2.0], [3.0]])
    >>> y, back = batch_normalize(x, np.ones(1), np.zeros(1), eps=1e-12)
    >>> y[:, 0].round(3), back(np.array([[0.0], [1.0], [0.0]]))["x"][:, 0].round(3)
    (array([-1.225,  0.   ,  1.225]), array([-0.408,  0.816, -0.408]))
    """
    import numpy as np

    from striate.architecture.aspects.numpy_pass import all_but_channels, by_channel

    over = all_but_channels(x)
    mean = x.mean(axis=over, keepdims=True)  # (1, channel, 1, 1)
    root = np.sqrt(((x - mean) ** 2).mean(axis=over, keepdims=True) + eps)
    z = (x - mean) / root
    scale = by_channel(weight, x)

    def back(dy: Array) -> ByName:
        dz = dy * scale
        in_common = dz.mean(axis=over, keepdims=True)
        following = z * (dz * z).mean(axis=over, keepdims=True)
        return {
            "x": (dz - in_common - following) / root,
            "weight": (dy * z).sum(axis=over),
            "bias": dy.sum(axis=over),
        }

    return scale * z + by_channel(bias, x), back


def running_statistics(x: Array, mean: Array, variance: Array) -> tuple[Array, Array]:
    """Move the running mean and variance a tenth of the way to those of this batch.

    Numbers lie nearer to their own mean than to the true one, so sum of squares / n comes out
    too small, by (n - 1) / n on average; the variance that is kept divides by n - 1 instead.

    Args:
        x: (batch, channel, row, column), or (batch, feature).
        mean: running mean so far, (channel,).
        variance: running variance so far, (channel,).

    >>> import numpy as np
    >>> running_statistics(np.array([[1.0], [3.0]]), np.zeros(1), np.ones(1))
    (array([0.2]), array([1.1]))
    """
    from striate.architecture.aspects.numpy_pass import all_but_channels

    over = all_but_channels(x)
    return (
        (1 - MOMENTUM) * mean + MOMENTUM * x.mean(axis=over),
        (1 - MOMENTUM) * variance + MOMENTUM * x.var(axis=over, ddof=1),
    )


def _worked_sum(call: AtWork, place: Place) -> Terms:
    import math

    from striate.architecture.aspects.worked_sum import (
        number_at,
        parameter_to_float64,
        single_term,
    )

    unit, row, column = place
    layer: Any = call.module
    mean, variance = (
        parameter_to_float64(layer.running_mean),
        parameter_to_float64(layer.running_var),
    )
    if mean is None or variance is None:
        raise SettingError(f"'{call.name}' keeps no statistics, so it has none to show")
    gamma, beta = parameter_to_float64(layer.weight), parameter_to_float64(layer.bias)
    spread = math.sqrt(variance[unit] + layer.eps)
    scale = (1.0 if gamma is None else float(gamma[unit])) / spread
    shift = 0.0 if beta is None else float(beta[unit])
    value = number_at(call.inputs[0], (unit, row, column))
    facts = {
        "mean": float(mean[unit]),
        "variance": float(variance[unit]),
        "eps": float(layer.eps),
        "scale": scale * spread,
        "shift": shift,
    }
    result = (value - facts["mean"]) * scale + shift
    bias = shift - facts["mean"] * scale
    found = single_term((unit, row, column), value, scale, result=result, facts=facts)
    return replace(found, bias=bias)
