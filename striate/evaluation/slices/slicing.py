"""By what images can be told apart into slices: columns, folders, size, shape, brightness."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from striate.data import Collection, Data, Images
from striate.errors import DataError
from striate.evaluation.classifier_evaluation import evaluate_found
from striate.evaluation.image_selection import ImageSelection, check_split, find_images
from striate.evaluation.metrics import Evaluation
from striate.evaluation.slices.slice_scores import SliceScores, score_slices
from striate.evaluation.test_uses import count_test_use
from striate.events import Callback, Note
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.progress_display import display_progress

MANY = 30  # different values of a column, beyond which numbers are cut into thirds
THIRDS = ("low", "middle", "high")
BATCH = 256


def evaluate_slices(
    model: ClassifierLike,
    data: Data,
    *,
    split: str | None = None,
    layout: str | None = None,
    zip_encoding: str | None = None,
    callback: Callback | None = None,
) -> tuple[Evaluation, SliceScores]:
    """Evaluate a classifier, and on which slices of the images it is surely worse.

    Slices are the values of each column of a list, sub-folders, thirds of size and of brightness,
    and shapes (upright, square, wide). Arguments and errors as for `evaluate`.

    Example: ``result, slices = st.evaluation.evaluate_slices("runs/photos", "photos.csv")``.
    """
    check_split(split)
    gathered: dict[str, list[str]] = {}

    def look(images: Images, collection: Collection, selection: ImageSelection) -> None:
        gathered.update(find_attributes(images, collection, selection.indices))

    with display_progress(None, callback) as tell:
        classifier = open_classifier(model)
        found = find_images(classifier, data, layout=layout, zip_encoding=zip_encoding)
        result = evaluate_found(classifier, found, split=split, callback=tell, look=look)
        if said := count_test_use(classifier, data, result):
            tell(Note(said))
            result = replace(result, notes=(*result.notes, said))
    if not result.images:
        raise DataError("no image was evaluated")
    return result, score_slices([one.correct for one in result.images], gathered)


def find_attributes(
    images: Images, collection: Collection, indices: np.ndarray
) -> dict[str, list[str]]:
    """Return of each attribute the value of each image, "" where it has none."""
    found: dict[str, list[str]] = {}
    for name, cells in collection.columns.items():
        values = _few([cells[index] for index in indices])
        if values is not None:
            found[name] = values
    if isinstance(collection.content, Path):
        folders = [str(PurePosixPath(collection.names[index]).parent) for index in indices]
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
    light = np.concatenate(
        [
            images.take(part).mean((1, 2, 3))
            for part in np.array_split(indices, max(1, len(indices) // BATCH))
        ]
    )
    found["brightness"] = _thirds(light, "{}")
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
    ranges = [words.format(f"{ends[k]:.3g} to {ends[k + 1]:.3g}") for k in range(3)]
    return [f"{THIRDS[k]} ({ranges[k]})" for k in place.tolist()]


def _size(path: Path) -> tuple[int, int] | None:
    """Return width and height from the file's header; None where it does not say."""
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, TypeError, IndexError, Image.DecompressionBombError):
        return None
