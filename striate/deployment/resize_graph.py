"""From a raw image to the network's input, as operations of ONNX that every runtime has.

The same arithmetic as `striate.data.images.placement.resize`: two products with triangular
weights, which are worked out in the graph from the size of the image. Resize of ONNX itself is of
no use: OpenVINO leaves its antialiasing out without a word.

The image is never turned. The weights of a side that lies the other way round are turned instead,
and the small result is transposed where rows lie as columns.

An image of 12 megapixels times dense weights would take 0.6 to 0.9 s. The weights of a few rows of
the input are zero but for a band of the image, so they are multiplied by that band alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from striate.backends.onnx.graph_builder import Building
from striate.data.images import Preprocess
from striate.deployment.graph_scope import Scope, Value
from striate.deployment.sealed_answers import IMAGE, ORIENTATION

BAND: Final = 8  # rows of the input that are made of one band of the image

# By orientation, 0 to 8: whether rows and columns are exchanged, and, upright, run backwards.
TURNED: Final = (0, 0, 0, 0, 0, 1, 1, 1, 1)
ROWS_BACK: Final = (0, 0, 0, 1, 1, 0, 0, 1, 1)
COLUMNS_BACK: Final = (0, 0, 1, 1, 0, 0, 1, 1, 0)
GRAY: Final = (19595, 38470, 7471)  # of 65536: 0.299, 0.587 and 0.114 as Pillow has them
LEAST: Final = 1e-6
TIE: Final = 1e-4  # what falls between two steps is rounded up, however a runtime adds


@dataclass(frozen=True)
class _Axis:
    """One side of the upright image on its way into the input; names of int64 scalars in the graph.

    Pixel i of the input is centred on ``start + (i + shift + 1/2) * used / made`` of the image.

    Attributes:
        start: the first pixel of the image that is used.
        used: how many of its pixels are.
        made: how many pixels these are made.
        shift: of the input against these.
    """

    start: str
    used: str
    made: str
    shift: str


def add_image_input(building: Building, preprocess: Preprocess, result: str) -> str:
    """Add what turns the inputs "image" and "orientation" into the network's input.

    Args:
        building: the graph that grows.
        preprocess: how an image is made to fit; mean and std are not applied.
        result: what to call the result: float32 (1, channels, height, width) of whole numbers
            from 0 to 255.

    >>> graph = Building({})
    >>> add_image_input(graph, Preprocess(1, 28, 28), "pixels")
    'pixels'
    """
    op = Scope(building, IMAGE)
    side, sizes = max(preprocess.height, preprocess.width), op("Shape", IMAGE)
    stored_rows, stored_columns = op("Gather", sizes, 0), op("Gather", sizes, 1)
    known = op("And", op("Greater", ORIENTATION, 0), op("Less", ORIENTATION, 9))
    way = op("Where", known, ORIENTATION, 1)
    turned = op("Cast", op("Gather", np.array(TURNED), way), to=9)
    rows = op("Where", turned, stored_columns, stored_rows)
    columns = op("Where", turned, stored_rows, stored_columns)

    down, across = _place(op, preprocess, rows, columns)
    y = _numbers(op, down, op("Gather", np.array(ROWS_BACK), way))
    x = _numbers(op, across, op("Gather", np.array(COLUMNS_BACK), way))
    whole_pixels = preprocess.fit == "crop" and preprocess.crop_ratio == 1
    first = _weights(op, op("Where", turned, x, y), stored_rows, side, cut=whole_pixels)
    second = _weights(op, op("Where", turned, y, x), stored_columns, side, cut=whole_pixels)

    narrow = _multiply_rows(op, first, stored_columns, side, preprocess.channels)
    if preprocess.revision > 1:
        narrow = _round(op, narrow)
    small = op("MatMul", narrow, op("Transpose", second.weights, perm=[1, 0]))
    small = op("Reshape", small, [preprocess.channels, side, side])
    small = op("Where", turned, op("Transpose", small, perm=[0, 2, 1]), small)
    small = _round(op, small)
    if preprocess.fit == "pad":
        border = preprocess.border_values.astype(np.float32).reshape(-1, 1, 1)
        rows_in = op("Unsqueeze", _covered(op, down, side), [1])
        inside = op("And", rows_in, op("Unsqueeze", _covered(op, across, side), [0]))
        small = op("Where", inside, small, border)
    if preprocess.height != preprocess.width:
        small = op("Slice", small, [0, 0], [preprocess.height, preprocess.width], [1, 2])
    return op("Unsqueeze", small, [0], result=result)


def _round(op: Scope, values: str) -> str:
    """Round half up."""
    return op("Floor", op("Add", values, 0.5 + TIE))


def _place(op: Scope, preprocess: Preprocess, rows: str, columns: str) -> tuple[_Axis, _Axis]:
    """Work out `Preprocess.placement` in the graph, in whole numbers as there."""
    height, width = preprocess.height, preprocess.width
    tall = op("Greater", op("Mul", rows, width), op("Mul", columns, height))
    if preprocess.fit == "squash":
        return _whole(op, rows, height), _whole(op, columns, width)
    if preprocess.fit == "pad":
        # upright images are narrower, lying ones flatter than the input
        narrow = op("Max", 1, _rounded(op, op("Mul", columns, height), rows))
        flat = op("Max", 1, _rounded(op, op("Mul", rows, width), columns))
        down = _whole(op, rows, height, op("Where", tall, height, flat))
        return down, _whole(op, columns, width, op("Where", tall, narrow, width))
    if preprocess.crop_ratio != 1:
        return _larger(op, preprocess, rows=rows, columns=columns, tall=tall)
    kept_rows = op("Max", 1, _rounded(op, op("Mul", columns, height), width))
    kept_columns = op("Max", 1, _rounded(op, op("Mul", rows, width), height))
    down = _cut(op, rows, op("Where", tall, kept_rows, rows), height)
    return down, _cut(op, columns, op("Where", tall, columns, kept_columns), width)


def _larger(
    op: Scope, preprocess: Preprocess, *, rows: str, columns: str, tall: str
) -> tuple[_Axis, _Axis]:
    """Place the middle of an image that is made larger than the input."""
    ratio = Fraction(preprocess.crop_ratio).limit_denominator(10_000)
    height, width = preprocess.height, preprocess.width
    across, along = (
        (2 * side * ratio.numerator + ratio.denominator) // (2 * ratio.denominator)
        for side in (width, height)
    )
    high = op("Where", tall, op("Div", op("Mul", rows, across), columns), along)
    wide = op("Where", tall, across, op("Div", op("Mul", columns, along), rows))
    return _middle(op, rows, high, height), _middle(op, columns, wide, width)


def _middle(op: Scope, count: str, enlarged: str, side: int) -> _Axis:
    """The middle of a side that is made ``enlarged`` first."""
    left_over = op("Sub", enlarged, side)
    half = op("Div", left_over, 2)
    odd = op("Sub", left_over, op("Mul", half, 2))
    second = op("Sub", half, op("Mul", op("Div", half, 2), 2))  # whether the half is odd itself
    first = op("Add", half, op("Mul", odd, second))  # rounded half to even
    return _Axis(op.constant(0), count, enlarged, first)


def _whole(op: Scope, count: str, side: int, size: str | None = None) -> _Axis:
    """All of a side, in the middle of the input where it covers ``size`` of ``side``."""
    nothing = op.constant(0)
    if size is None:
        return _Axis(nothing, count, op.constant(side), nothing)
    return _Axis(nothing, count, size, op("Neg", op("Div", op("Sub", side, size), 2)))


def _cut(op: Scope, count: str, kept: str, side: int) -> _Axis:
    """The middle of a side, cut out in whole pixels before it is resized."""
    first = op("Div", op("Sub", count, kept), 2)
    return _Axis(first, kept, op.constant(side), op.constant(0))


def _float(op: Scope, whole: str) -> str:
    return op("Cast", whole, to=1)


def _rounded(op: Scope, numerator: str, denominator: str | int) -> str:
    """Divide whole numbers and round half up."""
    if isinstance(denominator, int):
        return op("Div", op("Add", op("Mul", numerator, 2), denominator), 2 * denominator)
    return op("Div", op("Add", op("Mul", numerator, 2), denominator), op("Mul", denominator, 2))


def _numbers(op: Scope, axis: _Axis, back: str) -> str:
    """Put what the weights of an axis are made of into one row: int64 (5,)."""
    each = [axis.start, axis.used, axis.made, axis.shift, back]
    return op("Concat", *(op("Unsqueeze", name, [0]) for name in each), axis=0)


def _covered(op: Scope, axis: _Axis, side: int) -> str:
    """Which pixels of the input the image covers along an axis: bool (side,)."""
    place = op("Add", np.arange(side), axis.shift)
    return op("And", op("Greater", place, -1), op("Less", place, axis.made))


@dataclass(frozen=True)
class _Weights:
    """What each pixel of the input is made of along one side of the stored image.

    Attributes:
        weights: float32 (side, pixels), rows that sum to one.
        lowest: int64 (bands,), the first pixel that a band of the input needs.
        highest: int64 (bands,), one behind the last.
    """

    weights: str
    lowest: str
    highest: str


def _weights(op: Scope, numbers: str, count: str, side: int, *, cut: bool) -> _Weights:
    """Work out the weights along one side; ``numbers`` are those of `_numbers`.

    Centres are whole pixels and a fraction: as one float they would be off by a part of a pixel
    that another runtime rounds otherwise.
    """
    start, used, made, shift, back = (op("Gather", numbers, index) for index in range(5))
    twice = op("Add", op("Mul", op("Add", np.arange(side), shift), 2), 1)
    above, below = op("Mul", twice, used), op("Mul", made, 2)
    whole = op("Div", above, below)
    rest = op("Sub", above, op("Mul", whole, below))
    fraction = op("Div", _float(op, rest), _float(op, below))
    whole = op("Add", whole, start)

    last = op("Sub", count, 1)
    pixels = op("Abs", op("Sub", op("Mul", back, last), op("Range", 0, count, 1)))
    apart = op("Sub", op("Unsqueeze", pixels, [0]), op("Unsqueeze", whole, [1]))
    within = op("Unsqueeze", op("Sub", 0.5, fraction), [1])
    distance = op("Abs", op("Add", _float(op, apart), within))
    # the triangle is as wide as a pixel of the image at least
    reach = op("Max", op("Div", _float(op, used), _float(op, made)), 1.0)
    weights = op("Relu", op("Sub", 1.0, op("Div", distance, reach)))
    if cut:
        past = op("Greater", pixels, op("Sub", start, 1))
        inside = op("And", past, op("Less", pixels, op("Add", start, used)))
        weights = op("Mul", weights, op("Unsqueeze", _float(op, inside), [0]))
    sums = op("ReduceSum", weights, [1], keepdims=1)
    weights = op("Div", weights, op("Max", sums, LEAST))

    firsts = list(range(0, side, BAND))
    lasts = [min(first + BAND, side) - 1 for first in firsts]
    margin = op("Add", op("Cast", op("Ceil", reach), to=7), 1)
    low = op("Sub", op("Gather", whole, firsts), margin)
    high = op("Add", op("Add", op("Gather", whole, lasts), margin), 1)
    low, high = (op("Min", op("Max", value, 0), count) for value in (low, high))
    turned = op("Cast", back, to=9)
    lowest = op("Where", turned, op("Sub", count, high), low)
    highest = op("Where", turned, op("Sub", count, low), high)
    # a band of the border needs none; one pixel is taken, since engines refuse empty products
    lowest = op("Min", lowest, last)
    return _Weights(weights, lowest, op("Max", highest, op("Add", lowest, 1)))


def _multiply_rows(op: Scope, rows: _Weights, columns: str, side: int, channels: int) -> str:
    """Multiply the stored rows by their weights, band by band.

    Returns:
        float32 (channels * side, columns).
    """
    flat = op("Reshape", IMAGE, op("Concat", [-1], op("Mul", columns, [3]), axis=0))
    bands = []
    for number, first in enumerate(range(0, side, BAND)):
        last = min(first + BAND, side)
        low = op("Slice", rows.lowest, [number], [number + 1], [0])
        high = op("Slice", rows.highest, [number], [number + 1], [0])
        band = op("Cast", op("Slice", flat, low, high, [0]), to=1)
        if channels == 1:
            band = add_gray(op, band, op("Concat", [-1], op("Unsqueeze", columns, [0]), axis=0))
        part = op("Slice", rows.weights, [first], [last], [0])
        bands.append(op("MatMul", op("Slice", part, low, high, [1]), band))
    narrow = bands[0] if len(bands) == 1 else op("Concat", *bands, axis=0)
    if channels == 1:
        return narrow
    split = op("Concat", [side], op("Unsqueeze", columns, [0]), [channels], axis=0)
    apart = op("Transpose", op("Reshape", narrow, split), perm=[2, 0, 1])
    return op(
        "Reshape", apart, op("Concat", [channels * side], op("Unsqueeze", columns, [0]), axis=0)
    )


def add_gray(op: Scope, rows: str, shape: Value) -> str:
    """Make rows of colours grey as Pillow does, exactly: all sums are whole numbers below 2**24.

    Args:
        op: the part of the graph.
        rows: float32 (rows, 3 * columns).
        shape: of the result.
    """
    width = op("Shape", rows, start=1, end=2)
    weights = np.array(GRAY, np.float32).reshape(1, 1, 3)
    given = op("Reshape", rows, op("Concat", [-1, 1], width, axis=0))
    sums = op("Conv", given, weights, kernel_shape=[3], strides=[3])
    levels = op("Floor", op("Mul", op("Add", sums, 32768.0), 2.0**-16))
    return op("Reshape", levels, shape)
