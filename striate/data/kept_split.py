"""An earlier run's split, kept for the images that are still there; new ones are dealt around it.

What was learnt from must never be tested on, so an image that is unchanged stays where it was,
whatever its file is called now. A new one goes where those are that it belongs with.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from striate.data.collection import Collection, Skipped, format_count, quote_few
from striate.data.groups import Groups
from striate.data.held_out import hold_out_more
from striate.data.loader import Images
from striate.data.split import Split, split_stratified
from striate.data.split_file import SplitRow
from striate.errors import join_words

OUT = "out"  # of no split
NONE = np.zeros(0, np.uint64)


@dataclass(frozen=True, eq=False)
class KeptSplit:
    """Where the images of an earlier run stood.

    Attributes:
        rows: of its split.csv.
        seen: uint64, hashes of the images that it learnt from.
        weights: whether its weights are gone on with, so that what they learnt from is never
            evaluated again.
        complete: whether images that are not among the rows are left out: of a run that goes on
            after a stop, which has dealt its new images already.
        reasons: why images are left out, of such a run.
    """

    rows: Sequence[SplitRow]
    seen: np.ndarray = field(default_factory=lambda: NONE)
    weights: bool = False
    complete: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)

    def match(self, collection: Collection, hashes: np.ndarray | None = None) -> np.ndarray:
        """Return which row each image is, -1 where it is new: int64 (n,).

        By its content, first under its own name; by its name alone where the run is of a version
        that kept no hashes, or `hashes` (uint64, of all images) are not known yet.
        """
        found = np.full(len(collection), -1, np.int64)
        places = {name: index for index, name in enumerate(collection.names)}
        loose: dict[int, list[int]] = defaultdict(list)
        for number, row in enumerate(self.rows):
            index = places.get(row.name)
            if index is not None and self._is_same(row, index, hashes):
                found[index] = number
            elif row.content_hash and hashes is not None:
                loose[int(row.content_hash, 16)].append(number)
        if loose and hashes is not None:  # renamed, or moved to the folder of another class
            for index in np.flatnonzero(found < 0).tolist():
                if numbers := loose.get(int(hashes[index])):
                    found[index] = numbers.pop(0)
        return found

    def _is_same(self, row: SplitRow, index: int, hashes: np.ndarray | None) -> bool:
        if hashes is None:
            return True
        if row.content_hash:
            return int(row.content_hash, 16) == int(hashes[index])
        return row.split != "train" or not len(self.seen) or bool(hashes[index] in self.seen)

    def guess(
        self, collection: Collection, *, seed: int, fraction: float, groups: Groups | None
    ) -> np.ndarray:
        """Return which images `split` will train on, before any is read: bool (n,)."""
        matched, n = self.match(collection), len(collection)
        splits, _ = self._place(
            collection,
            np.arange(n, dtype=np.uint64),  # none are equal, as far as is known
            np.ones(n, np.bool_),
            self._join(groups or Groups.alone(n), matched),
            matched,
            seed=seed,
            fraction=fraction,
        )
        return np.array([split == "train" for split in splits], np.bool_)

    def split(
        self,
        collection: Collection,
        images: Images,
        *,
        seed: int,
        fraction: float,
        groups: Groups | None,
    ) -> Split:
        """Divide a collection around what has its place.

        A new image that belongs with some of one side goes there. One that belongs with images of
        two sides, or with test images, is left out, and that is said. Of all others validation
        gets what it lacks to its share of each class. Arguments and errors as for
        `split_stratified`.
        """
        matched = self.match(collection, images.hashes)
        joined = self._join(groups or Groups.alone(len(collection)), matched)
        splits, skipped = self._place(
            collection,
            images.hashes,
            images.usable,
            joined,
            matched,
            seed=seed,
            fraction=fraction,
        )
        dealt = dataclasses.replace(collection, splits=tuple(splits))
        found = split_stratified(dealt, images, seed=seed, fraction=fraction, groups=joined)
        return dataclasses.replace(
            found,
            collection=dataclasses.replace(found.collection, splits=collection.splits),
            notes=(*self._describe(collection, splits, matched, skipped), *found.notes),
            skipped=(*skipped, *found.skipped),
        )

    def _join(self, groups: Groups, matched: np.ndarray) -> Groups:
        """Return the groups that are found now, with those of the earlier run."""
        pairs = [
            (int(first), index, groups.why[index])
            for index, first in enumerate(groups.of.tolist())
            if first != index
        ]
        first: dict[str, int] = {}
        for index in np.flatnonzero(matched >= 0).tolist():
            row = self.rows[matched[index]]
            if row.group:
                pairs.append((first.setdefault(row.group, index), index, row.why))
        made = Groups.from_pairs(len(groups), pairs, given=groups.given)
        why = (own or new for own, new in zip(groups.why, made.why, strict=True))
        return dataclasses.replace(made, why=tuple(why))

    def _place(
        self,
        collection: Collection,
        hashes: np.ndarray,
        usable: np.ndarray,
        groups: Groups,
        matched: np.ndarray,
        *,
        seed: int,
        fraction: float,
    ) -> tuple[list[str], list[Skipped]]:
        """Return the split of each image, and which are left out."""
        names = collection.names
        splits = [
            self.rows[number].split if number >= 0 else "" if there else OUT
            for number, there in zip(matched.tolist(), usable.tolist(), strict=True)
        ]
        new = [index for index, split in enumerate(splits) if not split]
        if self.complete:
            for index in new:
                splits[index] = OUT
            return splits, [
                Skipped(names[index], self.reasons.get(names[index], "it came later"))
                for index in new
            ]
        equal, alike = _gather_sides(hashes.tolist(), splits), _gather_sides(groups.of, splits)
        if self.weights:
            for value in self.seen.tolist():
                equal[value]["train"] = "what was learnt from before"
        drawn = "val" in collection.splits
        skipped: list[Skipped] = []
        free: list[int] = []
        for index in new:
            given = collection.splits[index]
            own = equal.get(int(hashes[index]), {})
            sides = own or alike.get(int(groups.of[index]), {})
            if given == "test" or (drawn and given):
                splits[index] = next(iter(own), given)
            elif len(sides) > 1 or "test" in sides:
                splits[index] = OUT
                known = join_words(
                    f"{names[place] if isinstance(place, int) else place} in {side}"
                    for side, place in sides.items()
                )
                skipped.append(Skipped(names[index], f"it belongs with {known}"))
            elif sides:
                splits[index] = next(iter(sides))
            else:
                free.append(index)
        if free:
            self._deal(collection, hashes, groups, splits, free, seed=seed, fraction=fraction)
        return splits, skipped

    def _deal(
        self,
        collection: Collection,
        hashes: np.ndarray,
        groups: Groups,
        splits: list[str],
        free: Sequence[int],
        *,
        seed: int,
        fraction: float,
    ) -> None:
        """Deal images that belong with none of those that have their place."""
        there = {
            side: Counter(
                int(label)
                for label, split in zip(collection.labels.tolist(), splits, strict=True)
                if split == side
            )
            for side in ("train", "val")
        }
        taken = hold_out_more(
            collection,
            hashes,
            np.array(free, np.int64),
            groups,
            there=(there["train"], there["val"]),
            seed=seed,
            fraction=fraction,
        )
        for index in free:
            splits[index] = "train"
        for index in taken.tolist():
            splits[index] = "val"

    def _describe(
        self,
        collection: Collection,
        splits: Sequence[str],
        matched: np.ndarray,
        skipped: Sequence[Skipped],
    ) -> list[str]:
        kept = np.flatnonzero(matched >= 0).tolist()
        counts = Counter(splits[index] for index in kept)
        told = ", ".join(f"{counts[side]:,} {side}" for side in ("train", "val", "test"))
        stays = "stays where it was" if len(kept) == 1 else "stay where they were"
        notes = [f"{format_count(len(kept), 'image')} of before {stays} ({told})"]
        moved = [
            collection.names[index]
            for index in kept
            if collection.splits[index] not in ("", splits[index])
            and not (collection.splits[index] == "train" and splits[index] == "val")
        ]
        if moved:
            notes.append(
                f"{format_count(len(moved), 'image lies', 'images lie')} in the folder of another "
                f"split now and {'stays' if len(moved) == 1 else 'stay'} in that of before, as "
                f"what was learnt from is no test: {quote_few(moved)}"
            )
        if skipped and not self.complete:
            notes.append(
                f"{format_count(len(skipped), 'new image is', 'new images are')} left out, as "
                "copies or neighbours stand on the side of validation or test already: "
                f"{quote_few(each.name for each in skipped)}"
            )
        return notes


def _gather_sides(
    values: Sequence[int] | np.ndarray, splits: Sequence[str]
) -> defaultdict[int, dict[str, int | str]]:
    """Return for each value the splits of the images that have their place, with one of each."""
    found: defaultdict[int, dict[str, int | str]] = defaultdict(dict)
    for index, (value, split) in enumerate(zip(values, splits, strict=True)):
        if split not in ("", OUT):
            found[int(value)].setdefault(split, index)
    return found
