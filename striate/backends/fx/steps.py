"""Steps of a recorded graph, as messages speak of them: their names, places and values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import fx

from striate.backends.fx.values import Value

BESIDE: Final = (Path(torch.__file__).parent, Path(__file__).parent)  # not the module's own code


@dataclass(frozen=True)
class Attribute:
    """A tensor of the module's own, used by itself.

    Attributes:
        name: of it.
        sizes: its own, or those that it was given; empty where they are not known.
    """

    name: str
    sizes: tuple[int, ...] = ()


def sizes_known(node: fx.Node) -> tuple[int, ...]:
    """Return the sizes of what a step gives; empty where they are not known."""
    known = node.meta.get("known")
    return tuple(known.shape) if isinstance(known, torch.Tensor) else ()


KINDS: Final[dict[type, str]] = {
    type(None): "nothing",
    fx.immutable_collections.immutable_dict: "a dict",
    Attribute: "a tensor of its own",
}


def kind_text(value: Any) -> str:
    """Say what a value of the module is, for messages."""
    if isinstance(value, tuple | list):
        return f"{len(value)} values ({', '.join(map(kind_text, value))})"
    return "a tensor" if isinstance(value, Value) else KINDS.get(type(value), type(value).__name__)


def name_of(node: fx.Node) -> str:
    """Name what a step calls."""
    target = node.target
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))


def place_of(node: fx.Node) -> str:
    """Say where a step stands: its module, or its line of code."""
    if node.op == "call_module":
        return f"'{node.target}'"
    lines = re.findall(r'File "([^"]+)", line (\d+), in \S+\n\s*(.+)', node.stack_trace or "")
    own = [found for found in lines if not any(map(Path(found[0]).is_relative_to, BESIDE))]
    if not own:
        return name_of(node)
    path, number, line = own[-1]
    return f"'{line.strip()}' ({Path(path).name}, line {number})"
