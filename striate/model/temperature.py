"""From what a network says to what a classifier answers: the softmax with its temperature."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from striate.errors import SettingError


@dataclass(frozen=True)
class Decision:
    """How logits become probabilities.

    Attributes:
        temperature: what logits are divided by before the softmax; 1 leaves them as they are.
            https://arxiv.org/abs/1706.04599 chooses it so that probabilities come true.
        mirrored: whether an answer is the mean of two probabilities, those of the image and of its
            mirror image.

    >>> Decision(2.0).probabilities(np.array([[0.0, 2.0 * np.log(3.0)]], np.float32)).tolist()
    [[0.25, 0.75]]
    """

    temperature: float = 1.0
    mirrored: bool = False

    def __post_init__(self) -> None:
        known = type(self.temperature) in (int, float)  # no bool
        if not known or not 0 < self.temperature <= sys.float_info.max:
            raise SettingError(
                f"the temperature is {str(self.temperature)[:60]}; expected a number above 0"
            )

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability of each class, in rows that sum to one.

        Args:
            logits: float32 (n, classes).
        """
        scaled = logits / np.float32(self.temperature)
        powers = np.exp(scaled - scaled.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))

    def as_json(self) -> dict[str, float | bool]:
        """Return the settings as plain values, the "calibration" of a classifier's file."""
        values: dict[str, float | bool] = {"temperature": self.temperature}
        return values | {"mirrored": True} if self.mirrored else values

    @staticmethod
    def from_json(values: Mapping[str, object]) -> Decision:
        """Return what `as_json` recorded.

        Raises:
            SettingError: the temperature is missing or no number above 0, or ``mirrored`` is
                neither true nor false.
        """
        found = values.get("temperature")
        if not isinstance(found, (int, float)) or isinstance(found, bool):
            raise SettingError(f"the temperature is {str(found)[:60]}; expected a number above 0")
        mirrored = values.get("mirrored", False)
        if not isinstance(mirrored, bool):
            raise SettingError(f"mirrored is {str(mirrored)[:60]}; expected true or false")
        return Decision(found, mirrored)
