"""What is said of two classifiers: no more than the counts allow."""

from __future__ import annotations

import numpy as np
import pytest

from striate.evaluation.comparison.paired_comparison import compare_pairs


def arrays(both: int, first: int, second: int, neither: int) -> list[np.ndarray]:
    table = [(1, 1)] * both + [(1, 0)] * first + [(0, 1)] * second + [(0, 0)] * neither
    return [np.array([row[k] for row in table], bool) for k in (0, 1)]


@pytest.mark.parametrize(
    ("counts", "better", "said"),
    [
        ((300, 5, 30, 20), "b", "b is better than a: 7.0 points more (95 % interval 4.0 to 10"),
        ((300, 30, 5, 20), "a", "a is better than b: 7.0 points more (95 % interval 4.0 to 10"),
        ((300, 10, 16, 29), None, "can be shown: 1.7 points more for b (95 % interval -1.2 to"),
        ((12, 1, 7, 1), None, "b may be better than a, but it is not certain: 28.6 points more"),
        ((300, 10, 10, 35), None, "can be shown: as many right of 355 (95 % interval -2.7 to 2.7"),
    ],
)
def test_the_verdict_says_no_more_than_interval_and_test_allow(
    counts: tuple[int, int, int, int], better: str | None, said: str
) -> None:
    (pair,) = compare_pairs(["a", "b"], arrays(*counts))
    assert pair.better == better
    assert said in pair.words
    undecided = better is None and counts[1] != counts[2]
    assert ("images would be needed" in pair.words) == undecided
    assert (pair.images_needed is not None) == undecided


def test_among_several_a_small_p_counts_for_less() -> None:
    one, other = arrays(300, 8, 22, 25)
    alone = compare_pairs(["a", "b"], [one, other])[0]
    among = compare_pairs(["a", "b", "c", "d", "e"], [one, other, one, one, one])[0]
    assert alone.better == "b"
    assert alone.p == among.p < among.p_adjusted == pytest.approx(4 * alone.p)
    assert among.better is None
    assert "may be better" in among.words
