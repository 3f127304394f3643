"""What a drawing of a network shows: nodes, forks of branches, and repeats folded into one.

`feature_maps` and `operations` make it of a plan, each in its own way; what is folded is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from striate.architecture.words import Pair, Shape

LONGEST: Final = 64  # elements of what is repeated
FEWEST: Final = 3  # nodes that a fold must save
FEWEST_UNEQUAL: Final = 6  # where it leaves open which turn has how many channels


@dataclass(frozen=True)
class Node:
    """One box of a drawing.

    Attributes:
        kind: what it is, for its colour and form: input, conv, pool, fc, flat, cat, add, mul,
            words (which work value by value) or other.
        lines: what it does.
        shapes: what comes out; of each turn where repeats are folded.
        before: words that work value by value and come before it, within its branch.
        after: words that work value by value and follow it.
        window: rows and columns that one value was made from.
        parts: the channels of the branches that were joined.
        learned: the shapes of its weight and bias; of each turn where repeats are folded.
        addresses: of the layers that it stands for.
        block: the call of a block that it is of, at the top: the block's name and its address.
    """

    kind: str
    lines: tuple[str, ...]
    shapes: tuple[Shape, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    window: Pair | None = None
    parts: tuple[int, ...] = ()
    learned: tuple[tuple[Shape, ...], ...] = ()
    addresses: tuple[str, ...] = ()
    block: BlockCall = ("", "")

    @property
    def shape(self) -> Shape:
        """What comes out, of the last turn where repeats are folded."""
        return self.shapes[-1]


@dataclass(frozen=True)
class Fork:
    """Branches side by side and the node that joins them; an empty branch is an identity."""

    branches: tuple[Chain, ...]
    join: Node

    @property
    def block(self) -> BlockCall:
        """The call of a block that it is of."""
        return self.join.block


@dataclass(frozen=True)
class Repeat:
    """What happens several times in a row, drawn once.

    Attributes:
        chain: one turn.
        times: how many there are.
        name: of the block that a turn is; "" where it is none.
        key: the first layer that it stands for and the turns: what it is unfolded by.
    """

    chain: Chain
    times: int
    name: str
    key: str = ""

    @property
    def block(self) -> BlockCall:
        """That of no call: it holds whole ones."""
        return "", ""

    @property
    def label(self) -> str:
        """What is written at its frame: next × 5."""
        return f"{self.name} × {self.times}".strip()


Element = Node | Fork | Repeat
Chain = tuple[Element, ...]
BlockCall = tuple[str, str]


def nodes(chain: Sequence[Element]) -> Iterator[Node]:
    """Give every node, in the order of running.

    >>> inner = Fork(((Node("conv", ("conv",), ((8, 4, 4),)),), ()), Node("add", (), ((8, 4, 4),)))
    >>> [node.kind for node in nodes([inner])]
    ['conv', 'add']
    """
    for one in chain:
        if isinstance(one, Node):
            yield one
        elif isinstance(one, Fork):
            for branch in one.branches:
                yield from nodes(branch)
            yield one.join
        else:
            yield from nodes(one.chain)


def has_repeat(chain: Sequence[Element]) -> bool:
    """Whether anything is folded."""
    branches = (branch for one in chain if isinstance(one, Fork) for branch in one.branches)
    return any(isinstance(one, Repeat) for one in chain) or any(map(has_repeat, branches))


def fold(chain: Sequence[Element], unfolded: Collection[str] = ()) -> Chain:
    """Draw once what happens several times in a row: the same work on maps of the same sides.

    Turns whose channels differ are folded where that saves much; the nodes then hold the shapes
    of all turns. A turn begins with a block or with a node that makes maps of its own.

    Args:
        chain: what follows each other.
        unfolded: keys of repeats that are drawn turn by turn all the same.

    >>> conv = Node("conv", ("conv 3x3",), ((8, 4, 4),))
    >>> [repeat.label for repeat in fold([conv] * 5)]
    ['× 5']
    """
    found: list[Element] = []
    runs = [_Run.of(chain, channels=False), _Run.of(chain, channels=True)]
    at = 0
    while at < len(chain):
        period, times = runs[0].repeats(at, least=FEWEST_UNEQUAL)
        if times == 1:
            period, times = runs[1].repeats(at, least=FEWEST)
        if times == 1:
            found.append(chain[at])
        elif (key := _key(chain[at], times)) in unfolded:
            found += chain[at : at + period * times]
        else:
            turns = [chain[at + period * n : at + period * (n + 1)] for n in range(times)]
            merged = tuple(_merged(column) for column in zip(*turns, strict=True))
            found.append(Repeat(merged, times, _block_of(turns), key))
        at += period * times
    return tuple(found)


@dataclass(frozen=True)
class _Run:
    """A chain as its repeats are looked for.

    Attributes:
        signatures: what must be equal.
        weights: the nodes that are saved with each element.
        begins: whether a turn may begin there.
        inside: whether it stands within a block that began before it.
    """

    signatures: tuple[Hashable, ...]
    weights: tuple[int, ...]
    begins: tuple[bool, ...]
    inside: tuple[bool, ...]

    @classmethod
    def of(cls, chain: Sequence[Element], *, channels: bool) -> _Run:
        blocks = [("", ""), *(one.block for one in chain)]
        inside = tuple(one == before != ("", "") for before, one in pairwise(blocks))
        words = tuple(isinstance(one, Node) and one.kind == "words" for one in chain)
        return cls(
            tuple(_signature(one, channels=channels) for one in chain),
            tuple(sum(n.kind != "words" for n in nodes([one])) for one in chain),
            tuple(
                not within and not (word and one.block == ("", ""))
                for one, within, word in zip(chain, inside, words, strict=True)
            ),
            (*inside, False),
        )

    def repeats(self, at: int, *, least: int) -> tuple[int, int]:
        """Give the period and the turns that save most nodes from here on; (1, 1) for too few."""
        best, saved = (1, 1), least - 1
        longest = (len(self.signatures) - at) // 2 if self.begins[at] else 0
        for period in range(1, min(LONGEST, longest) + 1):
            turn, times = self.signatures[at : at + period], 1
            while self.signatures[at + period * times : at + period * (times + 1)] == turn:
                times += 1
            while times > 1 and self.inside[at + period * times]:
                times -= 1
            saving = (times - 1) * sum(self.weights[at : at + period])
            if saving > saved:
                best, saved = (period, times), saving
        return best


def _signature(element: Element, *, channels: bool) -> Hashable:
    """What must be equal for two elements to be drawn as one."""
    if isinstance(element, Node):
        sides = tuple(shape if channels else shape[1:] for shape in element.shapes)
        same = (element.kind, element.lines, element.before, element.after, element.window)
        return *same, sides, len(element.learned)
    if isinstance(element, Repeat):
        inner = tuple(_signature(one, channels=channels) for one in element.chain)
        return element.times, element.name, inner
    branches = tuple(
        tuple(_signature(one, channels=channels) for one in branch) for branch in element.branches
    )
    return branches, _signature(element.join, channels=channels)


def _key(element: Element, times: int) -> str:
    first = next(iter(nodes([element])))
    return f"{first.addresses[0] if first.addresses else ''}*{times}"


def _merged(turns: Sequence[Element]) -> Element:
    """Make one element of elements with the same signature, with the shapes of all of them."""
    first = turns[0]
    if isinstance(first, Node):
        several = [one for one in turns if isinstance(one, Node)]
        learned = zip(*(one.learned for one in several), strict=True)
        return replace(
            several[-1],
            shapes=tuple(shape for one in several for shape in one.shapes),
            learned=tuple(tuple(s for turn in tensor for s in turn) for tensor in learned),
            addresses=tuple(address for one in several for address in one.addresses),
        )
    if isinstance(first, Repeat):
        chains = [one.chain for one in turns if isinstance(one, Repeat)]
        return replace(first, chain=tuple(map(_merged, zip(*chains, strict=True))))
    forks = [one for one in turns if isinstance(one, Fork)]
    branches = zip(*(one.branches for one in forks), strict=True)
    join = _merged([one.join for one in forks])
    if not isinstance(join, Node):
        raise AssertionError("what joins branches is a node")
    return Fork(tuple(tuple(map(_merged, zip(*chains, strict=True))) for chains in branches), join)


def _block_of(turns: Sequence[Sequence[Element]]) -> str:
    """Give the name of the block that each turn is one call of; "" where it is not so."""
    calls = [{one.block for one in turn} for turn in turns]
    names = {name for turn in calls for name, _ in turn}
    once = all(len(turn) == 1 for turn in calls)
    apart = len(set.union(*calls)) == len(turns)
    return names.pop() if once and apart and len(names) == 1 else ""
