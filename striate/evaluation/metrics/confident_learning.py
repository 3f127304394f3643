"""Which class an image speaks for surely enough to be held against its label: confident learning.

An answer counts where it is at least as probable as it is, on average, for the images that are
labelled so. A fixed probability would find nothing once a few labels in a hundred are wrong: a
classifier is less sure of all of them then. C. Northcutt, L. Jiang, I. Chuang, Confident learning:
estimating uncertainty in dataset labels, 2021, https://arxiv.org/abs/1911.00068.
"""

from __future__ import annotations

import numpy as np


def average_by_label(
    own: np.ndarray, labels: np.ndarray, *, classes: int, fewest: int = 1
) -> np.ndarray:
    """Return how probable each class is, on average, for the images that are labelled so.

    Args:
        own: float (n,), the probability of each image's label.
        labels: int64 (n,).
        classes: how many there are.
        fewest: images of a class, below which its average says nothing.

    Returns:
        float64 (classes,); infinite where there are too few images.

    >>> average_by_label(np.array([0.5, 1.0]), np.array([0, 0]), classes=2).tolist()
    [0.75, inf]
    """
    counts = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, own, minlength=classes)
    return np.where(counts >= fewest, sums / np.maximum(counts, 1), np.inf)


def find_sure_classes(
    probabilities: np.ndarray, labels: np.ndarray, *, fewest: int = 1
) -> np.ndarray:
    """Return the class that each image speaks for surely enough to count: int64 (n,), -1 for none.

    Args:
        probabilities: float (n, classes), by a classifier that has not learnt from the images.
        labels: int64 (n,).
        fewest: images of a class, below which nothing counts for it.

    >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9]])
    >>> find_sure_classes(sure, np.array([0, 0, 1, 0])).tolist()
    [0, 0, 1, 1]
    """
    own = probabilities[np.arange(len(labels)), labels]
    usual = average_by_label(own, labels, classes=probabilities.shape[1], fewest=fewest)
    counting = np.where(probabilities >= usual, probabilities, -1.0)
    return np.where((counting >= 0).any(1), counting.argmax(1), -1)
