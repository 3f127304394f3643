"""Private names of other packages, which may change with any version, are these and no others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "striate"

# Each with the reason why there is no public name for it.
NEEDED = {
    "_assert": "torch's check within a traced module, to be known and passed over",
    "_assert_is_none": "the check that torch.fx writes into what it traces, likewise",
    "_symbolic_trace": "the module of torch.fx that this one lies in",
    "_conf": "how codecarbon came to know each figure: read from a counter, or estimated",
    "_conv_forward": "what a Conv2d computes by, exchanged for a step: torch has no hook for it",
    "_forward_hooks": "whether a module of someone else's has hooks: torch only adds and removes",
    "_forward_pre_hooks": "the same, before it computes",
    "_python_dispatch": "where torch's own guide to extending it has TorchDispatchMode",
    "_pytree": "what is flattened exactly as torch itself does",
    "_version": "whether a tensor was changed in place: torch counts it and tells nobody",
}


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def defined(tree: ast.Module) -> set[str]:
    """Names that a file gives itself: functions, classes, fields, attributes of its classes."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                found.add(name)
    return found


def used(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name):
                yield name
            case ast.ImportFrom(module=module, names=names):
                yield from (module or "").split(".")
                yield from (alias.name for alias in names)
            case ast.Import(names=names):
                yield from (part for alias in names for part in alias.name.split("."))


def test_no_other_private_names_are_used_and_each_of_these_is() -> None:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        found |= {name for name in used(tree) if private(name)} - defined(tree)
    assert found == NEEDED.keys()
