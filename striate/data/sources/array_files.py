"""Files of arrays, npz and IDX, as images alone: their labels, where there are any, aside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from striate.data.collection import SPLITS, quote_few
from striate.data.sources.array_images import ArraySplit, put_channels_last, scale_to_bytes
from striate.data.sources.idx import read_idx
from striate.data.sources.npz import is_image_array, is_npz, read_npz
from striate.data.split_names import find_split
from striate.errors import DataError


def read_images(path: Path) -> tuple[tuple[str, np.ndarray], ...]:
    """Return the images of a file of arrays, each with its name within the file.

    Names and values are those of training from the same file: "test/00017".

    Args:
        path: of an npz or IDX file.

    Raises:
        DataError: it is damaged, holds labels alone, or arrays that are no images.
    """
    splits = _of_npz(path) if is_npz(path) else _of_idx(path)
    said: list[str] = []
    images = scale_to_bytes([put_channels_last(each, said) for each in splits], said)
    return tuple(
        (f"{each.split or 'images'}/{index:05d}", picture)
        for each, values in zip(splits, images, strict=True)
        for index, picture in enumerate(values)
    )


def _of_idx(path: Path) -> list[ArraySplit]:
    values = read_idx(path)
    if values.ndim < 3:
        raise DataError(
            f"{path.name!r} holds {' x '.join(map(str, values.shape))} values, which are labels; "
            "give the file of images, such as t10k-images-idx3-ubyte.gz"
        )
    return [_without_labels(find_split(path.name), values, path)]


def _of_npz(path: Path) -> list[ArraySplit]:
    arrays = read_npz(path)
    images = {name: values for name, values in arrays.items() if is_image_array(name)}
    if not images and len(arrays) == 1:  # as numpy.savez(path, images) names it
        images = arrays
    found = {find_split(name) or find_split(path.name): each for name, each in images.items()}
    if not images or len(found) < len(images):
        held = quote_few(arrays, 8) or "nothing"
        raise DataError(f"{path.name!r} holds {held}; expected x, or x_train and x_test")
    order = (*SPLITS, "")
    return [_without_labels(split, found[split], path) for split in sorted(found, key=order.index)]


def _without_labels(split: str, values: np.ndarray, path: Path) -> ArraySplit:
    return ArraySplit(split, values, np.zeros(len(values), np.int64), path.name)
