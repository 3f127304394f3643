"""Batches of images, the next ones being prepared meanwhile."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import numpy as np

from striate.data.loader import Images

BATCH: Final = 64  # images that are answered at a time
BLOCK: Final = 2**20  # values, where these are more images than that


def divide_into_batches(images: Images, indices: np.ndarray) -> list[np.ndarray]:
    """Divide images into equal batches: of 64 at most, or more where they are small.

    Args:
        images: from `load`.
        indices: int64 (n,), which of them.

    >>> from striate.data import find, load
    >>> from striate.data.images import Preprocess
    >>> images = load(find("digits"), Preprocess(channels=1, height=256, width=256), memory=0)
    >>> [len(batch) for batch in divide_into_batches(images, np.arange(100))]
    [50, 50]
    """
    size = max(BATCH, BLOCK // math.prod(images.shape[1:]))
    return np.array_split(indices, max(1, -(-len(indices) // size)))


def prefetch(
    images: Images, groups: Iterable[np.ndarray]
) -> Generator[tuple[np.ndarray, np.ndarray], None, None]:
    """Return groups of images one after the other, the next two being prepared meanwhile.

    Where all images lie in memory there is nothing to prepare, and a thread would cost more.

    Args:
        images: from `load`.
        groups: int64 indices of each group.

    Yields:
        The indices (k,) and the pixels, uint8 (k, channels, height, width).

    >>> from striate.data import find, load
    >>> from striate.data.images import Preprocess
    >>> images = load(find("digits"), Preprocess(channels=1, height=8, width=8))
    >>> groups = np.array_split(np.arange(5), 2)
    >>> [pixels.shape for indices, pixels in prefetch(images, groups)]
    [(3, 1, 8, 8), (2, 1, 8, 8)]
    """
    if images.mode == "memory":
        for indices in groups:
            yield indices, images.take(indices)
        return
    ahead: deque[tuple[np.ndarray, Future[np.ndarray]]] = deque()
    with ThreadPoolExecutor(1, "striate-batches") as pool:
        try:
            for indices in groups:
                ahead.append((indices, pool.submit(images.take, indices)))
                if len(ahead) > 2:
                    indices, future = ahead.popleft()
                    yield indices, future.result()
            while ahead:
                indices, future = ahead.popleft()
                yield indices, future.result()
        finally:
            for _, future in ahead:
                future.cancel()
