"""Features of images that are computed while these are read, so that no decoded image is kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from striate.features.extraction import BATCH, Extractor, WantedFeatures, compute_features
from striate.features.feature_cache import FeatureCache


class FeatureStream:
    """What takes images as they are decoded, and keeps their features: `load` calls it.

    How they are computed is chosen by the first batch. Left by an error or a wish to stop, it keeps
    what is computed; else it computes the rest. So whatever is found in `hand_over` need not be
    read again, and what is missing there is computed later.

    Args:
        wanted: which features.
        chosen: bool (n,), of which images: those that will be learnt from, as far as that is
            known before they are read.
        say: is told of engines that cannot be had.
    """

    def __init__(
        self, wanted: WantedFeatures, chosen: np.ndarray, *, say: Callable[[str], None]
    ) -> None:
        self._wanted, self._chosen, self._say = wanted, chosen, say
        self._batch: list[tuple[int, np.ndarray]] = []
        self._ready: tuple[Extractor, FeatureCache] | None = None

    def __call__(self, index: int, value: int, pixels: np.ndarray) -> None:
        """Take an image of so and so hash."""
        if self._chosen[index]:
            self._batch.append((value, pixels))
            if len(self._batch) == BATCH:
                self._compute()

    def __enter__(self) -> FeatureStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._batch:
            self._compute()
        if self._ready is not None:
            self._ready[1].write()

    def hand_over(self) -> tuple[Extractor, FeatureCache] | None:
        """Return what computed the features and where they are; None where there were no images.

        They are no longer held here, so that their memory goes when they have been used.
        """
        ready, self._ready = self._ready, None
        return ready

    def _compute(self) -> None:
        hashes = np.array([value for value, _ in self._batch], np.uint64)
        pixels = np.stack([one for _, one in self._batch])
        self._batch = []
        if self._ready is None:
            self._ready = self._wanted.open(
                hashes, lambda most: pixels[:most], images=int(self._chosen.sum()), say=self._say
            )
        extractor, kept = self._ready
        for version, there in enumerate(kept.find(hashes, self._wanted.n_augmented).T):
            if not there.all():
                compute_features(extractor, kept, hashes[~there], pixels[~there], version)
