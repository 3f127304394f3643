"""What the words that pool windows share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from striate.architecture.aspects.onnx_graph import Attribute, OnnxGraph
from striate.architecture.aspects.output_size import (
    Pad,
    Pair,
    Shape,
    Sides,
    Window,
    pad_window,
    short,
    text_of,
)
from striate.architecture.aspects.padding import torch_padding
from striate.architecture.aspects.program_call import Argument, ProgramCall, channels_last, pair
from striate.architecture.aspects.word import BackwardNeeds, Leaf
from striate.errors import NotationError


def pool_window(
    word: str,
    kernel: Pair,
    *,
    stride: Pair | None,
    pad: Pad,
    size: Pair,
    dilation: Pair = (1, 1),
    ceil: bool = False,
) -> Window:
    """Return the window of a pool, whose stride is its own size where none is given.

    Raises:
        NotationError: the last incomplete windows are to count beside a padding of its own at each
            side.
    """
    if ceil and (pad == "end" or isinstance(pad, Sides)):
        raise NotationError(
            f"{word} got ceil=yes and pad={text_of(pad)}; ceil=yes goes with the same padding on "
            "both sides alone. Leave it out, and pad more at the bottom and the right"
        )
    return pad_window(kernel, stride or kernel, pad, size=size, dilation=dilation)


def refuse_wide_padding(word: str, window: Window, pad: Pad) -> Window:
    """Return a window unless it is padded by more than half of itself, the same on both sides.

    No pool of torch takes that, and what it would add are no numbers, or all but none.

    Raises:
        NotationError: it is.
    """
    if not torch_takes(window) and not isinstance(pad, Sides) and pad != "end":
        kernel = window.kernel
        raise NotationError(
            f"{word} got pad={window.pad_text}, more than half of its {text_of(kernel)} window; "
            f"pad by at most {short((kernel[0] // 2, kernel[1] // 2))}"
        )
    return window


def refuse_mere_padding(word: str, window: Window, size: Pair, positions: Pair) -> None:
    """Make sure that every position of a window meets something of the map.

    Raises:
        NotationError: one meets nothing but padding.
    """
    for axis, side in enumerate(size):
        if any(window.misses(axis, position, side) for position in range(positions[axis])):
            dilated = window.dilation != (1, 1)
            raise NotationError(
                f"{word}'s {text_of(window.kernel)} window "
                + (f"with dilation {short(window.dilation)} " if dilated else "")
                + f"meets nothing but padding in {text_of(size)} padded by {window.pad_text}; "
                + ("dilate" if dilated else "pad")
                + " less, or pool less before it"
            )


def torch_takes(window: Window) -> bool:
    """Say whether torch's pools take the padding: the same on both sides, at most half a window."""
    halves = (side // 2 for side in window.kernel)
    return window.even and all(a <= b for a, b in zip(window.pad, halves, strict=True))


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


def averages_need(window: Window, leaf: Leaf) -> BackwardNeeds:
    """Return what the backward pass of a mean or sum needs: its input, or that with its padding."""
    if torch_takes(window):
        return BackwardNeeds("input")
    channels, rows, columns = leaf.input
    return BackwardNeeds(values=channels * math.prod(window.padded(rows, columns)))


def sliding(window: Window, pads: Sequence[int]) -> dict[str, Attribute]:
    """Return a window as attributes of an ONNX operator."""
    return {"kernel_shape": window.kernel, "strides": window.stride, "pads": pads}


def onnx_mean(window: Window, leaf: Leaf, x: str, *, graph: OnnxGraph, result: str) -> str:
    """Add the mean over whole windows, zeros beyond the map included."""
    import numpy as np

    pads = overhang(window, leaf.input, leaf.output)
    own = sliding(window, pads)
    if any(pad >= side for pad, side in zip(pads, [*window.kernel, *window.kernel], strict=True)):
        # engines take less than the window as a pool's own padding, and ONNX Runtime 1.31 makes
        # a Pad before a pool its own; a convolution takes any
        channels, *_ = leaf.input
        shares = np.full((channels, 1, *window.kernel), 1 / math.prod(window.kernel), np.float32)
        weight = graph.constant(f"{result}.shares", shares)
        return graph.node("Conv", [x, weight], result, own | {"group": channels})
    return graph.node("AveragePool", [x], result, own | {"count_include_pad": 1})


def torch_pool(
    leaf: Leaf, window: Window, head: str, *more: Argument, filling: tuple[Argument, ...] = ()
) -> list[ProgramCall]:
    """Return the call of a pool of torch, whose stride is its window where it is left out.

    Where torch's pools do not take its padding, that is a call before it.

    Args:
        leaf: the pool in its place.
        window: of the pool.
        head: what is called.
        more: arguments besides.
        filling: of F.pad, for what stands in the padding.
    """
    kernel = pair(window.kernel)
    arguments = (
        Argument(kernel, role="kernel_size"),
        Argument(pair(window.stride), "stride", kernel, "stride"),
        Argument(pair(window.pad) if torch_takes(window) else 0, "padding", 0, "padding"),
        *more,
    )
    padding = [] if torch_takes(window) else torch_padding(window, *filling)
    return [*padding, ProgramCall(head, arguments, output=leaf.output)]


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


def needed_sides(leaf: Leaf, window: Window) -> Sides:
    """Return the padding with which every window fits, the last incomplete ones too."""
    top, left, bottom, right = overhang(window, leaf.input, leaf.output)
    return Sides(top, max(window.pad_behind[0], bottom), left, max(window.pad_behind[1], right))
