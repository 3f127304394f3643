"""A network as plain PyTorch: one class for it, one for each kind of block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from striate.architecture.aspects.program_call import Applied, ProgramCall
from striate.architecture.notation import ExpandedNetwork
from striate.architecture.words import Joint
from striate.backends.codegen.blocks import Shared, find_shared
from striate.backends.codegen.heading import annotate, heading, said
from striate.backends.codegen.layout import call
from striate.backends.codegen.naming import Names
from striate.backends.codegen.program_nodes import (
    Node,
    Use,
    calls_in,
    definitions_in,
    nodes_of,
    uses_in,
)
from striate.backends.codegen.statements import Dialect, returning

TAKEN: Final = ("Net", "F")
LOADING: Final = '''
def load(path: str) -> Net:
    """Give the network with the weights of a classifier file that Striate saved."""
    from safetensors.torch import load_file

    net = Net()
    weights = load_file(path)
    net.load_state_dict({name: weights[name] for name in net.state_dict()})
    return net.eval()
'''
ABOUT: Final = (
    "Input: (batch, {input}), output: (batch, {output}); comments on the lines below leave out "
    "the batch.",
    "The weights have the names that they have in Striate, so that a state dict of one is a state "
    "dict of the other.",
)


def torch_code(plan: ExpandedNetwork) -> str:
    """Write a network as a PyTorch program."""
    nodes = nodes_of(plan.steps, lambda leaf: leaf.layer.torch_code(leaf), tuple)
    blocks = find_shared(plan.network, uses_in(nodes))
    own = definitions_in(nodes)
    names = Names((*TAKEN, *own))
    classes = {block.name: names.camel(block.name) for block in blocks}
    parts = [_block(block, classes[block.name]) for block in blocks]
    parts.append(_net(plan, nodes, {a: b for b in blocks for a in b.addresses}, classes))
    definitions = [definition.lstrip("\n") for definition in own.values()]
    body = "\n\n".join([*definitions, *parts, LOADING.lstrip("\n")])
    imports = ["import torch"]
    if "F." in body.replace("nn.", ""):
        imports.append("import torch.nn.functional as F")
    return heading(plan, ABOUT) + "\n".join([*imports, "from torch import nn"]) + "\n\n\n" + body


def _block(block: Shared, name: str) -> str:
    given = ["self", *annotate(block.parameters)]
    head = call("def __init__", given, " -> None:", indent=4)
    made = [line for term in calls_in(block.body) for line in _made(term)]
    lines = [f"class {name}(nn.Module):", *said(block.text), ""]
    if made:
        lines += [*head, "        super().__init__()", *made, ""]
    return "\n".join([*lines, *_forward(block.body, {}, {})]) + "\n"


def _net(
    plan: ExpandedNetwork,
    nodes: Sequence[Node],
    blocks: Mapping[str, Shared],
    classes: Mapping[str, str],
) -> str:
    made: dict[str, list[str]] = {term.address: _made(term) for term in calls_in(nodes)}
    for use in uses_in(nodes):
        block, address = blocks[use.block.address], use.block.address
        given = [str(argument) for argument in block.given(address)]
        made[address] = call(f"self.{address} = {classes[block.name]}", given, "", indent=8)
    inside = [line for address in plan.addresses() for line in made.get(address, [])]
    lines = ["class Net(nn.Module):", '    """The whole network."""', ""]
    if inside:
        lines += ["    def __init__(self) -> None:", "        super().__init__()", *inside, ""]
    return "\n".join([*lines, *_forward(nodes, blocks, classes)]) + "\n"


def _made(term: ProgramCall) -> list[str]:
    if not term.address:
        return []
    return call(f"self.{_own(term.address)} = {term.head}", term.texts, "", indent=8)


def _forward(
    nodes: Sequence[Node], blocks: Mapping[str, Shared], classes: Mapping[str, str]
) -> list[str]:
    def apply(node: ProgramCall | Use, x: str) -> Applied:
        if isinstance(node, Use):
            return Applied(f"self.{node.block.address}", [x])
        if node.address:
            return Applied(f"self.{_own(node.address)}", [x])
        return Applied(node.head, [x, *node.texts])

    head = "    def forward(self, x: torch.Tensor) -> torch.Tensor:"
    return [head, *returning(nodes, Dialect(apply, _join, indent=8))]


def _join(joint: Joint, branches: Sequence[str]) -> Applied:
    return joint.torch_code(branches)


def _own(address: str) -> str:
    """The name of a layer within its block: next12.conv2 -> conv2."""
    return address.rpartition(".")[2]
