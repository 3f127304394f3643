"""What a classifier says of an image, or why the image cannot be used."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from striate.errors import SettingError
from striate.model.decision import REFUSED, Answers, Taxonomy
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from striate.explanation.explanation import Explanation
    from striate.render import Pixels

DONT_KNOW = "I don't know"  # what is said where nothing is answered
REFUSALS = {
    "unlike": "the image is unlike those it has learnt from",
    "unsure": "no class is probable enough",
}


@dataclass(frozen=True)
class Ancestor:
    """The node of a taxonomy that an answer climbed to, since no class was probable enough.

    Attributes:
        name: of the node.
        probability: that the image is of one of its classes.
        level: how far above the class it is, from 1.
    """

    name: str
    probability: float
    level: int


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one image.

    Attributes:
        name: the file's name as it was given, or "image N" for one given as numbers.
        label: the class that is answered, the most probable one; None where none is: "I don't
            know", or a node above the classes.
        probability: of the most probable class, 0 to 1.
        probabilities: of every class, in the classifier's order.
        remarks: what was odd about the image, and did not hinder.
        refused: why nothing is answered: "unlike" (the image is unlike those of its classes) or
            "unsure" (no class is probable enough); "" where a class is.
        distance: of the image's features from those of the nearest class, about 1 for an image
            like those learnt from; None where it is not measured.
        ancestor: what is answered instead, where the answer climbed; else None.
        shown: gives the image upright, as uint8 (rows, columns, channels), where it was predicted
            alone; it is decoded anew.
        explainer: gives where the image speaks for the class, likewise.
    """

    name: str
    label: str | None
    probability: float
    probabilities: Mapping[str, float]
    remarks: tuple[str, ...] = ()
    refused: str = ""
    distance: float | None = None
    ancestor: Ancestor | None = None
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
    def best_guess(self) -> str:
        """The most probable class, answered or not."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def node(self) -> str | None:
        """What is answered: the class, or the node above it; None: "I don't know"."""
        return self.label if self.ancestor is None else self.ancestor.name

    @property
    def node_probability(self) -> float:
        """Of what is answered; where nothing is, of the most probable class."""
        return self.probability if self.ancestor is None else self.ancestor.probability

    @property
    def level(self) -> int | None:
        """How far the answer climbed: 0 of a class, 1 of the node above it; None: no answer."""
        if self.ancestor is not None:
            return self.ancestor.level
        return None if self.label is None else 0

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
            "best_guess": self.best_guess,
            "refused": self.refused or None,
            "distance": self.distance,
            "node": self.node,
            "node_probability": self.node_probability,
            "level": self.level,
        }

    def __str__(self) -> str:
        return f"{self.name}: {self.words}"

    @property
    def words(self) -> str:
        """The answer in words: "ants (99.1 %)", or that there is none, and why."""
        if self.label is not None:
            return self._guess
        if self.ancestor is not None:
            sure = format_percent(self.ancestor.probability)
            return f"{self.ancestor.name} ({sure}); {self.reason}"
        return f"{DONT_KNOW}: {self.reason}"

    @property
    def reason(self) -> str:
        """Why no class is answered, and which is the most probable; "" where one is."""
        if self.label is not None:
            return ""
        if self.ancestor is not None:
            return f"the most probable class is {self._guess}"
        return f"{REFUSALS[self.refused]}; the best guess is {self._guess}"

    @property
    def _guess(self) -> str:
        return f"{self.best_guess} ({format_percent(self.probability)})"

    def _repr_html_(self) -> str:
        from striate.render.notebook import Bars, Gallery, Part, Picture, Text, to_html

        first = sorted(self.probabilities.items(), key=lambda pair: -pair[1])[:5]
        said = self.words
        unsure = "unsure: another class is more than half as probable" if self.unsure else ""
        parts: list[Part] = [Text(f"\n{unsure}" * bool(unsure), strong=said)]
        if self.shown is not None:
            parts.append(Gallery((Picture(self.shown(), self.name),), side=224))
        parts += [Bars(tuple(first)), *map(Text, self.remarks)]
        if self.explainer is not None:
            parts.append(Text("its .explain() shows where the image speaks for that"))
        return to_html(*parts)


def make_prediction(
    name: str,
    answer: Answers,
    classes: tuple[str, ...],
    remarks: tuple[str, ...] = (),
    taxonomy: Taxonomy | None = None,
) -> Prediction:
    """Return what is answered to one image, by name.

    Args:
        name: of the image.
        answer: of this image alone.
        classes: their names.
        remarks: what was odd about it.
        taxonomy: of the classes, where the answer may climb.
    """
    best = int(answer.classes[0])
    refused = "unlike" if answer.unlike[0] else "unsure" if answer.unsure[0] else ""
    ancestor, level = None, int(answer.level[0])
    if taxonomy is not None and level > 0:
        node = taxonomy.name_nodes(classes)[int(answer.node[0])]
        ancestor = Ancestor(node, float(answer.node_probability[0]), level)
    far = float(answer.distance[0])
    return Prediction(
        name,
        None if best == REFUSED else classes[best],
        float(answer.confidence[0]),
        dict(zip(classes, answer.probabilities[0].tolist(), strict=True)),
        remarks,
        refused,
        far if math.isfinite(far) else None,
        ancestor,
    )


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
