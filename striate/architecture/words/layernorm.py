"""Layer normalisation: each place by itself, over its channels."""

from __future__ import annotations

import math
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
from striate.errors import NotationError

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum

CHANNEL_NORM: Final = '''
class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each place."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        normed = super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return normed.contiguous() if x.is_contiguous() else normed
'''


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Layer normalisation over the channels of each place, as in ConvNeXt: ``layernorm eps=1e-6``.

    With a learnt scale and shift a channel. Ba, Kiros and Hinton 2016,
    https://arxiv.org/abs/1607.06450
    """

    word = "layernorm"
    arguments = {"eps": Kind.DECIMAL}
    named = ("eps",)
    example = "layernorm eps=1e-6"
    aliases = ("ln", "layernormalization")
    starts = {"weight": 1.0}
    pointwise = True

    eps: float = 1e-5

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """Refuse an eps of 0, which would divide by zero where all channels are alike."""
        if isinstance(value, (int, float)) and value <= 0:
            raise NotationError(f"layernorm got eps={text_of(value)}, but it must be above 0")

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of scale and shift, each (channels,)."""
        return dict.fromkeys(("weight", "bias"), (shape[0],))

    def parameters(self, shape: Shape) -> int:
        """Return a scale and a shift a channel."""
        return 2 * shape[0]

    def parameters_formula(self, shape: Shape) -> str:
        """Return 2 * channels."""
        return f"2*{shape[0]}"

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input, and the mean and deviation of each place."""
        return BackwardNeeds("input", values=2 * math.prod(leaf.input[1:]))

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return LayerNorm with the channels moved behind, or behind flatten as it is."""
        from torch import nn

        from striate.architecture.aspects.torch_modules import ChannelNorm

        return (ChannelNorm if len(shape) == 3 else nn.LayerNorm)(shape[0], eps=self.eps)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a LayerNormalization, on maps between two Transposes."""
        at, maps = leaf.address, len(leaf.input) == 3
        if maps:
            x = graph.node("Transpose", [x], f"{at}.last", {"perm": [0, 2, 3, 1]})
        weights = [graph.weight(f"{at}.{name}") for name in self.tensors(leaf.input)]
        own = {"axis": -1, "epsilon": self.eps}
        y = graph.node("LayerNormalization", [x, *weights], f"{at}.norm" if maps else at, own)
        return graph.node("Transpose", [y], at, {"perm": [0, 3, 1, 2]}) if maps else y

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Give the channels of each place mean 0 and variance 1, then a learnt scale and shift.

        It is batch normalisation with channels and all else exchanged, in training and evaluation
        alike; dx is found as there: what dz has in common over the channels, and what in it
        follows z, would only move the mean and the variance. `batch_normalize` tells it.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> own = {"weight": np.ones(2), "bias": np.zeros(2)}
        >>> LayerNorm(eps=1e-12).numpy_pass(np.array([[3.0, 7.0]]), Visit(own))[0].round(6)
        array([[-1.,  1.]])
        """
        import numpy as np

        from striate.architecture.aspects.numpy_pass import all_but_channels, by_channel

        mean = x.mean(axis=1, keepdims=True)  # (batch, 1, row, column)
        root = np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + self.eps)
        z = (x - mean) / root
        scale, over = by_channel(visit.own["weight"], x), all_but_channels(x)

        def back(dy: Array) -> ByName:
            dz = dy * scale
            in_common = dz.mean(axis=1, keepdims=True)
            following = z * (dz * z).mean(axis=1, keepdims=True)
            return {
                "x": (dz - in_common - following) / root,
                "weight": (dy * z).sum(axis=over),
                "bias": dy.sum(axis=over),
            }

        return scale * z + by_channel(visit.own["bias"], x), back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return nn.LayerNorm, on maps with the channels moved behind."""
        maps = len(leaf.input) == 3
        arguments = (
            Argument(leaf.input[0], role="channels"),
            Argument(self.eps, "eps", 1e-5, "eps"),
        )
        head, own = ("ChannelNorm", CHANNEL_NORM) if maps else ("nn.LayerNorm", "")
        call = ProgramCall(
            head, arguments, leaf.address, leaf.output, pointwise=True, definition=own
        )
        return [call]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.LayerNormalization, which is over the channels where they are last."""
        eps = (Argument(self.eps, "epsilon", 1e-3, "eps"),)
        output = channels_last(leaf.output)
        return [ProgramCall("layers.LayerNormalization", eps, leaf.address, output)]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of LayerNorm on maps and on features."""
        from torch import nn

        from striate.architecture.aspects.torch_modules import ChannelNorm

        return {nn.LayerNorm: _worked_sum, ChannelNorm: _worked_sum}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return LayerNorm over channels that stand last, ours, and F.layer_norm of one layer."""
        from torch import nn
        from torch.nn import functional

        from striate.architecture.aspects.torch_modules import ChannelNorm

        told = "its scale and shift"

        def layer_norm(shape: Shape, normalized_shape: Any, eps: float = 1e-5) -> LayerNorm:
            if tuple(normalized_shape) != (shape[0],):
                raise Refused(
                    f"layer normalisation over {tuple(normalized_shape)} has no word; layernorm is "
                    f"over the {shape[0]} channels of each place"
                )
            return cls(eps=eps)

        def read(shape: Shape, module: Any) -> LayerNorm:
            if module.weight is None or module.bias is None:
                raise Refused(f"layer normalisation without {told} has no word")
            return layer_norm(shape, module.normalized_shape, module.eps)

        def of_tensors(
            shape: Shape, normalized_shape: Any, weight: Shape, bias: Shape, eps: float = 1e-5
        ) -> LayerNorm:
            return layer_norm(shape, normalized_shape, eps)

        def features(shape: Shape, module: Any) -> LayerNorm:
            if len(shape) == 3:
                raise Refused(
                    "layer normalisation over columns has no word; layernorm is over channels"
                )
            return read(shape, module)

        return TorchRules(
            modules={ChannelNorm: read, nn.LayerNorm: features},
            last_modules={nn.LayerNorm: read},
            on_tensors={
                functional.layer_norm: OnTensors(("weight", "bias"), told, of_tensors, True)
            },
        )


def _worked_sum(call: AtWork, place: Place) -> Terms:
    import numpy as np

    from striate.architecture.aspects.worked_sum import (
        parameter_to_float64,
        single_term,
        to_float64,
        value_at,
    )

    unit, row, column = place
    layer: Any = call.module
    values = to_float64(call.inputs[0])
    channels = values if values.ndim == 1 else values[:, row, column]
    mean, variance = math.fsum(channels) / len(channels), float(np.var(channels))
    gamma, beta = parameter_to_float64(layer.weight), parameter_to_float64(layer.bias)
    gain = 1.0 if gamma is None else float(gamma[unit])
    shift = 0.0 if beta is None else float(beta[unit])
    scale = gain / math.sqrt(variance + layer.eps)
    facts = {"mean": mean, "variance": variance, "eps": layer.eps, "scale": gain, "shift": shift}
    value = value_at(values, place)
    result = (value - mean) * scale + shift
    found = single_term(place, value, scale, result=result, facts=facts)
    return replace(found, bias=shift - mean * scale)
