"""By what images can be told apart into slices: columns, folders, size, shape, brightness."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from striate.data import Collection
from striate.data.images import measure
from striate.errors import ImageError

MANY = 30  # different values of a column, beyond which numbers are cut into thirds
THIRDS = ("low", "middle", "high")


def find_attributes(
    collection: Collection, indices: np.ndarray, brightness: np.ndarray
) -> dict[str, list[str]]:
    """Return of each attribute the value of each image, "" where it has none.

    Folders that hold one class each are left out: the scores of the classes say the same.

    Args:
        collection: the images.
        indices: which of them.
        brightness: float (n,), the mean of each one's values, 0 to 255.
    """
    found: dict[str, list[str]] = {}
    for name, cells in collection.columns.items():
        values = _few([cells[index] for index in indices])
        if values is not None:
            found[name] = values
    if isinstance(collection.content, Path):
        folders = [str(PurePosixPath(collection.names[index]).parent) for index in indices]
        pairs = set(zip(folders, collection.labels[indices].tolist(), strict=True))
        if len(pairs) > len(set(folders)):
            found["folder"] = folders
        sizes = [_size(collection.content / collection.names[index]) for index in indices]
        if all(size is not None for size in sizes):
            both = np.array(sizes, np.float64)
            found["size"] = _thirds(both.min(1), "{} px")
            shape = both[:, 0] / both[:, 1]
            found["shape"] = [
                "wide" if each > 1.1 else "upright" if each < 1 / 1.1 else "square"
                for each in shape.tolist()
            ]
    found["brightness"] = _thirds(brightness, "{}")
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def _few(cells: list[str]) -> list[str] | None:
    """Return the values of a column, many numbers in thirds; None where there are too many."""
    if len(set(cells)) <= MANY:
        return cells
    try:
        return _thirds(np.array([float(each) for each in cells]), "{}")
    except ValueError:
        return None


def _thirds(values: np.ndarray, words: str) -> list[str]:
    """Return in which third each value lies, with the range of the third."""
    ends = np.quantile(values, [0, 1 / 3, 2 / 3, 1])
    place = np.searchsorted(ends[1:3], values, side="left")
    said = [f"{end:.3g}" if abs(end) < 1000 else f"{end:,.0f}" for end in ends.tolist()]
    ranges = [words.format(f"{said[k]} to {said[k + 1]}") for k in range(3)]
    return [f"{THIRDS[k]} ({ranges[k]})" for k in place.tolist()]


def _size(path: Path) -> tuple[int, int] | None:
    """Return width and height of the upright image; None where its header does not say."""
    try:
        size = measure(path)
    except ImageError:
        return None
    return size.columns, size.rows
