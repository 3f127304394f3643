"""A word of the notation stands in its own file: backends ask it, and name none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import striate
from striate.architecture.words import JOINS, WORDS, Joint, Layer

KINDS: list[type[Layer | Joint]] = [*WORDS.values(), *JOINS.values()]
CLASSES = {kind.__name__ for kind in KINDS}
NAMES = {*WORDS, *JOINS}
ROOM = Path(striate.__file__).parent / "backends"


def names_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give every name of the program's own and every text but docstrings, with its line."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.alias):
            yield node.lineno, node.name
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name.lstrip("_")
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.lineno, node.arg or ""
        elif isinstance(node, ast.Constant) and id(node) not in docstrings and node.value in NAMES:
            yield node.lineno, str(node.value)  # the classes' names not: ONNX has an Identity too


def test_no_backend_names_a_word() -> None:
    found = [
        f"{path.relative_to(ROOM)}, line {line}: {name}"
        for path in sorted(ROOM.rglob("*.py"))
        for line, name in names_in(ast.parse(path.read_text("utf-8")))
        if name in CLASSES | NAMES
    ]
    assert found == []
