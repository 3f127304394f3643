"""Averages of parts that find their own windows: torch's adaptive average pooling.

Part i of n rows goes from row floor(i * n / to) up to, not including, row ceil((i + 1) * n / to).
https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from striate.architecture.aspects.output_size import Pair
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last, pair
from striate.architecture.aspects.word import Leaf

if TYPE_CHECKING:
    import numpy as np

    from striate.architecture.aspects.numpy_pass import Array, ByName, Result
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms

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


def adaptive_keras(leaf: Leaf, to: Pair) -> list[ProgramCall]:
    """Return the call of Keras, of a function of its own where the parts are not alike."""
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


def shares_of(side: int, count: int) -> np.ndarray:
    """Return float32 (count, side), the share of each place in each part, by the rule of torch.

    >>> shares_of(3, 2).tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    import numpy as np

    shares = np.zeros((count, side), np.float32)
    for part in range(count):
        first, end = part * side // count, -(-(part + 1) * side // count)
        shares[part, first:end] = 1 / (end - first)
    return shares


def adaptive_pass(x: Array, to: Pair) -> Result:
    """Take the mean of each part, and give the way back; `AvgPool.numpy_pass` tells the rule."""
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


def adaptive_sum(call: AtWork, place: Place) -> Terms:
    """Return how the mean of one part comes about."""
    import numpy as np

    from striate.architecture.aspects.worked_sum import to_float64, weighted_sum

    unit, row, column = place
    values = to_float64(call.inputs[0][:, unit])
    out = call.output.shape[2:]
    rows, columns = (
        np.arange(at * size // to, -(-(at + 1) * size // to))
        for at, size, to in zip((row, column), values.shape, out, strict=True)
    )
    down, across = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
    weight = np.full(len(down), 1.0 / len(down))
    found = weighted_sum(np.full(len(down), unit), down, across, values[down, across], weight)
    return replace(found, facts={"divisor": float(len(down))})
