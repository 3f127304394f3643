"""Images that belong together, and must stand on one side of a split: copies, bursts, patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from striate.data.collection import Collection, quote_few
from striate.errors import SettingError


@dataclass(frozen=True, eq=False)
class Groups:
    """Which images belong together, and why.

    Attributes:
        of: int64 (n,), of each image the index of the first one of its group; its own where it
            stands alone. Cross-validation takes it as it is.
        why: of each image, what it has in common with its group; "" where it stands alone.
        given: whether the data says so, by a column; else it was found, and may be wrong.
    """

    of: np.ndarray
    why: tuple[str, ...]
    given: bool = False

    def __len__(self) -> int:
        return len(self.of)

    @classmethod
    def alone(cls, n: int) -> Groups:
        """Return n images that each stand alone.

        >>> Groups.alone(2).of.tolist()
        [0, 1]
        """
        return cls(np.arange(n), ("",) * n)

    @classmethod
    def from_pairs(
        cls, n: int, pairs: Iterable[tuple[int, int, str]], *, given: bool = False
    ) -> Groups:
        """Return the groups that pairs make: (one, other, why they belong together).

        >>> groups = Groups.from_pairs(5, [(4, 2, "a copy of c"), (2, 1, "a copy of b")])
        >>> groups.of.tolist(), groups.why
        ([0, 1, 1, 3, 1], ('', 'a copy of b', 'a copy of c', '', 'a copy of c'))
        """
        why = [""] * n
        joined = JoinedSets(n)
        for one, other, reason in pairs:
            joined.join(one, other)
            for index in (one, other):
                why[index] = why[index] or reason
        return cls(joined.roots(), tuple(why), given)

    def members(self) -> list[np.ndarray]:
        """Return the indices of each group of two images and more, the largest first."""
        first, sizes = np.unique(self.of, return_counts=True)
        several = first[sizes > 1][np.argsort(-sizes[sizes > 1], kind="stable")]
        return [np.flatnonzero(self.of == each) for each in several]

    def called(self, collection: Collection) -> tuple[str, ...]:
        """Return what each group is called: by its first image; "" where an image stands alone."""
        sizes = np.bincount(self.of, minlength=len(self))
        if sizes.max(initial=0) < 2:
            return ("",) * len(self)
        return tuple(
            collection.names[first] if sizes[first] > 1 else "" for first in self.of.tolist()
        )


class JoinedSets:
    """Which of n things belong together, as pairs are joined one after the other.

    R. E. Tarjan 1975, Efficiency of a good but not linear set union algorithm.
    """

    def __init__(self, n: int) -> None:
        self._parents = list(range(n))

    def root(self, index: int) -> int:
        """Return the first of what belongs together with one."""
        parents = self._parents
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    def join(self, one: int, other: int) -> None:
        """Let two, and all that belong to them, belong together."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parents[high] = low

    def roots(self) -> np.ndarray:
        """Return the first of what each belongs to: int64 (n,)."""
        return np.array([self.root(index) for index in range(len(self._parents))], np.int64)


def group_by_column(collection: Collection, column: str) -> Groups:
    """Return the groups that a column of a list makes: images with the same value belong together.

    Images without a value stand alone.

    Args:
        collection: from `find`.
        column: its name, as the header has it.

    Raises:
        SettingError: the data has no such column, or no value occurs twice.
    """
    cells = collection.columns.get(column)
    if cells is None:
        there = quote_few(collection.columns, 10)
        raise SettingError(
            f"'{collection.source}' has no column '{column}' to group by; "
            + (f"it has {there}" if there else "only a list (a CSV, JSON or parquet) has columns")
        )
    places: dict[str, list[int]] = defaultdict(list)
    for index, cell in enumerate(cells):
        if cell.strip():
            places[cell.strip()].append(index)
    pairs = [
        (indices[0], index, f"{column}={value}")
        for value, indices in places.items()
        for index in indices[1:]
    ]
    if not pairs:
        raise SettingError(
            f"no value of the column '{column}' of '{collection.source}' occurs twice, so it "
            "groups nothing; leave --group-column out"
        )
    return Groups.from_pairs(len(collection), pairs, given=True)


def group_by_names(names: Sequence[str], whys: Sequence[str]) -> Groups:
    """Return the groups of images by what each group is called; "" stands alone.

    >>> group_by_names(["", "a", "b", "a"], ["", "x", "y", "x"]).of.tolist()
    [0, 1, 2, 1]
    """
    first: dict[str, int] = {}
    pairs = []
    for index, name in enumerate(names):
        if name:
            pairs.append((first.setdefault(name, index), index, whys[index]))
    made = Groups.from_pairs(len(names), pairs)
    return Groups(made.of, tuple(whys))
