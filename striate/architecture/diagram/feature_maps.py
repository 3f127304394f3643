"""What the architecture diagram shows: the maps that come out of the layers that make new ones.

Words that work value by value are told beside the layer before them or, where a branch begins
with them, beside the one behind them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from striate.architecture.diagram.structure import (
    BlockCall,
    Chain,
    Element,
    Fork,
    Node,
    Repeat,
    fold,
)
from striate.architecture.diagram.wording import kind_and_lines
from striate.architecture.notation import Block, ExpandedNetwork, Join, Leaf, Step
from striate.architecture.words import Cat, Gap, Identity, Pair


def feature_maps(plan: ExpandedNetwork, unfolded: Collection[str] = ()) -> Chain:
    """Say what an architecture diagram of a network shows, the input first.

    Args:
        plan: the network.
        unfolded: keys of repeats that are shown turn by turn.

    >>> from striate.architecture.notation import expand
    >>> for node in feature_maps(expand("input 1x8x8 > conv 4 > bn > relu > maxpool 2")):
    ...     print(node.kind, node.shape, node.lines, node.after)
    input (1, 8, 8) ('input',) ()
    conv (4, 8, 8) ('conv 3×3',) ('bn', 'relu')
    pool (4, 4, 4) ('max pool 2×2',) ()
    """
    start = Node("input", ("input",), (plan.input,))
    return _gathered(fold([start, *_walk(plan.steps, unfolded)], unfolded))


def _walk(
    steps: Sequence[Step], unfolded: Collection[str], block: BlockCall = ("", "")
) -> Iterator[Element]:
    for one in steps:
        if isinstance(one, Block):
            yield from _walk(one.steps, unfolded, (one.name, one.address))
        elif isinstance(one, Join):
            inner = (fold(list(_walk(branch, unfolded)), unfolded) for branch in one.branches)
            branches = tuple(map(_gathered, inner))
            yield Fork(branches, _joining(one, block))
        elif not isinstance(one.layer, Identity):
            yield _node(one, block)


def _joining(join: Join, block: BlockCall) -> Node:
    outputs = [branch[-1].output if branch else join.input for branch in join.branches]
    parts = tuple(shape[0] for shape in outputs) if isinstance(join.layer, Cat) else ()
    word = join.layer.word
    lines = (word,) if parts else ()
    return Node(word, lines, (join.output,), parts=parts, addresses=(join.address,), block=block)


def _node(leaf: Leaf, block: BlockCall) -> Node:
    kind, lines = kind_and_lines(leaf)
    return Node(
        kind, lines, (leaf.output,), window=_window(leaf), addresses=(leaf.address,), block=block
    )


def _window(leaf: Leaf) -> Pair | None:
    if isinstance(leaf.layer, Gap):
        return leaf.input[1], leaf.input[2]
    window = leaf.layer.window_on(leaf.input)
    return None if window is None else window.extent


def _gathered(chain: Chain) -> Chain:
    """Tell words beside a layer, and a flatten where an fc follows; by themselves where none is."""
    done: list[Element] = []
    waiting: list[Node] = []
    for number, one in enumerate(chain):
        if isinstance(one, Node) and _is_told(one, chain[number + 1 :]):
            if done and not waiting and not isinstance(done[-1], Repeat):
                done[-1] = _followed(done[-1], one)
            else:
                waiting.append(one)
        elif waiting and isinstance(one, Node):
            words = _together(waiting)
            addresses = (*words.addresses, *one.addresses)
            done.append(replace(one, before=words.lines, addresses=addresses))
            waiting = []
        else:
            done += [_together(waiting)] if waiting else []
            inner = replace(one, chain=_gathered(one.chain)) if isinstance(one, Repeat) else one
            done.append(inner)
            waiting = []
    return (*done, *([_together(waiting)] if waiting else []))


def _is_told(node: Node, following: Chain) -> bool:
    if node.kind != "flat":
        return node.kind == "words"
    kinds = (one.kind if isinstance(one, Node) else "" for one in following)
    return next((kind for kind in kinds if kind != "words"), "") == "fc"


def _followed(element: Node | Fork, word: Node) -> Node | Fork:
    """Give an element with a word that follows it."""
    if isinstance(element, Fork):
        join = replace(
            element.join,
            after=(*element.join.after, *word.lines),
            addresses=(*element.join.addresses, *word.addresses),
        )
        return replace(element, join=join)
    after, addresses = (*element.after, *word.lines), (*element.addresses, *word.addresses)
    return replace(element, after=after, addresses=addresses)


def _together(words: Sequence[Node]) -> Node:
    """Make one node of words that stand alone."""
    return replace(
        words[-1],
        lines=tuple(word for each in words for word in each.lines),
        addresses=tuple(address for each in words for address in each.addresses),
    )
