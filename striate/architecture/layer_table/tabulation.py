"""Goes through a network and writes its table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from striate.architecture.layer_table.all_rules import warnings_of
from striate.architecture.layer_table.design_warnings import Case
from striate.architecture.layer_table.formulas import FLOAT32, formulas
from striate.architecture.layer_table.memory import backward_macs, kept
from striate.architecture.layer_table.receptive_field import Side, Sight, side_of
from striate.architecture.layer_table.result import Summary
from striate.architecture.layer_table.row import Row
from striate.architecture.layer_table.wiring import IMAGE, Node, wire
from striate.architecture.notation import ExpandedNetwork, Join, Leaf, Network, expand
from striate.architecture.words import Shape


def summary(
    network: str | Network | ExpandedNetwork,
    *,
    input: Shape | None = None,  # noqa: A002 (the notation's word)
    classes: int | None = None,
) -> Summary:
    """Say what each layer of a network gives, costs and sees, without computing anything.

    Args:
        network: a text in the notation, its tree, or its plan.
        input: (channels, rows, columns); overrides what the network says.
        classes: how many classes; overrides what the network says.

    Returns:
        The table; print it, show it in a notebook, or take its numbers.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.

    >>> table = summary("input 1x28x28 classes=10 > conv 8 > relu > maxpool 2 > flatten > fc")
    >>> print(table.table())
    layer     what it is   output  parameters    MACs   memory  sees  stride
    conv1     conv 3x3 8  8x28x28          80  56,448  25.1 kB     3       1
    relu1     relu        8x28x28                      25.1 kB     3       1
    maxpool1  maxpool 2   8x14x14                       6.3 kB     4       2
    flatten1  flatten        1568                                28
    fc1       fc 10            10      15,690  15,680     40 B    28
    >>> print(table.layers[0].formulas.output, "and", table.layers[0].formulas.parameters)
    (28 + 2*1 - 3)/1 + 1 = 28 and 3*3*1*8 + 8 = 80
    """
    plan = expand(network, input=input, classes=classes)
    nodes = wire(plan)
    sights = _sights(nodes)
    whole = side_of(plan.input[1], plan.input[2])
    rows = tuple(_row(node, sights, place, whole) for place, node in enumerate(nodes))
    receptive_field = _before_all(nodes, sights, plan)
    return Summary(
        name=plan.network.name or "network",
        input=plan.input,
        classes=plan.classes,
        layers=rows,
        parameters=sum(row.parameters for row in rows),
        macs=sum(row.macs for row in rows),
        receptive_field=receptive_field,
        backward_macs=backward_macs(nodes),
        activation_memory=sum(row.activation_memory for row in rows),
        kept=kept(nodes),
        warnings=warnings_of(Case(nodes, rows, plan.input, plan.classes, receptive_field)),
        plan=plan,
    )


def _sights(nodes: Sequence[Node]) -> list[Sight | None]:
    """What the units of each layer see; None where they see everything."""
    sights: list[Sight | None] = []
    for node in nodes:
        before = _before(node, sights)
        if isinstance(node.step, Join):
            sights.append(_together(before, gates=node.step.layer.gates))
        elif before[0] is None or node.step.layer.sees_all:
            sights.append(None)
        else:
            window = node.step.layer.window_on(node.step.input)
            sights.append(before[0] if window is None else before[0].through(window))
    return sights


def _before(node: Node, sights: Sequence[Sight | None]) -> list[Sight | None]:
    return [Sight() if source == IMAGE else sights[source] for source in node.sources]


def _together(ends: Sequence[Sight | None], *, gates: bool) -> Sight | None:
    """What a unit sees that joins branches: all that they see, but for gates that have seen all."""
    seeing = [end for end in ends if end is not None]
    if gates and seeing and len(seeing) < len(ends):
        ends = [replace(end, gated=True) for end in seeing]
    together = ends[0]
    for sight in ends[1:]:
        together = None if together is None or sight is None else together.union(sight)
    return together


def _before_all(
    nodes: Sequence[Node], sights: Sequence[Sight | None], plan: ExpandedNetwork
) -> Side:
    """What units see before the first word that sees everything; at the end where there is none.

    Behind a gate that has seen everything, units see what is scaled; so the last such word counts.
    """
    for node in reversed(nodes):
        before = _before(node, sights)[0]
        if isinstance(node.step, Leaf) and node.step.layer.opaque:
            break  # what its units see is not known; they may see everything
        if isinstance(node.step, Leaf) and node.step.layer.sees_all and before is not None:
            return before.size(node.step.input)
    last = sights[-1]
    return side_of(plan.input[1], plan.input[2]) if last is None else last.size(plan.output)


def _row(node: Node, sights: Sequence[Sight | None], place: int, whole: Side) -> Row:
    step, sight = node.step, sights[place]
    parameters = macs = 0
    if isinstance(step, Leaf):
        parameters, macs = step.layer.parameters(step.input), step.layer.macs(step.input)
    return Row(
        name=step.address,
        kind=step.layer.word,
        text=str(step.layer),
        input=step.input,
        output=step.output,
        parameters=parameters,
        macs=macs,
        receptive_field=whole if sight is None else sight.size(step.output),
        stride=None if sight is None else sight.stride,
        start=None if sight is None else sight.start,
        gated=sight is not None and sight.gated,
        activation_memory=0 if node.renames else FLOAT32 * math.prod(step.output),
        formulas=formulas(step, _before(node, sights), memory=not node.renames),
    )
