"""Near copies among the images of a run: by perceptual hashes, and by features where there are any.

The threshold comes from the folder itself: how alike random pairs of it are. Of the candidates
those whose details agree as they lie are joined at once; the others are laid over each other, the
likeliest first, up to a number that goes with that of the images, so that a split never depends on
how fast a machine is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from striate.data.groups import JoinedSets
from striate.doctor.image_signs import hash_grey
from striate.doctor.scan.alignment import align, near, take_details
from striate.doctor.scan.fingerprints import CHANGES, THUMB, Change, fingerprint
from striate.doctor.scan.near_copies import CHANGED, FARTHEST, FLAT, LEAST, SPREADS

HALF: Final = THUMB // 2
STRANGERS: Final = 100  # random pairs by which it is predicted what is alike by chance
ROBUST: Final = 1.4826  # of the median absolute deviation, to be a standard deviation
BLOCK: Final = 2**22  # pairs of hashes, or of features, that are compared at once
ROWS: Final = 512  # images that are made float32 at once
EACH: Final = 16  # pairs of near hashes an image that are candidates, on average, at most
ALIGNED: Final = 500  # candidates by hashes, and by features, that are laid over each other at most
ALIGNED_SHARE: Final = 0.125  # of many images more: so many an image
STRANGE: Final = 12  # bits by which hashes of different photographs differ now and then
NEIGHBOURS: Final = 3  # by features, that are laid over each image
DIRECTIONS: Final = 128  # of the features, in which they are compared where there are many images
MANY: Final = 1000
UNLIKE: Final = 20  # bits of 64 by which two of similar features differ that are not laid over
SLIGHT: Final = (Change(), Change(0.96), Change(0.92))  # a copy that a plain hash finds


@dataclass(frozen=True)
class NearImages:
    """Images that show the same.

    Attributes:
        pairs: (one, other, why).
        alike: the least correlation of details that counted.
        complete: whether all candidates were looked at.
    """

    pairs: list[tuple[int, int, str]]
    alike: float
    complete: bool


@dataclass(frozen=True)
class _Candidate:
    one: int
    other: int
    changes: tuple[Change, ...]


def find_near_images(
    thumbs: np.ndarray,
    looked: np.ndarray,
    *,
    vectors: np.ndarray | None,
    featured: np.ndarray,
    alike: float | None,
) -> NearImages:
    """Find images that show the same.

    Args:
        thumbs: uint8 (n, THUMB, THUMB).
        looked: bool (n,), of which images there is one.
        vectors: float32 (n, numbers), features of length 1; None where there are none.
        featured: bool (n,), which images have features.
        alike: the least correlation of details that counts; None finds it.
    """
    shows = np.flatnonzero(looked)
    contrast = [thumbs[some].std((1, 2), dtype=np.float32) for some in _blocks(shows)]
    shows = shows[np.concatenate([*contrast, np.empty(0)]) >= FLAT]
    if len(shows) < 2:
        return NearImages([], alike or LEAST, True)
    least = alike or _beyond_chance(thumbs, shows)
    joined = JoinedSets(len(thumbs))
    pairs: list[tuple[int, int, str]] = []

    def join(one: int, other: int, correlation: float) -> None:
        joined.join(one, other)
        pairs.append((one, other, f"near copy: details correlated by {correlation:.2f}"))

    left = _join_as_they_lie(thumbs, shows, least, join)
    most = max(ALIGNED, int(ALIGNED_SHARE * len(shows)))
    complete = len(left) <= most or int(left[most, 3]) >= STRANGE
    candidates: list[Iterator[_Candidate]] = [_by_hashes(left[:most])]
    if vectors is not None:
        candidates.append(_by_features(thumbs, shows[featured[shows]], vectors, joined))
    for some in candidates:
        aligned = 0
        for each in some:
            if joined.root(each.one) == joined.root(each.other):
                continue
            if aligned == most:
                complete = False
                break
            aligned += 1
            found = align(thumbs[each.one], thumbs[each.other], (1.0, 1.0), each.changes)
            if found >= least + CHANGED:
                join(each.one, each.other, found)
    return NearImages(pairs, round(least, 3), complete)


def _beyond_chance(thumbs: np.ndarray, shows: np.ndarray) -> float:
    """Return a correlation of details that random pairs of this folder do not reach."""
    numbers = np.random.default_rng(0)
    one, step = (
        numbers.integers(0, len(shows), STRANGERS),
        numbers.integers(1, len(shows), STRANGERS),
    )
    other = (one + step) % len(shows)
    scores = np.array(
        [
            align(thumbs[first], thumbs[second], (1.0, 1.0), near(CHANGES[place % len(CHANGES)]))
            for place, (first, second) in enumerate(zip(shows[one], shows[other], strict=True))
        ]
    )
    middle = float(np.median(scores))  # of a folder of bursts some are no strangers
    spread = ROBUST * float(np.median(np.abs(scores - middle)))
    return max(LEAST, middle + SPREADS * spread)


def _join_as_they_lie(
    thumbs: np.ndarray, shows: np.ndarray, least: float, join: Callable[[int, int, float], None]
) -> np.ndarray:
    """Join the pairs of near hashes whose details agree without being moved.

    Returns:
        The other pairs, those of the nearest hashes first: int64 (pairs, 4), first, second, whether
        it is mirrored, and the bits by which they differ.
    """
    plain, mirror = np.empty((2, len(shows)), np.uint64)
    details = np.empty((len(shows), HALF, HALF), np.float32)
    for some in _blocks(np.arange(len(shows))):
        grey = thumbs[shows[some]].astype(np.float32)
        plain[some], mirror[some] = hash_grey(grey), hash_grey(grey[:, :, ::-1])
        details[some] = take_details(grey.reshape(len(grey), HALF, 2, HALF, 2).mean((2, 4)))
    details /= np.maximum(np.linalg.norm(details, axis=(1, 2), keepdims=True), 1e-6)
    found = []
    rows = max(1, BLOCK // len(plain))
    for mirrored, hashes in enumerate((plain, mirror)):
        flipped = details[:, :, ::-1] if mirrored else details
        for start in range(0, len(plain), rows):
            bits = np.bitwise_count(hashes[start : start + rows, None] ^ plain[None, start:])
            bits[np.tri(*bits.shape, dtype=np.bool_)] = 64  # each pair once, and none with itself
            row, column = np.nonzero(bits <= _enough(bits))
            first, second = (start + row)[: EACH * len(bits)], (start + column)[: EACH * len(bits)]
            alike = np.einsum("prc,prc->p", flipped[first], details[second])
            apart = bits[row, column][: EACH * len(bits)]
            found.append(np.stack([first, second, np.full(len(first), mirrored), apart], axis=1))
            surely = alike >= least + CHANGED
            for place in np.flatnonzero(surely).tolist():
                join(int(shows[first[place]]), int(shows[second[place]]), float(alike[place]))
            found[-1] = found[-1][~surely]
    every = np.concatenate(found)
    every = every[np.argsort(every[:, 3], kind="stable")]
    every[:, :2] = shows[every[:, :2]]
    return every


def _blocks(indices: np.ndarray) -> Iterator[np.ndarray]:
    """Cut indices into parts of `ROWS` images, since 40,000 in float32 take 0.4 GB."""
    return (indices[start : start + ROWS] for start in range(0, len(indices), ROWS))


def _enough(bits: np.ndarray) -> int:
    """Return how far apart hashes may be so that not too many pairs of a block are candidates."""
    counts = np.bincount(bits[bits <= FARTHEST], minlength=FARTHEST + 1).cumsum()
    return int(np.searchsorted(counts, EACH * len(bits), side="right")) - 1 if counts[-1] else 0


def _by_hashes(left: np.ndarray) -> Iterator[_Candidate]:
    """Give the pairs that `_join_as_they_lie` has left."""
    for one, other, mirrored, _ in left.tolist():
        changes = tuple(replace(change, mirrored=bool(mirrored)) for change in SLIGHT)
        yield _Candidate(one, other, changes)


def _by_features(
    thumbs: np.ndarray, shows: np.ndarray, vectors: np.ndarray, joined: JoinedSets
) -> Iterator[_Candidate]:
    """Give each image with those of the most similar features, where they are unusually so."""
    if len(shows) < 2:
        return
    mine = vectors[shows]
    numbers = np.random.default_rng(0)
    one, other = numbers.integers(0, len(mine), (2, 2000))
    chance = np.einsum("pv,pv->p", mine[one], mine[other])[one != other]
    middle, upper = np.quantile(chance, (0.5, 0.75))
    least = float(middle + 6 * (upper - middle))
    likely: dict[tuple[int, int], float] = {}
    rows = max(1, BLOCK // len(mine))
    for start in range(0, len(mine), rows):
        alike = mine[start : start + rows] @ mine.T
        alike[np.arange(len(alike)), start + np.arange(len(alike))] = -np.inf
        nearest = np.argpartition(-alike, min(NEIGHBOURS, len(mine) - 1) - 1)[:, :NEIGHBOURS]
        for row, columns in enumerate(nearest.tolist()):
            for column in columns:
                if alike[row, column] >= least:
                    pair = (min(start + row, column), max(start + row, column))
                    likely[pair] = float(alike[row, column])
    hashes: dict[int, np.ndarray] = {}
    for (first, second), _ in sorted(likely.items(), key=lambda each: -each[1]):
        pair = (int(shows[first]), int(shows[second]))
        if joined.root(pair[0]) == joined.root(pair[1]):
            continue
        for index in pair:
            if index not in hashes:
                hashes[index] = fingerprint(thumbs[index][None], np.ones(1))[0]
        for mine_first, yours in (pair, pair[::-1]):
            bits = np.bitwise_count(hashes[mine_first] ^ hashes[yours][0])
            if bits.min() <= UNLIKE:
                yield _Candidate(mine_first, yours, near(CHANGES[int(bits.argmin())]))


def make_vectors(features: np.ndarray) -> np.ndarray:
    """Return features of length 1, by which two images are compared: float32 (n, numbers).

    Their mean is taken away, since all photographs share it; of many images they are turned to the
    128 directions in which these differ most.

    Args:
        features: float32 (n, features).

    >>> make_vectors(np.array([[3, 0], [-3, 0]], np.float32)).tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    """
    values = features - features.mean(0)
    if len(values) > MANY and values.shape[1] > DIRECTIONS:
        sample = values[:: -(-len(values) // (2 * MANY))].astype(np.float64)
        _, directions = np.linalg.eigh(sample.T @ sample)
        values = values @ directions[:, -DIRECTIONS:].astype(np.float32)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(lengths, 1e-12), np.float32)
