"""Calibration errors counted by hand, and what a calibrated classifier shows."""

from __future__ import annotations

import numpy as np
import pytest

from striate.evaluation.metrics.reliability import BINS, Reliability, measure_reliability


def drawn(n: int, seed: int, shift: float = 0.0) -> tuple[list[float], list[bool]]:
    numbers = np.random.default_rng(seed)
    sure = numbers.uniform(0.4, 1, n)
    return sure.tolist(), (numbers.random(n) < sure + shift).tolist()


def test_the_errors_are_the_means_over_bins() -> None:
    sure, right = drawn(700, 1)
    found = measure_reliability(sure, right)
    wide: dict[int, list[int]] = {}
    for place, each in enumerate(sure):
        wide.setdefault(min(int(each * BINS), BINS - 1), []).append(place)
    order = sorted(range(700), key=lambda place: sure[place])
    mass = [part.tolist() for part in np.array_split(order, BINS)]
    for bins, expected in ((wide.values(), found.ece), (mass, found.ece_equal_mass)):
        by_hand = sum(
            len(part) / 700 * abs(np.mean([right[k] - sure[k] for k in part])) for part in bins
        )
        # 700 answers are no multiple of 15: a bin may have one more or less
        assert expected == pytest.approx(by_hand, abs=0.004)


def test_the_range_holds_a_calibrated_classifier_in_95_of_100_draws() -> None:
    inside = 0
    for seed in range(100):
        found = measure_reliability(*drawn(200, seed))
        inside += found.ece_low <= found.ece <= found.ece_high
    assert 88 <= inside <= 100


def test_what_is_too_sure_lies_outside() -> None:
    found = measure_reliability(*drawn(3000, 2, shift=-0.1))
    assert not found.comes_true
    assert found.ece == pytest.approx(0.1, abs=0.02)
    assert all(
        each.accuracy is not None and each.expected_low is not None
        and each.accuracy < each.expected_low
        for each in found.diagram[5:9]
    )  # fmt: skip
    assert found.diagram[0].n == 0
    assert found.diagram[0].accuracy is None


def test_it_survives_its_record() -> None:
    found = measure_reliability(*drawn(50, 3))
    assert Reliability.from_json(found.as_json()) == found
