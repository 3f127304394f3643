"""What a classifier says of an image, or why the image cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from striate.errors import SettingError
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from striate.explanation.explanation import Explanation
    from striate.render import Pixels


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one image.

    Attributes:
        name: the file's name as it was given, or "image N" for one given as numbers.
        label: the most probable class.
        probability: its probability, 0 to 1.
        probabilities: of every class, in the classifier's order.
        remarks: what was odd about the image, and did not hinder.
        shown: gives the image upright, as uint8 (rows, columns, channels), where it was predicted
            alone; it is decoded anew.
        explainer: gives where the image speaks for the class, likewise.
    """

    name: str
    label: str
    probability: float
    probabilities: Mapping[str, float]
    remarks: tuple[str, ...] = ()
    shown: Callable[[], Pixels] | None = field(default=None, repr=False, compare=False)
    explainer: Callable[[], Explanation] | None = field(default=None, repr=False, compare=False)

    def explain(self) -> Explanation:
        """Return where the image speaks for the class, as a heat map.

        Raises:
            SettingError: it was one of several images, which are not kept.

        Example: ``model.predict("cat.jpg").explain()``.
        """
        if self.explainer is None:
            raise SettingError(
                f"'{self.name}' was predicted among others, and images are not kept; explain it "
                "by model.explain(image)"
            )
        return self.explainer()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the image and the classifier out of copies."""
        return {**vars(self), "shown": None, "explainer": None}

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
        return f"{self.name}: {self.label} ({format_percent(self.probability)})"

    def _repr_html_(self) -> str:
        from striate.render.notebook import Bars, Gallery, Part, Picture, Text, to_html

        first = sorted(self.probabilities.items(), key=lambda pair: -pair[1])[:5]
        said = f"{self.label} {format_percent(self.probability)}"
        unsure = "unsure: another class is more than half as probable" if self.unsure else ""
        parts: list[Part] = [Text(f"\n{unsure}" * bool(unsure), strong=said)]
        if self.shown is not None:
            parts.append(Gallery((Picture(self.shown(), self.name),), side=224))
        parts += [Bars(tuple(first)), *map(Text, self.remarks)]
        if self.explainer is not None:
            parts.append(Text("its .explain() shows where the image speaks for that"))
        return to_html(*parts)


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
