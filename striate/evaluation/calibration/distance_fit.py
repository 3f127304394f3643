"""The distance of features fitted: means of the classes, one covariance, a few axes."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from striate.model.decision import FeatureDistance
from striate.model.decision.feature_distance import SHORTEST

# Of one class. With 8 in all, a classifier of 245 photographs of ants and bees refused every wall,
# noise and digit; with 64, half of them, since what is unlike lies across the axes.
AXES = 7
MOST_AXES = 64
ROUNDS = 8  # of the power iteration that finds the axes
ROWS = 1024  # of features, of which the mean of their class is taken away at once
FEWEST = 20  # images, below which no covariance is fitted
FOLDS = 5
FLAT = 1e-9  # variance of features of length one, below which rounding is all they differ by
FAR = 1e3  # where the mean of a class without images is put: near nothing


def fit_distance(
    features: np.ndarray, labels: np.ndarray, *, classes: int
) -> FeatureDistance | None:
    """Return the distance of features from those of the classes.

    None where there is too little, or where features are the same whatever the image.

    Args:
        features: float32 (n, features), of images that training learnt from.
        labels: int64 (n,).
        classes: how many there are.

    >>> numbers = np.random.default_rng(0)
    >>> labels = np.arange(200) % 2
    >>> values = numbers.normal(1, 0.2, (200, 30)) + np.eye(2, 30)[labels]
    >>> near = fit_distance(values.astype(np.float32), labels, classes=2)
    >>> bool(near.measure(numbers.normal(size=(5, 30)).astype(np.float32)).min() > 3)
    True
    """
    rank = min(classes + AXES - 1, MOST_AXES, features.shape[1], len(features) // 10)
    if len(features) < FEWEST or rank < 1:
        return None
    with threadpool_limits(1, "blas"):  # the last digits shall not depend on the number of cores
        return _fit(features, labels, classes, rank)


def _fit(
    features: np.ndarray, labels: np.ndarray, classes: int, rank: int
) -> FeatureDistance | None:
    n, width = features.shape
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    offsets = (features / np.maximum(lengths, SHORTEST)).astype(np.float64)
    center = offsets.mean(0)
    offsets -= center  # in place, as below: of 10,000 images a copy takes 80 MB and more
    if np.vdot(offsets, offsets) < FLAT * n:
        return None
    counts = np.bincount(labels, minlength=classes)
    means = np.zeros((classes, width))
    np.add.at(means, labels, offsets)
    means /= np.maximum(counts, 1)[:, None]
    axes = _principal_axes(offsets, rank)
    for start in range(0, n, ROWS):
        offsets[start : start + ROWS] -= means[labels[start : start + ROWS]]
    along = offsets @ axes
    covariance = along.T @ along / n
    across = float(max(0.0, np.vdot(offsets, offsets) - np.vdot(along, along))) / n
    least = 1e-6 * max(float(np.trace(covariance)), 1e-30) / rank
    factor = np.linalg.cholesky(covariance + least * np.eye(rank))
    whitening = np.linalg.inv(factor).T / np.sqrt(width)
    projected = means @ axes @ whitening
    projected[counts == 0] = FAR
    rest = width - rank
    scale = rest / max(across, 1e-9) / width if rest else 0.0  # an average of 1 a direction
    return FeatureDistance(
        center=center.astype(np.float32),
        axes=axes.astype(np.float32),
        whitening=whitening.astype(np.float32),
        means=projected.astype(np.float32),
        residual_scale=float(np.float32(scale)),
    )


def measure_out_of_fold(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    seed: int = 0,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Return the distance of each image, from a fit that has not seen it: float32 (n,).

    NaN where there is too little to fit. Arguments as for `fit_distance`; ``seed`` deals the folds,
    and images of one of the ``groups``, int64 (n,), stand in one.
    """
    n = len(features)
    group = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    generator = np.random.Generator(np.random.Philox(key=[seed % 2**64, 8]))
    fold = (generator.permutation(int(group.max(initial=-1)) + 1) % FOLDS)[group]
    found = np.full(n, np.nan, np.float32)
    for number in range(FOLDS):
        out = fold == number
        near = fit_distance(features[~out], labels[~out], classes=classes)
        if near is not None and out.any():
            found[out] = near.measure(features[out])
    return found


def _principal_axes(offsets: np.ndarray, rank: int) -> np.ndarray:
    """Return the directions in which rows differ most, as orthonormal columns."""
    start = np.random.Generator(np.random.Philox(9)).normal(size=(offsets.shape[1], rank))
    axes = np.linalg.qr(start)[0]
    for _ in range(ROUNDS):
        axes = np.linalg.qr(offsets.T @ (offsets @ axes))[0]
    return np.asarray(axes)
