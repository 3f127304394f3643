"""Whether labels have anything to do with their images, told without the network."""

from __future__ import annotations

import numpy as np

from striate.features.logistic_regression import minimize_loss

SIDE = 8  # pixels that images are averaged down to
MOST = 1000  # images that are looked at
STRENGTH = 0.01  # of what each number may count, against learning by heart


def told_by_colours(pixels: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
    """Return how many images a straight line classifies correctly by 8 x 8 patches of colour.

    It is logistic regression, learnt on one half of the images and evaluated on the other. Where
    it is better than chance, labels and images belong together; where it is not, they may
    still, in ways that are not so plain.

    Args:
        pixels: uint8 (n, channels, rows, columns).
        labels: int64 (n,).

    Returns:
        The accuracy, and of how many images.

    >>> draw = np.random.default_rng(0)
    >>> labels = np.arange(200) % 2
    >>> dark = draw.integers(0, 200, (200, 1, 16, 16)) + 40 * labels[:, None, None, None]
    >>> told_by_colours(dark.astype(np.uint8), labels)
    (1.0, 100)
    """
    chosen = np.random.default_rng(0).permutation(len(labels))[:MOST]
    small = _averaged(pixels[chosen]).reshape(len(chosen), -1)
    own = labels[chosen]
    half = len(chosen) // 2
    if half < 2 or len(np.unique(own[:half])) < 2:
        return 0.0, 0
    mean, std = small[:half].mean(0), small[:half].std(0)
    values = (small - mean) / np.where(std > 0, std, 1.0)
    values = values.astype(np.float32)
    classes, places = np.unique(own, return_inverse=True)
    line = minimize_loss(
        values[:half],
        places[:half],
        np.ones((1, half)),
        strength=1 / (STRENGTH * half),
        start=np.zeros((values.shape[1] + 1, 1, len(classes)), np.float32),
    )
    answers = (values[half:] @ line[:-1, 0] + line[-1, 0]).argmax(1)
    return float((answers == places[half:]).mean()), len(chosen) - half


def _averaged(pixels: np.ndarray) -> np.ndarray:
    """Average images down to 8 x 8 patches, or leave smaller ones as they are."""
    values = pixels.astype(np.float32)
    for axis in (2, 3):
        size = values.shape[axis]
        starts = np.unique(np.linspace(0, size, min(SIDE, size) + 1).astype(int)[:-1])
        counts = np.diff([*starts.tolist(), size])
        shape = [1, 1, 1, 1]
        shape[axis] = len(counts)
        values = np.add.reduceat(values, starts, axis=axis) / counts.reshape(shape).astype("f4")
    return values
