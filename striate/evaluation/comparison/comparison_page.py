"""The page of a comparison: the verdict, the intervals, the images on which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from striate.data import format_count
from striate.errors import join_words
from striate.evaluation.comparison import comparison_tables as tables
from striate.evaluation.comparison.comparison_plot import (
    WIDTH,
    compute_height,
    draw_accuracies,
    draw_differences,
)
from striate.evaluation.comparison.comparison_result import Comparison
from striate.evaluation.comparison.comparison_rows import ModelPair
from striate.evaluation.comparison.shown_images import ShownImage, group_differing
from striate.files.atomic_write import write_atomically
from striate.render.figure_files import Still
from striate.render.page import page
from striate.terminal.escape import escape_controls
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

SECTIONS = {
    "differ": "Where they differ",
    "accuracies": "How good each is",
    "answered": "What each answers",
    "costs": "What each is, and costs",
    "counts": "Who is right where",
    "decided": "How it is decided",
}
TINY = 32  # pixels a side, up to which images are recognised better when small


def write_page(comparison: Comparison, path: str | Path) -> None:
    """Write a comparison as a page: one file that loads nothing and runs no script.

    Args:
        comparison: from `compare`.
        path: the file; one that is there is replaced.

    Raises:
        OSError: it cannot be written.

    Example: ``write_page(compare(["runs/a", "runs/b"]), "a-b.html")``.
    """
    with write_atomically(Path(path)) as partial:
        partial.write_text(make_page(comparison), "utf-8")


def make_page(comparison: Comparison) -> str:
    """Return the page as a text, to be written as UTF-8."""
    view = View(comparison)
    opening = "evaluation/comparison/templates/opening.html"
    left_out = () if comparison.answered else ("answered",)
    sections = {anchor: title for anchor, title in SECTIONS.items() if anchor not in left_out}
    return page(view.title, opening, sections, view)


@dataclass(frozen=True)
class Group:
    """Images on which the same classifiers were right.

    Attributes:
        heading: who was right.
        count: how many there are.
        images: the first of them.
    """

    heading: str
    count: int
    images: Sequence[ShownImage]


@dataclass(frozen=True)
class View:
    """A comparison, and what the templates need besides."""

    result: Comparison

    @property
    def names(self) -> list[str]:
        """What the classifiers are called."""
        return [escape_controls(model.name) for model in self.result.models]

    @property
    def title(self) -> str:
        """What the page is called."""
        if len(self.names) == 2:
            return f"{self.names[0]} or {self.names[1]}?"
        return f"{len(self.names)} classifiers compared"

    @property
    def groups(self) -> list[Group]:
        """The images whose answers differ, by who was right."""
        shown: dict[tuple[bool, ...], list[ShownImage]] = {}
        for one in self.result.shown:
            shown.setdefault(one.right, []).append(one)
        return [
            Group(self._say_right(key), len(found), shown.get(key, []))
            for key, found in group_differing(self.result.images).items()
        ]

    def _say_right(self, right: Sequence[bool]) -> str:
        told = [name for name, own in zip(self.names, right, strict=True) if own]
        if not told:
            return "None was right" if len(right) > 2 else "Neither was right"
        return f"Only {join_words(told)} {'was' if len(told) == 1 else 'were'} right"

    @property
    def gallery_size(self) -> str:
        """The size that suits the images."""
        longest = max((max(one.pixels.shape[:2]) for one in self.result.shown), default=0)
        return "large" if longest > TINY else "tiny"

    @property
    def drawings(self) -> list[Markup]:
        """The accuracies and the differences, each with its interval."""
        models, pairs = self.result.models, self.result.pairs
        accuracies = Still(
            lambda figure: draw_accuracies(figure.add_subplot(), models, n=self.result.n),
            WIDTH,
            compute_height(len(models)),
        )
        differences = Still(
            lambda figure: draw_differences(figure.add_subplot(), pairs),
            WIDTH,
            compute_height(len(pairs)),
        )
        said = "; ".join(f"{model.name} {format_percent(model.accuracy)}" for model in models)
        words = " ".join(f"{pair.words}." for pair in pairs)
        return [
            accuracies.svg(title="Accuracy of each", description=said),
            differences.svg(title="Differences", description=words),
        ]

    @property
    def costs(self) -> Table:
        """What each is and costs."""
        return self.result.costs_table()

    @property
    def counts(self) -> Table:
        """Who is right where."""
        return self.result.pairs_table()

    @property
    def answered(self) -> tuple[Table, Table]:
        """What each answers on which level, and each of the others beside the first by that."""
        return self.result.answered_table(), self.result.answered_pairs_table()

    def say_points(self, pair: ModelPair) -> str:
        """Write how many points the second is above the first."""
        return tables.format_points(pair.difference, pair.n, signed=True)

    def say_interval(self, pair: ModelPair) -> str:
        """Write the interval of these."""
        return tables.format_interval(pair)

    def place(self, points: float) -> str:
        """Return where a difference of shares, -1 to 1, stands on the scale, in per cent of it."""
        reach = self.reach
        return f"{min(100.0, max(0.0, 50 + 50 * points / reach)):.2f}"

    @property
    def reach(self) -> float:
        """How far the scale goes on either side of 0, as a difference of shares."""
        ends = [
            abs(end)
            for pair in self.result.pairs
            for end in (pair.difference_low, pair.difference_high)
        ]
        return next(each for each in (0.05, 0.1, 0.25, 0.5, 1.0) if max(ends) <= each)

    @property
    def differing(self) -> str:
        """How many images the answers differ on."""
        return format_count(sum(image.differs for image in self.result.images), "image")
