"""Conformal sets: coverage by simulation, the threshold against mapie's."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from striate.errors import SettingError
from striate.evaluation.conformal import (
    PredictionSets,
    choose_threshold,
    measure_coverage,
    prediction_sets,
)

RUN = Path(__file__).parents[1] / "formats" / "2026-11" / "transferred"


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_hold_the_true_class_as_often_as_asked(coverage: float) -> None:
    """The mean over many choices lies between the coverage and one more image of n + 1."""
    numbers = np.random.default_rng(0)
    held = []
    for _ in range(3000):
        drawn = numbers.beta(5, 1, 60)
        held.append(drawn[-1] >= choose_threshold(drawn[:-1], coverage))
    error = 3 * np.sqrt(coverage * (1 - coverage) / 3000)
    assert coverage - error <= np.mean(held) <= coverage + 1 / 60 + error


def test_the_threshold_is_mapies() -> None:
    from mapie.classification import SplitConformalClassifier
    from sklearn.dummy import DummyClassifier

    class Given(DummyClassifier):  # type: ignore[misc]
        """Answers with the probabilities that it is given."""

        def predict_proba(self, rows: np.ndarray) -> np.ndarray:
            return rows

        def predict(self, rows: np.ndarray) -> np.ndarray:
            return np.asarray(rows.argmax(1))

    numbers = np.random.default_rng(1)
    odds = numbers.dirichlet([1, 1, 1], 200)
    labels = (odds.cumsum(1) < numbers.random((200, 1))).sum(1)
    oracle = SplitConformalClassifier(
        Given().fit(odds, labels), confidence_level=0.9, conformity_score="lac", prefit=True
    )
    oracle.conformalize(odds, labels)
    _, expected = oracle.predict_set(odds)
    threshold = choose_threshold(odds[np.arange(200), labels], 0.9)
    np.testing.assert_array_equal(odds >= threshold, expected[:, :, 0])


def test_sets_of_a_run(tmp_path: Path) -> None:
    run = shutil.copytree(RUN, tmp_path / "run")  # in which the evaluation is counted
    sets = prediction_sets(run, "digits", coverage=0.9)
    assert sets.n == 355
    assert 1 < sets.mean_size < 4
    assert "hold the true class 90.0 % of the time" in str(sets)


def test_an_empty_set_may_be_filled() -> None:
    sets = PredictionSets(("ant", "bee"), 0.5, 0.8, 20, 0.3, 0.7)
    rows = np.array([[0.7, 0.3], [0.1, 0.9]])
    assert sets.of(rows) == [(), ("bee",)]
    filled = sets.of(rows, at_least_one=True)
    assert filled == [("ant",), ("bee",)]
    assert measure_coverage(filled, ["ant", "ant"])[0] == 0.5


def test_senseless_coverages_are_refused() -> None:
    for coverage in (0, 1, 90):
        with pytest.raises(SettingError, match="expected above 0 and below 1"):
            choose_threshold(np.ones(50), coverage)
