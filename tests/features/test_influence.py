"""What an answer of a head would be without a training image, against training without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression

from striate.errors import SettingError
from striate.features.head import fit_head, standardize
from striate.features.influence import TaughtHead, fit_taught_head, log_odds
from striate.features.logistic_regression import minimize_loss


def made(
    classes: int, n: int, features: int, *, copies: int = 1, apart: float = 0.3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = numbers.normal(size=(classes, 1, features))
    values = numbers.normal(size=(n, copies, features)) + apart * centres[labels]
    return values.astype(np.float32), labels


def changed(head: TaughtHead, then: TaughtHead, image: np.ndarray, target: int) -> float:
    before, after = (log_odds(each.logits(image[None])[0], target) for each in (head, then))
    return after - before


def test_the_head_is_scikit_learns() -> None:
    values, labels = made(3, 90, 5)
    head = fit_taught_head(values, labels, classes=3, strength=0.05)
    flat = values[:, 0].astype(np.float64)
    standard = (flat - flat.mean(0)) / flat.std(0)
    theirs = LogisticRegression(C=1 / (0.05 * 90), tol=1e-12, max_iter=10_000).fit(standard, labels)
    expected = log_softmax(theirs.decision_function(standard), axis=1)
    np.testing.assert_allclose(log_softmax(head.logits(flat), axis=1), expected, atol=1e-7)


def test_the_head_is_the_one_that_training_fits() -> None:
    values, labels = made(4, 80, 120, copies=2)
    weights = [1.0, 2.0, 0.5, 1.0]
    fitted = fit_head(values, labels, classes=4, class_weights=weights)
    head = fit_taught_head(
        values, labels, classes=4, strength=fitted.strength, class_weights=weights
    )
    theirs = log_softmax(values[:, 0] @ fitted.weight.T + fitted.bias, axis=1)
    ours = log_softmax(head.logits(values[:, 0]), axis=1)
    assert np.abs(ours - theirs).max() < 0.02 * np.abs(theirs).max()  # which stops a little before


def test_the_head_of_training_is_near_in_loss_where_little_decay_leaves_logits_apart() -> None:
    values, labels = made(2, 96, 1280, apart=0.1)
    rows = standardize(values)
    near = minimize_loss(
        rows.values[:, 0],
        labels,
        np.ones((1, 96)),
        strength=0.001,
        start=np.zeros((rows.values.shape[2] + 1, 1, 2), np.float32),
    )[:, 0].astype(np.float64)
    weight = near[:-1].T @ rows.back  # as training fits it, for features of the backbone
    bias = near[-1] - weight @ rows.mean
    head = fit_taught_head(values, labels, classes=2, strength=0.001)
    assert 0 <= head.excess(weight, bias) < 1e-5  # where training ends
    penalty = 0.001 / 2 * float((head.weight[:-1] ** 2).sum())
    losses = -log_softmax(head.logits(values[:, 0]), axis=1)[np.arange(96), labels]
    nothing = np.log(2) - losses.mean() - penalty  # by hand: no weights, so half of each class
    assert head.excess(0 * weight, 0 * bias) == pytest.approx(nothing)
    values[0] = values[1]  # another image in the place of one
    other = fit_taught_head(values, labels, classes=2, strength=0.001)
    assert other.excess(weight, bias) > 1e-3


@pytest.mark.parametrize(("classes", "copies"), [(2, 1), (2, 3), (5, 1)])
def test_the_influence_is_the_derivative_in_the_weight_of_an_image(
    classes: int, copies: int
) -> None:
    values, labels = made(classes, 60, 8, copies=copies)
    head = fit_taught_head(values, labels, classes=classes, strength=0.1)
    image = values[7, 0]
    found = head.influence(image, 1).by_loss
    for struck in (0, 1, 7):
        heads = []
        for factor in (1.01, 0.99):
            shares = head.shares.copy()
            shares[struck] *= factor
            heads.append(head._descend(shares / shares.sum()))
        slope = changed(heads[0], heads[1], image, 1) / 0.02
        # its share falls to nothing, those of the others rise
        assert found[struck] == pytest.approx(slope / (1 - head.shares[struck]), rel=1e-3)


@pytest.mark.parametrize(("classes", "copies"), [(2, 1), (2, 3), (4, 1)])
def test_a_newton_step_comes_close_to_training_without_the_images(
    classes: int, copies: int
) -> None:
    values, labels = made(classes, 80, 150, copies=copies)
    head = fit_taught_head(values, labels, classes=classes, strength=0.1)
    image = values[3, 0] / 2
    for struck in ([0], [3], [1, 2, 5]):
        kept = np.setdiff1d(np.arange(80), struck)
        anew = fit_taught_head(values[kept], labels[kept], classes=classes, strength=0.1)
        truth = changed(head, anew, image, 1)
        assert changed(head, head.step_without(struck), image, 1) == pytest.approx(
            truth, abs=0.15 * abs(truth) + 0.01
        )


def test_the_order_of_the_influences_is_that_of_training_without_each() -> None:
    values, labels = made(3, 60, 40)
    head = fit_taught_head(values, labels, classes=3, strength=0.1)
    image = values[0, 0] / 2
    truth = []
    for struck in range(60):
        kept = np.arange(60) != struck
        anew = fit_taught_head(values[kept], labels[kept], classes=3, strength=0.1)
        truth.append(changed(head, anew, image, 2))
    assert spearmanr(head.influence(image, 2).change, truth).statistic > 0.97


def test_temperature_scales_two_classes_evenly() -> None:
    values, labels = made(2, 40, 6)
    head = fit_taught_head(values, labels, classes=2, strength=0.1)
    image = values[0, 0]
    np.testing.assert_allclose(
        head.influence(image, 0, temperature=2.0).change * 2,
        head.influence(image, 0).change,
        rtol=1e-9,
    )


def test_the_last_image_of_a_class_cannot_be_struck_out() -> None:
    values, labels = made(2, 20, 4)
    head = fit_taught_head(values, labels, classes=2, strength=0.1)
    with pytest.raises(SettingError, match="class number 1 would have none left"):
        head.step_without(np.flatnonzero(labels == 1).tolist())


@pytest.mark.slow
def test_influence_against_leaving_out_each_of_200_photographs(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    """Ants and bees on SqueezeNet: docs/explain.md has the figures that this prints."""
    from striate.settings import Settings
    from striate.training.runs import start_run
    from striate.training.taught import open_taught_run

    photographs = shared("data/hymenoptera")
    weights = str(shared("weights/squeezenet1_1.pth"))
    settings = Settings(pretrained="squeezenet1_1", weights=weights)
    run = open_taught_run(start_run(photographs, out=tmp_path / "run", settings=settings).folder)
    head = run.head
    struck = np.random.default_rng(0).permutation(len(run.indices))[:200].tolist()
    heads = [run.fit_without([each]) for each in struck]
    steps = [head.step_without([each]) for each in struck]
    images = [run.features_of(path) for path in sorted((photographs / "val").glob("*/*.jpg"))]
    by_influence, by_step, errors = [], [], []
    for image in images:
        truth = np.array([changed(head, then, image, 1) for then in heads])
        found = head.influence(image, 1)
        stepped = np.array([changed(head, then, image, 1) for then in steps])
        stepped += found.by_scale[struck]
        by_influence.append(spearmanr(found.change[struck], truth).statistic)
        by_step.append(spearmanr(stepped, truth).statistic)
        errors.append(np.abs(stepped - truth).max())
    assert np.median(by_influence) > 0.95 and min(by_influence) > 0.9
    assert np.median(by_step) > 0.98
