"""The words of the field that pages use, each explained in one line: those of glossary.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Term:
    """A word of the field.

    Attributes:
        name: as it stands in the glossary.
        pattern: a regular expression of its spellings, in capitals or not.
        explanation: one line.
    """

    name: str
    pattern: str
    explanation: str

    @property
    def anchor(self) -> str:
        """Its name as a part of an id.

        >>> Term("GFLOP/s", "x", "y").anchor
        'gflop-s'
        """
        return re.sub(r"\W+", "-", self.name.lower())


def _read() -> tuple[Term, ...]:
    said = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    spelt = said["spellings"]
    return tuple(
        Term(name, spelt.get(name, f"{re.escape(name)}s?"), explanation)
        for name, explanation in said["explanations"].items()
    )


TERMS = _read()
"""Every word that pages explain, in alphabetical order."""
