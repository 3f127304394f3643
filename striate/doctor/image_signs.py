"""A few numbers of each image, measured while it is at hand, by which it can be found odd later."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from striate.data import Images, prefetch
from striate.data.cache_folder import find_cache_folder
from striate.data.loader import Watch
from striate.files.atomic_write import write_atomically

SIGNS = np.dtype(
    [("hash", "<u8"), ("few", "<f4"), ("brightness", "<f4"), ("spread", "u1"), ("measured", "?")]
)
"""Of each image: its perceptual hash; the share that its few commonest colours cover, 0 to 1; the
mean of its values, 0 to 255; how far those of its middle lie apart; whether it was measured."""

SMALLEST = 32  # pixels a side below which an image has no perceptual hash
SAMPLE = 40  # pixels a side, about, by which colours are counted
BITS, GREY_BITS = 3, 5  # of a value, that tell colours and greys apart
COLORS = 6  # are few
BATCH, BLOCK = 32, 2**21  # images, or values where these are more images, measured at once
MOST = 100  # files of signs that are kept; the oldest go first


class ImageSigns:
    """Signs of images, taken as these are decoded (`load` calls it) and completed afterwards.

    Args:
        images: how many there will be.
        then: is given each image after it.
    """

    def __init__(self, images: int, then: Watch | None = None) -> None:
        self._signs = np.zeros(images, SIGNS)
        self._then = then
        self._batch: list[tuple[int, np.ndarray]] = []

    def __call__(self, index: int, value: int, pixels: np.ndarray) -> None:
        """Take an image of so and so hash."""
        self._batch.append((index, pixels))
        if len(self._batch) == BATCH:
            self._measure_batch()
        if self._then is not None:
            self._then(index, value, pixels)

    def complete(self, images: Images) -> np.ndarray:
        """Return the signs of all images that are usable, measured now where they have not been.

        Where the same files may later be used without being read again, as those whose features
        are kept, so are their signs, by the hashes of the pixels.

        Args:
            images: decoded.

        Returns:
            SIGNS (n,).
        """
        self._measure_batch()
        passed = self._then is not None or images.mode == "streamed"
        path = _path_of(images) if passed else None
        complete = bool(self._signs["measured"][images.usable].all())
        kept = None if path is None or complete else _recall(path)
        if kept is not None and kept.shape == self._signs.shape:
            self._signs = kept
        missing = np.flatnonzero(images.usable & ~self._signs["measured"])
        size = max(BATCH, BLOCK // int(np.prod(images.shape[1:])))
        groups = np.array_split(missing, -(-len(missing) // size)) if len(missing) else []
        for indices, pixels in prefetch(images, groups):
            self._signs[indices] = measure_signs(pixels)
        if path is not None and kept is None:
            _keep(path, self._signs)
        return self._signs

    def _measure_batch(self) -> None:
        if self._batch:
            indices, pixels = zip(*self._batch, strict=True)
            self._signs[list(indices)] = measure_signs(np.stack(pixels))
            self._batch = []


def measure_signs(pixels: np.ndarray) -> np.ndarray:
    """Return the signs of some images.

    Args:
        pixels: uint8 (n, channels, rows, columns).

    Returns:
        SIGNS (n,).

    >>> grey = np.full((1, 3, 64, 64), 128, np.uint8)
    >>> measure_signs(grey)[["few", "spread"]].tolist()
    [(1.0, 0)]
    """
    signs = np.zeros(len(pixels), SIGNS)
    signs["spread"] = measure_spread(pixels)
    signs["measured"] = True
    grey = pixels.sum(1, dtype=np.uint16).astype(np.float32)
    signs["brightness"] = grey.mean((1, 2)) / pixels.shape[1]
    if min(pixels.shape[2:]) >= SMALLEST:
        signs["hash"] = hash_grey(grey)
        signs["few"] = measure_few_colors(pixels)
    return signs


def measure_spread(pixels: np.ndarray) -> np.ndarray:
    """Return how far the values of each image's middle lie apart: uint8 (n,).

    Args:
        pixels: uint8 (n, channels, rows, columns).
    """
    rows, columns = pixels.shape[2:]
    step = max(1, max(rows, columns) // SAMPLE)
    down, across = (slice(side // 3, -(-2 * side // 3), step) for side in (rows, columns))
    middle = pixels[:, :, down, across].reshape(*pixels.shape[:2], -1)
    middle = np.ascontiguousarray(middle.transpose(2, 1, 0))  # along images, since these are many
    return np.asarray((middle.max(0) - middle.min(0)).max(0))


def hash_perceptually(pixels: np.ndarray) -> np.ndarray:
    """Return a hash of each image that hardly changes when it is compressed or resized.

    The 8 x 8 lowest frequencies of its discrete cosine transform, each a bit that says whether it
    is above their median: pHash, https://www.hackerfactor.com/blog/index.php?/archives/432.html.
    It is an even number of bits by which two hashes differ.

    Args:
        pixels: uint8 (n, channels, rows, columns).

    Returns:
        uint64 (n,).
    """
    return hash_grey(pixels.sum(1, dtype=np.uint16).astype(np.float32))


def hash_grey(grey: np.ndarray) -> np.ndarray:
    """Return the hash of each image in grey, as `hash_perceptually` has it: uint64 (n,).

    Args:
        grey: float32 (n, rows, columns).
    """
    down, across = (_cosines(side) for side in grey.shape[1:])
    low = (down @ grey @ across.T).reshape(len(grey), 64)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(np.uint64)[:, 0]


def measure_few_colors(pixels: np.ndarray) -> np.ndarray:
    """Return which share of each image its six commonest colours cover, of 512 (of 32 greys).

    Args:
        pixels: uint8 (n, channels, rows, columns).

    Returns:
        float (n,), 0 to 1, by a sample of the pixels.
    """
    n, channels, *sides = pixels.shape
    step = max(1, max(sides) // SAMPLE)
    bits = GREY_BITS if channels == 1 else BITS
    sample = pixels[:, :, ::step, ::step] >> (8 - bits)
    colors = np.zeros((n, *sample.shape[2:]), np.int32)
    for channel in range(channels):
        colors = (colors << bits) | sample[:, channel]
    bins = 1 << bits * channels
    colors = colors.reshape(n, -1) + bins * np.arange(n, dtype=np.int32)[:, None]
    counts = np.bincount(colors.ravel(), minlength=n * bins).reshape(n, bins)
    counts.partition(bins - COLORS, axis=1)
    return np.asarray(counts[:, -COLORS:].sum(1) / colors.shape[1])


def _cosines(side: int) -> np.ndarray:
    """Return the 8 lowest cosines over so many pixels: float32 (8, side)."""
    places = (np.arange(side) + 0.5) / side
    return np.cos(np.pi * np.outer(np.arange(8), places)).astype(np.float32)


def _path_of(images: Images) -> Path:
    digest = hashlib.blake2b(images.hashes.tobytes(), digest_size=16).hexdigest()
    return find_cache_folder() / "signs" / f"{digest}.npy"


def _recall(path: Path) -> np.ndarray | None:
    try:
        kept = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return kept if kept.dtype == SIGNS else None


def _keep(path: Path, signs: np.ndarray) -> None:
    with suppress(OSError):  # they are measured again then
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as partial, partial.open("wb") as file:
            np.save(file, signs)
        newest_last = sorted(path.parent.glob("*.npy"), key=lambda each: each.stat().st_mtime)
        for old in newest_last[:-MOST]:
            old.unlink()
