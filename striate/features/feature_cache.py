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

from striate.files.atomic_write import write_atomically

SHARD = 2048  # feature rows after which a file of them is written
MOST = 4 * 2**30  # bytes in all; the backbones used longest ago go first


class FeatureCache:
    """The features of one backbone, by image and version; in memory, and in a folder of the cache.

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
        self._rows: dict[tuple[int, int], np.ndarray] = {}
        self._new: list[tuple[int, int]] = []
        self._computed: set[tuple[int, int]] = set()
        self.refused = ""  # why features could not be written, for whoever wants to say so
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.npz")):
                self._read(path)
            with suppress(OSError):  # a cache that may only be read is still of use
                os.utime(folder)

    def find(self, hashes: np.ndarray, n_augmented: int) -> np.ndarray:
        """Say which features are there: bool (n, n_augmented)."""
        return np.array(
            [[(int(each), v) in self._rows for v in range(n_augmented)] for each in hashes],
            np.bool_,
        ).reshape(len(hashes), n_augmented)

    def count_from_before(self, hashes: np.ndarray, n_augmented: int) -> int:
        """Count the features that were there when this was opened."""
        added = [(int(each), v) in self._computed for each in hashes for v in range(n_augmented)]
        return int(self.find(hashes, n_augmented).sum()) - sum(added)

    def take(self, hashes: np.ndarray, n_augmented: int) -> np.ndarray:
        """Return features that are there: float32 (n, n_augmented, features)."""
        width = len(self._rows[int(hashes[0]), 0])
        found = np.empty((len(hashes), n_augmented, width), np.float32)
        for copies, each in zip(found, hashes, strict=True):
            for version, row in enumerate(copies):
                row[:] = self._rows[int(each), version]
        return found

    def add(self, hashes: np.ndarray, version: int, features: np.ndarray) -> None:
        """Keep the features (n, features) of one version of n images."""
        for each, row in zip(hashes, features, strict=True):
            self._rows[int(each), version] = row
            self._new.append((int(each), version))
        self._computed.update((int(each), version) for each in hashes)
        if len(self._new) >= SHARD:
            self.write()

    def write(self) -> None:
        """Put what is new into the folder; where that cannot be, `refused` says why."""
        if self._folder is None or not self._new:
            return
        path = self._folder / f"{self._mark()}.npz"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with write_atomically(path) as partial, partial.open("wb") as file:
                np.savez(
                    file,
                    hashes=np.array([each for each, _ in self._new], np.uint64),
                    versions=np.array([version for _, version in self._new], np.uint16),
                    features=np.stack([self._rows[pair] for pair in self._new]),
                )
            _make_room(self._folder.parent, self._folder)
        except OSError as error:
            self.refused = f"features cannot be kept in '{self._folder}': {error.strerror or error}"
        self._new = []

    def _mark(self) -> str:
        """Name a file by what it holds, so that two processes write the same or another one."""
        return hashlib.blake2b(repr(self._new).encode(), digest_size=12).hexdigest()

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                pairs = zip(file["hashes"].tolist(), file["versions"].tolist(), strict=True)
                self._rows |= dict(zip(pairs, file["features"], strict=True))
        except (ValueError, KeyError, EOFError, BadZipFile):
            with suppress(OSError):
                path.unlink(missing_ok=True)  # damaged: computed again
        except OSError as error:
            self.refused = f"'{path}' cannot be read ({error.strerror or error}): computed again"


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
        except (ValueError, KeyError, EOFError, BadZipFile):
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
