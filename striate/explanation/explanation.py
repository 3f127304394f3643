"""What an explanation is: a map of numbers, where it lies on the image, and how it was made."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from striate.explanation.map_resampling import stretched
from striate.explanation.subject import Subject


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where an image speaks for a class, and where against it.

    The numbers are as the method gives them: nothing is cut off at 0 and nothing is scaled.

    Attributes:
        method: "cam", "grad-cam", ...
        of: the class, or "cat rather than dog".
        layer: whose maps were used; "" where the image itself was changed or asked.
        rule: why that layer, or how the method was set, in words.
        native: float32 (rows, columns) on the layer's own grid; above 0 speaks for the class.
        score: the logit, or the difference of two.
        probability: of the class, 0 to 1.
        subject: the image.
        facts: what else the method says: an identity and how far it holds, steps, samples.
        place: which output was explained.
        against: which output was taken off, or None.
    """

    method: str
    of: str
    layer: str
    rule: str
    native: np.ndarray = field(repr=False)
    score: float
    probability: float
    subject: Subject = field(repr=False)
    facts: dict[str, float] = field(default_factory=dict)
    place: int = 0
    against: int | None = None

    @property
    def low(self) -> float:
        """The lowest number of the map."""
        return float(self.native.min())

    @property
    def high(self) -> float:
        """The highest number of the map."""
        return float(self.native.max())

    @property
    def map(self) -> np.ndarray:
        """The map over the network's input: float32 (height, width)."""
        return stretched(self.native, *self.subject.preprocess.shape[1:])

    @property
    def positive(self) -> np.ndarray:
        """What speaks for the class, 0 elsewhere: the form in which Grad-CAM is published."""
        return self.native.clip(min=0)

    @property
    def negative(self) -> np.ndarray:
        """What speaks against it, as numbers below 0; 0 elsewhere."""
        return self.native.clip(max=0)

    def on_image(self) -> np.ndarray:
        """Lay the map onto the image as it lies on the disk; NaN where the network looks not."""
        return self.subject.onto_image(self.map)

    def as_json(self) -> dict[str, Any]:
        """Give everything but the image as plain JSON values."""
        return {
            "method": self.method,
            "image": self.subject.name,
            "of": self.of,
            "layer": self.layer,
            "rule": self.rule,
            "score": self.score,
            "probability": self.probability,
            "low": self.low,
            "high": self.high,
            "facts": self.facts,
            "map": self.native.tolist(),
        }

    def __str__(self) -> str:
        size = "x".join(map(str, self.native.shape))
        where = f" at {self.layer}" if self.layer else ""
        facts = "".join(f"\n  {name}: {value:.6g}" for name, value in self.facts.items())
        return (
            f"{self.method}{where} of '{self.of}' in {self.subject.name}: logit {self.score:.4g}, "
            f"probability {self.probability:.1%}; a map of {size} from {self.low:.4g} to "
            f"{self.high:.4g}\n  {self.rule}{facts}"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"
