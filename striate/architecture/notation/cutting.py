"""Network trees cut apart and put together: a backbone keeps its layers and gets a new end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from striate.architecture.notation.expanded import Block, ExpandedNetwork, Join, Step
from striate.architecture.notation.nodes import (
    Branches,
    Call,
    Definition,
    Flow,
    Item,
    Name,
    Number,
    Repeat,
    Word,
)
from striate.architecture.notation.parsing import parse
from striate.architecture.notation.tree import Network
from striate.architecture.notation.values import evaluate
from striate.errors import NotationError


def kept(plan: ExpandedNetwork, address: str) -> Network:
    """Give the network up to a layer, that layer included; the layers keep their addresses.

    Args:
        plan: the network, worked out.
        address: a layer of the network itself, or a block: not one within a block or a branch.

    Raises:
        NotationError: there is no such layer, or it lies within a block or a branch.

    >>> from striate.architecture.notation import expand
    >>> plan = expand("input 3x32x32 classes=10 > [conv in*2 > relu]*3 > gap > flatten > fc")
    >>> print(kept(plan, "conv3"))
    input 3x32x32 classes=10
    [conv in*2 > relu]*2
    conv in*2
    """
    step = plan.find(address)
    try:
        end = plan.steps.index(step) + 1
    except ValueError:
        # within a branch it would not be clear what stands in the place of the rest
        around = _around(plan.steps, step)
        raise NotationError(
            f"'{step.address}' lies within '{around}', which cannot be cut; cut behind "
            f"'{around}' or another layer of the network itself"
        ) from None
    return first(plan, end)


def first(plan: ExpandedNetwork, count: int) -> Network:
    """Give the network of the first ``count`` steps of a plan, as short as its author wrote it.

    Comments beside the layers and blocks that are no longer used are left out.
    """
    flow, _, _ = _taken(plan.network.flow, plan, 0, count)
    definitions = tuple(_used(flow, plan.network.definitions))
    return dataclasses.replace(
        plan.network, flow=flow, definitions=definitions, remarks=(), source=""
    )


def with_classes_written(network: Network, classes: int | None) -> Network:
    """Write the number of classes where a network says ``classes``, so that it stays what it was.

    >>> print(with_classes_written(parse("input 1x8x8 classes=3 > conv classes*2 > relu"), 3))
    input 1x8x8
    conv 3*2 > relu
    """
    if classes is None:
        return network
    definitions = tuple(
        dataclasses.replace(one, flow=_written(one.flow, classes)) for one in network.definitions
    )
    flow = _written(network.flow, classes)
    return dataclasses.replace(network, flow=flow, definitions=definitions, classes=None, source="")


def _written(part: Any, classes: int) -> Any:
    """Rebuild nodes, however deep, with a number in place of the name ``classes``."""
    if isinstance(part, Name) and part.name == "classes":
        return Number(classes)
    if isinstance(part, tuple):
        return tuple(_written(one, classes) for one in part)
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        fields = {
            f.name: _written(getattr(part, f.name), classes) for f in dataclasses.fields(part)
        }
        return dataclasses.replace(part, **fields)
    return part


def follow_with(network: Network, end: str) -> Network:
    """Put a flow behind a network.

    >>> print(follow_with(parse("input 3x32x32 > conv 8 > relu"), "gap > flatten > fc"))
    input 3x32x32
    conv 8 > relu > gap > flatten > fc
    """
    return dataclasses.replace(network, flow=network.flow + parse(end).flow, source="")


def _taken(flow: Flow, plan: ExpandedNetwork, place: int, end: int) -> tuple[Flow, int, bool]:
    """Take items until so many steps are there: (items, steps, whether all of the flow is)."""
    items: list[Item] = []
    for item in flow:
        if place >= end:
            return tuple(items), place, False
        if not isinstance(item, Repeat):
            items.append(item)
            place += 1
            continue
        turns = _turns(item, plan, place)
        for done in range(turns):
            inner, place, whole = _taken(item.flow, plan, place, end)
            if not whole:
                items += _repeated(item.flow, done)
                items += inner
                return tuple(items), place, False
        items.append(item)
    return tuple(items), place, True


def _turns(repeat: Repeat, plan: ExpandedNetwork, place: int) -> int:
    names = {"in": plan.steps[place].input[0]}
    if plan.classes is not None:
        names["classes"] = plan.classes
    count = evaluate(repeat.count, names)
    if not isinstance(count, int):  # expand has refused it already
        raise AssertionError(f"{repeat.count} is no whole number")
    return count


def _repeated(flow: Flow, times: int) -> Flow:
    if times <= 1:
        return flow * times
    return (Repeat(flow, Number(times)),)


def _used(flow: Flow, definitions: Sequence[Definition]) -> Iterator[Definition]:
    """Give the blocks that a flow calls, and those that they call."""
    wanted = set(_called(flow))
    for definition in reversed(definitions):  # each calls only earlier ones
        if definition.name in wanted:
            wanted.update(_called(definition.flow))
    return (definition for definition in definitions if definition.name in wanted)


def _called(flow: Flow) -> Iterator[str]:
    for item in flow:
        match item:
            case Call():
                yield item.name
            case Repeat():
                yield from _called(item.flow)
            case Branches():
                for branch in item.branches:
                    yield from _called(branch)
            case Word():
                pass


def _around(steps: Sequence[Step], inner: Step) -> str:
    """Give the address of the block or join of the network that a step lies in."""
    for step in steps:
        if inner in _within(step):
            return step.address
    raise AssertionError(f"{inner.address} is no step of the network")


def _within(step: Step) -> Iterator[Step]:
    if isinstance(step, Block):
        parts: Sequence[Step] = step.steps
    elif isinstance(step, Join):
        parts = [part for branch in step.branches for part in branch]
    else:
        parts = ()
    for part in parts:
        yield part
        yield from _within(part)
