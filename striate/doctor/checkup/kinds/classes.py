"""Classes: names that may be the same, few images, very unequal numbers."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import combinations
from typing import Final

import numpy as np

from striate.data import format_count
from striate.doctor.checkup.checkup import Checkup
from striate.doctor.image_finding import FoundImage, ImageFinding

ALIKE: Final = 0.85  # of two names, 0 to 1, that may be one misspelt
SHORTEST: Final = 4  # letters, from which a name can be misspelt
MOST_CLASSES: Final = 400  # up to which all pairs of names are compared by spelling
FEW: Final = 10  # images of a class, below which it can hardly be learnt or checked
UNEQUAL: Final = 5.0  # times as many images in the largest class as in the smallest


def find_names(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give the classes whose names differ in case, blanks or a letter."""
    names = checkup.collection.classes
    plain = {
        name: "".join(name.casefold().replace("_", " ").replace("-", " ").split()) for name in names
    }
    for one, other in combinations(names, 2) if len(names) <= MOST_CLASSES else ():
        same = plain[one] == plain[other]
        if not same and not _misspelt(plain[one], plain[other]):
            continue
        how = "in case or blanks alone" if same else "by a letter or two"
        counts = ", ".join(
            f"{name!r} has {format_count(_count(checkup, name), 'image')}" for name in (one, other)
        )
        yield ImageFinding(
            "names",
            f"{one!r} and {other!r} differ {how}; {counts}",
            (_first(checkup, one), _first(checkup, other)),
        )


def find_few(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give the classes with so few images that nothing can be said of their labels."""
    for name in checkup.collection.classes:
        count = _count(checkup, name)
        if count < FEW:
            told = f"class {name!r} has {format_count(count, 'image')} that can be read"
            yield ImageFinding(
                "few", f"{told}: too few to learn it and to check it", (_first(checkup, name),)
            )


def find_unequal(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give the imbalance of a data set, where one class has several times as many as another."""
    counts = {name: _count(checkup, name) for name in checkup.collection.classes}
    least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[least] and counts[most] >= UNEQUAL * counts[least]:
        times = counts[most] / counts[least]
        told = (
            f"{most!r} has {counts[most]:,} images, {least!r} {counts[least]:,}: "
            f"{times:.1f} times as many"
        )
        yield ImageFinding("unequal", told, (_first(checkup, least), _first(checkup, most)))


def _misspelt(one: str, other: str) -> bool:
    if min(len(one), len(other)) < SHORTEST or any(c.isdigit() for c in one + other):
        return False
    if {one, other} in ({one, f"{one}s"}, {other, f"{other}s"}):
        return True
    if sorted(one) == sorted(other) and one[0] == other[0]:  # letters exchanged
        return True
    matcher = SequenceMatcher(None, one, other)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _count(checkup: Checkup, name: str) -> int:
    label = checkup.collection.classes.index(name)
    return int((checkup.collection.labels[checkup.there] == label).sum())


def _first(checkup: Checkup, name: str) -> FoundImage:
    """Return the first image of a class, by which it is shown."""
    label = checkup.collection.classes.index(name)
    mine = np.flatnonzero(checkup.collection.labels == label)
    return checkup.found(int(mine[0])) if len(mine) else FoundImage("", name)
