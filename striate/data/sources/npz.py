"""npz files with x and y, or with x_train, y_train, x_test, y_test."""

from __future__ import annotations

import math
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from striate.data.collection import Collection, Skipped, quote_few
from striate.data.sources.array_images import MAX_ARRAY_BYTES, ArraySplit, collect_arrays
from striate.data.split_names import SPLIT_WORDS, find_split
from striate.errors import DataError

_KINDS = {
    "x": "x", "image": "x", "images": "x", "data": "x", "pixels": "x", "pictures": "x",
    "y": "y", "label": "y", "labels": "y", "target": "y", "targets": "y", "class": "y",
}  # fmt: skip


def is_npz(path: Path) -> bool:
    """Return whether a file is a zip of nothing but .npy arrays."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an npz file; nothing pickled is ever loaded.

    Raises:
        DataError: where it is damaged, too large, or holds Python objects.
    """
    arrays: dict[str, np.ndarray] = {}
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                with archive.open(info) as file:
                    shape, dtype = _npy_header(file)
                total += math.prod(shape) * dtype.itemsize
                if dtype.hasobject:
                    raise DataError(
                        f"{info.filename!r} in {path.name!r} holds pickled Python objects, which "
                        "are not loaded as they can run programs; save plain numbers or texts"
                    )
                if total > MAX_ARRAY_BYTES:
                    raise DataError(
                        f"{path.name!r} announces more than {MAX_ARRAY_BYTES:,} bytes of arrays"
                    )
                with archive.open(info) as file:
                    arrays[info.filename.removesuffix(".npy")] = np.lib.format.read_array(
                        file, allow_pickle=False
                    )
    except (
        OSError, EOFError, ValueError, KeyError, SyntaxError, TypeError, MemoryError,
        NotImplementedError, RuntimeError, OverflowError, zipfile.BadZipFile, zlib.error,
        struct.error,
    ) as error:  # fmt: skip
        told = " ".join(str(error).split())[:160]
        raise DataError(f"{path.name!r} cannot be read as npz ({told}); save it again") from error
    return arrays


def _npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    return shape, dtype


def is_image_array(name: str) -> bool:
    """Tell by its name whether an array of an npz file holds images.

    >>> is_image_array("x_train"), is_image_array("test_images"), is_image_array("y")
    (True, True, False)
    """
    return _kind_of(name) == "x"


def _kind_of(name: str) -> str:
    """Return "x" for images, "y" for labels, by an array's name; "" for neither."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    kinds = {_KINDS[word] for word in words if word in _KINDS}
    known = all(word in _KINDS or word in SPLIT_WORDS for word in words)
    return kinds.pop() if known and len(kinds) == 1 else ""


def find_npz(files: Sequence[Path], source: str, skipped: Sequence[Skipped] = ()) -> Collection:
    """Take npz files with x and y, or with x_train, y_train, x_test, y_test and the like.

    Raises:
        DataError: where the arrays are missing or do not fit.
    """
    splits: list[ArraySplit] = []
    unused: list[str] = []
    for path in files:
        found: dict[str, dict[str, np.ndarray]] = {}
        arrays = read_npz(path)
        for name, values in arrays.items():
            kind = _kind_of(name)
            split = find_split(name) or find_split(path.name)
            if not kind or kind in found.get(split, {}):
                unused.append(f"{path.name}: {name}")
                continue
            found.setdefault(split, {})[kind] = values
        complete = {split: both for split, both in found.items() if len(both) == 2}
        if not complete or len(complete) < len(found):
            held = quote_few(arrays, 8) or "nothing"
            raise DataError(
                f"{path.name!r} holds {held}; expected x and y, or x_train, y_train, x_test, y_test"
            )
        splits += [
            ArraySplit(split, both["x"], both["y"], path.name) for split, both in complete.items()
        ]
    notes = (f"arrays not used: {quote_few(unused)}",) if unused else ()
    return collect_arrays(splits, source=source, kind="npz", skipped=skipped, notes=notes)
