"""Average pooling: the mean of each window, or of parts that find their own windows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from striate.architecture.aspects.adaptive_average import (
    adaptive_keras,
    adaptive_pass,
    adaptive_sum,
    shares_of,
)
from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Pad, Pair, Shape, Sides, Window, text_of
from striate.architecture.aspects.padding import keras_pads, keras_zeros
from striate.architecture.aspects.pooling import (
    averages_need,
    keras_function,
    keras_pool,
    needed_sides,
    onnx_mean,
    pool_window,
    refuse_mere_padding,
    refuse_wide_padding,
    torch_pool,
    torch_takes,
)
from striate.architecture.aspects.program_call import Argument, ProgramCall, pair
from striate.architecture.aspects.torch_reading import Refused, pad_of, pair_of, step_of
from striate.architecture.aspects.word import BackwardNeeds, Kind, Layer, Leaf, TorchRules, maps
from striate.architecture.words.gap import Gap
from striate.architecture.words.sumpool import SumPool
from striate.errors import NotationError

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from striate.architecture.aspects.border_reading import Border
    from striate.architecture.aspects.numpy_pass import Array, Result, Visit
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum

INNER_AVERAGE_POOL: Final = '''
def inner_average_pool(x, pool_size, strides, rows, columns):
    """Average windows that may reach beyond the maps, which does not count."""
    inside = ops.ones((1, *x.shape[1:3], 1), dtype=x.dtype)
    around = ((0, 0), rows, columns, (0, 0))
    means = ops.average_pool(ops.pad(x, around), pool_size, strides)
    return means / ops.average_pool(ops.pad(inside, around), pool_size, strides)
'''
INNER_AVG_POOL2D: Final = '''
def inner_avg_pool2d(x: torch.Tensor, kernel_size, stride, padding) -> torch.Tensor:
    """Average windows that may reach beyond the maps, which does not count."""
    means = F.avg_pool2d(F.pad(x, padding), kernel_size, stride)
    inside = F.pad(torch.ones_like(x[:1, :1]), padding)
    return means / F.avg_pool2d(inside, kernel_size, stride)
'''


@dataclass(frozen=True)
class AvgPool(Layer):
    """The mean of each window: ``avgpool 2``, or ``avgpool to=6x6``.

    Attributes:
        kernel: the window; None where ``to`` is given.
        countpad: whether padded zeros are numbers of the mean; if not, it is that of the numbers
            of the map alone.
        to: the rows and columns to come out, whatever goes in. Row i of them is the mean of
            the rows from floor(i*n/to) to ceil((i+1)*n/to), as in torch.

    >>> AvgPool(to=(6, 6)).output((256, 13, 13))
    (256, 6, 6)
    """

    word = "avgpool"
    arguments = {
        "kernel": Kind.PAIR,
        "stride": Kind.PAIR,
        "pad": Kind.PADDING,
        "ceil": Kind.SWITCH,
        "countpad": Kind.SWITCH,
        "to": Kind.PAIR,
    }
    bare = ("kernel",)
    named = ("stride", "pad", "ceil", "countpad", "to")
    example = "avgpool 2"
    aliases = ("averagepool", "averagepooling")

    kernel: Pair | None = None
    stride: Pair | None = None
    pad: Pad = (0, 0)
    ceil: bool = False
    countpad: bool = True
    to: Pair | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel is None and self.to is None:
            raise NotationError("avgpool needs its window, as in avgpool 2, or to=, as in to=6x6")
        plain = self.stride is None and self.pad == (0, 0) and not self.ceil and self.countpad
        if self.to is not None and not (self.kernel is None and plain):
            raise NotationError(
                f"avgpool to={text_of(self.to)} finds its own windows; "
                "leave out the window and all that is said of it"
            )

    def window_on(self, shape: Shape) -> Window | None:
        """Return the window, with its stride and padding worked out; None where ``to`` is given."""
        _, rows, columns = maps(self, shape)
        if self.kernel is None:
            return None
        window = pool_window(
            self.word,
            self.kernel,
            stride=self.stride,
            pad=self.pad,
            size=(rows, columns),
            ceil=self.ceil,
        )
        if self.ceil or not self.countpad:
            return refuse_wide_padding(self.word, window, self.pad)
        return window  # any number of zeros

    @property
    def partial_windows(self) -> bool:
        """The word's ``ceil``."""
        return self.ceil

    @property
    def sees_all(self) -> bool:
        """True where ``to`` is given: its windows depend on the size of the image."""
        return self.to is not None

    def output(self, shape: Shape) -> Shape:
        """Return as many channels, fewer rows and columns.

        Raises:
            NotationError: it does not fit, or some window has no number to take the mean of.
        """
        channels, rows, columns = maps(self, shape)
        window = self.window_on(shape)
        if window is None:
            return (channels, *(self.to or ()))
        positions = window.positions(rows, columns, ceil=self.ceil)
        if not self.countpad:
            refuse_mere_padding(self.word, window, (rows, columns), positions)
        return (channels, *positions)

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input, padded where it is beforehand; with to=1x1 torch needs nothing.

        Where torch has no such pool, what each sum is divided by is kept, too.
        """
        window = self.window_on(leaf.input)
        if window is None:
            return BackwardNeeds("none" if self.to == (1, 1) else "input")
        needs = averages_need(window, leaf)
        if torch_takes(window) or self.countpad:
            return needs
        return replace(needs, statistics=math.prod(leaf.output[1:]))

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return AvgPool2d, or AdaptiveAvgPool2d where ``to`` is given."""
        from torch import nn

        from striate.architecture.aspects.torch_modules import PaddedAvgPool2d, set_around

        window = self.window_on(shape)
        if window is None:
            return nn.AdaptiveAvgPool2d(self.to or (1, 1))
        if not torch_takes(window):
            pool = PaddedAvgPool2d(window.kernel, window.stride)
            pool.counted = self.countpad
            return set_around(pool, window)
        return nn.AvgPool2d(
            window.kernel,
            window.stride,
            padding=window.pad,
            ceil_mode=self.ceil,
            count_include_pad=self.countpad,
        )

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add an AveragePool; where a window hangs over, what it covers there does not count.

        Where ``to`` is given: rows @ x @ columns, each a matrix of shares.
        """
        import numpy as np

        window, at = self.window_on(leaf.input), leaf.address
        sides = list(zip(leaf.input[1:], leaf.output[1:], strict=True))
        if window is None:
            rows, columns = (shares_of(side, count) for side, count in sides)
            across = graph.constant(f"{at}.columns", columns.T)
            narrow = graph.node("MatMul", [x, across], f"{at}.narrow")
            return graph.node("MatMul", [graph.constant(f"{at}.rows", rows), narrow], at)
        counted = [self._counted(window, axis, *pair) for axis, pair in enumerate(sides)]
        share = math.prod(window.kernel) / np.outer(*counted)
        if (share == 1).all():
            return onnx_mean(window, leaf, x, graph=graph, result=at)
        mean = onnx_mean(window, leaf, x, graph=graph, result=f"{at}.mean")
        shares = graph.constant(f"{at}.share", share.astype(np.float32))
        return graph.node("Mul", [mean, shares], at)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Take the mean of each window: the sum, divided by how many numbers it has.

        Padded zeros count as numbers, unless countpad=no; what an incomplete window covers behind
        them does not:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html

        Where ``to`` is given, part i of n rows goes from row floor(i * n / to) up to, not
        including, row ceil((i + 1) * n / to); neighbouring parts share a row where n / to is no
        whole number.
        https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> x = np.array([[[[1.0, 2.0, 6.0]]]])
        >>> y, back = AvgPool((1, 2), ceil=True).numpy_pass(x, Visit())
        >>> y[0, 0, 0], back(np.ones_like(y))["x"][0, 0, 0]
        (array([1.5, 6. ]), array([0.5, 0.5, 1. ]))
        >>> y, back = AvgPool(to=(1, 2)).numpy_pass(x, Visit())
        >>> y[0, 0, 0], back(np.ones_like(y))["x"][0, 0, 0]
        (array([1.5, 4. ]), array([0.5, 1. , 0.5]))
        """
        window = self.window_on(x.shape[1:])
        if window is None or self.kernel is None:
            return adaptive_pass(x, self.to or (1, 1))
        summing = SumPool(self.kernel, self.stride, self.pad, self.ceil)
        y, back_of_sum = summing.numpy_pass(x, visit)
        rows, columns = (
            self._counted(window, axis, x.shape[2 + axis], y.shape[2 + axis]) for axis in (0, 1)
        )
        numbers = rows[:, None] * columns  # in each window, (position row, position column)
        return y / numbers, lambda dy: back_of_sum(dy / numbers)

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return F.avg_pool2d, or F.adaptive_avg_pool2d where ``to`` is given."""
        window = self.window_on(leaf.input)
        if window is None:
            to = (Argument(pair(self.to or (1, 1)), role="to"),)
            return [ProgramCall("F.adaptive_avg_pool2d", to, output=leaf.output)]
        if torch_takes(window) or self.countpad:
            more = (
                Argument(self.ceil, "ceil_mode", False),
                Argument(self.countpad, "count_include_pad", True),
            )
            return torch_pool(leaf, window, "F.avg_pool2d", *more)
        top, bottom, left, right = window.sides
        arguments = (
            Argument(pair(window.kernel), role="kernel_size"),
            Argument(pair(window.stride), role="stride"),
            Argument((left, right, top, bottom), role="padding"),
        )
        own = INNER_AVG_POOL2D
        return [ProgramCall("inner_avg_pool2d", arguments, output=leaf.output, definition=own)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.AveragePooling2D, or a function of its own where that differs."""
        window = self.window_on(leaf.input)
        if window is None:
            return adaptive_keras(leaf, self.to or (1, 1))
        counted = window.sides if self.countpad else Sides(0, 0, 0, 0)
        more = [a - b for a, b in zip(needed_sides(leaf, window), counted, strict=True)]
        zeros = keras_zeros(counted)
        if not any(more):
            return [*zeros, keras_pool(leaf, window, "layers.AveragePooling2D")]
        pads = keras_pads(Sides(*more))
        return [*zeros, keras_function(leaf, window, INNER_AVERAGE_POOL, *pads)]

    def _counted(self, window: Window, axis: int, side: int, count: int) -> np.ndarray:
        """Return how many places of each position count along one axis."""
        import numpy as np

        before, behind = window.pad[axis], window.pad_behind[axis]
        first, end = (-before, side + behind) if self.countpad else (0, side)
        starts = np.arange(count) * window.stride[axis] - before
        ends = np.minimum(starts + window.kernel[axis], end)
        return np.asarray(ends - np.maximum(starts, first))

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of AvgPool2d and AdaptiveAvgPool2d."""
        from torch import nn

        from striate.architecture.aspects.torch_modules import PaddedAvgPool2d

        return {
            nn.AvgPool2d: _worked_sum,
            PaddedAvgPool2d: _worked_sum,
            nn.AdaptiveAvgPool2d: adaptive_sum,
        }

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return the average pools; to one place they are gap, with a divisor of 1 sumpool."""
        from torch import nn
        from torch.nn import functional

        from striate.architecture.aspects.torch_modules import PaddedAvgPool2d, border_of

        def to_size(shape: Shape, output_size: Any) -> Gap | AvgPool:
            given = output_size if isinstance(output_size, tuple | list) else (output_size,) * 2
            sides = zip(shape[1:], given, strict=False)
            to = pair_of([side if wanted is None else wanted for side, wanted in sides])
            return Gap() if to == (1, 1) else cls(to=to)

        def module_of(shape: Shape, module: Any) -> AvgPool | SumPool:
            m = module
            values = (m.kernel_size, m.stride, m.padding, m.ceil_mode)
            return cls._read(shape, *values, m.count_include_pad, m.divisor_override)

        def module_to_size(shape: Shape, module: Any) -> Gap | AvgPool:
            return to_size(shape, module.output_size)

        def padded(shape: Shape, module: Any) -> AvgPool | SumPool:
            read = module_of(shape, module).behind_border(border_of(module), shape)
            return read if isinstance(read, SumPool) else replace(read, countpad=module.counted)

        return TorchRules(
            {
                nn.AvgPool2d: module_of,
                nn.AdaptiveAvgPool2d: module_to_size,
                PaddedAvgPool2d: padded,
            },
            {functional.avg_pool2d: cls._read, functional.adaptive_avg_pool2d: to_size},
        )

    @classmethod
    def _read(
        cls,
        shape: Shape,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> AvgPool | SumPool:
        kernel, pad = pair_of(kernel_size), pair_of(padding)
        step = step_of(stride, kernel)
        if divisor_override == 1:
            return SumPool(kernel, step, pad, ceil_mode)
        if divisor_override is not None:
            raise Refused(f"divisor_override={divisor_override} has no word; 1 would be sumpool")
        return cls(kernel, step, pad, ceil_mode, count_include_pad or pad == (0, 0))

    def behind_border(self, border: Border, shape: Shape) -> AvgPool:
        """Return it with more zeros, which count."""
        window = self.window_on(shape)
        if window is None or border.mode != "zero" or (any(window.sides) and not self.countpad):
            raise Refused(f"padding by {border.mode} has no word before this avgpool")
        pad = pad_of(window.kernel, border.around(window.sides))
        return replace(self, pad=pad, countpad=True)


def _worked_sum(call: AtWork, place: Place) -> Terms:
    import numpy as np

    from striate.architecture.aspects.torch_modules import PaddedAvgPool2d
    from striate.architecture.aspects.worked_sum import read_pool, sides_of, weighted_sum

    unit, row, column = place
    layer: Any = call.module
    down, across, values = read_pool(call, place)
    divisor = layer.divisor_override
    if divisor is None and isinstance(layer, PaddedAvgPool2d):
        divisor = math.prod(sides_of(layer.kernel_size)) if layer.counted else len(values)
    elif divisor is None:
        sides = []
        for axis, at in enumerate((row, column)):
            size, pad = call.inputs[0].shape[2 + axis], sides_of(layer.padding)[axis]
            first = at * sides_of(layer.stride)[axis] - pad
            last = min(first + sides_of(layer.kernel_size)[axis], size + pad)
            sides.append(last - first)
        divisor = sides[0] * sides[1] if layer.count_include_pad else len(values)
    weight = np.full(len(values), 1.0 / divisor)
    found = weighted_sum(np.full(len(values), unit), down, across, values, weight)
    return replace(found, facts={"divisor": float(divisor)})
