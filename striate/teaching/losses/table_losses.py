"""The losses of one table of probabilities: of every row, and on the mean."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from fractions import Fraction

import numpy as np

from striate.backends import numpy as reference
from striate.errors import SettingError
from striate.teaching.losses.probability_table import ProbabilityTable

BIT = math.log(2)  # nats


@dataclass(frozen=True)
class RowLoss:
    """What one answer costs.

    Attributes:
        name: of the row.
        truth: the class that is true, the one with the largest target.
        answer: the class with the largest probability.
        truth_probability: what the true class was given.
        squared_error: sum over the classes of (y - t)^2.
        cross_entropy: -sum over the classes of t ln y, in nats; infinite where the truth got 0.
    """

    name: str
    truth: str
    answer: str
    truth_probability: float
    squared_error: float
    cross_entropy: float

    @property
    def correct(self) -> bool:
        """Whether the answer is the truth."""
        return self.answer == self.truth

    def as_json(self) -> dict[str, object]:
        """Return it as plain values; what is infinite is null."""
        return asdict(self) | {
            "correct": self.correct,
            "cross_entropy": _finite(self.cross_entropy),
        }


@dataclass(frozen=True)
class TableLosses:
    """The losses of one table, means over its rows; logarithms are natural, so they are nats.

    Attributes:
        name: of the table.
        rows: each by itself.
        wrong: how many answers are wrong.
        squared_error: mean over the rows of the sum of (y - t)^2: the Brier score.
        cross_entropy: mean of -sum of t ln y.
        entropy: mean of -sum of y ln y: how undecided the answers are.
        target_entropy: mean of -sum of t ln t: 0 where one class is true.
        divergence: Kullback-Leibler, mean of sum of t ln(t/y), which is cross-entropy less the
            entropy of the targets.
    """

    name: str
    rows: tuple[RowLoss, ...]
    wrong: int
    squared_error: float
    cross_entropy: float
    entropy: float
    target_entropy: float
    divergence: float

    @property
    def classification_error(self) -> float:
        """The share of wrong answers."""
        return self.wrong / len(self.rows)

    @property
    def fraction(self) -> str:
        """The same as a fraction: 1/3."""
        found = Fraction(self.wrong, len(self.rows))
        return f"{found.numerator}/{found.denominator}"

    def as_json(self) -> dict[str, object]:
        """Return it as plain values, entropies in nats and in bits; what is infinite is null."""
        entropies = ("cross_entropy", "entropy", "target_entropy", "divergence")
        nats = {name: _finite(getattr(self, name)) for name in entropies}
        bits = {
            f"{name}_bits": value if value is None else value / BIT for name, value in nats.items()
        }
        return {
            "name": self.name,
            "n": len(self.rows),
            "classification_error": self.classification_error,
            "squared_error": self.squared_error,
            **nats,
            **bits,
            "rows": [row.as_json() for row in self.rows],
        }


def measure_table(table: ProbabilityTable) -> TableLosses:
    """Work out the losses of a table.

    Raises:
        SettingError: it has no targets.

    >>> found = measure_table(ProbabilityTable.of([[0.9, 0.1], [0.4, 0.6]], [0, 0]))
    >>> found.fraction, round(found.squared_error, 2), round(found.cross_entropy, 4)
    ('1/2', 0.37, 0.5108)
    """
    y, t = table.probabilities, table.targets
    if t is None:
        raise SettingError(f"'{table.name}' has no targets")
    rows = []
    for name, answer, target in zip(table.rows, y, t, strict=True):
        true = int(target.argmax())
        rows.append(
            RowLoss(
                name=name,
                truth=table.classes[true],
                answer=table.classes[int(answer.argmax())],
                truth_probability=float(answer[true]),
                squared_error=reference.squared_error(answer[None], target[None])[0],
                cross_entropy=reference.cross_entropy(answer[None], target[None])[0],
            )
        )
    cross = reference.cross_entropy(y, t)[0]
    of_targets = reference.cross_entropy(t, t)[0]
    return TableLosses(
        name=table.name,
        rows=tuple(rows),
        wrong=round(reference.classification_error(y, t) * len(y)),
        squared_error=reference.squared_error(y, t)[0],
        cross_entropy=cross,
        entropy=float(reference.cross_entropy(y, y)[0]) + 0.0,
        target_entropy=of_targets + 0.0,
        divergence=cross - of_targets,
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
