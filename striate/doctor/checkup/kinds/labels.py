"""Labels that a classifier contradicts which has not learnt from the image.

An image is named where its likeliest class is another one, surely enough to count
(`striate.evaluation.metrics.confident_learning`). The least probable label comes first: so 97 % of
Fashion-MNIST's flipped labels lie within the first tenth; by the margin to the other class, 93 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from striate.doctor.checkup.checkup import Checkup
from striate.doctor.image_finding import ImageFinding
from striate.evaluation.metrics.confident_learning import find_sure_classes
from striate.terminal.units import format_percent

BETTER: Final = 0.5  # of what is left between guessing and certainty, that it must know


def find_labels(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give the images whose label is probably wrong, the surest first."""
    labels = checkup.labels
    if labels is None or not is_reliable(checkup):
        return
    given = checkup.collection.labels[labels.indices]
    for place in rank_labels(labels.probabilities, given):
        row = labels.probabilities[place]
        answer, own = int(row.argmax()), int(given[place])
        image = replace(
            checkup.found(int(labels.indices[place])),
            answer=checkup.collection.classes[answer],
            probability=float(row[answer]),
        )
        reason = (
            f"labelled {image.label!r} ({format_percent(float(row[own]))}), but it looks like "
            f"{image.answer!r} ({format_percent(float(row[answer]))}) to a classifier that has "
            "not learnt from it"
        )
        yield ImageFinding("label", reason, (image,))


def is_reliable(checkup: Checkup) -> bool:
    """Say whether the classifier tells the classes apart well enough to be held against labels."""
    if checkup.labels is None:
        return False
    guess = 1 / max(2, len(checkup.collection.classes))
    return (checkup.labels.accuracy - guess) / (1 - guess) >= BETTER


def rank_labels(probabilities: np.ndarray, given: np.ndarray) -> list[int]:
    """Return the rows whose label is probably wrong, the surest first.

    Args:
        probabilities: (n, classes), of images that were not learnt from; NaN where there are none.
        given: int64 (n,), the labels.

    >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.02, 0.98], [0.05, 0.95]])
    >>> rank_labels(sure, np.array([0, 0, 0, 1]))
    [2]
    """
    (predicted,) = np.nonzero(~np.isnan(probabilities).any(1))
    table, labels = probabilities[predicted], given[predicted]
    rows = np.arange(len(labels))
    sure = find_sure_classes(table, labels)
    own = table[rows, labels]
    named = (sure == table.argmax(1)) & (table[rows, sure] > own)
    order = np.argsort(own[named], kind="stable")
    return [int(place) for place in predicted[named][order]]
