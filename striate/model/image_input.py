"""What may be given to `Classifier.predict`: one image or several, however they are held.

One rule tells arrays apart. NumPy arrays have their channels last: (rows, columns) and (rows,
columns, 1, 3 or 4) are one image, (n, rows, columns, 1, 3 or 4) are several; (n, rows, columns) are
n grey ones, unless n is 1, 3 or 4, which could as well be channels and is refused. Torch tensors
have them first: (rows, columns) and (1, 3 or 4, rows, columns) are one image, (n, 1, 3 or 4, rows,
columns) are several. A file of arrays, an npz or IDX as training takes them, is several too.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from striate.data.images import Source, ValueRanges
from striate.data.images.value_range import EXPECTED, find_black_and_white, to_uint8
from striate.data.sources.array_file_start import is_array_file
from striate.errors import DataError, ImageError

if TYPE_CHECKING:
    import torch

CHANNELS = (1, 3, 4)
OWN_VALUES = ValueRanges()
LEFT_ALONE = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True, eq=False)
class NamedImage:
    """One of the images that a file of arrays holds.

    Attributes:
        name: the file's and its own within it: "digits.npz/test/00017".
        values: (rows, columns) or (rows, columns, channels).
    """

    name: str
    values: np.ndarray


@dataclass(frozen=True)
class Refused:
    """A file of arrays that cannot be read, in the place of its images.

    Attributes:
        name: the file's.
        reason: in one line.
    """

    name: str
    reason: str


if TYPE_CHECKING:
    ImageInput = Source | torch.Tensor | NamedImage | Refused
    ImageInputs = ImageInput | list[ImageInput] | tuple[ImageInput, ...]


def arrange(given: ImageInputs, ranges: ValueRanges = OWN_VALUES) -> tuple[list[ImageInput], bool]:
    """Return the images that are given, and whether several could have been.

    Args:
        given: a path, a folder, bytes, an image of Pillow's, an array, a tensor, or a list.
        ranges: what is black and white in whole numbers of more than 8 bits, where that is known.

    Raises:
        DataError: a folder without a file.
        ImageError: an array or tensor of a shape or of values that no image has.

    >>> arrange(np.zeros((2, 8, 8, 3), np.uint8))[1], len(arrange(np.zeros((5, 8, 8)))[0])
    (True, 5)
    >>> arrange(np.zeros((3, 8, 8)))
    Traceback (most recent call last):
    striate.errors.ImageError: an array of shape 3x8x8 is 3 grey images or one ...
    """
    if isinstance(given, (list, tuple)):
        return list(given), True
    if isinstance(given, (str, Path)) and os.path.isdir(given):  # noqa: PTH112
        found = [image for name in walk_folder(str(given)) for image in open_arrays(name)]
        if not found:
            raise DataError(f"there is no file in the folder '{given}'; expected images")
        return found, True
    if isinstance(given, (str, Path)) and is_array_file(Path(given)):
        return list(open_arrays(str(given))), True
    values = to_source(given)
    if not isinstance(values, np.ndarray):
        return [values], False
    if values.ndim < 3 or (values.ndim == 3 and values.shape[2] in CHANNELS):
        return [values], False
    shape = "x".join(map(str, values.shape))
    if values.ndim == 3 and len(values) in CHANNELS:
        raise ImageError(
            f"an array of shape {shape} is {len(values)} grey images or one with its channels "
            "first: give list(array) for the images, array.transpose(1, 2, 0) for the one"
        )
    if values.ndim > 4 or (values.ndim == 4 and values.shape[3] not in CHANNELS):
        raise ImageError(
            f"an array of shape {shape} is no images; expected rows x columns, rows x columns x "
            "1, 3 or 4, or n of these"
        )
    if values.dtype.kind in "iu" and ranges.integers is not None:
        return list(values), True  # each is scaled by that when it is read
    return list(_scale_together(values)), True


def to_source(given: ImageInput) -> Source:
    """Return images as `Preprocess` takes them: of a tensor an array, its channels last."""
    if isinstance(given, (str, Path, bytes, Image.Image, np.ndarray)):
        return given
    if isinstance(given, NamedImage):
        return given.values
    if isinstance(given, Refused):
        raise ImageError(given.reason)
    torch = sys.modules.get("torch")  # who gives a tensor has loaded it
    if torch is None or not isinstance(given, torch.Tensor):
        raise ImageError(
            f"{type(given).__name__} is no image; expected a path, bytes, an image of Pillow's, "
            "an array or a tensor"
        )
    return _channels_last(given)


def _channels_last(tensor: torch.Tensor) -> np.ndarray:
    held = tensor.detach().cpu()
    values = np.asarray(held.float() if held.is_floating_point() else held)
    if values.ndim in (3, 4) and values.shape[-3] in CHANNELS:
        return np.moveaxis(values, -3, -1)
    if values.ndim == 2:
        return values
    shape = "x".join(map(str, values.shape)) or "no dimensions"
    raise ImageError(
        f"a tensor of shape {shape} is no image; expected channels first: 1, 3 or 4 x rows x "
        "columns, or n of these"
    )


def _scale_together(values: np.ndarray) -> np.ndarray:
    """Tell black and white by the range of all images together, as in training."""
    if values.dtype == np.uint8 or values.dtype.kind not in "buif" or not values.size:
        return values
    low, high = float(values.min()), float(values.max())
    ends = find_black_and_white(low, high, whole=values.dtype.kind in "bui")
    if ends is None:
        raise ImageError(
            f"the images hold values from {low:g} to {high:g}; expected {EXPECTED}; scale them, "
            "best to uint8"
        )
    return to_uint8(values, *ends)


def walk_folder(folder: str) -> Iterator[str]:
    """Return the files of a folder and of the folders in it, in sorted order, hidden ones aside.

    A folder that cannot be listed stands for what is in it, so that it is named too.
    """
    unlisted: list[str] = []
    for parent, folders, files in os.walk(folder, onerror=lambda e: unlisted.append(e.filename)):
        yield from unlisted
        unlisted.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name.lower() not in LEFT_ALONE:
                yield str(Path(parent) / name)
    yield from unlisted


def open_arrays(name: str) -> Iterator[ImageInput]:
    """Return the images of a file of arrays, or the name of any other file.

    Args:
        name: of a file, which need not be there.
    """
    if not is_array_file(Path(name)):
        yield name
        return
    from striate.data.sources.array_files import read_images

    try:
        images = read_images(Path(name))
    except DataError as error:
        yield Refused(name, str(error))
        return
    for place, values in images:
        yield NamedImage(f"{name}/{place}", values)


def name_of(source: ImageInput, number: int) -> str:
    """Return what an image is called: as its file, or by its number, counted from 1.

    >>> name_of("cat.jpg", 3), name_of(b"", 3)
    ('cat.jpg', 'image 3')
    """
    if isinstance(source, (NamedImage, Refused)):
        return source.name
    return str(source) if isinstance(source, (str, Path)) else f"image {number}"


def decode_ahead(
    sources: Iterable[ImageInput],
    decode: Callable[[Source], tuple[np.ndarray, tuple[str, ...]]],
    size: int,
) -> Iterator[list[tuple[str, np.ndarray | str, tuple[str, ...]]]]:
    """Return (name, pixels or the reason why not, remarks), a batch at a time, one ahead."""

    def one(numbered: tuple[int, ImageInput]) -> tuple[str, np.ndarray | str, tuple[str, ...]]:
        number, source = numbered
        name = name_of(source, number + 1)
        try:
            return name, *decode(to_source(source))
        except ImageError as error:
            return name, str(error), ()

    waiting = enumerate(sources)
    with ThreadPoolExecutor(thread_name_prefix="decode") as pool:
        ahead = [pool.submit(one, entry) for entry in itertools.islice(waiting, size)]
        while ahead:
            behind = ahead
            ahead = [pool.submit(one, entry) for entry in itertools.islice(waiting, size)]
            yield [future.result() for future in behind]
