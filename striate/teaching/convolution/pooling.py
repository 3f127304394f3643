"""Pooling one map: the largest, the mean or the sum of each window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

import numpy as np

from striate.architecture.words import AvgPool, Conv, MaxPool, Pair, Shape, SumPool, Window
from striate.errors import NotationError, SettingError
from striate.teaching.convolution.number_text import describe_map, to_plain
from striate.teaching.convolution.sliding import LARGEST

if TYPE_CHECKING:
    from striate.architecture.layer_table import Formulas

Pool = MaxPool | AvgPool | SumPool
Kind = Literal["max", "avg", "sum"]

KINDS: Final[dict[str, type[Pool]]] = {"max": MaxPool, "avg": AvgPool, "sum": SumPool}
TEXT = re.compile(
    r"(?:(max|avg|sum)(?:pool)?)?\s*([0-9]+(?:x[0-9]+)?)?"
    r"(?:\s+stride=([0-9]+(?:x[0-9]+)?))?(?:\s+ceil=(yes|no))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False, repr=False)
class Pooled:
    """A pooled map.

    Attributes:
        map: (rows, columns), or (rows, columns, channels).
        layer: the word of the notation that does the same in a network.
        size: rows and columns of the map before.
        names: of its channels.
    """

    map: np.ndarray
    layer: Pool
    size: Pair
    names: tuple[str, ...]

    @property
    def formula(self) -> str:
        """How its rows and columns come about, with the numbers."""
        return compute_formulas(self.layer, (1, *self.size)).output

    def as_text(self, *, width: int = 80) -> str:
        """Write its size with the formula, and the numbers where they fit.

        Args:
            width: characters that a line may have.
        """
        lines = describe_map(f"pooled by {self.layer}", self.map, self.names, width=width)
        return "\n".join([lines[0], f"size: {self.formula}", *lines[1:]])

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return f"Pooled({'x'.join(map(str, self.map.shape))} by '{self.layer}')"

    def as_json(self) -> list[object]:
        """Return the map as lists of rows."""
        return to_plain(self.map)


def compute_formulas(layer: Conv | Pool, shape: Shape) -> Formulas:
    """Write the calculations of a layer down, as `striate describe` does.

    >>> compute_formulas(MaxPool((2, 2), ceil=True), (1, 5, 5)).output
    'ceil((5 - 2)/2) + 1 = 3'
    """
    from striate.architecture.layer_table.formulas import formulas
    from striate.architecture.notation import Leaf

    leaf = Leaf(layer.word, layer, shape, layer.output(shape))
    return formulas(leaf, [None], memory=False)


def parse_pool(text: str) -> Pool:
    """Read how to pool: ``max``, ``avg 3``, ``sum 2x3 stride=1``, ``max 2 ceil=no``.

    Where left out, it is the largest of 2x2, and the last incomplete windows count.

    Raises:
        SettingError: it is written otherwise.

    >>> print(parse_pool("avg 3 stride=2"))
    avgpool 3 stride=2 ceil=yes
    """
    found = TEXT.fullmatch(text.strip())
    if found is None or not text.strip():
        raise SettingError(
            f"the pooling is '{text[:40]}'; expected max, avg or sum and the window, "
            "as in 'max 2', 'avg 3 stride=2' or 'max 2x3 ceil=no'"
        )
    kind, window, stride, ceil = found.groups()
    if 0 in (*parse_pair(window or "2"), *parse_pair(stride or "1")):
        raise SettingError(
            f"the pooling is '{text[:40]}'; expected a window and a stride of at least 1"
        )
    return make_pool(
        cast("Kind", (kind or "max").lower()),
        parse_pair(window) if window else (2, 2),
        stride=parse_pair(stride) if stride else None,
        # unlike the notation: the worked example that people learn from counts these windows, and a
        # value that vanishes at the border is hard to explain
        ceil=(ceil or "yes").lower() == "yes",
    )


def parse_pair(text: str) -> Pair:
    """Read ``3`` or ``3x5`` as rows and columns.

    >>> parse_pair("3"), parse_pair("3x5")
    ((3, 3), (3, 5))
    """
    rows, _, columns = text.lower().partition("x")
    return int(rows[:9]), int((columns or rows)[:9])


def make_pool(
    kind: Kind, window: Pair, *, stride: Pair | None = None, pad: Pair = (0, 0), ceil: bool = True
) -> Pool:
    """Return the pooling word of the notation.

    Raises:
        SettingError: no such kind, or a window or stride below 1.
    """
    if kind not in get_args(Kind):
        raise SettingError(f"the pooling is '{kind}'; expected max, avg or sum")
    try:
        return KINDS[kind](window, stride=stride, pad=pad, ceil=ceil)
    except NotationError as error:
        raise SettingError(error.message) from error


def pool(values: np.ndarray, layer: Pool) -> np.ndarray:
    """Pool a map; an incomplete last window holds what there is of it.

    The rules are torch's: a mean counts padded zeros, but nothing beyond the padding:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html

    Args:
        values: float64 (rows, columns) or (rows, columns, channels).
        layer: the word of the notation, ``maxpool``, ``avgpool`` or ``sumpool``.

    Raises:
        SettingError: the window does not fit.

    >>> pool(np.arange(9.0).reshape(3, 3), parse_pool("max 2")).tolist()
    [[4.0, 5.0], [7.0, 8.0]]
    """
    try:
        window = layer.window_on((1, *values.shape[:2]))
        if window is None:
            raise SettingError(f"'{layer}' finds its own windows; give a window, as in avgpool 2")
        rows, columns = window.positions(*values.shape[:2], ceil=layer.ceil)
    except NotationError as error:
        raise SettingError(error.message) from error
    if max(window.kernel) > LARGEST**0.5:
        raise SettingError(f"the pooling window of {window.kernel} is too large")
    largest = isinstance(layer, MaxPool)
    source = _pad_ends(values, window, (rows, columns), -np.inf if largest else 0.0)
    counted = not isinstance(layer, AvgPool) or layer.countpad
    counts = _mark_counted(source.shape[:2], window, values.shape[:2], padding=counted)
    out = np.full((rows, columns, *values.shape[2:]), -np.inf if largest else 0.0)
    held = np.zeros((rows, columns))
    for i, j in np.ndindex(*window.kernel):
        places = tuple(
            slice(start * d, start * d + (count - 1) * stride + 1, stride)
            for start, d, count, stride in zip(
                (i, j), window.dilation, (rows, columns), window.stride, strict=True
            )
        )
        out = np.maximum(out, source[places]) if largest else out + source[places]
        held += counts[places]
    if isinstance(layer, AvgPool):
        out /= held.reshape(rows, columns, *[1] * (values.ndim - 2))
    return out


def _pad_ends(values: np.ndarray, window: Window, positions: Pair, filling: float) -> np.ndarray:
    """Add padding, and what the last windows reach beyond it."""
    widths = []
    for axis in (0, 1):
        reach = (positions[axis] - 1) * window.stride[axis] + window.extent[axis]
        pads = (window.pad[axis], window.pad_behind[axis])
        room = values.shape[axis] + sum(pads)
        widths.append((pads[0], pads[1] + max(0, reach - room)))
    return np.pad(values, [*widths, *[(0, 0)] * (values.ndim - 2)], constant_values=filling)


def _mark_counted(
    sides: Sequence[int], window: Window, size: Sequence[int], *, padding: bool
) -> np.ndarray:
    """Return 1 where a mean counts: on the map, and on its padding if that counts."""
    marks = np.zeros(tuple(sides))
    rows, columns = window.padded(size[0], size[1])
    if padding:
        marks[:rows, :columns] = 1
    else:
        top, bottom, left, right = window.sides
        marks[top : rows - bottom, left : columns - right] = 1
    return marks
