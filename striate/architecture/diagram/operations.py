"""What a data-flow graph shows: every operation of a network, with what it has learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from striate.architecture.diagram.structure import BlockCall, Chain, Element, Fork, Node, fold
from striate.architecture.diagram.wording import kind_and_lines
from striate.architecture.notation import Block, ExpandedNetwork, Join, Leaf, Step
from striate.architecture.words import Identity

LEARNED: Final = ("weight", "bias")  # and not the statistics that bn keeps


def operations(plan: ExpandedNetwork) -> Chain:
    """Say what a data-flow graph of a network shows, the input first.

    >>> from striate.architecture.notation import expand
    >>> for node in operations(expand("input 1x8x8 > conv 4 > relu")):
    ...     print(node.lines, node.shape, node.learned)
    ('input',) (1, 8, 8) ()
    ('conv 3×3',) (4, 8, 8) (((4, 1, 3, 3),), ((4,),))
    ('relu',) (4, 8, 8) ()
    """
    return fold([Node("input", ("input",), (plan.input,)), *_walk(plan.steps)])


def _walk(steps: Sequence[Step], block: BlockCall = ("", "")) -> Iterator[Element]:
    for one in steps:
        if isinstance(one, Block):
            yield from _walk(one.steps, (one.name, one.address))
        elif isinstance(one, Join):
            branches = tuple(fold(list(_walk(branch))) for branch in one.branches)
            word = one.layer.word
            join = Node(word, (word,), (one.output,), addresses=(one.address,), block=block)
            yield Fork(branches, join)
        elif not isinstance(one.layer, Identity):
            yield _node(one, block)


def _node(leaf: Leaf, block: BlockCall) -> Node:
    kind, lines = kind_and_lines(leaf)
    tensors = leaf.layer.tensors(leaf.input)
    names = LEARNED[1:] if leaf.layer.keeps_weight else LEARNED
    learned = tuple((tensors[name],) for name in names if name in tensors)
    return Node(
        kind, lines, (leaf.output,), learned=learned, addresses=(leaf.address,), block=block
    )
