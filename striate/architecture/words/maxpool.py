"""Max pooling: the largest number of each window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from striate.architecture.aspects.onnx_graph import OnnxGraph, all_axes
from striate.architecture.aspects.output_size import Pad, Pair, Shape, Sides, Window
from striate.architecture.aspects.padding import keras_pads
from striate.architecture.aspects.pooling import (
    keras_function,
    keras_pool,
    needed_sides,
    overhang,
    pool_window,
    refuse_mere_padding,
    refuse_wide_padding,
    sliding,
    torch_pool,
    torch_takes,
)
from striate.architecture.aspects.program_call import Argument, ProgramCall, pair
from striate.architecture.aspects.torch_reading import Refused, pad_of, pair_of, step_of
from striate.architecture.aspects.word import BackwardNeeds, Kind, Layer, Leaf, TorchRules, maps

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.border_reading import Border
    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum

MAX_PADDING: Final = '''
def max_padding(x, rows: tuple[int, int], columns: tuple[int, int]):
    """Surround the maps, before and behind, with what no maximum can be."""
    around = ((0, 0), rows, columns, (0, 0))
    return ops.pad(x, around, constant_values=float("-inf"))
'''
DILATED_MAX_POOL: Final = '''
def dilated_max_pool(x, pool_size, strides, dilation):
    """Take the largest of values that lie dilation apart."""
    starts, ends = [], []
    for n, size, step, apart in zip(x.shape[1:3], pool_size, strides, dilation):
        starts.append([i * apart for i in range(size)])
        ends.append((n - (size - 1) * apart - 1) // step * step + 1)
    largest = None
    for row in starts[0]:
        rows = slice(row, row + ends[0], strides[0])
        for column in starts[1]:
            part = x[:, rows, column : column + ends[1] : strides[1]]
            largest = part if largest is None else ops.maximum(largest, part)
    return largest
'''


@dataclass(frozen=True)
class MaxPool(Layer):
    """The largest value in each window, a channel at a time: ``maxpool 3 stride=2``.

    Attributes:
        kernel: the window.
        stride: the window's own size where left out.
        ceil: whether the last incomplete window counts.

    >>> MaxPool((2, 2)).output((64, 7, 7)), MaxPool((2, 2), ceil=True).output((64, 7, 7))
    ((64, 3, 3), (64, 4, 4))
    """

    word = "maxpool"
    arguments = {
        "kernel": Kind.PAIR,
        "stride": Kind.PAIR,
        "pad": Kind.PADDING,
        "dilation": Kind.PAIR,
        "ceil": Kind.SWITCH,
    }
    bare = ("kernel",)
    named = ("stride", "pad", "dilation", "ceil")
    example = "maxpool 2"
    aliases = ("maxpooling", "pool")

    kernel: Pair
    stride: Pair | None = None
    pad: Pad = (0, 0)
    dilation: Pair = (1, 1)
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
            dilation=self.dilation,
            ceil=self.ceil,
        )
        return refuse_wide_padding(self.word, window, self.pad)

    @property
    def partial_windows(self) -> bool:
        """The word's ``ceil``."""
        return self.ceil

    def output(self, shape: Shape) -> Shape:
        """Return as many channels, fewer rows and columns.

        Raises:
            NotationError: it does not fit, or some window meets nothing but padding, which has no
                largest value (torch would give -inf, and go back to a place outside the map).
        """
        channels, rows, columns = maps(self, shape)
        window = self.window_on(shape)
        positions = window.positions(rows, columns, ceil=self.ceil)
        refuse_mere_padding(self.word, window, (rows, columns), positions)
        return (channels, *positions)

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input, padded where it is beforehand, and the place of each largest value."""
        window, (channels, rows, columns) = self.window_on(leaf.input), leaf.input
        places = math.prod(leaf.output)
        if torch_takes(window):
            return BackwardNeeds("input", places=places)
        padded = channels * math.prod(window.padded(rows, columns))
        return BackwardNeeds(values=padded, places=places)

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return MaxPool2d."""
        from torch import nn

        from striate.architecture.aspects.torch_modules import PaddedMaxPool2d, set_around

        window = self.window_on(shape)
        if not torch_takes(window):
            pool = PaddedMaxPool2d(window.kernel, window.stride, dilation=window.dilation)
            return set_around(pool, window)
        return nn.MaxPool2d(
            window.kernel,
            window.stride,
            padding=window.pad,
            dilation=window.dilation,
            ceil_mode=self.ceil,
        )

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add a MaxPool.

        A dilated window that hangs over by more than engines take as a pool's own padding gets a
        Pad with the lowest number before it.
        """
        import numpy as np

        window, at = self.window_on(leaf.input), leaf.address
        pads = overhang(window, leaf.input, leaf.output)
        sides = [*window.kernel, *window.kernel]
        if any(pad >= side for pad, side in zip(pads, sides, strict=True)):
            places = graph.constant(f"{at}.pads", all_axes(pads))
            lowest = graph.constant(f"{at}.lowest", np.finfo(np.float32).min)
            x = graph.node("Pad", [x, places, lowest], f"{at}.padded")
            pads = [0, 0, 0, 0]
        own = sliding(window, pads) | {"dilations": window.dilation}
        return graph.node("MaxPool", [x], at, own)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Keep the largest number of each window; the padding never wins.

        Only the winner changes y, and y grows as fast as it does, so the winner gets all of dy
        and the others nothing. Of several that are equal the first wins, row by row, as in torch.

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> y, back = MaxPool((2, 2)).numpy_pass(np.array([[[[1.0, 5.0], [5.0, 2.0]]]]), Visit())
        >>> y[0, 0], back(np.ones_like(y))["x"][0, 0]
        (array([[5.]]), array([[0., 1.],
               [0., 0.]]))
        """
        import numpy as np

        from striate.architecture.aspects.numpy_window import Slide

        slide = Slide(self.window_on(x.shape[1:]), x.shape[2:], self.ceil)
        padded, unpad = slide.pad(x, -np.inf)
        seen = np.stack([slide.under(padded, place) for place in slide.places()])
        winner = seen.argmax(axis=0)  # number of the place, (batch, channel, row, column)

        def back(dy: Array) -> ByName:
            dpadded = np.zeros_like(padded)
            for number, place in enumerate(slide.places()):
                dseen = slide.under(dpadded, place)
                dseen += dy * (winner == number)
            return {"x": unpad(dpadded)}

        return seen.max(axis=0), back

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return F.max_pool2d, behind F.pad where the padding differs from side to side."""
        window = self.window_on(leaf.input)
        dilation = Argument(pair(self.dilation), "dilation", 1, "dilation")
        ceil = Argument(self.ceil, "ceil_mode", False)
        lowest = (Argument(-math.inf, "value"),)
        return torch_pool(leaf, window, "F.max_pool2d", dilation, ceil, filling=lowest)

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.MaxPooling2D, or a function of its own where it is dilated."""
        window = self.window_on(leaf.input)
        sides = needed_sides(leaf, window)
        before: list[ProgramCall] = []
        if any(sides):
            pads = keras_pads(sides)
            before = [ProgramCall("max_padding", pads, definition=MAX_PADDING)]
        if self.dilation != (1, 1):
            dilation = Argument(self.dilation, role="dilation")
            return [*before, keras_function(leaf, window, DILATED_MAX_POOL, dilation)]
        return [*before, keras_pool(leaf, window, "layers.MaxPooling2D")]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of MaxPool2d."""
        from torch import nn

        from striate.architecture.aspects.torch_modules import PaddedMaxPool2d

        return {nn.MaxPool2d: _worked_sum, PaddedMaxPool2d: _worked_sum}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return MaxPool2d and its functions."""
        import torch
        from torch import nn
        from torch.nn import functional

        from striate.architecture.aspects.torch_modules import PaddedMaxPool2d, border_of

        def module_of(shape: Shape, module: Any) -> MaxPool:
            m = module
            values = (m.kernel_size, m.stride, m.padding, m.dilation)
            return cls._read(shape, *values, m.ceil_mode, m.return_indices)

        def padded(shape: Shape, module: Any) -> MaxPool:
            return module_of(shape, module).behind_border(border_of(module), shape)

        functions = {functional.max_pool2d: cls._read, torch.max_pool2d: cls._read}
        return TorchRules({nn.MaxPool2d: module_of, PaddedMaxPool2d: padded}, functions)

    def behind_border(self, border: Border, shape: Shape) -> MaxPool:
        """Return it with more padding, which must never win."""
        if not border.never_wins:
            raise Refused(
                f"padding by {border.mode} before a maxpool may win, and has no word; maxpool's "
                "own padding, -inf, never does, and neither do zeros behind a relu"
            )
        around = border.around(self.window_on(shape).sides)
        pad = pad_of(self.kernel, around, dilation=self.dilation)
        rows, columns = self.kernel
        if not isinstance(pad, Sides) and (around.top > rows // 2 or around.left > columns // 2):
            end = replace(self, pad="end")  # alone takes more than half a window on all sides
            if end.window_on(shape).sides == around:
                return end
        return replace(self, pad=pad)

    @classmethod
    def _read(
        cls,
        shape: Shape,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> MaxPool:
        if return_indices:
            raise Refused("return_indices=True has no word")
        kernel = pair_of(kernel_size)
        step = step_of(stride, kernel)
        return cls(kernel, step, pair_of(padding), pair_of(dilation), ceil_mode)


def _worked_sum(call: AtWork, place: Place) -> Terms:
    import numpy as np

    from striate.architecture.aspects.worked_sum import read_pool, weighted_sum

    unit, _, _ = place
    down, across, values = read_pool(call, place)
    weight = np.zeros(len(values))
    weight[int(values.argmax())] = 1.0
    ties = int((values == values.max()).sum())
    found = weighted_sum(np.full(len(values), unit), down, across, values, weight)
    return replace(found, function="the largest", facts={"winners": float(ties)})
