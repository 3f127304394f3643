"""What names, dates and sub-folders propose: images taken one after the other.

A proposal alone says little: cat_001 to cat_500 may be 500 cats. So only neighbours in a sequence
are joined, and only those that are more alike than 99 % of random pairs of their class.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from striate.data import Collection
from striate.data.collection import natural_key

SECONDS = 30.0  # between two images of a burst, at most
STEP = 10  # by which names count up, at most
REACH = 2  # neighbours are one or two places apart, so that one odd frame does not cut a burst
CLOSER = 0.99  # share of random pairs of the class that neighbours must be closer than
PAIRS = 1000  # random pairs of a class
FEW = 20  # pairs that are not neighbours, below which a class cannot say what is usual
COUNTED = re.compile(r"^(.*?)(\d{1,18})(\D*)$", re.DOTALL)


@dataclass(frozen=True)
class Proposal:
    """Images of one class in an order in which neighbours may belong together.

    Attributes:
        kind: "name", "date" or "folder".
        indices: in order.
    """

    kind: str
    indices: tuple[int, ...]


def propose(collection: Collection, dates: Mapping[int, float]) -> list[Proposal]:
    """Return what names that count up, dates and sub-folders propose.

    Args:
        collection: the images.
        dates: of images that have one: when they were taken, in seconds.

    >>> names = tuple(f"a/frame_{number}.jpg" for number in (1, 2, 3, 90, 91))
    >>> five = Collection("x", "folder", ("a",), names, np.zeros(5, np.int64), ("",) * 5)
    >>> [(each.kind, each.indices) for each in propose(five, {0: 10.0, 4: 11.0})]
    [('name', (0, 1, 2)), ('name', (3, 4)), ('date', (0, 4))]
    """
    made = [*_by_names(collection), *_by_dates(collection, dates), *_by_folders(collection)]
    return [each for each in made if len(each.indices) > 1]


def _by_names(collection: Collection) -> Iterator[Proposal]:
    counted: dict[tuple[str, str, str, int], list[tuple[int, int]]] = defaultdict(list)
    for index, name in enumerate(collection.names):
        path = PurePosixPath(name)
        found = COUNTED.match(path.stem)
        if found:
            key = (str(path.parent), found[1], found[3], int(collection.labels[index]))
            counted[key].append((int(found[2]), index))
    for numbers in counted.values():
        numbers.sort()
        gaps = np.diff([number for number, _ in numbers])
        if len(numbers) < 3 or float(np.median(gaps)) > STEP:
            continue  # numbers, but none that count
        most = max(3, 3 * float(np.median(gaps)))
        for part in np.split(np.arange(len(numbers)), np.flatnonzero(gaps > most) + 1):
            yield Proposal("name", tuple(numbers[place][1] for place in part.tolist()))


def _by_dates(collection: Collection, dates: Mapping[int, float]) -> Iterator[Proposal]:
    taken: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for index, seconds in dates.items():
        taken[int(collection.labels[index])].append((seconds, index))
    for times in taken.values():
        times.sort()
        gaps = np.diff([seconds for seconds, _ in times])
        for part in np.split(np.arange(len(times)), np.flatnonzero(gaps > SECONDS) + 1):
            yield Proposal("date", tuple(times[place][1] for place in part.tolist()))


def _by_folders(collection: Collection) -> Iterator[Proposal]:
    parents: dict[tuple[int, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, name in enumerate(collection.names):
        key = (int(collection.labels[index]), collection.splits[index])
        parents[key][str(PurePosixPath(name).parent)].append(index)
    for folders in parents.values():
        for members in folders.values() if len(folders) > 1 else ():
            ordered = sorted(members, key=lambda index: natural_key(collection.names[index]))
            yield Proposal("folder", tuple(ordered))


def join_neighbours(
    collection: Collection, proposals: list[Proposal], vectors: np.ndarray, there: np.ndarray
) -> list[tuple[int, int, str]]:
    """Return the neighbours that are more alike than 99 % of random pairs of their class.

    Random pairs are of images that no sequence brings near each other: of different proposals, or
    at least a quarter of the class apart.

    Args:
        collection: the images.
        proposals: from `propose`.
        vectors: float32 (n, numbers), of length 1; how alike two are is their product.
        there: bool (n,), which images have one.

    Returns:
        (one, other, why), surely of the same class.
    """
    if not proposals:
        return []
    place = np.arange(len(collection))  # in the first proposal that has it, in one long row
    sequence = np.full(len(collection), -1)
    for number, proposal in reversed(list(enumerate(proposals))):
        indices = np.array(proposal.indices)
        place[indices], sequence[indices] = np.arange(len(indices)), number
    least: dict[int, float] = {}
    for label in np.unique(collection.labels[there]).tolist():
        mine = np.flatnonzero(there & (collection.labels == label))
        least[label] = _usual(mine, place, sequence, vectors)
    pairs = []
    for proposal in proposals:
        usable = [index for index in proposal.indices if there[index]]
        for apart in range(1, REACH + 1):
            for one, other in zip(usable, usable[apart:], strict=False):
                alike = float(vectors[one] @ vectors[other])
                if alike > least[int(collection.labels[one])]:
                    near = collection.names[one]
                    pairs.append((one, other, f"{proposal.kind}: beside {near!r}"))
    return pairs


def _usual(mine: np.ndarray, place: np.ndarray, sequence: np.ndarray, vectors: np.ndarray) -> float:
    """Return how alike 99 % of random pairs of a class are at most; infinite where few are left."""
    numbers = np.random.default_rng(len(mine))
    one, other = mine[numbers.integers(0, len(mine), (2, PAIRS))]
    apart = np.abs(place[one] - place[other]) * 4 >= len(mine)
    fine = (one != other) & ((sequence[one] != sequence[other]) | (sequence[one] < 0) | apart)
    one, other = one[fine], other[fine]
    if len(np.unique(one)) < FEW:
        return np.inf
    return float(np.quantile(np.einsum("pv,pv->p", vectors[one], vectors[other]), CLOSER))
