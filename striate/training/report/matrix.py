"""The confusion matrix as a page shows it, or the most confused part of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from striate.evaluation.metrics import ClassScore, Evaluation

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
        anchor: of those that the page shows; "" where it shows none.
    """

    answer: str
    n: int
    anchor: str


@dataclass(frozen=True)
class MatrixRow:
    """The images of one class.

    Attributes:
        truth: the class.
        counts: by predicted class, the last of "others" where there are.
        anchors: of each cell, of its images that the page shows; "" where it shows none.
        own: the place of the class itself.
    """

    truth: str
    counts: Sequence[int]
    anchors: Sequence[str]
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
            Mistake(name, row.counts[place], row.anchors[place])
            for place, name in enumerate(names)
            if row.counts[place] and place != row.own
        ]
        return sorted(found, key=lambda mistake: -mistake.n)


@dataclass(frozen=True)
class Cell:
    """The images of a true and a predicted class that the page shows, out of all.

    Attributes:
        anchor: that links know it by.
        truth: the true class.
        answer: the predicted class.
        n: how many images there are.
        shots: the numbers of those that the page shows.
    """

    anchor: str
    truth: str
    answer: str
    n: int
    shots: Sequence[int]


def show_cells(result: Evaluation, answers: Iterable[tuple[str, str]]) -> list[Cell]:
    """Return the cells of the matrix that have images on the page, the class itself last.

    Args:
        result: the evaluation.
        answers: true and predicted class of each image that the page shows, by its number.
    """
    shots: dict[tuple[str, str], list[int]] = {}
    for number, pair in enumerate(answers):
        shots.setdefault(pair, []).append(number)
    counts = {(pair.truth, pair.answer): pair.n for pair in result.confused}
    counts |= {(score.name, score.name): count_right(score) for score in result.per_class}
    places = {label: place for place, label in enumerate(result.classes)}
    return [
        Cell(f"cell-{places[pair[0]]}-{places[pair[1]]}", *pair, counts[pair], numbers)
        for pair, numbers in sorted(shots.items(), key=lambda item: item[0][0] == item[0][1])
    ]


def count_right(score: ClassScore) -> int:
    """Return how many images of a class are classified correctly."""
    return round((score.recall or 0.0) * score.n)


def show_matrix(result: Evaluation, cells: Sequence[Cell]) -> Matrix | None:
    """Return the matrix of few classes, of many the most confused part; None where none is.

    Args:
        result: the evaluation.
        cells: those that have images on the page.
    """
    if len(result.classes) <= MANY:
        return _part(result, range(len(result.classes)), cells)
    return _part(result, _most_confused(result), cells) if result.confused else None


def _most_confused(result: Evaluation) -> list[int]:
    places = {label: place for place, label in enumerate(result.classes)}
    met: dict[int, None] = {}
    for pair in result.confused:
        both = dict.fromkeys((places[pair.truth], places[pair.answer]))
        if len(met | both) > MOST_CONFUSED:
            break
        met |= both
    return sorted(met)


def _part(result: Evaluation, chosen: Sequence[int], cells: Sequence[Cell]) -> Matrix:
    # from the pairs, since a record of more than 200 classes has no matrix
    pairs = {(pair.truth, pair.answer): pair.n for pair in result.confused}
    anchors = {(cell.truth, cell.answer): cell.anchor for cell in cells}
    others = len(chosen) < len(result.classes)
    labels = [result.classes[place] for place in chosen]
    rows = []
    for own, place in enumerate(chosen):
        score = result.per_class[place]
        counts = [pairs.get((score.name, answer), 0) for answer in labels]
        counts[own] = count_right(score)
        found = [anchors.get((score.name, answer), "") for answer in labels]
        if others:
            counts.append(score.n - sum(counts))
            found.append("")
        rows.append(MatrixRow(score.name, counts, found, own))
    return Matrix(
        rows=rows,
        short=len(labels) <= FEW and all(len(label) <= SHORT for label in labels),
        others=others,
        inside=sum(sum(row.counts[: len(labels)]) - row.right for row in rows),
    )
