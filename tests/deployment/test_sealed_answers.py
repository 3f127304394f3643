"""How far two answers are apart, and when another answer is no other one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from striate.deployment.sealed_answers import SealedAnswer, Tolerance, compare_answers

SAID = SealedAnswer(np.array([0.4, 0.3, 0.3], np.float32), -1, 0.4, None, 3, 0.7)


def count_others(two: SealedAnswer, allowed: float) -> int:
    return compare_answers(["a"], [SAID], [two], Tolerance(allowed, allowed)).classes


def test_at_the_limit_of_a_level_an_answer_may_climb_further() -> None:
    higher = replace(SAID, node=5, node_probability=1.0)
    assert count_others(higher, 0.02) == 0  # its class is not answered in either
    moved = replace(higher, probabilities=np.array([0.37, 0.33, 0.3], np.float32), confidence=0.37)
    assert count_others(moved, 0.02) == 1  # further apart than that
    other = replace(higher, probabilities=np.array([0.3, 0.4, 0.3], np.float32))
    assert count_others(other, 0.02) == 1  # climbs from another class
    answered = replace(SAID, label=0, node=0, node_probability=0.4)
    assert compare_answers(["a"], [answered], [replace(answered, node=3)]).classes == 1
