"""How a layer is called in a drawing, and how sizes are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from striate.architecture.words import Conv, Fc, Flatten, Gap, Layer, Leaf, Pair, Shape

POOLS: Final = {"maxpool": "max pool", "avgpool": "average pool", "sumpool": "sum pool"}
NAMED: Final[dict[type[Layer], tuple[str, tuple[str, ...]]]] = {
    Fc: ("fc", ("fc",)),
    Gap: ("pool", ("global average",)),
    Flatten: ("flat", ("flatten",)),
}


def kind_and_lines(leaf: Leaf) -> tuple[str, tuple[str, ...]]:
    """Give what kind of layer it is, and what it does, a property a line.

    >>> from striate.architecture.notation import expand
    >>> steps = expand("input 8x9x9 > conv 8 stride=2 groups=in > maxpool 3 stride=2 > relu").steps
    >>> [kind_and_lines(leaf) for leaf in steps]
    [('conv', ('conv 3×3', 'stride 2', 'depthwise')), ('pool', ('max pool 3×3', 'stride 2')),
     ('words', ('relu',))]
    """
    layer = leaf.layer
    if isinstance(layer, Flatten) and leaf.input[1:] in ((), (1, 1)):
        return "words", (layer.word,)
    if isinstance(layer, Conv):
        return "conv", (f"conv {by(layer.kernel)}", *_options(layer, leaf.input))
    if type(layer) in NAMED:
        return NAMED[type(layer)]
    if layer.word not in POOLS:
        return ("words" if leaf.output == leaf.input else "other"), (layer.word,)
    name, window = POOLS[layer.word], layer.window_on(leaf.input)
    if window is None:
        return "pool", (name, f"to {by(leaf.output[1:])}")
    stride = [f"stride {_each_way(window.stride)}"] if window.stride != window.kernel else []
    return "pool", (f"{name} {by(window.kernel)}", *stride)


def _options(layer: Conv, shape: Shape) -> Iterator[str]:
    if layer.stride != (1, 1):
        yield f"stride {_each_way(layer.stride)}"
    if layer.dilation != (1, 1):
        yield f"dilation {_each_way(layer.dilation)}"
    if layer.groups > 1:
        yield "depthwise" if layer.groups == shape[0] else f"groups {layer.groups}"
    if layer.table is not None:
        yield "by a table"


def by(sides: Shape) -> str:
    """Write a size for people: 3×3."""
    return "×".join(map(str, sides))


def span(shapes: Sequence[Shape]) -> str:
    """Write a shape; where there are several, the smallest and the largest of each side.

    >>> span([(96, 56, 56), (256, 56, 56)])
    '96–256×56×56'
    """
    ends = ((min(sides), max(sides)) for sides in zip(*shapes, strict=True))
    return "×".join(f"{low}" if low == high else f"{low}–{high}" for low, high in ends)


def _each_way(sides: Pair) -> str:
    """Write a stride or a dilation for people: 2, or 4×1."""
    return str(sides[0]) if sides[0] == sides[1] else by(sides)
