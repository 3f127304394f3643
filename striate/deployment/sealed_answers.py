"""What a sealed file says of images, and how far two such answers are apart."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from striate.errors import ClassifierError

Number = TypeVar("Number", int, float)

IMAGE: Final = "image"  # uint8 (rows, columns, 3), as it is stored
ORIENTATION: Final = "orientation"  # int64, 1 to 8 as EXIF has it; anything else is taken for 1
IMAGES: Final = "images"  # of the batch form: uint8 (n, height, width, 3)
PROBABILITIES, CLASS, CONFIDENCE = "probabilities", "class", "confidence"
DISTANCE: Final = "distance"  # where the classifier measures one
NODE, NODE_PROBABILITY = "node", "node_probability"  # where it has a taxonomy
MAP: Final = "map"  # where the classes are means of maps
ANSWERS: Final = (PROBABILITIES, CLASS, CONFIDENCE, DISTANCE, NODE, NODE_PROBABILITY)
"""All outputs that an answer is made of."""

TOLERANCE: Final = 1e-4
"""How far probabilities, confidence and, as a share of it, distance may be apart in another runtime
or on another machine that computes in float32."""


@dataclass(frozen=True, eq=False)
class SealedAnswer:
    """What a sealed file says of one image.

    Attributes:
        probabilities: float32 (classes,).
        label: the class's number; -1 where it was refused.
        confidence: float32, the largest probability.
        distance: float32, how far it lies from what was learnt; None where no rule needs it.
        node: the number of what is answered: the class, or a node of the taxonomy above it, which
            are counted on from the last class; -1 where it was refused; None without a taxonomy.
        node_probability: float32, of the node; the confidence where it was refused.
    """

    probabilities: np.ndarray = field(repr=False)
    label: int
    confidence: float
    distance: float | None = None
    node: int | None = None
    node_probability: float | None = None

    @classmethod
    def of(cls, said: Mapping[str, ArrayLike]) -> SealedAnswer:
        """Return what a runtime said, by the names of the graph's outputs."""
        return cls(
            probabilities=np.asarray(said[PROBABILITIES], np.float32),
            label=int(np.asarray(said[CLASS]).item()),
            confidence=float(np.asarray(said[CONFIDENCE]).item()),
            distance=_optional(said.get(DISTANCE), float),
            node=_optional(said.get(NODE), int),
            node_probability=_optional(said.get(NODE_PROBABILITY), float),
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain values; the probabilities as float32, little endian, in base64."""
        numbers = np.asarray(self.probabilities, "<f4").tobytes()
        values = {
            "probabilities": base64.b64encode(numbers).decode(),
            "class": self.label,
            "confidence": self.confidence,
        }
        more = {
            DISTANCE: self.distance,
            NODE: self.node,
            NODE_PROBABILITY: self.node_probability,
        }
        return values | {name: value for name, value in more.items() if value is not None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SealedAnswer:
        """Return what `as_json` wrote.

        Raises:
            ClassifierError: it is damaged.
        """
        try:
            numbers = base64.b64decode(values["probabilities"], validate=True)
            return cls.of({**values, PROBABILITIES: np.frombuffer(numbers, "<f4")})
        except (KeyError, TypeError, ValueError) as error:
            raise ClassifierError(f"an expected answer of the file is damaged: {error}") from error


@dataclass(frozen=True)
class Tolerance:
    """How far answers may be apart.

    Attributes:
        probability: of probabilities and confidence.
        distance: of distances, as a share of them.
    """

    probability: float = TOLERANCE
    distance: float = TOLERANCE


USUAL_TOLERANCE: Final = Tolerance()  # of what computes in float32


@dataclass(frozen=True)
class Difference:
    """How far answers are apart from those expected.

    Attributes:
        probability: the largest difference of a probability or confidence.
        distance: the largest difference of a distance, as a share of it.
        classes: how many images were given another class, or another node of the taxonomy, though
            neither the two best nor the reject rule's limit lie within the tolerance of each other.
        images: how many were compared.
        worst: the name of the image at which the probabilities are furthest apart.
        allowed: how far they may be apart.
    """

    probability: float = 0.0
    distance: float = 0.0
    classes: int = 0
    images: int = 0
    worst: str = ""
    allowed: Tolerance = field(default=USUAL_TOLERANCE, repr=False)

    @property
    def holds(self) -> bool:
        """Whether the answers are the same but for what is allowed."""
        return (
            self.classes == 0
            and self.probability <= self.allowed.probability
            and self.distance <= self.allowed.distance
        )


def compare_answers(
    names: Sequence[str],
    expected: Sequence[SealedAnswer],
    found: Sequence[SealedAnswer],
    allowed: Tolerance = USUAL_TOLERANCE,
) -> Difference:
    """Return how far answers are apart.

    >>> one = SealedAnswer(np.array([0.75, 0.25], np.float32), 0, 0.75)
    >>> two = SealedAnswer(np.array([0.5, 0.5], np.float32), 1, 0.5)
    >>> compare_answers(["a"], [one], [two])
    Difference(probability=0.25, distance=0.0, classes=1, images=1, worst='a')
    """
    largest, worst, distance, classes = 0.0, "", 0.0, 0
    for name, one, two in zip(names, expected, found, strict=True):
        apart, share = _apart(one, two), 0.0
        if not apart <= largest:  # not a number is apart, too
            largest, worst = apart, name
        if one.distance is not None:
            other = float("nan") if two.distance is None else two.distance
            share = abs(one.distance - other) / max(abs(one.distance), 1e-6)
            distance = share if not share <= distance else distance
        if (one.label, one.node) != (two.label, two.node):
            near = apart <= allowed.probability and share <= allowed.distance
            # so near each other that the rule's limit, or that of a level, lies between them
            said = zip((one.label, one.node or 0), (two.label, two.node or 0), strict=True)
            limits = any((mine < 0) != (theirs < 0) for mine, theirs in said)
            limits = limits or _climb_apart(one, two)
            classes += not (near and limits or _is_tie(one, allowed))
    return Difference(largest, distance, classes, len(names), worst, allowed)


def _apart(one: SealedAnswer, two: SealedAnswer) -> float:
    if one.probabilities.shape != two.probabilities.shape:
        return float("inf")
    differences = np.abs(one.probabilities - two.probabilities)
    apart = [float(differences.max()), abs(one.confidence - two.confidence)]
    if one.node_probability is not None and one.node == two.node:
        other = float("nan") if two.node_probability is None else two.node_probability
        apart.append(abs(one.node_probability - other))
    return float(np.max(apart))  # which is no number where one of them is none


def _climb_apart(one: SealedAnswer, two: SealedAnswer) -> bool:
    """Whether both climb from one class, and stop at different levels above it."""
    return one.label < 0 and two.label < 0 and _best(one) == _best(two)


def _best(answer: SealedAnswer) -> int:
    return int(answer.probabilities.argmax())


def _optional(value: Any, kind: type[Number]) -> Number | None:
    return None if value is None else kind(np.asarray(value).item())


def _is_tie(answer: SealedAnswer, allowed: Tolerance) -> bool:
    best = np.sort(answer.probabilities)[-2:]
    return len(best) == 2 and bool(best[1] - best[0] <= 2 * allowed.probability)
