"""What a classifier's probabilities are worth: accuracy with its interval, errors, confusion.

Plain numbers from plain arrays; nothing here knows about networks or files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from html import escape
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from striate.errors import SettingError
from striate.tables import Table

SMALLEST = float(np.finfo(np.float32).tiny)
"""1.2e-38, the smallest normal float32: a probability below it counts as this much in a
logarithm, so that one picture adds at most 87.3 to a sum of cross-entropies."""

SUM_TOLERANCE = 1e-3
"""How far the probabilities of one picture may miss 1 in all."""

MANY_CLASSES = 20
"""With more classes than this, the printed table holds the weakest ten only."""


@dataclass(frozen=True)
class ClassScore:
    """How one class fared.

    Attributes:
        name: the class.
        n: pictures that truly are of it.
        precision: of the pictures answered with this class, the share that are of it; None
            where it was never answered.
        recall: of the pictures of this class, the share answered with it; None where there
            is no picture of it.
        f1: 2 hits / (2 hits + false answers + misses), the harmonic mean of the two; None
            where the class neither has a picture nor was answered.
    """

    name: str
    n: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class ConfusedPair:
    """How often pictures of the class `truth` were answered with the class `answer`."""

    truth: str
    answer: str
    n: int


@dataclass(frozen=True)
class Judged:
    """One picture and what was answered.

    Attributes:
        name: the picture.
        truth: its class.
        answer: the class with the highest probability.
        probability: of the answer, 0 to 1.
        truth_probability: of the true class, 0 to 1.
        index: the picture's row in the arrays that were scored.
    """

    name: str
    truth: str
    answer: str
    probability: float
    truth_probability: float
    index: int


@dataclass(frozen=True)
class Evaluation:
    """What a classifier got right and wrong, in numbers.

    Attributes:
        evaluated: what was evaluated, in words: "360 test pictures the run never saw".
        n: how many pictures.
        classes: the class names, in the classifier's order.
        accuracy: share told right, 0 to 1; `accuracy_low` and `accuracy_high` are its 95 %
            Wilson interval.
        classification_error: share told wrong, 1 - accuracy.
        squared_error: (probability - target)^2 summed over the classes, mean over the
            pictures, 0 to 2; the target is 1 for the true class, else 0.
        cross_entropy: mean of -ln(probability of the true class).
        top5: share whose true class is among the five most probable; None for five classes
            or fewer.
        per_class: one score a class.
        confusion: pictures by truth (rows) and answer (columns).
        confused: the pairs of classes that were confused, most often first.
        worst: the wrong pictures, least probability of the truth first, then the right ones
            that were least sure.
        notes: what has to be known to read the numbers.
    """

    evaluated: str
    n: int
    classes: tuple[str, ...]
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    classification_error: float
    squared_error: float
    cross_entropy: float
    top5: float | None
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    confused: tuple[ConfusedPair, ...]
    worst: tuple[Judged, ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Give everything as plain JSON values (numbers, texts, lists, None), same names."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {
            "classes": list(self.classes),
            "per_class": [asdict(score) for score in self.per_class],
            "confusion": [list(row) for row in self.confusion],
            "confused": [asdict(pair) for pair in self.confused],
            "worst": [asdict(judged) for judged in self.worst],
            "notes": list(self.notes),
        }

    def headline(self) -> str:
        """Give the accuracy with its interval and n in one line."""
        low, high = percent(self.accuracy_low), percent(self.accuracy_high)
        ends = f"{low.removesuffix(' %')} to {high.removesuffix(' %')}"
        return f"accuracy {percent(self.accuracy)} ({ends}, n = {self.n:,})"

    def weakest(self) -> tuple[ClassScore, ...]:
        """Give the scores of the classes that can be judged, lowest F1 first."""
        judged = [score for score in self.per_class if score.f1 is not None]
        return tuple(sorted(judged, key=lambda score: (score.f1 or 0.0, score.recall or 0.0)))

    def table(self) -> Table:
        """Give precision, recall and F1 a class; of more than 20 classes the weakest ten."""
        scores, caption = self.per_class, ""
        if len(scores) > MANY_CLASSES:
            scores = self.weakest()[:10]
            caption = f"the weakest {len(scores)} of {len(self.per_class)} classes, lowest F1 first"
        rows = tuple(
            (score.name, f"{score.n:,}", *map(_share, (score.precision, score.recall, score.f1)))
            for score in scores
        )
        header = ("class", "pictures", "precision", "recall", "F1")
        return Table(header, rows, frozenset(header[1:]), caption)

    def _lines(self) -> list[str]:
        top5 = (
            [] if self.top5 is None else [f"true class among the first five {percent(self.top5)}"]
        )
        errors = [
            f"classification error {percent(self.classification_error)}",
            f"mean squared error {self.squared_error:.3f}",
            f"cross-entropy {self.cross_entropy:.3f}",
        ]
        return [self.headline(), f"on {self.evaluated}", ", ".join(errors + top5)]

    def __str__(self) -> str:
        return "\n".join([*self._lines(), "", str(self.table()), *self.notes])

    def _repr_html_(self) -> str:
        first, *rest = self._lines()
        lines = "".join(f"<br>{escape(line)}" for line in rest)
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<p><strong>{escape(first)}</strong>{lines}</p>{self.table().html()}{notes}"


def score(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    classes: Sequence[str],
    names: Sequence[str],
    evaluated: str,
    worst: int = 24,
) -> Evaluation:
    """Say how good answers are, beside the truth.

    The answer is the class with the highest probability, the first of them where several
    share it.

    Args:
        probabilities: float (pictures, classes), every row summing to 1.
        labels: int (pictures,), the index of each picture's true class.
        classes: the class names, in the order of the columns.
        names: one a picture.
        evaluated: what is evaluated, in words: "360 test pictures the run never saw".
        worst: how many of the worst pictures to list.

    Raises:
        SettingError: the arrays do not fit each other or are not probabilities and labels.

    >>> result = score(
    ...     [[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]],
    ...     [0, 1, 0],
    ...     classes=["dog", "cat"],
    ...     names=["a.jpg", "b.jpg", "c.jpg"],
    ...     evaluated="three pictures",
    ... )
    >>> print(result)
    accuracy 66.7 % (20.8 to 93.9, n = 3)
    on three pictures
    classification error 33.3 %, mean squared error 0.253, cross-entropy 0.376
    <BLANKLINE>
    class  pictures  precision  recall     F1
    dog           2      1.000   0.500  0.667
    cat           1      0.500   1.000  0.667
    >>> result.worst[0].name, result.confused
    ('c.jpg', (ConfusedPair(truth='dog', answer='cat', n=1),))
    """
    rows, truth = _checked(probabilities, labels, classes=classes, names=names)
    n, k = rows.shape
    places = np.arange(n)
    answers = rows.argmax(axis=1)
    right = answers == truth
    of_truth = rows[places, truth]
    target = np.zeros_like(rows)
    target[places, truth] = 1.0
    confusion = np.zeros((k, k), dtype=np.int64)
    np.add.at(confusion, (truth, answers), 1)
    accuracy = float(right.mean())
    low, high = wilson(int(right.sum()), n)
    # Wrong ones first, then right ones; inside both the least probable truth first.
    order = np.lexsort((of_truth, right))[: max(worst, 0)]

    def judged(i: int) -> Judged:
        answer, probability = classes[answers[i]], float(rows[i, answers[i]])
        return Judged(names[i], classes[truth[i]], answer, probability, float(of_truth[i]), i)

    return Evaluation(
        evaluated=evaluated,
        n=n,
        classes=tuple(classes),
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
        classification_error=float((~right).mean()),
        squared_error=float(((rows - target) ** 2).sum(axis=1).mean()),
        cross_entropy=float(-np.log(np.maximum(of_truth, SMALLEST)).mean()),
        top5=_among_first(rows, truth, 5) if k > 5 else None,
        per_class=_per_class(confusion, classes),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        confused=_confused(confusion, classes),
        worst=tuple(judged(i) for i in order.tolist()),
        notes=_notes(of_truth, confusion, classes),
    )


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Give the 95 % Wilson interval of a share: where the true one plausibly lies.

    Unlike accuracy ± 1.96 standard errors it stays inside 0 to 1 and stays honest for small
    n and near 0 and 1. Source: E. B. Wilson, Probable inference, the law of succession, and
    statistical inference, JASA 22 (1927), formula without continuity correction.

    Raises:
        SettingError: n is below 1, or successes is not between 0 and n.

    >>> low, high = wilson(354, 360)
    >>> f"{low:.3f} {high:.3f}"
    '0.964 0.992'
    """
    if n < 1 or not 0 <= successes <= n:
        raise SettingError(
            f"{successes} successes of {n} have no interval; "
            "at least one picture is needed, and 0 to n successes"
        )
    z = NormalDist().inv_cdf(0.975)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def percent(share: float) -> str:
    """Give a share, 0 to 1, as per cent; more digits where one would make it 0 or 100.

    >>> percent(0.98333), percent(0.9996), percent(1.0), percent(0.0)
    ('98.3 %', '99.96 %', '100.0 %', '0.0 %')
    """
    for digits in range(1, 7):
        text = f"{share * 100:.{digits}f}"
        if share in (0.0, 1.0) or 0.0 < float(text) < 100.0:
            return f"{text} %"
    return "<0.000001 %" if share < 0.5 else ">99.999999 %"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _checked(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    classes: Sequence[str],
    names: Sequence[str],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rows, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    k = len(classes)
    if rows.ndim != 2 or rows.shape[1] != k or k == 0 or len(rows) == 0:
        raise SettingError(
            f"probabilities of shape {rows.shape} with {k} class names; expected "
            "(pictures, classes) with at least one of each; give one column a class"
        )
    if truth.shape != rows.shape[:1] or len(names) != len(rows):
        raise SettingError(
            f"{len(rows)} rows of probabilities, labels of shape {truth.shape}, {len(names)} "
            "names; expected as many of each; give one label and one name a picture"
        )
    repeated = [name for place, name in enumerate(classes) if name in classes[:place]]
    if repeated:
        raise SettingError(f"the class name {repeated[0]!r} stands twice; give each class its own")
    if truth.dtype.kind not in "iu":
        raise SettingError(
            f"labels of type {truth.dtype}; expected whole numbers, the index of each class"
        )
    outside = np.flatnonzero((truth < 0) | (truth >= k))
    if len(outside):
        raise SettingError(
            f"label {truth[outside[0]]} of {names[outside[0]]!r} is not one of the {k} classes; "
            f"expected 0 to {k - 1}"
        )
    # Written so that nan fails too: it compares false with everything.
    valid = ((rows >= 0) & (rows <= 1 + SUM_TOLERANCE)).all(axis=1)
    valid &= np.abs(rows.sum(axis=1) - 1) <= SUM_TOLERANCE
    if not valid.all():
        place = int(np.flatnonzero(~valid)[0])
        shown = ", ".join(f"{value:g}" for value in rows[place, :6]) + (", ..." if k > 6 else "")
        raise SettingError(
            f"the row of {names[place]!r} is ({shown}) and sums to {rows[place].sum():g}; expected "
            "probabilities from 0 to 1 that sum to 1; apply softmax to a network's outputs"
        )
    return rows, truth.astype(np.int64)


def _per_class(confusion: NDArray[np.int64], classes: Sequence[str]) -> tuple[ClassScore, ...]:
    hits = confusion.diagonal().tolist()
    truths = confusion.sum(axis=1).tolist()
    answers = confusion.sum(axis=0).tolist()

    def share(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    return tuple(
        ClassScore(name, n, share(hit, answered), share(hit, n), share(2 * hit, answered + n))
        for name, hit, n, answered in zip(classes, hits, truths, answers, strict=True)
    )


def _confused(confusion: NDArray[np.int64], classes: Sequence[str]) -> tuple[ConfusedPair, ...]:
    mistakes = confusion.copy()
    np.fill_diagonal(mistakes, 0)
    truths, answers = np.nonzero(mistakes)
    counts = mistakes[truths, answers]
    order = np.argsort(-counts, kind="stable")
    return tuple(
        ConfusedPair(classes[truths[i]], classes[answers[i]], int(counts[i])) for i in order
    )


def _among_first(rows: NDArray[np.float64], truth: NDArray[np.int64], first: int) -> float:
    leading = np.argsort(-rows, axis=1, kind="stable")[:, :first]
    return float((leading == truth[:, None]).any(axis=1).mean())


def _notes(
    of_truth: NDArray[np.float64], confusion: NDArray[np.int64], classes: Sequence[str]
) -> tuple[str, ...]:
    notes = []
    vanished = int((of_truth < SMALLEST).sum())
    if vanished:
        notes.append(
            f"for {vanished:,} of {len(of_truth):,} pictures the probability of the true class is "
            f"below {SMALLEST:.1e}; in the cross-entropy it counts as that"
        )
    empty = [name for name, n in zip(classes, confusion.sum(axis=1), strict=True) if n == 0]
    if empty:
        listed = ", ".join(empty[:5]) + (", ..." if len(empty) > 5 else "")
        notes.append(
            f"{len(empty)} of {len(classes)} classes have no picture here, so nothing is known of "
            f"their recall: {listed}"
        )
    return tuple(notes)
