"""The head: the optimum of its formula, its strength by cross-validation, its weights unfolded."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from striate.features.head import FOLDS, STRENGTHS, Head, _folds, fit_head, standardize


def drawn(
    images: int, versions: int, features: int, classes: int, *, apart: float = 1.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw clusters, one a class, with features of very different scales."""
    numbers = np.random.default_rng(seed)
    labels = np.arange(images) % classes
    centres = apart * numbers.normal(size=(classes, features))
    values = centres[labels][:, None] + numbers.normal(size=(images, versions, features))
    scales = 10.0 ** numbers.uniform(-3, 3, features)
    return (values * scales + 5 * scales).astype(np.float32), labels


def objective(head: Head, features: np.ndarray, labels: np.ndarray, weight: torch.Tensor) -> float:
    """The formula of the docstring in torch: mean cross-entropy and the penalty."""
    flat = torch.from_numpy(features.reshape(-1, features.shape[-1])).double()
    spread = flat.std(0, correction=0)
    standard = (flat - flat.mean(0)) / spread
    bias = torch.from_numpy(head.bias).double() + torch.from_numpy(
        head.weight
    ).double() @ flat.mean(0)
    truth = torch.from_numpy(np.repeat(labels, features.shape[1]))
    loss = torch.nn.functional.cross_entropy(standard @ weight.T + bias, truth)
    return float(loss + head.strength / 2 * (weight**2).sum())


@pytest.mark.parametrize(("features", "classes"), [(8, 3), (90, 3), (8, 4)])
def test_the_weights_are_at_the_optimum_of_the_formula(features: int, classes: int) -> None:
    values, labels = drawn(36, 2, features, classes)
    head = fit_head(values, labels, classes=classes)
    flat = values.reshape(-1, features).astype(np.float64)
    weight = torch.from_numpy(head.weight.astype(np.float64) * flat.std(0))
    least = objective(head, values, labels, weight)
    generator = torch.Generator().manual_seed(0)
    for size in (0.3, 0.1, 0.03):
        for _ in range(20):
            step = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
            moved = weight + size * step * weight.std()
            assert objective(head, values, labels, moved) > least - 1e-3 * abs(least)


def test_the_layer_takes_features_as_they_are() -> None:
    values, labels = drawn(60, 1, 12, 3, apart=3.0)
    head = fit_head(values, labels, classes=3)
    answers = (values[:, 0] @ head.weight.T + head.bias).argmax(1)
    assert (answers == labels).mean() > 0.95
    assert head.weight.dtype == head.bias.dtype == np.float32
    assert head.weight.shape == (3, 12)


def test_rotating_fewer_rows_than_features_keeps_all_their_products() -> None:
    values, _ = drawn(24, 1, 60, 2, apart=0.5)
    rotated = standardize(values).values[:, 0]
    flat = values[:, 0].astype(np.float64)
    standard = (flat - flat.mean(0)) / flat.std(0)
    assert rotated.shape == (24, 24)
    assert rotated @ rotated.T == pytest.approx(standard @ standard.T, rel=1e-4, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=40), st.integers(0, 2**40))
def test_folds_hold_every_image_out_once_and_keep_every_class(labels: list[int], seed: int) -> None:
    truth = np.array(labels)
    counts = np.bincount(truth)
    held = np.zeros(len(truth), int)
    folds = list(_folds(truth, np.arange(len(truth)), seed, large=False))
    for train, test in folds:
        if (counts >= 2).any():
            assert not set(train) & set(test)
        assert set(truth[train]) == set(truth)
        held[test] += 1
    if (counts >= 2).any():
        assert (held == (counts[truth] >= 2)).all()
        assert 2 <= len(folds) <= FOLDS


def test_noise_is_answered_with_a_strong_penalty_and_clear_classes_with_a_weak_one() -> None:
    noise = fit_head(*drawn(60, 1, 30, 2, apart=0.0), classes=2)
    clear = fit_head(*drawn(60, 1, 30, 2, apart=2.0), classes=2)
    assert noise.strength > clear.strength
    assert noise.best.accuracy < 0.75 < clear.best.accuracy
    assert noise.best.loss < np.log(2) + 0.1  # no worse than guessing, about


def test_the_choice_and_its_reasons_are_kept() -> None:
    told: list[tuple[int, int]] = []
    values, labels = drawn(40, 3, 6, 2)
    head = fit_head(
        values, labels, classes=2, progress=lambda done, total: told.append((done, total))
    )
    assert head.best.loss == min(one.loss for one in head.tried)
    assert [one.strength for one in head.tried] == list(STRENGTHS[: len(head.tried)])
    assert sorted(head.held_out.tolist()) == list(range(40))
    correct = head.probabilities.argmax(1) == labels[head.held_out]
    assert correct.mean() == pytest.approx(head.best.accuracy)
    of_truth = head.probabilities[np.arange(40), labels[head.held_out]]
    assert -np.log(of_truth).mean() == pytest.approx(head.best.loss, rel=1e-5)
    assert told[-1] == (len(STRENGTHS), len(STRENGTHS))


def test_a_class_weight_moves_the_boundary() -> None:
    values, labels = drawn(200, 1, 4, 2, apart=0.4)
    even = fit_head(values, labels, classes=2)
    heavy = fit_head(values, labels, classes=2, class_weights=(0.2, 1.8))

    def share(head: Head) -> float:
        return float((values[:, 0] @ head.weight.T + head.bias).argmax(1).mean())

    assert share(heavy) > share(even) + 0.2


def test_the_same_seed_gives_the_same_head() -> None:
    values, labels = drawn(50, 2, 20, 3)
    first, second = (fit_head(values, labels, classes=3, seed=4) for _ in range(2))
    assert (first.weight == second.weight).all()
    assert first.tried == second.tried


def test_features_that_never_vary_get_no_weight() -> None:
    values, labels = drawn(40, 1, 5, 2)
    values[:, :, 2] = 7.0
    head = fit_head(values, labels, classes=2)
    assert np.abs(head.weight[:, 2]).max() == 0
    assert np.isfinite(head.weight).all()


@pytest.mark.parametrize("features", [1, 65, 300])
def test_standardised_rows_are_rotated_to_columns_without_correlation(features: int) -> None:
    values = np.random.default_rng(0).normal(3, 2, (400, 1, features)).astype(np.float32)
    exact = values[:, 0].astype(np.float64)
    expected = (exact - exact.mean(0)) / exact.std(0)
    prepared = standardize(values)
    rotated, directions = prepared.values[:, 0].astype(float), prepared.back * exact.std(0)
    np.testing.assert_allclose(rotated @ directions, expected, atol=1e-5)
    np.testing.assert_allclose(directions @ directions.T, np.eye(features), atol=1e-9)
    products = rotated.T @ rotated
    assert np.abs(products - np.diag(np.diag(products))).max() < 1e-3 * len(values)
    assert np.array_equal(prepared.mean, exact.mean(0))


def test_rows_that_are_written_over_give_the_same_head() -> None:
    values, labels = drawn(300, 2, 70, 2, apart=0.2)
    expected = fit_head(values, labels, classes=2)
    with threadpool_limits(1, "blas"):
        rows = standardize(values, overwrite=True)
    found = fit_head(rows, labels, classes=2)
    assert np.shares_memory(rows.values, values)
    assert np.array_equal(found.weight, expected.weight)
    assert found.tried == expected.tried


def test_standardising_in_place_takes_little_memory_beside_the_rows() -> None:
    values, _ = drawn(12_000, 1, 256, 2)
    tracemalloc.start()
    standardize(values, overwrite=True)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1.2 * values.nbytes  # doubles of 64 columns, two at a time


def test_what_a_random_split_would_claim_is_the_share_of_images_told_right() -> None:
    features, labels = drawn(60, 1, 4, 2, apart=3)
    twice = np.repeat(features, 2, axis=0) + np.float32(1e-3)
    head = fit_head(twice, np.repeat(labels, 2), classes=2, groups=np.arange(120) // 2, seed=0)
    assert head.random_accuracy is not None
    assert head.random_accuracy * 120 == pytest.approx(round(head.random_accuracy * 120))
    assert head.best.accuracy - 0.05 <= head.random_accuracy <= 1


def test_where_no_class_has_two_groups_nothing_is_told_of_images_that_it_has_learnt_from() -> None:
    features = np.random.default_rng(0).normal(size=(20, 1, 4)).astype(np.float32)
    labels = np.arange(20) % 2
    found = fit_head(features, labels, classes=2, groups=labels)
    assert (found.folds, len(found.held_out), len(found.logits)) == (0, 0, 0)
    assert found.random_accuracy is None
    two = fit_head(features, labels, classes=2, groups=np.arange(20) // 5)
    assert two.folds > 0
    assert len(two.held_out) > 0
