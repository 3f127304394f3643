"""Features that were computed before, found again by what they were computed of."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch

from striate.errors import DataError
from striate.files.atomic_write import write_atomically

SHARD = 2048  # feature rows after which a file of them is written
VERSION = np.uint64(0x9E3779B97F4A7C15)  # odd and far from any difference of two hashes
UNREADABLE = (ValueError, KeyError, EOFError, BadZipFile)  # what a damaged file raises
MOST = 4 * 2**30  # bytes in all; the backbones used longest ago go first


class FeatureCache:
    """The features of one backbone, by image and version, in a folder of the cache.

    What is in the folder is not held in memory: 16 bytes a row are, by which it is found again.

    >>> kept = FeatureCache(None)
    >>> kept.add(np.array([7, 8], np.uint64), 0, np.ones((2, 3), np.float32))
    >>> kept.find(np.array([8, 9], np.uint64), 2).tolist()
    [[True, False], [False, False]]
    """

    def __init__(self, folder: Path | None) -> None:
        """Open what is kept.

        Args:
            folder: of this backbone alone; None keeps nothing beyond the process.
        """
        self._folder = folder
        self._keys = np.empty(0, np.uint64)  # of the rows, sorted
        self._places = np.empty(0, np.int64)  # of these rows, counted through all shards
        self._unsorted: list[np.ndarray] = []  # keys of the latest shards
        self._shards: list[Path | np.ndarray] = []  # rows in a file; or in memory, without one
        self._starts: list[int] = []  # the place of the first row of each
        self._count = 0
        self._new: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.refused = ""  # why features could not be written, for whoever wants to say so
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.npz")):
                self._read(path)
            with suppress(OSError):  # a cache that may only be read is still of use
                os.utime(folder)
        self._from_before = self._count

    def find(self, hashes: np.ndarray, n_augmented: int) -> np.ndarray:
        """Say which features are there: bool (n, n_augmented)."""
        keys = _keys(hashes[:, None], np.arange(n_augmented))
        there = self._find_places(keys) >= 0
        if self._new:
            added = [_keys(each, versions) for each, versions, _ in self._new]
            there |= np.isin(keys, np.concatenate(added))
        return there

    def count_from_before(self, hashes: np.ndarray, n_augmented: int) -> int:
        """Count the features that were there when this was opened."""
        places = self._find_places(_keys(hashes[:, None], np.arange(n_augmented)))
        return int(((places >= 0) & (places < self._from_before)).sum())

    def take(self, hashes: np.ndarray, n_augmented: int) -> np.ndarray:
        """Return features that are there: float32 (n, n_augmented, features).

        Raises:
            DataError: a file of them has been taken away or damaged meanwhile.
        """
        self.write()
        places = self._find_places(_keys(hashes[:, None], np.arange(n_augmented)))
        shards = np.searchsorted(self._starts, places, side="right") - 1
        found = np.empty((*places.shape, 0), np.float32)
        for number in np.unique(shards).tolist():
            rows, mine = _load(self._shards[number]), shards == number
            if not found.size:
                found = np.empty((*places.shape, rows.shape[1]), np.float32)
            found[mine] = rows[places[mine] - self._starts[number]]
        return found

    def add(self, hashes: np.ndarray, version: int, features: np.ndarray) -> None:
        """Keep the features (n, features) of one version of n images."""
        self._new.append((hashes, np.full(len(hashes), version, np.uint16), features))
        if sum(len(each) for each, _, _ in self._new) >= SHARD:
            self.write()

    def write(self) -> None:
        """Put what is new into the folder; where that cannot be, `refused` says why."""
        if not self._new:
            return
        hashes, versions, rows = (np.concatenate(each) for each in zip(*self._new, strict=True))
        self._new = []
        self._append(_keys(hashes, versions), self._save(hashes, versions, rows) or rows)

    def _save(self, hashes: np.ndarray, versions: np.ndarray, rows: np.ndarray) -> Path | None:
        """Write rows into a file; None where that cannot be."""
        if self._folder is None:
            return None
        # named by what it holds, so that two processes write the same or another one
        mark = hashlib.blake2b(hashes.tobytes() + versions.tobytes(), digest_size=12)
        path = self._folder / f"{mark.hexdigest()}.npz"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with write_atomically(path) as partial, partial.open("wb") as file:
                np.savez(file, hashes=hashes, versions=versions, features=rows)
            _make_room(self._folder.parent, self._folder)
        except OSError as error:
            self.refused = f"features cannot be kept in '{self._folder}': {error.strerror or error}"
            return None
        return path

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                keys = _keys(file["hashes"], file["versions"])
                if "features" in file.files:
                    self._append(keys, path)
        except UNREADABLE:
            with suppress(OSError):
                path.unlink(missing_ok=True)  # damaged: computed again
        except OSError as error:
            self.refused = f"'{path}' cannot be read ({error.strerror or error}): computed again"

    def _append(self, keys: np.ndarray, shard: Path | np.ndarray) -> None:
        self._unsorted.append(keys)
        self._shards.append(shard)
        self._starts.append(self._count)
        self._count += len(keys)

    def _find_places(self, keys: np.ndarray) -> np.ndarray:
        """Return the place of each row that is in a shard, -1 where there is none: int64."""
        if self._unsorted:
            every = np.concatenate([self._keys, *self._unsorted])
            places = np.append(self._places, np.arange(len(self._keys), self._count))
            order = np.argsort(every, kind="stable")
            self._keys, self._places, self._unsorted = every[order], places[order], []
        if not self._count:
            return np.full(keys.shape, -1)
        at = np.minimum(np.searchsorted(self._keys, keys), self._count - 1)
        return np.where(self._keys[at] == keys, self._places[at], -1)


def _keys(hashes: np.ndarray, versions: np.ndarray) -> np.ndarray:
    """Return one number for a version of an image: uint64."""
    return hashes.astype(np.uint64) + versions.astype(np.uint64) * VERSION


def _load(shard: Path | np.ndarray) -> np.ndarray:
    """Return the rows of a shard: float32 (rows, features)."""
    if isinstance(shard, np.ndarray):
        return shard
    try:
        with shard.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return np.asarray(file["features"])
    except (*UNREADABLE, OSError) as error:
        with suppress(OSError):
            shard.unlink(missing_ok=True)
        raise DataError(
            f"'{shard}', a file of features, cannot be read any more ({error}); give the same "
            "command again, which computes what it held"
        ) from error


def forget_features(folder: Path, hashes: np.ndarray) -> int:
    """Delete the features of some images, of every backbone; return how many rows that were.

    Args:
        folder: that holds the folders of the backbones.
        hashes: uint64, of the images.

    Raises:
        OSError: a file cannot be written anew.
    """
    deleted = 0
    for path in sorted(folder.glob("*/*.npz")):
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                gone = np.isin(file["hashes"], hashes)
                rows = {name: file[name][~gone] for name in file.files} if gone.any() else {}
        except UNREADABLE:
            path.unlink()  # damaged: computed again
            continue
        if not rows:
            continue
        deleted += int(gone.sum())
        if gone.all():
            path.unlink()
            continue
        with write_atomically(path) as partial, partial.open("wb") as anew:
            np.savez(anew, **rows)
    return deleted


def make_key(text: str, tensors: Mapping[str, torch.Tensor], *settings: object) -> str:
    """Name a backbone by its network, its weights and whatever else its features depend on.

    >>> make_key("gap", {}, (0.5,)) == make_key("gap", {}, (0.5,)) != make_key("gap", {}, (0.4,))
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    # as it was called when the first features were kept, which are found again
    digest.update(repr((text, settings)).replace("saturation=", "colour=").encode())
    for name, value in tensors.items():
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        digest.update(
            value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
        )
    return digest.hexdigest()


def _make_room(folder: Path, own: Path) -> None:
    """Take away the features of the backbones used longest ago, until the others have room."""
    backbones = sorted(
        folder.iterdir(), key=lambda backbone: backbone.stat().st_mtime, reverse=True
    )
    total = 0
    for backbone in backbones:
        total += sum(path.stat().st_size for path in backbone.glob("*.npz"))
        if total > MOST and backbone != own:
            shutil.rmtree(backbone, ignore_errors=True)
