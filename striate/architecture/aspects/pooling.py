"""What the words that pool windows share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from striate.architecture.aspects.onnx_graph import Attribute, OnnxGraph
from striate.architecture.aspects.output_size import Pair, Shape, Window, pad_window, short, text_of
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last, pair
from striate.architecture.aspects.word import Leaf
from striate.errors import NotationError


def pool_window(
    word: str,
    kernel: Pair,
    *,
    stride: Pair | None,
    pad: Pair | Literal["same"],
    dilation: Pair = (1, 1),
) -> Window:
    """Return the window of a pool, whose stride is its own size where none is given.

    Raises:
        NotationError: it is padded by more than half of itself, which no pool of torch takes.
    """
    window = pad_window(kernel, stride or kernel, pad, dilation=dilation)
    most = (kernel[0] // 2, kernel[1] // 2)
    if window.pad[0] > most[0] or window.pad[1] > most[1]:
        raise NotationError(
            f"{word} got pad={short(window.pad)}, more than half of its "
            f"{text_of(kernel)} window; pad by at most {short(most)}"
        )
    return window


def overhang(window: Window, arriving: Shape, leaving: Shape) -> list[int]:
    """Return the padding with which every position of a window fits, as ONNX lists it.

    ONNX and torch mean different things by ``ceil_mode``; with this padding there is no need of it.

    Args:
        window: of the pool.
        arriving: the shape that goes in.
        leaving: the shape that comes out, the last incomplete windows counted or not.

    Returns:
        Top, left, bottom, right.

    >>> overhang(Window((3, 3), (2, 2)), (1, 6, 7), (1, 3, 3))
    [0, 0, 1, 0]
    """
    ends = [
        max(0, (count - 1) * stride + extent - side - pad)
        for count, stride, extent, side, pad in zip(
            leaving[1:], window.stride, window.extent, arriving[1:], window.pad, strict=True
        )
    ]
    return [*window.pad, *ends]


def sliding(window: Window, pads: Sequence[int]) -> dict[str, Attribute]:
    """Return a window as attributes of an ONNX operator."""
    return {"kernel_shape": window.kernel, "strides": window.stride, "pads": pads}


def onnx_mean(window: Window, leaf: Leaf, x: str, *, graph: OnnxGraph, result: str) -> str:
    """Add the mean over whole windows, zeros beyond the map included."""
    own = sliding(window, overhang(window, leaf.input, leaf.output))
    return graph.node("AveragePool", [x], result, own | {"count_include_pad": 1})


def torch_pool(leaf: Leaf, window: Window, head: str, *more: Argument) -> list[ProgramCall]:
    """Return the call of a pool of torch, whose stride is its window where it is left out."""
    kernel = pair(window.kernel)
    arguments = (
        Argument(kernel, role="kernel_size"),
        Argument(pair(window.stride), "stride", kernel, "stride"),
        Argument(pair(window.pad), "padding", 0, "padding"),
        *more,
    )
    return [ProgramCall(head, arguments, output=leaf.output)]


def keras_pool(leaf: Leaf, window: Window, head: str) -> ProgramCall:
    """Return the call of a pool of Keras, without padding."""
    kernel = pair(window.kernel)
    stride = Argument(pair(window.stride), "strides", kernel, "stride")
    arguments = (Argument(kernel, role="kernel_size"), stride)
    return ProgramCall(head, arguments, output=channels_last(leaf.output))


def keras_function(leaf: Leaf, window: Window, definition: str, *more: Argument) -> ProgramCall:
    """Return the call of a pool that Keras lacks; its function takes all sizes as pairs.

    Args:
        leaf: the pool in its place.
        window: of the pool.
        definition: of the function, from its ``def`` on.
        more: arguments besides.
    """
    head = definition.lstrip("\n").removeprefix("def ").partition("(")[0]
    kernel = Argument(window.kernel, role="kernel_size")
    arguments = (kernel, Argument(window.stride, role="stride"), *more)
    output = channels_last(leaf.output)
    return ProgramCall(head, arguments, output=output, definition=definition)


def keras_zeros(window: Window, behind: Pair) -> list[ProgramCall]:
    """Return the padding of a pool with zeros as a call of its own; none where there is none."""
    if window.pad == behind == (0, 0):
        return []
    rows, columns = zip(window.pad, behind, strict=True)
    value = pair(window.pad) if behind == window.pad else (rows, columns)
    return [ProgramCall("layers.ZeroPadding2D", (Argument(value, role="padding"),))]


def needed_behind(leaf: Leaf, window: Window) -> Pair:
    """Return rows and columns that the last windows need behind the maps, padding included."""
    _, _, bottom, right = overhang(window, leaf.input, leaf.output)
    return max(window.pad[0], bottom), max(window.pad[1], right)
