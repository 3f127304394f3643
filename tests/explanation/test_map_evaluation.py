"""A map's evidence: curves, random orders, the pointing game and the verdict, by hand and scipy."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, stats
from torch import nn

from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.baselines import gaussian_blur, inpaint, make_baseline
from striate.explanation.deletion_insertion import center_gaussian, measure_deletion_insertion
from striate.explanation.map_evaluation import evaluate_values
from striate.explanation.map_similarity import rank_correlation, structural_similarity
from striate.explanation.pointing_game import play_pointing_game
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import Target
from striate.model.classifier import Classifier

SIZE = 8


class Spot(nn.Module):
    """Tells the first class by how bright one pixel is; knows nothing else."""

    def __init__(self, row: int, column: int) -> None:
        super().__init__()
        self.place = (row, column)
        self.gain = nn.Parameter(torch.tensor(4.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = self.gain * x[:, 0, self.place[0], self.place[1]]
        return torch.stack([bright - 2, torch.zeros_like(bright)], 1)


def classifier(network: nn.Module) -> Classifier:
    return Classifier(network, None, ("bright", "dark"), Preprocess(1, SIZE, SIZE))


MODEL = classifier(Spot(5, 2))
IMAGE = np.zeros((SIZE, SIZE), np.uint8)
IMAGE[5, 2] = 255
ORACLE = np.zeros((SIZE, SIZE))
ORACLE[5, 2] = 1.0
AIM = Target(0, None, "bright")


def test_the_curves_are_the_classifier_s_own_probabilities_on_the_changed_images() -> None:
    """Followed pixel by pixel, against images changed by hand and predict."""
    generator = np.random.default_rng(3)
    values = generator.permutation(SIZE * SIZE).reshape(SIZE, SIZE).astype(float)
    deleted, inserted = measure_deletion_insertion(
        MODEL, IMAGE[None], values, AIM, steps=16, baseline="mean"
    )
    away = IMAGE.mean()
    order = np.argsort(-values.ravel())
    for step in range(17):
        moved = order[: step * 4]
        for found, start, goal in ((deleted, IMAGE, away), (inserted, away, IMAGE)):
            changed = np.broadcast_to(start, IMAGE.shape).astype(np.float32).ravel().copy()
            changed[moved] = np.broadcast_to(goal, IMAGE.shape).ravel()[moved]
            seen = torch.from_numpy(changed.reshape(1, 1, SIZE, SIZE)) / 255
            expected = torch.softmax(MODEL.module(seen), 1)[0, 0].item()
            assert found.by_map.probability[step] == pytest.approx(expected, abs=1e-6)
            odds = np.log(expected / (1 - expected))
            assert found.by_map.margin[step] == pytest.approx(odds, abs=1e-4)


def test_areas_are_trapezoids_over_the_share_moved() -> None:
    deleted, _ = measure_deletion_insertion(MODEL, IMAGE[None], ORACLE, AIM, steps=16)
    assert deleted.by_map.auc == pytest.approx(
        np.trapezoid(deleted.by_map.probability, deleted.fractions)
    )
    assert deleted.by_map.margin_auc == pytest.approx(
        np.trapezoid(deleted.by_map.margin, deleted.fractions)
    )


def test_the_map_that_is_right_beats_chance_and_the_middle_and_its_opposite_does_not() -> None:
    good = measure_deletion_insertion(MODEL, IMAGE[None], ORACLE, AIM, n_random=20)
    bad = measure_deletion_insertion(MODEL, IMAGE[None], -ORACLE, AIM, n_random=20)
    for right, wrong in zip(good, bad, strict=True):
        assert right.better_than_center
        assert not wrong.better_than_random
        assert not wrong.better_than_center
    assert good[0].by_map.auc < min(each.auc for each in good[0].by_random)
    assert good[1].by_map.auc >= max(each.auc for each in good[1].by_random)


def test_the_interval_of_chance_is_where_one_more_random_order_lies() -> None:
    deleted, _ = measure_deletion_insertion(MODEL, IMAGE[None], ORACLE, AIM, n_random=5)
    areas = np.array([each.auc for each in deleted.by_random])
    middle, low, high = deleted.random_auc
    reach = stats.t.ppf(0.975, 4) * areas.std(ddof=1) * np.sqrt(1 + 1 / 5)
    assert middle == pytest.approx(areas.mean())
    assert (low, high) == pytest.approx(
        (max(0, areas.mean() - reach), min(1, areas.mean() + reach)), abs=1e-9
    )


def test_the_margin_is_taken_to_the_class_asked_against() -> None:
    deleted, _ = measure_deletion_insertion(
        MODEL, IMAGE[None], ORACLE, Target(1, 0, "dark rather than bright")
    )
    assert deleted.by_map.margin[0] == pytest.approx(-2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_random": 2}, "n_random is 2"),
        ({"steps": 1}, "steps is 1"),
        ({"baseline": "holes"}, "'holes'"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        measure_deletion_insertion(MODEL, IMAGE[None], ORACLE, AIM, **arguments)  # type: ignore[arg-type]


def test_a_map_of_another_size_is_refused() -> None:
    with pytest.raises(SettingError, match=r"a map of \(4, 4\) on an input of \(8, 8\)"):
        measure_deletion_insertion(MODEL, IMAGE[None], np.zeros((4, 4)), AIM)


def test_the_blur_is_scipy_s_away_from_the_border_and_keeps_what_is_even() -> None:
    values = np.random.default_rng(0).random((40, 50))
    ours = gaussian_blur(torch.from_numpy(values)[None, None], 1.5)[0, 0].numpy()
    theirs = ndimage.gaussian_filter(values, 1.5, truncate=8)
    np.testing.assert_allclose(ours[14:-14, 14:-14], theirs[14:-14, 14:-14], atol=1e-9)
    np.testing.assert_allclose(make_baseline(np.full((3, 20, 20), 77, np.uint8)), 77, rtol=1e-6)


def test_what_is_hidden_has_no_say_in_what_fills_it_and_the_rest_stays() -> None:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 3, 16, 16, generator=generator)
    hidden = np.zeros((16, 16), np.bool_)
    hidden[10:, :5] = True
    changed = image.clone()
    changed[:, :, torch.from_numpy(hidden)] = 1e6
    first, second = inpaint(image, hidden), inpaint(changed, hidden)
    assert torch.allclose(first, second)
    stays = torch.from_numpy(~hidden)
    assert torch.equal(first[:, :, stays], image[:, :, stays])
    assert float(first.max()) <= 1


@given(st.lists(st.integers(-5, 5), min_size=4, max_size=30), st.integers(0, 99))
def test_the_rank_correlation_is_scipy_s(given_values: list[int], seed: int) -> None:
    first = np.array(given_values, float)
    second = np.random.default_rng(seed).permutation(first)
    if first.std() == 0:
        assert rank_correlation(first, second) == 0.0
    else:
        expected = stats.spearmanr(first, second).statistic
        assert rank_correlation(first, second) == pytest.approx(expected, abs=1e-9)


def test_the_structural_similarity_is_the_published_formula() -> None:
    generator = np.random.default_rng(1)
    one, two = generator.random((60, 60)), generator.random((60, 60))
    one[0, :2] = two[0, :2] = (0, 1)  # so that scaling changes nothing
    two = 0.5 * one + 0.5 * two
    two = (two - two.min()) / (two.max() - two.min())

    def window(values: np.ndarray) -> np.ndarray:
        return np.asarray(ndimage.gaussian_filter(values, 1.5, truncate=8))

    means = window(one), window(two)
    spread = [window(each**2) - mean**2 for each, mean in zip((one, two), means, strict=True)]
    both = window(one * two) - means[0] * means[1]
    expected = ((2 * means[0] * means[1] + 1e-4) * (2 * both + 9e-4)) / (
        (means[0] ** 2 + means[1] ** 2 + 1e-4) * (spread[0] + spread[1] + 9e-4)
    )
    assert structural_similarity(one, two) == pytest.approx(
        expected.mean(), abs=0.01
    )  # borders differ
    assert structural_similarity(one, one) == pytest.approx(1.0)


def test_pointing_by_hand() -> None:
    values = np.full((10, 10), -1.0)
    values[2, 7], values[6, 1] = 3.0, 1.0
    found = play_pointing_game(values, [(2, 6, 4, 9)])
    assert (found.hit, found.peak, found.energy, found.area) == (True, (2, 7), 0.75, 0.06)
    assert not found.center_hit
    beside = play_pointing_game(values, [(2, 9, 4, 10)])
    assert not beside.hit
    assert play_pointing_game(values, [(2, 9, 4, 10)], tolerance=1.5).hit
    assert not play_pointing_game(values, [(2, 9, 4, 10)], tolerance=1.4).hit
    spot = center_gaussian(10, 10)
    assert found.center_energy == pytest.approx(spot[2:4, 6:9].sum() / spot.sum())


def test_boxes_that_overlap_count_once_and_a_map_that_is_even_points_at_the_middle() -> None:
    found = play_pointing_game(np.ones((10, 10)), [(3, 3, 7, 7), (3, 3, 7, 7)])
    assert found.hit
    assert found.energy == pytest.approx(0.16)
    assert found.area == pytest.approx(0.16)


def test_a_map_without_a_positive_part_has_no_energy_and_says_so() -> None:
    found = play_pointing_game(-np.ones((4, 4)), [(0, 0, 2, 2)])
    assert found.energy is None
    assert "nothing of the map is positive" in found.words


def test_a_box_without_an_inside_and_no_box_are_refused() -> None:
    with pytest.raises(SettingError, match="has no inside"):
        play_pointing_game(np.ones((4, 4)), [(2, 0, 2, 3)])
    with pytest.raises(SettingError, match="no box"):
        play_pointing_game(np.ones((4, 4)), [])


def test_the_verdict_has_figures_and_trusts_only_what_passes_every_check() -> None:
    subject = PreprocessedImage.read(MODEL, IMAGE)
    good = evaluate_values(MODEL, subject, ORACLE, AIM, boxes=[(4, 1, 7, 4)])
    assert good.deletion.better_than_center
    assert good.checks["pointing"]
    assert good.checks["energy"]
    bad = evaluate_values(MODEL, subject, ORACLE[::-1].copy(), AIM, boxes=[(4, 1, 7, 4)])
    assert not bad.trusted
    assert "did not earn" in bad.words[0]
    for found in (good, bad):
        assert all(any(sign.isdigit() for sign in line) for line in found.words[:3])
        assert found.words[-1] == "whether the map follows the network was not checked"
        json.dumps(found.as_json(), allow_nan=False)
