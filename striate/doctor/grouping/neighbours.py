"""The images most like each in features: among all, or among those of the same cells of many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

NEIGHBOURS: Final = 10
EXACT: Final = 8_000  # images up to which each is compared with every other
MEMBERS: Final = 200  # images a cell, on average
CELLS: Final = 2  # that an image lies in, so that a border between two parts no neighbours
ROUNDS: Final = 3  # in which the middles of cells are found
SAMPLE: Final = 20  # images a cell by which they are
BLOCK: Final = 2**20  # pairs that are compared at once


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest of each, the nearest first.

    Attributes:
        of: int64 (n, NEIGHBOURS); the image itself where there are fewer.
        alike: float32 (n, NEIGHBOURS), products of their vectors; minus infinity there.
    """

    of: np.ndarray
    alike: np.ndarray


def find_neighbours(vectors: np.ndarray) -> Neighbours:
    """Find the nearest of each image.

    Up to 8,000 images these are exact. Of more, images are dealt into cells around middles, each
    into the two nearest, and compared within (an inverted file: J. Sivic and A. Zisserman 2003,
    Video Google): of crops of photographs, 98 in 100 of the exact neighbours.

    Args:
        vectors: float32 (n, numbers), of length 1.

    >>> found = find_neighbours(np.eye(3, dtype=np.float32)[[0, 1, 0]])
    >>> found.of[:, 0].tolist(), found.alike[:, 0].tolist()
    ([2, 0, 0], [1.0, 0.0, 1.0])
    """
    n = len(vectors)
    if n <= EXACT:
        every = np.arange(n)
        of, alike = _start(n, NEIGHBOURS)
        rows = max(1, BLOCK // max(1, n))
        for start in range(0, n, rows):
            mine = every[start : start + rows]
            of[mine], alike[mine] = _nearest(vectors, mine, every)
        return Neighbours(of, alike)
    cells = _deal(vectors)
    of, alike = _start(n, CELLS * NEIGHBOURS)
    order = np.argsort(cells, axis=None, kind="stable")
    bounds = np.searchsorted(cells.ravel()[order], np.arange(cells.max() + 2))
    for start, end in zip(bounds[:-1], bounds[1:], strict=True):
        members, place = np.divmod(order[start:end], CELLS)
        columns = place[:, None] * NEIGHBOURS + np.arange(NEIGHBOURS)
        of[members[:, None], columns], alike[members[:, None], columns] = _nearest(
            vectors, members, members
        )
    return _merge(of, alike)


def _start(n: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    of = np.repeat(np.arange(n)[:, None], columns, axis=1)
    return of, np.full((n, columns), -np.inf, np.float32)


def _nearest(
    vectors: np.ndarray, some: np.ndarray, among: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest of some, and how near: (some, NEIGHBOURS) each."""
    of, alike = some[:, None].repeat(NEIGHBOURS, 1), np.full((len(some), NEIGHBOURS), -np.inf)
    products = vectors[some] @ vectors[among].T
    products[some[:, None] == among] = -np.inf
    rows = np.arange(len(some))
    for place in range(min(NEIGHBOURS, len(among) - 1)):
        best = products.argmax(1)  # ten times is less than one partition of short rows
        of[:, place], alike[:, place] = among[best], products[rows, best]
        products[rows, best] = -np.inf
    return of, alike


def _deal(vectors: np.ndarray) -> np.ndarray:
    """Return the cells of each image, the nearest first: int64 (n, CELLS)."""
    numbers = np.random.default_rng(0)
    count = len(vectors) // MEMBERS
    sample = vectors[numbers.choice(len(vectors), min(len(vectors), SAMPLE * count), replace=False)]
    middles = sample[:count]
    for _ in range(ROUNDS):
        nearest = (sample @ middles.T).argmax(1)
        order = np.argsort(nearest, kind="stable")
        filled, starts = np.unique(nearest[order], return_index=True)
        means = np.add.reduceat(sample[order], starts, axis=0)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        middles = middles.copy()
        middles[filled] = means / np.maximum(lengths, 1e-12)
    cells = np.empty((len(vectors), CELLS), np.int64)
    rows = max(1, BLOCK // count)
    for start in range(0, len(vectors), rows):
        products = vectors[start : start + rows] @ middles.T
        for place in range(CELLS):
            best = products.argmax(1)
            cells[start : start + rows, place] = best
            products[np.arange(len(best)), best] = -np.inf
    return cells


def _merge(of: np.ndarray, alike: np.ndarray) -> Neighbours:
    """Keep the nearest of what two cells gave, each once."""
    order = np.argsort(-alike, axis=1, kind="stable")
    of, alike = np.take_along_axis(of, order, 1), np.take_along_axis(alike, order, 1)
    again = np.zeros(of.shape, np.bool_)
    for place in range(1, of.shape[1]):
        again[:, place] = (of[:, :place] == of[:, place : place + 1]).any(1)
    order = np.argsort(again, axis=1, kind="stable")[:, :NEIGHBOURS]
    alike[again] = -np.inf
    return Neighbours(np.take_along_axis(of, order, 1), np.take_along_axis(alike, order, 1))
