"""Network texts: read, checked, written again and worked out.

`parse` gives the tree that the author wrote; `expand` works it out, layer by layer.
"""

from __future__ import annotations

from striate.architecture.notation.expanded import Block, ExpandedNetwork, Join, Step
from striate.architecture.notation.expansion import expand
from striate.architecture.notation.parsing import parse
from striate.architecture.notation.source_text import file_named, source, text_in
from striate.architecture.notation.tree import Network
from striate.architecture.words import Leaf

__all__ = [
    "Block",
    "Join",
    "Leaf",
    "Network",
    "ExpandedNetwork",
    "Step",
    "expand",
    "file_named",
    "parse",
    "source",
    "text_in",
]
