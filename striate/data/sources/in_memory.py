"""Images and labels that are given themselves: two arrays, or a list of images and its labels."""

from __future__ import annotations

import numpy as np
from PIL import Image

from striate.data.collection import Collection, FetchedImages, encode_labels, sort_numbers
from striate.data.sources.array_images import ArraySplit, collect_arrays, name_labels
from striate.errors import DataError

SOURCE = "arrays in memory"


def find_arrays(images: object, labels: object) -> Collection:
    """Return images with their labels as a collection.

    Args:
        images: numbers (n, rows, columns), or with 1 or 3 channels last (or first); or a list of
            images of Pillow's or arrays, which may be of different sizes.
        labels: n whole numbers or texts.

    Raises:
        DataError: shapes, values or labels make no sense as images and classes.

    >>> found = find_arrays(np.zeros((4, 8, 8), np.uint8), ["cat", "dog", "cat", "dog"])
    >>> found.classes, found.labels.tolist()
    (('cat', 'dog'), [0, 1, 0, 1])
    """
    named = np.asarray(labels)
    if isinstance(images, (list, tuple)) and any(
        isinstance(each, Image.Image) or np.shape(each) != np.shape(images[0]) for each in images
    ):
        return _find_list(list(images), named)
    try:
        x = np.asarray(images)
    except (ValueError, TypeError, RuntimeError) as error:  # a tensor on another device, and such
        raise DataError(f"the images in memory cannot be taken as an array: {error}") from error
    return collect_arrays([ArraySplit("", x, named, SOURCE)], source=SOURCE, kind="arrays")


def _find_list(images: list[object], labels: np.ndarray) -> Collection:
    """Return images that are one by one decoded as they are asked for."""
    odd = [
        place
        for place, each in enumerate(images)
        if not isinstance(each, (Image.Image, np.ndarray))
    ]
    if odd:
        raise DataError(
            f"image {odd[0]} of the list is {type(images[odd[0]]).__name__}; expected images of "
            "Pillow's or arrays"
        )
    names = name_labels(labels, len(images), SOURCE)
    classes, numbers = encode_labels(names, order=sort_numbers(names))
    held = [each for each in images if isinstance(each, (Image.Image, np.ndarray))]
    return Collection(
        source=SOURCE,
        kind="arrays",
        classes=classes,
        names=tuple(f"images/{place:05d}" for place in range(len(held))),
        labels=numbers,
        splits=("",) * len(held),
        content=FetchedImages(held.__getitem__, np.arange(len(held))),
    )
