"""Answers beside the truth: the scores, errors and confusions that come of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from striate.data.collection import format_count
from striate.errors import SettingError
from striate.evaluation.metrics.evaluated_image import ClassScore, ConfusedPair, EvaluatedImage
from striate.evaluation.metrics.evaluation_result import Evaluation
from striate.evaluation.metrics.refusals import count_refusals
from striate.evaluation.metrics.wilson import wilson_interval

SMALLEST = float(np.finfo(np.float32).tiny)
"""1.2e-38, the smallest normal float32: a probability below it counts as this much in a
logarithm, so that one image adds at most 87.3 to a sum of cross-entropies."""

SUM_TOLERANCE = 1e-3
"""How far the probabilities of one image may miss 1 in all."""


def score(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    classes: Sequence[str],
    names: Sequence[str],
    evaluated: str,
    worst: int = 24,
    refusals: Sequence[str] | None = None,
) -> Evaluation:
    """Return how good answers are, beside the truth.

    The answer is the class with the highest probability, the first of them where several
    share it.

    Args:
        probabilities: float (images, classes), every row summing to 1.
        labels: int (images,), the index of each image's true class.
        classes: the class names, in the order of the columns.
        names: one an image.
        evaluated: what is evaluated, in words: "360 test images the run never saw".
        worst: how many of the worst images to list.
        refusals: why each image is not answered, "" where it is; None where all are.

    Raises:
        SettingError: the arrays do not fit each other or are not probabilities and labels.

    >>> result = score(
    ...     [[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]],
    ...     [0, 1, 0],
    ...     classes=["dog", "cat"],
    ...     names=["a.jpg", "b.jpg", "c.jpg"],
    ...     evaluated="three images",
    ... )
    >>> print(result)
    accuracy 66.7 % (20.8 to 93.9, n = 3)
    on three images
    balanced accuracy 75.0 %, classification error 33.3 %, Brier score 0.253, cross-entropy 0.376
    <BLANKLINE>
    class  images  precision  recall     F1
    dog           2      1.000   0.500  0.667
    cat           1      0.500   1.000  0.667
    <BLANKLINE>
    confusion matrix: true classes in rows, answers in columns
         dog  cat
    dog    1    1
    cat    -    1
    <BLANKLINE>
    the worst images: 1 wrong, 2 right but least sure
    image  truth  answer  confidence  P(truth)
    c.jpg  dog    cat         60.0 %    40.0 %
    a.jpg  dog    dog         90.0 %    90.0 %
    b.jpg  cat    cat         90.0 %    90.0 %
    >>> result.worst[0].name, result.confused
    ('c.jpg', (ConfusedPair(truth='dog', answer='cat', n=1),))
    """
    rows, truth = _check(probabilities, labels, classes=classes, names=names)
    n, k = rows.shape
    places = np.arange(n)
    answers = rows.argmax(axis=1)
    right = answers == truth
    of_truth = rows[places, truth]
    confusion = np.zeros((k, k), dtype=np.int64)
    np.add.at(confusion, (truth, answers), 1)
    accuracy = float(right.mean())
    low, high = wilson_interval(int(right.sum()), n)
    first_five = _count_among_first(rows, truth, 5) if k > 5 else None
    five_low, five_high = (None, None) if first_five is None else wilson_interval(first_five, n)
    # Wrong ones first, then right ones; inside both the least probable truth first.
    order = np.lexsort((of_truth, right))[: max(worst, 0)]

    others = rows.copy()
    others[places, answers] = -1.0
    seconds = others.argmax(axis=1)
    images = tuple(
        EvaluatedImage(
            name,
            classes[true],
            classes[answer],
            probability,
            own,
            i,
            classes[second] if k > 1 else "",
            behind if k > 1 else 0.0,
            refused,
        )
        for i, (name, true, answer, probability, own, second, behind, refused) in enumerate(
            zip(
                names,
                truth.tolist(),
                answers.tolist(),
                rows[places, answers].tolist(),
                of_truth.tolist(),
                seconds.tolist(),
                rows[places, seconds].tolist(),
                refusals or [""] * n,
                strict=True,
            )
        )
    )
    per_class = _score_classes(confusion, classes)
    recalls = [each.recall for each in per_class if each.recall is not None]
    return Evaluation(
        evaluated=evaluated,
        n=n,
        classes=tuple(classes),
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
        classification_error=float((~right).mean()),
        # (p - t)^2 summed is the sum of p^2, but for the truth, where it is (p - 1)^2
        brier_score=float(((rows**2).sum(axis=1) - 2 * of_truth + 1).mean()),
        cross_entropy=float(-np.log(np.maximum(of_truth, SMALLEST)).mean()),
        top5=first_five / n if first_five is not None else None,
        top5_low=five_low,
        top5_high=five_high,
        per_class=per_class,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        confused=_count_confused(confusion, classes),
        worst=tuple(images[i] for i in order.tolist()),
        balanced_accuracy=sum(recalls) / len(recalls),
        refusals=None if refusals is None else count_refusals(refusals, right.tolist()),
        notes=_write_notes(of_truth, confusion, classes),
        images=images,
    )


def _check(
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
            "(images, classes) with at least one of each; give one column a class"
        )
    if truth.shape != rows.shape[:1] or len(names) != len(rows):
        raise SettingError(
            f"{len(rows)} rows of probabilities, labels of shape {truth.shape}, {len(names)} "
            "names; expected as many of each; give one label and one name an image"
        )
    repeated = [name for name, number in Counter(classes).items() if number > 1]
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


def _score_classes(confusion: NDArray[np.int64], classes: Sequence[str]) -> tuple[ClassScore, ...]:
    hits = confusion.diagonal().tolist()
    truths = confusion.sum(axis=1).tolist()
    answers = confusion.sum(axis=0).tolist()

    def share(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    return tuple(
        ClassScore(
            name,
            n,
            share(hit, answered),
            share(hit, n),
            share(2 * hit, answered + n),
            *(wilson_interval(hit, n) if n else (None, None)),
        )
        for name, hit, n, answered in zip(classes, hits, truths, answers, strict=True)
    )


def _count_confused(
    confusion: NDArray[np.int64], classes: Sequence[str]
) -> tuple[ConfusedPair, ...]:
    mistakes = confusion.copy()
    np.fill_diagonal(mistakes, 0)
    truths, answers = np.nonzero(mistakes)
    counts = mistakes[truths, answers]
    order = np.argsort(-counts, kind="stable")
    return tuple(
        ConfusedPair(classes[truths[i]], classes[answers[i]], int(counts[i])) for i in order
    )


def _count_among_first(rows: NDArray[np.float64], truth: NDArray[np.int64], first: int) -> int:
    """Count the rows whose true class is among the first; of equals, the first columns count."""
    of_truth = rows[np.arange(len(rows)), truth][:, None]
    before = np.arange(rows.shape[1]) < truth[:, None]
    ahead = (rows > of_truth) | ((rows == of_truth) & before)
    return int((ahead.sum(axis=1) < first).sum())


def _write_notes(
    of_truth: NDArray[np.float64], confusion: NDArray[np.int64], classes: Sequence[str]
) -> tuple[str, ...]:
    notes = []
    vanished = int((of_truth < SMALLEST).sum())
    if vanished:
        notes.append(
            f"for {vanished:,} of {format_count(len(of_truth), 'image')} the probability of the "
            f"true class is below {SMALLEST:.1e}; in the cross-entropy it counts as that"
        )
    empty = [name for name, n in zip(classes, confusion.sum(axis=1), strict=True) if n == 0]
    if empty:
        k = len(classes)
        listed = ", ".join(empty[:5]) + (", ..." if len(empty) > 5 else "")
        notes.append(
            f"{format_count(len(empty), f'of {k} classes has', f'of {k} classes have')} no image "
            f"here, so nothing is known of the recall: {listed}"
        )
    return tuple(notes)
