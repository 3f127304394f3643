"""The same image more than once: within a class, in several classes, in several splits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from striate.data.collection import quote_few
from striate.doctor.checkup.checkup import Checkup
from striate.doctor.image_finding import ImageFinding
from striate.doctor.scan.near_copies import NearPair
from striate.errors import join_words


def find_in_classes(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give each group of images that show the same under different labels."""
    for group in checkup.alike:
        classes = sorted({checkup.found(index).label for index in group})
        if len(classes) > 1:
            told = f"in {len(classes)} classes, {quote_few(classes)}: {_how(checkup, group)}"
            yield ImageFinding("two classes", told, _images(checkup, group))


def find_in_splits(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give each group of images that show the same and stand in different splits."""
    for group in checkup.alike:
        splits = sorted({checkup.found(index).split for index in group} - {""})
        if len(splits) > 1:
            told = f"in {join_words(splits)}: {_how(checkup, group)}"
            yield ImageFinding("two splits", told, _images(checkup, group))


def find_within(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give each group of images that show the same, in one class and one split."""
    for group in checkup.alike:
        yield ImageFinding("copies", _how(checkup, group), _images(checkup, group))


def _images(checkup: Checkup, group: Sequence[int]) -> tuple:  # type: ignore[type-arg]
    """Return the images of a group, the one of the most pixels first."""
    signs = checkup.measured
    pixels = [-int(signs["rows"][index]) * int(signs["columns"][index]) for index in group]
    order = [index for _, index in sorted(zip(pixels, group, strict=True))]
    return tuple(checkup.found(index) for index in order)


def _how(checkup: Checkup, group: Sequence[int]) -> str:
    """Return how the images of a group are the same."""
    pairs = _pairs_of(checkup, group)
    equal = len({checkup.measured["digest"][index].tobytes() for index in group}) == 1
    if equal:
        return f"{len(group)} files, the same byte for byte"
    least = min(pairs, key=lambda pair: pair.alike)
    if len(group) == 2:
        return least.describe()
    return f"{len(group)} images that show the same; the least alike: {least.describe()}"


def _pairs_of(checkup: Checkup, group: Sequence[int]) -> list[NearPair]:
    members = set(group)
    return [pair for pair in checkup.near.pairs if pair.first in members]
