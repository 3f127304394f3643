"""Which single images to ask about: those that the head is least sure of, no two alike."""

from __future__ import annotations

import numpy as np


def choose_uncertain(
    probabilities: np.ndarray, may_be_asked: np.ndarray, cluster_of: np.ndarray, *, count: int
) -> tuple[int, ...]:
    """Return the images with the smallest margin, one of each cluster before a second.

    The margin is the difference of the two largest probabilities. T. Scheffer, C. Decomain and
    S. Wrobel 2001, Active hidden Markov models for information extraction.

    Args:
        probabilities: float (n, classes) of the head, two classes at least.
        may_be_asked: bool (n,).
        cluster_of: int64 (n,), so that not ten of a kind are asked about at once.
        count: how many, at most.

    >>> sure = np.array([0.9, 0.55, 0.52, 0.6])
    >>> both = np.stack([sure, 1 - sure], 1)
    >>> choose_uncertain(both, np.ones(4, bool), np.array([0, 1, 1, 2]), count=3)
    (2, 3, 0)
    """
    ordered = np.sort(probabilities, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    left = [each for each in np.argsort(margin, kind="stable").tolist() if may_be_asked[each]]
    chosen: list[int] = []
    while left and len(chosen) < count:
        seen: set[int] = set()
        rest = []
        for each in left:
            if int(cluster_of[each]) in seen or len(chosen) == count:
                rest.append(each)
                continue
            seen.add(int(cluster_of[each]))
            chosen.append(each)
        left = rest
    return tuple(chosen)
