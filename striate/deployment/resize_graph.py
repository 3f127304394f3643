"""From a raw image to the network's input, as operations of ONNX that every runtime has.

The same arithmetic as `striate.data.images.placement.resize`: two products with triangular
weights, which are worked out in the graph from the size of the image. Resize of ONNX itself is of
no use: OpenVINO leaves its antialiasing out without a word.

The image is never turned. All is worked out along its stored sides, rows and columns one below the
other in arrays of (2, ...); the weights of a side that lies the other way round are turned, and the
small result is transposed where rows lie as columns.

An image of 12 megapixels times dense weights would take 0.6 to 0.9 s. The weights of a few pixels
of the input are zero but for a band of the image, so each band is multiplied by its own, all bands
in one product. Few and large operations also let a runtime open the graph and meet a new size soon.
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

BAND: Final = 8  # pixels of the input that are made of one band of the image
PRODUCTS: Final = 4  # in which the bands of rows are multiplied: one would hold all as float32

# By orientation, 0 to 8: whether rows and columns are exchanged, which upright sides the stored
# ones are, and which of the stored ones run backwards.
TURNED: Final = (0, 0, 0, 0, 0, 1, 1, 1, 1)
ORDER: Final = tuple((way, 1 - way) for way in TURNED)
BACK: Final = ((0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (0, 0), (1, 0), (1, 1), (0, 1))
GRAY: Final = (19595, 38470, 7471)  # of 65536: 0.299, 0.587 and 0.114 as Pillow has them
LEAST: Final = 1e-6
TIE: Final = 1e-4  # what falls between two steps is rounded up, however a runtime adds


@dataclass(frozen=True)
class _Sides:
    """Both sides of the stored image on their way into the input; names of int64 (2, 1).

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


class _Stored:
    """What is known of the sides of the stored image.

    Attributes:
        turned: whether its rows lie as columns: bool, no dimension.
        counts: pixels along each: int64 (2, 1).
        back: 1 where it runs backwards: int64 (2, 1).
    """

    def __init__(self, op: Scope) -> None:
        known = op("And", op("Greater", ORIENTATION, 0), op("Less", ORIENTATION, 9))
        way = op("Where", known, ORIENTATION, 1)
        self.turned = op("Cast", op("Gather", np.array(TURNED), way), to=9)
        self.counts = op("Unsqueeze", op("Shape", IMAGE, start=0, end=2), [1])
        self.back = op("Gather", np.array(BACK).reshape(-1, 2, 1), way)
        self._op, self._order = op, op("Gather", np.array(ORDER), way)

    def pair(self, down: int, across: int) -> str:
        """Return two numbers of the upright image, each at the stored side that it is of."""
        both = np.array([[down], [across]])
        return self._op.constant(both) if down == across else self._op("Gather", both, self._order)

    def other(self, values: str) -> str:
        """Return the values of the other side."""
        return self._op("Gather", values, [1, 0])


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
    op, side = Scope(building, IMAGE), max(preprocess.height, preprocess.width)
    channels = preprocess.channels
    stored = _Stored(op)
    sides = _place(op, preprocess, stored)
    whole_pixels = preprocess.fit == "crop" and preprocess.crop_ratio == 1
    rows, columns = _weights(op, sides, stored, side, cut=whole_pixels)

    columns_there = op("Gather", stored.counts, 1)  # int64 (1,)
    flat = op("Reshape", IMAGE, op("Concat", [-1], op("Mul", columns_there, 3), axis=0))
    low = _multiply_bytes(op, rows, flat, columns_there, channels)  # (side, columns * channels)
    if preprocess.revision > 1:
        low = _round(op, low)
    low = op("Reshape", low, op("Concat", [side], columns_there, [channels], axis=0))
    low = op("Reshape", op("Transpose", low, perm=[1, 0, 2]), [-1, side * channels])
    small = _round(op, _multiply(op, columns, low))
    small = op("Reshape", small, [side, side, channels])  # stored columns, stored rows, channels
    if preprocess.fit == "pad":
        place = op("Add", np.arange(side).reshape(1, -1), sides.shift)
        covered = op("And", op("Greater", place, -1), op("Less", place, sides.made))
        down = op("Unsqueeze", op("Gather", covered, 0), [0, 2])
        across = op("Unsqueeze", op("Gather", covered, 1), [1, 2])
        border = preprocess.border_values.astype(np.float32).reshape(-1)
        small = op("Where", op("And", across, down), small, border)
    upright, lying = (op("Transpose", small, perm=perm) for perm in ([2, 1, 0], [2, 0, 1]))
    small = op("Where", stored.turned, lying, upright)
    if preprocess.height != preprocess.width:
        small = op("Slice", small, [0, 0], [preprocess.height, preprocess.width], [1, 2])
    return op("Unsqueeze", small, [0], result=result)


def _round(op: Scope, values: str) -> str:
    """Round half up."""
    return op("Floor", op("Add", values, 0.5 + TIE))


def _place(op: Scope, preprocess: Preprocess, stored: _Stored) -> _Sides:
    """Work out `Preprocess.placement` in the graph, in whole numbers as there."""
    height, width, counts = preprocess.height, preprocess.width, stored.counts
    made, nothing = stored.pair(height, width), stored.pair(0, 0)
    if preprocess.fit == "squash":
        return _Sides(nothing, counts, made, nothing)
    # whether the image is longer along a side than the input; of its shape, across alone
    scaled = op("Mul", counts, stored.pair(width, height))
    longer = op("Sub", scaled, stored.other(scaled))
    longer = op("Greater", op("Add", longer, stored.pair(0, 1)), 0)
    if preprocess.fit == "pad":
        # upright images are narrower, lying ones flatter than the input
        shorter = op("Max", _rounded(op, scaled, stored.other(counts)), 1)
        size = op("Where", longer, made, shorter)
        return _Sides(nothing, counts, size, op("Neg", op("Div", op("Sub", made, size), 2)))
    if preprocess.crop_ratio != 1:
        # the middle of an image that is made larger than the input
        ratio = Fraction(preprocess.crop_ratio).limit_denominator(10_000)
        along, across = (
            (2 * side * ratio.numerator + ratio.denominator) // (2 * ratio.denominator)
            for side in (height, width)
        )
        enlarged = op("Mul", counts, stored.pair(across, along))
        enlarged = op("Div", enlarged, stored.other(counts))
        enlarged = op("Where", longer, enlarged, stored.pair(along, across))
        return _Sides(nothing, counts, enlarged, _middle(op, op("Sub", enlarged, made)))
    kept = op("Mul", stored.other(counts), made)
    kept = op("Max", _rounded(op, kept, stored.pair(width, height)), 1)
    used = op("Where", longer, kept, counts)
    return _Sides(op("Div", op("Sub", counts, used), 2), used, made, nothing)


def _middle(op: Scope, left_over: str) -> str:
    """Halve what is left over, half to even."""
    half = op("Div", left_over, 2)
    odd = op("Sub", left_over, op("Mul", half, 2))
    second = op("Sub", half, op("Mul", op("Div", half, 2), 2))  # whether the half is odd itself
    return op("Add", half, op("Mul", odd, second))


def _float(op: Scope, whole: str) -> str:
    return op("Cast", whole, to=1)


def _rounded(op: Scope, numerator: str, denominator: str) -> str:
    """Divide whole numbers and round half up."""
    above = op("Add", op("Mul", numerator, 2), denominator)
    return op("Div", above, op("Mul", denominator, 2))


@dataclass(frozen=True)
class _Weights:
    """What each band of the input is made of along one side of the stored image.

    Attributes:
        pixels: int64 (bands, n), those that a band of the input needs.
        weights: float32 (bands, BAND, n), of each of them in each pixel of the band: rows that sum
            to one, or to nothing where the image does not reach.
        side: how many pixels of the input there are; the last band may reach beyond.
    """

    pixels: str
    weights: str
    side: int


def _weights(
    op: Scope, sides: _Sides, stored: _Stored, side: int, *, cut: bool
) -> tuple[_Weights, _Weights]:
    """Work out the weights along the stored rows and columns.

    Centres are whole pixels and a fraction: as one float they would be off by a part of a pixel
    that another runtime rounds otherwise.
    """
    bands = -(-side // BAND)
    middles = op("Add", np.arange(bands * BAND).reshape(1, -1), sides.shift)
    above = op("Mul", op("Add", op("Mul", middles, 2), 1), sides.used)
    below = op("Mul", sides.made, 2)
    whole = op("Div", above, below)
    rest = op("Sub", above, op("Mul", whole, below))
    within = op("Sub", 0.5, op("Div", _float(op, rest), _float(op, below)))
    whole = op("Add", whole, sides.start)
    # the triangle is as wide as a pixel of the image at least
    reach = op("Max", op("Div", _float(op, sides.used), _float(op, sides.made)), 1.0)

    margin = op("Add", op("Cast", op("Ceil", reach), to=7), 1)
    firsts = np.arange(0, bands * BAND, BAND)
    low = op("Sub", op("Gather", whole, firsts, axis=1), margin)
    high = op("Add", op("Add", op("Gather", whole, firsts + BAND - 1, axis=1), margin), 1)
    low, high = (op("Min", op("Max", value, 0), stored.counts) for value in (low, high))
    turned = op("Cast", stored.back, to=9)
    lowest = op("Where", turned, op("Sub", stored.counts, high), low)
    each = [sides.start, sides.used, stored.counts, stored.back, whole, within, reach, lowest]
    each.append(op("Sub", high, low))

    def along(which: int) -> _Weights:
        start, used, count, back, centre, fraction, wide, first, lengths = (
            op("Gather", values, which) for values in each
        )
        # a band of the border needs none; one pixel is taken, since engines refuse empty products
        length = op("Max", op("ReduceMax", lengths, keepdims=0), 1)
        first = op("Min", first, op("Sub", count, length))
        pixels = op("Add", op("Unsqueeze", first, [1]), op("Range", 0, length, 1))
        upright = op("Abs", op("Sub", op("Mul", back, op("Sub", count, 1)), pixels))
        upright = op("Unsqueeze", upright, [1])
        apart = op("Sub", upright, op("Reshape", centre, [bands, BAND, 1]))
        distance = op("Add", _float(op, apart), op("Reshape", fraction, [bands, BAND, 1]))
        weights = op("Relu", op("Sub", 1.0, op("Div", op("Abs", distance), wide)))
        if cut:
            past = op("Greater", upright, op("Sub", start, 1))
            inside = op("And", past, op("Less", upright, op("Add", start, used)))
            weights = op("Mul", weights, _float(op, inside))
        sums = op("ReduceSum", weights, [2], keepdims=1)
        return _Weights(pixels, op("Div", weights, op("Max", sums, LEAST)), side)

    return along(0), along(1)


def _multiply(op: Scope, weights: _Weights, values: str) -> str:
    """Multiply float32 (pixels, n) by the weights along the first axis: (side, n)."""
    parts = op("MatMul", weights.weights, op("Gather", values, weights.pixels))
    return _join_bands(op, parts, op("Shape", values, start=1), weights.side)


def _multiply_bytes(op: Scope, weights: _Weights, values: str, columns: str, channels: int) -> str:
    """Multiply uint8 (rows, columns * 3), made grey before if it is to be, by the weights.

    Returns:
        float32 (side, columns * channels).
    """
    bands, products = -(-weights.side // BAND), []
    at_once = -(-bands // PRODUCTS)
    for first in range(0, bands, at_once):
        last = min(first + at_once, bands)
        pixels, own = (
            op("Slice", v, [first], [last], [0]) for v in (weights.pixels, weights.weights)
        )
        band = op("Gather", values, pixels)
        shape = op("Concat", [last - first, -1], columns, axis=0)
        band = add_gray(op, band, shape) if channels == 1 else _float(op, band)
        products.append(op("MatMul", own, band))
    whole = products[0] if len(products) == 1 else op("Concat", *products, axis=0)
    return _join_bands(op, whole, op("Mul", columns, channels), weights.side)


def _join_bands(op: Scope, bands: str, width: str, side: int) -> str:
    """Lay (bands, BAND, width) one below the other, and leave out what reaches beyond."""
    rows = op("Reshape", bands, op("Concat", [-1], width, axis=0))
    return op("Slice", rows, [0], [side], [0]) if side % BAND else rows


def add_gray(op: Scope, colors: str, shape: Value) -> str:
    """Make colours grey as Pillow does, exactly: sums are whole parts of 2**16 below 2**8.

    Args:
        op: the part of the graph.
        colors: uint8, whose values are red, green, blue, red and so on.
        shape: of the result, float32.
    """
    # a row of each colour: engines multiply long rows several times as fast as columns of three
    planes = op("Transpose", op("Reshape", colors, [-1, 3]), perm=[1, 0])
    sums = op("MatMul", np.array([GRAY], np.float32) / 2**16, _float(op, planes))
    return op("Reshape", op("Floor", op("Add", sums, 0.5)), shape)
