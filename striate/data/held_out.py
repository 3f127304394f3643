"""Which training images are held out to validate on: a share of each class, groups as a whole."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from striate.data.collection import Collection, format_count, quote_few
from striate.data.groups import Groups
from striate.errors import DataError

NOBODY: Final = (Counter[int](), Counter[int]())


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What is held out.

    Attributes:
        indices: of the images, int64, in their order.
        notes: what there is to say of it.
    """

    indices: np.ndarray
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Unit:
    """Images that are held out together, or not at all.

    Attributes:
        indices: of the images, in their order.
        counts: how many are of each class; equal images count for that of the first.
    """

    indices: tuple[int, ...]
    counts: dict[int, int]


def hold_out(
    collection: Collection,
    hashes: np.ndarray,
    train: np.ndarray,
    groups: Groups | None = None,
    *,
    seed: int,
    fraction: float,
) -> HeldOut:
    """Draw a fraction of each class to validate on; equal images and groups stay together.

    Units are taken in the order of a lot drawn by their names, where they leave no class above its
    share and each one to train on. A class of which none was taken gets its smallest that does
    least harm to the others; one that is a single unit stays in training, which is said.

    Args:
        collection: the images.
        hashes: uint64 (n,), of their pixels.
        train: int64, those that may be taken.
        groups: images that belong together; None where each stands alone.
        seed: of the lots.
        fraction: of each class, above 0 and below 1.

    Raises:
        DataError: nothing can be held out.
    """
    groups = groups or Groups.alone(len(collection))
    if _stand_alone(hashes, train, groups):
        drawn = _draw_single(collection, train, seed, fraction)
        if drawn is not None:
            usual = f"{fraction * 100:.0f} % of each class"
            return HeldOut(drawn, (_describe_drawn(len(drawn), len(train), usual, seed),))
    units = _make_units(collection, hashes, train, groups)
    taken = _draw(collection, units, seed, fraction)
    notes: list[str] = []
    alone = Groups.alone(len(collection))
    single = units if taken else _make_units(collection, hashes, train, alone)
    if len(single) > len(units):
        _refuse_given(collection, groups)
        notes.append(
            "each class is a single group of images that belong together, so they cannot be kept "
            "together: images are held out at random, and accuracy on them says little of new ones"
        )
        units, groups = single, alone
        taken = _draw(collection, units, seed, fraction)
    if not taken:
        found = (
            "has a single image"
            if len(train) <= len(collection.classes)
            else "shows a single image, however often it is there"
        )
        raise DataError(
            f"each class in {collection.source!r} {found}, so none is left to "
            "validate on; add images, at least two a class and better dozens"
        )
    indices = np.array(sorted(index for unit in taken for index in unit.indices), np.int64)
    shares = _shares(collection, units, taken, fraction)
    notes.append(_describe_drawn(len(indices), len(train), shares, seed))
    notes += _describe_groups(collection, train, groups)
    notes += _describe_lacking(collection, units, taken, groups)
    return HeldOut(indices, tuple(notes))


def hold_out_more(
    collection: Collection,
    hashes: np.ndarray,
    new: np.ndarray,
    groups: Groups,
    *,
    there: tuple[Counter[int], Counter[int]],
    seed: int,
    fraction: float,
) -> np.ndarray:
    """Draw from new images what validation lacks to its fraction of each class.

    Args:
        collection: the images.
        hashes: uint64 (n,), of their pixels.
        new: int64, those that may be taken.
        groups: images that belong together.
        there: how many images of each class, by its index, train and validate already.
        seed: of the lots.
        fraction: of each class, above 0 and below 1.

    Returns:
        The indices of those that are held out, int64; none where there are enough.
    """
    units = _make_units(collection, hashes, new, groups)
    taken = _draw(collection, units, seed, fraction, there=there)
    return np.array(sorted(index for unit in taken for index in unit.indices), np.int64)


def _make_units(
    collection: Collection, hashes: np.ndarray, train: np.ndarray, groups: Groups
) -> list[Unit]:
    """Return what is held out as a whole, in the order of its first image."""
    equal: dict[int, list[int]] = defaultdict(list)
    for index in train.tolist():
        equal[int(hashes[index])].append(index)
    # images whose pixels are equal belong together, and their groups with them
    joined: dict[int, int] = {}

    def root(group: int) -> int:
        while joined.setdefault(group, group) != group:
            group = joined[group]
        return group

    for same in equal.values():
        for index in same[1:]:
            low, high = sorted((root(int(groups.of[same[0]])), root(int(groups.of[index]))))
            joined[high] = low
    members: dict[int, list[int]] = defaultdict(list)
    counts: dict[int, Counter[int]] = defaultdict(Counter)
    for same in equal.values():
        group = root(int(groups.of[same[0]]))
        members[group] += same
        counts[group][int(collection.labels[same[0]])] += len(same)
    made = [Unit(tuple(sorted(each)), counts[group]) for group, each in members.items()]
    return sorted(made, key=lambda unit: unit.indices[0])


def _draw(
    collection: Collection,
    units: Sequence[Unit],
    seed: int,
    fraction: float,
    *,
    there: tuple[Counter[int], Counter[int]] = NOBODY,
) -> list[Unit]:
    """Draw units up to the fraction of each class; at least one a class, never all of one.

    `there` are the images of each class that are in training and held out already.
    """
    train, val = there
    left = Counter(label for unit in units for label in unit.counts) + train
    size = _count(units) + train + val
    wanted = {label: max(1, int(fraction * n + 0.5)) for label, n in size.items()}
    drawn: Counter[int] = Counter(val)
    taken: dict[int, Unit] = {}

    def fits(unit: Unit) -> bool:
        for label, n in unit.counts.items():  # of every image there is, so it has to be quick
            if drawn[label] + n > wanted[label] or left[label] <= 1:
                return False
        return True

    def can_spare(unit: Unit) -> bool:
        return all(left[label] > 1 for label in unit.counts)

    def take(unit: Unit) -> None:
        taken[unit.indices[0]] = unit
        drawn.update(unit.counts)
        left.subtract(unit.counts.keys())

    def overflow(unit: Unit) -> float:
        return sum(
            max(0, drawn[label] + n - wanted[label]) / size[label]
            for label, n in unit.counts.items()
        )

    lots = _lots([collection.names[unit.indices[0]] for unit in units], seed)
    order = [units[place] for place in sorted(range(len(units)), key=lots.__getitem__)]
    for unit in order:
        if fits(unit):
            take(unit)
    for label in sorted(size):
        if not drawn[label]:
            fit = [unit for unit in order if label in unit.counts and can_spare(unit)]
            if fit:
                take(min(fit, key=lambda unit: (overflow(unit), len(unit.indices))))
    return list(taken.values())


def _stand_alone(hashes: np.ndarray, train: np.ndarray, groups: Groups) -> bool:
    """Say whether no two images are equal or in one group."""
    return len(np.unique(hashes[train])) == len(np.unique(groups.of[train])) == len(train)


def _draw_single(
    collection: Collection, train: np.ndarray, seed: int, fraction: float
) -> np.ndarray | None:
    """Return what `_draw` takes where every image is a unit by itself, in a tenth of the time.

    None where a class has one image alone, of which there is more to say.
    """
    labels = collection.labels[train]
    sizes = np.bincount(labels)
    if (sizes == 1).any():
        return None
    lots = _lots([collection.names[index] for index in train.tolist()], seed)
    order = np.argsort(np.frombuffer(b"".join(lots), ">u8"), kind="stable")
    taken: list[np.ndarray] = []
    for label in np.flatnonzero(sizes).tolist():
        wanted = max(1, int(fraction * sizes[label] + 0.5))
        own = order[labels[order] == label]
        taken.append(train[own[: min(wanted, len(own) - 1)]])
    return np.sort(np.concatenate(taken))


def _describe_drawn(drawn: int, whole: int, shares: str, seed: int) -> str:
    return (
        f"no validation split in the data: {format_count(drawn, 'training image')} of {whole:,} "
        f"are held out for it, {shares} (seed {seed})"
    )


def _count(units: Sequence[Unit]) -> Counter[int]:
    """Return how many images of each class some units hold, the classes in their order there."""
    found: Counter[int] = Counter()
    for unit in units:
        for label, n in unit.counts.items():
            found[label] += n
    return found


def _lots(names: Sequence[str], seed: int) -> list[bytes]:
    """Return a hash of the seed and each name."""
    begun = hashlib.blake2b(f"{seed}\0".encode(), digest_size=8)
    found: list[bytes] = []
    for name in names:
        own = begun.copy()
        own.update(name.encode("utf-8", "surrogateescape"))
        found.append(own.digest())
    return found


def _refuse_given(collection: Collection, groups: Groups) -> None:
    if groups.given:
        raise DataError(
            f"each class in {collection.source!r} is a single group by the column, so none is "
            "left to validate on; group by another column, or divide at random by --random-split"
        )


def _shares(
    collection: Collection, units: Sequence[Unit], taken: Sequence[Unit], fraction: float
) -> str:
    """Say which share of each class is held out: the one asked for, or what groups allow."""
    size, drawn = _count(units), _count(taken)
    apart = [label for label in drawn if abs(drawn[label] - fraction * size[label]) > 1]
    usual = f"{fraction * 100:.0f} % of each class"
    if not apart or all(len(unit.indices) == 1 for unit in units):
        return usual
    shares = [100 * drawn[label] / size[label] for label in drawn]
    low, high = f"{min(shares):.0f}", f"{max(shares):.0f}"
    if low == high == f"{fraction * 100:.0f}":
        return usual
    between = f"{low} %" if low == high else f"{low} to {high} %"
    return f"{between} of each class, as groups stay together"


def _describe_groups(collection: Collection, train: np.ndarray, groups: Groups) -> list[str]:
    """Say how many images are in groups, and which group is over half of a class."""
    own = groups.of[train]
    _, which, counts = np.unique(own, return_inverse=True, return_counts=True)
    several = int((counts > 1).sum())
    if not several:
        return []
    images = int(counts[counts > 1].sum())
    notes = [
        f"{format_count(images, 'image')} in {format_count(several, 'group')} stand on one side "
        f"together ({_list_reasons(groups, train[counts[which] > 1])}); split.csv says which and "
        "why"
    ]
    labels = collection.labels[train]
    for label in np.unique(labels).tolist():
        mine = own[labels == label]
        first, sizes = np.unique(mine, return_counts=True)
        largest = int(sizes.argmax())
        if len(mine) > 2 and 2 * int(sizes[largest]) > len(mine):
            notes.append(
                f"one group, that of {collection.names[int(first[largest])]!r}, is "
                f"{int(sizes[largest]):,} of the {len(mine):,} images of "
                f"{collection.classes[label]!r}: the class is hardly more varied than the rest of "
                "it"
            )
    return notes


def _list_reasons(groups: Groups, indices: np.ndarray) -> str:
    """Return the kinds of reasons of some images, the commonest first."""
    kinds = Counter(re.split("[:=]", groups.why[index])[0] for index in indices.tolist())
    kinds.pop("", None)
    return ", ".join(f"{kind}: {count:,}" for kind, count in kinds.most_common(4)) or "equal pixels"


def _describe_lacking(
    collection: Collection, units: Sequence[Unit], taken: Sequence[Unit], groups: Groups
) -> list[str]:
    """Say of which classes nothing could be held out."""
    there = {label for unit in units for label in unit.counts}
    lacking = sorted(there - {label for unit in taken for label in unit.counts})
    if not lacking:
        return []
    names = [collection.classes[label] for label in lacking]
    several = any(
        len(unit.indices) > 1 and len(set(groups.of[list(unit.indices)].tolist())) == 1
        for unit in units
        if unit.counts.keys() & set(lacking)
    )
    if several:
        which = format_count(len(lacking), "class is a single", "classes are a single")
        return [
            f"{which} group of images, which is kept to train on, so nothing is measured of: "
            f"{quote_few(names)}; add images that were taken at another time or place"
        ]
    which = format_count(len(lacking), "class has a single", "classes have a single")
    return [f"{which} different image, which is kept to train on: {quote_few(names)}"]
