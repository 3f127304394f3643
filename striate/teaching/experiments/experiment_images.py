"""The images of an experiment: decoded once, few enough, learnt from and tested apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from striate.data import (
    Collection,
    Images,
    Split,
    find,
    find_value_ranges,
    format_count,
    load,
    split_stratified,
    survey,
)
from striate.data.images import Preprocess
from striate.events import Callback, Note
from striate.settings import Settings
from striate.settings.texts import ImageSize
from striate.teaching.experiments.design import Given, Pixels
from striate.terminal.progress import ProgressReporter
from striate.training import defaults

MOST_TESTED = 2000  # test images; each is looked at many times over
HELD_OUT = 0.2  # of what may be learnt from, to choose the best state by


@dataclass(frozen=True, eq=False)
class Material:
    """Images of one size, in memory.

    Attributes:
        collection: their names, labels and splits ("train" or "test").
        images: the same, loaded.
        preprocess: their shape; its mean and std mean nothing yet.
        pixels: uint8 (images, rows, columns, channels).
        fingerprint: of pixels, labels and splits.
    """

    collection: Collection
    images: Images
    preprocess: Preprocess
    pixels: Pixels
    fingerprint: str

    def split(self, seed: int) -> Split:
        """Divide them; the test split is the same for every seed, what is held out is not."""
        return split_stratified(self.collection, self.images, seed=seed, fraction=HELD_OUT)

    def describe_shape(self) -> Given:
        """Describe what an experiment is designed for."""
        split = self.split(0)
        classes = len(split.collection.classes)
        labels = split.collection.labels[np.concatenate([split.train, split.val])]
        fewest = int(np.bincount(labels, minlength=classes).min())
        return Given(self.preprocess.shape, classes, self._compute_ground(), fewest)

    def describe(self) -> str:
        """Describe what they are, in a line."""
        split = self.split(0)
        channels, rows, columns = self.preprocess.shape
        name = Path(self.collection.source).name
        return (
            f"{name}: {format_count(len(split.train), 'image')} of {channels}x{rows}x{columns} to "
            f"learn from, {len(split.val):,} to choose the best state by, {len(split.test):,} "
            "to test"
        )

    def _compute_ground(self) -> tuple[int, ...]:
        """Return the median of the pixels along the border, a channel."""
        edge = [self.pixels[:, 0], self.pixels[:, -1], self.pixels[:, :, 0], self.pixels[:, :, -1]]
        along = np.concatenate([each.reshape(-1, each.shape[-1]) for each in edge])
        return tuple(int(value) for value in np.median(along, axis=0))


def gather_images(
    data: str | Path,
    *,
    most: int,
    size: ImageSize | None,
    callback: Callback,
    check: Callable[[Given], object] = lambda given: None,
) -> Material:
    """Read the images of an experiment.

    Args:
        data: what ``striate train`` takes.
        most: images to learn from at most; they are drawn by lot, the same each time.
        size: rows, or rows x columns; None keeps that of the images, up to 128.
        callback: is told decisions and progress.
        check: refuses what no experiment can be made of, before the images are read; the
            ground is not known yet and given as 0.

    Raises:
        DataError: the data cannot be used.

    >>> material = gather_images("digits", most=500, size=None, callback=lambda event: None)
    >>> material.pixels.shape, material.describe_shape().ground
    ((855, 8, 8, 1), (0,))
    """

    def note(text: str) -> None:
        callback(Note(text))

    collection = find(data)
    for text in collection.notes:
        note(text)
    looks = survey(collection)
    preprocess = defaults.preprocess_for(looks, Settings(image_size=size), None, note)
    preprocess = preprocess.with_value_ranges(find_value_ranges(collection, looks, note))
    collection = _mark_test_images(collection, note)
    collection = collection.only(_draw_sample(collection, most, note))
    learnt = [
        label
        for label, split in zip(collection.labels, collection.splits, strict=True)
        if split == "train"
    ]
    check(Given(preprocess.shape, len(set(learnt)), (0,) * preprocess.channels))
    images = load(collection, preprocess, progress=ProgressReporter("reading", callback))
    usable = np.flatnonzero(images.usable)
    if len(usable) < len(images):
        note(f"{format_count(len(images) - len(usable), 'image')} cannot be read and left out")
    pixels = np.ascontiguousarray(np.moveaxis(images.take(usable), 1, -1))
    material = make_material(collection.only(usable), preprocess, pixels)
    for text in material.split(0).notes:
        note(text)
    return material


def make_material(collection: Collection, preprocess: Preprocess, pixels: Pixels) -> Material:
    """Return material of a collection whose images are these, decoded and changed at will."""
    channels, (rows, columns) = pixels.shape[3], pixels.shape[1:3]
    preprocess = replace(preprocess, channels=channels, height=rows, width=columns)
    content = pixels[..., 0] if channels == 1 else pixels
    collection = replace(collection, content=content, kind="npz")
    total = hashlib.sha256(repr((pixels.shape, collection.splits)).encode())
    total.update(pixels.tobytes() + collection.labels.tobytes())
    images = load(collection, preprocess)
    return Material(collection, images, preprocess, pixels, total.hexdigest()[:32])


def _mark_test_images(collection: Collection, note: defaults.Say) -> Collection:
    """Make every image "train" or "test"; where there is no test split, one is taken."""
    splits = set(collection.splits)
    if "test" in splits:
        tested = np.array([split == "test" for split in collection.splits])
    elif "val" in splits:
        note("no test split in the data: its validation split is tested on")
        tested = np.array([split == "val" for split in collection.splits])
    else:
        lots = np.random.Generator(np.random.Philox(key=[0, 5])).random(len(collection))
        tested = np.zeros(len(collection), np.bool_)
        for label in np.unique(collection.labels):
            mine = np.flatnonzero(collection.labels == label)
            tested[mine[np.argsort(lots[mine])[: len(mine) // 5]]] = True
        note(
            "no test split in the data: a fifth of each class is tested on, the same for every seed"
        )
    return replace(collection, splits=tuple("test" if each else "train" for each in tested))


def _draw_sample(collection: Collection, most: int, note: defaults.Say) -> np.ndarray:
    """Draw the images that are used, the same each time."""
    generator = np.random.Generator(np.random.Philox(key=[0, 4]))
    chosen = []
    for split, bound, use in (("train", most, "learn from"), ("test", MOST_TESTED, "test on")):
        there = np.flatnonzero([each == split for each in collection.splits])
        if len(there) > bound:
            note(f"{bound:,} of {format_count(len(there), 'image')} are drawn to {use}")
            there = generator.choice(there, bound, replace=False)
        chosen.append(there)
    return np.sort(np.concatenate(chosen))
