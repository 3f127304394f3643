"""What came of a comparison: it shows itself as tables and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

from striate.errors import SettingError
from striate.evaluation.comparison import comparison_tables as showing
from striate.evaluation.comparison.answered_levels import AnsweredLevel, AnsweredPair
from striate.evaluation.comparison.comparison_plot import (
    WIDTH,
    compute_height,
    draw_accuracies,
    draw_differences,
)
from striate.evaluation.comparison.comparison_rows import ImageAnswers, ModelPair, ModelScores
from striate.evaluation.comparison.shown_images import ShownImage
from striate.render.notebook import Text, to_html
from striate.terminal.dataframe import make_dataframe
from striate.terminal.escape import escape_controls
from striate.terminal.tables import Table
from striate.terminal.wrapping import wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

LISTED = 24
"""So many of the images on which the answers differ stand in JSON; the CSV file has all."""


@dataclass(frozen=True)
class Comparison:
    """Classifiers side by side, all on exactly the same images.

    Attributes:
        evaluated: what they were evaluated on, in words.
        n: how many images.
        models: one entry a classifier, in the order given.
        pairs: each of the others against the first.
        images: every image with all answers, in the order of the data.
        notes: what has to be known to read the numbers.
        answered: what each answers on each level, and what not at all; empty where all always
            answer by a class.
        answered_pairs: each of the others against the first by that.
        shown: some of the images whose answers differ, with their pixels; not in JSON.
    """

    evaluated: str
    n: int
    models: tuple[ModelScores, ...]
    pairs: tuple[ModelPair, ...]
    images: tuple[ImageAnswers, ...] = field(repr=False)
    notes: tuple[str, ...] = ()
    answered: tuple[AnsweredLevel, ...] = ()
    answered_pairs: tuple[AnsweredPair, ...] = ()
    shown: tuple[ShownImage, ...] = field(default=(), repr=False, compare=False)

    def differing(self) -> tuple[ImageAnswers, ...]:
        """Return the images whose answers differ, first those that some classified correctly."""
        found = [image for image in self.images if image.differs]
        return tuple(sorted(found, key=lambda image: not image.decides))

    def as_json(self) -> dict[str, object]:
        """Return everything but the images on which all agree as plain JSON values.

        `differing` holds the first 24 images whose answers differ, `differing_n` says how many
        there are.
        """
        differing = self.differing()
        return {
            "evaluated": self.evaluated,
            "n": self.n,
            "models": [asdict(model) for model in self.models],
            "pairs": [asdict(pair) for pair in self.pairs],
            "answered": [asdict(level) for level in self.answered],
            "answered_pairs": [asdict(pair) for pair in self.answered_pairs],
            "differing_n": len(differing),
            "differing": [
                {
                    **asdict(image),
                    "answers": list(image.answers),
                    "probabilities": list(image.probabilities),
                    "given": list(image.given),
                }
                for image in differing[:LISTED]
            ],
            "notes": list(self.notes),
        }

    def table(self) -> Table:
        """Return the accuracy of each with its interval, and its cross-entropy."""
        return showing.make_scores_table(self.models)

    def costs_table(self) -> Table:
        """Return what each is and what it costs."""
        return showing.make_costs_table(self.models)

    def pairs_table(self) -> Table:
        """Return each of the others beside the first: who is right where, and the difference."""
        return showing.make_pairs_table(self.pairs)

    def answered_table(self) -> Table:
        """Return what each answers where it may climb or refuse; empty where none may."""
        return showing.make_answered_table(self.answered)

    def answered_pairs_table(self) -> Table:
        """Return each of the others beside the first by that, likewise."""
        return showing.make_answered_pairs_table(self.answered_pairs)

    def differing_table(self) -> Table:
        """Return the first images whose answers differ; no rows where too many are compared."""
        return showing.make_differing_table([model.name for model in self.models], self.differing())

    def to_pandas(self, table: str = "models") -> DataFrame:
        """Return a table of the comparison as a pandas DataFrame.

        Args:
            table: "models" for the figures of each, "pairs" for each beside the first, "images"
                for every image with the answer and the probability of each model.

        Raises:
            SettingError: there is no such table.
            StriateError: pandas is not installed.
        """
        if table not in ("models", "pairs", "images"):
            raise SettingError(
                f"there is no table '{table}' of a comparison; choose models, pairs or images"
            )
        if table == "images":
            names = [model.name for model in self.models]
            each = [f"{name}: {what}" for name in names for what in ("answer", "probability")]
            return make_dataframe(["name", "truth", *each], map(_flatten, self.images))
        rows = self.models if table == "models" else self.pairs
        columns = [each.name for each in fields(ModelScores if table == "models" else ModelPair)]
        return make_dataframe(columns, ([getattr(row, name) for name in columns] for row in rows))

    def plot(self, ax: Axes | None = None, *, kind: str = "accuracy") -> Axes:
        """Draw each figure with its 95 % interval; return the matplotlib axes.

        Args:
            ax: the axes to draw into; None makes a new figure, `plot().figure`.
            kind: "accuracy" of each model, or "difference" of each from the first.

        Raises:
            SettingError: there is no such kind.
        """
        from striate.render.plot_axes import open_axes

        if kind not in ("accuracy", "difference"):
            raise SettingError(f"a comparison has no plot '{kind}'; choose accuracy or difference")
        height = compute_height(len(self.models if kind == "accuracy" else self.pairs))
        with open_axes(ax, width=WIDTH, height=height) as axes:
            if kind == "accuracy":
                draw_accuracies(axes, self.models, n=self.n)
            else:
                draw_differences(axes, self.pairs)
        return axes

    def _tables(self) -> Sequence[Table]:
        tables = (
            *(self.table(), self.costs_table(), self.pairs_table()),
            *(self.answered_table(), self.answered_pairs_table(), self.differing_table()),
        )
        return [table for table in tables if table.rows]

    def __str__(self) -> str:
        scores, costs, pairs, *rest = map(str, self._tables())
        words = "\n".join(wrap(escape_controls(pair.words)) for pair in self.pairs)
        parts = [wrap(f"on {escape_controls(self.evaluated)}"), scores, costs, pairs, words, *rest]
        if self.notes:
            parts.append("\n".join(wrap(escape_controls(note)) for note in self.notes))
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        lines = (f"on {self.evaluated}", *(pair.words for pair in self.pairs))
        notes = (Text(escape_controls(note)) for note in self.notes)
        return to_html(Text("\n".join(map(escape_controls, lines))), *self._tables(), *notes)


def _flatten(image: ImageAnswers) -> list[str | float | None]:
    """Return an image as a row: its name, its class, then each answer with its probability."""
    answers = zip(image.answers, image.probabilities, strict=True)
    return [image.name, image.truth, *(value for answer in answers for value in answer)]
