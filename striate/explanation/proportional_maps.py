"""Methods whose maps are the same but for a factor, put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.explanation.explanation import Explanation

ALIKE = 1e-3  # maps that differ by less, as a share of their largest number, are the same


def group_proportional(
    found: Sequence[Explanation],
) -> tuple[tuple[Explanation, ...], tuple[tuple[str, ...], ...]]:
    """Return one map of each kind, and for each the other methods that gave the same."""
    kept: list[Explanation] = []
    same: list[list[str]] = []
    for each in found:
        for place, other in enumerate(kept):
            if _proportional(other.attribution, each.attribution):
                same[place].append(each.method)
                break
        else:
            kept.append(each)
            same.append([])
    return tuple(kept), tuple(map(tuple, same))


def _proportional(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    largest = float(np.abs(one).max()), float(np.abs(other).max())
    if not all(largest):
        return largest[0] == largest[1]
    return bool(np.abs(one / largest[0] - other / largest[1]).max() < ALIKE)
