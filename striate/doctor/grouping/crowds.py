"""Many images of the same: crops of one photograph, frames of one scene.

Hundreds of images of one thing are more pairs than can be laid over each other. They are each
other's neighbours in features, and have neighbours in common (R. A. Jarvis and E. A. Patrick 1973,
Clustering using a similarity measure based on shared near neighbors). So may be images that are
only of one kind; therefore some pairs of each crowd are laid over each other, and it counts only
where these agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from striate.doctor.grouping.neighbours import Neighbours

FEWEST: Final = 4  # images of a crowd; fewer are laid over each other pair by pair
SHARED: Final = 3  # neighbours that two have in common
PROBES: Final = (3, 5)  # pairs of a crowd that are tried: if some of the first disagree, the others
AGREED: Final = 4  # of the others and them that must agree
TRIES: Final = 2  # pairs by which two sets are joined
LEAST: Final = 0.7  # correlation of the middle of one with a part of the other
STRANGERS: Final = 200  # random pairs by which it is predicted what is alike by chance
SPREADS: Final = 3.0  # standard deviations above the median of strangers
ROBUST: Final = 1.4826
ROWS: Final = 2048

Lay = Callable[[np.ndarray], np.ndarray]
Join = Callable[[int, int, str], None]


def join_crowds(neighbours: Neighbours, lay: Lay, *, least: float, join: Join) -> np.ndarray:
    """Join the images of each crowd, then those that lie beside it.

    Args:
        neighbours: of each image.
        lay: gives how well those of pairs, int64 (pairs, 2), overlap: float32 (pairs,).
        least: how alike in features two of a crowd are at least.
        join: is told two that belong together, and why.

    Returns:
        bool (n,), which images lie in crowds.
    """
    n = len(neighbours.of)
    edges = _share_neighbours(neighbours, least)
    label = _connect(n, edges)
    sizes = np.bincount(label, minlength=n)
    edges = edges[sizes[label[edges[:, 0]]] >= FEWEST]
    inside, sets = np.zeros(n, np.bool_), np.arange(n)
    if not len(edges):
        return inside
    surely = max(LEAST, _beyond_chance(lay, n))
    order = np.argsort(label[edges[:, 0]], kind="stable")
    bounds = np.flatnonzero(np.diff(label[edges[order, 0]])) + 1
    crowds = [edges[each] for each in np.split(order, bounds)]
    agreed = _probe(lay, crowds, surely)
    for each, tried in zip(crowds, agreed, strict=True):
        if not tried:
            continue
        members = np.unique(each)
        inside[members], sets[members] = True, members[0]
        why = f"near copy: of {len(members)} alike in features, {tried} pairs agree in details"
        for other in members[1:].tolist():
            join(int(members[0]), other, why)
    if inside.any():
        for one, other, found in _beside(lay, neighbours, inside, sets, least, surely):
            join(one, other, f"near copy: a part of both correlated by {found:.2f}")
    return inside


def _share_neighbours(neighbours: Neighbours, least: float) -> np.ndarray:
    """Return the pairs that are among each other's neighbours and share some: int64 (pairs, 2)."""
    of, found = neighbours.of, []
    for start in range(0, len(of), ROWS):
        mine = of[start : start + ROWS]
        theirs = of[mine]  # (rows, neighbours, neighbours of these)
        shared = np.zeros(mine.shape, np.int64)
        for place in range(mine.shape[1]):
            shared += (theirs == mine[:, None, place, None]).any(2)
        own = np.arange(start, start + len(mine))
        mutual = (theirs == own[:, None, None]).any(2)
        fine = mutual & (shared >= SHARED) & (neighbours.alike[start : start + ROWS] >= least)
        fine &= mine > own[:, None]
        row, column = np.nonzero(fine)
        found.append(np.stack([own[row], mine[row, column]], axis=1))
    return np.concatenate(found)


def _connect(n: int, edges: np.ndarray) -> np.ndarray:
    """Return of each which set it lies in, by its lowest index: int64 (n,)."""
    label = np.arange(n)
    while True:
        before = label.copy()
        low = label[edges].min(1)
        for column in (0, 1):
            np.minimum.at(label, label[edges[:, column]], low)
            np.minimum.at(label, edges[:, column], low)
        label = label[label]
        if (label == before).all():
            return label


def _beyond_chance(lay: Lay, n: int) -> float:
    """Return a correlation that random pairs of this folder do not reach."""
    numbers = np.random.default_rng(1)
    one = numbers.integers(0, n, STRANGERS)
    other = (one + numbers.integers(1, n, STRANGERS)) % n
    scores = lay(np.stack([one, other], axis=1))
    middle = float(np.median(scores))
    return middle + SPREADS * ROBUST * float(np.median(np.abs(scores - middle)))


def _probe(lay: Lay, crowds: list[np.ndarray], surely: float) -> list[int]:
    """Return of each crowd how many pairs agree; 0 where too few do."""
    numbers = np.random.default_rng(0)
    drawn = [
        each[numbers.choice(len(each), min(PROBES[1], len(each)), replace=False)] for each in crowds
    ]
    first = _agree(lay, [each[: PROBES[0]] for each in drawn], surely)
    doubted = [
        place
        for place, each in enumerate(drawn)
        if len(each) > PROBES[0] and 0 < first[place] < PROBES[0]
    ]
    more = _agree(lay, [drawn[place][PROBES[0] :] for place in doubted], surely)
    agreed = [count if count >= PROBES[0] else 0 for count in first]
    for place, count in zip(doubted, more, strict=True):
        agreed[place] = first[place] + count if first[place] + count >= AGREED else 0
    return agreed


def _agree(lay: Lay, pairs: list[np.ndarray], surely: float) -> list[int]:
    """Return how many of each list of pairs agree, all laid over each other at once."""
    if not pairs:
        return []
    every = np.concatenate(pairs)
    fine = lay(every) >= surely
    bounds = np.cumsum([len(each) for each in pairs])[:-1]
    return [int(each.sum()) for each in np.split(fine, bounds)]


def _beside(
    lay: Lay,
    neighbours: Neighbours,
    inside: np.ndarray,
    sets: np.ndarray,
    least: float,
    surely: float,
) -> Iterator[tuple[int, int, float]]:
    """Give the pairs that join a crowd with what lies beside it, or with another crowd."""
    row, column = np.nonzero(neighbours.alike >= least)
    pairs = np.stack([row, neighbours.of[row, column]], axis=1)
    alike = neighbours.alike[row, column]
    apart = sets[pairs[:, 0]] != sets[pairs[:, 1]]
    wanted = apart & inside[pairs].any(1)
    pairs, alike = pairs[wanted], alike[wanted]
    if not len(pairs):
        return
    between = np.sort(sets[pairs], axis=1)
    key = between[:, 0] * len(sets) + between[:, 1]
    order = np.lexsort((-alike, key))
    pairs, key = pairs[order], key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    place = np.arange(len(key)) - np.repeat(starts, np.diff(starts, append=len(key)))
    pairs, key = pairs[place < TRIES], key[place < TRIES]
    scores = lay(pairs)
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    worst = np.minimum.reduceat(scores, starts)
    fine = worst >= surely
    for (one, other), found in zip(pairs[starts[fine]].tolist(), worst[fine].tolist(), strict=True):
        yield one, other, found
