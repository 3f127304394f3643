"""What run.json says of the run that another one goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from striate.data.collection import format_count, quote_few


@dataclass(frozen=True)
class Follows:
    """The earlier run, and how the images differ from its own.

    Attributes:
        run: its folder, by its whole path.
        kept: images that both used.
        added: images that only the new run uses.
        removed: images that only the earlier one used.
        relabelled: kept images whose class is another one now.
        new_classes: those that the earlier run did not know.
    """

    run: str
    kept: int = 0
    added: int = 0
    removed: int = 0
    relabelled: int = 0
    new_classes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Follows:
        """Return what run.json holds of it."""
        return cls(**{**values, "new_classes": tuple(values["new_classes"])})

    def describe(self) -> str:
        """Return what changed, in words.

        >>> Follows("runs/a", 20, 3, 0, 1, ("wasp",)).describe()
        "3 images are new, 1 relabelled; 20 stay; new class: 'wasp'"
        """
        verb = "is" if self.added == 1 else "are"
        changes = (
            (self.added, f"{format_count(self.added, 'image')} {verb} new"),
            (self.removed, f"{self.removed:,} no longer used"),
            (self.relabelled, f"{self.relabelled:,} relabelled"),
        )
        told = ", ".join(words for number, words in changes if number)
        classes = "new class" if len(self.new_classes) == 1 else "new classes"
        more = f"; {classes}: {quote_few(self.new_classes, 10)}" if self.new_classes else ""
        return f"{told}; {self.kept:,} stay{more}"
