"""How far the features of an image lie from those of the classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from striate.errors import SettingError

ARRAYS: Final = ("center", "axes", "whitening", "means")
SCALES: Final = ("residual_scale", "usual_activity", "activity_scale")
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

    and the distance that of the nearest class: about 1 for an image like those learnt from. It is
    at least activity_scale (usual_activity - activity(f)): of a blank wall or of noise few features
    say anything, which length one hides (lengths of what is unknown: Dhamija, Guenther and Boult
    2018, https://arxiv.org/abs/1811.04110).

    Attributes:
        center: float32 (features,).
        axes: float32 (features, rank), orthonormal columns.
        whitening: float32 (rank, rank).
        means: float32 (classes, rank), projected and whitened.
        residual_scale: one by the variance across the axes and the number of features; 0 where
            the axes span all.
        usual_activity: the median of `measure_activity`.
        activity_scale: how far off a lack of activity is; 0 looks at none.

    >>> from dataclasses import replace
    >>> near = FeatureDistance(
    ...     center=np.zeros(2, np.float32), axes=np.eye(2, 1, dtype=np.float32),
    ...     whitening=np.ones((1, 1), np.float32), means=np.array([[1.0], [-1.0]], np.float32),
    ...     residual_scale=3.0,
    ... )
    >>> near.measure(np.array([[5.0, 0.0], [0.0, -2.0]], np.float32)).tolist()
    [0.0, 4.0]
    >>> quiet = replace(near, usual_activity=5.0, activity_scale=2.0)
    >>> quiet.measure(np.array([[36.0, 0.0]], np.float32)).tolist()
    [4.0]
    """

    center: np.ndarray
    axes: np.ndarray
    whitening: np.ndarray
    means: np.ndarray
    residual_scale: float
    usual_activity: float = 0.0
    activity_scale: float = 0.0

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
        for name in SCALES:
            scale = getattr(self, name)
            if type(scale) not in (int, float) or not 0 <= scale < np.inf:
                words = name.replace("_", " ")
                raise SettingError(f"the {words} is {str(scale)[:60]}; expected 0 or more")
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
        nearest = self.measure_each(features).min(1)
        if self.activity_scale:
            lack = np.float32(self.usual_activity) - measure_activity(features)
            nearest = np.maximum(nearest, np.float32(self.activity_scale) * lack)
        return np.asarray(nearest)

    def measure_each(self, features: np.ndarray) -> np.ndarray:
        """Return the distance to every class, of any activity: float32 (n, classes)."""
        lengths = np.sqrt((features * features).sum(1, keepdims=True))
        offsets = features / np.maximum(lengths, SHORTEST) - self.center
        along = offsets @ self.axes
        across = (offsets * offsets).sum(1) - (along * along).sum(1)
        residual = np.float32(self.residual_scale) * np.maximum(across, np.float32(0))
        apart = (along @ self.whitening)[:, None] - self.means  # (n, classes, rank)
        return np.asarray((apart * apart).sum(2) + residual[:, None])

    def as_json(self) -> dict[str, float]:
        """Return its plain values, which a file holds beside `as_tensors`."""
        return {name: getattr(self, name) for name in SCALES}

    def as_tensors(self) -> dict[str, np.ndarray]:
        """Return its arrays by name, as they stand in a file."""
        return {name: getattr(self, name) for name in ARRAYS}

    @staticmethod
    def from_record(values: Any, tensors: Mapping[str, np.ndarray]) -> FeatureDistance:
        """Return what a file holds: the plain values and the arrays.

        Raises:
            SettingError: an array is missing, or something does not fit.
        """
        missing = [name for name in ARRAYS if name not in tensors]
        if missing or not isinstance(values, dict):
            raise SettingError(f"the distance of features lacks {', '.join(missing) or 'a scale'}")
        arrays = {name: np.asarray(tensors[name]) for name in ARRAYS}
        return FeatureDistance(
            **arrays,
            residual_scale=values.get("residual_scale", -1.0),
            usual_activity=values.get("usual_activity", 0.0),  # not in files of format 2
            activity_scale=values.get("activity_scale", 0.0),
        )


def measure_activity(features: np.ndarray) -> np.ndarray:
    """Return how much features say and how many of them do: the mean square root of their sizes.

    Args:
        features: float32 (n, features).

    Returns:
        float32 (n,).

    >>> measure_activity(np.array([[4.0, 4.0], [8.0, 0.0], [-4.0, 4.0]], np.float32)).round(2)
    array([2.  , 1.41, 2.  ], dtype=float32)
    """
    return np.asarray(np.sqrt(np.abs(features)).mean(1))
