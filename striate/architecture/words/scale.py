"""Channel by channel: a learnt factor, and a part of the channels alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape, text_of
from striate.architecture.aspects.program_call import (
    Argument,
    ProgramCall,
    channels_last,
)
from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.aspects.word import BackwardNeeds, Kind, Layer, Leaf, TorchRules
from striate.errors import NotationError

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit
    from striate.architecture.aspects.word import Words
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum

CHANNEL_SCALE: Final = '''
class ChannelScale(nn.Module):
    """A learnt factor a channel, and perhaps a bias."""

    def __init__(self, channels: int, start: float, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), start))
        self.bias = nn.Parameter(torch.zeros(channels)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sides = (-1, *[1] * (x.ndim - 2))
        scaled = x * self.weight.view(sides)
        return scaled if self.bias is None else scaled + self.bias.view(sides)
'''
PART_OF_CHANNELS: Final = '''
def part_of_channels(x, first: int, end: int):
    """Take the channels from the first to the end, which is not included."""
    return x[..., first:end]
'''


@dataclass(frozen=True)
class Scale(Layer):
    """A learnt factor a channel, the layer scale of ConvNeXt: ``scale 1e-6``.

    With a bias it is what LeNet-5 does behind each sum of its pools: ``scale 0.25 bias=yes``.

    Touvron et al. 2021, Going deeper with image transformers, https://arxiv.org/abs/2103.17239

    Attributes:
        start: what every factor is before training.
        bias: whether a number a channel is added, 0 before training.
    """

    word = "scale"
    arguments = {"start": Kind.DECIMAL, "bias": Kind.SWITCH}
    bare = ("start",)
    named = ("bias",)
    example = "scale 1e-6"
    aliases = ("layerscale", "gamma")
    pointwise = True

    start: float = 1.0
    bias: bool = False

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Return the shape of the factors and of the biases, (channels,) each."""
        return dict.fromkeys(("weight", "bias")[: 2 if self.bias else 1], (shape[0],))

    def parameters(self, shape: Shape) -> int:
        """Return one a channel, with a bias two."""
        return shape[0] * (2 if self.bias else 1)

    def parameters_formula(self, shape: Shape) -> str:
        """Return 1 * channels + biases."""
        return f"1*{shape[0]}" + (f" + {shape[0]}" if self.bias else "")

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input."""
        return BackwardNeeds("input")

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return ChannelScale, and a product with a parameter of as many channels."""
        from striate.architecture.aspects.torch_modules import ChannelScale

        return ChannelScale(shape[0], self.start, bias=self.bias)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a Mul, and an Add where there is a bias."""
        import numpy as np

        at = leaf.address
        sides = np.array([-1, *[1] * (len(leaf.input) - 1)], np.int64)
        shape = graph.constant(f"{at}.shape", sides)
        factors = graph.node("Reshape", [graph.weight(f"{at}.weight"), shape], f"{at}.factors")
        if not self.bias:
            return graph.node("Mul", [x, factors], at)
        biases = graph.node("Reshape", [graph.weight(f"{at}.bias"), shape], f"{at}.biases")
        return graph.node("Add", [graph.node("Mul", [x, factors], f"{at}.scaled"), biases], at)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Multiply each channel; each factor gets the other one, summed over where it was used.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> own = {"weight": np.array([5.0, 7.0])}
        >>> y, back = Scale().numpy_pass(np.array([[2.0, 3.0]]), Visit(own))
        >>> y, back(np.ones((1, 2)))["weight"]
        (array([[10., 21.]]), array([2., 3.]))
        """
        from striate.architecture.aspects.numpy_pass import all_but_channels, by_channel

        factors, over = by_channel(visit.own["weight"], x), all_but_channels(x)

        def back(dy: Array) -> ByName:
            added = {"bias": dy.sum(axis=over)} if self.bias else {}
            return {"x": dy * factors, "weight": (dy * x).sum(axis=over), **added}

        y = x * factors
        return (y + by_channel(visit.own["bias"], x) if self.bias else y), back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return a module of the program's own."""
        arguments = (
            Argument(leaf.input[0], role="channels"),
            Argument(self.start, role="start"),
            Argument(self.bias, "bias", False),
        )
        own = CHANNEL_SCALE
        call = ProgramCall(
            "ChannelScale", arguments, leaf.address, leaf.output, pointwise=True, definition=own
        )
        return [call]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return a 1x1 DepthwiseConv2D, or of features an EinsumDense."""
        output = channels_last(leaf.output)
        arguments: tuple[Argument, ...]
        if len(leaf.input) == 3:
            head, arguments = (
                "layers.DepthwiseConv2D",
                (
                    Argument(1, role="kernel_size"),
                    Argument(self.bias, "use_bias", True),
                    Argument("ones", "depthwise_initializer"),
                ),
            )
        else:
            head, arguments = (
                "layers.EinsumDense",
                (
                    Argument("bc,c->bc"),
                    Argument(leaf.input[0], "output_shape", role="channels"),
                    Argument("c" if self.bias else "", "bias_axes", ""),
                    Argument("ones", "kernel_initializer"),
                ),
            )
        return [ProgramCall(head, arguments, leaf.address, output)]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of ChannelScale."""
        from striate.architecture.aspects.torch_modules import ChannelScale

        return {ChannelScale: _scaled}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return ChannelScale, and a product with a parameter of as many channels."""
        import operator

        import torch

        from striate.architecture.aspects.torch_modules import ChannelScale

        def read(shape: Shape, module: Any) -> Scale:
            return cls(module.start, bias=module.bias is not None)

        def by_parameter(shape: Shape, sizes: Shape) -> Scale:
            behind = (1,) * (len(shape) - 1)
            if sizes[-len(shape) :] != (shape[0], *behind) or math.prod(sizes) != shape[0]:
                raise Refused(
                    f"a product with a tensor of the module's own of {text_of(sizes)} has no word; "
                    f"scale has a factor for each of the {shape[0]} channels"
                )
            return cls()

        targets = (operator.mul, operator.imul, torch.mul, "mul", "mul_")
        return TorchRules({ChannelScale: read}, on_parameter=dict.fromkeys(targets, by_parameter))


@dataclass(frozen=True)
class Slice(Layer):
    """Some of the channels: ``slice 0 32`` takes the first 32.

    Attributes:
        first: the first channel, from 0.
        end: the one behind the last.

    >>> Slice(0, 32).output((64, 8, 8))
    (32, 8, 8)
    """

    word = "slice"
    arguments = {"first": Kind.WHOLE, "end": Kind.WHOLE}
    bare = ("first", "end")
    example = "slice 0 32"
    aliases = ("split", "chunk", "narrow")

    first: int
    end: int

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """Refuse channels below 0."""
        if isinstance(value, int) and value < 0:
            raise NotationError(f"slice got {name}={value}, but it must be at least 0")

    def output(self, shape: Shape) -> Shape:
        """Return as many channels as are taken."""
        if not self.first < self.end <= shape[0]:
            raise NotationError(
                f"slice {self.first} {self.end} does not fit {shape[0]} channels; expected the "
                f"first channel, from 0, and the one behind the last, at most {shape[0]}"
            )
        return (self.end - self.first, *shape[1:])

    def hands_on(self, *, training: bool) -> bool:
        """Return True: it is a view."""
        return True

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return ChannelSlice."""
        from striate.architecture.aspects.torch_modules import ChannelSlice

        return ChannelSlice(self.first, self.end)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a Slice."""
        import numpy as np

        at = leaf.address
        sides = {"first": self.first, "end": self.end, "axis": 1}
        given = [graph.constant(f"{at}.{k}", np.array([v], np.int64)) for k, v in sides.items()]
        return graph.node("Slice", [x, *given], at)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Take channels; those that are not taken get no gradient.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> y, back = Slice(1, 3).numpy_pass(np.array([[1.0, 2.0, 3.0]]), Visit())
        >>> y, back(np.ones((1, 2)))["x"]
        (array([[2., 3.]]), array([[0., 1., 1.]]))
        """
        import numpy as np

        def back(dy: Array) -> ByName:
            dx = np.zeros_like(x)
            dx[:, self.first : self.end] = dy
            return {"x": dx}

        return x[:, self.first : self.end], back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return torch.narrow."""
        arguments = (
            Argument(1),
            Argument(self.first, role="first"),
            Argument(self.end - self.first, role="channels"),
        )
        return [ProgramCall("torch.narrow", arguments, output=leaf.output)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return a function of the program's own."""
        arguments = (Argument(self.first, role="first"), Argument(self.end, role="channels"))
        output, own = channels_last(leaf.output), PART_OF_CHANNELS
        return [ProgramCall("part_of_channels", arguments, output=output, definition=own)]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of ChannelSlice."""
        from striate.architecture.aspects.torch_modules import ChannelSlice

        return {ChannelSlice: _taken}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return ChannelSlice, torch.narrow, x[:, a:b], split and chunk."""
        import operator

        import torch

        from striate.architecture.aspects.torch_modules import ChannelSlice

        def read(shape: Shape, module: Any) -> Slice:
            return cls(module.first, module.end)

        def narrow(shape: Shape, dim: int, start: int, length: int) -> Slice:
            if dim != 1:
                raise Refused(f"a part of axis {dim} has no word; slice takes channels")
            return cls(start, start + length)

        def index(shape: Shape, places: Any) -> Words:
            parts = places if isinstance(places, tuple) else (places,)
            channels = parts[1] if len(parts) > 1 else slice(None)
            others = [part for number, part in enumerate(parts) if number != 1]
            whole = all(part in (slice(None), Ellipsis) for part in others)
            steps = isinstance(channels, slice) and channels.step in (None, 1)
            if not whole or not steps or Ellipsis in parts[:1]:
                raise Refused("there is no word for getitem but of channels: x[:, 0:8]")
            first, end, _ = channels.indices(shape[0])
            return () if (first, end) == (0, shape[0]) else cls(first, end)

        def split(shape: Shape, sizes: Any, dim: int = 0) -> list[Words]:
            if dim % (len(shape) + 1) != 1:
                raise Refused(f"a split of axis {dim} has no word; slice takes channels, dim=1")
            if isinstance(sizes, int):
                sizes = [min(sizes, shape[0] - at) for at in range(0, shape[0], sizes)]
            ends = list(itertools.accumulate(sizes))
            return [cls(end - size, end) for size, end in zip(sizes, ends, strict=True)]

        def chunk(shape: Shape, chunks: int, dim: int = 0) -> list[Words]:
            return split(shape, -(-shape[0] // chunks), dim)

        return TorchRules(
            {ChannelSlice: read},
            {torch.narrow: narrow, operator.getitem: index},
            {"narrow": narrow},
            several={torch.split: split, torch.chunk: chunk, "split": split, "chunk": chunk},
        )


def _scaled(call: AtWork, place: Place) -> Terms:
    from striate.architecture.aspects.worked_sum import number_at, single_term

    layer: Any = call.module
    value = number_at(call.inputs[0], place)
    factor = float(layer.weight[place[0]].detach())
    bias = 0.0 if layer.bias is None else float(layer.bias[place[0]].detach())
    terms = single_term(place, value, factor, result=value * factor + bias)
    return replace(terms, bias=bias)


def _taken(call: AtWork, place: Place) -> Terms:
    from striate.architecture.aspects.worked_sum import number_at, single_term

    layer: Any = call.module
    at = (place[0] + layer.first, place[1], place[2])
    value = number_at(call.inputs[0], at)
    return single_term(at, value, result=value)
