"""The images by which a network is quantized: some set its ranges, others measure what is lost.

No image does both. What is lost is measured, where there are enough of them, on images that the
classifier has not learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from striate.data import Collection, Data, Images, format_count, load
from striate.errors import DataError, join_words
from striate.evaluation.image_selection import find_images, match_classes, note_missing_classes
from striate.events import Callback, Note
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter

LEAST = 16  # images of either kind
MOST = 128  # that set the ranges
MOST_MEASURED = 2000
MEMORY = 2**28  # bytes of decoded images that are kept; the rest is decoded again
SEED = 0  # of which are taken where there are more


@dataclass(frozen=True, eq=False)
class CalibrationImages:
    """Decoded images of known classes.

    Attributes:
        images: decoded with the classifier's preprocessing.
        labels: int64, the class of each.
        ranges: int64, which of them set the ranges.
        measured: int64, which of them the forms are measured on.
        words: what those are: "153 images that it has not learnt from".
    """

    images: Images = field(repr=False)
    labels: np.ndarray = field(repr=False)
    ranges: np.ndarray
    measured: np.ndarray
    words: str


@contextmanager
def open_calibration_images(
    classifier: Classifier, data: Data, callback: Callback
) -> Iterator[CalibrationImages]:
    """Read the images of a folder, of a class each, for as long as the block lasts.

    Args:
        classifier: that is quantized.
        data: whatever training takes; classes are matched by name.
        callback: is told notes and progress.

    Raises:
        DataError: there is no image, there are too few, or all are of one class.
    """
    found = find_images(classifier, data)
    collection, notes = match_classes(found, classifier.classes, classifier.ids)
    collection = collection.only(thin_out(collection))
    report = ProgressReporter("reading", callback)
    with load(collection, classifier.preprocess, memory=MEMORY, progress=report) as images:
        usable = np.flatnonzero(images.usable)
        unread = len(images.skipped)
        if unread:
            first = images.skipped[0]
            notes += (
                f"left out, as they cannot be read as an image: {unread:,} of "
                f"{format_count(len(collection), 'file')}: '{first.name}' ({first.reason})"
                + (f" and {unread - 1:,} more" if unread > 1 else ""),
            )
        labels = collection.labels
        _check(collection, usable, unread)
        learnt = np.isin(images.hashes, classifier.seen.get("train", np.array([], np.uint64)))
        ranges, measured, words = divide(
            labels, np.array(collection.splits), usable, learnt if classifier.seen else None
        )
        notes += note_missing_classes(collection, usable)
        for note in (*found.notes, *notes):
            callback(Note(note))
        yield CalibrationImages(images, labels, ranges, measured, words)


def thin_out(collection: Collection) -> np.ndarray:
    """Return which images are read: all of a small collection, a random part of a large one."""
    splits = np.array(collection.splits)
    mixed = np.random.default_rng(SEED).permutation(len(collection))
    held = np.isin(splits[mixed], ("val", "test"))
    if not held.any() or held.all():
        return np.sort(mixed[: MOST + MOST_MEASURED])
    chosen = np.concatenate([mixed[~held][: 2 * MOST], mixed[held][:MOST_MEASURED]])
    return np.sort(chosen)


def divide(
    labels: np.ndarray, splits: np.ndarray, usable: np.ndarray, learnt: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, str]:
    """Return which images set the ranges, which are measured on, and what the latter are.

    Args:
        labels: int64, the class of each image.
        splits: the split of each, "" where the data has none.
        usable: int64, which can be read.
        learnt: bool, which the classifier has learnt from; None where that is not known.

    >>> labels, splits = np.tile([0, 1], 32), np.repeat(["train", "test"], 32)
    >>> ranges, measured, words = divide(labels, splits, np.arange(64), None)
    >>> int(ranges.max()), int(measured.min()), words
    (31, 32, '32 images of the test split; what the classifier has learnt from is not known')
    """
    unknown = "; what the classifier has learnt from is not known"
    held = np.isin(splits[usable], ("val", "test"))
    if learnt is not None and _enough(~learnt[usable]):
        new = usable[~learnt[usable]]
        return (
            usable[learnt[usable]],
            new,
            f"{format_count(len(new), 'image')} that it has not learnt from",
        )
    if _enough(held):
        measured = usable[held]
        names = sorted(set(splits[measured].tolist()))
        noun = "split" if len(names) == 1 else "splits"
        words = f"{format_count(len(measured), 'image')} of the {join_words(names)} {noun}"
        return usable[~held], measured, words + (unknown if learnt is None else "")
    mixed = usable[np.random.default_rng(SEED).permutation(len(usable))]
    order = mixed[np.argsort(labels[mixed], kind="stable")]
    ranges, measured = np.sort(order[::2]), np.sort(order[1::2])
    words = format_count(len(measured), "image")
    if learnt is None:
        return ranges, measured, words + unknown
    known = int(learnt[measured].sum())
    if known:
        words += f", {known:,} of which it has learnt from: only the difference means something"
    else:
        words += " that it has not learnt from"
    return ranges, measured, words


def spread(labels: np.ndarray, indices: np.ndarray, most: int = MOST) -> np.ndarray:
    """Return at most so many of the indices, the classes taken in turns.

    >>> spread(np.array([0, 0, 0, 0, 1, 1]), np.arange(6), 4)
    array([0, 1, 4, 5])
    """
    rank = np.zeros(len(indices), np.int64)
    for label in np.unique(labels[indices]):
        own = labels[indices] == label
        rank[own] = np.arange(own.sum())
    return np.sort(indices[np.argsort(rank, kind="stable")[:most]])


def give_pixels(
    taken: Callable[[np.ndarray], np.ndarray], indices: np.ndarray
) -> Iterator[np.ndarray]:
    """Give images one by one, float32 (channels, height, width), a few decoded at a time."""
    for start in range(0, len(indices), LEAST):
        yield from np.asarray(taken(indices[start : start + LEAST]), np.float32)


def _enough(chosen: np.ndarray) -> bool:
    return bool(chosen.sum() >= LEAST and (~chosen).sum() >= LEAST)


def _check(collection: Collection, usable: np.ndarray, unread: int) -> None:
    """Refuse images that are too few, or say nothing of accuracy."""
    least = 2 * LEAST
    where = f"'{collection.source}'"
    lost = f" ({unread:,} more cannot be read)" if unread else ""
    if len(usable) < least:
        raise DataError(
            f"{where} has {len(usable):,} images to calibrate by{lost}; at least {least} are "
            "needed, half of them to set the ranges and half to measure what is lost, and 200 are "
            "better"
        )
    there = np.unique(collection.labels[usable])
    if len(there) == 1 and len(collection.classes) > 1:
        raise DataError(
            f"all {len(usable):,} images of {where} are of the class "
            f"'{collection.classes[there[0]]}'; calibrating needs images of every class, as they "
            "will come in use: a folder with one folder a class"
        )
