"""What makes an experiment fair: like size, the same change for all, exact arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from striate.backends.torch import build
from striate.data import Collection
from striate.errors import SettingError
from striate.evaluation.metrics.student_t import compute_mean
from striate.events import Event, Progress
from striate.teaching import experiments
from striate.teaching.experiments import depth, filters, moved_images, shuffle, translation
from striate.teaching.experiments.design import Given
from striate.teaching.experiments.equal_sizes import check_alike, find_two_widths, find_width
from striate.teaching.experiments.experiment_images import gather_images, make_material
from striate.teaching.experiments.experiment_run import DESIGNS

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 48), (3, 64, 64)]


@example([0.5, 0.7] * 500)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20).filter(lambda each: np.ptp(each) > 1e-3))
def test_the_interval_of_a_mean_is_scipy_s(values: list[float]) -> None:
    found = compute_mean(values)
    low, high = scipy.stats.t.interval(
        0.95, len(values) - 1, loc=np.mean(values), scale=scipy.stats.sem(values)
    )
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "classes",
    [10, pytest.param(2, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.slow)],
)
def test_networks_that_are_compared_are_of_like_size(
    shape: tuple[int, int, int], classes: int
) -> None:
    given = Given(shape, classes, (0,) * shape[0])
    for name, make_design in DESIGNS.items():
        if name == "transfer":  # whose lent layers are what they are
            continue
        counts = [network.parameters for network in make_design(given).networks]
        pairs = zip(counts[::2], counts[1::2], strict=True)
        depths = zip(*(counts[start : start + 3] for start in range(0, 15, 3)), strict=True)
        groups = {"filters": pairs, "dropout": pairs, "activation": depths}.get(name, [counts])
        for group in groups:
            assert min(group) >= 0.9 * max(group)


def test_unlike_networks_are_refused() -> None:
    texts = [f"input 1x8x8 classes=10 > flatten > fc {width} > fc" for width in (8, 16)]
    with pytest.raises(SettingError, match="cannot be compared fairly"):
        check_alike(texts)


def test_too_many_classes_are_refused_by_name_before_a_image_is_read(tmp_path: Path) -> None:
    content = np.zeros((1000, 16, 16), np.uint8)
    content[:, 0, 0] = np.arange(1000) % 251
    images, labels = np.repeat(content, 2, axis=0), np.repeat(np.arange(1000), 2)
    np.savez(tmp_path / "many.npz", images=images, labels=labels)
    told: list[Event] = []
    with pytest.raises(SettingError, match=r"of 24x24 pixels and 1,000 classes .*fewer classes"):
        experiments.experiment("translation", tmp_path / "many.npz", callback=told.append)
    assert not [each for each in told if isinstance(each, Progress)]


@given(st.integers(200, 20_000))
@settings(max_examples=20, deadline=None)
def test_widths_come_as_near_as_widths_can(wanted: int) -> None:
    def text(width: int, last: int) -> str:
        return f"input 1x8x8 classes=10 > conv {width} > conv {last} > gap > flatten > fc"

    def parameters(text: str) -> int:
        return sum(weights.numel() for weights in build(text).parameters())

    width = find_width(lambda each: text(each, each), wanted)
    found = abs(parameters(text(width, width)) - wanted)
    for other in (width - 1, width + 1):
        assert not other or found <= abs(parameters(text(other, other)) - wanted)
    assert abs(parameters(find_two_widths(text, wanted)) - wanted) <= found


def places(n: int, rows: int, columns: int, channels: int) -> np.ndarray:
    """Images whose every pixel says which place and channel it is."""
    one = np.arange(rows * columns * channels, dtype=np.uint8).reshape(rows, columns, channels)
    return np.broadcast_to(one, (n, rows, columns, channels))


def test_one_shuffle_goes_over_every_image_of_training_and_test_alike() -> None:
    material = gather_images("digits", most=100, size=None, callback=lambda event: None)
    design = DESIGNS["shuffle"](material.describe_shape())
    pixels = places(len(material.pixels), 8, 8, 1)
    changed = design.change(pixels, shuffle.SHUFFLED, 3)
    assert (changed == changed[0]).all()
    assert sorted(changed[0].ravel()) == list(range(64))
    assert (changed[0] != pixels[0]).any()
    assert (design.change(pixels[:5], shuffle.SHUFFLED, 3) == changed[:5]).all()
    assert (design.change(pixels, shuffle.SHUFFLED, 4) != changed).any()
    assert design.change(pixels, shuffle.AS_THEY_ARE, 3) is pixels
    (condition, _, (tested,)) = next(iter(design.views(changed[:7], design.networks[0])))
    assert condition == ""
    assert (tested == changed[:7]).all()


def test_the_channels_of_a_pixel_stay_together() -> None:
    changed = shuffle.shuffle_pixels(places(2, 4, 5, 3), shuffle.draw_permutation(20, 1))
    assert (changed[..., 1] == changed[..., 0] + 1).all()
    assert (changed[..., 2] == changed[..., 0] + 2).all()


def test_fully_connected_does_not_care_exactly_where_its_weights_are_shuffled_alike() -> None:
    """Whole numbers, so that sums in another order are the same to the last bit."""
    generator = np.random.default_rng(5)
    order = shuffle.draw_permutation(64, 0)
    pixels = generator.integers(0, 256, (9, 8, 8, 1), dtype=np.uint8)
    mixed = shuffle.shuffle_pixels(pixels, order)
    full, conv = (
        build(network.text).double().eval() for network in shuffle.make_networks((1, 8, 8), 10)
    )
    with torch.no_grad():
        for module in (full, conv):
            for weights in module.parameters():
                weights.copy_(torch.from_numpy(generator.integers(-9, 10, weights.shape)))
        before, after = (
            torch.from_numpy(np.moveaxis(each, -1, 1).astype(np.float64))
            for each in (pixels, mixed)
        )
        expected, unlike = full(before), conv(before)
        first = full.get_submodule("fc1")
        assert isinstance(first, torch.nn.Linear)
        assert not torch.equal(full(after), expected)
        first.weight.copy_(first.weight[:, torch.from_numpy(order)])
        assert torch.equal(full(after), expected)
        assert not torch.equal(conv(after), unlike)


@pytest.mark.parametrize(("down", "right"), moved_images.EIGHT)
def test_images_are_moved_whole(down: int, right: int) -> None:
    pixels = np.random.default_rng(0).integers(1, 256, (3, 6, 5, 3), dtype=np.uint8)
    canvas = moved_images.place_on_canvas(pixels, 4, (7, 8, 9))
    for far in range(5):
        moved = moved_images.shift(canvas, far * down, far * right)
        top, left = 4 + far * down, 4 + far * right
        assert (moved[:, top : top + 6, left : left + 5] == pixels).all()
        assert moved.astype(int).sum() == canvas.astype(int).sum()
        assert (moved[:, 0, 0] == (7, 8, 9)).all() or (top, left) == (0, 0)


def test_a_move_by_the_stride_of_all_pools_moves_the_maps_and_not_their_mean() -> None:
    gap = translation.make_networks((1, 24, 24), 10, 8)[2]
    module = build(gap.text).eval()
    image = np.zeros((1, 24, 24, 1), np.uint8)
    image[:, 10:14, 10:14] = 255

    def answer(down: int) -> torch.Tensor:
        moved = moved_images.shift(image, down, 0)
        with torch.inference_mode():
            logits: torch.Tensor = module(
                torch.from_numpy(np.moveaxis(moved, -1, 1).copy()).float()
            )
        return logits

    torch.testing.assert_close(answer(4), answer(0))
    assert (answer(1) - answer(0)).abs().max() > 1e-3


def test_each_convolution_of_depth_sees_two_pixels_more() -> None:
    sees = [network.receptive_field for network in depth.make_networks((1, 8, 8), 10)]
    assert sees == [3, 5, 7, 9, 11, 13]
    made = filters.make_networks((1, 8, 8), 10)
    pairs = {filters.parse_kind(each.name): each.receptive_field for each in made}
    assert pairs == {"5x5 once": 5, "3x3 twice": 5}


def collection(parts: tuple[str, ...]) -> Collection:
    n = len(parts)
    labels = np.arange(n) % 2
    names = tuple(map(str, range(n)))
    return Collection("made", "npz", ("a", "b"), names, labels, parts)


def test_training_and_test_stay_apart_and_the_test_part_is_the_same_for_every_seed() -> None:
    material = gather_images("digits", most=300, size=None, callback=lambda event: None)
    splits = [material.split(seed) for seed in range(3)]
    for split in splits:
        parts = [set(each.tolist()) for each in (split.train, split.val, split.test)]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
        assert parts[2] == set(splits[0].test.tolist())
    assert set(splits[0].val.tolist()) != set(splits[1].val.tolist())


def test_the_fingerprint_tells_other_pixels_and_other_parts() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 1), dtype=np.uint8)
    material = gather_images("digits", most=100, size=None, callback=lambda event: None)
    made = [
        make_material(collection(("train",) * 6 + ("test",) * 2), material.preprocess, pixels),
        make_material(collection(("train",) * 6 + ("test",) * 2), material.preprocess, pixels + 1),
        make_material(collection(("train",) * 5 + ("test",) * 3), material.preprocess, pixels),
    ]
    assert len({each.fingerprint for each in made}) == 3
