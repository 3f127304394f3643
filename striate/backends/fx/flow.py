"""Values back into flows: which branches there are, and what happens in each.

A module is a network of the notation where its computation is series-parallel: branches start
at one value and meet in one. The value at which the branches of a join start is its immediate
dominator, the last value that every way from the input to the join goes through. Cooper, Harvey
and Kennedy 2001, A simple, fast dominance algorithm, https://hdl.handle.net/1911/96345
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.words import NOTHING, Joint, Layer
from striate.backends.fx.values import Value, join_values


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
        self._uses = Counter(s for value in self._dominators for s in value.sources)
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
        for number, source in enumerate(self._parts(value, word, fork)):
            branch = self.flow(fork, source) or (Single(NOTHING, None),)
            first = branch[0]
            alone = number == 0 and len(branch) == 1 and word.nests
            if alone and isinstance(first, Branched) and type(first.word) is type(word):
                branches += first.branches  # (a + b) + c
            else:
                branches.append(branch)
        return Branched(word, tuple(branches), value)

    def _parts(self, value: Value, word: Joint, fork: Value) -> list[Value]:
        """Give what is joined; what shares a beginning behind the fork is joined there first.

        So cat(a | b(a) | c(b(a))) becomes cat(a > cat(identity | b > cat(identity | c))). What a
        nested sum adds may share one with what stands beside it, and is then taken out.
        """
        sources = list(value.sources)
        if word.nests:
            tops = [self._top(source, fork) for source in sources]
            sources = [
                part
                for number, source in enumerate(sources)
                for part in self._taken_out(source, word, fork, tops[:number] + tops[number + 1 :])
            ]
        groups: list[list[Value]] = []
        tops = []
        for source in sources:
            top = self._top(source, fork)
            known = tops if word.nests else tops[-1:]  # the order of channels counts
            if top is not None and top in known:
                groups[len(tops) - len(known) + known.index(top)].append(source)
            else:
                groups.append([source])
                tops.append(top)
        return [self._joined_first(group, word) for group in groups]

    def _taken_out(
        self, source: Value, word: Joint, fork: Value, others: Sequence[Value | None]
    ) -> tuple[Value, ...]:
        """Give what a nested join joins, where that shares a beginning with others; else itself."""
        if type(source.word) is not type(word) or self._uses[source] != 1:
            return (source,)
        if self._dominators[source] is not fork:
            return (source,)
        shared = any(self._top(part, fork) in others for part in source.sources if part is not fork)
        return source.sources if shared else (source,)

    def _top(self, value: Value, fork: Value) -> Value | None:
        """Give the first value behind the fork that every way to a value goes through."""
        if value is fork:
            return None
        while self._dominators[value] is not fork:
            value = self._dominators[value]
        return value

    def _joined_first(self, group: Sequence[Value], word: Joint) -> Value:
        """Give the value that joins a group, where it has several."""
        if len(group) == 1:
            return group[0]
        lines = [self._line(value) for value in group]
        common = [same[0] for same in zip(*lines, strict=False) if len(set(same)) == 1]
        joined = join_values(word, group, group[0].place)
        self._dominators[joined] = common[-1]
        return joined

    def _line(self, value: Value) -> list[Value]:
        """Give the dominators of a value from the first on, itself included."""
        line = [value]
        while self._dominators[line[-1]] is not line[-1]:
            line.append(self._dominators[line[-1]])
        return line[::-1]


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
