"""Near copies among the images of a run: by perceptual hashes, and by features where there are any.

The threshold comes from the folder itself: how alike random pairs of it are. Of the candidates
those whose details agree as they lie are joined at once; the others are laid over each other, the
likeliest first, up to a number that goes with that of the images, so that a split never depends on
how fast a machine is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from striate.data.groups import JoinedSets
from striate.doctor.grouping.crowds import Join, join_crowds
from striate.doctor.grouping.neighbours import Neighbours, find_neighbours
from striate.doctor.grouping.overlap import overlap
from striate.doctor.image_signs import hash_grey
from striate.doctor.scan.alignment import align, near, take_details
from striate.doctor.scan.fingerprints import CHANGES, THUMB, Change, fingerprint
from striate.doctor.scan.near_copies import CHANGED, FARTHEST, FLAT, LEAST, SPREADS

HALF: Final = THUMB // 2
STRANGERS: Final = 100  # random pairs by which it is predicted what is alike by chance
ROBUST: Final = 1.4826  # of the median absolute deviation, to be a standard deviation
BLOCK: Final = 2**22  # pairs of hashes of which the nearest are candidates
AT_ONCE: Final = 2**17  # of them that are compared at once: they stay in the processor's cache
ROWS: Final = 512  # images that are made float32 at once
ROWS_OF_NEIGHBOURS: Final = 512  # images whose neighbours are compared at once
EACH: Final = 16  # pairs of near hashes an image that are candidates, on average, at most
ALIGNED: Final = 500  # candidates by hashes, and by features, that are laid over each other at most
MANY_HASHES: Final = 20_000  # images above which only neighbours in features are held together
STRANGE: Final = 12  # bits by which hashes of different photographs differ now and then
NEAREST: Final = 3  # by features, that are laid over each image
AT_A_TIME: Final = 256  # pairs of them that are hashed in all ways
SAMPLE: Final = 4000  # images by which it is found whether many show few things
CROWDED: Final = 0.1  # of these that do
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


@dataclass(frozen=True, eq=False)
class _Like:
    """Neighbours in features, and from which similarity on two are unusually alike."""

    neighbours: Neighbours
    least: float


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
    shows = _find_showing(thumbs, looked)
    if len(shows) < 2:
        return NearImages([], alike or LEAST, True)
    least = alike or _beyond_chance(thumbs, shows)
    joined = JoinedSets(len(thumbs))
    pairs: list[tuple[int, int, str]] = []

    def join(one: int, other: int, why: str) -> None:
        joined.join(one, other)
        pairs.append((one, other, why))

    known, like = shows[featured[shows]], None
    if vectors is not None and len(known) > 1:
        like = _find_like(vectors[known])
    # copies have like features, so that of many images with features the neighbours are enough
    among = like.neighbours if like and MANY_HASHES < len(shows) == len(known) else None
    left = _join_as_they_lie(thumbs, shows, among, least=least, join=join)
    candidates: list[Iterator[_Candidate]] = []
    if like is not None:
        crowded = _join_crowds(thumbs, known, like, join)
        candidates.append(_by_features(thumbs, known, like, joined, tried=crowded))
        left = left[~np.isin(left[:, :2], known[crowded]).any(1)]
    complete = len(left) <= ALIGNED or int(left[ALIGNED, 3]) >= STRANGE
    candidates.insert(0, _by_hashes(left[:ALIGNED]))
    for some in candidates:
        aligned = 0
        for each in some:
            if joined.root(each.one) == joined.root(each.other):
                continue
            if aligned == ALIGNED:
                complete = False
                break
            aligned += 1
            found = align(thumbs[each.one], thumbs[each.other], (1.0, 1.0), each.changes)
            if found >= least + CHANGED:
                join(each.one, each.other, _word(found))
    return NearImages(pairs, round(least, 3), complete)


def are_crowded(thumbs: np.ndarray, looked: np.ndarray, vectors: np.ndarray) -> bool:
    """Say whether many images show few things, by some of them.

    Args:
        thumbs: uint8 (n, THUMB, THUMB).
        looked: bool (n,), of which images there is one, and a vector.
        vectors: float32 (n, numbers), features of length 1.
    """
    known = _find_showing(thumbs, looked)
    if len(known) > SAMPLE:
        known = np.sort(np.random.default_rng(0).choice(known, SAMPLE, replace=False))
    if len(known) < 2:
        return False
    like = _find_like(vectors[known])
    crowded = _join_crowds(thumbs, known, like, lambda *_: None)
    return bool(crowded.mean() >= CROWDED)


def _find_showing(thumbs: np.ndarray, looked: np.ndarray) -> np.ndarray:
    """Return the images that show enough to be compared: int64."""
    shows = np.flatnonzero(looked)
    contrast = [thumbs[some].std((1, 2), dtype=np.float32) for some in _blocks(shows)]
    return shows[np.concatenate([*contrast, np.empty(0)]) >= FLAT]


def _word(correlation: float) -> str:
    return f"near copy: details correlated by {correlation:.2f}"


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
    thumbs: np.ndarray,
    shows: np.ndarray,
    among: Neighbours | None,
    *,
    least: float,
    join: Join,
) -> np.ndarray:
    """Join the pairs of near hashes whose details agree without being moved.

    Args:
        thumbs: uint8 (n, THUMB, THUMB).
        shows: int64 (k,), which of them are compared.
        among: each with these alone; None compares all.
        least: the correlation of details that counts.
        join: is told which belong together, and why.

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
    for mirrored, hashes in enumerate((plain, mirror)):
        flipped = details[:, :, ::-1] if mirrored else details
        for first, second, apart in _near_hashes(hashes, plain, among):
            alike = np.einsum("prc,prc->p", flipped[first], details[second])
            surely = alike >= least + CHANGED
            for place in np.flatnonzero(surely).tolist():
                join(int(shows[first[place]]), int(shows[second[place]]), _word(alike[place]))
            left = np.stack([first, second, np.full(len(first), mirrored), apart], axis=1)
            found.append(left[~surely])
    every = np.concatenate(found)
    every = every[np.argsort(every[:, 3], kind="stable")]
    every[:, :2] = shows[every[:, :2]]
    return every


def _blocks(indices: np.ndarray) -> Iterator[np.ndarray]:
    """Cut indices into parts of `ROWS` images, since 40,000 in float32 take 0.4 GB."""
    return (indices[start : start + ROWS] for start in range(0, len(indices), ROWS))


def _near_hashes(
    hashes: np.ndarray, plain: np.ndarray, among: Neighbours | None
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Give pairs of near hashes, each once, in blocks: first, second, and the bits between them."""
    rows, step = max(1, BLOCK // len(plain)), max(1, AT_ONCE // len(plain))
    if among is not None:
        rows = step = ROWS_OF_NEIGHBOURS
    for start in range(0, len(plain), rows):
        end = min(start + rows, len(plain))
        near_ones = [
            _compare(hashes, plain, begin, min(begin + step, end), among)
            for begin in range(start, end, step)
        ]
        first, second, apart = (np.concatenate(each) for each in zip(*near_ones, strict=True))
        most = EACH * (end - start)
        counts = np.bincount(apart, minlength=FARTHEST + 1).cumsum()
        enough = int(np.searchsorted(counts, most, side="right")) - 1 if counts[-1] else 0
        near_enough = np.flatnonzero(apart <= enough)[:most]
        yield first[near_enough], second[near_enough], apart[near_enough].astype(np.int64)


def _compare(
    hashes: np.ndarray, plain: np.ndarray, start: int, end: int, among: Neighbours | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pairs of some rows with later images that differ in few bits."""
    if among is not None:
        of = among.of[start:end]
        bits = np.bitwise_count(hashes[start:end, None] ^ plain[of])
        row, column = np.nonzero((bits <= FARTHEST) & (among.alike[start:end] > -np.inf))
        return start + row, of[row, column], bits[row, column]
    bits = np.bitwise_count(hashes[start:end, None] ^ plain[None, start:])
    places = np.flatnonzero(bits <= FARTHEST)
    row, column = np.divmod(places, bits.shape[1])
    later = column > row  # each pair once, and none with itself
    return start + row[later], start + column[later], bits.ravel()[places[later]]


def _by_hashes(left: np.ndarray) -> Iterator[_Candidate]:
    """Give the pairs that `_join_as_they_lie` has left."""
    for one, other, mirrored, _ in left.tolist():
        changes = tuple(replace(change, mirrored=bool(mirrored)) for change in SLIGHT)
        yield _Candidate(one, other, changes)


def _find_like(vectors: np.ndarray) -> _Like:
    """Return the neighbours of each in features, and how alike two are that are unusually so."""
    numbers = np.random.default_rng(0)
    one, other = numbers.integers(0, len(vectors), (2, 2000))
    chance = np.einsum("pv,pv->p", vectors[one], vectors[other])[one != other]
    middle, upper = np.quantile(chance, (0.5, 0.75))
    return _Like(find_neighbours(vectors), float(middle + 6 * (upper - middle)))


def _join_crowds(thumbs: np.ndarray, known: np.ndarray, like: _Like, join: Join) -> np.ndarray:
    """Join the images of crowds; return which are: bool (known,)."""

    def lay(pairs: np.ndarray) -> np.ndarray:
        one, other = known[pairs].T
        return overlap(thumbs[one], thumbs[other])

    def tell(one: int, other: int, why: str) -> None:
        join(int(known[one]), int(known[other]), why)

    return join_crowds(like.neighbours, lay, least=like.least, join=tell)


def _by_features(
    thumbs: np.ndarray, known: np.ndarray, like: _Like, joined: JoinedSets, *, tried: np.ndarray
) -> Iterator[_Candidate]:
    """Give each image with those of the most similar features, where they are unusually so.

    Of those in crowds, which are tried already, none.
    """
    of, alike = like.neighbours.of[:, :NEAREST], like.neighbours.alike[:, :NEAREST]
    row, column = np.nonzero((alike >= like.least) & ~tried[:, None] & ~tried[of])
    pairs = np.sort(known[np.stack([row, like.neighbours.of[row, column]], axis=1)], axis=1)
    order = np.argsort(-alike[row, column], kind="stable")
    likely = list(dict.fromkeys(map(tuple, pairs[order].tolist())))
    for start in range(0, len(likely), AT_A_TIME):
        some = [
            pair
            for pair in likely[start : start + AT_A_TIME]
            if joined.root(pair[0]) != joined.root(pair[1])
        ]
        if not some:
            continue
        shown = sorted({index for pair in some for index in pair})
        hashes = dict(zip(shown, fingerprint(thumbs[shown], np.ones(len(shown))), strict=True))
        for pair in some:
            for one, other in (pair, pair[::-1]):
                bits = np.bitwise_count(hashes[one] ^ hashes[other][0])
                if bits.min() <= UNLIKE:
                    yield _Candidate(one, other, near(CHANGES[int(bits.argmin())]))


def make_vectors(features: np.ndarray) -> np.ndarray:
    """Return features of length 1, by which two images are compared: float32 (n, numbers).

    Their mean is taken away, since all photographs share it; of many images they are turned to the
    128 directions in which these differ most.

    Args:
        features: float32 (n, features).

    >>> make_vectors(np.array([[3, 0], [-3, 0]], np.float32)).tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    """
    mean = features.mean(0)
    if len(features) > MANY and features.shape[1] > DIRECTIONS:
        sample = (features[:: -(-len(features) // (2 * MANY))] - mean).astype(np.float64)
        _, directions = np.linalg.eigh(sample.T @ sample)
        turned = directions[:, -DIRECTIONS:].astype(np.float32)
        values = np.empty((len(features), DIRECTIONS), np.float32)
        for some in _blocks(np.arange(len(features))):
            values[some] = (features[some] - mean) @ turned
    else:
        values = features - mean
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(lengths, 1e-12), np.float32)
