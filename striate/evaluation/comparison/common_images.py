"""Which images classifiers are compared on: the same for all, and none that any learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.data import Collection, Images, find, format_count
from striate.errors import DataError, SettingError
from striate.evaluation.comparison.models import Contender
from striate.evaluation.selection import PARTS, Selection, matched, needed


@dataclass(frozen=True, eq=False)
class Ground:
    """Images whose classes all contenders know, before any is decoded.

    Attributes:
        collection: the images, with the classes as the data calls them.
        labels: int64 (images,) for each contender, in its own order of classes.
        answers: for each contender what its classes are called here, by their index.
        notes: what was left out and matched.
    """

    collection: Collection
    labels: tuple[np.ndarray, ...]
    answers: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def lay_out(contenders: Sequence[Contender], data: str | None, part: str | None) -> Ground:
    """Find the images to compare on and leave out those whose class one does not know.

    Args:
        contenders: the classifiers.
        data: where images are; None takes those of the runs.
        part: "train", "val", "test", "all", or None.

    Raises:
        SettingError: no data is given and the runs name none, or not the same.
        DataError: there is nothing to compare on.
    """
    if part is not None and part not in PARTS:
        raise SettingError(f"there is no part '{part}'; choose {', '.join(PARTS)}, or leave it out")
    collection = _found(contenders, data)
    notes: list[str] = []
    for contender in contenders:
        try:
            known, said = matched(collection, contender.model.classes, contender.model.ids)
        except DataError as error:
            raise DataError(f"'{contender.name}': {error}") from error
        notes += [f"'{contender.name}': {note}" for note in said]
        if len(known) < len(collection):
            kept = set(known.names)
            collection = collection.only(
                np.array([i for i, name in enumerate(collection.names) if name in kept], np.int64)
            )
    collection = collection.only(needed(collection, part))
    notes += _other_tasks(contenders)
    views = [
        matched(collection, contender.model.classes, contender.model.ids)[0].labels
        for contender in contenders
    ]
    truths = [collection.classes[label] for label in collection.labels]
    answers = tuple(
        _called(contender.model.classes, view, truths)
        for contender, view in zip(contenders, views, strict=True)
    )
    return Ground(collection, tuple(views), answers, tuple(notes))


def _found(contenders: Sequence[Contender], data: str | None) -> Collection:
    """Find the data given, else the data that all runs have learnt from."""
    if data is not None:
        return find(data)
    sources: dict[str, str] = {}  # with the first that learnt from it
    for contender in contenders:
        if contender.source is not None:
            sources.setdefault(contender.source, contender.name)
    if not sources:
        raise SettingError(
            f"'{contenders[0].name}' does not say which data it learnt from; say by --data (data= "
            "in Python) which images to compare on"
        )
    if len(sources) > 1:
        (one, first), (other, second) = list(sources.items())[:2]
        raise SettingError(
            f"'{first}' learnt from '{one}' and '{second}' from '{other}'; say by --data (data= in "
            "Python) which images to compare on"
        )
    ((source, name),) = sources.items()
    try:
        return find(source)
    except DataError as error:
        raise DataError(
            f"the images that '{name}' learnt from are not to be had: {error}; say by --data "
            "(data= in Python) where they are"
        ) from error


def _other_tasks(contenders: Sequence[Contender]) -> list[str]:
    """Say where the classifiers do not choose among the same classes."""
    if len({frozenset(contender.model.classes) for contender in contenders}) == 1:
        return []
    told = ", ".join(f"'{one.name}' among {len(one.model.classes):,}" for one in contenders)
    return [f"they do not choose among the same classes, so their tasks differ: {told}"]


def _called(classes: Sequence[str], labels: np.ndarray, truths: Sequence[str]) -> tuple[str, ...]:
    """Name a classifier's classes as the data does, where it does."""
    here = dict(zip(labels.tolist(), truths, strict=True))
    return tuple(here.get(number, name) for number, name in enumerate(classes))


def choose(
    contenders: Sequence[Contender],
    images: Sequence[Images],
    collection: Collection,
    *,
    part: str | None = None,
) -> Selection:
    """Choose the images that all can be compared on, and say what they are.

    Which images a classifier used is known by their pixels after its own preprocessing; what one
    of them learnt from is left out for all.

    Args:
        contenders: the classifiers.
        images: as each of them takes them, all of the collection.
        collection: their names and parts.
        part: the part asked for, or None.

    Raises:
        DataError: none is left.
    """
    usable = np.logical_and.reduce([own.usable for own in images])
    notes = [
        f"what '{one.name}' has learnt from is not known"
        for one in contenders
        if not one.model.seen
    ]
    lost = len(usable) - int(usable.sum())
    if lost:
        notes.append(f"{format_count(lost, 'file')} left out: not readable as an image")
    indices = np.flatnonzero(usable)
    learnt = _used(contenders, images, "train")
    words = f"{len(indices):,} images"
    if part in ("train", "all"):
        words += f" of {'the training part' if part == 'train' else 'all'}, not a test"
        notes += [
            f"'{one.name}' learnt from {int(own[indices].sum()):,} of them"
            for one, own in zip(contenders, learnt, strict=True)
            if own[indices].any()
        ]
        return Selection(indices, words, tuple(notes))
    any_learnt = np.logical_or.reduce(learnt)[indices]
    if any_learnt.any():
        by = [one.name for one, own in zip(contenders, learnt, strict=True) if own[indices].any()]
        notes.append(
            f"{int(any_learnt.sum()):,} of {len(indices):,} images were learnt from by "
            f"{_all_or(by, contenders)} and are left out for all"
        )
        indices = indices[~any_learnt]
    if not len(indices):
        raise DataError(
            f"nothing in '{collection.source}' is left to compare on: {'; '.join(notes)}; give "
            "other images by --data, or compare runs of the same --seed, which hold out the same"
        )
    kinds = set(collection.splits)
    kind = {"test": "test images", "val": "validation images"}.get(
        kinds.pop() if len(kinds) == 1 else "", "images"
    )
    words = f"{len(indices):,} {kind}"
    held = [int(own[indices].sum()) for own in _used(contenders, images, "val")]
    chose = [count * one.chose for one, count in zip(contenders, held, strict=True)]
    if all(one.model.seen for one in contenders) and not any(chose):
        words += f" that none of them {'learnt from' if any(held) else 'has seen'}"
    return Selection(indices, words, (*notes, *_choosers(contenders, chose, len(indices))))


def _used(contenders: Sequence[Contender], images: Sequence[Images], what: str) -> list[np.ndarray]:
    """Tell for each contender which images its run learnt from ("train") or held out ("val")."""
    empty = np.array([], np.uint64)
    return [
        np.isin(own.hashes, one.model.seen.get(what, empty)) & own.usable
        for one, own in zip(contenders, images, strict=True)
    ]


def _choosers(contenders: Sequence[Contender], chose: Sequence[int], n: int) -> list[str]:
    """Say whose best state was chosen by the images of the comparison."""
    if not any(chose):
        return []
    if all(count == n for count in chose):
        return ["they chose the best state of each, so expect slightly less of all on new images"]
    told = [
        f"{count:,} chose the best state of '{one.name}'"
        for one, count in zip(contenders, chose, strict=True)
        if count
    ]
    favoured = "it" if len(told) == 1 else "these"
    return [f"of these images {', '.join(told)}, which favours {favoured} a little"]


def _all_or(names: Sequence[str], contenders: Sequence[Contender]) -> str:
    if len(names) == len(contenders):
        return "both" if len(names) == 2 else "all of them"
    return " and ".join(f"'{name}'" for name in names)
