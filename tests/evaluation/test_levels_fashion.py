"""The promise on both levels of Fashion-MNIST, over random choices of calibration images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from striate.data import find, load
from striate.evaluation.calibration.promise_fit import fit_promise
from striate.evaluation.metrics import wilson_interval
from striate.model.decision import Decision, Taxonomy
from striate.settings import Settings
from striate.training.runs import start_run

NETWORK = "conv 16 > relu > maxpool 2 > conv 32 > relu > maxpool 2 > flatten > fc 64 > relu > fc"
GROUPS = (
    "tops/t-shirt", "trousers", "tops/pullover", "dress", "tops/coat",
    "shoes/sandal", "tops/shirt", "shoes/sneaker", "bag", "shoes/boot",
)  # fmt: skip
CHOICES, CONFIDENCE = 300, 0.9


@pytest.fixture(scope="module")
def odds(
    shared: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels of the 10,000 test images, from which nothing was learnt."""
    data = shared("data/fashion-mnist")
    settings = Settings(epochs=2, batch_size=128, augment=False, threads=1)
    done = start_run(data, NETWORK, out=tmp_path_factory.mktemp("run") / "run", settings=settings)
    found = find(data)
    test = found.only(np.flatnonzero(np.array(found.splits) == "test"))
    with load(test, done.model.preprocess) as images:
        parts = np.array_split(np.arange(len(test)), 40)
        rows = [done.model.probabilities(images.take(part)) for part in parts]
    names = [done.model.classes.index(name) for name in test.classes]
    return np.concatenate(rows), np.array(names)[test.labels]


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "n"), [(0.95, 1000), (0.97, 2000), (0.99, 4000)])
def test_the_risk_of_each_level_is_kept_as_often_as_is_said(
    odds: tuple[np.ndarray, np.ndarray], precision: float, n: int
) -> None:
    rows, labels = odds
    tree = Taxonomy.from_names(GROUPS)
    assert tree is not None
    own, truth = tree.rise(rows.argmax(1)), tree.rise(labels)
    kept, made, together = np.zeros(2, int), np.zeros(2, int), 0
    for seed in range(CHOICES):
        order = np.random.default_rng(seed).permutation(len(labels))
        few, rest = order[:n], order[n:]
        found = fit_promise(
            rows[few], labels[few], precision=precision, confidence=CONFIDENCE, taxonomy=tree
        )
        answers = Decision(promise=found.promise, taxonomy=tree).choose(rows[rest])
        good = [True, True]
        for level in (0, 1):
            here = answers.level == level
            if found.promise is None or not found.levels[level].answered or not here.any():
                continue
            right = own[rest][here, level] == truth[rest][here, level]
            good[level] = bool(right.mean() >= precision)
            made[level] += 1
            kept[level] += good[level]
        together += all(good)
    assert made.max() > CHOICES // 3
    for level in (0, 1):
        if made[level]:
            # the interval of the share in which it is kept does not lie below what was said
            assert wilson_interval(int(kept[level]), int(made[level]))[1] >= CONFIDENCE
    assert wilson_interval(together, CHOICES)[1] >= CONFIDENCE
