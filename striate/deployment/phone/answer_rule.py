"""When which answer is given, in numbers that a program in any language can follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.deployment.sealed_answers import SealedAnswer
from striate.model.decision import REFUSED, Decision
from striate.model.json_value import Json, JsonObject

Least = tuple[float | None, ...]  # None: never


@dataclass(frozen=True)
class AnswerLevel:
    """The nodes of one level of a taxonomy.

    Attributes:
        names: of the nodes.
        node_of_class: of each class, the place of its node among the names.
        least_probability: with which each node is answered; None: never.
    """

    names: tuple[str, ...]
    node_of_class: tuple[int, ...]
    least_probability: Least


@dataclass(frozen=True)
class AnswerRule:
    """What becomes of probabilities and distance.

    Attributes:
        least_probability: with which each class is answered; None: never.
        largest_distance: beyond which nothing is answered; None: there is no such.
        above: the levels of the taxonomy, from the one above the classes up.

    >>> rule = AnswerRule((0.75, None), 1.5)
    >>> rows = np.array([[0.75, 0.25], [0.5, 0.5], [0.0, 1.0], [1.0, 0.0]], np.float32)
    >>> [each.label for each in rule.apply(rows, np.array([1.0, 1.0, 1.0, 1.625], np.float32))]
    [0, -1, -1, -1]
    """

    least_probability: Least
    largest_distance: float | None = None
    above: tuple[AnswerLevel, ...] = ()

    @classmethod
    def of(cls, decision: Decision, classes: int) -> AnswerRule:
        """Return the rule of a decision, whose distance is measured elsewhere.

        >>> AnswerRule.of(Decision(), 2)
        AnswerRule(least_probability=(0.0, 0.0), largest_distance=None, above=())
        """
        reject, tree = decision.reject, decision.taxonomy
        levels = zip(tree.levels if tree else (), decision.least_above(), strict=True)
        return cls(
            _finite(decision.least_probabilities(classes)),
            None if reject is None else reject.distance,
            tuple(AnswerLevel(level.names, level.nodes, _finite(least)) for level, least in levels),
        )

    def apply(self, probabilities: np.ndarray, distance: np.ndarray | None) -> list[SealedAnswer]:
        """Return what is answered.

        Args:
            probabilities: float32 (n, classes).
            distance: float32 (n,); None where none is measured.
        """
        found = []
        for number, row in enumerate(probabilities):
            far = None if distance is None else float(distance[number])
            best, limit = int(row.argmax()), self.largest_distance
            near = limit is None or (far is not None and far <= np.float32(limit))
            steps = [
                (node, sure)
                for node, sure, least in self._climb(row, best)
                if near and least is not None and sure >= np.float32(least)
            ]
            node, sure = steps[0] if steps else (REFUSED, float(row[best]))
            answer = SealedAnswer(
                row,
                label=node if node < len(row) else REFUSED,
                confidence=float(row[best]),
                distance=far,
                node=node if self.above else None,
                node_probability=sure if self.above else None,
            )
            found.append(answer)
        return found

    def _climb(self, row: np.ndarray, best: int) -> Iterator[tuple[int, float, float | None]]:
        """Give number, probability and least probability of a class and of what is above it."""
        yield best, float(row[best]), self.least_probability[best]
        first = len(row)
        for level in self.above:
            own = level.node_of_class[best]
            members = np.array(level.node_of_class) == own
            sure = float(row[members].sum(dtype=np.float32))
            yield first + own, sure, level.least_probability[own]
            first += len(level.names)

    def as_json(self) -> JsonObject:
        """Return plain values, as they stand in the document."""
        above: list[Json] = [
            {
                "names": list(level.names),
                "node_of_class": list(level.node_of_class),
                "least_probability": list(level.least_probability),
            }
            for level in self.above
        ]
        return {
            "least_probability": list(self.least_probability),
            "largest_distance": self.largest_distance,
            "above": above,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> AnswerRule:
        """Return what `as_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is damaged.
        """
        return cls(
            _read(values["least_probability"]),
            _optional(values["largest_distance"]),
            tuple(
                AnswerLevel(
                    tuple(map(str, level["names"])),
                    tuple(map(int, level["node_of_class"])),
                    _read(level["least_probability"]),
                )
                for level in values["above"]
            ),
        )


def _finite(values: Sequence[float]) -> Least:
    return tuple(value if np.isfinite(value) else None for value in values)


def _read(values: Sequence[Any]) -> Least:
    return tuple(map(_optional, values))


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)
