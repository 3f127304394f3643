"""Images as arrays: IDX files as MNIST has them, and npz files with x and y."""

from __future__ import annotations

import gzip
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from striate.data.collection import (
    SPLIT_WORDS,
    SPLITS,
    Collection,
    Kind,
    Skipped,
    encode_labels,
    quote_few,
)
from striate.data.images.value_range import EXPECTED, find_black_and_white, to_uint8
from striate.errors import DataError

MAX_ARRAY_BYTES = 2**34
"""The most that the arrays of one file may take in memory: 16 GiB."""

_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_KINDS = {
    "x": "x", "image": "x", "images": "x", "data": "x", "pixels": "x", "pictures": "x",
    "y": "y", "label": "y", "labels": "y", "target": "y", "targets": "y", "class": "y",
}  # fmt: skip


@dataclass(frozen=True)
class ArraySplit:
    """The images and labels of one split, as they were stored."""

    split: str
    x: np.ndarray
    y: np.ndarray
    where: str


def find_split(name: str) -> str:
    """Tell the split from a file's or an array's name; "" where it does not say.

    >>> find_split("t10k-images-idx3-ubyte.gz"), find_split("usps_train.npz"), find_split("x")
    ('test', 'train', '')
    """
    words = re.split(r"[^a-z0-9]+", name.lower())
    found = {SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS}
    if "t10k" in words:
        found.add("test")
    return found.pop() if len(found) == 1 else ""


# ---------------------------------------------------------------- IDX


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
    """Give what a file of images and its file of labels have in common in their names."""
    stem = name.lower().removesuffix(".gz")
    stem = re.sub(r"idx[0-9]|ubyte|images?|labels?|images?", "", stem)
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")


def idx_family(name: str) -> str:
    """Give what the files of one set have in common: their names without kind and split.

    >>> idx_family("emnist-letters-test-images-idx3-ubyte.gz")
    'emnist-letters'
    """
    words = _idx_key(name).split("-")
    return "-".join(word for word in words if word not in SPLIT_WORDS and word != "t10k")


def find_idx(files: Sequence[Path], source: str, skipped: Sequence[Skipped] = ()) -> Collection:
    """Pair IDX files of images with their labels, by name, and take them as splits.

    Raises:
        DataError: where a file lacks its partner, or they do not fit.
    """
    images: dict[str, tuple[Path, np.ndarray]] = {}
    labels: dict[str, tuple[Path, np.ndarray]] = {}
    left_out = list(skipped)
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
    return collect_arrays(splits, source=source, kind="idx", skipped=left_out)


# ---------------------------------------------------------------- npz


def is_npz(path: Path) -> bool:
    """Tell whether a file is a zip of nothing but .npy arrays."""
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
            words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
            kinds = {_KINDS[word] for word in words if word in _KINDS}
            known = all(word in _KINDS or word in SPLIT_WORDS for word in words)
            split = find_split(name) or find_split(path.name)
            if len(kinds) != 1 or not known or (kind := kinds.pop()) in found.get(split, {}):
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


# ---------------------------------------------------------------- both


def collect_arrays(
    splits: Sequence[ArraySplit],
    *,
    source: str,
    kind: Kind,
    skipped: Sequence[Skipped] = (),
    notes: Sequence[str] = (),
) -> Collection:
    """Make one collection of the arrays of all splits: uint8, channels last, labels as classes.

    Raises:
        DataError: where shapes, values or labels make no sense as images and classes.
    """
    splits = sorted(splits, key=lambda each: (*SPLITS, "").index(each.split))
    if len({each.split for each in splits}) < len(splits):
        raise DataError(
            f"{quote_few([each.where for each in splits])} cannot be told apart as train, val and "
            "test; put the split into each file's name, such as digits_train and digits_test"
        )
    said = list(notes)
    images = [_channels_last(each, said) for each in splits]
    labels = [_label_names(each) for each in splits]
    if len({values.shape[1:] for values in images}) > 1:
        told = ", ".join("x".join(map(str, values.shape[1:])) for values in images)
        raise DataError(f"the splits hold images of different sizes ({told}); make them the same")
    if not sum(map(len, images)):
        raise DataError(f"no images in {source!r}: its arrays are empty")
    images = _in_bytes(images, said)
    classes, indices = encode_labels([name for each in labels for name in each])
    names = [
        f"{each.split or 'images'}/{index:05d}"
        for each, values in zip(splits, images, strict=True)
        for index in range(len(values))
    ]
    belongs = [
        each.split for each, values in zip(splits, images, strict=True) for _ in range(len(values))
    ]
    content = images[0] if len(images) == 1 else np.concatenate(images)
    return Collection(
        source=source,
        kind=kind,
        classes=classes,
        names=tuple(names),
        labels=indices,
        splits=tuple(belongs),
        skipped=tuple(skipped),
        notes=tuple(dict.fromkeys(said)),
        content=content,
    )


def _channels_last(split: ArraySplit, said: list[str]) -> np.ndarray:
    x, told = split.x, "x".join(map(str, split.x.shape))
    if x.dtype.kind not in "buif":
        raise DataError(f"the images in {split.where!r} are of type {x.dtype}; expected numbers")
    if x.ndim == 2 and x.shape[1] >= 4 and math.isqrt(x.shape[1]) ** 2 == x.shape[1]:
        side = math.isqrt(x.shape[1])
        said.append(f"rows of {x.shape[1]} values were taken as images of {side}x{side}")
        return x.reshape(len(x), side, side)
    if x.ndim == 3 and min(x.shape[1:]) > 0:
        return x
    if x.ndim == 4 and x.shape[3] in (1, 3, 4):
        return x[:, :, :, 0] if x.shape[3] == 1 else x
    if x.ndim == 4 and x.shape[1] in (1, 3):
        said.append(f"images of {told} were taken as channels first")
        return x[:, 0] if x.shape[1] == 1 else x.transpose(0, 2, 3, 1)
    raise DataError(
        f"the images in {split.where!r} have the shape {told}; expected n x rows x columns, "
        "or with 1 or 3 channels last"
    )


def _label_names(split: ArraySplit) -> list[str]:
    y = split.y
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    told = "x".join(map(str, y.shape)) or "one value"
    if y.ndim != 1 or len(y) != len(split.x):
        cure = "; give y.argmax(axis=1)" if y.ndim == 2 and len(y) == len(split.x) else ""
        raise DataError(
            f"the labels in {split.where!r} are {told} for {len(split.x):,} images; expected one "
            f"label an image{cure}"
        )
    if y.dtype.kind == "f":
        if not (np.isfinite(y).all() and (y == np.floor(y)).all()):
            raise DataError(f"the labels in {split.where!r} are fractions; expected whole numbers")
        y = y.astype(np.int64)
    if y.dtype.kind in "US":
        return [
            name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
            for name in y.tolist()
        ]
    if y.dtype.kind not in "bui":
        raise DataError(f"the labels in {split.where!r} are of type {y.dtype}; expected numbers")
    return [str(int(value)) for value in y.tolist()]


def _in_bytes(images: Sequence[np.ndarray], said: list[str]) -> list[np.ndarray]:
    """Scale the values of all splits by one rule to 0..255, and say which."""
    if all(values.dtype == np.uint8 for values in images):
        return list(images)
    held = [values for values in images if values.size]
    if any(values.dtype.kind == "f" and not np.isfinite(values).all() for values in held):
        raise DataError("the images hold values that are not numbers (NaN or infinite)")
    low = float(min(values.min() for values in held))
    high = float(max(values.max() for values in held))
    whole = all(values.dtype.kind in "bui" for values in held)
    ends = find_black_and_white(low, high, whole=whole)
    if ends is None:
        raise DataError(f"the images hold values from {low:g} to {high:g}; expected {EXPECTED}")
    black, white = ends
    said.append(
        f"values from {low:g} to {high:g}: {black:g} was taken as black, {white:g} as white"
    )
    return [to_uint8(values, black, white) for values in images]
