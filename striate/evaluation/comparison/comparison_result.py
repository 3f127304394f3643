"""What came of a comparison: it shows itself as tables and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape

from striate.evaluation.comparison import comparison_tables as showing
from striate.evaluation.comparison.comparison_rows import ImageAnswers, ModelPair, ModelScores
from striate.terminal.escape import escape_controls
from striate.terminal.tables import Table

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
    """

    evaluated: str
    n: int
    models: tuple[ModelScores, ...]
    pairs: tuple[ModelPair, ...]
    images: tuple[ImageAnswers, ...] = field(repr=False)
    notes: tuple[str, ...] = ()

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
            "differing_n": len(differing),
            "differing": [
                {
                    **asdict(image),
                    "answers": list(image.answers),
                    "probabilities": list(image.probabilities),
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

    def differing_table(self) -> Table:
        """Return the first images whose answers differ; no rows where too many are compared."""
        return showing.make_differing_table([model.name for model in self.models], self.differing())

    def _tables(self) -> Sequence[Table]:
        tables = (self.table(), self.costs_table(), self.pairs_table(), self.differing_table())
        return [table for table in tables if table.rows]

    def __str__(self) -> str:
        scores, costs, pairs, *rest = map(str, self._tables())
        words = "\n".join(showing.wrap(pair.words) for pair in self.pairs)
        parts = [f"on {escape_controls(self.evaluated)}", scores, costs, pairs, words, *rest]
        if self.notes:
            parts.append("\n".join(map(showing.wrap, self.notes)))
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        words = "".join(f"<br>{escape(escape_controls(pair.words))}" for pair in self.pairs)
        tables = "".join(table.html() for table in self._tables())
        notes = "".join(f"<p>{escape(escape_controls(note))}</p>" for note in self.notes)
        return f"<p>on {escape(escape_controls(self.evaluated))}{words}</p>{tables}{notes}"
