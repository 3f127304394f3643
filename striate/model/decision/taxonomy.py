"""Classes as the leaves of a tree, so that an answer may stop at a node above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from striate.errors import DataError, SettingError

SEPARATOR = "/"


@dataclass(frozen=True)
class Level:
    """One level of a taxonomy: every class belongs to one of its nodes.

    Attributes:
        names: of the nodes.
        nodes: of each class, the place of its node among the names.
    """

    names: tuple[str, ...]
    nodes: tuple[int, ...]

    @cached_property
    def places(self) -> np.ndarray:
        """The node of each class: int64 (classes,)."""
        return np.array(self.nodes, np.int64)

    @cached_property
    def members(self) -> np.ndarray:
        """Which classes a node sums: float32 (classes, nodes), a one a class."""
        return np.asarray(np.eye(len(self.names), dtype=np.float32)[self.places])


@dataclass(frozen=True)
class Taxonomy:
    """The levels above the classes, each a division of the one below it.

    A class whose path is shorter than others stands for itself on the levels that it lacks.

    Attributes:
        levels: from the one directly above the classes up to the coarsest.

    >>> found = Taxonomy.from_names(("bird", "dog/beagle", "dog/pug"))
    >>> found.levels
    (Level(names=('bird', 'dog'), nodes=(0, 1, 1)),)
    >>> found.name_nodes(("bird", "dog/beagle", "dog/pug"))
    ('bird', 'dog/beagle', 'dog/pug', 'bird', 'dog')
    """

    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        below = tuple(range(len(self.levels[0].nodes))) if self.levels else ()
        for number, level in enumerate(self.levels, 1):
            used = set(level.nodes)
            nested = len(level.nodes) == len(below) and len(
                set(zip(below, level.nodes, strict=True))
            ) == len(set(below))
            if not nested or used != set(range(len(level.names))):
                raise SettingError(
                    f"level {number} of the taxonomy has {len(level.names)} names and nodes "
                    f"{str(list(level.nodes))[:60]}; expected a node a class, each of them used, "
                    "and classes that share one below to share one here"
                )
            below = level.nodes
        if not self.levels:
            raise SettingError("the taxonomy has no level; expected one at least")

    @staticmethod
    def from_names(classes: Sequence[str]) -> Taxonomy | None:
        """Return the taxonomy that names with slashes make; None where they make none.

        A level on which all classes share one node, or none share one, tells nothing and is left
        out, such as "photos" of photos/cat and photos/dog.

        Args:
            classes: their names, as "dog/beagle".

        Raises:
            DataError: they make one, and a name has an empty part.

        >>> Taxonomy.from_names(["photos/cat", "photos/dog"]) is None
        True
        >>> Taxonomy.from_names(["dog//pug", "dog/beagle", "cat"])
        Traceback (most recent call last):
        striate.errors.DataError: the class 'dog//pug' has an empty part between its slashes; ...
        """
        paths = [name.split(SEPARATOR) for name in classes]
        levels: list[Level] = []
        finest = len(set(classes))
        for depth in range(max(map(len, paths), default=0) - 1, 0, -1):
            named = [SEPARATOR.join(path[:depth]) for path in paths]
            names = tuple(dict.fromkeys(named))
            if len(names) == 1:
                break
            if len(names) < finest:
                place = {name: number for number, name in enumerate(names)}
                levels.append(Level(names, tuple(place[name] for name in named)))
                finest = len(names)
        if not levels:
            return None
        for name, path in zip(classes, paths, strict=True):
            if not all(part.strip() for part in path):
                raise DataError(
                    f"the class {name!r} has an empty part between its slashes; expected a name in "
                    "every part, as 'dog/beagle'; --no-taxonomy takes the names as they are"
                )
        return Taxonomy(tuple(levels))

    def name_nodes(self, classes: Sequence[str]) -> tuple[str, ...]:
        """Return the names of all that may be answered: the classes, then each level's nodes."""
        return (*classes, *(name for level in self.levels for name in level.names))

    def find_level(self, node: int) -> int:
        """Return the level of a node by its number in `name_nodes`: 0 of a class.

        >>> Taxonomy.from_names(("bird", "dog/beagle", "dog/pug")).find_level(4)
        1
        """
        first = len(self.levels[0].nodes)
        for number, level in enumerate(self.levels):
            if node < first:
                return number
            first += len(level.names)
        return len(self.levels)

    def rise(self, classes: np.ndarray) -> np.ndarray:
        """Return each image's class and the nodes above it, by number: int64 (n, 1 + levels).

        >>> Taxonomy.from_names(("bird", "dog/beagle", "dog/pug")).rise(np.array([2])).tolist()
        [[2, 4]]
        """
        columns, first = [classes.astype(np.int64)], len(self.levels[0].nodes)
        for level in self.levels:
            columns.append(first + level.places[classes])
            first += len(level.names)
        return np.stack(columns, axis=1)

    def sum_of(self, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return how probable the nodes above each image's class are: float32 (n, levels).

        Args:
            probabilities: float32 (n, classes).
            classes: int64 (n,), the class of each image whose nodes are meant.
        """
        rows = np.arange(len(classes))
        return np.stack(
            [(probabilities @ level.members)[rows, level.places[classes]] for level in self.levels],
            axis=1,
        )

    def describe(self, classes: Sequence[str]) -> str:
        """Say in a line what stands above the classes."""
        told = []
        for number, level in enumerate(reversed(self.levels)):
            names = ", ".join(f"'{name}'" for name in level.names[:3])
            more = ", ..." if len(level.names) > 3 else ""
            few = f" ({names}{more})" if number == 0 else ""
            told.append(f"{len(level.names):,}{few}")
        return (
            f"the {len(classes):,} classes are the leaves of a taxonomy, below {' > '.join(told)} "
            "nodes: where the class is unsure, the answer may be a node above (--no-taxonomy "
            "takes the names as they are)"
        )

    def find_parents(self, classes: Sequence[str]) -> tuple[str, ...]:
        """Return the classes that stand above others, as "dog" above "dog/pug".

        >>> names = ("dog", "dog/pug", "cat/siamese")
        >>> Taxonomy.from_names(names).find_parents(names)
        ('dog',)
        """
        above = {
            name[:place]
            for name in classes
            for place, letter in enumerate(name)
            if letter == SEPARATOR
        }
        return tuple(name for name in classes if name in above)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as a classifier's file has it."""
        return {
            "levels": [
                {"names": list(level.names), "nodes": list(level.nodes)} for level in self.levels
            ]
        }

    @staticmethod
    def from_json(values: Any) -> Taxonomy | None:
        """Return what `as_json` gave; None of None.

        Raises:
            SettingError: it is damaged.
        """
        if values is None:
            return None
        try:
            levels = [_read_level(each) for each in values["levels"]]
        except (KeyError, TypeError) as error:
            raise SettingError(f"{str(values)[:60]} is no taxonomy") from error
        return Taxonomy(tuple(levels))


def _read_level(values: Any) -> Level:
    names, nodes = values["names"], values["nodes"]
    if not all(type(name) is str for name in names) or not all(type(n) is int for n in nodes):
        raise TypeError("names are texts, nodes whole numbers")
    return Level(tuple(names), tuple(nodes))
