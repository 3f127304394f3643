"""Convolution: one small set of weights, used at every position of the map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from striate.architecture.aspects.connection_table import (
    KERAS_CLASS,
    TORCH_CLASS,
    ConnectionTable,
    spread_in,
)
from striate.architecture.aspects.onnx_graph import Attribute, OnnxGraph, all_axes
from striate.architecture.aspects.output_size import Pad, Pair, Shape, Window, pad_window
from striate.architecture.aspects.padding import keras_edge, keras_zeros, torch_padding
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last, pair
from striate.architecture.aspects.torch_reading import Refused, pad_of
from striate.architecture.aspects.undrawn import with_memory
from striate.architecture.aspects.word import (
    BackwardNeeds,
    Kind,
    Layer,
    Leaf,
    TorchRules,
    maps,
)
from striate.errors import NotationError

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.border_reading import Border
    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit
    from striate.architecture.aspects.worked_sum import WorkedSum

EVERY = '''
def every(x, rows: int, columns: int):
    """Take every n-th row and column: the strides of a dilated convolution."""
    return x[:, ::rows, ::columns]
'''


@dataclass(frozen=True)
class Conv(Layer):
    """Convolution (cross-correlation, as everywhere in the field): ``conv 3x3 64 stride=2``.

    With as many groups as channels arrive it is a depthwise convolution: Howard et al. 2017,
    https://arxiv.org/abs/1704.04861

    Attributes:
        channels: feature maps that come out.
        pad: "same" adds dilation*(k-1)/2 on each side; "end" what leaves n/stride, the odd one at
            the bottom and the right; (0, 0) is ``valid``.
        groups: parts that the channels are divided into, each convolved by itself.
        padmode: what stands in the padding: "zero", or the border repeated, "edge".
        table: which arriving channels each channel reads; None for all.

    >>> print(Conv(64, kernel=(5, 5), pad=(0, 0)).output((3, 32, 32)))
    (64, 28, 28)
    """

    word = "conv"
    arguments = {
        "kernel": Kind.SIZE,
        "channels": Kind.WHOLE,
        "stride": Kind.PAIR,
        "pad": Kind.PADDING,
        "dilation": Kind.PAIR,
        "groups": Kind.WHOLE,
        "bias": Kind.SWITCH,
        "padmode": Kind.BORDER,
        "table": Kind.TABLE,
    }
    bare = ("kernel", "channels")
    named = ("stride", "pad", "dilation", "groups", "bias", "padmode", "table")
    example = "conv 3x3 64"
    aliases = ("convolution",)

    channels: int
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    pad: Pad = "same"
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: bool = True
    padmode: Literal["zero", "edge"] = "zero"
    table: ConnectionTable | None = None

    def window_on(self, shape: Shape) -> Window:
        """Return the window, with its padding worked out."""
        _, rows, columns = maps(self, shape)
        size, dilation = (rows, columns), self.dilation
        return pad_window(self.kernel, self.stride, self.pad, size=size, dilation=dilation)

    @property
    def width(self) -> int:
        """The channels that leave."""
        return self.channels

    @property
    def channel_groups(self) -> int:
        """The groups."""
        return self.groups

    def output(self, shape: Shape) -> Shape:
        """Return (channels, rows, columns) of the feature maps."""
        arriving, rows, columns = maps(self, shape)
        for direction, count in (("arrive", arriving), ("leave", self.channels)):
            if count % self.groups:
                raise NotationError(
                    f"groups={self.groups} does not divide the {count} channels that {direction}; "
                    f"{math.gcd(arriving, self.channels)} or a divisor of it would"
                )
        if self.table is not None:
            if self.groups > 1:
                raise NotationError(f"conv got groups={self.groups} and a table; leave one out")
            self.table.check(arriving=arriving, leaving=self.channels)
        return (self.channels, *self.window_on(shape).positions(rows, columns))

    @property
    def channel_table(self) -> ConnectionTable | None:
        """The table."""
        return self.table

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of the weight, (leaving, arriving/groups, rows, columns), and bias.

        With a table the weight is (kernels that there are, rows, columns).
        """
        weight: Shape = (self.channels, shape[0] // self.groups, *self.kernel)
        if self.table is not None:
            weight = (self.table.links, *self.kernel)
        return {"weight": weight, "bias": (self.channels,)} if self.bias else {"weight": weight}

    def parameters(self, shape: Shape) -> int:
        """Return channels * arriving/groups * kernel rows * kernel columns, and the biases."""
        return sum(math.prod(sides) for sides in self.tensors(shape).values())

    def macs(self, shape: Shape) -> int:
        """Return one for every weight at every position."""
        return math.prod(self.tensors(shape)["weight"]) * math.prod(self.output(shape)[1:])

    def parameters_formula(self, shape: Shape) -> str:
        """Return kernel rows * columns * channels in * channels out + biases."""
        return self._kernel_formula(shape) + (f" + {self.channels}" if self.bias else "")

    def macs_formula(self, shape: Shape) -> str:
        """Return the weights * the positions."""
        _, rows, columns = self.output(shape)
        return f"{self._kernel_formula(shape)} * {rows}*{columns}"

    def _kernel_formula(self, shape: Shape) -> str:
        rows, columns = self.kernel
        if self.table is not None:
            return f"{rows}*{columns}*{self.table.links}"
        inward = str(shape[0]) if self.groups == 1 else f"({shape[0]}/{self.groups})"
        return f"{rows}*{columns}*{inward}*{self.channels}"

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input; where it is padded beforehand, the padded map.

        Where the border is repeated, the map without it is needed for the gradient of the input.
        """
        window, (channels, rows, columns) = self.window_on(leaf.input), leaf.input
        if self.padmode == "zero" and window.even:
            return BackwardNeeds("input")
        bordered = channels * math.prod(window.padded(rows, columns))
        bare = gradient and self.padmode == "edge"
        return BackwardNeeds("input" if bare else "none", values=bordered)

    def for_classes(self) -> str:
        """Return it with ``classes`` for its channels."""
        word, kernel, _, *options = str(self).split(" ")
        return " ".join([word, kernel, "classes", *options])

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return a Conv2d whose weights are not drawn; torch's random state is not used."""
        from torch import nn

        from striate.architecture.aspects import torch_modules as own

        window, channels, edge = self.window_on(shape), (shape[0], self.channels), self._edge
        plain = window.even and self.table is None
        kind = nn.Conv2d if plain else own.PaddedConv2d if self.table is None else own.TableConv2d
        layer = kind(
            *channels,
            kernel_size=window.kernel,
            stride=window.stride,
            padding=window.pad if plain else 0,
            dilation=window.dilation,
            groups=self.groups,
            bias=self.bias,
            padding_mode="replicate" if edge and plain else "zeros",
            device="meta",
        )
        if isinstance(layer, own.TableConv2d) and self.table is not None:
            layer.set_table(self.table)
        if isinstance(layer, own.PaddedConv2d):
            own.set_around(layer, window).border = "replicate" if edge else "constant"
        return with_memory(layer)

    @property
    def _edge(self) -> bool:
        return self.padmode == "edge"

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a Conv, and a Pad before it where the border is repeated."""
        window, at = self.window_on(leaf.input), leaf.address
        pads = [*window.pad, *window.pad_behind]
        if self._edge and any(pads):
            places = graph.constant(f"{at}.pads", all_axes(pads))
            x = graph.node("Pad", [x, places], f"{at}.padded", {"mode": "edge"})
            pads = [0, 0, 0, 0]
        inputs = [x, *(graph.weight(f"{at}.{name}") for name in self.tensors(leaf.input))]
        if self.table is not None:
            inputs[1] = spread_in(graph, inputs[1], self.table.places(leaf.input[0]), at)
        own: Mapping[str, Attribute] = {
            "kernel_shape": window.kernel,
            "strides": window.stride,
            "pads": pads,
            "dilations": window.dilation,
            "group": self.groups,
        }
        return graph.node("Conv", inputs, at, own)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Lay the kernel on every position and sum what lies under it, times the weights.

        With i for a channel that arrives and o for one that leaves, p for a place of the kernel
        and r for a position (a row and a column each), and x padded:

            y[o, r] = bias[o] + sum over i, p of weight[o, i, p] * x[i, r * stride + p * dilation]

        Every number of that sum is a product, so the chain rule gives each factor the other one,
        summed over all the places where it was used:

            dweight[o, i, p]                   = sum over images, r of dy[o, r] * x[i, r*s + p*d]
            dx[i, r * stride + p * dilation]  += sum over o of dy[o, r] * weight[o, i, p]
            dbias[o]                           = sum over images, r of dy[o, r]

        The kernel is not flipped: strictly this is a cross-correlation, as everywhere in the
        field. Goodfellow, Bengio and Courville 2016, Deep Learning, section 9.5,
        https://www.deeplearningbook.org/contents/convnets.html

        Groups are convolved each by itself, with as many times fewer weights. Where a table leaves
        a channel out, the kernel is 0 and no weight.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> rows = "00000", "01010", "00100", "10001", "01110"
        >>> smile = np.array([[float(digit) for digit in row] for row in rows])
        >>> diagonal = Visit({"weight": np.eye(2)[None, None]})
        >>> word = Conv(1, kernel=(2, 2), pad=(0, 0), bias=False)
        >>> y, back = word.numpy_pass(smile[None, None], diagonal)
        >>> y[0, 0]
        array([[1., 0., 1., 0.],
               [0., 2., 0., 1.],
               [0., 0., 1., 1.],
               [2., 1., 1., 0.]])
        >>> back(np.ones_like(y))["weight"][0, 0]  # how many ones each weight met
        array([[4., 4.],
               [7., 7.]])

        >>> word = Conv(2, kernel=(1, 1), groups=2, bias=False)
        >>> x, weight = np.array([[[[3.0]], [[4.0]]]]), np.array([[[[10.0]]], [[[100.0]]]])
        >>> y, back = word.numpy_pass(x, Visit({"weight": weight}))
        >>> y.flatten(), back(np.ones_like(y))["weight"].flatten()
        (array([ 30., 400.]), array([3., 4.]))
        """
        import numpy as np

        from striate.architecture.aspects.numpy_window import Slide, convolve

        slide = Slide(self.window_on(x.shape[1:]), x.shape[2:])
        weight, bias = visit.own["weight"], visit.own.get("bias")
        table = self.table
        if table is not None:
            dense = table.spread(weight, x.shape[1])
            y, back_of_dense = convolve(slide, x, dense, bias, edge=self._edge)

            def back_of_table(dy: Array) -> ByName:
                found = back_of_dense(dy)
                return found | {"weight": table.gather(found["weight"])}

            return y, back_of_table
        if self.groups == 1:
            return convolve(slide, x, weight, bias, edge=self._edge)
        biases = [None] * self.groups if bias is None else np.split(bias, self.groups)
        parts = [
            convolve(slide, *part, edge=self._edge)
            for part in zip(
                np.split(x, self.groups, axis=1), np.split(weight, self.groups), biases, strict=True
            )
        ]

        def back(dy: Array) -> ByName:
            dy_parts = np.split(dy, self.groups, axis=1)
            found = [
                back_of_part(dy_part)
                for (_, back_of_part), dy_part in zip(parts, dy_parts, strict=True)
            ]
            return {
                name: np.concatenate([part[name] for part in found], axis=1 if name == "x" else 0)
                for name in found[0]
            }

        return np.concatenate([y for y, _ in parts], axis=1), back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return nn.Conv2d, behind F.pad where the padding differs from side to side."""
        window = self.window_on(leaf.input)
        mode = "replicate" if self._edge else "constant"
        border = Argument(mode, "mode", "constant")
        plain = window.even and self.table is None
        before = [] if plain or not any(window.sides) else torch_padding(window, border)
        edge = "replicate" if self._edge and plain and any(window.pad) else "zeros"
        arguments = (
            Argument(leaf.input[0], role="channels"),
            Argument(self.channels, role="channels"),
            Argument(pair(window.kernel), "kernel_size", role="kernel_size"),
            Argument(pair(window.stride), "stride", 1, "stride"),
            Argument(pair(window.pad) if plain else 0, "padding", 0, "padding"),
            Argument(pair(window.dilation), "dilation", 1, "dilation"),
            Argument(self.groups, "groups", 1, "groups"),
            Argument(self.bias, "bias", True),
            Argument(edge, "padding_mode", "zeros"),
            *self._told_table,
        )
        head, own = ("TableConv2d", TORCH_CLASS) if self.table else ("nn.Conv2d", "")
        call = ProgramCall(head, arguments, leaf.address, leaf.output, definition=own)
        return [*before, call]

    @property
    def _told_table(self) -> tuple[Argument, ...]:
        return () if self.table is None else (Argument(self.table, "table", role="table"),)

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.Conv2D, with padding before it where its own "same" is not the same.

        Keras takes one of stride and dilation alone; where there are both, the positions between
        are left out afterwards.
        """
        window, padding = self.window_on(leaf.input), "valid"
        around = (window.extent[0] - 1, window.extent[1] - 1)
        before = (keras_edge if self._edge else keras_zeros)(window.sides)
        own = window.stride == (1, 1) and window.even and not self._edge
        if before and own and around == (2 * window.pad[0], 2 * window.pad[1]):
            before, padding = [], "same"
        stride, output = window.stride, channels_last(leaf.output)
        after: list[ProgramCall] = []
        if stride != (1, 1) and window.dilation != (1, 1):
            steps = tuple(Argument(step, role="stride") for step in stride)
            after = [ProgramCall("every", steps, "", output, definition=EVERY)]
            stride = (1, 1)
        arguments = (
            Argument(self.channels, role="channels"),
            Argument(pair(window.kernel), role="kernel_size"),
            Argument(pair(stride), "strides", 1, "stride"),
            Argument(padding, "padding", "valid"),
            Argument(pair(window.dilation), "dilation_rate", 1, "dilation"),
            Argument(self.groups, "groups", 1, "groups"),
            Argument(self.bias, "use_bias", True),
            *self._told_table,
        )
        shape = () if after else output
        conv = ProgramCall("layers.Conv2D", arguments, leaf.address, shape, takes_activation=True)
        if self.table is not None:
            conv = replace(conv, head="TableConv2D", definition=KERAS_CLASS)
        return [*before, conv, *after]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of Conv2d."""
        from torch import nn

        from striate.architecture.aspects.torch_modules import PaddedConv2d, TableConv2d
        from striate.architecture.aspects.worked_sum import convolved

        return dict.fromkeys((nn.Conv2d, PaddedConv2d, TableConv2d), convolved)

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return Conv2d and its function, and Linear where the channels of maps stand last."""
        from striate.architecture.words.conv_reading import read_conv_from

        return read_conv_from(cls)

    def behind_border(self, border: Border, shape: Shape) -> Conv:
        """Return it with more padding of its own kind."""
        inner = self.window_on(shape).sides
        padmode: Literal["zero", "edge"] = "edge" if border.mode == "edge" else "zero"
        if border.mode == "lowest" or (any(inner) and padmode != self.padmode):
            raise Refused(f"conv takes one kind of padding, and not {border.mode} here")
        pad = pad_of(self.kernel, border.around(inner), dilation=self.dilation)
        return replace(self, pad=pad, padmode=padmode)
