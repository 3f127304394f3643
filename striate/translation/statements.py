"""The statements of a function that runs layers one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from striate.layers import Shape
from striate.translation.layout import call, fits
from striate.translation.terms import Fork, Node, Term, Use


@dataclass(frozen=True)
class Applied:
    """A call on an expression: before the bracket, inside it, behind it."""

    before: str
    arguments: Sequence[str]
    after: str = ""

    def __str__(self) -> str:
        return f"{self.before}({', '.join(self.arguments)}){self.after}"


@dataclass(frozen=True)
class Dialect:
    """How a framework writes what it calls.

    Attributes:
        apply: writes a call, or the use of a block, on an expression.
        cat: writes the joining of variables along the channels.
        indent: of the statements.
    """

    apply: Callable[[Term | Use, str], Applied]
    cat: Callable[[Sequence[str]], Applied]
    indent: int


def statements(nodes: Sequence[Node], dialect: Dialect) -> list[str]:
    """Write the lines that turn ``x`` into what comes out, shapes as comments."""
    return _Writing(dialect).lines(nodes)


def returning(lines: Sequence[str], indent: int) -> list[str]:
    """End statements with a return of ``x``: its last assignment, where there is room.

    >>> returning(["    x = f(x)", "    x = g(x)"], 4), returning([], 4)
    (['    x = f(x)', '    return g(x)'], ['    return x'])
    """
    start = f"{' ' * indent}x = "
    last = next((n for n in reversed(range(len(lines))) if lines[n].startswith(start)), None)
    if last is not None:
        whole = f"{' ' * indent}return {lines[last].removeprefix(start)}"
        inside = (" " * (indent + 1), f"{' ' * indent})")
        line = whole if fits(whole, 0) else whole.partition("  #")[0]
        if fits(line, 0) and all(rest.startswith(inside) for rest in lines[last + 1 :]):
            return [*lines[:last], line, *lines[last + 1 :]]
    return [*lines, f"{' ' * indent}return x"]


class _Writing:
    """One function under way; ``pending`` is an expression that is not yet written down."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._lines: list[str] = []
        self._branches = 0

    def lines(self, nodes: Sequence[Node]) -> list[str]:
        self._flow(nodes, "x", "x")
        return self._lines

    def _flow(self, nodes: Sequence[Node], source: str, target: str) -> str:
        """Write what leads from one variable to another; give the one that holds the result."""
        held, pending, shape = source, "", Shape()
        for node in nodes:
            if isinstance(node, Fork):
                held = self._write(target, pending, shape, held)
                pending, shape = str(self._join(node, held, target)), node.output
                continue
            inner = self._dialect.apply(node, pending or held)
            wraps = isinstance(node, Term) and node.pointwise
            line = f"{target} = {inner}"
            if pending and not (wraps and fits(line, self._dialect.indent, _said(node.output))):
                held, pending = self._write(target, pending, shape, held), ""
                inner = self._dialect.apply(node, held)
            if not pending and not fits(f"{target} = {inner}", self._dialect.indent):
                self._call(target, inner, node.output)
                held, shape = target, Shape()
                continue
            pending, shape = str(inner), node.output
        return self._write(target, pending, shape, held)

    def _join(self, fork: Fork, held: str, target: str) -> Applied | str:
        """Write the branches; give what joins them."""
        before = self._branches
        ends = []
        for branch in fork.branches:
            self._branches += 1
            ends.append(self._flow(branch, held, f"branch{self._branches}"))
        self._branches = before
        whole = self._dialect.cat(ends) if fork.word == "cat" else " + ".join(ends)
        if fits(f"{target} = {whole}", self._dialect.indent):
            return whole
        if isinstance(whole, Applied):
            self._call(target, whole, ())
        else:
            self._sum(target, ends)
        return target

    def _sum(self, target: str, ends: Sequence[str]) -> None:
        """Write a sum that is too long for one line."""
        indent = " " * self._dialect.indent
        first, *others = ends
        self._lines += [f"{indent}{target} = (", f"{indent}    {first}"]
        self._lines += [f"{indent}    + {end}" for end in others]
        self._lines.append(f"{indent})")

    def _call(self, target: str, applied: Applied, shape: Shape) -> None:
        self._lines += call(
            f"{target} = {applied.before}",
            applied.arguments,
            applied.after,
            indent=self._dialect.indent,
            comment=_said(shape),
        )

    def _write(self, target: str, pending: str, shape: Shape, held: str) -> str:
        """Write what is pending into the target, if anything is."""
        if not pending or pending == target:
            return target if pending else held
        line, comment = f"{target} = {pending}", _said(shape)
        if comment and fits(line, self._dialect.indent, comment):
            line += f"  # {comment}"
        self._lines.append(" " * self._dialect.indent + line)
        return target


def _said(shape: Shape) -> str:
    """What the comment on a shape says; nothing where uses of a block differ in it."""
    return repr(shape) if shape else ""
