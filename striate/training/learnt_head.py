"""How the head of a trained backbone was learnt: what a run records of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from striate.features.head import Candidate
from striate.features.out_of_fold import RepeatedAccuracy


@dataclass(frozen=True)
class LearntHead:
    """How the head of a trained backbone was learnt.

    Attributes:
        engine: what computed the features, and in which number format.
        weight_decay: that was chosen.
        folds: of the cross-validation that chose it.
        tried: what cross-validation said of each.
        random_accuracy: what it would have said of the chosen one, had groups not been kept
            together; None where there are none.
        repeated: what it said with other folds; None where that was not tried.
    """

    engine: str
    weight_decay: float
    folds: int
    tried: tuple[Candidate, ...]
    random_accuracy: float | None = None
    repeated: RepeatedAccuracy | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in run.json."""
        again = None if self.repeated is None else self.repeated.as_json()
        return asdict(self) | {"repeated": again}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> LearntHead:
        """Return what `as_json` wrote."""
        tried = tuple(Candidate(**each) for each in values["tried"])
        again = values.get("repeated")
        repeated = None if again is None else RepeatedAccuracy.from_json(again)
        return cls(**{**values, "tried": tried, "repeated": repeated})
