"""What a program is made of, whatever the framework: calls, branches and uses of blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from striate.architecture.aspects.program_call import ProgramCall
from striate.architecture.notation import Block, Join, Leaf, Step
from striate.architecture.words import Joint, Shape


@dataclass(frozen=True)
class Fork:
    """Branches that are joined."""

    joint: Joint
    branches: tuple[tuple[Node, ...], ...]
    output: Shape = field(default=(), compare=False)


@dataclass(frozen=True)
class Use:
    """A block of the network, used."""

    block: Block
    body: tuple[Node, ...]
    output: Shape


Node = ProgramCall | Fork | Use
Translate = Callable[[Leaf], Sequence[ProgramCall]]
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
            nodes.append(Fork(step.layer, branches, output))
        else:
            nodes.append(Use(step, nodes_of(step.steps, translate, order), output))
    return tuple(nodes)


def calls_in(nodes: Sequence[Node]) -> list[ProgramCall]:
    """Every call in the order of running; those inside the blocks that are used not."""
    found: list[ProgramCall] = []
    for node in nodes:
        if isinstance(node, ProgramCall):
            found.append(node)
        elif isinstance(node, Fork):
            for branch in node.branches:
                found += calls_in(branch)
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


def definitions_in(nodes: Sequence[Node]) -> dict[str, str]:
    """Return what the framework lacks and the program needs, by name, each once."""
    found = {call.head: call.definition for call in calls_in(nodes) if call.definition}
    for use in uses_in(nodes):
        found |= definitions_in(use.body)
    return found
