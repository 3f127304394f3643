"""What the templates of the report work out of its facts."""

from __future__ import annotations

import base64
import math
import shlex
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from striate.architecture.diagram.drawing import draw_architecture
from striate.doctor import ImageFinding, Kind, group_by_kind
from striate.evaluation.answers_file import answers_text
from striate.evaluation.metrics import ClassScore
from striate.evaluation.metrics.levels import describe_levels
from striate.evaluation.slices.slice_scores import Slice
from striate.events import Epoch
from striate.features.filter_shift import LayerShift
from striate.render import EXACT
from striate.render.heat_overlay import is_cut
from striate.render.reliability_plot import ReliabilityDot, draw_reliability
from striate.training.report import charts
from striate.training.report.confidence import Accepted, Bar, accept_above, count_by_probability
from striate.training.report.facts import Facts
from striate.training.report.film_stills import Row, draw_stills
from striate.training.report.matrix import MANY, Cell, Matrix, show_cells, show_matrix
from striate.training.report.settings_table import Pairs, group_settings
from striate.training.report.shown import Shown
from striate.training.report.verdict import Verdict, reach_verdict

MOST_EXAMPLES = 240
MOST_ANSWERS = 2000  # rows of the CSV that the page holds
LARGE = 352  # pixels, of the longer side of an image that can be enlarged
TINY = 32
FEW = 12
"""Up to this many classes there is room for six, and up to MANY for four, examples of each."""

# Two drawings, since the wide one, scaled down, cannot be read on a phone.
WIDE, NARROW = 940, 350  # pixels; which of the two a screen shows is said in page.css


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
        return round(self.facts.evaluation.accuracy * self.facts.evaluation.n)

    @property
    def majority_share(self) -> float:
        """The share of the most frequent class: what always predicting it would reach."""
        return max(score.n for score in self.facts.evaluation.per_class) / self.facts.evaluation.n

    @property
    def levels_in_words(self) -> str:
        """How many images are answered on which level of the taxonomy."""
        return describe_levels(self.facts.evaluation.levels)

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
    def totals(self) -> dict[str, int]:
        """How many images of each class there are, in all splits."""
        return {label: sum(numbers) for label, numbers in self.counts}

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

    @cached_property
    def verdict(self) -> Verdict:
        """What the run is worth in a sentence, and what to do next."""
        return reach_verdict(self.facts)

    @cached_property
    def shots(self) -> list[Shown]:
        """The images that can be enlarged, by the numbers that links know them by."""
        return [*self.facts.worst, *self.facts.cells]

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells of the confusion matrix that have images on the page."""
        answers = ((one.truth, one.answer or "") for one in self.shots)
        return show_cells(self.facts.evaluation, answers)

    @property
    def matrix(self) -> Matrix | None:
        """The confusion matrix, its cells linked to their images."""
        return show_matrix(self.facts.evaluation, self.cells)

    @property
    def numbered_cells(self) -> list[tuple[int, Shown]]:
        """The images of further cells of the matrix, with their numbers."""
        return list(enumerate(self.shots))[len(self.facts.worst) :]

    @property
    def cropped(self) -> bool:
        """Whether the network does not look at all of some image."""
        return any(one.heat is not None and is_cut(one.heat) for one in self.shots)

    def explain_command(self, one: Shown) -> str:
        """Return the command that explains an answer; "" where the image is no file."""
        if not (self.facts.folder and one.file):
            return ""
        taught = [] if self.in_epochs else ["--taught"]  # a head: which images taught it this
        return shlex.join(["striate", "explain", self.facts.folder, one.file, *taught])

    @property
    def tells_taught(self) -> bool:
        """Whether there are mistakes of a head, which single training images have taught it."""
        return not self.in_epochs and any(not one.correct for one in self.facts.evaluation.worst)

    @property
    def film_rows(self) -> list[Row]:
        """The filters and feature maps of filmed layers over some epochs."""
        return [] if self.facts.film is None else draw_stills(self.facts.film)

    @property
    def film_command(self) -> str:
        """The command that makes an animation of the film; "" where the run has no folder."""
        if not self.facts.folder:
            return ""
        return shlex.join(["striate", "explain", self.facts.folder, "--film", "film.gif"])

    @staticmethod
    def shot_side(one: Shown) -> int:
        """Return the side an image is stored with: tiny ones as they are, the browser enlarges."""
        return LARGE if max(one.pixels.shape[:2]) > EXACT else 1

    @property
    def groups(self) -> list[tuple[str, list[tuple[int, Shown]]]]:
        """The worst images with their numbers: what was wrong, then what was right but unsure."""
        numbered = list(enumerate(self.facts.worst))
        wrong = [(number, one) for number, one in numbered if one.answer != one.truth]
        right = [(number, one) for number, one in numbered if one.answer == one.truth]
        named = [("Wrong, the least expected first", wrong), ("Right, but unsure", right)]
        return [(title, images) for title, images in named if images]

    @property
    def image_findings(self) -> Sequence[tuple[Kind, Sequence[ImageFinding]]]:
        """What to look at first among the images, kind by kind."""
        return group_by_kind(self.facts.image_findings or ())

    @property
    def bars(self) -> list[Bar]:
        """The answers by their probability, from the first range on that has any."""
        bars = count_by_probability(self.facts.evaluation.images)
        first = next((k for k, bar in enumerate(bars) if bar.right or bar.wrong), 0)
        return bars[first:]

    @property
    def reliability_plot(self) -> Markup:
        """The drawing of how probabilities come true; empty where that was not measured."""
        found = self.facts.evaluation.reliability
        if found is None:
            return Markup("")
        dots = [
            ReliabilityDot(each.confidence, each.accuracy, low, high, each.n / found.n)
            for each in found.diagram
            if each.confidence is not None
            and each.accuracy is not None
            and (low := each.expected_low) is not None
            and (high := each.expected_high) is not None
        ]
        told = "; ".join(f"{dot.confidence:.0%}: {dot.accuracy:.0%} correct" for dot in dots)
        return draw_reliability(dots, description=f"Probability and share of right answers: {told}")

    @property
    def accepted(self) -> list[Accepted]:
        """What is left where only sure answers are accepted."""
        return accept_above(self.facts.evaluation.images)

    @property
    def slices(self) -> Sequence[Slice]:
        """The slices of the evaluation, the most surely worse first."""
        found = self.facts.evaluation.slices
        return () if found is None else found.slices

    @property
    def answers(self) -> tuple[int, str]:
        """The answers that the page holds as a CSV, the worst first: how many, and where."""
        images = sorted(
            self.facts.evaluation.images, key=lambda one: (one.correct, one.truth_probability)
        )[:MOST_ANSWERS]
        text = answers_text(images).encode("utf-8", "backslashreplace")
        return len(images), f"data:text/csv;base64,{base64.b64encode(text).decode('ascii')}"

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
