"""Decode every picture once, keep what fits, and hand out batches."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np

from striate.data.cache import made_once
from striate.data.collection import Collection, Skipped, counted, write_skipped
from striate.errors import DataError, PictureError
from striate.pictures import Preprocess, decode, quiet

Progress = Callable[[int, int], None]
Mode = Literal["memory", "mapped", "streamed"]

MEMORY = 2 * 2**30
"""How many bytes of decoded pictures are kept in memory unless told otherwise: 2 GiB."""

_SPARE_DISK = 2**30  # left free on the disk that holds the cache
_BLOCK = 4096


class Pictures:
    """All pictures of a collection, decoded and made to fit, however they are kept.

    Attributes:
        mode: "memory"; "mapped", a file of the cache; or "streamed", decoded when asked for.
        shape: (n, channels, height, width).
        usable: bool (n,), False where a picture cannot be read.
        hashes: uint64 (n,), of the pixels as they are here: equal pictures have equal hashes, in
            every mode, on every machine. 0 where a picture is not usable.
        skipped: the pictures that cannot be read, with the reason.
        remarks: what was odd about pictures that can be.
        notes: decisions taken, to be shown and recorded.
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
        self._collection = collection
        self._preprocess = preprocess
        self._threads = threads
        self._store: np.ndarray | None = None
        self._pool: ThreadPoolExecutor | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the pixels, of the cache file and of the threads."""
        self._store = None
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Give some pictures: uint8 of shape (k, channels, height, width).

        Raises:
            DataError: where one of them is not usable, or can no longer be read.
        """
        chosen = np.asarray(indices, dtype=np.int64)
        unusable = chosen[~self.usable[chosen]]
        if len(unusable):
            raise DataError(f"{self._collection.names[unusable[0]]!r} is not usable")
        if self._store is not None:
            return np.ascontiguousarray(self._store[chosen])
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, "striate-decode")
        taken = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        for place, pixels in enumerate(self._pool.map(self._again, chosen.tolist())):
            taken[place] = pixels
        return taken

    def _again(self, index: int) -> np.ndarray:
        name = self._collection.names[index]
        try:
            pixels, _ = _fitted(self._collection, self._preprocess, index)
        except PictureError as error:
            raise DataError(
                f"{name!r} could be read before and now cannot: {error}; put it back or start anew"
            ) from error
        if _digest(pixels) != self.hashes[index]:
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
) -> Pictures:
    """Decode every picture once, and keep the pixels in memory, in a file, or not at all.

    Up to ``memory`` bytes they are kept in memory; beyond it in a memory-mapped file of
    ``cache``, which a later run finds again; where there is no cache, or no room for it, the
    pictures are streamed: read once to check them, and again whenever they are needed. Which of
    these it is changes nothing else.

    Args:
        collection: from `find`.
        preprocess: how the pictures are made to fit.
        memory: the most bytes of pixels kept in memory.
        cache: a folder for pixels that are more than that.
        progress: told the pictures done and their total, after each picture or block of them.
        threads: that decode at once; left out, one a core and at most 8.

    Raises:
        DataError: where not one picture can be read.

    >>> from striate.data import find
    >>> pictures = load(find("digits"), Preprocess(channels=1, height=8, width=8))
    >>> pictures.mode, pictures.take([0, 1]).shape
    ('memory', (2, 1, 8, 8))
    """
    threads = threads or min(8, os.cpu_count() or 1)
    size = len(collection) * int(np.prod(preprocess.shape))
    mode: Mode = "memory"
    note = ""
    if size > memory:
        told = f"{counted(len(collection), 'picture')} take {size / 2**30:.1f} GiB decoded"
        mode, note = _beyond_memory(told, size, cache)
    pictures = Pictures(collection, preprocess, mode=mode, threads=threads)
    if mode == "mapped" and cache is not None:
        place = cache / f"pixels-{_key(collection, preprocess)}"

        def make(folder: Path) -> None:
            _make_cache(pictures, folder, progress)

        _read_cache(pictures, made_once(place, make))
        progress(len(pictures), len(pictures))
    else:
        store = None if mode == "streamed" else _as_they_are(collection, preprocess)
        if store is not None:
            _hash_all(pictures, store, progress)
        else:
            store = None if mode == "streamed" else np.zeros(pictures.shape, np.uint8)
            _decode_all(pictures, store, progress)
        pictures._store = store
    pictures.notes = (note,) if note else ()
    if not pictures.usable.any():
        first = pictures.skipped[0]
        pictures.close()
        raise DataError(
            f"none of the {counted(len(pictures), 'file')} in {collection.source!r} can be read as "
            f"a picture (the first, {first.name!r}: {first.reason})"
        )
    return pictures


def _beyond_memory(told: str, size: int, cache: Path | None) -> tuple[Mode, str]:
    if cache is None:
        return "streamed", f"{told}, more than is kept in memory: they are read anew each time"
    existing = next(folder for folder in (cache, *cache.absolute().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < size + _SPARE_DISK:
        return "streamed", (
            f"{told} and the disk of the cache has {free / 2**30:.1f} GiB left: "
            "they are read anew each time"
        )
    return "mapped", f"{told}: they are kept in a file in {cache}"


def _as_they_are(collection: Collection, preprocess: Preprocess) -> np.ndarray | None:
    """Give arrays that already fit as (n, channels, height, width); None where they do not."""
    content = collection.content
    if isinstance(content, Path) or content.shape[1:3] != (preprocess.height, preprocess.width):
        return None
    if content.ndim == 3:
        return np.broadcast_to(content[:, None], (len(content), *preprocess.shape))
    if content.shape[3] == 3 and preprocess.channels == 3:
        return np.ascontiguousarray(content.transpose(0, 3, 1, 2))
    return None


def _digest(pixels: np.ndarray) -> int:
    """Give the hash of one picture's pixels: 8 bytes of BLAKE2b, little-endian."""
    return int.from_bytes(hashlib.blake2b(pixels.tobytes(), digest_size=8).digest(), "little")


def _hash_all(pictures: Pictures, store: np.ndarray, progress: Progress) -> None:
    for start in range(0, len(store), _BLOCK):
        block = store[start : start + _BLOCK]
        pictures.hashes[start : start + len(block)] = [_digest(pixels) for pixels in block]
        progress(start + len(block), len(store))


def _fitted(
    collection: Collection, preprocess: Preprocess, index: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    decoded = decode(collection.open(index), background=preprocess.background)
    return preprocess.place(decoded.image), decoded.remarks


def _decode_all(pictures: Pictures, store: np.ndarray | None, progress: Progress) -> None:
    """Decode with all threads; only a few pictures are under way at a time."""
    collection, preprocess = pictures._collection, pictures._preprocess
    total = len(collection)
    skipped: list[Skipped] = []
    remarks: list[Skipped] = []
    waiting: deque[tuple[int, Future[tuple[int, tuple[str, ...]]]]] = deque()

    def one(index: int) -> tuple[int, tuple[str, ...]]:
        pixels, said = _fitted(collection, preprocess, index)
        if store is not None:
            store[index] = pixels
        return _digest(pixels), said

    def finish() -> None:
        index, future = waiting.popleft()
        name = collection.names[index]
        try:
            pictures.hashes[index], said = future.result()
            remarks.extend(Skipped(name, remark) for remark in said)
        except PictureError as error:
            pictures.usable[index] = False
            skipped.append(Skipped(name, str(error)))
        progress(index + 1, total)

    with quiet(), ThreadPoolExecutor(pictures._threads, "striate-decode") as pool:
        try:
            for index in range(total):
                waiting.append((index, pool.submit(one, index)))
                if len(waiting) > 4 * pictures._threads:
                    finish()
            while waiting:
                finish()
        finally:
            for _, future in waiting:
                future.cancel()
    pictures.skipped, pictures.remarks = tuple(skipped), tuple(remarks)


def _key(collection: Collection, preprocess: Preprocess) -> str:
    """Name what a cache file holds: every file with its size and time, and the preprocessing."""
    settings = {**preprocess.as_json(), "mean": None, "std": None, "format": 1}
    digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=16)
    if isinstance(collection.content, np.ndarray):
        digest.update(repr((collection.content.shape, collection.content.dtype.str)).encode())
        for start in range(0, len(collection), _BLOCK):
            digest.update(collection.content[start : start + _BLOCK].tobytes())
        return digest.hexdigest()
    digest.update(os.fsencode(collection.content.absolute()))
    for name in collection.names:
        digest.update(b"\0" + os.fsencode(name))
        try:
            status = (collection.content / name).stat()
            digest.update(b"%d %d" % (status.st_size, status.st_mtime_ns))
        except OSError:
            digest.update(b"missing")
    return digest.hexdigest()


def _make_cache(pictures: Pictures, folder: Path, progress: Progress) -> None:
    store = np.lib.format.open_memmap(
        folder / "pixels.npy", mode="w+", dtype=np.uint8, shape=pictures.shape
    )
    _decode_all(pictures, store, progress)
    store.flush()
    np.save(folder / "hashes.npy", pictures.hashes)
    np.save(folder / "usable.npy", pictures.usable)
    write_skipped(folder / "skipped.csv", pictures.skipped)
    write_skipped(folder / "remarks.csv", pictures.remarks)


def _read_cache(pictures: Pictures, folder: Path) -> None:
    def rows(name: str) -> tuple[Skipped, ...]:
        path = folder / name
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return tuple(Skipped(each, reason) for each, reason in list(csv.reader(file))[1:])

    pictures._store = np.load(folder / "pixels.npy", mmap_mode="r")
    pictures.hashes = np.load(folder / "hashes.npy")
    pictures.usable = np.load(folder / "usable.npy")
    pictures.skipped, pictures.remarks = rows("skipped.csv"), rows("remarks.csv")


def batches(
    pictures: Pictures, order: Sequence[int] | np.ndarray, size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give the pictures of an order in batches, the next two being prepared meanwhile.

    Args:
        pictures: from `load`.
        order: indices of pictures.
        size: of a batch; the last one may be smaller.

    Yields:
        The indices (k,) and the pixels, uint8 (k, channels, height, width).

    >>> from striate.data import find
    >>> pictures = load(find("digits"), Preprocess(channels=1, height=8, width=8))
    >>> [len(indices) for indices, pixels in batches(pictures, range(5), 2)]
    [2, 2, 1]
    """
    chosen = np.asarray(order, dtype=np.int64)
    yield from prefetched(
        pictures, (chosen[start : start + size] for start in range(0, len(chosen), size))
    )


def prefetched(
    pictures: Pictures, groups: Iterable[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give groups of pictures one after the other, the next two being prepared meanwhile.

    Args:
        pictures: from `load`.
        groups: int64 indices of each group.

    Yields:
        The indices (k,) and the pixels, uint8 (k, channels, height, width).

    >>> from striate.data import find
    >>> pictures = load(find("digits"), Preprocess(channels=1, height=8, width=8))
    >>> groups = np.array_split(np.arange(5), 2)
    >>> [pixels.shape for indices, pixels in prefetched(pictures, groups)]
    [(3, 1, 8, 8), (2, 1, 8, 8)]
    """
    ahead: deque[tuple[np.ndarray, Future[np.ndarray]]] = deque()
    with ThreadPoolExecutor(1, "striate-batches") as pool:
        try:
            for indices in groups:
                ahead.append((indices, pool.submit(pictures.take, indices)))
                if len(ahead) > 2:
                    indices, future = ahead.popleft()
                    yield indices, future.result()
            while ahead:
                indices, future = ahead.popleft()
                yield indices, future.result()
        finally:
            for _, future in ahead:
                future.cancel()
