"""The blocks of a network as functions or classes: which uses share one, and by what they differ.

Uses of one block that come to the same calls share its code. The numbers by which they differ
become parameters, named as in the notation where they are given there, and everything that
follows from these by a simple sum, product or quotient is written so: ``in_channels // 4``.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from striate.architecture.aspects.program_call import Argument, Expression, ProgramCall, Value
from striate.architecture.notation import Block, Network
from striate.architecture.notation.formatting import definition_text
from striate.architecture.notation.nodes import Branches, Call, Definition, Flow, Repeat
from striate.architecture.notation.values import Given, evaluate
from striate.backends.codegen.program_nodes import Fork, Node, Use

ARRIVING: Final = "in_channels"
COUNTED: Final = {"channels", "features"}  # roles whose numbers may follow from each other
TAKEN: Final = {"self", "x", "name", "nn", "torch", "keras", "layers", "ops", ARRIVING}

Vector = tuple[Value, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Shared:
    """The code that uses of a block share.

    Attributes:
        name: the block's, with a number where it comes to different calls.
        definition: the block's own name.
        text: how the notation defines it.
        body: what is called; numbers that differ are expressions.
        parameters: the names of its parameters, and what each use gives for them.
        addresses: of the uses.
    """

    name: str
    definition: str
    text: str
    body: tuple[Node, ...]
    parameters: Mapping[str, Vector]
    addresses: tuple[str, ...]

    def given(self, address: str) -> list[Argument]:
        """What one use gives: the channels that arrive by place, the others by name."""
        at = self.addresses.index(address)
        return [
            Argument(values[at], "" if name == ARRIVING else name)
            for name, values in self.parameters.items()
        ]


def find_shared(network: Network, uses: Sequence[Use]) -> tuple[Shared, ...]:
    """Find the code of the blocks of a network, in the order of their first use."""
    groups: dict[tuple[object, ...], list[Use]] = {}
    for use in uses:
        # by what a use comes to, not by the text: repeats and branches that depend on arguments
        # give other layers, and a class needs one set of them
        groups.setdefault((use.block.name, _signature(use.body)), []).append(use)
    definitions = {definition.name: definition for definition in network.definitions}
    calls = {str(call): call for call in _calls(network.flow)}
    kinds = [name for name, _ in groups]
    found: list[Shared] = []
    names = set(definitions)
    for (name, _), group in groups.items():
        definition = definitions[str(name)]
        unique = definition.name
        if kinds.count(name) > 1:
            number = 1 + sum(1 for one in found if one.definition == definition.name)
            unique = f"{definition.name}_{number}"
            while unique in names:
                unique += "_"
        names.add(unique)
        numbers = _Numbers(
            tuple(use.block.input[0] for use in group),
            _parameters(definition, [(calls[use.block.call], use.block) for use in group], network),
        )
        body = _unified([use.body for use in group], numbers)
        found.append(
            Shared(
                unique,
                definition.name,
                definition_text(definition),
                body,
                numbers.needed,
                tuple(use.block.address for use in group),
            )
        )
    return tuple(found)


def _signature(nodes: Sequence[Node]) -> tuple[object, ...]:
    """What uses must have in common to share code: everything but their numbers."""
    parts: list[object] = []
    for node in nodes:
        if isinstance(node, Fork):
            parts.append((node.joint.word, tuple(map(_signature, node.branches))))
        elif isinstance(node, ProgramCall):
            fixed = tuple(
                (argument.name, argument.value)
                for argument in node.arguments
                if isinstance(argument.value, str | bool)
            )
            parts.append((node.head, len(node.arguments), fixed))
    return tuple(parts)


def _calls(flow: Flow) -> Iterator[Call]:
    for item in flow:
        if isinstance(item, Call):
            yield item
        elif isinstance(item, Repeat):
            yield from _calls(item.flow)
        elif isinstance(item, Branches):
            for branch in item.branches:
                yield from _calls(branch)


def _parameters(
    definition: Definition, uses: Sequence[tuple[Call, Block]], network: Network
) -> dict[str, tuple[Given, ...]]:
    """What each parameter of a block is in each of its uses."""
    every: list[dict[str, Given]] = []
    for call, block in uses:
        around: dict[str, Given] = {"in": block.input[0]}
        if network.classes is not None:
            around["classes"] = network.classes
        given = {
            parameter.name: evaluate(value, around)
            for parameter, value in zip(definition.parameters, call.arguments, strict=False)
        }
        given |= {option.name: evaluate(option.value, around) for option in call.options}
        for parameter in definition.parameters:
            if parameter.name not in given and parameter.default is not None:
                given[parameter.name] = evaluate(parameter.default, {**around, **given})
        every.append(given)
    return {p.name: tuple(given[p.name] for given in every) for p in definition.parameters}


def _unified(uses: Sequence[Sequence[Node]], numbers: _Numbers) -> tuple[Node, ...]:
    """Make one body of those of several uses, in which what differs is an expression."""
    nodes: list[Node] = []
    for same in zip(*uses, strict=True):
        forks, calls = of(same, Fork), of(same, ProgramCall)
        outputs = {node.output for node in same}
        output = same[0].output if len(outputs) == 1 else ()
        if forks:
            branches = tuple(
                _unified(branch, numbers)
                for branch in zip(*(fork.branches for fork in forks), strict=True)
            )
            nodes.append(replace(forks[0], branches=branches, output=output))
        else:
            arguments = tuple(
                replace(
                    argument[0], value=numbers.of(tuple(a.value for a in argument), argument[0])
                )
                for argument in zip(*(call.arguments for call in calls), strict=True)
            )
            nodes.append(replace(calls[0], arguments=arguments, output=output))
    return tuple(nodes)


def of(nodes: Sequence[Node], kind: type[T]) -> list[T]:
    """The nodes of one kind."""
    return [node for node in nodes if isinstance(node, kind)]


class _Numbers:
    """The parameters of a block, and the expressions that its numbers are in terms of them."""

    def __init__(self, arriving: tuple[int, ...], given: Mapping[str, tuple[Given, ...]]) -> None:
        self.needed: dict[str, Vector] = {}
        self._counts: dict[str, Vector] = {ARRIVING: arriving}
        self._sizes: dict[str, Vector] = {}
        for name, values in given.items():
            if all(isinstance(value, int) for value in values):
                self._counts[_safe(name)] = values
            if all(isinstance(value, int | tuple) for value in values):
                self._sizes[_safe(name)] = tuple(map(_short, values))

    def of(self, values: tuple[Value | Expression, ...], argument: Argument) -> Value | Expression:
        """Write what an argument is in all uses: one value, or an expression for all of them."""
        vector = tuple(value for value in values if not isinstance(value, Expression))
        if len(set(map(repr, vector))) == 1:
            return vector[0]
        counted = argument.role in COUNTED
        known = self._counts if counted or argument.role == "groups" else self._sizes
        for name, known_values in known.items():
            if known_values == vector:
                return self._expression(name, name)
        if counted:
            first = sorted(known, key=lambda name: name not in self.needed)
            for name in first:
                operation = _operation(known[name], vector)
                if operation:
                    return self._expression(name, f"{name} {operation}")
        role = name = _safe(argument.role or argument.name)
        number = 1
        while name in self._counts or name in self._sizes:
            number += 1
            name = f"{role}{number}"
        known[name] = vector
        return self._expression(name, name)

    def _expression(self, name: str, text: str) -> Expression:
        self.needed[name] = self._counts.get(name) or self._sizes[name]
        arriving_first = sorted(self.needed.items(), key=lambda item: item[0] != ARRIVING)
        self.needed = dict(arriving_first)
        return Expression(text)


def _operation(known: Vector, wanted: Vector) -> str:
    """How one row of numbers follows from another by one operation; empty where it does not.

    >>> _operation((256, 512), (64, 128)), _operation((64, 96), (96, 128))
    ('// 4', '+ 32')
    """
    pairs = [
        (a, b)
        for a, b in zip(known, wanted, strict=True)
        if isinstance(a, int) and isinstance(b, int) and a > 0 and b > 0
    ]
    if len(pairs) < len(known) or len(set(known)) == 1:
        return ""
    first, result = pairs[0]
    if result % first == 0 and all(b == a * (result // first) for a, b in pairs):
        return f"* {result // first}"
    if first % result == 0 and all(a == b * (first // result) for a, b in pairs):
        return f"// {first // result}"
    if result > first and all(b - a == result - first for a, b in pairs):
        return f"+ {result - first}"
    return ""


def _short(value: Given) -> Value:
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def _safe(name: str) -> str:
    """A name that may stand as a parameter of a function."""
    odd = name in TAKEN or keyword.iskeyword(name) or name.startswith("branch")
    return f"{name}_" if odd else name
