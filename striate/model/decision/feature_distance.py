"""How far the features of an image lie from those of the classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from striate.errors import SettingError

ARRAYS: Final = ("center", "axes", "whitening", "means")
SHORTEST: Final = np.float32(1e-12)  # a vector of zeros is divided by this instead of its length


@dataclass(frozen=True, eq=False)
class FeatureDistance:
    """Means of the classes with one shared covariance, in the space of the last features.

    A feature vector f is divided by its length (https://arxiv.org/abs/2505.18032: lengths differ
    more than kinds of images do) and the center is taken off: g. Along a few axes the covariance is
    kept whole, across them one variance stands for all (Tipping and Bishop 1999, Probabilistic
    principal component analysis). The squared Mahalanobis distance to class c, by the number of
    features, is

        |g axes whitening - means[c]|^2 + residual_scale (|g|^2 - |g axes|^2)

    and the distance that of the nearest class: about 1 for an image like those learnt from.

    Attributes:
        center: float32 (features,).
        axes: float32 (features, rank), orthonormal columns.
        whitening: float32 (rank, rank).
        means: float32 (classes, rank), projected and whitened.
        residual_scale: one by the variance across the axes and the number of features; 0 where
            the axes span all.

    >>> near = FeatureDistance(
    ...     center=np.zeros(2, np.float32), axes=np.eye(2, 1, dtype=np.float32),
    ...     whitening=np.ones((1, 1), np.float32), means=np.array([[1.0], [-1.0]], np.float32),
    ...     residual_scale=3.0,
    ... )
    >>> near.measure(np.array([[5.0, 0.0], [0.0, -2.0]], np.float32)).tolist()
    [0.0, 4.0]
    """

    center: np.ndarray
    axes: np.ndarray
    whitening: np.ndarray
    means: np.ndarray
    residual_scale: float

    def __post_init__(self) -> None:
        shapes = [np.shape(getattr(self, name)) for name in ARRAYS]
        features, rank = shapes[1] if len(shapes[1]) == 2 else (0, 0)
        expected = [(features,), (features, rank), (rank, rank), (*shapes[3][:1], rank)]
        arrays = [getattr(self, name) for name in ARRAYS]
        if not rank or shapes != expected or any(each.dtype != np.float32 for each in arrays):
            raise SettingError(
                f"the distance of features has arrays of shapes {str(shapes)[:80]}; expected "
                "float32 (features,), (features, rank), (rank, rank), (classes, rank)"
            )
        scale = self.residual_scale
        if type(scale) not in (int, float) or not 0 <= scale < np.inf:
            raise SettingError(f"the residual scale is {str(scale)[:60]}; expected 0 or more")
        if not all(np.isfinite(each).all() for each in arrays):
            raise SettingError("the distance of features holds values that are no numbers")

    @property
    def features(self) -> int:
        """How many features an image has."""
        return len(self.center)

    def measure(self, features: np.ndarray) -> np.ndarray:
        """Return the distance to the nearest class: float32 (n,).

        Args:
            features: float32 (n, features), the input of the last linear layer.
        """
        return np.asarray(self.measure_each(features).min(1))

    def measure_each(self, features: np.ndarray) -> np.ndarray:
        """Return the distance to every class: float32 (n, classes); arguments as for `measure`."""
        lengths = np.sqrt((features * features).sum(1, keepdims=True))
        offsets = features / np.maximum(lengths, SHORTEST) - self.center
        along = offsets @ self.axes
        across = (offsets * offsets).sum(1) - (along * along).sum(1)
        residual = np.float32(self.residual_scale) * np.maximum(across, np.float32(0))
        apart = (along @ self.whitening)[:, None] - self.means  # (n, classes, rank)
        return np.asarray((apart * apart).sum(2) + residual[:, None])

    def as_tensors(self) -> dict[str, np.ndarray]:
        """Return its arrays by name, as they stand in a file."""
        return {name: getattr(self, name) for name in ARRAYS}

    @staticmethod
    def from_record(values: Any, tensors: Mapping[str, np.ndarray]) -> FeatureDistance:
        """Return what a file holds: the plain value and the arrays.

        Raises:
            SettingError: an array is missing, or something does not fit.
        """
        missing = [name for name in ARRAYS if name not in tensors]
        if missing or not isinstance(values, dict):
            raise SettingError(f"the distance of features lacks {', '.join(missing) or 'a scale'}")
        arrays = {name: np.asarray(tensors[name]) for name in ARRAYS}
        return FeatureDistance(**arrays, residual_scale=values.get("residual_scale", -1.0))
