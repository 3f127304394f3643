"""Sum pooling: the sum of each window."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Pad, Pair, Shape, Window
from striate.architecture.aspects.padding import keras_zeros
from striate.architecture.aspects.pooling import (
    averages_need,
    keras_function,
    needed_sides,
    onnx_mean,
    pool_window,
    refuse_wide_padding,
    torch_pool,
    torch_takes,
)
from striate.architecture.aspects.program_call import Argument, ProgramCall
from striate.architecture.aspects.torch_reading import Refused, pad_of
from striate.architecture.aspects.word import BackwardNeeds, Kind, Layer, Leaf, TorchRules, maps

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.border_reading import Border
    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit

SUM_POOL: Final = '''
def sum_pool(x, pool_size, strides):
    """Sum the values of each window."""
    rows, columns = pool_size
    return ops.average_pool(x, pool_size, strides) * (rows * columns)
'''


@dataclass(frozen=True)
class SumPool(Layer):
    """The sum of each window, a channel at a time: ``sumpool 2``."""

    word = "sumpool"
    arguments = {
        "kernel": Kind.PAIR,
        "stride": Kind.PAIR,
        "pad": Kind.PADDING,
        "ceil": Kind.SWITCH,
    }
    bare = ("kernel",)
    named = ("stride", "pad", "ceil")
    example = "sumpool 2"

    kernel: Pair
    stride: Pair | None = None
    pad: Pad = (0, 0)
    ceil: bool = False

    def window_on(self, shape: Shape) -> Window:
        """Return the window, with its stride and padding worked out."""
        _, rows, columns = maps(self, shape)
        window = pool_window(
            self.word,
            self.kernel,
            stride=self.stride,
            pad=self.pad,
            size=(rows, columns),
            ceil=self.ceil,
        )
        if self.ceil:
            return refuse_wide_padding(self.word, window, self.pad)
        return window  # any number of zeros

    @property
    def partial_windows(self) -> bool:
        """The word's ``ceil``."""
        return self.ceil

    def output(self, shape: Shape) -> Shape:
        """Return as many channels, fewer rows and columns."""
        channels, rows, columns = maps(self, shape)
        return (channels, *self.window_on(shape).positions(rows, columns, ceil=self.ceil))

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input, padded where it is beforehand."""
        return averages_need(self.window_on(leaf.input), leaf)

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return AvgPool2d with a divisor of 1."""
        from torch import nn

        from striate.architecture.aspects.torch_modules import PaddedAvgPool2d, set_around

        window = self.window_on(shape)
        if not torch_takes(window):
            pool = PaddedAvgPool2d(window.kernel, window.stride, divisor_override=1)
            return set_around(pool, window)
        return nn.AvgPool2d(
            window.kernel,
            window.stride,
            padding=window.pad,
            ceil_mode=self.ceil,
            divisor_override=1,
        )

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add the mean, and multiply it by the size of the window."""
        import numpy as np

        at, window = leaf.address, self.window_on(leaf.input)
        mean = onnx_mean(window, leaf, x, graph=graph, result=f"{at}.mean")
        count = graph.constant(f"{at}.count", np.float32(math.prod(window.kernel)))
        return graph.node("Mul", [mean, count], at)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Sum the numbers of each window.

        y grows by 1 as any of its numbers grows by 1, so each of them gets dy; a number that lies
        in several windows gets the sum of theirs.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> word = SumPool((1, 2), stride=(1, 1))
        >>> y, back = word.numpy_pass(np.array([[[[1.0, 2.0, 3.0]]]]), Visit())
        >>> y[0, 0, 0], back(np.ones_like(y))["x"][0, 0, 0]
        (array([3., 5.]), array([1., 2., 1.]))
        """
        import numpy as np

        from striate.architecture.aspects.numpy_window import Slide

        slide = Slide(self.window_on(x.shape[1:]), x.shape[2:], self.ceil)
        padded, unpad = slide.pad(x)
        y = np.zeros((*x.shape[:2], *slide.positions))
        for place in slide.places():
            y += slide.under(padded, place)

        def back(dy: Array) -> ByName:
            dpadded = np.zeros_like(padded)
            for place in slide.places():
                dseen = slide.under(dpadded, place)
                dseen += dy
            return {"x": unpad(dpadded)}

        return y, back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return F.avg_pool2d with a divisor of 1, behind F.pad where the sides differ."""
        window = self.window_on(leaf.input)
        more = Argument(self.ceil, "ceil_mode", False), Argument(1, "divisor_override")
        return torch_pool(leaf, window, "F.avg_pool2d", *more)

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return a function of its own, with zeros around the maps."""
        window = self.window_on(leaf.input)
        zeros = keras_zeros(needed_sides(leaf, window))
        return [*zeros, keras_function(leaf, window, SUM_POOL)]

    def behind_border(self, border: Border, shape: Shape) -> SumPool:
        """Return it with more zeros."""
        if border.mode != "zero":
            raise Refused(f"padding by {border.mode} has no word before sumpool")
        return replace(self, pad=pad_of(self.kernel, border.around(self.window_on(shape).sides)))

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return nothing: in torch it is an average pool, which says whether it is a sum."""
        return TorchRules()
