"""Lines of Python, broken as ruff and black break them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

WIDTH: Final = 88  # ruff's own


def call(
    before: str, arguments: Sequence[str], after: str, *, indent: int, comment: str = ""
) -> list[str]:
    """Lay out a call: in one line, else its arguments in one line, else in a line each.

    Args:
        before: what stands before the bracket, as in ``x = F.relu``.
        arguments: what stands inside.
        after: what stands behind the bracket, as in ``(x)``.
        indent: spaces before it.
        comment: what is said of it, without the # sign.

    >>> call("x = f", ["x", "a=1"], "", indent=4, comment="(8, 4, 4)")
    ['    x = f(x, a=1)  # (8, 4, 4)']
    """
    start, inner = " " * indent, " " * (indent + 4)
    inside = ", ".join(arguments)
    remark = f"  # {comment}" if comment else ""
    whole = f"{start}{before}({inside}){after}"
    if len(whole + remark) <= WIDTH or not arguments:
        return [whole + remark]
    last = f"{start}){after}{remark}"
    odd = after.startswith("(") and len(f"{start}{before}({inside})(") <= WIDTH
    if len(inner + inside) <= WIDTH and not odd:  # else ruff would break what is behind
        return [f"{start}{before}(", inner + inside, last]
    lines = [f"{start}{before}("]
    for argument in arguments:
        lines += _argument(argument, inner)
    return [*lines, last]


def _argument(argument: str, start: str) -> list[str]:
    """One argument on lines of its own; a list that is too long is broken once more."""
    whole = f"{start}{argument},"
    if len(whole) <= WIDTH or not argument.startswith("["):
        return [whole]
    items = argument[1:-1].split(", ")
    return [f"{start}[", *(f"{start}    {item}," for item in items), f"{start}],"]


def fits(line: str, indent: int, comment: str = "") -> bool:
    """Say whether a line, set in, needs no breaking."""
    return indent + len(line) + (len(comment) + 4 if comment else 0) <= WIDTH
