"""Features of images that are computed while these are read, so that no decoded image is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import numpy as np

from striate.data import Collection, Images, digest_pixels
from striate.data.augmentation import Augmentation
from striate.errors import ImageError
from striate.features.extraction import (
    BATCH,
    Extractor,
    Progress,
    WantedFeatures,
    compute_features,
    extract_features,
)
from striate.features.feature_cache import FeatureCache

SAMPLE = 8  # images, evenly spread, by which it is chosen how features are computed


class FeatureStream:
    """What takes images as they are decoded, and keeps their features: `load` calls it.

    Entered, it chooses how they are computed, while no image is being decoded. Left by an error or
    a wish to stop, it keeps what is computed; else it computes the rest. What is missing in
    `hand_over` is computed later.

    Args:
        wanted: which features.
        collection: the images.
        chosen: bool (n,), of which images: those that will be learnt from, as far as that is
            known before they are read.
        evaluated: bool (n,), of which images features, as they are, are computed too where they
            are those by which the classifier answers: it is then evaluated without their pixels.
        beside: whether features of all other images are computed, whatever computes them.
        memory: the most bytes of pixels that are held of the other images, where they are not
            evaluated by features.
        say: is told of engines that cannot be had.
    """

    def __init__(
        self,
        wanted: WantedFeatures,
        collection: Collection,
        chosen: np.ndarray,
        *,
        evaluated: np.ndarray | None = None,
        beside: bool = False,
        memory: int = 0,
        say: Callable[[str], None],
    ) -> None:
        self._wanted, self._collection, self._chosen = wanted, collection, chosen
        self._evaluated, self._memory, self._say = evaluated, memory, say
        self._batch: list[tuple[int, np.ndarray]] = []
        self._beside: list[tuple[int, np.ndarray]] = []
        self._as_they_are = np.full(len(collection), beside)  # of which images features are
        self._held: dict[int, np.ndarray] = {}
        self._ready: tuple[Extractor, FeatureCache] | None = None

    @property
    def change(self) -> Augmentation:
        """How the copies of an image differ from it."""
        return self._wanted.change

    def __call__(self, index: int, value: int, pixels: np.ndarray) -> None:
        """Take an image of so and so hash."""
        if self._chosen[index]:
            self._batch.append((value, pixels))
            if len(self._batch) == BATCH:
                self._compute()
            return
        if self._as_they_are[index]:
            self._beside.append((value, pixels))
            if len(self._beside) == BATCH:
                self._compute_beside()
        if pixels.nbytes <= self._memory:
            self._memory -= pixels.nbytes
            self._held[index] = pixels

    def __enter__(self) -> FeatureStream:
        indices = np.flatnonzero(self._chosen)
        if len(indices):
            sample = self._read(indices[:: max(1, len(indices) // SAMPLE)][:SAMPLE])
            hashes = np.array([digest_pixels(one) for one in sample], np.uint64)
            self._ready = self._wanted.open(
                hashes, lambda most: sample[:most], images=len(indices), say=self._say
            )
            if self._evaluated is not None and self._ready[0].answers:
                self._as_they_are |= self._evaluated
                self._memory = 0
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._batch:
            self._compute()
        if kind is None and self._beside:
            self._compute_beside()
        if self._ready is not None:
            self._ready[1].write()

    def has_all(self, hashes: np.ndarray) -> bool:
        """Return whether the features of all images that are chosen are kept already.

        Args:
            hashes: uint64 (n,), of all images.
        """
        if self._ready is None:
            return False
        there = self._ready[1].find(hashes[self._chosen], self._wanted.n_augmented)
        return bool(there.all())

    def features(self, hashes: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the features that there are, of images as they are.

        Args:
            hashes: uint64 (n,), of all images.
            usable: bool (n,), which of them can be read.

        Returns:
            bool (n,), of which there are some; float32 (of those, features).
        """
        if self._ready is None:
            return np.zeros(len(hashes), np.bool_), np.empty((0, 0), np.float32)
        kept = self._ready[1]
        there = kept.find(hashes, 1)[:, 0] & usable
        if not there.any():
            return there, np.empty((0, 0), np.float32)
        return there, kept.take(hashes[there], 1)[:, 0]

    def complete(self, images: Images, *, progress: Progress = lambda done, total: None) -> None:
        """Compute the features of all images, as they are, that are not there yet.

        Args:
            images: decoded.
            progress: told how many are done, and how many there will be.
        """
        if self._ready is not None:
            extractor, kept = self._ready
            every = np.flatnonzero(images.usable)
            lacking = every[~kept.find(images.hashes[every], 1)[:, 0]]
            extract_features(
                extractor, images, lacking, n_augmented=1, kept=kept, progress=progress
            )

    def hand_over(self) -> tuple[Extractor, FeatureCache] | None:
        """Return what computed the features and where they are; None where there were no images.

        They are no longer held here, so that their memory goes when they have been used.
        """
        ready, self._ready = self._ready, None
        return ready

    def hand_over_pixels(self) -> Mapping[int, np.ndarray]:
        """Return the pixels of other images by their index, and hold them no longer."""
        held, self._held = self._held, {}
        return held

    def _read(self, indices: np.ndarray) -> np.ndarray:
        """Decode some images: uint8 (k, channels, rows, columns), those that can be."""
        preprocess = self._wanted.backbone.preprocess
        found = []
        for index in indices.tolist():
            with suppress(ImageError):  # `load` will say it
                found.append(preprocess.pixels(self._collection.open(index)))
        return np.stack(found) if found else np.empty((0, *preprocess.shape), np.uint8)

    def _compute_beside(self) -> None:
        batch, self._beside = self._beside, []
        self._compute_some(batch, 1)

    def _compute(self) -> None:
        batch, self._batch = self._batch, []
        self._compute_some(batch, self._wanted.n_augmented)

    def _compute_some(self, batch: list[tuple[int, np.ndarray]], versions: int) -> None:
        hashes = np.array([value for value, _ in batch], np.uint64)
        pixels = np.stack([one for _, one in batch])
        if self._ready is None:
            raise RuntimeError("images come before the stream is entered")
        extractor, kept = self._ready
        for version, there in enumerate(kept.find(hashes, versions).T):
            if not there.all():
                compute_features(extractor, kept, hashes[~there], pixels[~there], version)
