"""How what a network says becomes probabilities, and these an answer or none."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from striate.errors import SettingError
from striate.model.decision.answers import REFUSED, Answers
from striate.model.decision.feature_distance import FeatureDistance
from striate.model.decision.rules import (
    Promise,
    RejectRule,
    as_json,
    read_promise,
    read_reject_rule,
)
from striate.model.decision.taxonomy import Taxonomy


@dataclass(frozen=True)
class Decision:
    """How logits and features become answers.

    Attributes:
        temperature: what logits are divided by before the softmax; 1 leaves them as they are.
            https://arxiv.org/abs/1706.04599 chooses it so that probabilities come true.
        mirrored: whether an answer is the mean of two probabilities, those of the image and of its
            mirror image; and the distance the mean of their two distances.
        distance: how far features lie from the classes; None where it is not measured.
        reject: the rule by which nothing is answered; None answers always.
        promise: the thresholds of a promised precision, which come on top; None promises nothing.
        taxonomy: the nodes above the classes, to the first of which that is probable enough an
            answer climbs where the class is not; None where there are none.

    >>> Decision(2.0).probabilities(np.array([[0.0, 2.0 * np.log(3.0)]], np.float32)).tolist()
    [[0.25, 0.75]]
    >>> careful = Decision(reject=RejectRule(0.7, None, false_refusals=0.02, n=100))
    >>> careful.decide(np.array([[0.0, 0.5], [0.0, 3.0]], np.float32)).classes.tolist()
    [-1, 1]
    >>> tree = Taxonomy.from_names(("bird", "dog/beagle", "dog/pug"))
    >>> climbing = Decision(reject=RejectRule(0.7, None, false_refusals=0.02, n=100), taxonomy=tree)
    >>> answers = climbing.choose(np.array([[0.1, 0.5, 0.4], [0.6, 0.4, 0.0]], np.float32))
    >>> answers.node.tolist(), answers.level.tolist(), f"{answers.node_probability[0]:.2f}"
    ([4, -1], [1, -1], '0.90')
    """

    temperature: float = 1.0
    mirrored: bool = False
    distance: FeatureDistance | None = None
    reject: RejectRule | None = None
    promise: Promise | None = None
    taxonomy: Taxonomy | None = None

    def __post_init__(self) -> None:
        known = type(self.temperature) in (int, float)  # no bool
        if not known or not 0 < self.temperature <= sys.float_info.max:
            raise SettingError(
                f"the temperature is {str(self.temperature)[:60]}; expected a number above 0"
            )
        if self.reject and self.reject.distance is not None and self.distance is None:
            raise SettingError(
                "the reject rule has a distance, but nothing says how it is measured"
            )

    @property
    def refuses(self) -> bool:
        """Whether there is anything by which it may answer "I don't know"."""
        return self.reject is not None or self.promise is not None

    def answer_always(self) -> Decision:
        """Return the same without reject rule and promise: the most probable class, always."""
        return replace(self, reject=None, promise=None)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability of each class, in rows that sum to one.

        Args:
            logits: float32 (n, classes).
        """
        scaled = logits / np.float32(self.temperature)
        powers = np.exp(scaled - scaled.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))

    def decide(self, logits: np.ndarray, features: np.ndarray | None = None) -> Answers:
        """Return probabilities and what is answered, of images that are seen as they lie.

        Of images that are seen mirrored as well, take the means of both `probabilities` and of
        both distances, and give them to `choose`.

        Args:
            logits: float32 (n, classes).
            features: float32 (n, features), the input of the last linear layer; needed where there
                is a distance.
        """
        return self.choose(self.probabilities(logits), self.measure(features))

    def measure(self, features: np.ndarray | None) -> np.ndarray | None:
        """Return the distance of each image, float32 (n,); None where it is not measured.

        Raises:
            SettingError: there is a distance, and no features are given.
        """
        if self.distance is None:
            return None
        if features is None:
            raise SettingError("the distance of features is measured, but no features are given")
        return self.distance.measure(features)

    def choose(self, probabilities: np.ndarray, distance: np.ndarray | None = None) -> Answers:
        """Return what is answered: the class, a node above it, or nothing.

        From the most probable class upwards the first node that is probable enough is answered:
        Goren, Galil and El-Yaniv 2024, https://arxiv.org/abs/2405.11533.

        Args:
            probabilities: float32 (n, classes).
            distance: float32 (n,), from `measure`.
        """
        best, confidence = probabilities.argmax(1), probabilities.max(1)
        unlike = np.zeros(len(best), np.bool_)
        if self.reject is not None and self.reject.distance is not None and distance is not None:
            # whatever is no number is not near
            unlike = ~(distance <= np.float32(self.reject.distance))
        nodes, sure = self._rise(probabilities, best)
        low = self._is_low(probabilities.shape[1], best, sure)
        unsure, level = np.asarray(low.all(1)), (~low).argmax(1)
        refused, rows = unlike | unsure, np.arange(len(best))
        level = np.where(refused, REFUSED, level)
        node = np.where(refused, REFUSED, nodes[rows, level])
        return Answers(
            probabilities=probabilities,
            classes=np.where(level == 0, node, REFUSED),
            confidence=confidence,
            distance=np.full(len(best), np.nan, np.float32) if distance is None else distance,
            unlike=unlike,
            unsure=unsure,
            node=node,
            node_probability=np.where(refused, confidence, sure[rows, level]),
            level=level,
        )

    def refuse_levels(self, answers: Answers) -> np.ndarray:
        """Return what would be refused if only one level could be answered: bool (n, 1 + levels).

        Args:
            answers: of this decision.
        """
        _, sure = self._rise(answers.probabilities, answers.best)
        low = self._is_low(answers.probabilities.shape[1], answers.best, sure)
        return np.asarray(low | answers.unlike[:, None])

    def _rise(self, probabilities: np.ndarray, best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return number and probability of the best class and each node above: (n, 1 + levels)."""
        sure = probabilities.max(1, keepdims=True)
        if self.taxonomy is None:
            return best.astype(np.int64)[:, None], sure
        sums = self.taxonomy.sum_of(probabilities, best)
        return self.taxonomy.rise(best), np.concatenate([sure, sums], axis=1)

    def _is_low(self, classes: int, best: np.ndarray, sure: np.ndarray) -> np.ndarray:
        """Return where a probability from `_rise` is below that from which on it is answered."""
        least = [self._least(classes)[best]]
        if self.taxonomy is not None:
            above = zip(self.taxonomy.levels, self._least_above(self.taxonomy), strict=True)
            least += [asked[level.places[best]] for level, asked in above]
        return np.asarray(sure < np.stack(least, axis=1))

    def least_probabilities(self, classes: int) -> tuple[float, ...]:
        """Return the least probability with which each class is answered; infinity: never.

        >>> Decision(promise=Promise(0.9, 0.9, True, (0.8, None), 100)).least_probabilities(2)
        (0.8..., inf)
        """
        return tuple(self._least(classes).tolist())

    def least_above(self) -> tuple[tuple[float, ...], ...]:
        """Return the same of the taxonomy's nodes, a tuple a level; none without a taxonomy."""
        if self.taxonomy is None:
            return ()
        return tuple(tuple(least.tolist()) for least in self._least_above(self.taxonomy))

    def least_of(self, label: int, classes: int) -> tuple[float, ...]:
        """Return the least probabilities with which a class, and each node above it, is answered.

        >>> tree = Taxonomy.from_names(("bird", "dog/beagle", "dog/pug"))
        >>> promise = Promise(0.9, 0.9, False, (None,) * 3, 100, levels=((None, 0.75),))
        >>> Decision(promise=promise, taxonomy=tree).least_of(1, 3)
        (inf, 0.75)
        """
        levels = () if self.taxonomy is None else self.taxonomy.levels
        above = zip(levels, self.least_above(), strict=True)
        nodes = (asked[level.nodes[label]] for level, asked in above)
        return (self.least_probabilities(classes)[label], *nodes)

    def _least(self, classes: int) -> np.ndarray:
        return self._raise(None if self.promise is None else self.promise.thresholds, classes)

    def _least_above(self, taxonomy: Taxonomy) -> list[np.ndarray]:
        promised: Sequence[Sequence[float | None] | None] = [None] * len(taxonomy.levels)
        if self.promise is not None:  # what it is silent of is not promised
            promised = self.promise.levels or [
                [None] * len(level.names) for level in taxonomy.levels
            ]
        return [
            self._raise(own, len(level.names))
            for own, level in zip(promised, taxonomy.levels, strict=True)
        ]

    def _raise(self, promised: Sequence[float | None] | None, count: int) -> np.ndarray:
        """Return the least probabilities of a level: those of the rule, raised to the promise's."""
        least = np.zeros(count, np.float32)
        if self.reject is not None and self.reject.probability is not None:
            least += np.float32(self.reject.probability)
        if promised is None:
            return least
        asked = [np.inf if each is None else each for each in promised]
        return np.maximum(least, np.array(asked, np.float32))

    def as_json(self) -> dict[str, Any]:
        """Return the settings as plain values, the "calibration" of a classifier's file."""
        values: dict[str, Any] = {"temperature": self.temperature}
        if self.mirrored:
            values["mirrored"] = True
        if self.distance is not None:
            values["distance"] = self.distance.as_json()
        if self.reject is not None:
            values["reject"] = as_json(self.reject)
        if self.promise is not None:
            values["promise"] = as_json(self.promise)
        if self.taxonomy is not None:
            values["taxonomy"] = self.taxonomy.as_json()
        return values

    def as_tensors(self) -> dict[str, np.ndarray]:
        """Return its arrays by name, which a file holds beside `as_json`."""
        return {} if self.distance is None else self.distance.as_tensors()

    @staticmethod
    def from_json(
        values: Mapping[str, Any],
        tensors: Mapping[str, np.ndarray] | None = None,
        *,
        classes: int | None = None,
    ) -> Decision:
        """Return what `as_json` and `as_tensors` recorded.

        Args:
            values: from `as_json`.
            tensors: from `as_tensors`.
            classes: how many there must be; None takes any number.

        Raises:
            SettingError: something is missing, is no number, or does not fit the classes.
        """
        found = values.get("temperature")
        if not isinstance(found, (int, float)) or isinstance(found, bool):
            raise SettingError(f"the temperature is {str(found)[:60]}; expected a number above 0")
        mirrored = values.get("mirrored", False)
        if not isinstance(mirrored, bool):
            raise SettingError(f"mirrored is {str(mirrored)[:60]}; expected true or false")
        said, distance = values.get("distance"), None
        if said is not None:
            distance = FeatureDistance.from_record(said, tensors or {})
        reject, promise = (
            read_reject_rule(values.get("reject")),
            read_promise(values.get("promise")),
        )
        taxonomy = Taxonomy.from_json(values.get("taxonomy"))
        for name, count in (
            ("distance", distance and len(distance.means)),
            ("promise", promise and len(promise.thresholds)),
            ("taxonomy", taxonomy and len(taxonomy.levels[0].nodes)),
        ):
            if count is not None and classes is not None and count != classes:
                raise SettingError(f"the {name} is of {count} classes; expected {classes}")
        promised = [len(each) for each in promise.levels] if promise else []
        nodes = [len(level.names) for level in taxonomy.levels] if taxonomy else []
        if promised and promised != nodes:
            raise SettingError(f"the promise is of {promised} nodes a level; expected {nodes}")
        return Decision(found, mirrored, distance, reject, promise, taxonomy)
