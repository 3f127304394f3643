"""The confusion matrix as a page shows it, or the most confused part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from striate.evaluation.metrics import Evaluation

MANY = 25
"""With more classes than this the most confused ones are shown only."""

MOST_CONFUSED = 15
SHORT, FEW = 6, 12  # letters and classes up to which names stand upright above the columns
SLIM = 9  # columns that a phone has room for


@dataclass(frozen=True)
class Mistake:
    """Images of a class that were answered with another.

    Attributes:
        answer: the other class.
        n: how many.
        shot: the number of an image that the page shows of them; None where it shows none.
    """

    answer: str
    n: int
    shot: int | None


@dataclass(frozen=True)
class MatrixRow:
    """The images of one class.

    Attributes:
        truth: the class.
        counts: by predicted class, the last of "others" where there are.
        shots: of each cell, the number of an image that the page shows; None where it shows none.
        own: the place of the class itself.
    """

    truth: str
    counts: Sequence[int]
    shots: Sequence[int | None]
    own: int

    @property
    def n(self) -> int:
        """How many images there are."""
        return sum(self.counts)

    @property
    def right(self) -> int:
        """How many are correct."""
        return self.counts[self.own]


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix, or the most confused part of it.

    Attributes:
        rows: one a class.
        short: whether the names are short enough to stand upright above the columns.
        others: whether only a part of the classes is shown.
        inside: mistakes in this part.
    """

    rows: Sequence[MatrixRow]
    short: bool
    others: bool
    inside: int

    @property
    def slim(self) -> bool:
        """Whether a phone has room for it."""
        return len(self.rows) + self.others <= SLIM + (3 if self.short else 0)

    def mistakes(self, row: MatrixRow) -> list[Mistake]:
        """Return what a class is taken for, most often first."""
        names = [each.truth for each in self.rows] + ["others"] * self.others
        found = [
            Mistake(name, n, shot)
            for place, (name, n, shot) in enumerate(zip(names, row.counts, row.shots, strict=True))
            if n and place != row.own
        ]
        return sorted(found, key=lambda mistake: -mistake.n)


def show_matrix(result: Evaluation, shots: Mapping[tuple[str, str], int]) -> Matrix | None:
    """Return the matrix of few classes, of many the most confused part; None where none is.

    Args:
        result: the evaluation.
        shots: (true class, predicted class) -> the number of an image that the page shows.
    """
    if len(result.classes) <= MANY:
        return _part(result, range(len(result.classes)), shots)
    return _part(result, _most_confused(result), shots) if result.confused else None


def _most_confused(result: Evaluation) -> list[int]:
    places = {label: place for place, label in enumerate(result.classes)}
    met: dict[int, None] = {}
    for pair in result.confused:
        both = dict.fromkeys((places[pair.truth], places[pair.answer]))
        if len(met | both) > MOST_CONFUSED:
            break
        met |= both
    return sorted(met)


def _part(
    result: Evaluation, chosen: Sequence[int], shots: Mapping[tuple[str, str], int]
) -> Matrix:
    # from the pairs, since a record of more than 200 classes has no matrix
    pairs = {(pair.truth, pair.answer): pair.n for pair in result.confused}
    others = len(chosen) < len(result.classes)
    labels = [result.classes[place] for place in chosen]
    rows = []
    for own, place in enumerate(chosen):
        score = result.per_class[place]
        counts = [pairs.get((score.name, answer), 0) for answer in labels]
        counts[own] = round((score.recall or 0.0) * score.n)
        found = [shots.get((score.name, answer)) for answer in labels]
        if others:
            counts.append(score.n - sum(counts))
            found.append(None)
        rows.append(MatrixRow(score.name, counts, found, own))
    return Matrix(
        rows=rows,
        short=len(labels) <= FEW and all(len(label) <= SHORT for label in labels),
        others=others,
        inside=sum(sum(row.counts[: len(labels)]) - row.right for row in rows),
    )
