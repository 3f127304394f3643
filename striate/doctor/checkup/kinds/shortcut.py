"""A class that is told apart by how its images were made: their size, format, light or border.

A network learns whatever tells the classes of the folder apart. Where the size of the file does
it, the network need not look at what is on the image, and fails on images from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from striate.doctor.checkup.checkup import Checkup
from striate.doctor.image_finding import ImageFinding
from striate.terminal.units import format_percent

BINS: Final = 8  # into which a number is sorted, of equally many images each
FOLDS: Final = 5
ABOVE: Final = 0.25  # of what is left between guessing and certainty, that a sign alone explains
LEAST: Final = 20  # images a class, below which chance does the same
SHOWN: Final = 4


def find_shortcuts(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give the signs of the file or its light by which classes are told apart, the surest first."""
    labels = checkup.collection.labels[checkup.there]
    counts = np.bincount(labels, minlength=len(checkup.collection.classes))
    usable = np.flatnonzero(counts >= LEAST)
    if len(usable) < 2:
        return
    mine = np.flatnonzero(np.isin(labels, usable))
    truth = np.searchsorted(usable, labels[mine])
    guess = 1 / len(usable)
    found = []
    for name, values in _signs(checkup, checkup.there[mine]).items():
        recalls = _recalls(values, truth, len(usable))
        balanced = float(recalls.mean())
        if (balanced - guess) / (1 - guess) >= ABOVE:
            found.append((balanced, name, values, recalls))
    for balanced, name, values, recalls in sorted(found, key=lambda each: -each[0]):
        best = int(recalls.argmax())
        of = checkup.collection.classes[int(usable[best])]
        told = (
            f"{name} alone tells the class of {format_percent(balanced)} of the images (mean over "
            f"classes; guessing {format_percent(guess)}); {_describe(values, truth, best, of)}"
        )
        first = checkup.there[mine][truth == best][:SHOWN]
        yield ImageFinding("shortcut", told, tuple(checkup.found(int(i)) for i in first))


def _signs(checkup: Checkup, indices: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each image can be told by without looking at what is on it."""
    signs = checkup.measured[indices]
    pixels = signs["rows"].astype(np.float64) * signs["columns"]
    found = {
        "the number of pixels": pixels,
        "the proportion of the sides": signs["columns"] / np.maximum(signs["rows"], 1),
        "the brightness": signs["brightness"],
        "the contrast": signs["contrast"],
        "the brightness of the border": signs["border"],
        "the format of the file": np.unique(signs["format"], return_inverse=True)[1],
    }
    if signs["size"].any():
        found["the number of bytes per pixel"] = signs["size"] / np.maximum(pixels, 1)
    return {name: values for name, values in found.items() if len(np.unique(values)) > 1}


def _recalls(values: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of each class that is told by one number, on images left out."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, values, side="right")
    fold = np.random.default_rng(0).permutation(len(values)) % FOLDS
    right = np.zeros(len(values), np.bool_)
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        table = np.zeros((bins.max() + 1, classes))
        np.add.at(table, (bins[train], truth[train]), 1.0)
        table /= np.maximum(table.sum(0), 1)  # as if all classes had as many images
        right[test] = table.argmax(1)[bins[test]] == truth[test]
    return np.array([right[truth == label].mean() for label in range(classes)])


def _describe(values: np.ndarray, truth: np.ndarray, label: int, name: str) -> str:
    """Return how the numbers of one class lie beside those of the others."""
    own, others = np.median(values[truth == label]), np.median(values[truth != label])
    if float(own) == float(others) or np.issubdtype(values.dtype, np.integer):
        return f"above all that of {name!r}"
    return f"the middle of {name!r} is {own:,.3g}, of the others {others:,.3g}"
