"""How good a classifier is: plain numbers that show themselves as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from striate.errors import SettingError
from striate.evaluation.metrics.evaluated_image import ClassScore, ConfusedPair, EvaluatedImage
from striate.evaluation.metrics.levels import LevelScore, describe_levels, level_table
from striate.evaluation.metrics.refusals import Refusals
from striate.evaluation.metrics.reliability import Reliability
from striate.evaluation.metrics.wrong_labels import WrongLabels
from striate.evaluation.slices.slice_scores import SliceScores
from striate.render import Pixels
from striate.render.figure_files import Still
from striate.render.notebook import Drawing, Gallery, Part, Picture, Text, to_html
from striate.terminal.colors import Mark
from striate.terminal.dataframe import make_dataframe
from striate.terminal.escape import escape_controls
from striate.terminal.tables import Table
from striate.terminal.units import format_percent
from striate.terminal.wrapping import find_table_width, wrap

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

MANY_CLASSES = 20
"""With more classes than this, the printed table holds the weakest ten only."""

MATRIX_CLASSES = 12
"""With more classes than this, the pairs most often confused are printed and not the matrix."""

MOST_IN_JSON = 200
"""With more classes than this, JSON holds the confused pairs and no matrix of mostly zeros."""

SHOWN = 10
"""So many confused pairs and worst images are printed; the result holds more."""

LONGEST, LONGEST_CLASS = 32, 18  # letters of names that are printed


@dataclass(frozen=True)
class Evaluation:
    """What a classifier got right and wrong, in numbers.

    Attributes:
        evaluated: what was evaluated, in words: "360 test images the run never saw".
        n: how many images.
        classes: the class names, in the classifier's order.
        accuracy: share classified correctly, 0 to 1; `accuracy_low` and `accuracy_high` are its
            95 % Wilson interval.
        classification_error: share classified wrongly, 1 - accuracy.
        brier_score: (probability - target)^2 summed over the classes, mean over the
            images, 0 to 2; the target is 1 for the true class, else 0.
        cross_entropy: mean of -ln(probability of the true class).
        top5: share whose true class is among the five most probable; None for five classes
            or fewer. `top5_low` and `top5_high` are its 95 % Wilson interval.
        per_class: one score a class.
        confusion: images by truth (rows) and answer (columns).
        confused: the pairs of classes that were confused, most often first.
        worst: the wrong images, least probability of the truth first, then the right ones
            that were least sure.
        balanced_accuracy: mean of the classes' recalls, which a frequent class cannot lift; None
            where that was not kept, as in the records of older versions.
        refusals: what is answered where the classifier may say "I don't know"; None where it
            answers always. All other figures are those of the most probable class.
        reliability: how far the probabilities come true; None where that was not measured.
        wrong_labels: how far labels that may be wrong bound the accuracy; None where that was not
            estimated, as of images that were learnt from.
        slices: the accuracy on slices of the images, the most surely worse first; None where that
            was not looked at.
        levels: of a classifier with a taxonomy, the figures of the classes and of each level
            above them; else empty.
        notes: what has to be known to read the numbers.
        images: every image with its answer, in the order they were evaluated in; not in JSON.
        pictures: uint8 (rows, columns, channels), of the first of the worst, as the network sees
            them; not in JSON.
        probabilities: float32 (n, classes), of every image; None where they were not kept; not in
            JSON.
    """

    evaluated: str
    n: int
    classes: tuple[str, ...]
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    classification_error: float
    brier_score: float
    cross_entropy: float
    top5: float | None
    top5_low: float | None
    top5_high: float | None
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    confused: tuple[ConfusedPair, ...]
    worst: tuple[EvaluatedImage, ...]
    balanced_accuracy: float | None = None
    refusals: Refusals | None = None
    reliability: Reliability | None = None
    wrong_labels: WrongLabels | None = None
    slices: SliceScores | None = None
    levels: tuple[LevelScore, ...] = ()
    notes: tuple[str, ...] = ()
    images: tuple[EvaluatedImage, ...] = field(default=(), repr=False)
    pictures: tuple[Pixels, ...] = field(default=(), repr=False, compare=False)
    probabilities: np.ndarray | None = field(default=None, repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values (numbers, texts, lists, None), same names.

        The matrix of more than 200 classes is None: `confused` and `per_class` say the same.
        """
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        del values["images"], values["pictures"], values["probabilities"]
        return values | {
            "classes": list(self.classes),
            "per_class": [asdict(score) for score in self.per_class],
            "confusion": [list(row) for row in self.confusion]
            if len(self.classes) <= MOST_IN_JSON
            else None,
            "confused": [asdict(pair) for pair in self.confused],
            "worst": [asdict(image) for image in self.worst],
            "refusals": None if self.refusals is None else asdict(self.refusals),
            "reliability": None if self.reliability is None else self.reliability.as_json(),
            "wrong_labels": None if self.wrong_labels is None else asdict(self.wrong_labels),
            "slices": None if self.slices is None else self.slices.as_json()["slices"],
            "levels": [asdict(score) for score in self.levels],
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Evaluation:
        """Return what `as_json` wrote; a matrix that was left out is empty."""
        names = {"squared_error": "brier_score"}  # as it was called until November 2026
        values = {names.get(name, name): value for name, value in values.items()}
        rows, refusals = values["confusion"] or (), values.get("refusals")
        true, doubted = values.get("reliability"), values.get("wrong_labels")
        sliced = values.get("slices")
        return cls(
            **{
                **values,
                "classes": tuple(values["classes"]),
                "per_class": tuple(ClassScore(**each) for each in values["per_class"]),
                "confusion": tuple(tuple(row) for row in rows),
                "confused": tuple(ConfusedPair(**each) for each in values["confused"]),
                "worst": tuple(EvaluatedImage(**each) for each in values["worst"]),
                "refusals": None if refusals is None else Refusals(**refusals),
                "reliability": None if true is None else Reliability.from_json(true),
                "wrong_labels": None if doubted is None else WrongLabels(**doubted),
                "slices": None if sliced is None else SliceScores.from_json(values["n"], sliced),
                "levels": tuple(map(LevelScore.from_json, values.get("levels", ()))),
                "notes": tuple(values["notes"]),
            }
        )

    def headline(self) -> str:
        """Return the accuracy with its interval and n in one line."""
        ends = _format_ends(self.accuracy_low, self.accuracy_high)
        return f"accuracy {format_percent(self.accuracy)} ({ends}, n = {self.n:,})"

    def weakest(self) -> tuple[ClassScore, ...]:
        """Return the scores of the classes that have images here, lowest F1 first."""
        scored = [score for score in self.per_class if score.n]
        return tuple(sorted(scored, key=lambda score: (score.f1 or 0.0, score.recall or 0.0)))

    def table(self) -> Table:
        """Return precision, recall and F1 a class; of more than 20 classes the weakest ten."""
        scores, caption = self.per_class, ""
        if len(scores) > MANY_CLASSES:
            scores = self.weakest()[:10]
            there = sum(score.n > 0 for score in self.per_class)
            which = f"the weakest {len(scores)} of" if len(scores) < there else "the"
            having = "" if there == len(self.per_class) else " that have images here"
            caption = f"{which} {there} classes{having}, lowest F1 first"
        rows = tuple(
            (
                escape_controls(score.name, longest=LONGEST),
                f"{score.n:,}",
                *map(_format_share, (score.precision, score.recall, score.f1)),
            )
            for score in scores
        )
        header = ("class", "images", "precision", "recall", "F1")
        return Table(header, rows, frozenset(header[1:]), caption)

    def confusion_table(self) -> Table:
        """Return the confusion matrix; of more than 12 classes the pairs most often confused.

        Where the names of the classes are too long to stand above the columns, numbers do.
        """
        if len(self.classes) > MATRIX_CLASSES:
            pairs = self.confused[:SHOWN]
            caption = f"{len(pairs)} of {len(self.confused)} confused pairs, most often first"
            rows = tuple((*map(_shorten, (p.truth, p.answer)), f"{p.n:,}") for p in pairs)
            return Table(("truth", "answer", "images"), rows, {"images"}, caption)
        names = [_shorten(name) for name in self.classes]
        columns = names
        counts = [[f"{n:,}" if n else "-" for n in row] for row in self.confusion]
        widest = [max(map(len, column)) for column in zip(*counts, strict=True)]
        across = sum(2 + max(len(n), w) for n, w in zip(names, widest, strict=True))
        if (
            max(map(len, names)) + across > find_table_width()
            or max(map(len, names)) == LONGEST_CLASS
        ):
            columns = [str(number) for number in range(1, len(names) + 1)]
            names = [f"{number} {name}" for number, name in zip(columns, names, strict=True)]
        rows = tuple((name, *row) for name, row in zip(names, counts, strict=True))
        caption = "confusion matrix: true classes in rows, answers in columns"
        return Table(("", *columns), rows, frozenset(columns) - {""}, caption)

    def worst_table(self) -> Table:
        """Return the worst images: the wrong ones first, then those that were least sure."""
        shown = self.worst[:SHOWN]
        rows = tuple(
            (
                escape_controls(image.name, longest=LONGEST),
                *map(_shorten, (image.truth, image.answer)),
                format_percent(image.probability),
                format_percent(image.truth_probability),
            )
            for image in shown
        )
        header = ("image", "truth", "answer", "confidence", "P(truth)")
        wrong = sum(image.truth != image.answer for image in shown)
        rest = f", {len(shown) - wrong} right but least sure" if wrong < len(shown) else ""
        caption = f"the worst images: {wrong} wrong{rest}"
        marks: tuple[Mark, ...] = tuple(
            "wrong" if image.truth != image.answer else "unsure" for image in shown
        )
        return Table(header, rows, frozenset(header[3:]), caption, marks=marks)

    def to_pandas(self, table: str = "classes") -> DataFrame:
        """Return a table of the evaluation as a pandas DataFrame.

        Args:
            table: "classes" for the figures of each class, "images" for every image with its
                answer, "confusion" for the images by true class (rows) and answer (columns).

        Raises:
            SettingError: there is no such table.
            StriateError: pandas is not installed.
        """
        match table:
            case "classes":
                return _make_frame(ClassScore, self.per_class)
            case "images":
                return _make_frame(EvaluatedImage, self.images)
            case "confusion":
                return make_dataframe(self.classes, self.confusion).set_axis(self.classes, axis=0)
        raise SettingError(
            f"there is no table '{table}' of an evaluation; choose classes, images or confusion"
        )

    def plot(self, ax: Axes | None = None, *, kind: str = "confusion") -> Axes:
        """Draw the confusion matrix; return the matplotlib axes it stands in.

        Args:
            ax: the axes to draw into; None makes a new figure, `plot().figure`.
            kind: what is drawn, "confusion".

        Raises:
            SettingError: there is no such kind.
        """
        from striate.render.confusion_matrix import compute_matrix_size, draw_confusion_matrix
        from striate.render.plot_axes import open_axes

        if kind != "confusion":
            raise SettingError(f"an evaluation has no plot '{kind}'; choose confusion")
        names = [escape_controls(name) for name in self.classes]
        width, height = compute_matrix_size(names)
        with open_axes(ax, width=width, height=height) as axes:
            draw_confusion_matrix(axes, self.confusion, names, title=self.headline())
        return axes

    def _tables(self) -> list[Table]:
        tables = [level_table(self.levels), self.table()]
        tables += [self.confusion_table(), self.worst_table()]
        return [table for table in tables if table.rows]

    def _lines(self) -> list[str]:
        errors = [
            f"classification error {format_percent(self.classification_error)}",
            f"Brier score {self.brier_score:.3f}",
            f"cross-entropy {self.cross_entropy:.3f}",
        ]
        balanced = self.balanced_accuracy
        if balanced is not None and format_percent(balanced) != format_percent(self.accuracy):
            errors.insert(0, f"balanced accuracy {format_percent(balanced)}")
        lines = [self.headline(), f"on {escape_controls(self.evaluated)}", ", ".join(errors)]
        if self.refusals is not None:
            lines.insert(2, str(self.refusals))
        if self.levels:
            lines.insert(2, describe_levels(self.levels))
        if self.reliability is not None:
            lines.append(str(self.reliability))
        if self.wrong_labels is not None and self.wrong_labels.wrong:
            lines.append(f"accuracy {self.wrong_labels}")
        if self.top5 is not None and self.top5_low is not None and self.top5_high is not None:
            ends = _format_ends(self.top5_low, self.top5_high)
            lines.append(f"true class among the first five {format_percent(self.top5)} ({ends})")
        return lines

    def as_text(self, *, color: bool = False) -> str:
        """Return it as it is printed.

        Args:
            color: whether the worst images are coloured, the wrong ones and the unsure ones.
        """
        parts = ["\n".join(map(wrap, self._lines()))]
        parts += [table.as_text(color=color) for table in self._tables()]
        if self.notes:
            parts.append("\n".join(wrap(escape_controls(note)) for note in self.notes))
        return "\n\n".join(parts)

    def __str__(self) -> str:
        return self.as_text()

    def _repr_html_(self) -> str:
        first, *rest = self._lines()
        parts: list[Part] = [Text("\n".join(["", *rest]), strong=first), self.table()]
        parts.append(self._drawn_matrix() or self.confusion_table())
        parts.append(self._gallery() or self.worst_table())
        parts += [Text(escape_controls(note)) for note in self.notes]
        return to_html(*parts)

    def _drawn_matrix(self) -> Drawing | None:
        """Return the confusion matrix as a drawing, where there is one."""
        if not self.confusion:
            return None
        from striate.render.confusion_matrix import compute_matrix_size, draw_confusion_matrix

        names = [escape_controls(name) for name in self.classes]

        def draw(figure: Figure) -> None:
            draw_confusion_matrix(figure.add_subplot(), self.confusion, names)

        return Drawing(Still(draw, *compute_matrix_size(names)), "the confusion matrix")

    def _gallery(self) -> Gallery | None:
        """Return the worst images as pictures, where there are any."""
        shown = tuple(
            Picture(
                pixels,
                f"predicted {_shorten(image.answer)} {format_percent(image.probability)}\n"
                f"true class {_shorten(image.truth)} {format_percent(image.truth_probability)}",
                "wrong" if image.answer != image.truth else "unsure",
            )
            for pixels, image in zip(self.pictures, self.worst, strict=False)
        )
        caption = "the worst images: the wrong ones first, then those that were least sure"
        return Gallery(shown, caption) if shown else None


def _make_frame(
    row: type[ClassScore | EvaluatedImage], rows: Sequence[ClassScore | EvaluatedImage]
) -> DataFrame:
    return make_dataframe([each.name for each in fields(row)], map(astuple, rows))


def _format_ends(low: float, high: float) -> str:
    """Write an interval: 20.8 to 93.9."""
    return f"{format_percent(low).removesuffix(' %')} to {format_percent(high).removesuffix(' %')}"


def _format_share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _shorten(name: str) -> str:
    return escape_controls(name, longest=LONGEST_CLASS)
