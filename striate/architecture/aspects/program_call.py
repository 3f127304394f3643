"""What a word is in a program of PyTorch or Keras: calls of the framework."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from striate.architecture.aspects.connection_table import ConnectionTable
from striate.architecture.aspects.output_size import Shape

Pairs = tuple[tuple[int, int], tuple[int, int]]
Value = int | float | str | bool | tuple[int | None, ...] | Pairs | ConnectionTable


@dataclass(frozen=True)
class Expression:
    """A value that differs from one use of a block to the next, in terms of its parameters."""

    text: str


@dataclass(frozen=True)
class Argument:
    """One argument of a call.

    Attributes:
        value: what is given.
        name: its keyword; empty where it stands by its place alone.
        default: the value that need not be written.
        role: what it counts, and what a parameter for it is named: "channels", "stride".
    """

    value: Value | Expression
    name: str = ""
    default: Value | None = None
    role: str = ""

    def __str__(self) -> str:
        return f"{self.name}={written(self.value)}" if self.name else written(self.value)

    @property
    def shown(self) -> bool:
        """Whether it must be written."""
        return self.default is None or self.value != self.default


@dataclass(frozen=True)
class ProgramCall:
    """One call of the framework.

    Attributes:
        head: what is called, as in ``nn.Conv2d`` or ``F.relu``.
        arguments: the input aside.
        address: of a layer, which is made once and kept; empty for a function.
        output: the shape that comes out, as the framework orders it.
        pointwise: whether it may stand around the call before it, in one line.
        activation: what Keras calls it as the ``activation=`` of the layer before it.
        takes_activation: whether it is such a layer.
        definition: the text of a function ``head`` that the framework lacks.
    """

    head: str
    arguments: tuple[Argument, ...] = ()
    address: str = ""
    output: Shape = field(default=(), compare=False)
    pointwise: bool = False
    activation: str = ""
    takes_activation: bool = False
    definition: str = ""

    @property
    def texts(self) -> list[str]:
        """The arguments that must be written."""
        return [str(argument) for argument in self.arguments if argument.shown]


@dataclass(frozen=True)
class Applied:
    """A call on an expression: before the bracket, inside it, behind it; or a sum."""

    before: str
    arguments: Sequence[str]
    after: str = ""
    operator: str = ""

    def __str__(self) -> str:
        if self.operator:
            return f" {self.operator} ".join(self.arguments)
        return f"{self.before}({', '.join(self.arguments)}){self.after}"


def written(value: Value | Expression) -> str:
    """Return a value as Python writes it.

    >>> written((1, 7)), written("same"), written(0.5), written(Expression("c * 4"))
    ('(1, 7)', '"same"', '0.5', 'c * 4')
    """
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, float) and math.isinf(value):
        return f'float("{value}")'
    return f'"{value}"' if isinstance(value, str | ConnectionTable) else repr(value)


def pair(sides: tuple[int, int]) -> int | tuple[int, int]:
    """Return one number where both are the same: (3, 3) is 3."""
    return sides[0] if sides[0] == sides[1] else sides


def channels_last(shape: Shape) -> Shape:
    """Return a shape as Keras has it.

    >>> channels_last((3, 224, 256)), channels_last((10,))
    ((224, 256, 3), (10,))
    """
    return (*shape[1:], shape[0])
