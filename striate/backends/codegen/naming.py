"""Names of classes and functions for the blocks of a network."""

from __future__ import annotations

import keyword
from collections.abc import Iterable


class Names:
    """Gives names that are free, each once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def camel(self, name: str) -> str:
        """Give the name of a class.

        >>> names = Names(["Net"])
        >>> names.camel("fire"), names.camel("stage_2"), names.camel("net")
        ('Fire', 'Stage2', 'NetBlock')
        """
        whole = "".join(part[:1].upper() + part[1:] for part in name.split("_")) or "Block"
        return self._free(whole if not whole[0].isdigit() else f"Block{whole}", "Block")

    def snake(self, name: str) -> str:
        """Give the name of a function.

        >>> Names([]).snake("next")
        'next_block'
        """
        return self._free(f"{name}_block", "_")

    def _free(self, name: str, ending: str) -> str:
        while name in self._taken or keyword.iskeyword(name):
            name += ending
        self._taken.add(name)
        return name
