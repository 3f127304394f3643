"""The pass over all images, of which what was measured is kept for the next one."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np

from striate.data import Collection
from striate.data.cache_folder import find_cache_folder
from striate.data.collection import Skipped
from striate.data.cores import count_decoders
from striate.data.images import collect_warnings
from striate.doctor.scan.file_signs import MEASURED, SIGNS, Measured, complete, measure_image
from striate.files.atomic_write import write_atomically

BATCH: Final = 64  # images that are hashed at once
AHEAD: Final = 8  # images a thread that are under way
MOST: Final = 50  # data sets of which a scan is kept; the oldest go first

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Scan:
    """What was measured of the images of a collection.

    Attributes:
        signs: SIGNS (n,), in the order of the collection.
        unreadable: those that cannot be read, with the reason.
        remarks: what was odd about those that can.
        again: how many were measured now; the others have not changed since they last were.
    """

    signs: np.ndarray
    unreadable: tuple[Skipped, ...]
    remarks: tuple[Skipped, ...]
    again: int

    @property
    def readable(self) -> np.ndarray:
        """The indices of the images that can be read: int64 (k,)."""
        return np.flatnonzero(self.signs["readable"])


@dataclass
class _Kept:
    """Rows that are known, by name, with what there was to say of them."""

    rows: dict[str, np.ndarray] = field(default_factory=dict)
    said: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


def scan(collection: Collection, *, progress: Progress = lambda done, total: None) -> Scan:
    """Measure every image; files that have not changed since the last scan are not read again.

    A file has not changed where its size and its time of change are the same. A scan that is
    stopped keeps what it has measured.

    Args:
        collection: from `find`.
        progress: told the images done and their total.

    >>> from striate.data import find
    >>> result = scan(find("digits").only(np.arange(20)))
    >>> len(result.signs), len(result.readable), result.unreadable
    (20, 20, ())
    """
    path = _path_of(collection)
    kept = _Kept() if path is None else _recall(path)
    stamps = _stamps(collection)
    signs = np.zeros(len(collection), SIGNS)
    missing = []
    for index, (name, stamp) in enumerate(zip(collection.names, stamps, strict=True)):
        row = kept.rows.get(name)
        if row is not None and stamp and (int(row["size"]), int(row["time"])) == stamp:
            signs[index] = row
        else:
            missing.append(index)
    done = len(collection) - len(missing)
    said: dict[str, tuple[str, tuple[str, ...]]] = {}
    try:
        for batch in _measure(collection, missing):
            indices = [index for index, _ in batch]
            signs[indices] = [measured.signs for _, measured in batch]
            sizes = [stamps[index] or (0, 0) for index in indices]
            signs["size"][indices], signs["time"][indices] = np.array(sizes, np.int64).T
            for index, measured in batch:
                said[collection.names[index]] = (measured.reason, measured.remarks)
            fine = [index for index, measured in batch if not measured.reason]
            if fine:
                rows = signs[fine]
                complete(rows)
                signs[fine] = rows
            done += len(batch)
            progress(done, len(collection))
    finally:
        if path is not None and said:
            _keep(path, collection, signs, kept, said)
    told = {**{name: kept.said[name] for name in collection.names if name in kept.said}, **said}
    return Scan(
        signs,
        tuple(Skipped(name, told[name][0]) for name in collection.names if _reason(told, name)),
        tuple(
            Skipped(name, remark)
            for name in collection.names
            for remark in (told[name][1] if name in told else ())
        ),
        len(missing),
    )


def _reason(told: dict[str, tuple[str, tuple[str, ...]]], name: str) -> str:
    return told[name][0] if name in told else ""


def _measure(
    collection: Collection, indices: Sequence[int]
) -> Iterator[list[tuple[int, Measured]]]:
    """Measure images with all cores, and give them in their order, some at a time."""
    threads = count_decoders()
    waiting: deque[tuple[int, Future[Measured]]] = deque()
    batch: list[tuple[int, Measured]] = []
    left = iter(indices)
    with collect_warnings(), ThreadPoolExecutor(threads, "striate-scan") as pool:
        try:
            while True:
                for index in islice(left, AHEAD * threads - len(waiting)):
                    waiting.append((index, pool.submit(_measure_one, collection, index)))
                if not waiting:
                    break
                first, future = waiting.popleft()
                batch.append((first, future.result()))
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch
        finally:
            for _, future in waiting:
                future.cancel()


def _measure_one(collection: Collection, index: int) -> Measured:
    return measure_image(collection.open(index))


def _stamps(collection: Collection) -> list[tuple[int, int] | None]:
    """Return size and time of each file; None of what is no file."""
    if not isinstance(collection.content, Path):
        return [None] * len(collection)
    found: list[tuple[int, int] | None] = []
    for name in collection.names:
        try:
            status = (collection.content / name).stat()
            found.append((status.st_size, status.st_mtime_ns))
        except (OSError, ValueError):
            found.append(None)
    return found


def _path_of(collection: Collection) -> Path | None:
    if not isinstance(collection.content, Path):
        return None
    mark = f"{MEASURED} {collection.content.absolute()}".encode("utf-8", "surrogateescape")
    digest = hashlib.blake2b(mark, digest_size=16).hexdigest()
    return find_cache_folder() / "scans" / f"{digest}.npz"


def _recall(path: Path) -> _Kept:
    """Return what an earlier scan has kept; nothing where it cannot be read."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            signs, text = file["signs"], file["said"].tobytes()
        names, said = json.loads(text.decode("utf-8", "surrogatepass"))
        if signs.dtype != SIGNS or len(names) != len(signs):
            return _Kept()
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return _Kept()
    rows = dict(zip(names, signs, strict=True))
    return _Kept(rows, {name: (reason, tuple(odd)) for name, reason, odd in said})


def _keep(
    path: Path,
    collection: Collection,
    signs: np.ndarray,
    kept: _Kept,
    said: dict[str, tuple[str, tuple[str, ...]]],
) -> None:
    """Keep what is known now; files of before that are no longer there are forgotten."""
    rows, words = [], []
    for index, name in enumerate(collection.names):
        if name in said:
            rows.append((name, signs[index]))
            words.append((name, *said[name]))
        elif name in kept.rows:
            rows.append((name, kept.rows[name]))
            if name in kept.said:
                words.append((name, *kept.said[name]))
    text = json.dumps([[name for name, _ in rows], words]).encode("utf-8", "surrogatepass")
    with suppress(OSError):  # they are measured again then
        with write_atomically(path) as partial, partial.open("wb") as file:
            values = np.array([row for _, row in rows], SIGNS)
            np.savez(file, signs=values, said=np.frombuffer(text, np.uint8))
        newest = sorted(path.parent.glob("*.npz"), key=lambda each: -each.stat().st_mtime)
        for old in newest[MOST:]:
            old.unlink()
