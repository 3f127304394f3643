"""Which image goes where: train, validation and test, with nothing leaking between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from striate.data.collection import Collection, Skipped, format_count, quote_few
from striate.data.groups import Groups
from striate.data.held_out import hold_out
from striate.data.images import Preprocess
from striate.data.loader import Images
from striate.errors import DataError, join_words


@dataclass(frozen=True, eq=False)
class Split:
    """The images of each split, as indices into the collection in its own order.

    Attributes:
        train: to learn from, int64.
        val: to choose the best state by, int64.
        test: to say at the end how good it is, int64; empty where the data has none.
        collection: the collection to go on with: the same images and indices, its classes
            only those that can be learnt. Labels of images of dropped classes are -1; none of
            them is in a split.
        notes: decisions taken, to be shown and recorded.
        skipped: usable images that are left out all the same, and why.
        groups: of all images of the collection, those that belong together; cross-validation
            keeps them on one side, too.
    """

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    collection: Collection
    notes: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    groups: Groups

    def by_name(self) -> dict[str, np.ndarray]:
        """Return the splits by name: train, val and test."""
        return {"train": self.train, "val": self.val, "test": self.test}


def split_stratified(
    collection: Collection,
    images: Images,
    *,
    seed: int = 0,
    fraction: float = 0.2,
    groups: Groups | None = None,
) -> Split:
    """Divide a collection into train, validation and test; leak-safe, stratified and seeded.

    What the data says of its splits is kept. Where it has no validation split, that fraction of
    each class of the training images becomes it. Images that look the same to the network
    never stand on two sides: those of train that are also in val or test, and those of val that
    are also in test, are left out; where val is taken out of train, equal images stay together, and
    so do groups. Which images are taken depends on names, groups, seed and fraction alone.

    Args:
        collection: from `find`.
        images: from `load`.
        seed: another one, another validation split.
        fraction: of the training images of each class, above 0 and below 1.
        groups: images that belong together; None where each stands alone.

    Raises:
        DataError: where there are not two classes to learn, or nothing to learn or validate on.

    >>> from striate.data import find, load
    >>> from striate.data.images import Preprocess
    >>> digits = find("digits")
    >>> split = split_stratified(digits, load(digits, Preprocess(channels=1, height=8, width=8)))
    >>> [len(indices) for indices in (split.train, split.val, split.test)]
    [1154, 288, 355]
    """
    if not 0 < fraction < 1:
        raise DataError(f"a validation fraction of {fraction:g}; expected above 0 and below 1")
    groups = groups or Groups.alone(len(collection))
    notes: list[str] = []
    skipped: list[Skipped] = []
    indices = {
        split: np.flatnonzero([each in names for each in collection.splits] & images.usable)
        for split, names in (("train", ("train", "")), ("val", ("val",)), ("test", ("test",)))
    }
    _refuse_untrainable(collection, images, indices)
    _leave_out_leaks(collection, images.hashes, indices, skipped, notes)
    collection, indices = _keep_learnable(collection, images, indices, skipped, notes)
    _tell_contradictions(collection, images.hashes, indices["train"], notes)
    if len(indices["val"]):
        _tell_missing(collection, indices["val"], "val", notes)
    else:
        held = hold_out(
            collection, images.hashes, indices["train"], groups, seed=seed, fraction=fraction
        )
        indices["val"] = held.indices
        indices["train"] = np.setdiff1d(indices["train"], held.indices)
        notes += held.notes
    if len(indices["test"]):
        _tell_missing(collection, indices["test"], "test", notes)
    return Split(
        train=indices["train"],
        val=indices["val"],
        test=indices["test"],
        collection=collection,
        notes=tuple(notes),
        skipped=tuple(skipped),
        groups=groups,
    )


def guess_training(
    collection: Collection,
    *,
    seed: int = 0,
    fraction: float = 0.2,
    groups: Groups | None = None,
) -> np.ndarray:
    """Return which images `split_stratified` will train on, before any of them is read.

    That is so where all can be read, no two are equal and no groups will be found; else it differs.

    Args:
        collection: from `find`.
        seed: as for `split_stratified`.
        fraction: as for `split_stratified`.
        groups: that are known before.

    Returns:
        bool (n,); nowhere True where the collection cannot be divided, which is told later.

    >>> from striate.data import find
    >>> int(guess_training(find("digits")).sum())
    1154
    """
    images = Images(collection, Preprocess(), mode="streamed", threads=1)
    images.hashes[:] = np.arange(len(collection))
    guessed = np.zeros(len(collection), np.bool_)
    with suppress(DataError):
        split = split_stratified(collection, images, seed=seed, fraction=fraction, groups=groups)
        guessed[split.train] = True
    return guessed


def _refuse_untrainable(
    collection: Collection, images: Images, indices: Mapping[str, np.ndarray]
) -> None:
    if not len(indices["train"]):
        unread = sum(split in ("train", "") for split in collection.splits)
        if unread:
            why = f"none of its {format_count(unread, 'training image')} can be read"
        else:
            why = f"it has only {quote_few(sorted(set(collection.splits)))}"
        mend = "put the images to learn from into train/, one folder a class"
        if not unread and not isinstance(collection.content, Path):
            mend = (
                "where the name of the file says so and all of its images are to learn from, give "
                "it a name without that word, else put such images beside them as train"
            )
        raise DataError(f"nothing to train on in {collection.source!r}: {why}; {mend}")


def _leave_out_leaks(
    collection: Collection,
    hashes: np.ndarray,
    indices: dict[str, np.ndarray],
    skipped: list[Skipped],
    notes: list[str],
) -> None:
    for split, others in (("val", ("test",)), ("train", ("test", "val"))):
        elsewhere = np.concatenate([indices[other] for other in others])
        if not np.isin(hashes[indices[split]], hashes[elsewhere]).any():
            continue
        seen: dict[int, tuple[str, int]] = {}
        for other in others:
            for index in indices[other].tolist():
                seen.setdefault(int(hashes[index]), (other, index))
        leaks = [index for index in indices[split].tolist() if int(hashes[index]) in seen]
        if split == "train" and leaks and len(leaks) == len(indices["train"]):
            _keep_train(collection, hashes, indices, skipped, notes)
            return
        for index in leaks:
            other, twin = seen[int(hashes[index])]
            skipped.append(
                Skipped(
                    collection.names[index],
                    f"the same image as {collection.names[twin]!r} in {other}",
                )
            )
        if leaks:
            where = join_words(sorted({seen[int(hashes[index])][0] for index in leaks}), "or")
            verb = "is" if len(leaks) == 1 else "are"
            notes.append(
                f"{format_count(len(leaks), 'image')} of {split} {verb} also in {where} and left "
                f"out of {split}: {quote_few(collection.names[index] for index in leaks)}"
            )
            indices[split] = np.setdiff1d(indices[split], leaks)


def _keep_train(
    collection: Collection,
    hashes: np.ndarray,
    indices: dict[str, np.ndarray],
    skipped: list[Skipped],
    notes: list[str],
) -> None:
    """Leave copies of training images out of val and test, where train has nothing else."""
    for other in ("val", "test"):
        copies = indices[other][np.isin(hashes[indices[other]], hashes[indices["train"]])]
        if not len(copies):
            continue
        reason = "the same image as one of train, which holds nothing else"
        skipped += [Skipped(collection.names[index], reason) for index in copies.tolist()]
        indices[other] = np.setdiff1d(indices[other], copies)
        notes.append(
            f"every training image is also in {other} or another split, so these "
            f"{format_count(len(copies), 'image')} are left out of {other}, where they would "
            f"measure nothing: {quote_few(collection.names[index] for index in copies.tolist())}"
        )


def _keep_learnable(
    collection: Collection,
    images: Images,
    indices: dict[str, np.ndarray],
    skipped: list[Skipped],
    notes: list[str],
) -> tuple[Collection, dict[str, np.ndarray]]:
    """Drop the classes without a training image, and their images elsewhere."""
    learnt = set(collection.labels[indices["train"]].tolist())
    if len(learnt) < 2:
        _refuse_one_class(collection, images, learnt)
    if len(learnt) == len(collection.classes):
        return collection, indices
    told: list[str] = []
    for label, name in enumerate(collection.classes):
        if label in learnt:
            continue
        mine = np.flatnonzero(collection.labels == label)
        elsewhere = [
            index
            for split in ("val", "test")
            for index in indices[split].tolist()
            if collection.labels[index] == label
        ]
        reason = f"its class {name!r} has no training images"
        skipped += [Skipped(collection.names[index], reason) for index in elsewhere]
        told.append(_why_dropped(collection, images, name, mine, len(elsewhere)))
    notes += told[:10]
    if len(told) > 10:
        notes.append(f"{len(told) - 10:,} more classes are left out likewise")
    kept = sorted(learnt)
    place = np.full(len(collection.classes), -1, np.int64)
    place[kept] = np.arange(len(kept))
    reduced = dataclasses.replace(
        collection,
        classes=tuple(collection.classes[label] for label in kept),
        labels=place[collection.labels],
    )
    return reduced, {split: each[reduced.labels[each] >= 0] for split, each in indices.items()}


def _why_dropped(
    collection: Collection, images: Images, name: str, mine: np.ndarray, elsewhere: int
) -> str:
    unread = int((~images.usable[mine]).sum())
    if unread == len(mine):
        found = "its file" if unread == 1 else f"none of its {format_count(unread, 'file')}"
        why = f"{found} can{'not' if unread == 1 else ''} be read"
    else:
        why = "it has no training images"
    twin = [
        other
        for other in collection.classes
        if other != name and other.casefold().strip() == name.casefold().strip()
    ]
    hint = f"; is it the same as {twin[0]!r}?" if twin else ""
    left = f", and with it {format_count(elsewhere, 'image')} of val and test" if elsewhere else ""
    return f"class {name!r} is left out{left}: {why}{hint}"


def _refuse_one_class(collection: Collection, images: Images, learnt: set[int]) -> None:
    only = [collection.classes[label] for label in sorted(learnt)]
    empty = [
        name
        for label, name in enumerate(collection.classes)
        if label not in learnt and not images.usable[collection.labels == label].any()
    ]
    told = f"; of {quote_few(empty)} no file can be read" if empty else ""
    raise DataError(
        f"only one class with training images in {collection.source!r} ({quote_few(only)}){told}: "
        "telling images apart takes two; add a folder with images of something else"
    )


def _tell_contradictions(
    collection: Collection, hashes: np.ndarray, train: np.ndarray, notes: list[str]
) -> None:
    if len(np.unique(hashes[train])) == len(train):
        return
    labels: dict[int, int] = {}
    names: dict[int, str] = {}
    told: list[str] = []
    for index in train.tolist():
        value = int(hashes[index])
        if labels.setdefault(value, int(collection.labels[index])) != collection.labels[index]:
            told.append(f"{names[value]} = {collection.names[index]}")
        names.setdefault(value, collection.names[index])
    if told:
        which = format_count(len(told), "image stands", "images stand")
        notes.append(f"{which} in two classes of train at once: {quote_few(told)}")


def _tell_missing(
    collection: Collection, indices: np.ndarray, split: str, notes: list[str]
) -> None:
    present = set(collection.labels[indices].tolist())
    absent = [name for label, name in enumerate(collection.classes) if label not in present]
    if absent:
        which = format_count(len(absent), "class has", "classes have")
        notes.append(
            f"{which} no images in {split}, so nothing is measured of: {quote_few(absent)}"
        )
