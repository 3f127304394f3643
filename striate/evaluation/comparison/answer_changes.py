"""What became of the answers to images: two evaluations of the same ones, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from striate.evaluation.comparison.comparison_rows import ModelPair
from striate.evaluation.comparison.paired_comparison import compare_pairs
from striate.evaluation.metrics import EvaluatedImage
from striate.evaluation.metrics.wilson import wilson_interval


@dataclass(frozen=True)
class ChangedAnswer:
    """One image that is answered otherwise than before.

    Attributes:
        name: the image.
        truth: its class, as it is now.
        before: what was answered, `before_probability` how surely, 0 to 1.
        now: what is answered, `now_probability` how surely, 0 to 1.
    """

    name: str
    truth: str
    before: str
    before_probability: float
    now: str
    now_probability: float

    @property
    def became_right(self) -> bool:
        """Whether it was wrong and is right."""
        return self.now == self.truth

    @property
    def became_wrong(self) -> bool:
        """Whether it was right and is wrong."""
        return self.before == self.truth


@dataclass(frozen=True)
class AnswerChanges:
    """Two evaluations beside each other, on the images that are in both.

    Attributes:
        n: how many images these are.
        accuracy_before: share that was classified correctly, 0 to 1, by the classes of now;
            `accuracy_before_low` and `accuracy_before_high` are its 95 % Wilson interval.
        accuracy_now: the same of the new answers, with its interval.
        pair: both on the same images: who is right where, the difference and its interval.
        changed: the images that are answered otherwise: first those that became right, then those
            that became wrong, then those wrong in another way; in each the surest first.
        classes: names, in the order of the matrix.
        confusion: int (classes, classes), images by truth (rows) and answer (columns): how many
            more there are now, fewer where below 0.
        others: how many images are evaluated now that were not before.
    """

    n: int
    accuracy_before: float
    accuracy_before_low: float
    accuracy_before_high: float
    accuracy_now: float
    accuracy_now_low: float
    accuracy_now_high: float
    pair: ModelPair
    changed: tuple[ChangedAnswer, ...]
    classes: tuple[str, ...]
    confusion: np.ndarray = field(repr=False, compare=False)
    others: int = 0

    @property
    def became_right(self) -> tuple[ChangedAnswer, ...]:
        """The images that were wrong and are right."""
        return tuple(one for one in self.changed if one.became_right)

    @property
    def became_wrong(self) -> tuple[ChangedAnswer, ...]:
        """The images that were right and are wrong."""
        return tuple(one for one in self.changed if one.became_wrong)

    @property
    def wrong_otherwise(self) -> tuple[ChangedAnswer, ...]:
        """The images that were wrong and are wrong in another way."""
        return tuple(one for one in self.changed if not (one.became_right or one.became_wrong))

    def as_json(self) -> dict[str, Any]:
        """Return plain values; of the matrix the cells that are not 0."""
        cells = [
            {
                "truth": self.classes[row],
                "answer": self.classes[column],
                "difference": int(self.confusion[row, column]),
            }
            for row, column in np.argwhere(self.confusion)
        ]
        values = {
            name: value
            for name, value in vars(self).items()
            if name not in ("pair", "changed", "classes", "confusion")
        }
        return values | {
            "pair": asdict(self.pair),
            "became_right": [asdict(one) for one in self.became_right],
            "became_wrong": [asdict(one) for one in self.became_wrong],
            "wrong_otherwise": [asdict(one) for one in self.wrong_otherwise],
            "confusion_difference": cells,
        }


def compare_answers(
    before: Sequence[EvaluatedImage],
    now: Sequence[EvaluatedImage],
    *,
    classes: Sequence[str],
    names: tuple[str, str] = ("before", "now"),
) -> AnswerChanges | None:
    """Set new answers beside those of before, image by image, by the classes of now.

    Args:
        before: what was answered.
        now: what is answered; images are known by their names.
        classes: those of now; answers with others of before follow them.
        names: what the two are called.

    Returns:
        What changed; None where no image was evaluated both times.

    >>> def one(name, answer, truth="ant"):
    ...     return EvaluatedImage(name, truth, answer, 0.9, 0.1, 0)
    >>> old = [one("a", "bee"), one("b", "ant"), one("c", "bee")]
    >>> new = [one("a", "ant"), one("b", "ant"), one("d", "bee")]
    >>> found = compare_answers(old, new, classes=("ant", "bee"))
    >>> found.n, found.others, [each.name for each in found.became_right]
    (2, 1, ['a'])
    >>> found.confusion.tolist()
    [[1, -1], [0, 0]]
    """
    known = {one.name: one for one in before}
    pairs = [(known[one.name], one) for one in now if one.name in known]
    if not pairs:
        return None
    right = [
        np.array([old.answer == new.truth for old, new in pairs]),
        np.array([new.answer == new.truth for _, new in pairs]),
    ]
    n = len(pairs)
    hits = [int(each.sum()) for each in right]
    every = tuple(dict.fromkeys((*classes, *(old.answer for old, _ in pairs))))
    place = {name: number for number, name in enumerate(every)}
    confusion = np.zeros((len(every), len(every)), np.int64)
    for old, new in pairs:
        confusion[place[new.truth], place[new.answer]] += 1
        confusion[place[new.truth], place[old.answer]] -= 1
    changed = [
        ChangedAnswer(new.name, new.truth, old.answer, old.probability, new.answer, new.probability)
        for old, new in pairs
        if old.answer != new.answer
    ]
    changed.sort(
        key=lambda one: (
            0 if one.became_right else 1 if one.became_wrong else 2,
            -one.now_probability,
        )
    )
    return AnswerChanges(
        n,
        hits[0] / n,
        *wilson_interval(hits[0], n),
        hits[1] / n,
        *wilson_interval(hits[1], n),
        pair=compare_pairs(names, right)[0],
        changed=tuple(changed),
        classes=every,
        confusion=confusion,
        others=len(now) - n,
    )
