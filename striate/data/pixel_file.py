"""Decoded pixels in a file, for sets that are larger than memory."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from pathlib import Path

import numpy as np

from striate.data.collection import Collection, FetchedImages
from striate.data.images import Preprocess

_BLOCK = 4096


def content_key(collection: Collection, preprocess: Preprocess) -> str:
    """Name what a cache file holds: every file with its size and time, and the preprocessing."""
    settings = {**preprocess.as_json(), "mean": None, "std": None, "format": 2}
    digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=16)
    if isinstance(collection.content, np.ndarray):
        digest.update(repr((collection.content.shape, collection.content.dtype.str)).encode())
        for start in range(0, len(collection), _BLOCK):
            digest.update(collection.content[start : start + _BLOCK].tobytes())
        return digest.hexdigest()
    if isinstance(collection.content, FetchedImages):  # nobody knows when these change
        return uuid.uuid4().hex
    digest.update(os.fsencode(collection.content.absolute()))
    for name in collection.names:
        digest.update(b"\0" + os.fsencode(name))
        try:
            status = (collection.content / name).stat()
            digest.update(b"%d %d" % (status.st_size, status.st_mtime_ns))
        except OSError:
            digest.update(b"missing")
    return digest.hexdigest()


def allocate(folder: Path, shape: tuple[int, ...]) -> np.memmap:
    """Make the file of pixels, with its room on the disk taken at once where that is possible.

    Raises:
        OSError: where there is no room; found later, in a mapped file, it would end the process.
    """
    path = folder / "pixels.npy"
    store = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return store


def write_kept(folder: Path, hashes: np.ndarray, usable: np.ndarray) -> None:
    """Write what is known of the images beside their pixels."""
    np.save(folder / "hashes.npy", hashes)
    np.save(folder / "usable.npy", usable)


def read_kept(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mapped pixels, the hashes and which images are usable."""
    return (
        np.load(folder / "pixels.npy", mmap_mode="r"),
        np.load(folder / "hashes.npy"),
        np.load(folder / "usable.npy"),
    )
