"""What the templates of the report work out of its facts."""

from __future__ import annotations

import math
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from markupsafe import Markup

from striate.architecture.diagram.drawing import draw_architecture
from striate.evaluation.metrics import ClassScore, Evaluation
from striate.events import Epoch
from striate.features.filter_shift import LayerShift
from striate.training.report import charts
from striate.training.report.facts import Facts, Shown
from striate.training.report.settings_table import Pairs, group_settings

MANY = 25
"""With more classes than this the confusion matrix shows the most confused ones only."""

MOST_CONFUSED = 15
MOST_EXAMPLES = 240
TINY = 32
FEW = 12
"""Up to this many classes there is room for six, and up to MANY for four, examples of each."""

# Two drawings, since the wide one, scaled down, cannot be read on a phone.
WIDE, NARROW = 940, 350  # pixels; which of the two a screen shows is said in page.css


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix, or the most confused part of it.

    Attributes:
        rows: (true class, counts of the predictions), the last of "others" where there are.
        short: whether the names are short enough to stand above the columns.
        others: whether only a part of the classes is shown.
        inside: mistakes in this part.
    """

    rows: Sequence[tuple[str, Sequence[int]]]
    short: bool
    others: bool
    inside: int


@dataclass(frozen=True)
class View:
    """The facts, and what the templates need besides."""

    facts: Facts

    @property
    def in_epochs(self) -> bool:
        """Whether there was training in epochs, finished ones or not."""
        return bool(self.facts.epochs) or self.facts.start is None

    @property
    def n_correct(self) -> int:
        """How many images were classified correctly."""
        return sum(row[place] for place, row in enumerate(self.facts.evaluation.confusion))

    @property
    def majority_share(self) -> float:
        """The share of the most frequent class: what always predicting it would reach."""
        return max(score.n for score in self.facts.evaluation.per_class) / self.facts.evaluation.n

    @property
    def chance_cross_entropy(self) -> float:
        """The cross-entropy of equal probabilities for all classes."""
        return math.log(len(self.facts.evaluation.classes))

    @property
    def splits(self) -> dict[str, int]:
        """How many images there are in each split that has some."""
        sums = {part: sum(counts.values()) for part, counts in self.facts.counts.items()}
        return {part: total for part, total in sums.items() if total}

    @property
    def header(self) -> list[str]:
        """The columns of the table of the images."""
        return ["class", *map(self.split_word, self.splits), "in all"]

    @cached_property
    def counts(self) -> list[tuple[str, list[int]]]:
        """The images of each class, split by split."""
        given = [self.facts.counts[part] for part in self.splits]
        return [(label, [one.get(label, 0) for one in given]) for label in self.facts.classes]

    @property
    def largest(self) -> int:
        """The images of the largest class; 1 where there are none."""
        return max((sum(numbers) for _, numbers in self.counts), default=0) or 1

    @property
    def imbalance(self) -> tuple[tuple[str, int], tuple[str, int]] | None:
        """The most and the least frequent class in training, where these differ by half."""
        given = self.facts.counts.get("train", {})
        learned = [(label, given.get(label, 0)) for label in self.facts.classes]
        most, least = (choose(learned, key=lambda pair: pair[1]) for choose in (max, min))
        return (most, least) if most[1] > 1.5 * least[1] else None

    @property
    def examples(self) -> tuple[int, list[tuple[str, list[Shown]]], int]:
        """How many examples a class, those of the classes shown, and how many more have some."""
        classes = len(self.facts.classes)
        each = 6 if classes <= FEW else 4 if classes <= MANY else 1
        found: dict[str, list[Shown]] = {label: [] for label in self.facts.classes}
        for shown in self.facts.examples:
            if shown.truth in found and len(found[shown.truth]) < each:
                found[shown.truth].append(shown)
        there = [(label, examples) for label, examples in found.items() if examples]
        room = MOST_EXAMPLES // each
        return each, there[:room], max(0, len(there) - room)

    @property
    def notation(self) -> str:
        """The network's text; "" where it has none."""
        return self.facts.notation or str(self.facts.run.get("network", ""))

    @property
    def diagrams(self) -> list[tuple[str, Markup]]:
        """The architecture diagram, in as many rows as a wide or a narrow screen asks for."""
        if self.facts.summary is None:
            return []
        sizes = {"wide": WIDE, "narrow": NARROW}
        return [(k, draw_architecture(self.facts.summary, width=w)) for k, w in sizes.items()]

    @property
    def kept(self) -> Epoch | None:
        """The epoch whose state was kept."""
        return next((epoch for epoch in reversed(self.facts.epochs) if epoch.best), None)

    @property
    def training_plots(self) -> list[Markup]:
        """The drawings of how training went."""
        return charts.draw_training(self.facts.epochs, self.kept)

    @property
    def health_plots(self) -> list[Markup]:
        """The drawings of the health of training."""
        return charts.draw_health(self.facts.checkups)

    @property
    def filter_shift(self) -> tuple[LayerShift, Markup] | None:
        """The layer that fine-tuning moved most, and the drawing of all."""
        start = self.facts.start
        return (
            None
            if start is None or start.moved is None
            else charts.draw_filter_shift(start.moved.layers)
        )

    @cached_property
    def scores(self) -> Sequence[ClassScore]:
        """What each class is worth, the weakest first where there are many."""
        scores = self.facts.evaluation.per_class
        if len(scores) <= MANY:
            return scores
        return sorted(scores, key=lambda score: 2.0 if score.f1 is None else score.f1)

    @property
    def matrix(self) -> Matrix | None:
        """The confusion matrix; of many classes the most confused, None where none is."""
        result = self.facts.evaluation
        if len(result.classes) <= MANY:
            return _part(result, range(len(result.classes)))
        return _part(result, _most_confused(result)) if result.confused else None

    def truth_probability(self, shown: Shown) -> float | None:
        """Return the probability of the true class, for one of the worst images."""
        known = self.facts.evaluation.worst
        found = (one for one in known if (one.name, one.truth) == (shown.name, shown.truth))
        return next((one.truth_probability for one in found), None)

    @property
    def settings(self) -> tuple[Pairs, list[tuple[str, Pairs]]]:
        """What the run was made with, by itself and in groups."""
        return group_settings(self.facts.run)

    @staticmethod
    def split_word(split: str) -> str:
        """Return the word for the images of a split."""
        return {"train": "training", "val": "validation"}.get(split, split)

    @staticmethod
    def tall(rows: Sized, most: int) -> int:
        """Return how many rows there are where these are more than that, else 0."""
        return len(rows) if len(rows) > most else 0

    @staticmethod
    def gallery_size(shown: Sequence[Shown]) -> str:
        """Return the size that suits images: tiny ones are recognised better when small.

        >>> View.gallery_size([])
        'tiny'
        """
        longest = max((max(each.pixels.shape[:2]) for each in shown), default=0)
        return "large" if longest > TINY else "tiny"

    @staticmethod
    def format_shape(sizes: Sequence[int]) -> str:
        """Write a shape for people.

        >>> View.format_shape((3, 224, 224))
        '3 × 224 × 224'
        """
        return " × ".join(f"{size:,}" for size in sizes)

    @staticmethod
    def format_field(side: int | tuple[int, int]) -> str:
        """Write a receptive field for people: one side, or rows and columns where they differ.

        >>> View.format_field(7), View.format_field((7, 9))
        ('7 × 7', '7 × 9')
        """
        return View.format_shape((side, side) if isinstance(side, int) else side)

    @staticmethod
    def format_probability(probability: float) -> str:
        """Write the probability of a prediction, no finer than it is worth.

        >>> [View.format_probability(value) for value in (0.834, 0.99997, 2e-9)]
        ['83.4 %', 'over 99.9 %', 'under 0.1 %']
        """
        if probability < 0.001:
            return "under 0.1 %"
        return "over 99.9 %" if probability > 0.999 else f"{probability * 100:.1f} %"


def _most_confused(result: Evaluation) -> list[int]:
    places = {label: place for place, label in enumerate(result.classes)}
    met: dict[int, None] = {}
    for pair in result.confused:
        both = dict.fromkeys((places[pair.truth], places[pair.answer]))
        if len(met | both) > MOST_CONFUSED:
            break
        met |= both
    return sorted(met)


def _part(result: Evaluation, chosen: Sequence[int]) -> Matrix:
    counts = np.array(result.confusion)
    part = counts[np.ix_(chosen, chosen)]
    others = len(chosen) < len(counts)
    labels = [result.classes[place] for place in chosen]
    outside = counts[list(chosen)].sum(1, keepdims=True) - part.sum(1, keepdims=True)
    lines = np.hstack([part, outside]) if others else part
    return Matrix(
        rows=list(zip(labels, lines.tolist(), strict=True)),
        short=len(labels) <= FEW and all(len(label) <= 6 for label in labels),
        others=others,
        inside=int(part.sum() - part.trace()),
    )
