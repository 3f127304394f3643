"""Images that look alike, so that one name may fit all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

DIRECTIONS: Final = 32  # of the features, in which images are compared
# As many as are seen at a glance. The silhouette would choose two clusters of ants and bees, and
# neither of the two has one name; of twenty almost all have.
EACH: Final = 20  # images of a cluster, on average
MOST: Final = 250  # clusters
STARTS: Final = 4  # of k-means, the best of which is taken


@dataclass(frozen=True)
class Cluster:
    """Images that look alike.

    Attributes:
        images: their indices, the nearest to the centre first, the odd ones last.
        spread: the mean squared distance from the centre, 0 where all are equal.
    """

    images: tuple[int, ...]
    spread: float


def find_clusters(features: np.ndarray, *, seed: int = 0) -> tuple[Cluster, ...]:
    """Group images by k-means, about twenty in a cluster; large and close ones first.

    The features are turned to the 32 directions in which they differ most and made vectors of
    length 1. The order is by the spread over the square root of the size.

    Args:
        features: float32 (n, features).
        seed: of the centres that k-means starts from.

    >>> numbers = np.random.default_rng(0)
    >>> values = numbers.normal(size=(40, 8)) + 9 * (np.arange(40) % 2)[:, None]
    >>> one, other = find_clusters(values.astype(np.float32))
    >>> sorted({each % 2 for each in one.images}), len(one.images), len(other.images)
    ([0], 20, 20)
    """
    # here, as it takes a second to load
    from sklearn.cluster import KMeans

    n = len(features)
    wanted = min(MOST, max(1, round(n / EACH)))
    vectors = _turn(features)
    with threadpool_limits(1):  # sums in one order, so that a seed says it all
        found = KMeans(wanted, n_init=STARTS, random_state=seed % 2**32).fit(vectors)
    distances = ((vectors - found.cluster_centers_[found.labels_]) ** 2).sum(1)
    clusters = []
    for number in range(wanted):
        mine = np.flatnonzero(found.labels_ == number)
        mine = mine[np.argsort(distances[mine], kind="stable")]
        if len(mine):
            clusters.append(Cluster(tuple(mine.tolist()), float(distances[mine].mean())))
    return tuple(sorted(clusters, key=lambda each: each.spread / len(each.images) ** 0.5))


def _turn(features: np.ndarray) -> np.ndarray:
    """Return vectors of length 1 in the directions that differ most: float64 (n, directions)."""
    values = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    with threadpool_limits(1, "blas"):
        _, directions = np.linalg.eigh(values.T @ values)
        values = values @ directions[:, -DIRECTIONS:]
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(lengths, 1e-12))
