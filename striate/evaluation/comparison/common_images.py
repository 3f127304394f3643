"""Which images classifiers are compared on: the same for all, and none that any learnt from."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import numpy as np

from striate.data import Collection, Data, Images, format_count
from striate.errors import DataError, SettingError, join_words
from striate.evaluation.comparison.opened_models import OpenedModel
from striate.evaluation.image_selection import (
    ImageSelection,
    check_split,
    find_candidates,
    find_images,
    match_classes,
)


@dataclass(frozen=True, eq=False)
class CommonImages:
    """Images whose classes all models know, before any is decoded.

    Attributes:
        collection: the images, with the classes as the data calls them.
        labels: int64 (images,) for each model, in its own order of classes.
        answers: for each model what its classes are called here, by their index.
        notes: what was left out and matched.
        every: the names of all images of the data, of other splits and classes, too.
    """

    collection: Collection
    labels: tuple[np.ndarray, ...]
    answers: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    every: tuple[str, ...] = ()

    def only(self, names: Container[str]) -> CommonImages:
        """Return the images of these names alone."""
        kept = [i for i, name in enumerate(self.collection.names) if name in names]
        indices = np.array(kept, np.int64)
        return replace(
            self,
            collection=self.collection.only(indices),
            labels=tuple(own[indices] for own in self.labels),
        )


def find_common_images(
    models: Sequence[OpenedModel], data: Data | None, split: str | None
) -> CommonImages:
    """Return the images to compare on, without those whose class one of the models does not know.

    Args:
        models: the classifiers.
        data: where images are; None takes those of the runs.
        split: "train", "val", "test", "all", or None.

    Raises:
        SettingError: no data is given and the runs name none, or not the same.
        DataError: there is nothing to compare on.
    """
    check_split(split)
    collection = _find_data(models, data)
    every = collection.names
    notes: list[str] = []
    for model in models:
        try:
            known, said = match_classes(collection, model.classifier.classes, model.classifier.ids)
        except DataError as error:
            raise DataError(f"'{model.name}': {error}") from error
        notes += [f"'{model.name}': {note}" for note in said]
        if len(known) < len(collection):
            kept = set(known.names)
            collection = collection.only(
                np.array([i for i, name in enumerate(collection.names) if name in kept], np.int64)
            )
    collection = collection.only(find_candidates(collection, split))
    notes += _note_other_tasks(models)
    views = [
        match_classes(collection, model.classifier.classes, model.classifier.ids)[0].labels
        for model in models
    ]
    truths = [collection.classes[label] for label in collection.labels]
    answers = tuple(
        _name_classes(model.classifier.classes, view, truths)
        for model, view in zip(models, views, strict=True)
    )
    return CommonImages(collection, tuple(views), answers, tuple(notes), every)


def _find_data(models: Sequence[OpenedModel], data: Data | None) -> Collection:
    """Return the data given, else the data that all runs have learnt from."""
    if data is not None:
        return find_images(models[0].classifier, data)
    sources: dict[str, OpenedModel] = {}  # with the first that learnt from it
    for model in models:
        if model.source is not None:
            sources.setdefault(model.source, model)
    if not sources:
        raise SettingError(
            f"'{models[0].name}' does not say which data it learnt from; say by --data (data= "
            "in Python) which images to compare on"
        )
    if len(sources) > 1:
        (one, first), (other, second) = list(sources.items())[:2]
        raise SettingError(
            f"'{first.name}' learnt from '{one}' and '{second.name}' from '{other}'; say by --data "
            "(data= in Python) which images to compare on"
        )
    ((source, model),) = sources.items()
    try:
        return find_images(model.classifier, source)
    except DataError as error:
        raise DataError(
            f"the images that '{model.name}' learnt from are not to be had: {error}; say by --data "
            "(data= in Python) where they are"
        ) from error


def _note_other_tasks(models: Sequence[OpenedModel]) -> list[str]:
    """Describe where the classifiers do not choose among the same classes."""
    if len({frozenset(model.classifier.classes) for model in models}) == 1:
        return []
    told = ", ".join(f"'{one.name}' among {len(one.classifier.classes):,}" for one in models)
    return [f"they do not choose among the same classes, so their tasks differ: {told}"]


def _name_classes(
    classes: Sequence[str], labels: np.ndarray, truths: Sequence[str]
) -> tuple[str, ...]:
    """Name a classifier's classes as the data does, where it does."""
    here = dict(zip(labels.tolist(), truths, strict=True))
    return tuple(here.get(number, name) for number, name in enumerate(classes))


def select_common_images(
    models: Sequence[OpenedModel],
    images: Sequence[Images],
    collection: Collection,
    *,
    split: str | None = None,
) -> ImageSelection:
    """Return the images that all can be compared on, and what they are.

    Which images a classifier used is known by their pixels after its own preprocessing; what one
    of them learnt from is left out for all.

    Args:
        models: the classifiers.
        images: as each of them takes them, all of the collection.
        collection: their names and splits.
        split: the split asked for, or None.

    Raises:
        DataError: none is left.
    """
    usable = np.logical_and.reduce([own.usable for own in images])
    notes = [
        f"what '{one.name}' has learnt from is not known"
        for one in models
        if not one.classifier.seen
    ]
    lost = len(usable) - int(usable.sum())
    if lost:
        notes.append(f"{format_count(lost, 'file')} left out: not readable as an image")
    indices = np.flatnonzero(usable)
    learnt = _mark_used(models, images, "train")
    words = format_count(len(indices), "image")
    if split in ("train", "all"):
        words = f"{words} of the train split" if split == "train" else f"all {words}"
        words += ", not a test"
        notes += [
            f"'{one.name}' learnt from {int(own[indices].sum()):,} of them"
            for one, own in zip(models, learnt, strict=True)
            if own[indices].any()
        ]
        return ImageSelection(indices, words, tuple(notes))
    any_learnt = np.logical_or.reduce(learnt)[indices]
    if any_learnt.any():
        by = [one.name for one, own in zip(models, learnt, strict=True) if own[indices].any()]
        names = _list_names(by, models)
        notes.append(
            format_count(
                int(any_learnt.sum()),
                f"of {words} was learnt from by {names} and is left out for all",
                f"of {words} were learnt from by {names} and are left out for all",
            )
        )
        indices = indices[~any_learnt]
    if not len(indices):
        raise DataError(
            f"no image of '{collection.source}' is left to compare on: {'; '.join(notes)}; give "
            "other images by --data, or compare runs of the same --seed, which hold out the same"
        )
    kinds = set(collection.splits)
    kind = {"test": "test image", "val": "validation image"}.get(
        kinds.pop() if len(kinds) == 1 else "", "image"
    )
    words = format_count(len(indices), kind)
    held = [int(own[indices].sum()) for own in _mark_used(models, images, "val")]
    chose = [count * one.checkpoint_selected for one, count in zip(models, held, strict=True)]
    if all(one.classifier.seen for one in models) and not any(chose):
        if len(models) == 1:
            words += f" that {models[0].name} {'did not learn from' if any(held) else 'never saw'}"
        else:
            words += f" that none of them {'learnt from' if any(held) else 'has seen'}"
    return ImageSelection(indices, words, (*notes, *_note_checkpoints(models, chose, len(indices))))


def _mark_used(
    models: Sequence[OpenedModel], images: Sequence[Images], what: str
) -> list[np.ndarray]:
    """Return for each model which images its run learnt from ("train") or held out ("val")."""
    empty = np.array([], np.uint64)
    return [
        np.isin(own.hashes, one.classifier.seen.get(what, empty)) & own.usable
        for one, own in zip(models, images, strict=True)
    ]


def _note_checkpoints(models: Sequence[OpenedModel], chose: Sequence[int], n: int) -> list[str]:
    """Describe whose checkpoint was selected by the images of the comparison."""
    if not any(chose):
        return []
    if all(count == n for count in chose):
        whose = "each model" if len(models) > 1 else f"'{models[0].name}'"
        return [f"they also selected the checkpoint of {whose}, so this is slightly optimistic"]
    told = [
        f"{count:,} selected the checkpoint of '{one.name}'"
        for one, count in zip(models, chose, strict=True)
        if count
    ]
    favoured = "it" if len(told) == 1 else "these"
    return [f"of these images {', '.join(told)}, which favours {favoured} a little"]


def _list_names(names: Sequence[str], models: Sequence[OpenedModel]) -> str:
    if len(names) == len(models) > 1:
        return "both" if len(names) == 2 else "all of them"
    return join_words(f"'{name}'" for name in names)
