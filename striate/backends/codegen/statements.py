"""The statements of a function that runs layers one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from striate.architecture.aspects.program_call import Applied, ProgramCall
from striate.architecture.words import Joint, Shape
from striate.backends.codegen.layout import call, fits
from striate.backends.codegen.program_nodes import Fork, Node, Use


@dataclass(frozen=True)
class Dialect:
    """How a framework writes what it calls.

    Attributes:
        apply: writes a call, or the use of a block, on an expression.
        join: writes the joining of variables.
        indent: of the statements.
    """

    apply: Callable[[ProgramCall | Use, str], Applied]
    join: Callable[[Joint, Sequence[str]], Applied]
    indent: int


def statements(nodes: Sequence[Node], dialect: Dialect) -> list[str]:
    """Write the lines that turn ``x`` into what comes out, shapes as comments."""
    return _Writing(dialect).lines(nodes)


def returning(nodes: Sequence[Node], dialect: Dialect) -> list[str]:
    """Write the same as the end of a function that gives what comes out."""
    return _Writing(dialect).returning(nodes)


class _Writing:
    """One function under way."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._indent = " " * dialect.indent
        self._lines: list[str] = []
        self._branches = 0
        self._last: tuple[int, Applied, Shape] | None = None  # a call that ends the lines

    def lines(self, nodes: Sequence[Node]) -> list[str]:
        self._flow(nodes, "x", "x")
        return self._lines

    def returning(self, nodes: Sequence[Node]) -> list[str]:
        held = self._flow(nodes, "x", "x")
        if self._last is None:
            return [*self._lines, f"{self._indent}return {held}"]
        start, applied, shape = self._last
        return [*self._lines[:start], *self._laid_out("return ", applied, shape)]

    def _flow(self, nodes: Sequence[Node], source: str, target: str) -> str:
        """Write what leads from one variable to another; give the one that holds the result."""
        held, pending, shape = source, None, Shape()
        for node in nodes:
            if isinstance(node, Fork):
                held = self._write(target, pending, shape, held)
                pending, shape = self._join(node, held), node.output
                continue
            wraps = isinstance(node, ProgramCall) and node.pointwise and pending is not None
            inner = self._dialect.apply(node, str(pending) if wraps else held)
            if wraps and not fits(f"{target} = {inner}", len(self._indent), _said(node.output)):
                wraps = False
            if not wraps:
                held = self._write(target, pending, shape, held)
                inner = self._dialect.apply(node, held)
            pending, shape = inner, node.output
        return self._write(target, pending, shape, held)

    def _join(self, fork: Fork, held: str) -> Applied:
        """Write the branches; give what joins them."""
        before = self._branches
        ends = []
        for branch in fork.branches:
            self._branches += 1
            ends.append(self._flow(branch, held, f"branch{self._branches}"))
        self._branches = before
        return self._dialect.join(fork.joint, ends)

    def _write(self, target: str, pending: Applied | None, shape: Shape, held: str) -> str:
        """Write what is pending into the target, if anything is."""
        if pending is None:
            return held
        self._last = (len(self._lines), pending, shape)
        self._lines += self._laid_out(f"{target} = ", pending, shape)
        return target

    def _laid_out(self, before: str, applied: Applied, shape: Shape) -> list[str]:
        line, comment = f"{before}{applied}", _said(shape)
        if fits(line, len(self._indent)):
            said = comment and fits(line, len(self._indent), comment)
            return [f"{self._indent}{line}" + (f"  # {comment}" if said else "")]
        if applied.operator:
            first, *others = applied.arguments
            lines = [first, *(f"{applied.operator} {other}" for other in others)]
            inside = [f"{self._indent}    {line}" for line in lines]
            return [f"{self._indent}{before}(", *inside, f"{self._indent})"]
        return call(
            before + applied.before,
            applied.arguments,
            applied.after,
            indent=len(self._indent),
            comment=comment,
        )


def _said(shape: Shape) -> str:
    """What the comment on a shape says; nothing where uses of a block differ in it."""
    return repr(shape) if shape else ""
