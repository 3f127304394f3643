"""Average pooling: the mean of each window, or of parts that find their own windows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Pair, Shape, Window, text_of
from striate.architecture.aspects.pooling import (
    keras_function,
    keras_pool,
    keras_zeros,
    needed_behind,
    onnx_mean,
    pool_window,
    torch_pool,
)
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last, pair
from striate.architecture.aspects.torch_reading import Refused, pair_of, step_of
from striate.architecture.aspects.word import BackwardNeeds, Kind, Layer, Leaf, TorchRules, maps
from striate.architecture.words.gap import Gap
from striate.architecture.words.sumpool import SumPool
from striate.errors import NotationError

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, ByName, Result, Visit
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms, WorkedSum

CEIL_AVERAGE_POOL: Final = '''
def ceil_average_pool(x, pool_size, strides, behind):
    """Average windows of which the last may reach behind the maps, which does not count."""
    inside = ops.ones((1, *x.shape[1:3], 1), dtype=x.dtype)
    around = ((0, 0), (0, behind[0]), (0, behind[1]), (0, 0))
    means = ops.average_pool(ops.pad(x, around), pool_size, strides)
    return means / ops.average_pool(ops.pad(inside, around), pool_size, strides)
'''
ADAPTIVE_AVERAGE_POOL: Final = '''
def adaptive_average_pool(x, rows: int, columns: int):
    """Average so that this many rows and columns come out, as torch divides them."""
    for axis, count in ((1, rows), (2, columns)):
        n, parts = x.shape[axis], []
        for i in range(count):
            places = list(range(i * n // count, -(-(i + 1) * n // count)))
            part = ops.take(x, places, axis=axis)
            parts.append(ops.mean(part, axis=axis, keepdims=True))
        x = ops.concatenate(parts, axis=axis)
    return x
'''


@dataclass(frozen=True)
class AvgPool(Layer):
    """The mean of each window, padded zeros included: ``avgpool 2``, or ``avgpool to=6x6``.

    Attributes:
        kernel: the window; None where ``to`` is given.
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
        "to": Kind.PAIR,
    }
    bare = ("kernel",)
    named = ("stride", "pad", "ceil", "to")
    example = "avgpool 2"
    aliases = ("averagepool", "averagepooling")

    kernel: Pair | None = None
    stride: Pair | None = None
    pad: Pair | Literal["same"] = (0, 0)
    ceil: bool = False
    to: Pair | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel is None and self.to is None:
            raise NotationError("avgpool needs its window, as in avgpool 2, or to=, as in to=6x6")
        plain = self.stride is None and self.pad == (0, 0) and not self.ceil
        if self.to is not None and not (self.kernel is None and plain):
            raise NotationError(
                f"avgpool to={text_of(self.to)} finds its own windows; "
                "leave out the window, stride, pad and ceil"
            )

    @property
    def window(self) -> Window | None:
        """The window, with its stride and padding worked out; None where ``to`` is given."""
        if self.kernel is None:
            return None
        return pool_window(self.word, self.kernel, stride=self.stride, pad=self.pad)

    @property
    def partial_windows(self) -> bool:
        """The word's ``ceil``."""
        return self.ceil

    @property
    def sees_all(self) -> bool:
        """True where ``to`` is given: its windows depend on the size of the image."""
        return self.to is not None

    def output(self, shape: Shape) -> Shape:
        """Return as many channels, fewer rows and columns."""
        channels, rows, columns = maps(self, shape)
        if self.window is None:
            return (channels, *(self.to or ()))
        return (channels, *self.window.positions(rows, columns, ceil=self.ceil))

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return its input; with to=1x1 torch takes the mean, which needs nothing."""
        return BackwardNeeds("none" if self.to == (1, 1) else "input")

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return AvgPool2d, or AdaptiveAvgPool2d where ``to`` is given."""
        from torch import nn

        window = self.window
        if window is None:
            return nn.AdaptiveAvgPool2d(self.to or (1, 1))
        return nn.AvgPool2d(window.kernel, window.stride, padding=window.pad, ceil_mode=self.ceil)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add an AveragePool; where a window hangs over, what it covers there does not count.

        Where ``to`` is given: rows @ x @ columns, each a matrix of shares.
        """
        import numpy as np

        window, at = self.window, leaf.address
        sides = list(zip(leaf.input[1:], leaf.output[1:], strict=True))
        if window is None:
            rows, columns = (_shares(side, count) for side, count in sides)
            across = graph.constant(f"{at}.columns", columns.T)
            narrow = graph.node("MatMul", [x, across], f"{at}.narrow")
            return graph.node("MatMul", [graph.constant(f"{at}.rows", rows), narrow], at)
        counted = [_counted(window, axis, *pair) for axis, pair in enumerate(sides)]
        share = math.prod(window.kernel) / np.outer(*counted)
        if (share == 1).all():
            return onnx_mean(window, leaf, x, graph=graph, result=at)
        mean = onnx_mean(window, leaf, x, graph=graph, result=f"{at}.mean")
        shares = graph.constant(f"{at}.share", share.astype(np.float32))
        return graph.node("Mul", [mean, shares], at)

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Take the mean of each window: the sum, divided by how many numbers it has.

        Padded zeros count as numbers; what an incomplete window covers behind them does not:
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
        window = self.window
        if window is None or self.kernel is None:
            return _adaptive_pass(x, self.to or (1, 1))
        summing = SumPool(self.kernel, self.stride, self.pad, self.ceil)
        y, back_of_sum = summing.numpy_pass(x, visit)
        rows, columns = (
            _counted(window, axis, x.shape[2 + axis], y.shape[2 + axis]) for axis in (0, 1)
        )
        numbers = rows[:, None] * columns  # in each window, (position row, position column)
        return y / numbers, lambda dy: back_of_sum(dy / numbers)

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return F.avg_pool2d, or F.adaptive_avg_pool2d where ``to`` is given."""
        if self.window is None:
            to = (Argument(pair(self.to or (1, 1)), role="to"),)
            return [ProgramCall("F.adaptive_avg_pool2d", to, output=leaf.output)]
        ceil = Argument(self.ceil, "ceil_mode", False)
        return torch_pool(leaf, self.window, "F.avg_pool2d", ceil)

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.AveragePooling2D, or a function of its own where that differs."""
        window = self.window
        if window is None:
            return self._keras_to(leaf, self.to or (1, 1))
        behind = needed_behind(leaf, window)
        if behind == window.pad:
            pool = keras_pool(leaf, window, "layers.AveragePooling2D")
            return [*keras_zeros(window, behind), pool]
        more = Argument((behind[0] - window.pad[0], behind[1] - window.pad[1]), role="behind")
        pool = keras_function(leaf, window, CEIL_AVERAGE_POOL, more)
        return [*keras_zeros(window, window.pad), pool]

    def _keras_to(self, leaf: Leaf, to: Pair) -> list[ProgramCall]:
        rows, columns = leaf.input[1:]
        output = channels_last(leaf.output)
        if (rows, columns) == to:
            return []
        if rows % to[0] == columns % to[1] == 0:
            kernel = Argument(pair((rows // to[0], columns // to[1])), role="kernel_size")
            return [ProgramCall("layers.AveragePooling2D", (kernel,), output=output)]
        sides = (Argument(to[0], role="rows"), Argument(to[1], role="columns"))
        own = ADAPTIVE_AVERAGE_POOL
        return [ProgramCall("adaptive_average_pool", sides, output=output, definition=own)]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of AvgPool2d and AdaptiveAvgPool2d."""
        from torch import nn

        return {nn.AvgPool2d: _worked_sum, nn.AdaptiveAvgPool2d: _worked_part}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return the average pools; to one place they are gap, with a divisor of 1 sumpool."""
        from torch import nn
        from torch.nn import functional

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

        return TorchRules(
            {nn.AvgPool2d: module_of, nn.AdaptiveAvgPool2d: module_to_size},
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
        if pad != (0, 0) and not count_include_pad:
            raise Refused("count_include_pad=False has no word; avgpool counts padded zeros")
        return cls(kernel, step, pad, ceil_mode)


def _counted(window: Window, axis: int, side: int, count: int) -> np.ndarray:
    """Return how many places of each position count along one axis: those of map and padding."""
    import numpy as np

    starts = np.arange(count) * window.stride[axis]
    ends = np.minimum(starts + window.kernel[axis], side + 2 * window.pad[axis])
    return np.asarray(ends - starts)


def _shares(side: int, count: int) -> np.ndarray:
    """Return float32 (count, side), the share of each place in each part, by the rule of torch.

    >>> _shares(3, 2).tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    import numpy as np

    shares = np.zeros((count, side), np.float32)
    for part in range(count):
        first, end = part * side // count, -(-(part + 1) * side // count)
        shares[part, first:end] = 1 / (end - first)
    return shares


def _adaptive_pass(x: Array, to: Pair) -> Result:
    import numpy as np

    rows, columns = (
        [slice(i * side // parts, -(-(i + 1) * side // parts)) for i in range(parts)]
        for side, parts in zip(x.shape[2:], to, strict=True)
    )
    y = np.empty((*x.shape[:2], *to))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            y[:, :, i, j] = x[:, :, row, column].mean(axis=(2, 3))

    def back(dy: Array) -> ByName:
        dx = np.zeros_like(x)
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                part = dx[:, :, row, column]
                part += dy[:, :, i, j, None, None] / (part.shape[2] * part.shape[3])
        return {"x": dx}

    return y, back


def _worked_sum(call: AtWork, place: Place) -> Terms:
    import numpy as np

    from striate.architecture.aspects.worked_sum import read_pool, sides_of, weighted_sum

    unit, row, column = place
    layer: Any = call.module
    down, across, values = read_pool(call, place)
    divisor = layer.divisor_override
    if divisor is None:
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


def _worked_part(call: AtWork, place: Place) -> Terms:
    import numpy as np

    from striate.architecture.aspects.worked_sum import to_float64, weighted_sum

    unit, row, column = place
    values = to_float64(call.inputs[0])[unit]
    out = call.output.shape[2:]
    rows, columns = (
        np.arange(at * size // to, -(-(at + 1) * size // to))
        for at, size, to in zip((row, column), values.shape, out, strict=True)
    )
    down, across = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
    weight = np.full(len(down), 1.0 / len(down))
    found = weighted_sum(np.full(len(down), unit), down, across, values[down, across], weight)
    return replace(found, facts={"divisor": float(len(down))})
