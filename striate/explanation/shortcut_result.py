"""What there is to say of where a classifier looks: the maps of each class, and the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from striate.explanation.occlusion_test import Hiding
from striate.terminal.tables import Table
from striate.terminal.units import format_percent


@dataclass(frozen=True, eq=False)
class Look:
    """Where the maps of one class lie.

    Attributes:
        label: the class.
        n: its images whose map has a positive part.
        mean_map: of the positive parts, each of sum one: float32 (height, width) of the
            network's input, of sum one.
        border: the share of it in the border all around.
        centre: its centre of mass, row and column as shares of height and width, 0 to 1.
        alike: how alike the maps of the class are: the mean cosine of two of them, 0 to 1.
        hidings: what came of hiding the parts that were suspected, the worst first.
    """

    label: str
    n: int
    mean_map: np.ndarray = field(repr=False)
    border: float
    centre: tuple[float, float]
    alike: float
    hidings: tuple[Hiding, ...] = ()

    @property
    def shortcut(self) -> Hiding | None:
        """The worst proven shortcut; None where there is none."""
        return next((each for each in self.hidings if each.proved), None)


@dataclass(frozen=True, eq=False)
class ShortcutReport:
    """Where a classifier looks on the images of a folder, a class a row.

    Attributes:
        evaluated: which images.
        looks: one a class with at least 5 images.
        width: of the border, as a share of each side.
        border_area: the border's share of the image: what a map that is the same everywhere
            has in it.
        layer: whose maps were taken.
        notes: what was left out and why.
    """

    evaluated: str
    looks: tuple[Look, ...]
    width: float
    border_area: float
    layer: str
    notes: tuple[str, ...] = ()

    @property
    def shortcuts(self) -> tuple[Hiding, ...]:
        """The proven shortcuts, one a class."""
        return tuple(each.shortcut for each in self.looks if each.shortcut is not None)

    @property
    def words(self) -> tuple[str, ...]:
        """The verdict, a sentence each."""
        if self.shortcuts:
            return tuple(each.words for each in self.shortcuts)
        hidden = sum(len(look.hidings) for look in self.looks)
        tried = "no part at the border was suspected"
        if hidden:
            worst = max(
                (each for look in self.looks for each in look.hidings),
                key=lambda each: each.right - each.hidden,
            )
            tried = f"{hidden} suspected parts were hidden; the worst: {worst.words}"
        return (
            f"no shortcut at the border was found ({self.evaluated}): {tried}. Parts in the "
            "middle, where the things are, are not judged",
        )

    def __str__(self) -> str:
        return "\n".join([str(self._table()), *self.words])

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        header = ("class", "images", "in the border", "centre of mass", "alike", "told by")
        rows = tuple(
            (
                look.label,
                f"{look.n:,}",
                format_percent(look.border),
                f"{look.centre[0]:.2f}, {look.centre[1]:.2f}",
                f"{look.alike:.2f}",
                look.shortcut.region.words if look.shortcut else "",
            )
            for look in self.looks
        )
        caption = (
            f"Where it looks: {self.evaluated}; the border is the outer {self.width:.0%}, "
            f"{format_percent(self.border_area)} of the image"
        )
        return Table(header, rows, set(header[1:5]), caption)

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON values; mean maps are lists of rows."""
        return {
            "evaluated": self.evaluated,
            "layer": self.layer,
            "width": self.width,
            "border_area": self.border_area,
            "notes": list(self.notes),
            "words": list(self.words),
            "classes": [
                {
                    "class": look.label,
                    "n": look.n,
                    "border": look.border,
                    "centre": list(look.centre),
                    "alike": look.alike,
                    "mean_map": look.mean_map.tolist(),
                    "hidings": [
                        {**asdict(each), "proved": each.proved, "words": each.words}
                        for each in look.hidings
                    ],
                }
                for look in self.looks
            ],
        }
