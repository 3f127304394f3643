"""Which layer gets what from which: the plan as a list of layers, each with its sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from striate.architecture.notation import Block, ExpandedNetwork, Join, Leaf, Step

IMAGE: Final = -1  # as a source: what goes into the network


@dataclass(frozen=True)
class Node:
    """One layer and where its input comes from.

    Attributes:
        step: the layer with its address and shapes.
        sources: the places of the layers, in the order of running, whose outputs go in; IMAGE
            is what goes into the network.
        beside: whether it stands in a branch, with other branches beside it.
    """

    step: Leaf | Join
    sources: tuple[int, ...]
    beside: bool

    @property
    def learns(self) -> bool:
        """Whether it has parameters."""
        return isinstance(self.step, Leaf) and self.step.layer.parameters(self.step.input) > 0

    @property
    def multiplies(self) -> bool:
        """Whether it is a conv or an fc."""
        return isinstance(self.step, Leaf) and self.step.layer.width is not None

    @property
    def renames(self) -> bool:
        """Whether what comes out are the same numbers in the same memory: flatten, identity."""
        return isinstance(self.step, Leaf) and self.step.layer.hands_on(training=True)


def wire(plan: ExpandedNetwork) -> tuple[Node, ...]:
    """Give every layer in the order of running, with its sources.

    >>> from striate.architecture.notation import expand
    >>> for node in wire(expand("input 1x8x8 > add(conv 1 > relu | identity) > gap")):
    ...     print(node.step.address, node.sources, node.beside)
    conv1 (-1,) True
    relu1 (0,) True
    identity1 (-1,) True
    add1 (1, 2) False
    gap1 (3,) False
    """
    nodes: list[Node] = []
    _follow(plan.steps, IMAGE, nodes, beside=False)
    return tuple(nodes)


def _follow(steps: Sequence[Step], source: int, nodes: list[Node], *, beside: bool) -> int:
    """Add the layers of steps; give the place of the last one."""
    for step in steps:
        if isinstance(step, Block):
            source = _follow(step.steps, source, nodes, beside=beside)
            continue
        sources: tuple[int, ...] = (source,)
        if isinstance(step, Join):
            sources = tuple(_follow(b, source, nodes, beside=True) for b in step.branches)
        nodes.append(Node(step, sources, beside))
        source = len(nodes) - 1
    return source


def gets_gradient(nodes: Sequence[Node]) -> tuple[bool, ...]:
    """Say of each layer whether a gradient reaches its input: whether anything before it learns.

    >>> from striate.architecture.notation import expand
    >>> gets_gradient(wire(expand("input 1x8x8 > avgpool 2 > conv 4 > relu")))
    (False, False, True)
    """
    outputs: list[bool] = []  # whether a layer's output has a gradient
    inputs: list[bool] = []
    for node in nodes:
        inputs.append(any(source != IMAGE and outputs[source] for source in node.sources))
        outputs.append(inputs[-1] or node.learns)
    return tuple(inputs)


def uses(nodes: Sequence[Node]) -> tuple[int, ...]:
    """Say of each layer how many others its output goes to.

    >>> from striate.architecture.notation import expand
    >>> uses(wire(expand("input 1x8x8 > conv 1 > add(relu | identity) > gap")))
    (2, 1, 1, 1, 0)
    """
    counts = [0] * len(nodes)
    for node in nodes:
        for source in node.sources:
            if source != IMAGE:
                counts[source] += 1
    return tuple(counts)
