"""Padding by itself in torch: read with the convolution or pool that it stands before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from striate.architecture.aspects.output_size import Shape, Sides
from striate.architecture.aspects.torch_reading import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


@dataclass(frozen=True)
class Border:
    """Padding that stands before a layer.

    Attributes:
        sides: what is added at each side.
        mode: what stands there: zeros, the border repeated, or what no maximum can be.
        never_wins: whether it is below or equal to all that it surrounds.
    """

    sides: Sides
    mode: Literal["zero", "edge", "lowest"]
    never_wins: bool = False

    def around(self, inner: Sides) -> Sides:
        """Return both paddings together."""
        return Sides(*(a + b for a, b in zip(self.sides, inner, strict=True)))

    def grown(self, shape: Shape) -> Shape:
        """Return the shape of maps with it."""
        top, bottom, left, right = self.sides
        return (shape[0], shape[1] + top + bottom, shape[2] + left + right)

    def inside(self, outer: Border) -> Border:
        """Return what another one makes of it that is laid around it.

        Raises:
            Refused: they are of different kinds.
        """
        if outer.mode != self.mode:
            raise Refused(f"padding by {outer.mode} around padding by {self.mode} has no word")
        return replace(outer, sides=outer.around(self.sides))


def read_pad(shape: Shape, pad: Any, mode: str = "constant", value: float | None = None) -> Border:
    """Read ``F.pad``.

    Args:
        shape: what arrives.
        pad: left, right, top, bottom; more where the channels are padded too.
        mode: "constant", "replicate", ...
        value: of constant padding.

    Raises:
        Refused: it has no word.
    """
    sides = tuple(pad) if isinstance(pad, tuple | list) else (pad,) * 4
    sides += (0,) * (4 - len(sides))
    if len(shape) != 3 or not all(isinstance(side, int) for side in sides):
        raise Refused("only maps can be padded, by whole numbers")
    if any(sides[4:]):
        raise Refused("padding of channels has no word")
    if min(sides[:4]) < 0:
        raise Refused(f"padding by {list(sides[:4])} cuts pixels off, which has no word")
    left, right, top, bottom = sides[:4]
    around = Sides(top, bottom, left, right)
    if mode == "replicate":
        return Border(around, "edge")
    if mode != "constant":
        raise Refused(f"padding of mode '{mode}' has no word; there are constant and replicate")
    if not value:
        return Border(around, "zero")
    if value == -math.inf or value < -1e30:
        return Border(around, "lowest", never_wins=True)
    raise Refused(f"padding with {value} has no word; there are zeros, and -inf before a maxpool")


def border_functions() -> Mapping[Callable[..., object], Callable[..., Border]]:
    """Return the functions of torch that pad."""
    from torch.nn import functional

    return {functional.pad: read_pad}


def border_modules() -> Mapping[type[nn.Module], Callable[..., Border]]:
    """Return the modules of torch that pad, each with what reads it: shape and module."""
    from torch import nn

    def constant(shape: Shape, module: Any) -> Border:
        return read_pad(shape, module.padding, "constant", module.value)

    def replicate(shape: Shape, module: Any) -> Border:
        return read_pad(shape, module.padding, "replicate")

    return {
        nn.ZeroPad2d: constant,
        nn.ConstantPad2d: constant,
        nn.ReplicationPad2d: replicate,
    }
