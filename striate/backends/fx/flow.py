"""Values back into flows: which branches there are, and what happens in each.

A module is a network of the notation where its computation is series-parallel: branches start
at one value and meet in one. The value at which the branches of a join start is its immediate
dominator, the last value that every way from the input to the join goes through. Cooper, Harvey
and Kennedy 2001, A simple, fast dominance algorithm, https://hdl.handle.net/1911/96345
"""

from __future__ import annotations

from dataclasses import dataclass

from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.words import NOTHING, Joint, Layer
from striate.backends.fx.values import Value


@dataclass(frozen=True)
class Branched:
    """Branches and their join; the values are those of the module."""

    word: Joint
    branches: tuple[Flow, ...]
    value: Value


@dataclass(frozen=True)
class Single:
    """A word; the value is None for a branch in which nothing happens."""

    word: Layer
    value: Value | None


Item = Single | Branched
Flow = tuple[Item, ...]


def flow_of(start: Value, end: Value) -> Flow:
    """Give what leads from one value to another.

    Raises:
        Refused: values go from one branch into another.
    """
    finding = _Finding(start, end)
    return finding.flow(start, end)


class _Finding:
    def __init__(self, start: Value, end: Value) -> None:
        self._dominators = _dominators(start, end)
        self._used: set[Value] = set()

    def flow(self, start: Value, end: Value) -> Flow:
        items: list[Item] = []
        value = end
        while value is not start:
            if value.once:
                if value in self._used:
                    raise Refused(
                        f"what {value.place} gives goes into branches that meet in different "
                        "places; in the notation, branches start at one place and meet in one"
                    )
                self._used.add(value)
            if isinstance(value.word, Joint):
                fork = self._dominators[value]
                items.append(self._branched(value, value.word, fork))
                value = fork
            elif value.word is not None:
                items.append(Single(value.word, value))
                value = value.sources[0]
            else:
                value = value.sources[0]  # a copy
        return tuple(reversed(items))

    def _branched(self, value: Value, word: Joint, fork: Value) -> Branched:
        branches: list[Flow] = []
        for number, source in enumerate(value.sources):
            branch = self.flow(fork, source) or (Single(NOTHING, None),)
            first = branch[0]
            alone = number == 0 and len(branch) == 1 and word.nests
            if alone and isinstance(first, Branched) and type(first.word) is type(word):
                branches += first.branches  # (a + b) + c
            else:
                branches.append(branch)
        return Branched(word, tuple(branches), value)


def _dominators(start: Value, end: Value) -> dict[Value, Value]:
    """Give the immediate dominator of every value that the last one is made from."""
    dominators: dict[Value, Value] = {start: start}
    depth: dict[Value, int] = {start: 0}
    for value in _ordered(start, end):
        if value is start:
            continue
        nearest = value.sources[0]
        for source in value.sources[1:]:
            other = source
            while nearest is not other:
                if depth[nearest] >= depth[other]:
                    nearest = dominators[nearest]
                else:
                    other = dominators[other]
        dominators[value] = nearest
        depth[value] = depth[nearest] + 1
    return dominators


def _ordered(start: Value, end: Value) -> list[Value]:
    """Every value that the last one is made from, each behind its sources."""
    done: dict[Value, None] = {start: None}
    pile = [end]
    while pile:
        value = pile[-1]
        waiting = [source for source in value.sources if source not in done]
        if waiting and value not in done:
            pile += reversed(waiting)
        else:
            pile.pop()
            done.setdefault(value)
    return list(done)
