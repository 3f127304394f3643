"""What a classifier says of an image, or why the image cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from striate.terminal.tables import Table


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one image.

    Attributes:
        name: the file's name as it was given, or "image N" for one given as numbers.
        label: the most probable class.
        probability: its probability, 0 to 1.
        probabilities: of every class, in the classifier's order.
        remarks: what was odd about the image, and did not hinder.
    """

    name: str
    label: str
    probability: float
    probabilities: Mapping[str, float]
    remarks: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """How probable the second class is beside the first, 0 to 1; 0 of one class alone."""
        second = sorted(self.probabilities.values())[-2:-1]
        return second[0] / self.probability if second else 0.0

    @property
    def unsure(self) -> bool:
        """Whether another class is more than half as probable as the first."""
        return self.ratio > 0.5

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as `striate predict --json` prints it."""
        return {
            "file": self.name,
            "class": self.label,
            "probability": self.probability,
            "probabilities": dict(self.probabilities),
        }

    def __str__(self) -> str:
        return f"{self.name}: {self.label} ({self.probability:.1%})"

    def _repr_html_(self) -> str:
        first = sorted(self.probabilities.items(), key=lambda pair: -pair[1])[:5]
        rows = tuple((name, f"{value:.1%}") for name, value in first)
        from striate.render.notebook import to_html

        return to_html(Table(("class", "probability"), rows, {"probability"}, self.name))


@dataclass(frozen=True)
class Unreadable:
    """An image that could not be used, in its place among the predictions.

    Attributes:
        name: the file's name as it was given.
        error: why, in one line.
    """

    name: str
    error: str

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as `striate predict --json` prints it."""
        return {"file": self.name, "error": self.error}

    def __str__(self) -> str:
        return f"{self.name}: {self.error}"
