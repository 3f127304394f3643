"""Network texts: read, checked, written again and worked out.

`parse` gives the tree that the author wrote; `expand` works it out, layer by layer.
"""

from __future__ import annotations

from striate.notation.expanding import expand
from striate.notation.plan import Block, Join, Leaf, Plan, Step
from striate.notation.reading import parse
from striate.notation.source import source, text_in
from striate.notation.tree import Network

__all__ = [
    "Block",
    "Join",
    "Leaf",
    "Network",
    "Plan",
    "Step",
    "expand",
    "parse",
    "source",
    "text_in",
]
