"""What a trained backbone says of each image: computed once, in the fastest way of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from striate.backends.onnx import Engine, Trained
from striate.backends.onnx.engines import ANSWERING
from striate.data import Images
from striate.data.augmentation import DRAWS, Augmentation, augment
from striate.data.cache_folder import find_cache_folder
from striate.features.backbone import Backbone
from striate.features.engine_choice import choose_engine, list_engines
from striate.features.feature_cache import FeatureCache, make_key

BATCH = 32
MEASURED = 4  # images on which the engines are timed

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

    @property
    def answers(self) -> bool:
        """Whether features are those by which a classifier answers, to within rounding."""
        return self.engine.name == ANSWERING

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


@dataclass(frozen=True, eq=False)
class WantedFeatures:
    """Which features are wanted, and where they may be computed.

    Attributes:
        backbone: says them.
        change: how the copies of an image differ from it.
        n_augmented: copies of each image, itself among them.
        device: "cpu", "cuda" or "mps".
        number_format: "float32" or "bf16"; "" for the fastest.
    """

    backbone: Backbone
    change: Augmentation
    n_augmented: int
    device: str
    number_format: str

    def open(
        self,
        hashes: np.ndarray,
        pixels: Callable[[int], np.ndarray],
        *,
        images: int,
        say: Callable[[str], None],
    ) -> tuple[Extractor, FeatureCache]:
        """Choose how they are computed: as most are kept already, or as is fastest here.

        Args:
            hashes: uint64, of the images, or of some of them that stand for all.
            pixels: gives up to so many of the images to time on: uint8 (k, channels, ...).
            images: how many there are.
            say: is told of engines that cannot be had.
        """
        # features of images as they are must be found again whatever the augmentation is
        change = self.change if self.n_augmented > 1 else Augmentation()
        trained, taught = self.backbone, self.backbone.preprocess
        scales = (taught.mean, taught.std)
        key = make_key(str(trained.plan.network), trained.tensors, scales, change)

        def kept_in(name: str) -> FeatureCache:
            folder = find_cache_folder() / "features" / f"{key}-{name.replace(' ', '-')}"
            return FeatureCache(folder)

        choice = list_engines(self.device, self.number_format)
        stores = {name: kept_in(name) for name in choice}
        shares = {
            name: float(kept.find(hashes, self.n_augmented).mean()) if len(hashes) else 0.0
            for name, kept in stores.items()
        }
        most = max(shares, key=lambda name: shares[name])
        # more than half, so that one kept feature does not choose the engine of twenty thousand
        if shares[most] > 0.5:
            choice = {most: choice[most]}
        missing = round((1 - shares[most]) * images * self.n_augmented)
        some = pixels(min(MEASURED, missing)).astype(np.float32)

        @cache
        def engine() -> Engine:
            network = Trained.of(trained.plan, trained.tensors)
            return choose_engine(choice, network, taught, pixels=some, rows=missing, say=say)

        if not missing:  # then as a rule there is nothing to open it for
            later = Engine(most, lambda values: engine().run(values))
            return Extractor(later, change), stores[most]
        name = engine().name
        return Extractor(engine(), change), stores.get(name) or kept_in(name)


def compute_features(
    extractor: Extractor, kept: FeatureCache, hashes: np.ndarray, pixels: np.ndarray, version: int
) -> None:
    """Compute one version of a batch of images, and keep it.

    Version 0 is the image itself; the others are changed by random numbers that its pixels
    seed, so that a version is the same in every run.

    Args:
        extractor: computes them.
        kept: where they are put.
        hashes: uint64 (n,), of the images.
        pixels: uint8 (n, channels, rows, columns).
        version: which.
    """
    numbers = None if version == 0 else _numbers(hashes, version)
    kept.add(hashes, version, extractor.features(pixels, numbers))


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

    Args:
        extractor: computes what is missing.
        images: decoded.
        indices: int64 (n,), which of them.
        n_augmented: how many copies of each.
        kept: where features are found and put.
        progress: told the rows that are there, and how many there will be; nothing where all are.

    Returns:
        float32 (n, n_augmented, features).
    """
    hashes = images.hashes[indices]
    there = kept.find(hashes, n_augmented)
    missing = [(place, version) for version, place in zip(*np.nonzero(~there.T), strict=True)]
    total = len(indices) * n_augmented
    done = total - len(missing)
    if missing:
        progress(done, total)
    try:
        for chunk in _chunks(missing):
            places = np.array([place for place, _ in chunk])
            pixels = images.take(indices[places])
            compute_features(extractor, kept, hashes[places], pixels, chunk[0][1])
            done += len(chunk)
            progress(done, total)
    finally:
        kept.write()  # whoever stops this work goes on from here
    return kept.take(hashes, n_augmented)


@dataclass(frozen=True, eq=False)
class KnownFeatures:
    """What computes the features of images, and those that it has computed.

    Attributes:
        extractor: computes what is missing.
        kept: the others.
    """

    extractor: Extractor
    kept: FeatureCache

    def of(
        self,
        images: Images,
        indices: np.ndarray,
        progress: Progress = lambda done, total: None,
    ) -> np.ndarray:
        """Return the features of images as they are: float32 (n, features).

        Args:
            images: decoded where features are missing.
            indices: int64 (n,), which of them.
            progress: as for `extract_features`.
        """
        every = extract_features(
            self.extractor, images, indices, n_augmented=1, kept=self.kept, progress=progress
        )
        return every[:, 0]


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
