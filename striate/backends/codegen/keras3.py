"""A network as plain Keras 3: functions that call layers one after the other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from striate.architecture.aspects.program_call import Applied, Argument, ProgramCall, channels_last
from striate.architecture.notation import ExpandedNetwork
from striate.architecture.words import Joint, text_of
from striate.backends.codegen.blocks import ARRIVING, Shared, find_shared
from striate.backends.codegen.heading import annotate, heading, said
from striate.backends.codegen.keras_loading import LOADING
from striate.backends.codegen.layout import call
from striate.backends.codegen.naming import Names
from striate.backends.codegen.program_nodes import (
    Fork,
    Node,
    Use,
    definitions_in,
    nodes_of,
    uses_in,
)
from striate.backends.codegen.statements import Dialect, returning, statements

TAKEN: Final = ("network", "load", "carry")
# Channels first would need no turning of weights, but Keras on TensorFlow lacks that on a CPU.
ABOUT: Final = (
    "Input: (batch, rows, columns, channels), the channels last, as is Keras's default; "
    "comments on the lines below leave out the batch.",
    "Layers have the names that they have in Striate, with _ for the dot. load() and carry() "
    "turn its weights, which are torch's, into Keras's.",
)


def keras_code(plan: ExpandedNetwork) -> str:
    """Write a network as a Keras 3 program."""
    nodes = _activated(
        nodes_of(plan.steps, lambda leaf: leaf.layer.keras_code(leaf), channels_last)
    )
    own = definitions_in(nodes)
    blocks = find_shared(plan.network, uses_in(nodes))
    names = Names((*TAKEN, *own))
    functions = {block.name: names.snake(block.name) for block in blocks}
    parts = [_block(block, functions[block.name]) for block in blocks]
    by_address = {address: block for block in blocks for address in block.addresses}
    parts.append(_network(plan, nodes, by_address, functions))
    body = "\n\n".join(parts)
    body = "\n\n".join(part.lstrip("\n") for part in [*own.values(), body, LOADING])
    imported = [name for name in ("layers", "ops") if re.search(rf"(?<!\.)\b{name}\.", body)]
    imports = ["import keras"]
    if imported:
        imports.append(f"from keras import {', '.join(imported)}")
    return heading(plan, ABOUT) + "\n".join(imports) + "\n\n\n" + body


def _activated(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Write an activation that follows a conv or fc as the activation of that."""
    done: list[Node] = []
    for node in nodes:
        if isinstance(node, Fork):
            done.append(replace(node, branches=tuple(map(_activated, node.branches))))
        elif isinstance(node, Use):
            done.append(replace(node, body=_activated(node.body)))
        elif node.activation and done and _takes_activation(done[-1]):
            before = done[-1]
            activation = Argument(node.activation, "activation")
            if isinstance(before, ProgramCall):
                done[-1] = replace(before, arguments=(*before.arguments, activation))
        else:
            done.append(node)
    return tuple(done)


def _takes_activation(node: Node) -> bool:
    return (
        isinstance(node, ProgramCall)
        and node.takes_activation
        and all(argument.name != "activation" for argument in node.arguments)
    )


def _block(block: Shared, name: str) -> str:
    given = {key: values for key, values in block.parameters.items() if key != ARRIVING}
    head = call(f"def {name}", ["x", *annotate(given), "name: str"], ":", indent=0)
    lines = [*head, *said(block.text)]
    if ARRIVING in block.parameters:
        lines.append(f"    {ARRIVING} = x.shape[-1]")
    return "\n".join([*lines, *returning(block.body, _dialect({}, {}))]) + "\n"


def _network(
    plan: ExpandedNetwork,
    nodes: Sequence[Node],
    blocks: Mapping[str, Shared],
    functions: Mapping[str, str],
) -> str:
    output = text_of(channels_last(plan.output))
    lines = [
        "def network() -> keras.Model:",
        f'    """Give the whole network, its weights at random; {output} comes out."""',
        f"    x = inputs = keras.Input({channels_last(plan.input)})",
        *statements(nodes, _dialect(blocks, functions)),
        "    return keras.Model(inputs, x)",
    ]
    return "\n".join(lines) + "\n"


def _dialect(blocks: Mapping[str, Shared], functions: Mapping[str, str]) -> Dialect:
    def apply(node: ProgramCall | Use, x: str) -> Applied:
        if isinstance(node, Use):
            address = node.block.address
            given = [*blocks[address].given(address), Argument(address, "name")]
            texts = [str(argument) for argument in given if argument.name]
            return Applied(functions[blocks[address].name], [x, *texts])
        if not node.address and not node.head.startswith("layers."):
            return Applied(node.head, [x, *node.texts])
        texts = node.texts
        if node.address:
            block, _, own = node.address.rpartition(".")
            texts.append(f'name=f"{{name}}_{own}"' if block else f'name="{own}"')
        return Applied(node.head, texts, f"({x})")

    return Dialect(apply, _join, indent=4)


def _join(joint: Joint, branches: Sequence[str]) -> Applied:
    return joint.keras_code(branches)
