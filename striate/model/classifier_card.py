"""A classifier as a notebook shows it: a card of what it is and what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from striate.data.images import Preprocess
from striate.model.json_value import Json
from striate.model.origin import Origin
from striate.render.notebook import Folded, Text, to_html
from striate.terminal.escape import escape_controls
from striate.terminal.units import format_percent

SHOWN = 20  # classes that are named


@dataclass(frozen=True)
class Card:
    """What is shown of a classifier.

    Attributes:
        classes: their names.
        preprocess: what becomes of an image first.
        parameters: how many numbers it has learnt.
        text: of its network; None of a torch module.
        origin: where it comes from.
        images: what the images that it learnt from are called, where that is known.
        metrics: what it can do, as its file says.
    """

    classes: tuple[str, ...]
    preprocess: Preprocess
    parameters: int
    text: str | None
    origin: Origin
    images: Json
    metrics: Mapping[str, Json]

    def __str__(self) -> str:
        names = ", ".join(self.classes[:6]) + (", ..." if len(self.classes) > 6 else "")
        kind = "grey" if self.preprocess.channels == 1 else "colour"
        return (
            f"Classifier of {len(self.classes)} classes ({names}): {self.parameters:,} parameters, "
            f"{kind} images of {self.preprocess.height}x{self.preprocess.width}"
        )

    def html(self) -> str:
        """Return the card as HTML."""
        names = [escape_controls(name) for name in self.classes[:SHOWN]]
        more = f" and {len(self.classes) - SHOWN:,} more" if len(self.classes) > SHOWN else ""
        kind = "grey" if self.preprocess.channels == 1 else "colour"
        size = f"{self.preprocess.height}x{self.preprocess.width}"
        lines = [
            f"classes: {', '.join(names)}{more}",
            f"takes: {kind} images of any size, made {size} ({self.preprocess.fit})",
            f"has learnt: {self.parameters:,} parameters",
            *([f"began with: {self.origin.backbone}"] if self.origin.backbone else []),
            *([f"from the images: {self.images}"] if self.images else []),
            *self._describe_accuracy(),
        ]
        return to_html(
            Text("", strong=f"Classifier of {len(self.classes):,} classes"),
            Text("\n".join(lines), kind="ul"),
            Folded("its network", (Text(self.text or "a torch module", kind="pre"),)),
        )

    def _describe_accuracy(self) -> list[str]:
        names = ("accuracy", "accuracy_low", "accuracy_high")
        found = (self.metrics.get(name) for name in names)
        shares = [share for share in found if isinstance(share, (float, int))]
        if not shares:
            return []
        told = f"accuracy: {format_percent(shares[0])}"
        if len(shares) == len(names):
            told += f" (95 % interval {format_percent(shares[1])} to {format_percent(shares[2])})"
        return [f"{told} on {escape_controls(str(self.metrics.get('evaluated', 'images')))}"]
