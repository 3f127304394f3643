import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from striate.data.augmentation import (
    DRAWS,
    Augmentation,
    _affine,
    augment,
    choose_augmentation,
    draw_numbers,
)

STRONG = Augmentation(shift=0.2, zoom=0.3, turn=20, mirror=True, light=0.3, saturation=0.4)


def images(n: int, channels: int, rows: int, columns: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n)
    return torch.randint(
        0, 256, (n, channels, rows, columns), dtype=torch.uint8, generator=generator
    )


def numbers(n: int, **fixed: float) -> torch.Tensor:
    values = torch.full((n, DRAWS), 0.5)
    for place, value in fixed.items():
        values[:, int(place.removeprefix("n"))] = value
    return values


@given(seed=st.integers(0, 2**63), epoch=st.integers(1, 1000), n=st.integers(1, 50))
@settings(max_examples=25, deadline=None)
def test_draws_of_a_image_do_not_depend_on_how_many_there_are(
    seed: int, epoch: int, n: int
) -> None:
    assert np.array_equal(draw_numbers(seed, epoch, 60)[:n], draw_numbers(seed, epoch, n))


def test_draws_differ_between_epochs_and_seeds() -> None:
    assert not np.array_equal(draw_numbers(0, 1, 5), draw_numbers(0, 2, 5))
    assert not np.array_equal(draw_numbers(0, 1, 5), draw_numbers(1, 1, 5))


def test_a_image_is_changed_alike_in_any_batch() -> None:
    values, chance = images(6, 3, 9, 12), torch.rand(6, DRAWS)
    whole = augment(values, STRONG, chance)
    halves = [augment(values[at], STRONG, chance[at]) for at in (slice(0, 2), slice(2, 6))]
    assert torch.allclose(whole, torch.cat(halves), atol=1e-3)


def test_no_change_leaves_images_as_they_are() -> None:
    values = images(3, 3, 7, 5)
    assert torch.equal(augment(values, Augmentation(), torch.rand(3, DRAWS)), values.float())


def test_mirror_exchanges_left_and_right_exactly() -> None:
    values = images(2, 1, 6, 9)
    mirrored = augment(values, Augmentation(mirror=True), numbers(2, n2=0.1))
    assert torch.allclose(mirrored, values.float().flip(3), atol=1e-2)
    left_alone = augment(values, Augmentation(mirror=True), numbers(2, n2=0.9))
    assert torch.allclose(left_alone, values.float(), atol=1e-2)


@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (8, 16)])
def test_half_a_turn_is_both_mirrors_whatever_the_shape(rows: int, columns: int) -> None:
    values = images(2, 1, rows, columns)
    turned = augment(values, Augmentation(turn=180), numbers(2, n0=1.0))
    assert torch.allclose(turned, values.float().flip((2, 3)), atol=0.05)


def test_a_quarter_turn_keeps_shapes_unbent_in_wide_images() -> None:
    values = torch.zeros(1, 1, 9, 27, dtype=torch.uint8)
    values[0, 0, 4, 11:16] = 255  # a bar of 5 lying pixels in the middle
    turned = augment(values, Augmentation(turn=90), numbers(1, n0=1.0))[0, 0]
    assert torch.allclose(turned[2:7, 13], torch.full((5,), 255.0), atol=1)
    assert turned.sum() == pytest.approx(5 * 255, rel=0.01)


def test_shift_moves_by_whole_pixels_where_it_should() -> None:
    values = images(1, 1, 10, 10)
    moved = augment(values, Augmentation(shift=0.2), numbers(1, n3=1.0))  # 2 pixels of 10
    assert torch.allclose(moved[..., :8], values.float()[..., 2:], atol=1e-2)


def test_values_stay_in_range() -> None:
    changed = augment(images(20, 3, 8, 8), STRONG, torch.rand(20, DRAWS))
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_grey_images_are_never_mirrored_nor_are_characters() -> None:
    assert not choose_augmentation(1, 28, 28, ["shirt", "shoe"]).mirror
    assert not choose_augmentation(3, 64, 64, ["a", "b"]).mirror
    assert not choose_augmentation(3, 64, 64, ["Left", "Right"]).mirror
    assert choose_augmentation(3, 64, 64, ["ants", "bees"]).mirror


def test_places_in_the_image_are_those_of_torchs_affine_grid() -> None:
    values, chance = images(5, 3, 9, 14), torch.rand(5, DRAWS)
    moved = Augmentation(shift=0.2, zoom=0.3, turn=20, mirror=True)
    grid = functional.affine_grid(_affine(moved, chance, values), [5, 3, 9, 14], False)
    by_torch = functional.grid_sample(
        values.float(), grid, padding_mode="border", align_corners=False
    )
    assert torch.allclose(augment(values, moved, chance), by_torch, atol=1e-3)


def test_light_and_colour_are_what_they_say_one_after_the_other() -> None:
    values, chance = images(4, 3, 6, 5), torch.rand(4, DRAWS)
    relit = augment(values, Augmentation(light=0.3, saturation=0.4), chance)
    for old, new, row in zip(values.double(), relit, chance.double(), strict=True):
        saturation = 1 + 0.4 * (2 * row[5] - 1)
        contrast, brightness = 1 + 0.3 * (2 * row[6] - 1), 1 + 0.3 * (2 * row[7] - 1)
        grey = old.mean(0)
        old = grey + (old - grey) * saturation
        by_hand = old.mean() * brightness + (old - old.mean()) * contrast
        assert torch.allclose(new.double(), by_hand.clamp(0, 255), atol=1e-3)
