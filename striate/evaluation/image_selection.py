"""Which images a classifier may be evaluated on.

Never quietly those it learnt from: the test split where the data has one, else the validation
split, else, of data the run has used, the images it held out. What was taken is said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import normalize

import numpy as np

from striate.data import Collection, Data, Split, find, format_count, source_of
from striate.errors import DataError, SettingError
from striate.evaluation.numbered_classes import name_numbers
from striate.model.classifier import Classifier
from striate.model.run_folder import RunFolder

SPLITS = ("train", "val", "test", "all")
OPTIMISTIC = "also selected the checkpoint, so this is slightly optimistic"
TEST_IMAGE = "test image"  # however many, words of the own test split hold this
UNKNOWN = "what the classifier has learnt from is not known"


@dataclass(frozen=True)
class ImageSelection:
    """Which images are evaluated.

    Attributes:
        indices: int64, into the collection.
        words: what they are: "360 test images the run never saw".
        notes: what was left out and why.
        learnt: how many of them training learnt from, as far as that is known.
    """

    indices: np.ndarray
    words: str
    notes: tuple[str, ...] = ()
    learnt: int = 0


def find_images(
    classifier: Classifier,
    data: Data,
    *,
    layout: str | None = None,
    zip_encoding: str | None = None,
) -> Collection:
    """Return the images of a data set; what the classifier learnt from is read as it was then.

    Args:
        classifier: that is to see them.
        data: whatever training takes.
        layout: as for `find`; None takes the classifier's own for its own data, and of other data
            paths as class names where its own were read so, if that finds more of its classes.
        zip_encoding: likewise.

    Raises:
        DataError: nothing usable is found.
    """
    own = classifier.origin
    fixes = None
    if own.source is not None and own.source == source_of(data):
        layout, zip_encoding = layout or own.layout, zip_encoding or own.zip_encoding
        fixes = own.fixes
        if classifier.file is not None:  # the run keeps a copy, whatever became of the user's file
            fixes = RunFolder(classifier.file.parent).find_fixes(fixes)
    if layout is None and own.layout == "path" and isinstance(data, (str, Path)):
        return _find_paths(classifier, data, zip_encoding)
    if fixes is None or Path(fixes).is_file():
        return find(data, layout=layout, zip_encoding=zip_encoding, fixes=fixes)
    found = find(data, layout=layout, zip_encoding=zip_encoding)
    note = f"the fixes that training followed ('{fixes}') are gone: labels are the folder's"
    return replace(found, notes=(*found.notes, note))


def _find_paths(classifier: Classifier, data: str | Path, zip_encoding: str | None) -> Collection:
    """Return images with paths as class names, or as usual where that finds more of its classes."""
    found: list[Collection] = []
    for layout in ("path", None):
        try:
            found.append(find(data, layout=layout, zip_encoding=zip_encoding))
        except DataError:
            if layout is None and not found:
                raise

    def count_known(one: Collection) -> int:
        known = [name in classifier.classes for name in one.classes]
        return int(np.array(known, np.bool_)[one.labels].sum())

    return max(found, key=count_known)


def check_split(split: str | None) -> None:
    """Refuse what is no split.

    Raises:
        SettingError: it is none of "train", "val", "test", "all", and not None.
    """
    if split is not None and split not in SPLITS:
        raise SettingError(
            f"there is no split '{split}'; choose {', '.join(SPLITS)}, or leave it out"
        )


def find_candidates(collection: Collection, split: str | None) -> np.ndarray:
    """Return the indices that need decoding: the split asked for, or the first of test and val."""
    splits = np.array(collection.splits)
    if split == "all":
        return np.arange(len(splits))
    if split is not None:
        chosen = np.flatnonzero(splits == split)
        if not len(chosen):
            there = ", ".join(sorted({name for name in collection.splits if name})) or "none"
            raise SettingError(
                f"'{collection.source}' has no split '{split}'; it has {there}; leave --split out "
                "to evaluate on what training has not used"
            )
        return chosen
    for name in ("test", "val"):
        if (splits == name).any():
            return np.flatnonzero(splits == name)
    return np.arange(len(splits))


def select_images(
    splits: Sequence[str],
    hashes: np.ndarray,
    *,
    usable: np.ndarray,
    seen: Mapping[str, np.ndarray],
    split: str | None = None,
) -> ImageSelection:
    """Return which of the decoded images to evaluate, and what they are.

    Args:
        splits: the split of each image, "" where the data has none.
        hashes: uint64 content hash of each.
        usable: bool, which of them can be read.
        seen: hashes that training ("train") and the choice of the checkpoint ("val") used.
        split: the split asked for, or None.

    >>> import numpy as np
    >>> hashes = np.array([1, 2, 3, 4], np.uint64)
    >>> usable = np.ones(4, bool)
    >>> print(select_images(["test"] * 4, hashes, usable=usable, seen={}).words)
    4 test images; what the classifier has learnt from is not known
    >>> seen = {"train": hashes[:2], "val": hashes[2:]}
    >>> print(select_images([""] * 4, hashes, usable=usable, seen=seen).words)
    2 images held out from training; they also selected the checkpoint, so this is ...
    """
    indices = np.flatnonzero(usable)
    taken = splits[indices[0]] if len(indices) and len(set(splits)) == 1 else ""
    learnt = np.isin(hashes[indices], seen.get("train", np.array([], np.uint64)))
    selected = np.isin(hashes[indices], seen.get("val", np.array([], np.uint64)))
    if split in ("train", "all"):
        words = format_count(len(indices), "image")
        words = f"{words} of the train split" if split == "train" else f"all {words}"
        if not seen:
            return ImageSelection(indices, f"{words}; {UNKNOWN}")
        used = f"{int(learnt.sum()):,} of them learnt from"
        if selected.any():
            used += f", {int(selected.sum()):,} used to select the checkpoint"
        return ImageSelection(indices, f"{words}, {used}; not a test", learnt=int(learnt.sum()))
    notes: tuple[str, ...] = ()
    if learnt.any():
        notes = (
            format_count(
                int(learnt.sum()),
                f"of {format_count(len(indices), 'image')} was learnt from and is left out",
                f"of {len(indices):,} images were learnt from and are left out",
            ),
        )
        indices, selected = indices[~learnt], selected[~learnt]
    kind = {"test": TEST_IMAGE, "val": "validation image"}.get(taken, "image")
    words = f"{format_count(len(indices), kind)}{_describe_use(selected, taken, seen)}"
    return ImageSelection(indices, words, notes)


def _describe_use(selected: np.ndarray, taken: str, seen: Mapping[str, np.ndarray]) -> str:
    """Describe what training used images for that it did not learn from."""
    if not seen:
        return f"; {UNKNOWN}"
    if not selected.any():
        return " the run never saw" if taken else " the run did not learn from"
    if selected.all():
        they = "it" if len(selected) == 1 else "they"
        return f"{'' if taken else ' held out from training'}; {they} {OPTIMISTIC}"
    learnt = "" if taken else " the run did not learn from"
    return f"{learnt}; {int(selected.sum()):,} of them {OPTIMISTIC}"


def select_held_out(split: Split, *, checkpoint_selected: bool = True) -> ImageSelection:
    """Return what a run evaluates its own classifier on: its test split, else validation.

    Args:
        split: of the run.
        checkpoint_selected: whether the validation images selected the checkpoint.
    """
    if len(split.test):
        words = f"{format_count(len(split.test), TEST_IMAGE)} the run never saw"
        return ImageSelection(split.test, words)
    they = "it" if len(split.val) == 1 else "they"
    use = f"; {they} {OPTIMISTIC}" if checkpoint_selected else ", which nothing was learnt from"
    return ImageSelection(split.val, f"{format_count(len(split.val), 'validation image')}{use}")


def match_classes(
    collection: Collection, classes: tuple[str, ...], ids: tuple[str, ...] = ()
) -> tuple[Collection, tuple[str, ...]]:
    """Return the collection with its labels in the classifier's order of classes, and notes.

    Args:
        collection: the images, with the names of their classes as the data has them.
        classes: the classifier's.
        ids: its second names of these; a class of the data may be called by either.

    Raises:
        DataError: no class of the data is the classifier's, or its classes are numbers alone.
    """
    collection, notes = name_numbers(collection, (*classes, *ids))
    by_id = {normalize("NFC", name): number for number, name in enumerate(ids)}
    by_name = {normalize("NFC", name): number for number, name in enumerate(classes)}
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
    called = [name for name in collection.classes if name in by_id and name not in by_name]
    if called:
        notes += (
            f"{len(called):,} of {len(collection.classes):,} classes matched by id "
            f"({called[0]} is {classes[by_id[called[0]]]})",
        )
    if len(kept) < len(labels):
        notes += (
            f"{format_count(len(labels) - len(kept), 'image')} of classes that the classifier does "
            f"not know ({', '.join(unknown[:5])}{', ...' if len(unknown) > 5 else ''}), left out",
        )
    renamed = replace(collection, labels=labels, classes=classes)
    return renamed.only(kept) if len(kept) < len(labels) else renamed, notes


def note_missing_classes(collection: Collection, indices: np.ndarray) -> tuple[str, ...]:
    """Describe where not every class of the classifier has an image to be evaluated on."""
    there = [collection.classes[label] for label in np.unique(collection.labels[indices])]
    if not there or len(there) == len(collection.classes):
        return ()
    k = len(collection.classes)
    which = format_count(len(there), f"of {k} classes has", f"of {k} classes have")
    return (
        f"only {which} images here "
        f"({', '.join(there[:5])}{', ...' if len(there) > 5 else ''}): the figures are of these "
        "alone",
    )


def leave_out_known(
    chosen: ImageSelection, hashes: np.ndarray, learnt: np.ndarray
) -> tuple[ImageSelection, str]:
    """Leave out the images that a backbone has learnt from, and say so; "" where there are none.

    Args:
        chosen: the images.
        hashes: uint64, of all images of the collection.
        learnt: uint64, of those that the backbone has learnt from.

    >>> chosen = ImageSelection(np.array([0, 1]), "2 images")
    >>> leave_out_known(chosen, np.array([5, 6]), np.array([6]))[0].words
    '1 held-out image that neither the run nor its backbone learnt from'
    """
    known = np.isin(hashes[chosen.indices], learnt)
    if not known.any():
        return chosen, ""
    if known.all():
        words = f"{format_count(len(known), 'image')} that the backbone has learnt from"
        said = "the backbone has learnt from every image evaluated here: figures flatter it"
        return replace(chosen, words=words), said
    rest = chosen.indices[~known]
    words = format_count(len(rest), "held-out image")
    words += " that neither the run nor its backbone learnt from"
    said = (
        "left out of the evaluation, as the backbone has learnt from them: "
        f"{int(known.sum()):,} of {format_count(len(known), 'image')} held out"
    )
    return replace(chosen, indices=rest, words=words), said
