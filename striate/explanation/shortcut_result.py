"""What there is to say of where a classifier looks: the maps of each class, and the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from striate.explanation.map_alignment import MapAlignment
from striate.explanation.region_occlusion import OcclusionTest
from striate.render.notebook import to_html
from striate.terminal.dataframe import make_dataframe
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from pandas import DataFrame

NAMED = 3  # classes whose shortcuts the verdict names


@dataclass(frozen=True, eq=False)
class ClassFocus:
    """Where the maps of one class lie.

    Attributes:
        label: the class.
        n: its images whose map has a positive part.
        mean_map: of the positive parts, each of sum one: float32 (height, width) of the
            network's input, of sum one.
        border_share: the share of it in the border all around.
        center_of_mass: its centre of mass, row and column as shares of height and width, 0 to 1.
        map_similarity: how alike the maps of the class are: the mean cosine of two of them, 0 to 1.
        occlusion_tests: what came of occluding the regions that were suspected, the worst first.
    """

    label: str
    n: int
    mean_map: np.ndarray = field(repr=False)
    border_share: float
    center_of_mass: tuple[float, float]
    map_similarity: float
    occlusion_tests: tuple[OcclusionTest, ...] = ()

    @property
    def shortcut(self) -> OcclusionTest | None:
        """The worst proven shortcut; None where there is none."""
        return next((each for each in self.occlusion_tests if each.is_shortcut), None)


@dataclass(frozen=True, eq=False)
class ShortcutReport:
    """Where a classifier looks on the images of a folder, a class a row.

    Attributes:
        evaluated: which images.
        classes: one a class with at least 5 images.
        border: of the border, as a share of each side.
        border_area: the border's share of the image: what a map that is the same everywhere
            has in it.
        layer: whose maps were taken.
        notes: what was left out and why.
        alignment: whether the maps lie where the network looks: medians of 50 images.
    """

    evaluated: str
    classes: tuple[ClassFocus, ...]
    border: float
    border_area: float
    layer: str
    notes: tuple[str, ...] = ()
    alignment: MapAlignment | None = None

    @property
    def shortcuts(self) -> tuple[OcclusionTest, ...]:
        """The proven shortcuts, one a class."""
        return tuple(each.shortcut for each in self.classes if each.shortcut is not None)

    @property
    def verdict(self) -> tuple[str, str]:
        """Whether a class is recognised by its border, and what to do, in a plain sentence each."""
        if not self.shortcuts:
            return (
                "No shortcut was found: no class is recognised by something at the border of its "
                "images.",
                "Things in the middle, where the objects are, are not tested.",
            )
        told = [f"'{each.label}' by {each.region.name}" for each in self.shortcuts[:NAMED]]
        if len(self.shortcuts) > NAMED:
            told.append(f"{len(self.shortcuts) - NAMED:,} more classes likewise")
        return (
            f"A shortcut was found: it recognises {', '.join(told)}, and not by the thing itself.",
            "Crop that away or take images without it, and train again; until then do not trust "
            "the accuracy.",
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The figures behind the verdict, a sentence each."""
        if self.shortcuts:
            return tuple(each.words for each in self.shortcuts)
        tests = [each for look in self.classes for each in look.occlusion_tests]
        if not tests:
            return (f"no part at the border was suspected ({self.evaluated})",)
        worst = max(tests, key=lambda each: each.accuracy - each.occluded_accuracy)
        many = "1 suspected part was" if len(tests) == 1 else f"{len(tests)} suspected parts were"
        return (f"{many} occluded ({self.evaluated}); the worst: {worst.words}",)

    def __str__(self) -> str:
        aligned = [] if self.alignment is None else [self.alignment.words]
        return "\n".join([str(self._table()), *self.verdict, *self.words, *aligned])

    def _repr_html_(self) -> str:
        return to_html(self._table())

    def _table(self) -> Table:
        header = (
            "class",
            "images",
            "in the border",
            "centre of mass",
            "map similarity",
            "depends on",
        )
        rows = tuple(
            (
                look.label,
                f"{look.n:,}",
                format_percent(look.border_share),
                f"{look.center_of_mass[0]:.2f}, {look.center_of_mass[1]:.2f}",
                f"{look.map_similarity:.2f}",
                look.shortcut.region.name if look.shortcut else "",
            )
            for look in self.classes
        )
        caption = (
            f"Where it looks: {self.evaluated}; the border is the outer {100 * self.border:.0f} %, "
            f"{format_percent(self.border_area)} of the image"
        )
        return Table(header, rows, set(header[1:5]), caption)

    def to_pandas(self) -> DataFrame:
        """Return every occlusion test as a pandas DataFrame, class by class, the worst first.

        Raises:
            StriateError: pandas is not installed.
        """
        columns = ("class", "region", "n", "accuracy", "occluded_accuracy", "is_shortcut")
        rows = (
            (each.label, each.region.name, each.n, each.accuracy, each.occluded_accuracy, proven)
            for one in self.classes
            for each in one.occlusion_tests
            for proven in (each.is_shortcut,)
        )
        return make_dataframe(columns, rows)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values; mean maps are lists of rows."""
        return {
            "evaluated": self.evaluated,
            "layer": self.layer,
            "border": self.border,
            "border_area": self.border_area,
            "notes": list(self.notes),
            "alignment": self.alignment and self.alignment.as_json(),
            "verdict": list(self.verdict),
            "words": list(self.words),
            "classes": [
                {
                    "class": look.label,
                    "n": look.n,
                    "border_share": look.border_share,
                    "center_of_mass": list(look.center_of_mass),
                    "map_similarity": look.map_similarity,
                    "mean_map": look.mean_map.tolist(),
                    "occlusion_tests": [
                        {**asdict(each), "is_shortcut": each.is_shortcut, "words": each.words}
                        for each in look.occlusion_tests
                    ],
                }
                for look in self.classes
            ],
        }
