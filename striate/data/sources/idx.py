"""IDX files, as MNIST has them: http://yann.lecun.com/exdb/mnist describes the format."""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from striate.data.collection import Collection, Skipped, quote_few
from striate.data.sources.array_images import MAX_ARRAY_BYTES, ArraySplit, collect_arrays
from striate.data.split_names import SPLIT_WORDS, find_split
from striate.errors import DataError

_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def is_idx(path: Path) -> bool:
    """Tell by its first bytes whether a file is IDX, gzipped or not."""
    try:
        with _open_unzipped(path) as file:
            start = file.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in _IDX_TYPES and 1 <= start[3] < 6


def read_idx(path: Path) -> np.ndarray:
    """Read an IDX file, gzipped or not: http://yann.lecun.com/exdb/mnist describes the format.

    Raises:
        DataError: where it is damaged, cut off or larger than `MAX_ARRAY_BYTES`.
    """
    name = path.name
    try:
        with _open_unzipped(path) as file:
            start = file.read(4)
            if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _IDX_TYPES:
                raise DataError(f"{name!r} is not an IDX file")
            shape = struct.unpack(f">{start[3]}I", file.read(4 * start[3]))
            dtype = np.dtype(_IDX_TYPES[start[2]])
            size = math.prod(shape) * dtype.itemsize
            if size > MAX_ARRAY_BYTES:
                raise DataError(
                    f"{name!r} announces {size:,} bytes, above the limit of {MAX_ARRAY_BYTES:,}"
                )
            held = bytearray()
            while len(held) <= size and (chunk := file.read(min(2**22, size + 1 - len(held)))):
                held += chunk
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError(f"{name!r} is damaged or cut off ({error}); fetch it again") from error
    if len(held) != size:
        told = "x".join(map(str, shape))
        amount = "more" if len(held) > size else f"{len(held):,}"
        raise DataError(
            f"{name!r} announces {told} values, {size:,} bytes, but holds {amount}; fetch it again"
        )
    return np.frombuffer(held, dtype).reshape(shape)


def _open_unzipped(path: Path) -> IO[bytes] | gzip.GzipFile:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else path.open("rb")


def _idx_key(name: str) -> str:
    """Return what a file of images and its file of labels have in common in their names."""
    stem = name.lower().removesuffix(".gz")
    stem = re.sub(r"idx[0-9](-int)?|ubyte|images?|labels?|images?", "", stem)
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")


def idx_family(name: str) -> str:
    """Return what the files of one set have in common: their names without kind and split.

    >>> idx_family("emnist-letters-test-images-idx3-ubyte.gz")
    'emnist-letters'
    """
    words = _idx_key(name).split("-")
    return "-".join(word for word in words if word not in SPLIT_WORDS)


def find_idx(files: Sequence[Path], source: str, skipped: Sequence[Skipped] = ()) -> Collection:
    """Pair IDX files of images with their labels, by name, and take them as splits.

    Raises:
        DataError: where a file lacks its partner, or they do not fit.
    """
    images: dict[str, tuple[Path, np.ndarray]] = {}
    labels: dict[str, tuple[Path, np.ndarray]] = {}
    left_out = list(skipped)
    notes: list[str] = []
    unzipped = {path.name.removesuffix(".gz") for path in files if path.suffix != ".gz"}
    families = sorted({idx_family(path.name) for path in files})
    if len(families) > 1:
        raise DataError(
            f"several sets of IDX files ({quote_few(families)}); point at a file of one"
        )
    for path in files:
        if path.suffix == ".gz" and path.stem in unzipped:
            left_out.append(Skipped(path.name, f"{path.stem!r} beside it is the same unpacked"))
            continue
        values = read_idx(path)
        if values.ndim == 2 and values.shape[1] == 8 and "labels" in path.name:
            values = values[:, 0]
            notes.append(f"{path.name}: the first of 8 numbers a label is the class, as in QMNIST")
        side = labels if values.ndim == 1 else images
        key = _idx_key(path.name)
        if key in side:
            raise DataError(
                f"{quote_few([side[key][0].name, path.name])} are two files for one split"
            )
        side[key] = (path, values)
    for here, there, lacking in ((images, labels, "labels"), (labels, images, "images")):
        for key, (path, _) in here.items():
            if key not in there:
                raise DataError(
                    f"{path.name!r} lacks its file of {lacking}; expected both beside each other, "
                    "such as train-images-idx3-ubyte and train-labels-idx1-ubyte"
                )
    splits = [
        ArraySplit(find_split(path.name), values, labels[key][1], path.name)
        for key, (path, values) in images.items()
    ]
    return collect_arrays(splits, source=source, kind="idx", skipped=left_out, notes=notes)
