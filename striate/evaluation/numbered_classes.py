"""Data whose classes are numbers alone: the list beside it says which class each number is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from striate.data import Collection
from striate.data.collection import quote_few, sort_numbers
from striate.data.sources.lookup import IN_MEMORY
from striate.errors import DataError
from striate.model.importing.classes import read_classes

FILES = (
    "classes.txt",
    "class_names.txt",
    "labels.txt",
    "classes.csv",
    "classes.json",
    "class_indices.json",
    "class_to_idx.json",
)
"""What the list may be called: a name a line, a CSV, or an index as Keras and torchvision have."""


def name_numbers(
    collection: Collection, known: tuple[str, ...]
) -> tuple[Collection, tuple[str, ...]]:
    """Return a collection whose numbered classes have the names that a list gives them, and notes.

    A number is a place in somebody's order of classes, from 0 on. Which order that was, the
    numbers do not say, so it is never assumed to be the classifier's.

    Args:
        collection: the images; returned as it is where its classes are no numbers, or where one
            of them is a name that the classifier knows.
        known: all names and ids of the classifier's classes.

    Raises:
        DataError: there is no list, or it has too few names.
        SettingError: the list cannot be read.
    """
    numbers = sort_numbers(collection.classes)
    if not numbers or set(numbers) & set(known):
        return collection, ()
    told = (
        f"the classes of '{collection.source}' are numbers alone ({quote_few(numbers)}) and those "
        f"of the classifier names ({quote_few(known)}); numbers do not say which is which: "
    )
    if collection.source in IN_MEMORY:
        raise DataError(told + "give the labels as names")
    place = Path(collection.source)
    place = place if place.is_dir() else place.parent
    file = next((place / name for name in FILES if (place / name).is_file()), None)
    if file is None:
        raise DataError(
            f"{told}write the names in the order of the numbers, from 0 on, a name a line, into "
            f"'{place / FILES[0]}'"
        )
    names = read_classes(file).names
    if not 0 <= int(numbers[0]) <= int(numbers[-1]) < len(names):
        raise DataError(
            f"'{file}' has {len(names):,} names, and the classes of '{collection.source}' are the "
            f"numbers {numbers[0]} to {numbers[-1]}; expected a name for each, from 0 on"
        )
    named = tuple(names[int(number)] for number in collection.classes)
    if len(set(named)) < len(named):
        raise DataError(f"{told}two of them are the same number")
    pairs = ", ".join(f"{number} is {names[int(number)]}" for number in numbers[:3])
    return replace(collection, classes=named), (f"'{file.name}' names the classes: {pairs}",)
