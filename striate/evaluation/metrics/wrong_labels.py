"""How many labels of evaluated images may be wrong, and how far that bounds the accuracy.

Of the answers that count (`confident_learning`), the share that contradict a class's labels stands
for all of its images. A mistake that the classifier is sure of counts as well, so the estimate is
rather too high.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.evaluation.metrics.confident_learning import find_sure_classes
from striate.terminal.units import format_percent

FEWEST = 5  # images of a class, below which its average says little


@dataclass(frozen=True)
class WrongLabels:
    """How far wrong labels bound the accuracy.

    Attributes:
        n: images in all.
        wrong: how many of their labels are estimated to be wrong.
        accuracy_low: the accuracy with true labels, if every one of these was counted as right.
        accuracy_high: the same, if every one of these was counted as wrong and is right.
    """

    n: int
    wrong: int
    accuracy_low: float
    accuracy_high: float

    def __str__(self) -> str:
        if not self.wrong:
            return "no label is surely contradicted, so wrong labels do not bound the accuracy"
        low = format_percent(self.accuracy_low).removesuffix(" %")
        verb = "label is" if self.wrong == 1 else "labels are"
        return (
            f"between {low} and {format_percent(self.accuracy_high)} if {self.wrong:,} of the "
            f"{self.n:,} {verb} wrong, as many as the surest contradictions speak for"
        )


def estimate_wrong_labels(probabilities: np.ndarray, labels: np.ndarray) -> WrongLabels:
    """Estimate how many labels are wrong, from answers to images that were not learnt from.

    Args:
        probabilities: float (n, classes), by a classifier that has not learnt from these images.
        labels: int64 (n,).

    >>> labels = np.arange(200) % 2
    >>> probabilities = np.where(labels[:, None] == [0, 1], 0.9, 0.1)
    >>> labels[:10] = 1 - labels[:10]
    >>> print(estimate_wrong_labels(probabilities, labels))
    between 90.0 and 100.0 % if 10 of the 200 labels are wrong, as many as the surest ...
    """
    n, classes = probabilities.shape
    counts = np.bincount(labels, minlength=classes)
    found = find_sure_classes(probabilities, labels, fewest=FEWEST)
    sure = found >= 0
    counted = np.bincount(labels[sure], minlength=classes)
    against = np.bincount(labels[sure & (found != labels)], minlength=classes)
    wrong = round(float((counts * against / np.maximum(counted, 1)).sum()))
    right = int((probabilities.argmax(1) == labels).sum())
    return WrongLabels(n, wrong, max(0, right - wrong) / n, min(n, right + wrong) / n)
