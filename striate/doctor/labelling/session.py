"""What is asked next, and what follows from the answers: a function of these and of the images.

Nothing but the answers is kept, so that a session goes on where it ended, and taking an answer back
leaves no trace. Clusters come first, then rounds of single images: while some of those that were
drawn at random are left, two of three are of them; the others are those that the head of the round,
learnt from all answers before it, is least sure of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from striate.doctor.labelling.answers import Answer
from striate.doctor.labelling.audit import AuditCount, count_drawn, draw_audit, estimate_accuracy
from striate.doctor.labelling.clusters import find_clusters
from striate.doctor.labelling.folder_images import FolderImages
from striate.doctor.labelling.next_images import choose_uncertain
from striate.doctor.labelling.question import Question
from striate.doctor.labelling.standing import ROUNDS, Standing
from striate.doctor.labelling.units import Label, Units
from striate.features.head import fit_head
from striate.features.logistic_regression import softmax

CLUSTERS: Final = 12  # that are asked about before single images
FEWEST: Final = 4  # images of a cluster that are worth a question
SHOWN: Final = 24  # images of a cluster that are seen, at most
ODD: Final = 8  # of these, the farthest from the centre of a larger one
DRAWN_EACH: Final = 2  # images drawn at random for one that the head is unsure of
ROUND: Final = 10  # single images between two heads
SINGLE: Final = ("image", "skip")


@dataclass(frozen=True, eq=False)
class _Head:
    """A head, and what it says of every unit: probabilities, float64 (units, classes)."""

    classes: tuple[str, ...]
    probabilities: np.ndarray
    strength: float

    def guesses(self) -> np.ndarray:
        return np.asarray(np.array(self.classes)[self.probabilities.argmax(1)])


@dataclass(eq=False)
class Session:
    """The images of a folder and the answers so far.

    Attributes:
        images: of the folder.
        answers: in order; who adds to them keeps them.
        given: classes that were named beforehand.
        proposals: another tool's labels, by the image's index.
        seed: of clusters and of the images that are drawn.
    """

    images: FolderImages
    answers: list[Answer]
    given: tuple[str, ...] = ()
    proposals: Mapping[int, str] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        self._units = Units(self.images, self.proposals)
        self._clusters = find_clusters(self._units.features, seed=self.seed)
        self._cluster_of = np.zeros(len(self._units), np.int64)
        for number, cluster in enumerate(self._clusters):
            self._cluster_of[list(cluster.images)] = number
        self._order = draw_audit(len(self._units), seed=self.seed)
        self._heads: dict[tuple[Answer, ...], _Head | None] = {}
        self._queue: tuple[tuple[Answer, ...], list[tuple[int, bool]]] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Those that were given, then those that were named, in this order."""
        named = [each.label for each in self.answers if each.label]
        return tuple(dict.fromkeys((*self.given, *named)))

    @property
    def lost(self) -> int:
        """Answers of images that are no longer there."""
        return sum(not self._units.find(each) for each in self.answers)

    def labels(self) -> dict[int, Label]:
        """Return the label of each image that has one, near copies among them."""
        found = self._units.read_labels(self.answers)
        own = enumerate(self._units.of_image.tolist())
        return {index: found[unit] for index, unit in own if unit in found}

    def guesses(self) -> dict[int, tuple[str, float]]:
        """Return what the head of all answers says of the images without one, and how surely."""
        head = self._fit(self.answers)
        if head is None:
            return {}
        known = self._units.read_labels(self.answers)
        best, sure = head.guesses(), head.probabilities.max(1)
        own = enumerate(self._units.of_image.tolist())
        return {
            index: (str(best[unit]), float(sure[unit])) for index, unit in own if unit not in known
        }

    def question(self) -> Question:
        """Return what is asked next."""
        labels = self._units.read_labels(self.answers)
        if not any(each.kind in SINGLE for each in self.answers):
            asked = {
                int(self._cluster_of[unit])
                for each in self.answers
                for unit in self._units.find(each)
            }
            for number, cluster in enumerate(self._clusters):
                left = [unit for unit in cluster.images if unit not in labels]
                if len(asked) < CLUSTERS and number not in asked and len(left) >= FEWEST:
                    return self._ask_cluster(left)
        skipped = self._units.read_skipped(self.answers)
        start = self._ends()[-1]
        for unit, drawn in self._line_up(self.answers[:start]):
            if unit not in skipped and (unit not in labels or (drawn and not labels[unit].drawn)):
                return self._ask_image(unit, start, drawn=drawn)
        return Question("done")

    def standing(self) -> Standing:
        """Return what has been reached; the head is that of the last round that is over."""
        done = self.question().kind == "done"
        start = len(self.answers) if done else self._ends()[-1]
        before = self.answers[:start]
        named = Counter(label.name for label in self.labels().values())
        return Standing(
            images=len(self.images.names),
            labelled=sum(named.values()),
            answers=len(self.answers),
            done=done,
            counts={name: named[name] for name in self.classes},
            accuracy=self._estimate(before),
            drawn=count_drawn(len(self._units)),
            to_draw=len(self._waiting(self.answers)),
            changed=() if self._waiting(before) else self._changes(),
            clusters=self._count_clusters(),
            proposals=self._count_proposals(),
        )

    def _ask_cluster(self, units: Sequence[int]) -> Question:
        images = tuple(self._units.indices[list(units)].tolist())
        shown = images if len(images) <= SHOWN else (*images[: SHOWN - ODD], *images[-ODD:])
        proposed = Counter(self.proposals[each] for each in images if each in self.proposals)
        if not proposed:
            return Question("cluster", images, shown)
        guess, count = proposed.most_common(1)[0]
        struck = tuple(each for each in images if self.proposals.get(each, guess) != guess)
        share = count / sum(proposed.values())
        return Question("cluster", images, shown, False, guess, share, "proposal", struck)

    def _ask_image(self, unit: int, start: int, *, drawn: bool) -> Question:
        index = int(self._units.indices[unit])
        if drawn:
            return Question("image", (index,), (index,), True)
        if index in self.proposals:
            return Question(
                "image", (index,), (index,), False, self.proposals[index], None, "proposal"
            )
        head = self._fit(self.answers[:start])
        if head is None:
            return Question("image", (index,), (index,))
        best, sure = str(head.guesses()[unit]), float(head.probabilities[unit].max())
        return Question("image", (index,), (index,), False, best, sure, "head")

    def _ends(self) -> list[int]:
        """Return how many answers there were when single images began, and after each round."""
        singles = [place for place, each in enumerate(self.answers) if each.kind in SINGLE]
        first = singles[0] if singles else len(self.answers)
        return [first, *(place + 1 for place in singles[ROUND - 1 :: ROUND])]

    def _waiting(self, answers: Sequence[Answer]) -> list[int]:
        """Return the units drawn at random that have no answer of their own yet.

        Others step in for those that could not be told.
        """
        skipped, labels = self._units.read_skipped(answers), self._units.read_labels(answers)
        left = [unit for unit in self._order if unit not in skipped][
            : count_drawn(len(self._units))
        ]
        return [unit for unit in left if unit not in labels or not labels[unit].drawn]

    def _line_up(self, before: Sequence[Answer]) -> list[tuple[int, bool]]:
        """Return the units that a round asks about, the first first, and whether each was drawn."""
        key = tuple(before)
        if self._queue is None or self._queue[0] != key:
            self._queue = key, self._line_up_anew(before)
        return self._queue[1]

    def _line_up_anew(self, before: Sequence[Answer]) -> list[tuple[int, bool]]:
        waiting = self._waiting(before)
        may = np.ones(len(self._units), np.bool_)
        may[[*self._units.read_labels(before), *self._units.read_skipped(before), *waiting]] = False
        head = self._fit(before)
        if head is None:  # what is unsure, nobody can say yet
            others = [unit for unit in self._order if may[unit]]
            return [*((unit, True) for unit in waiting), *((unit, False) for unit in others)]
        every = int(may.sum())
        unsure = choose_uncertain(head.probabilities, may, self._cluster_of, count=every)
        line: list[tuple[int, bool]] = []
        for unit in unsure:
            few, waiting = waiting[:DRAWN_EACH], waiting[DRAWN_EACH:]
            line += [*((one, True) for one in few), (unit, False)]
        return [*line, *((unit, True) for unit in waiting)]

    def _fit(self, answers: Sequence[Answer]) -> _Head | None:
        """Learn a head from some of the answers; None where there are not two classes."""
        key = tuple(answers)
        if key not in self._heads:
            if len(self._heads) > ROUNDS + 1:
                del self._heads[next(iter(self._heads))]
            classes, units, numbers = _encode(self._units.read_labels(answers))
            self._heads[key] = None
            if len(classes) > 1:
                rows = self._units.features[units][:, None]
                head = fit_head(rows, numbers, classes=len(classes))
                logits = self._units.features.astype(np.float64) @ head.weight.T + head.bias
                self._heads[key] = _Head(classes, softmax(logits), head.strength)
        return self._heads[key]

    def _estimate(self, answers: Sequence[Answer]) -> AuditCount | None:
        head = self._fit(answers)
        if head is None:
            return None
        labels = self._units.read_labels(answers)
        classes, units, numbers = _encode(labels)
        drawn = np.array([labels[unit].drawn for unit in units.tolist()])
        rows = self._units.features[units]
        return estimate_accuracy(rows, numbers, drawn, classes=len(classes), strength=head.strength)

    def _changes(self) -> tuple[float, ...]:
        """Return what share of the guesses each of the last rounds has changed."""
        heads = [self._fit(self.answers[:end]) for end in self._ends()[-ROUNDS - 1 :]]
        return tuple(
            float((one.guesses() != other.guesses()).mean())
            for one, other in pairwise(heads)
            if one is not None and other is not None
        )

    def _count_clusters(self) -> AuditCount | None:
        """Count the drawn images that had been named with their cluster, and rightly."""
        named: dict[int, str] = {}
        right: dict[int, bool] = {}
        for answer in self.answers:
            for unit in self._units.find(answer):
                if answer.kind == "cluster":
                    named[unit] = answer.label
                elif answer.drawn and answer.kind == "image" and unit in named:
                    right[unit] = named[unit] == answer.label
        return _count(list(right.values()))

    def _count_proposals(self) -> AuditCount | None:
        """Count the drawn images that another tool has a label for, and rightly."""
        labels = self._units.read_labels(self.answers)
        own = {unit: self.proposals.get(int(self._units.indices[unit])) for unit in labels}
        drawn = {unit: label for unit, label in labels.items() if label.drawn and own[unit]}
        return _count([label.name == own[unit] for unit, label in drawn.items()])


def _count(right: Sequence[bool]) -> AuditCount | None:
    return AuditCount(sum(right), len(right)) if right else None


def _encode(labels: Mapping[int, Label]) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return the classes, the units that are labelled, and the class of each as a number."""
    units = np.array(sorted(labels), np.int64)
    names = [labels[unit].name for unit in units.tolist()]
    classes = tuple(sorted(set(names)))
    places = {name: place for place, name in enumerate(classes)}
    return classes, units, np.array([places[name] for name in names], np.int64)
