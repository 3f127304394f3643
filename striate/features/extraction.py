"""What a trained backbone says of each image: computed once, in the fastest way of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from striate.backends.onnx import Engine
from striate.data import Images
from striate.data.augmentation import DRAWS, Augmentation, augment
from striate.features.feature_cache import FeatureCache

BATCH = 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Extractor:
    """A backbone that turns images into features.

    Attributes:
        engine: the backbone, ready to compute; maps that come out are averaged over positions.
        change: how the copies of an image differ from it.
    """

    engine: Engine
    change: Augmentation

    def features(self, pixels: np.ndarray, numbers: np.ndarray | None = None) -> np.ndarray:
        """Return what the backbone says of prepared images.

        Args:
            pixels: uint8 (n, channels, rows, columns).
            numbers: float32 (n, DRAWS) to change them by; None takes them as they are.

        Returns:
            float32 (n, features).

        >>> white = np.full((3, 1, 2, 2), 255, np.uint8)
        >>> same = Engine("float32 nothing", lambda pixels: pixels / 255)
        >>> Extractor(same, Augmentation()).features(white).tolist()
        [[1.0], [1.0], [1.0]]
        """
        if numbers is None:
            values = pixels.astype(np.float32)
        else:
            changed = augment(torch.from_numpy(pixels), self.change, torch.from_numpy(numbers))
            values = changed.contiguous().numpy()
        out = self.engine.run(values)
        out = out.mean((2, 3)) if out.ndim == 4 else out.reshape(len(out), -1)
        return np.asarray(out, np.float32)


def extract_features(
    extractor: Extractor,
    images: Images,
    indices: np.ndarray,
    *,
    n_augmented: int,
    kept: FeatureCache,
    progress: Progress = lambda done, total: None,
) -> np.ndarray:
    """Return the features of images in several copies; what is kept is not computed again.

    Version 0 is the image itself; the others are changed by random numbers that its pixels
    seed, so that a version is the same in every run.

    Args:
        extractor: computes what is missing.
        images: decoded.
        indices: int64 (n,), which of them.
        n_augmented: how many copies of each.
        kept: where features are found and put.
        progress: told the rows that are there, and how many there will be.

    Returns:
        float32 (n, n_augmented, features).
    """
    hashes = images.hashes[indices]
    there = kept.find(hashes, n_augmented)
    missing = [(place, version) for version, place in zip(*np.nonzero(~there.T), strict=True)]
    total = len(indices) * n_augmented
    done = total - len(missing)
    progress(done, total)
    try:
        for chunk in _chunks(missing):
            places = np.array([place for place, _ in chunk])
            version = chunk[0][1]
            pixels = images.take(indices[places])
            numbers = None if version == 0 else _numbers(hashes[places], version)
            kept.add(hashes[places], version, extractor.features(pixels, numbers))
            done += len(chunk)
            progress(done, total)
    finally:
        kept.write()  # whoever stops this work goes on from here
    return kept.take(hashes, n_augmented)


def _chunks(missing: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Cut (place, version) pairs into batches of one version each."""
    chunk: list[tuple[int, int]] = []
    for pair in missing:
        if chunk and (len(chunk) == BATCH or chunk[0][1] != pair[1]):
            yield chunk
            chunk = []
        chunk.append(pair)
    if chunk:
        yield chunk


def _numbers(hashes: np.ndarray, version: int) -> np.ndarray:
    """Draw the random numbers of one version, a row an image: float32 (n, DRAWS)."""
    rows = [
        np.random.Generator(np.random.Philox(key=[int(each), version])).random(DRAWS, np.float32)
        for each in hashes
    ]
    return np.stack(rows)
