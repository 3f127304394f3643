"""Comments: which ones speak of the network, and which statement each of the others belongs to."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from striate.architecture.notation.nodes import Remark

COMMENT: Final = re.compile(r"#([^\n]*)")
FIRST: Final = re.compile(r"\s*(?:[ \t\xa0]*#[^\n]*\n?)*")
BETWEEN: Final = " \t\n\xa0>"  # what may stand between statements


def without_comments(text: str) -> str:
    """Blank the comments out, so that every other character keeps its position.

    >>> without_comments("relu # so")
    'relu     '
    """
    return COMMENT.sub(lambda found: " " * len(found[0]), text)


def assign(text: str, starts: Sequence[int | None]) -> tuple[str, tuple[Remark, ...]]:
    r"""Give the first comments, and the others with the statements that they belong to.

    A comment on a line of its own belongs to the statement behind it, one at the end of a line
    to the statement there, and one inside a statement stands above it.

    Args:
        text: the whole text.
        starts: where each statement begins, by its anchor; None for an input that is not there.

    >>> assign("# Mine\n\n# stem\nrelu # wide", [None, 15])
    ('Mine', (Remark(text='stem', anchor=1, beside=False), Remark(text='wide', ...beside=True)))
    """
    plain = without_comments(text)
    order = sorted((start, anchor) for anchor, start in enumerate(starts) if start is not None)
    begins = [start for start, _ in order]
    anchors = [anchor for _, anchor in order] + [len(starts)]
    ends = [
        begin + len(plain[begin:until].rstrip(BETWEEN))
        for begin, until in zip(begins, [*begins[1:], len(text)], strict=True)
    ]
    top = FIRST.match(text)
    first: list[str] = []
    remarks: list[Remark] = []
    with_one_beside: set[int] = set()
    for found in COMMENT.finditer(text):
        position, content = found.start(), found[1].removeprefix(" ").rstrip()
        number = bisect_right(begins, position) - 1  # of the statement that began before it
        if top and position < top.end():
            first.append(content)
        elif number < 0:
            remarks.append(Remark(content, anchors[0]))
        elif position < ends[number]:
            remarks.append(Remark(content, anchors[number]))
        elif number in with_one_beside or _is_alone(plain, position):
            remarks.append(Remark(content, anchors[number + 1]))
        else:
            with_one_beside.add(number)
            remarks.append(Remark(content, anchors[number], beside=True))
    return _in_order("\n".join(first).strip("\n"), remarks, min(anchors))


def _is_alone(plain: str, position: int) -> bool:
    """Whether nothing but blanks stands before a comment on its line."""
    return not plain[plain.rfind("\n", 0, position) + 1 : position].strip()


def _in_order(comment: str, remarks: list[Remark], top: int) -> tuple[str, tuple[Remark, ...]]:
    """Sort remarks by statement; where there are no first comments, the topmost ones are those."""
    ordered = sorted(remarks, key=lambda remark: (remark.anchor, remark.beside))
    if not comment:
        leading = [r.text for r in ordered if r.anchor == top and not r.beside]
        comment = "\n".join(leading).strip("\n")
        ordered = [r for r in ordered if r.anchor != top or r.beside]
    return comment, tuple(ordered)
