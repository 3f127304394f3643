"""Nodes -> text: how a network is broken over lines so that it reads well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from striate.architecture.notation.nodes import (
    Branches,
    Call,
    Definition,
    Flow,
    Item,
    Remark,
    Repeat,
    Word,
)

WIDTH = 96


Remarks = Mapping[int, Sequence[Remark]]


def by_anchor(remarks: Iterable[Remark]) -> Remarks:
    """Gather the remarks of each statement; it has none where there are none."""
    gathered: defaultdict[int, list[Remark]] = defaultdict(list)
    for remark in remarks:
        gathered[remark.anchor].append(remark)
    return gathered


def definition_text(definition: Definition) -> str:
    r"""Write a definition, long branches a line each.

    >>> from striate.architecture.notation import parse
    >>> network = parse("b = cat(conv 8 | conv 1x1 8 > relu | identity)\nb")
    >>> print(definition_text(network.definitions[0]))
    b = cat(
        conv 8
      | conv 1x1 8 > relu
      | identity)
    """
    start = f"{definition.head} = "
    return start + _flow(definition.flow, indent=0, column=len(start))


def network_lines(flow: Flow, remarks: Remarks, first: int) -> Iterable[str]:
    """Write the items of the network, line by line.

    A line ends behind a pool, behind a repeat that no pool follows, where the next item would
    make it longer than 96 characters, and at remarks.

    Args:
        flow: the items.
        remarks: those of every statement.
        first: the anchor of the first item; see `Remark`.
    """
    line = ""
    for number, item in enumerate(flow):
        own = [r.text for r in remarks[first + number] if not r.beside]
        beside = [r.text for r in remarks[first + number] if r.beside]
        text = _item(item, 0, 0)
        if line and (own or len(line) + 3 + len(text) > WIDTH or "\n" in text or "\n" in line):
            yield line
            line = ""
        yield from map(comment_line, own)
        line = f"{line} > {text}" if line else text
        if beside:
            yield f"{line}  {comment_line(beside[0])}"
            line = ""
        elif _ends_line(item, flow[number + 1 : number + 2]):
            yield line
            line = ""
    if line:
        yield line
    yield from (comment_line(r.text) for r in remarks[first + len(flow)])


def comment_line(text: str) -> str:
    """Write one line of a comment."""
    return f"# {text}".rstrip()


def _is_pool(item: Item) -> bool:
    return isinstance(item, Word) and item.name.endswith("pool")


def _ends_line(item: Item, following: Sequence[Item]) -> bool:
    if isinstance(item, Repeat):
        return not (following and _is_pool(following[0]))
    return _is_pool(item)


def _flow(flow: Flow, indent: int, column: int) -> str:
    """Write a flow inside brackets or a definition, where a new line may stand before > only."""
    text = ""
    for item in flow:
        joint = " > " if text else ""
        piece = joint + _item(item, indent, column + len(joint))
        if text and column + len(piece.split("\n", 1)[0]) > WIDTH:
            joint = "\n" + " " * (indent + 2) + "> "
            piece = joint + _item(item, indent + 2, len(joint) - 1)
        text += piece
        broken = piece.rpartition("\n")
        column = len(broken[2]) if broken[1] else column + len(piece)
    return text


def _item(item: Item, indent: int, column: int) -> str:
    """Write an item that starts at a column; broken lines are set in by ``indent``."""
    whole = str(item)
    if isinstance(item, (Word, Call)) or (column + len(whole) <= WIDTH and not _is_tall(item)):
        return whole
    if isinstance(item, Repeat):
        return f"[{_flow(item.flow, indent + 1, column + 1)}]*{item.count_text}"
    branches = [_flow(branch, indent + 4, indent + 4) for branch in item.branches]
    first, others = " " * (indent + 4), " " * (indent + 2)
    return f"{item.name}(\n{first}" + f"\n{others}| ".join(branches) + ")"


def _is_tall(item: Item) -> bool:
    """Whether it goes over several lines however short it is: with three branches or more."""
    if isinstance(item, Repeat):
        return any(map(_is_tall, item.flow))
    if isinstance(item, Branches):
        return len(item.branches) > 2 or any(_is_tall(i) for flow in item.branches for i in flow)
    return False
