"""What the report says of a run that goes on from another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from striate.evaluation.comparison.answer_changes import AnswerChanges, ChangedAnswer
from striate.evaluation.comparison.comparison_tables import format_interval, format_points
from striate.training.follow_up.follows import Follows
from striate.training.follow_up.image_changes import ImageChange
from striate.training.report.matrix import SHORT
from striate.training.report.shown import Shown

MOST = 12  # images of each kind that are shown
WIDEST = 15  # classes of the matrix


@dataclass(frozen=True)
class ClassChange:
    """How the images of one class changed.

    Attributes:
        name: the class.
        before: how many there were.
        added: that are new.
        removed: that are no longer used.
        relabelled: that came from other classes, less those that went to others.
        now: how many there are.
    """

    name: str
    before: int
    added: int
    removed: int
    relabelled: int
    now: int


@dataclass(frozen=True)
class ChangedGroup:
    """Images whose answers changed in one way.

    Attributes:
        heading: in which.
        count: how many there are.
        images: the first of them, with what is shown of each.
    """

    heading: str
    count: int
    images: Sequence[tuple[ChangedAnswer, Shown]]


@dataclass(frozen=True)
class MatrixChange:
    """One true class of the difference of two confusion matrices.

    Attributes:
        truth: the class.
        cells: by answer: how many more images now, whether that is better, and its share of the
            largest, 0 to 1.
    """

    truth: str
    cells: Sequence[tuple[int, bool, float]]


@dataclass(frozen=True)
class Changes:
    """What changed since the earlier run.

    Attributes:
        follows: how many images changed.
        images: which did.
        answers: what is answered otherwise; None where no image was evaluated both times.
        shown: images whose answer changed, by name.
    """

    follows: Follows
    images: Sequence[ImageChange] = field(repr=False)
    answers: AnswerChanges | None = None
    shown: Mapping[str, Shown] = field(default_factory=dict, repr=False)

    def count_classes(self, now: Mapping[str, int]) -> list[ClassChange]:
        """Return how each class changed, those alone that did.

        Args:
            now: how many images of each class there are, in all splits.
        """
        added: Counter[str] = Counter()
        removed: Counter[str] = Counter()
        came: Counter[str] = Counter()
        for one in self.images:
            if one.change == "added":
                added[one.label] += 1
            elif one.change == "removed":
                removed[one.earlier_label] += 1
            else:
                came[one.label] += 1
                came[one.earlier_label] -= 1
        return [
            ClassChange(
                name,
                n - added[name] + removed[name] - came[name],
                added[name],
                removed[name],
                came[name],
                n,
            )
            for name, n in now.items()
            if added[name] or removed[name] or came[name]
        ]

    @property
    def relabelled(self) -> list[ImageChange]:
        """The images whose class is another one now."""
        return [one for one in self.images if one.change == "relabelled"]

    @property
    def groups(self) -> list[ChangedGroup]:
        """The images whose answers changed: right now, wrong now, wrong in another way."""
        if self.answers is None:
            return []
        named = (
            ("Wrong before, right now", self.answers.became_right),
            ("Right before, wrong now", self.answers.became_wrong),
            ("Wrong before and now, in another way", self.answers.wrong_otherwise),
        )
        return [
            ChangedGroup(
                heading,
                len(found),
                [(one, self.shown[one.name]) for one in found[:MOST] if one.name in self.shown],
            )
            for heading, found in named
            if found
        ]

    @property
    def columns(self) -> list[str]:
        """The classes of the matrix: those among which anything changed, the first of them."""
        return [] if self.answers is None else [self.answers.classes[i] for i in self._places]

    @property
    def short(self) -> bool:
        """Whether their names are short enough to stand upright."""
        return all(len(label) <= SHORT for label in self.columns)

    @property
    def points(self) -> str:
        """How many points of a hundred more of the images are right now."""
        if self.answers is None:
            return ""
        pair = self.answers.pair
        return format_points(pair.difference, pair.n, signed=True)

    @property
    def interval(self) -> str:
        """The paired 95 % interval of these."""
        return "" if self.answers is None else format_interval(self.answers.pair)

    @property
    def more_classes(self) -> int:
        """How many classes changed besides those of the matrix."""
        return 0 if self.answers is None else len(_changed(self.answers.confusion)) - WIDEST

    @property
    def matrix(self) -> list[MatrixChange]:
        """The difference of the confusion matrices, now less before, in its classes."""
        if self.answers is None or not len(self._places):
            return []
        table = self.answers.confusion
        most = int(np.abs(table).max())

        def cell(row: int, column: int) -> tuple[int, bool, float]:
            more = int(table[row, column])
            return more, (row == column) == (more > 0), abs(more) / most

        return [
            MatrixChange(self.answers.classes[row], [cell(row, column) for column in self._places])
            for row in self._places
        ]

    @property
    def _places(self) -> np.ndarray:
        if self.answers is None:
            return np.zeros(0, np.int64)
        return np.sort(_changed(self.answers.confusion)[:WIDEST])


def _changed(table: np.ndarray) -> np.ndarray:
    """Return the classes of which anything changed, those of which most did first."""
    much = np.abs(table).sum(0) + np.abs(table).sum(1)
    order: np.ndarray = np.argsort(-much, kind="stable")
    return np.array(order[much[order] > 0])
