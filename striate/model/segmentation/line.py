"""What stands in a scanned line: its characters with their probabilities, and what is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from striate.model.segmentation.components import Mark
from striate.model.segmentation.straightening import Box

SIGNS = {"dash": "-", "dot": ".", "mark": "~"}


@dataclass(frozen=True)
class Glyph:
    """One character of a line.

    Attributes:
        label: the most probable class.
        probability: its probability, 0 to 1.
        probabilities: of every class, in the classifier's order.
        box: where it is in the scan.
        cut: whether it was cut from what it touches.
    """

    label: str
    probability: float
    probabilities: tuple[float, ...]
    box: Box
    cut: bool

    @property
    def unsure(self) -> bool:
        """Whether another class is more than half as probable."""
        second = sorted(self.probabilities)[-2:-1]
        return bool(second) and second[0] > 0.5 * self.probability

    def as_json(self, classes: Sequence[str]) -> dict[str, Any]:
        """Return it as plain values, as `striate predict --segment --json` prints it."""
        return {
            "class": self.label,
            "probability": self.probability,
            "probabilities": dict(zip(classes, self.probabilities, strict=True)),
            "box": list(self.box),
            "cut": self.cut,
        }


@dataclass(frozen=True)
class LineReading:
    """What stands in a scanned line.

    Attributes:
        name: the file's name as it was given, or "image N".
        text: its characters, joined; dashes and dots are not among them.
        probability: that this is the text: how much likelier it is than all other readings, 0 to 1.
        division: likewise that it has so many characters.
        glyphs: its characters, from left to right.
        marks: dashes and dots, which are not read.
        angle: degrees that the line rose by.
        slant: degrees that its characters leaned to the right.
        ruled_lines: how many were taken away.
        specks: how many pieces of ink were too small.
        outside: how many pieces stand above or below the line.
        classes: of the classifier, in its order.
        remarks: what was odd about the file, and did not hinder.
    """

    name: str
    text: str
    probability: float
    division: float
    glyphs: tuple[Glyph, ...]
    marks: tuple[Mark, ...] = ()
    angle: float = 0.0
    slant: float = 0.0
    ruled_lines: int = 0
    specks: int = 0
    outside: int = 0
    classes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def spelled(self) -> str:
        """The text with a sign in the place of each mark: - for a dash, . for a dot, else ~."""
        placed = [(glyph.box[1] + glyph.box[3], glyph.label) for glyph in self.glyphs]
        placed += [(mark.box[1] + mark.box[3], SIGNS[mark.kind]) for mark in self.marks]
        return "".join(label for _, label in sorted(placed, key=lambda each: each[0]))

    @property
    def unsure(self) -> bool:
        """Whether any of its characters is, or another text is as likely."""
        return self.probability < 0.5 or any(glyph.unsure for glyph in self.glyphs)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as `striate predict --segment --json` prints it."""
        return {
            "file": self.name,
            "text": self.text,
            "probability": self.probability,
            "division": self.division,
            "glyphs": [glyph.as_json(self.classes) for glyph in self.glyphs],
            "marks": [{"kind": mark.kind, "box": list(mark.box)} for mark in self.marks],
            "angle": self.angle,
            "slant": self.slant,
            "ruled_lines": self.ruled_lines,
            "specks": self.specks,
            "outside": self.outside,
        }
