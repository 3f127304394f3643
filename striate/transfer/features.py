"""What a trained body says of each picture: computed once, in the fastest way of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from striate.augmentation import DRAWS, Augmentation, augment
from striate.data import Pictures
from striate.network import evaluating, normalised
from striate.pictures import Preprocess
from striate.precision import WAYS, Precision, fastest
from striate.transfer.kept import Kept

BATCH = 32
ROUNDS = 2  # of one batch in each way; the shortest counts

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Extractor:
    """A body that turns pictures into features.

    Attributes:
        body: the torch module; maps that come out are averaged over their positions.
        preprocess: whose mean and std scale the pictures.
        change: how the versions of a picture differ from it.
        device: where it computes.
        way: how it computes.
    """

    body: nn.Module
    preprocess: Preprocess
    change: Augmentation
    device: str = "cpu"
    way: Precision = WAYS[0]

    def features(self, pixels: np.ndarray, numbers: np.ndarray | None = None) -> np.ndarray:
        """Give what the body says of prepared pictures.

        Args:
            pixels: uint8 (n, channels, rows, columns).
            numbers: float32 (n, DRAWS) to change them by; None takes them as they are.

        Returns:
            float32 (n, features).

        >>> grey = Preprocess(1, 2, 2, mean=(0.0,), std=(1.0,))
        >>> white = np.full((3, 1, 2, 2), 255, np.uint8)
        >>> Extractor(nn.Identity(), grey, Augmentation()).features(white).tolist()
        [[1.0], [1.0], [1.0]]
        """
        values = torch.from_numpy(pixels).to(self.device)
        if numbers is None:
            changed = values.float()
        else:
            changed = augment(values, self.change, torch.from_numpy(numbers).to(self.device))
        layout = self.way.memory_format
        scaled = normalised(changed, self.preprocess).contiguous(memory_format=layout)
        self.body.to(memory_format=layout)  # type: ignore[call-overload]
        low = self.way.name == "bf16"
        with (
            evaluating(self.body),
            torch.inference_mode(),
            torch.autocast(self.device, torch.bfloat16, enabled=low),
        ):
            out = self.body(scaled).float()
        out = out.mean((2, 3)) if out.ndim == 4 else out.flatten(1)
        return np.asarray(out.cpu().numpy())


def measured(extractor: Extractor, pixels: np.ndarray) -> Extractor:
    """Give the extractor in the way that is fastest here, on a few pictures."""
    trials = [replace(extractor, way=way) for way in WAYS]
    for trial in trials:  # the first pass of each also allocates and plans
        trial.features(pixels)
    seconds: dict[Precision, float] = {}
    for _ in range(ROUNDS):
        for trial in trials:
            begun = time.perf_counter()
            trial.features(pixels)
            took = time.perf_counter() - begun
            seconds[trial.way] = min(took, seconds.get(trial.way, took))
    return replace(extractor, way=fastest(seconds))


def collect(
    extractor: Extractor,
    pictures: Pictures,
    indices: np.ndarray,
    *,
    versions: int,
    kept: Kept,
    progress: Progress = lambda done, total: None,
) -> np.ndarray:
    """Give the features of pictures in several versions; what is kept is not computed again.

    Version 0 is the picture itself; the others are changed by random numbers that its pixels
    seed, so that a version is the same in every run.

    Args:
        extractor: computes what is missing.
        pictures: decoded.
        indices: int64 (n,), which of them.
        versions: how many of each.
        kept: where features are found and put.
        progress: told the rows that are there, and how many there will be.

    Returns:
        float32 (n, versions, features).
    """
    hashes = pictures.hashes[indices]
    there = kept.find(hashes, versions)
    missing = [(place, version) for version, place in zip(*np.nonzero(~there.T), strict=True)]
    total = len(indices) * versions
    done = total - len(missing)
    progress(done, total)
    try:
        for chunk in _chunks(missing):
            places = np.array([place for place, _ in chunk])
            version = chunk[0][1]
            pixels = pictures.take(indices[places])
            numbers = None if version == 0 else _numbers(hashes[places], version)
            kept.add(hashes[places], version, extractor.features(pixels, numbers))
            done += len(chunk)
            progress(done, total)
    finally:
        kept.write()  # whoever stops this work goes on from here
    return kept.take(hashes, versions)


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
    """Draw the random numbers of one version, a row a picture: float32 (n, DRAWS)."""
    rows = [
        np.random.Generator(np.random.Philox(key=[int(each), version])).random(DRAWS, np.float32)
        for each in hashes
    ]
    return np.stack(rows)
