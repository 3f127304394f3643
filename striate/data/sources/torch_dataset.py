"""A torch Dataset of (image, label): every label is read once, images when they are needed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from striate.data.collection import Collection, FetchedImages, encode_labels, sort_numbers
from striate.data.images import Source
from striate.data.sources.array_images import name_labels
from striate.errors import DataError

if TYPE_CHECKING:
    from torch.utils.data import Dataset

SOURCE = "dataset in memory"


def find_torch_dataset(dataset: Dataset[tuple[object, object]]) -> Collection:
    """Return the images of a torch Dataset, each item of which is (image, label).

    An image is one of Pillow's, an array (rows, columns) or (rows, columns, channels), or a tensor
    (channels, rows, columns). Where the dataset has ``classes``, as torchvision's have, whole
    numbers are places in these. It is asked for one item at a time, first for all labels, then
    for the images; an image must be the same each time, so it must not be changed at random.

    Raises:
        DataError: it has no length, an item is no such pair, or a label makes no sense.
    """
    try:
        count = len(dataset)  # type: ignore[arg-type]
    except (TypeError, NotImplementedError) as error:
        raise DataError(
            "the dataset has no length; expected one whose items are numbered"
        ) from error
    if not count:
        raise DataError("the dataset is empty; expected items (image, label)")
    # so each image is decoded twice; a list of labels has another name in every library
    labels = [_pair(dataset[index], index)[1] for index in range(count)]
    names = name_labels(np.asarray(labels), count, SOURCE)
    told = _class_names(dataset)
    names = _in_words(told, labels) or names
    # the dataset's own order, by which its labels are numbers
    order = told if set(names) <= set(told) else sort_numbers(names)
    classes, numbers = encode_labels(names, order=order)
    lock = threading.Lock()  # few datasets were made for several threads

    def fetch(index: int) -> Source:
        with lock:
            return _pair(dataset[index], index)[0]

    return Collection(
        source=SOURCE,
        kind="dataset",
        classes=classes,
        names=tuple(f"images/{place:05d}" for place in range(count)),
        labels=numbers,
        splits=("",) * count,
        content=FetchedImages(fetch, np.arange(count)),
    )


def _pair(item: object, index: int) -> tuple[Source, object]:
    """Return an item's image, as it can be read, and its label."""
    import torch

    if not isinstance(item, (tuple, list)) or len(item) != 2:
        raise DataError(
            f"item {index} of the dataset is {type(item).__name__}; expected (image, label)"
        )
    image, label = item
    if isinstance(label, torch.Tensor):
        label = label.item() if label.numel() == 1 else label
    if isinstance(image, torch.Tensor):
        values = image.detach().cpu().numpy()
        image = np.moveaxis(values, 0, -1) if values.ndim == 3 else values
    if not isinstance(image, (Image.Image, np.ndarray)):
        raise DataError(
            f"the image of item {index} of the dataset is {type(image).__name__}; expected one of "
            "Pillow's, an array or a tensor"
        )
    return image, label


def _class_names(dataset: object) -> tuple[str, ...]:
    """Return the names that a dataset has for its classes, in its order; () where it has none."""
    classes = getattr(dataset, "classes", None)
    named = isinstance(classes, (list, tuple)) and len(set(classes)) == len(classes)
    return tuple(map(str, classes)) if named and classes else ()


def _in_words(classes: Sequence[str], labels: Sequence[object]) -> list[str]:
    """Return the name of each label, by the names that a dataset has; [] where it has none."""
    places = [int(label) for label in labels if isinstance(label, (int, np.integer))]
    if len(places) < len(labels) or not 0 <= min(places) <= max(places) < len(classes):
        return []
    return [classes[place] for place in places]
