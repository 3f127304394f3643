"""Decode every image once, keep what fits, and hand out batches."""

from __future__ import annotations

import hashlib
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np

from striate.data.cache_folder import make_once
from striate.data.collection import Collection, Skipped, format_count, read_skipped, write_skipped
from striate.data.cores import count_decoders
from striate.data.images import HEIF_HINT, Preprocess, ValueRanges, collect_warnings
from striate.data.images.value_range import clip_to_uint8, find_black_and_white
from striate.data.pixel_file import allocate, content_key, read_kept, write_kept
from striate.data.remarks import count_remarks
from striate.errors import DataError, ImageError

Progress = Callable[[int, int], None]
Watch = Callable[[int, int, np.ndarray], None]
Mode = Literal["memory", "mapped", "streamed"]

MEMORY = 2 * 2**30
"""How many bytes of decoded images are kept in memory unless told otherwise: 2 GiB."""

_SPARE_DISK = 2**30  # left free on the disk that holds the cache
_BLOCK = 4096
_AHEAD = 64  # images that are decoded meanwhile, where each is worked on as it comes


class Images:
    """All images of a collection, decoded and made to fit, however they are kept.

    Attributes:
        mode: "memory"; "mapped", a file of the cache; or "streamed", decoded when asked for.
        shape: (n, channels, height, width).
        usable: bool (n,), False where an image cannot be read.
        hashes: uint64 (n,), of the pixels as they are here: equal images have equal hashes, in
            every mode, on every machine. 0 where an image is not usable.
        skipped: the images that cannot be read, with the reason.
        remarks: what was odd about images that can be.
        notes: decisions taken, to be shown and recorded.
        record: the file that the hashes come from where they were not computed now.
    """

    def __init__(
        self, collection: Collection, preprocess: Preprocess, *, mode: Mode, threads: int
    ) -> None:
        count = len(collection)
        self.mode: Mode = mode
        self.shape = (count, *preprocess.shape)
        self.usable = np.ones(count, np.bool_)
        self.hashes = np.zeros(count, np.uint64)
        self.skipped: tuple[Skipped, ...] = ()
        self.remarks: tuple[Skipped, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.record: Path | None = None
        self._collection = collection
        self._preprocess = preprocess
        self._threads = threads
        self._store: np.ndarray | None = None
        self._held: Mapping[int, np.ndarray] = {}
        self._pool: ThreadPoolExecutor | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __enter__(self) -> Images:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the pixels, of the cache file and of the threads."""
        self._store, self._held = None, {}
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def hold(self, pixels: Mapping[int, np.ndarray]) -> None:
        """Keep the pixels of some images by their index, so that they are not decoded again."""
        self._held = pixels

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return some images: uint8 of shape (k, channels, height, width).

        Raises:
            DataError: where one of them is not usable, or can no longer be read.
        """
        chosen = np.asarray(indices, dtype=np.int64)
        unusable = chosen[~self.usable[chosen]]
        if len(unusable):
            raise DataError(f"{self._collection.names[unusable[0]]!r} is not usable")
        if self._store is not None:
            return np.ascontiguousarray(self._store[chosen])
        wanted = chosen.tolist()
        again = deque(self._decoding(each) for each in wanted if each not in self._held)
        taken = np.empty((len(wanted), *self.shape[1:]), np.uint8)
        for place, index in enumerate(wanted):
            taken[place] = self._held[index] if index in self._held else again.popleft().result()
        return taken

    def _decoding(self, index: int) -> Future[np.ndarray]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, "striate-decode")
        return self._pool.submit(self._again, index)

    def _again(self, index: int) -> np.ndarray:
        name = self._collection.names[index]
        try:
            pixels, _ = self._preprocess.prepared(self._collection.open(index))
        except ImageError as error:
            raise DataError(
                f"{name!r} could be read before and now cannot: {error}; put it back or start anew"
            ) from error
        if digest_pixels(pixels) != self.hashes[index]:
            if self.record is not None:
                self.record.unlink(missing_ok=True)
            raise DataError(f"{name!r} has changed since it was first read; start anew")
        return pixels


def load(
    collection: Collection,
    preprocess: Preprocess,
    *,
    memory: int = MEMORY,
    cache: Path | None = None,
    progress: Progress = lambda done, total: None,
    threads: int | None = None,
    watch: Watch | None = None,
) -> Images:
    """Decode every image once, and keep the pixels in memory, in a file, or not at all.

    Up to ``memory`` bytes they are kept in memory; beyond it in a memory-mapped file of
    ``cache``, which a later run finds again; where there is no cache, or no room for it, the
    images are streamed: read once to check them, and again whenever they are needed. Which of
    these it is changes nothing else.

    Args:
        collection: from `find`.
        preprocess: how the images are made to fit.
        memory: the most bytes of pixels kept in memory.
        cache: a folder for pixels that are more than that.
        progress: told the images done and their total, after each image or block of them.
        threads: that decode at once; left out, one a core and at most 8.
        watch: is given each usable image in order, as (index, hash, pixels), while the next ones
            are being decoded; but none that is found decoded in the cache.

    Raises:
        DataError: where not one image can be read.

    >>> from striate.data import find
    >>> images = load(find("digits"), Preprocess(channels=1, height=8, width=8))
    >>> images.mode, images.take([0, 1]).shape
    ('memory', (2, 1, 8, 8))
    """
    threads = threads or count_decoders()
    preprocess = _with_range_of_arrays(preprocess, collection)
    size = len(collection) * int(np.prod(preprocess.shape))
    mode: Mode = "memory"
    note = ""
    if size > memory:
        room = f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.1f} MiB"
        told = f"{format_count(len(collection), 'image')} take {room} decoded"
        mode, note = _beyond_memory(told, size, cache, watched=watch is not None)
    images = Images(collection, preprocess, mode=mode, threads=threads)
    if mode == "mapped" and cache is not None:
        _keep_in(cache, images, progress, watch)
    else:
        store = None if mode == "streamed" else _as_they_are(collection, preprocess)
        if store is not None:
            _hash_all(images, store, progress, watch)
        else:
            store = None if mode == "streamed" else np.zeros(images.shape, np.uint8)
            _decode_all(images, store, progress, watch)
        images._store = store
    notes = (note, *count_remarks(images.remarks), _heic_told(images))
    images.notes = tuple(each for each in notes if each)
    if not images.usable.any():
        first = images.skipped[0]
        images.close()
        raise DataError(
            f"none of the {format_count(len(images), 'file')} in {collection.source!r} can be "
            f"read as an image (the first, {first.name!r}: {first.reason})"
        )
    return images


def _heic_told(images: Images) -> str:
    count = sum(each.reason == HEIF_HINT for each in images.skipped)
    which = format_count(count, "HEIC image is", "HEIC images are")
    return f'{which} left out; to read them: pip install "striate[heic]"' if count else ""


def _keep_in(cache: Path, images: Images, progress: Progress, watch: Watch | None) -> None:
    """Decode into a file of the cache, unless an earlier run did, and map it."""

    def make(folder: Path) -> None:
        store = allocate(folder, images.shape)
        _decode_all(images, store, progress, watch)
        store.flush()
        write_kept(folder, images.hashes, images.usable)
        write_skipped(folder / "skipped.csv", images.skipped)
        write_skipped(folder / "remarks.csv", images.remarks)

    key = content_key(images._collection, images._preprocess)
    folder = make_once(cache / f"pixels-{key}", make)
    images._store, images.hashes, images.usable = read_kept(folder)
    images.skipped = tuple(read_skipped(folder / "skipped.csv"))
    images.remarks = tuple(read_skipped(folder / "remarks.csv"))
    progress(len(images), len(images))


def _beyond_memory(told: str, size: int, cache: Path | None, *, watched: bool) -> tuple[Mode, str]:
    if cache is None:
        how = "each is used as it is read" if watched else "they are read anew each time"
        return "streamed", f"{told}, more than is kept in memory: {how}"
    existing = next(folder for folder in (cache, *cache.absolute().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < size + _SPARE_DISK:
        return "streamed", (
            f"{told} and the disk of the cache has {free / 2**30:.1f} GiB left: "
            "they are read anew each time"
        )
    return "mapped", f"{told}: they are kept in a file in {cache}"


def _with_range_of_arrays(preprocess: Preprocess, collection: Collection) -> Preprocess:
    """Return the preprocessing with a range for arrays that are not of 8 bits.

    A classifier that was made before ranges were recorded has them by the set: 8 or 16 bits.
    """
    content = collection.content
    if not isinstance(content, np.ndarray) or content.dtype == np.uint8:
        return preprocess
    if preprocess.integer_range or not content.size:
        return preprocess
    ends = find_black_and_white(float(content.min()), float(content.max()), whole=True)
    return preprocess.with_value_ranges(ValueRanges(ends, preprocess.value_ranges.floats))


def _as_they_are(collection: Collection, preprocess: Preprocess) -> np.ndarray | None:
    """Return arrays that already fit as (n, channels, height, width); None where they do not."""
    content = collection.content
    size = (preprocess.height, preprocess.width)
    if not isinstance(content, np.ndarray) or content.shape[1:3] != size:
        return None
    if content.dtype != np.uint8 and preprocess.value_ranges.integers is not None:
        content = clip_to_uint8(content, preprocess.value_ranges.integers, [])
    if content.ndim == 3:
        return np.broadcast_to(content[:, None], (len(content), *preprocess.shape))
    if content.shape[3] == 3 and preprocess.channels == 3:
        return np.ascontiguousarray(content.transpose(0, 3, 1, 2))
    return None


def digest_pixels(pixels: np.ndarray) -> int:
    """Return the hash of one image's pixels: 8 bytes of BLAKE2b, little-endian.

    >>> digest_pixels(np.zeros((1, 2, 2), np.uint8))
    11387576302567392334
    """
    return int.from_bytes(hashlib.blake2b(pixels.tobytes(), digest_size=8).digest(), "little")


def _hash_all(images: Images, store: np.ndarray, progress: Progress, watch: Watch | None) -> None:
    for start in range(0, len(store), _BLOCK):
        block = store[start : start + _BLOCK]
        images.hashes[start : start + len(block)] = [digest_pixels(pixels) for pixels in block]
        if watch is not None:
            for index, pixels in enumerate(block, start):
                watch(index, int(images.hashes[index]), pixels)
        progress(start + len(block), len(store))


# An image that there is something to say of: why it cannot be read, or "", and remarks. Only
# texts: an exception would keep alive all that was decoded when it was raised.
_Found = tuple[int, str, tuple[str, ...]]
_Decoded = tuple[int, np.ndarray]


def _decode_all(
    images: Images, store: np.ndarray | None, progress: Progress, watch: Watch | None
) -> None:
    """Decode with all threads; only a few images are under way at a time."""
    total, at_once, threads = len(images), 1, images._threads
    content = images._collection.content
    if isinstance(content, np.ndarray):
        at_once = 256
        if content[0].size < 2**14:  # microseconds each: threads would only wait for each other
            threads = 1
    most = 4 * threads if watch is None else max(4 * threads, _AHEAD // at_once)
    found: list[_Found] = []
    waiting: deque[tuple[int, Future[tuple[list[_Found], list[_Decoded]]]]] = deque()

    def finish() -> None:
        done, future = waiting.popleft()
        remarkable, decoded = future.result()
        found.extend(remarkable)
        if watch is not None:
            for index, pixels in decoded:
                watch(index, int(images.hashes[index]), pixels)
        progress(done, total)

    with collect_warnings(), ThreadPoolExecutor(threads, "striate-decode") as pool:
        try:
            for start in range(0, total, at_once):
                indices = range(start, min(start + at_once, total))
                future = pool.submit(_decode_some, images, store, indices, watch is not None)
                waiting.append((indices.stop, future))
                if len(waiting) > most:
                    finish()
            while waiting:
                finish()
        finally:
            for _, future in waiting:
                future.cancel()
    _conclude(images, found)


def _decode_some(
    images: Images, store: np.ndarray | None, indices: Iterable[int], wanted: bool
) -> tuple[list[_Found], list[_Decoded]]:
    found: list[_Found] = []
    decoded: list[_Decoded] = []
    for index in indices:
        try:
            pixels, said = images._preprocess.prepared(images._collection.open(index))
        except ImageError as error:
            found.append((index, str(error), ()))
            continue
        if store is not None:
            store[index] = pixels
        images.hashes[index] = digest_pixels(pixels)
        if said:
            found.append((index, "", said))
        if wanted:
            decoded.append((index, pixels))
    return found, decoded


def _conclude(images: Images, found: Sequence[_Found]) -> None:
    """Set down which images cannot be read, and what there is to remark."""
    skipped: list[Skipped] = []
    remarks: list[Skipped] = []
    for index, reason, said in found:
        name = images._collection.names[index]
        if reason:
            images.usable[index] = False
            skipped.append(Skipped(name, reason))
        remarks.extend(Skipped(name, remark) for remark in said)
    images.skipped, images.remarks = tuple(skipped), tuple(remarks)
