"""Known networks as texts in the notation, one readable .cnn file each.

A name stands for its text wherever a network can be given; docs/zoo.md lists them. To add one,
put its file here: the first line says `# NAME (YEAR), WHAT IT IS`, the next ones its history.
`compact` writes the network that training uses where none is given.
"""

from __future__ import annotations

from striate.architecture.zoo.compact_network import compact
from striate.architecture.zoo.texts import is_name, name_of, names, text, title, year

__all__ = ["compact", "is_name", "name_of", "names", "text", "title", "year"]
