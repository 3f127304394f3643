"""Which images a classifier is judged on, and the judging.

Never quietly the images it learnt from: the test part where the data has one, else the
validation part, else, of data the run has used, the images it held out. What was taken is said
in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from striate.data import Collection, Images, Split, find, format_count, load, prefetch
from striate.errors import DataError, SettingError
from striate.evaluation.metrics import Evaluation, score
from striate.events import Callback, Note, ignore
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter

BATCH = 64
PARTS = ("train", "val", "test", "all")
CHOSEN_BY = "they chose the best state, so expect slightly less on new images"
UNKNOWN = "what the classifier has learnt from is not known"


@dataclass(frozen=True)
class Selection:
    """Which images are judged.

    Attributes:
        indices: int64, into the collection.
        words: what they are: "360 test images the run never saw".
        notes: what was left out and why.
    """

    indices: np.ndarray
    words: str
    notes: tuple[str, ...] = ()


def evaluate(
    model: Classifier, data: str | Path, *, part: str | None = None, callback: Callback = ignore
) -> Evaluation:
    """Judge a classifier on images whose classes are known.

    Args:
        model: the classifier.
        data: whatever training takes: a folder, IDX, npz, CSV, zip, or "digits". Classes are
            matched by name, or by the classifier's ids of them.
        part: "train", "val", "test" or "all" to choose; None takes the test part where there is
            one, else validation, else what training has not used.
        callback: is told how far the work is.

    Raises:
        DataError: nothing is left to judge, or no class is the classifier's.
        SettingError: there is no such part.

    Example: ``evaluate(load("runs/digits"), "digits").accuracy``.
    """
    if part is not None and part not in PARTS:
        raise SettingError(f"there is no part '{part}'; choose {', '.join(PARTS)}, or leave it out")
    collection, notes = matched(find(data), model.classes, model.ids)
    wanted = needed(collection, part)
    collection = collection.only(wanted)
    reporter = ProgressReporter("reading", callback)
    with load(collection, model.preprocess, progress=reporter) as images:
        chosen = select(
            collection.splits, images.hashes, usable=images.usable, seen=model.seen, part=part
        )
        notes += chosen.notes
        if images.skipped:
            notes += (
                f"{format_count(len(images.skipped), 'file')} left out: not readable as an image",
            )
        notes += absent(collection, chosen.indices)
        if model.engine.note:
            notes += (model.engine.note,)
        for note in notes:
            callback(Note(note))
        if not len(chosen.indices):
            raise DataError(
                f"nothing in '{data}' is left to judge: " + "; ".join(notes or ("no images",))
            )
        result = judge(model, images, collection, chosen, callback=callback)
    return replace(result, notes=notes + result.notes)


def absent(collection: Collection, indices: np.ndarray) -> tuple[str, ...]:
    """Say where not every class of the classifier has an image to be judged on."""
    there = [collection.classes[label] for label in np.unique(collection.labels[indices])]
    if not there or len(there) == len(collection.classes):
        return ()
    return (
        f"only {len(there)} of {len(collection.classes)} classes have images here "
        f"({', '.join(there[:5])}{', ...' if len(there) > 5 else ''}): the figures are of these "
        "alone",
    )


def judge(
    model: Classifier,
    images: Images,
    collection: Collection,
    chosen: Selection,
    *,
    callback: Callback = ignore,
) -> Evaluation:
    """Judge a classifier on decoded images.

    Args:
        model: the classifier.
        images: decoded with its preprocessing.
        collection: their names and labels, in the classifier's classes.
        chosen: which of them, and what they are.
        callback: is told how far the work is.
    """
    return score(
        answers(model, images, chosen.indices, reporter=ProgressReporter("judging", callback)),
        collection.labels[chosen.indices],
        classes=model.classes,
        names=[collection.names[index] for index in chosen.indices],
        evaluated=chosen.words,
    )


def answers(
    model: Classifier, images: Images, indices: np.ndarray, *, reporter: ProgressReporter
) -> np.ndarray:
    """Give a classifier's probabilities for decoded images, batch by batch.

    Args:
        model: the classifier.
        images: decoded with its preprocessing.
        indices: which of them, at least one.
        reporter: is told the images done and their total.

    Returns:
        float32 (images, classes).
    """
    rows: list[np.ndarray] = []
    steps = max(1, -(-len(indices) // BATCH))
    for _, pixels in prefetch(images, np.array_split(indices, steps)):
        rows.append(model.probabilities(pixels))
        reporter(sum(map(len, rows)), len(indices))
    return np.concatenate(rows)


def needed(collection: Collection, part: str | None) -> np.ndarray:
    """Give the indices that need decoding: the part asked for, or the first of test and val."""
    parts = np.array(collection.splits)
    if part == "all":
        return np.arange(len(parts))
    if part is not None:
        chosen = np.flatnonzero(parts == part)
        if not len(chosen):
            there = ", ".join(sorted({name for name in collection.splits if name})) or "none"
            raise SettingError(
                f"'{collection.source}' has no part '{part}'; it has {there}; leave --part out "
                "to judge what training has not used"
            )
        return chosen
    for name in ("test", "val"):
        if (parts == name).any():
            return np.flatnonzero(parts == name)
    return np.arange(len(parts))


def select(
    parts: Sequence[str],
    hashes: np.ndarray,
    *,
    usable: np.ndarray,
    seen: Mapping[str, np.ndarray],
    part: str | None = None,
) -> Selection:
    """Choose the images to judge among decoded ones, and say what they are.

    Args:
        parts: the part of each image, "" where the data has none.
        hashes: uint64 content hash of each.
        usable: bool, which of them can be read.
        seen: hashes that training ("train") and the choice of the best state ("val") used.
        part: the part asked for, or None.

    >>> import numpy as np
    >>> hashes = np.array([1, 2, 3, 4], np.uint64)
    >>> usable = np.ones(4, bool)
    >>> print(select(["test"] * 4, hashes, usable=usable, seen={}).words)
    4 test images; what the classifier has learnt from is not known
    >>> seen = {"train": hashes[:2], "val": hashes[2:]}
    >>> print(select([""] * 4, hashes, usable=usable, seen=seen).words)
    2 images held out from training; they chose the best state, so expect slightly less ...
    """
    indices = np.flatnonzero(usable)
    taken = parts[indices[0]] if len(indices) and len(set(parts)) == 1 else ""
    learnt = np.isin(hashes[indices], seen.get("train", np.array([], np.uint64)))
    chose = np.isin(hashes[indices], seen.get("val", np.array([], np.uint64)))
    if part in ("train", "all"):
        words = f"{len(indices):,} images of {'the training part' if part == 'train' else 'all'}"
        if not seen:
            return Selection(indices, f"{words}; {UNKNOWN}")
        used = f"{int(learnt.sum()):,} of them learnt from"
        if chose.any():
            used += f", {int(chose.sum()):,} used to choose the best state"
        return Selection(indices, f"{words}, {used}; not a test")
    notes: tuple[str, ...] = ()
    if learnt.any():
        notes = (
            f"{int(learnt.sum()):,} of {len(indices):,} images were learnt from and are left out",
        )
        indices, chose = indices[~learnt], chose[~learnt]
    kind = {"test": "test images", "val": "validation images"}.get(taken, "images")
    return Selection(indices, f"{len(indices):,} {kind}{_past(chose, taken, seen)}", notes)


def _past(chose: np.ndarray, taken: str, seen: Mapping[str, np.ndarray]) -> str:
    """Say what part images that were not learnt from had in training."""
    if not seen:
        return f"; {UNKNOWN}"
    if not chose.any():
        return " the run never saw" if taken else " the run did not learn from"
    if chose.all():
        return f"{'' if taken else ' held out from training'}; {CHOSEN_BY}"
    learnt = "" if taken else " the run did not learn from"
    return f"{learnt}; {int(chose.sum()):,} of {CHOSEN_BY.replace('they', 'them', 1)}"


def held_out(split: Split, *, chosen: bool = True) -> Selection:
    """Choose what a run judges its own classifier on: its test part, else validation.

    Args:
        split: of the run.
        chosen: whether the validation images chose the best state.
    """
    if len(split.test):
        return Selection(split.test, f"{len(split.test):,} test images the run never saw")
    past = f"; {CHOSEN_BY}" if chosen else ", which nothing was learnt from"
    return Selection(split.val, f"{len(split.val):,} validation images{past}")


def matched(
    collection: Collection, classes: tuple[str, ...], ids: tuple[str, ...] = ()
) -> tuple[Collection, tuple[str, ...]]:
    """Give the collection with its labels in the classifier's order of classes, and notes.

    Args:
        collection: the images, with the names of their classes as the data has them.
        classes: the classifier's.
        ids: its second names of these; a class of the data may be called by either.

    Raises:
        DataError: no class of the data is the classifier's.
    """
    by_id = {name: number for number, name in enumerate(ids)}
    by_name = {name: number for number, name in enumerate(classes)}
    order = by_id | by_name
    unknown = [name for name in collection.classes if name not in order]
    if len(unknown) == len(collection.classes):
        raise DataError(
            f"no class of '{collection.source}' ({', '.join(collection.classes[:5])}) is one of "
            f"the classifier's ({', '.join(classes[:5])}{', ...' if len(classes) > 5 else ''}); "
            f"name the folders as the classes{f', or by their ids as {ids[0]}' if ids else ''}"
        )
    table = np.array([order.get(name, -1) for name in collection.classes], np.int64)
    labels = table[collection.labels]
    kept = np.flatnonzero(labels >= 0)
    notes: tuple[str, ...] = ()
    called = [name for name in collection.classes if name in by_id and name not in by_name]
    if called:
        notes = (
            f"{len(called):,} of {len(collection.classes):,} classes were matched by their id "
            f"({called[0]} is {classes[by_id[called[0]]]})",
        )
    if len(kept) < len(labels):
        notes += (
            f"{len(labels) - len(kept):,} images are of classes the classifier does not know "
            f"({', '.join(unknown[:5])}{', ...' if len(unknown) > 5 else ''}) and are left out",
        )
    renamed = replace(collection, labels=labels, classes=classes)
    return renamed.only(kept) if len(kept) < len(labels) else renamed, notes
