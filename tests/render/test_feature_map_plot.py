"""The image of a feature map: its colours, its size and its scale."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from striate.render.feature_map_plot import Scale, feature_map, scale_of


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def has(pixels: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((pixels == colour).all(axis=2).any())


BLUE, ORANGE = (0, 114, 178), (213, 94, 0)


def test_zero_is_white_above_is_orange_below_is_blue() -> None:
    colours = Scale(-2.0, 2.0).colours(np.array([[-2.0, 0.0, 2.0, 9.0]]))
    assert [tuple(colour) for colour in colours[0].tolist()] == [BLUE, (255,) * 3, ORANGE, ORANGE]
    half = Scale(-2.0, 2.0).colours(np.array([1.0]))[0]
    assert np.abs(half - (np.array(ORANGE) + 255) / 2).max() <= 1


def test_the_scale_covers_small_maps_whole_and_large_ones_but_for_a_few() -> None:
    assert scale_of([np.array([[-5.0, 1.0]])]) == Scale(-5.0, 5.0)
    assert scale_of([np.array([[0.0, 0.0]])]) == Scale(0.0, 0.0)
    assert scale_of([np.array([[-3.0, -1.0]])]) == Scale(-3.0, 0.0)
    values = np.linspace(-1, 1, 10_000).reshape(100, 100)
    values[0, 0] = 1000.0
    found = scale_of([values])
    assert 0.97 < found.high < 0.99
    assert found.beyond == pytest.approx(0.02, abs=0.005)
    assert scale_of([np.eye(100)]).high == 1  # where nearly all is zero, the largest rules


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (16, 16), (17, 9), (300, 200), (30, 900)])
def test_every_size_is_drawn(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).normal(size=shape) * 100
    pixels = opened(feature_map({"map": values}, title="a map"))
    assert pixels.shape[0] > shape[0]
    assert pixels.shape[1] > shape[1]


def test_a_large_map_is_there_pixel_by_pixel() -> None:
    values = np.random.default_rng(0).normal(size=(60, 700))
    pixels = opened(feature_map({"map": values}, title="a map"))
    expected = scale_of([values]).colours(values)
    left = (pixels.shape[1] - 700) // 2
    places = [
        row
        for row in range(len(pixels) - 60)
        if np.array_equal(pixels[row : row + 60, left : left + 700], expected)
    ]
    assert len(places) == 1


def test_two_maps_are_drawn_in_one_size_so_that_what_was_pooled_is_seen() -> None:
    maps = {"map": np.eye(8), "maxpool 2": np.eye(4)}
    pixels = opened(feature_map(maps, title="one pooled"))[:-200]  # without the colour bar
    orange = np.argwhere((pixels == ORANGE).all(axis=2))
    middle = pixels.shape[1] // 2
    heights = [
        np.ptp(part[:, 0])
        for part in (orange[orange[:, 1] < middle], orange[orange[:, 1] >= middle])
    ]
    assert abs(heights[0] - heights[1]) < 0.05 * heights[0]


def test_several_maps_share_one_scale() -> None:
    maps = {"one": np.array([[-1.0]]), "two": np.array([[4.0, 0.0], [0.0, 0.0]])}
    pixels = opened(feature_map(maps, title="two maps"))
    assert has(pixels, ORANGE)
    assert has(pixels, (191, 220, 236))  # -1 of 4
    same = opened(feature_map({"none": np.zeros((3, 3))}, title="nothing"))
    assert same.min() < 100  # its numbers


def test_matplotlib_is_left_as_it_was() -> None:
    before = dict(mpl.rcParams)
    first = feature_map({"map": np.eye(4)}, title="a map")
    assert dict(mpl.rcParams) == before
    with mpl.rc_context({"font.size": 30, "savefig.facecolor": "black"}):
        assert feature_map({"map": np.eye(4)}, title="a map") == first
