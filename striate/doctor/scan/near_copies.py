"""Images that show the same: saved again, resized, mirrored, cut or turned a little.

Three steps. Equal bytes are equal images. Of the others, those whose perceptual hashes are near are
candidates: each image's, and those that it would have if it were cut, turned or mirrored
(`striate.doctor.scan.fingerprints`). A candidate counts where the two agree in their details once
one is laid over the other (`striate.doctor.scan.alignment`) - clearly better than random pairs of
the same folder do, since how alike strangers are differs from folder to folder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np

from striate.doctor.scan.alignment import GAINED, HOPEFUL, SURE, align, look_first, near
from striate.doctor.scan.fingerprints import CHANGES, Change
from striate.errors import join_words

FARTHEST: Final = 16  # bits of 64 by which the hashes of a candidate may differ
EACH: Final = 12  # candidates an image that are laid over each other, on average, at most
ROUNDS: Final = 4  # of laying them over each other, each from the best so far
STRANGERS: Final = 150  # random pairs by which it is predicted what is alike by chance
SPREADS: Final = 4.0  # standard deviations above the mean of strangers
LEAST: Final = 0.55  # correlation of details, at least
CHANGED: Final = 0.07  # more of it, where an image was changed and laid over once: so many ways fit
MOVED: Final = 0.2  # likewise, where it was laid over from the best so far: strangers reach 0.67
FLAT: Final = 15.0  # standard deviation of its grey, below which an image shows nothing to compare
SMALL: Final = 48  # pixels a side of the smaller image: small digits are all alike
AT_ONCE: Final = 256  # pairs of a first look
BLOCK: Final = 2**24  # pairs of hashes that are held against each other at once
MANY: Final = 20_000  # images from which changes other than mirroring are not looked for

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class NearPair:
    """Two images that show the same.

    Attributes:
        first: the index of the one.
        second: of the other, higher.
        bits: by which their perceptual hashes differ, of 64, changed as said.
        alike: correlation of their details, laid over each other.
        change: what makes one of the other.
    """

    first: int
    second: int
    bits: int
    alike: float
    change: Change

    def describe(self) -> str:
        """Return what is the same and what is not, in words."""
        how = []
        if self.change.mirrored:
            how.append("mirrored")
        if self.change.degrees:
            how.append(f"turned by about {abs(self.change.degrees):.0f} degrees")
        elif self.change.zoom < 1:
            how.append("cut")
        what = join_words(how) or "saved again or resized"
        return f"{what}; details correlated by {self.alike:.2f}"


@dataclass(frozen=True)
class NearCopies:
    """What was found.

    Attributes:
        pairs: the surest first.
        bits: how near hashes had to be for a closer look.
        alike: the least correlation that counts as the same.
        strangers: the mean and the highest correlation of random pairs of this folder.
        unchanged_only: whether cut and turned copies were not looked for, as there are so many
            images.
    """

    pairs: tuple[NearPair, ...]
    bits: int
    alike: float
    strangers: tuple[float, float]
    unchanged_only: bool = False


def find_near_copies(
    signs: np.ndarray,
    indices: np.ndarray,
    *,
    alike: float | None = None,
    progress: Progress = lambda done, total: None,
) -> NearCopies:
    """Find the images that show the same, among those whose files differ.

    Args:
        signs: SIGNS (n,).
        indices: int64, which of them are looked at: one of each group of equal files.
        alike: the least correlation of details; left out, by the folder's own random pairs.
        progress: told the candidates that were laid over each other, and how many there are.
    """
    looked = indices[_worth(signs[indices])]
    if len(looked) < 2:
        return NearCopies((), 0, LEAST, (0.0, 0.0))
    chance = _strangers(signs, looked)
    least = alike or max(LEAST, float(chance.mean() + SPREADS * chance.std()))
    simple = len(looked) > MANY
    changes = [0, len(CHANGES) // 2] if simple else list(range(len(CHANGES)))
    bits, candidates = _candidates(signs["hashes"][looked], changes)
    proportions = signs["columns"] / np.maximum(signs["rows"], 1)

    def align_pair(candidate: tuple[int, int, int, int]) -> NearPair:
        one, other, apart, change = candidate
        first, second = sorted((int(looked[one]), int(looked[other])))
        score = align(
            signs["thumb"][looked[one]],
            signs["thumb"][looked[other]],
            (float(proportions[looked[one]]), float(proportions[looked[other]])),
            near(CHANGES[change]),
            rounds=ROUNDS if CHANGES[change] != Change() else 1,
        )
        return NearPair(first, second, apart, score, CHANGES[change])

    hopeful = _look_first(signs["thumb"], looked, proportions, candidates)
    best: dict[tuple[int, int], NearPair] = {}
    # one thread: steps so small that two would wait for Python, and for each other, twice as long
    for done, candidate in enumerate(hopeful, 1):
        progress(done, len(hopeful))
        place = min(candidate[:2]), max(candidate[:2])
        if place in best and best[place].alike >= SURE:
            continue
        pair = align_pair(candidate)
        enough = least + (MOVED if pair.change != Change() else 0)
        # the simplest change comes first; climbing from others may lead to the same
        if pair.alike >= max(enough, best[place].alike + GAINED if place in best else 0):
            best[place] = pair
    pairs = sorted(best.values(), key=lambda pair: -pair.alike)
    told = (round(float(chance.mean()), 3), round(float(chance.max()), 3))
    return NearCopies(tuple(pairs), bits, round(least, 3), told, simple)


def group_equal(digests: np.ndarray) -> list[list[int]]:
    """Return the groups of images whose bytes are the same, at least two each.

    Args:
        digests: uint8 (n, 16).

    >>> group_equal(np.array([[1] * 16, [2] * 16, [1] * 16], np.uint8))
    [[0, 2]]
    """
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index, digest in enumerate(digests):
        groups[digest.tobytes()].append(index)
    return [group for group in groups.values() if len(group) > 1]


def join(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return the groups that pairs make, each in order.

    >>> join([(4, 2), (7, 8), (2, 9)])
    [[2, 4, 9], [7, 8]]
    """
    parent: dict[int, int] = {}

    def root(index: int) -> int:
        while parent.setdefault(index, index) != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    groups: dict[int, list[int]] = defaultdict(list)
    for index in sorted(parent):
        groups[root(index)].append(index)
    return list(groups.values())


def _worth(signs: np.ndarray) -> np.ndarray:
    """Say which images show enough to be compared."""
    large = np.minimum(signs["rows"], signs["columns"]) >= SMALL
    return np.asarray(large & (signs["contrast"] >= FLAT))


def _strangers(signs: np.ndarray, looked: np.ndarray) -> np.ndarray:
    """Return how alike random pairs are when each is laid over the other in every way."""
    numbers = np.random.default_rng(0)
    first = numbers.integers(0, len(looked), STRANGERS)
    step = numbers.integers(1, len(looked), STRANGERS)
    second = (first + step) % len(looked)
    proportions = signs["columns"] / np.maximum(signs["rows"], 1)

    def align_pair(place: int) -> float:
        one, other = int(looked[first[place]]), int(looked[second[place]])
        some = near(CHANGES[place % len(CHANGES)])
        return align(
            signs["thumb"][one],
            signs["thumb"][other],
            (float(proportions[one]), float(proportions[other])),
            some,
        )

    scores = np.array(list(map(align_pair, range(STRANGERS))))
    return scores[scores < 0.9]  # the others are no strangers


def _look_first(
    thumbs: np.ndarray,
    looked: np.ndarray,
    proportions: np.ndarray,
    candidates: list[tuple[int, int, int, int]],
) -> list[tuple[int, int, int, int]]:
    """Return the candidates that a first look, at half the size, does not rule out."""
    left = []
    for change, group in groupby(candidates, key=itemgetter(3)):
        pairs = list(group)
        for start in range(0, len(pairs), AT_ONCE):
            some = pairs[start : start + AT_ONCE]
            one, other = looked[np.array(some)[:, :2]].T
            both = np.stack([proportions[one], proportions[other]], axis=1)
            first = look_first(thumbs[one], thumbs[other], both, near(CHANGES[change])[0])
            left += [some[place] for place in np.flatnonzero(first >= HOPEFUL).tolist()]
    return left


def _candidates(
    hashes: np.ndarray, changes: Sequence[int]
) -> tuple[int, list[tuple[int, int, int, int]]]:
    """Return the pairs that are worth a closer look, and how near their hashes are at least.

    Args:
        hashes: uint64 (n, len(CHANGES)).
        changes: which of them.

    Returns:
        The bits; (one that is changed, other, bits, change) of each.
    """
    most = EACH * len(hashes)
    counts = np.zeros(FARTHEST + 1, np.int64)
    for _, apart, _ in _distances(hashes, changes):
        counts += np.bincount(apart[apart <= FARTHEST], minlength=FARTHEST + 1)
    below = np.flatnonzero(counts.cumsum() <= most)
    bits = int(below[-1]) if len(below) else 0
    found: list[tuple[int, int, int, int]] = []
    for start, apart, change in _distances(hashes, changes):
        rows, columns = np.nonzero(apart <= bits)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            found.append((start + row, column, int(apart[row, column]), change))
            if len(found) >= 2 * most:  # a folder of frames: all alike
                return bits, found
    return bits, found


def _distances(hashes: np.ndarray, changes: Sequence[int]) -> Iterator[tuple[int, np.ndarray, int]]:
    """Return the bits by which changed and plain hashes differ, in blocks of rows."""
    plain = hashes[:, 0]
    rows = max(1, BLOCK // len(hashes))
    for change in changes:
        for start in range(0, len(hashes), rows):
            mine = hashes[start : start + rows, change]
            apart = np.bitwise_count(mine[:, None] ^ plain[None])
            # an image and itself, and the same pair the other way round where that is the same
            mask = np.arange(start, start + len(mine))[:, None] >= np.arange(len(hashes))
            if change not in (0, len(CHANGES) // 2):
                mask = np.arange(start, start + len(mine))[:, None] == np.arange(len(hashes))
            apart[mask] = 64
            yield start, apart, change
