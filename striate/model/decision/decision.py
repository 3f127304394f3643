"""How what a network says becomes probabilities, and these an answer or none."""

from __future__ import annotations

import sys
from collections.abc import Mapping
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

    >>> Decision(2.0).probabilities(np.array([[0.0, 2.0 * np.log(3.0)]], np.float32)).tolist()
    [[0.25, 0.75]]
    >>> careful = Decision(reject=RejectRule(0.7, None, false_refusals=0.02, n=100))
    >>> careful.decide(np.array([[0.0, 0.5], [0.0, 3.0]], np.float32)).classes.tolist()
    [-1, 1]
    """

    temperature: float = 1.0
    mirrored: bool = False
    distance: FeatureDistance | None = None
    reject: RejectRule | None = None
    promise: Promise | None = None

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
        """Return what is answered.

        Args:
            probabilities: float32 (n, classes).
            distance: float32 (n,), from `measure`.
        """
        best, confidence = probabilities.argmax(1), probabilities.max(1)
        unlike = np.zeros(len(best), np.bool_)
        if self.reject is not None and self.reject.distance is not None and distance is not None:
            # whatever is no number is not near
            unlike = ~(distance <= np.float32(self.reject.distance))
        unsure = confidence < self._least(probabilities.shape[1])[best]
        return Answers(
            probabilities=probabilities,
            classes=np.where(unlike | unsure, REFUSED, best).astype(np.int64),
            confidence=confidence,
            distance=np.full(len(best), np.nan, np.float32) if distance is None else distance,
            unlike=unlike,
            unsure=unsure,
        )

    def least_probabilities(self, classes: int) -> tuple[float, ...]:
        """Return the least probability with which each class is answered; infinity: never.

        >>> Decision(promise=Promise(0.9, 0.9, True, (0.8, None), 100)).least_probabilities(2)
        (0.8..., inf)
        """
        return tuple(self._least(classes).tolist())

    def _least(self, classes: int) -> np.ndarray:
        least = np.zeros(classes, np.float32)
        if self.reject is not None and self.reject.probability is not None:
            least += np.float32(self.reject.probability)
        if self.promise is not None:
            asked = [np.inf if each is None else each for each in self.promise.thresholds]
            least = np.maximum(least, np.array(asked, np.float32))
        return least

    def as_json(self) -> dict[str, Any]:
        """Return the settings as plain values, the "calibration" of a classifier's file."""
        values: dict[str, Any] = {"temperature": self.temperature}
        if self.mirrored:
            values["mirrored"] = True
        if self.distance is not None:
            values["distance"] = {"residual_scale": self.distance.residual_scale}
        if self.reject is not None:
            values["reject"] = as_json(self.reject)
        if self.promise is not None:
            values["promise"] = as_json(self.promise)
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
        for name, count in (
            ("distance", distance and len(distance.means)),
            ("promise", promise and len(promise.thresholds)),
        ):
            if count is not None and classes is not None and count != classes:
                raise SettingError(f"the {name} is of {count} classes; expected {classes}")
        return Decision(found, mirrored, distance, reject, promise)
