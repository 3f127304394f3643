"""Heat maps and strips of maps: the colours are where the numbers are."""

from __future__ import annotations

import numpy as np
import pytest

from striate.errors import SettingError
from striate.render.heat_map import blocks, heat
from striate.render.map_strip import GAP, map_strip
from striate.render.palette import BLUE, ORANGE


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])


def test_above_0_is_orange_below_blue_and_0_has_no_colour() -> None:
    image = np.full((3, 3, 3), (200, 30, 90), np.uint8)
    values = np.array([[0.0, 2.0, -2.0], [1.0, 0.0, 0.0], [0.0, 0.0, np.nan]])
    drawn = heat(image, values, side=3).astype(int)
    grey = drawn[0, 0]
    assert len(set(grey.tolist())) == 1
    toward = {(0, 1): ORANGE, (0, 2): BLUE, (1, 0): ORANGE}
    for (row, column), colour in toward.items():
        change = drawn[row, column] - grey
        wanted = rgb(colour) - grey
        assert np.allclose(
            change / np.abs(wanted).max(),
            wanted * np.abs(change).max() / np.abs(wanted).max() ** 2,
            atol=0.02,
        )
    assert np.abs(drawn[0, 1] - grey).max() == pytest.approx(
        2 * np.abs(drawn[1, 0] - grey).max(), abs=2
    )
    assert np.abs(drawn[2, 2] - 128).max() < 16  # veiled


def test_a_line_runs_where_the_map_has_half_of_its_largest_number() -> None:
    image = np.full((40, 40, 3), 90, np.uint8)
    values = np.repeat(np.linspace(0, 1, 40)[None], 40, 0)
    plain = heat(image, values, side=40).astype(int)
    lined = heat(image, values, side=40, lined=True).astype(int)
    changed = np.flatnonzero(np.abs(lined - plain).sum((0, 2)))
    assert 18 <= changed.min() <= changed.max() <= 22
    assert rgb(ORANGE).tolist() in lined[20, 18:23].tolist()


def test_small_images_grow_by_whole_factors_and_large_ones_shrink() -> None:
    assert heat(np.zeros((8, 8, 1), np.uint8), np.zeros((8, 8)), side=30).shape == (24, 24, 3)
    assert heat(np.zeros((90, 60, 3), np.uint8), np.zeros((90, 60)), side=30).shape == (30, 20, 3)
    with pytest.raises(SettingError, match=r"a map of \(2, 2\) over an image of \(3, 3\)"):
        heat(np.zeros((3, 3, 1), np.uint8), np.zeros((2, 2)))


def test_a_given_reach_bounds_the_colour() -> None:
    drawn = blocks(np.array([[5.0, 1.0, -5.0]]), reach=2.0, side=3)
    assert drawn[0, 0].tolist() == rgb(ORANGE).tolist()
    assert drawn[0, 2].tolist() == rgb(BLUE).tolist()
    assert drawn[0, 1].tolist() == np.rint((255 + rgb(ORANGE)) / 2).astype(int).tolist()


def test_the_same_number_has_the_same_colour_in_every_map_of_a_strip() -> None:
    maps = np.stack([np.full((4, 4), 1.0), np.full((4, 4), 3.0), np.full((4, 4), 1.0)])
    strip = map_strip(maps, reach=3.0, side=8, columns=5)
    assert strip.shape == (8, 5 * (8 + GAP) - GAP, 3)
    assert (strip[0, 0] == strip[0, 2 * (8 + GAP)]).all()
    assert (strip[:, 8 : 8 + GAP] == 255).all() and (strip[:, 3 * (8 + GAP) :] == 255).all()
    assert strip[0, 8 + GAP].tolist() == rgb(ORANGE).tolist()
    assert map_strip(np.zeros((2, 60, 40)), reach=1.0, side=30).shape[0] == 30
    with pytest.raises(SettingError, match="expected"):
        map_strip(np.zeros((0, 3, 3)), reach=1.0)


def test_a_clear_strip_has_the_same_colours_on_white() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 5, 5))
    clear = map_strip(maps, reach=2.0, side=20, columns=3, clear=True).astype(float)
    opacity = clear[..., 3:] / 255
    over = clear[..., :3] * opacity + 255 * (1 - opacity)
    assert np.abs(over - map_strip(maps, reach=2.0, side=20, columns=3)).max() <= 2
    assert not clear[:, 20 : 20 + GAP, 3].any() and not clear[:, -20:, 3].any()
