"""How alike two maps are: by the order of their places, and by their structure."""

from __future__ import annotations

import numpy as np
import torch

from striate.errors import SettingError
from striate.explanation.baselines import gaussian_blur

WINDOW = 1.5  # standard deviation of the window in pixels
STEADY = (0.01**2, 0.03**2)  # what keeps the quotients steady, for values within 0..1


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's rank correlation of two maps; ties share their mean rank.

    Args:
        first: of any shape.
        second: of the same.

    Returns:
        -1 to 1; 0 where a map is the same everywhere.

    Raises:
        SettingError: the shapes differ.

    >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0]))
    1.0
    """
    _refuse_unequal(first, second)
    ranks = [_ranked(each) for each in (first, second)]
    centred = [each - each.mean() for each in ranks]
    size = np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum())
    return float(np.clip((centred[0] * centred[1]).sum() / size, -1, 1)) if size > 0 else 0.0


def structural_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Return the structural similarity of two maps, each scaled to 0..1 beforehand.

    Source: Z. Wang et al., Image quality assessment: from error visibility to structural
    similarity, IEEE TIP 13 (2004), with its Gaussian window of 1.5 pixels, which is cut off at
    the borders, and its constants.

    Args:
        first: (rows, columns).
        second: of the same shape.

    Returns:
        -1 to 1; 1 for the same map.

    Raises:
        SettingError: the shapes differ.

    >>> ramp = np.linspace(0, 1, 64).reshape(8, 8)
    >>> round(structural_similarity(ramp, 5 * ramp + 2), 6)
    1.0
    """
    _refuse_unequal(first, second)
    one, two = _scaled(first), _scaled(second)
    means = [_window(each) for each in (one, two)]
    spreads = [_window(each**2) - middle**2 for each, middle in zip((one, two), means, strict=True)]
    together = _window(one * two) - means[0] * means[1]
    light = (2 * means[0] * means[1] + STEADY[0]) / (means[0] ** 2 + means[1] ** 2 + STEADY[0])
    shape = (2 * together + STEADY[1]) / (spreads[0] + spreads[1] + STEADY[1])
    return float((light * shape).mean())


def _refuse_unequal(first: np.ndarray, second: np.ndarray) -> None:
    if first.shape != second.shape:
        raise SettingError(
            f"maps of {first.shape} and {second.shape} cannot be compared; expected one shape"
        )


def _ranked(values: np.ndarray) -> np.ndarray:
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[where.ravel()])


def _scaled(values: np.ndarray) -> np.ndarray:
    given = np.asarray(values, np.float64)
    reach = given.max() - given.min()
    return (given - given.min()) / reach if reach > 0 else np.zeros_like(given)


def _window(values: np.ndarray) -> np.ndarray:
    return np.asarray(gaussian_blur(torch.from_numpy(values)[None, None], WINDOW)[0, 0].numpy())
