"""What a program is made of, whatever the framework: calls, branches and uses of blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from striate.architecture.notation import Block, Join, Leaf, Step
from striate.architecture.words import Shape

Value = int | float | str | bool | tuple[int, ...]


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
class Term:
    """One call of the framework.

    Attributes:
        head: what is called, as in ``nn.Conv2d`` or ``F.relu``.
        arguments: the input aside.
        address: of a layer, which is made once and kept; empty for a function.
        output: the shape that comes out, as the framework orders it.
        pointwise: whether it may stand around the call before it, in one line.
    """

    head: str
    arguments: tuple[Argument, ...] = ()
    address: str = ""
    output: Shape = field(default=(), compare=False)
    pointwise: bool = False

    @property
    def texts(self) -> list[str]:
        """The arguments that must be written."""
        return [str(argument) for argument in self.arguments if argument.shown]


@dataclass(frozen=True)
class Fork:
    """Branches that are joined: cat or add."""

    word: str
    branches: tuple[tuple[Node, ...], ...]
    output: Shape = field(default=(), compare=False)


@dataclass(frozen=True)
class Use:
    """A block of the network, used."""

    block: Block
    body: tuple[Node, ...]
    output: Shape


Node = Term | Fork | Use
Translate = Callable[[Leaf], Sequence[Term]]
Order = Callable[[Shape], Shape]


def nodes_of(steps: Sequence[Step], translate: Translate, order: Order) -> tuple[Node, ...]:
    """Translate steps, blocks and branches kept.

    Args:
        steps: of a plan.
        translate: gives the calls that a layer needs, none or several.
        order: gives a shape as the framework has it.
    """
    nodes: list[Node] = []
    for step in steps:
        if isinstance(step, Leaf):
            nodes += translate(step)
            continue
        output = order(step.output)
        if isinstance(step, Join):
            branches = tuple(nodes_of(branch, translate, order) for branch in step.branches)
            nodes.append(Fork(step.layer.word, branches, output))
        else:
            nodes.append(Use(step, nodes_of(step.steps, translate, order), output))
    return tuple(nodes)


def terms_in(nodes: Sequence[Node]) -> list[Term]:
    """Every call in the order of running; those inside the blocks that are used not."""
    found: list[Term] = []
    for node in nodes:
        if isinstance(node, Term):
            found.append(node)
        elif isinstance(node, Fork):
            for branch in node.branches:
                found += terms_in(branch)
    return found


def uses_in(nodes: Sequence[Node]) -> list[Use]:
    """Every block that is used, in the order of running."""
    found: list[Use] = []
    for node in nodes:
        if isinstance(node, Use):
            found.append(node)
        elif isinstance(node, Fork):
            for branch in node.branches:
                found += uses_in(branch)
    return found


def written(value: Value | Expression) -> str:
    """Write a value as Python.

    >>> written((1, 7)), written("same"), written(0.5), written(Expression("c * 4"))
    ('(1, 7)', '"same"', '0.5', 'c * 4')
    """
    if isinstance(value, Expression):
        return value.text
    return f'"{value}"' if isinstance(value, str) else repr(value)


def pair(sides: tuple[int, int]) -> int | tuple[int, int]:
    """Give one number where both are the same: (3, 3) is 3."""
    return sides[0] if sides[0] == sides[1] else sides
