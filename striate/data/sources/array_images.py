"""Arrays taken as images with their classes: what shapes, values and labels mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.data.collection import (
    SPLITS,
    Collection,
    Kind,
    Skipped,
    encode_labels,
    quote_few,
    sort_numbers,
)
from striate.data.images.value_range import EXPECTED, find_black_and_white, to_uint8
from striate.data.sources.list_columns import refuse_labels
from striate.errors import DataError

MAX_ARRAY_BYTES = 2**34
"""The most that the arrays of one file may take in memory: 16 GiB."""


@dataclass(frozen=True)
class ArraySplit:
    """The images and labels of one split, as they were stored."""

    split: str
    x: np.ndarray
    y: np.ndarray
    where: str


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
    images = [put_channels_last(each, said) for each in splits]
    labels = [name_labels(each.y, len(each.x), each.where) for each in splits]
    if len({values.shape[1:] for values in images}) > 1:
        told = ", ".join("x".join(map(str, values.shape[1:])) for values in images)
        raise DataError(f"the splits hold images of different sizes ({told}); make them the same")
    if not sum(map(len, images)):
        raise DataError(f"no images in {source!r}: its arrays are empty")
    images = scale_to_bytes(images, said)
    named = [name for each in labels for name in each]
    classes, indices = encode_labels(named, order=sort_numbers(named))
    names = [
        f"{each.split or 'images'}/{index:05d}"
        for each, values in zip(splits, images, strict=True)
        for index in range(len(values))
    ]
    belongs: list[str] = []
    for each, values in zip(splits, images, strict=True):
        belongs += [each.split] * len(values)
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


def put_channels_last(split: ArraySplit, said: list[str]) -> np.ndarray:
    """Return images as (n, rows, columns) or (n, rows, columns, channels), by their shape.

    Args:
        split: whose labels are not looked at.
        said: what was decided is added to it.

    Raises:
        DataError: the shape is that of no images.
    """
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


def name_labels(y: np.ndarray, count: int, where: str) -> list[str]:
    """Return the class name of each label: whole numbers and texts are names.

    Raises:
        DataError: there is not one label an image, or they are neither.

    >>> name_labels(np.array([3.0, 10.0]), 2, "y")
    ['3', '10']
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    told = "x".join(map(str, y.shape)) or "one value"
    if y.ndim == 2 and len(y) == count and np.isin(y, (0, 1)).all() and (y.sum(1) > 1).any():
        several = int(np.argmax(y.sum(1) > 1))
        refuse_labels(where, f"image {several}", [str(n) for n in np.flatnonzero(y[several])])
    if y.ndim != 1 or len(y) != count:
        cure = "; give y.argmax(axis=1)" if y.ndim == 2 and len(y) == count else ""
        raise DataError(
            f"the labels in {where!r} are {told} for {count:,} images; expected one "
            f"label an image{cure}"
        )
    if y.dtype.kind == "f":
        if not (np.isfinite(y).all() and (y == np.floor(y)).all()):
            raise DataError(f"the labels in {where!r} are fractions; expected whole numbers")
        y = y.astype(np.int64)
    if y.dtype.kind in "US":
        return [
            name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
            for name in y.tolist()
        ]
    if y.dtype.kind not in "bui":
        raise DataError(
            f"the labels in {where!r} are of type {y.dtype}; expected whole numbers or texts"
        )
    return [str(int(value)) for value in y.tolist()]


def scale_to_bytes(images: Sequence[np.ndarray], said: list[str]) -> list[np.ndarray]:
    """Scale the values of all splits by one rule to 0..255, and say which.

    Whole numbers above 1 stay as they are, in 16 bits: what is white among them is decided once,
    by what is learnt from, and recorded (`striate.data.value_survey`).
    """
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
    if whole and white > 1:
        return [values.astype(np.uint16) for values in images]
    said.append(
        f"values from {low:g} to {high:g}: {black:g} was taken as black, {white:g} as white"
    )
    return [to_uint8(values, black, white) for values in images]
