"""What slides in an animation is what is calculated: every patch, product, sum and mark."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import correlate

from striate.render.animation import LARGEST, gif
from striate.render.scene import Grid, Scene
from striate.teaching.convolution import convolve, parse_pool
from striate.teaching.convolution.sliding_scenes import (
    animate,
    choose_positions,
    make_scenes,
    short,
)

IMAGE = "3 3 2 1 0/0 0 1 3 1/3 1 2 2 3/2 0 0 2 2/2 0 0 0 1"
KERNEL = "0 1 2; 2 2 0; 0 1 2"


def numbers(grid: Any) -> np.ndarray:
    assert isinstance(grid, Grid)
    return np.array([[float(text.replace("−", "-")) for text in row] for row in grid.texts])


def touched(scene: Scene) -> np.ndarray:
    """The numbers of the left grid under its marks."""
    values = numbers(scene.before)
    cells = [values[top:bottom, left:right].ravel() for top, left, bottom, right in
             scene.before.marks]  # fmt: skip
    return np.concatenate(cells)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("pad", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_every_scene_is_the_arithmetic_of_its_value(stride: int, pad: int, dilation: int) -> None:
    found = convolve(IMAGE, KERNEL, stride=stride, pad=pad, dilation=dilation)
    scenes = make_scenes(found)
    assert len(scenes) == found.map.size
    for place, (scene, _) in enumerate(scenes):
        (patch, _, kernel), (_, products, total) = scene.arithmetic
        assert (touched(scene) == numbers(patch).ravel()).all()
        assert (numbers(patch) * numbers(kernel) == numbers(products)).all()
        value = found.map.ravel()[place]
        assert numbers(products).sum() == value
        assert total == f"sum {value:g}"
        assert scene.after is not None
        assert scene.after.known == place + 1
        row, column = divmod(place, found.map.shape[1])
        assert scene.after.marks == ((row, column, row + 1, column + 1),)
        assert f"stride {stride}; padding {pad}" in scene.captions[1]
        assert f"dilation {dilation}" in scene.captions[1]
    assert scenes[-1][0].progress == 1


def test_the_map_of_the_scenes_is_scipy_s() -> None:
    image = np.arange(30.0).reshape(5, 6) % 7
    kernel = np.array([[0.0, 1, -1], [2, 0, 1], [1, 1, 0]])
    scene, _ = make_scenes(convolve(image, kernel, pad="same"))[-1]
    assert (numbers(scene.after) == correlate(image, kernel, mode="constant")).all()


def test_divisor_bias_and_relu_follow_the_sum() -> None:
    from striate.teaching.convolution import Filter

    found = convolve("1 2/3 4", Filter.of("-1 -1; -1 -1", bias=1)).relu()
    ((scene, _),) = make_scenes(found)
    assert [row[-1] for row in scene.arithmetic[1:]] == ["sum −10", "−10 + 1 = −9", "ReLU: −9 → 0"]


def test_channels_are_shown_apart_and_added() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 9, (2, 2, 3))
    found = convolve(image, "1 0; 0 1 | 0 1; 1 0 | -1 -1; 1 1")
    ((scene, _),) = make_scenes(found)
    sums = [row[-1] for row in scene.arithmetic[:3]]
    told = [channel.sum for channel in found.at(0, 0).channels]
    assert sums == [f"= {short(each)}" for each in told]
    assert str(scene.arithmetic[3][0]).endswith(f"= {short(found.map[0, 0])}")


def test_pooling_slides_over_the_map() -> None:
    smile = "0000000/0100010/0000000/0001000/0100010/0011100/0000000"
    found = convolve(smile, "0 0 1; 1 0 0; 0 1 1")
    pooled = found.pool(parse_pool("max 2"))
    scenes = make_scenes(found, pooled)
    assert len(scenes) == 25 + 9
    for place, (scene, _) in enumerate(scenes[25:]):
        (window,), (told,) = scene.arithmetic
        assert numbers(window).max() == pooled.map.ravel()[place]
        assert told == f"largest: {pooled.map.ravel()[place]:g}"
    assert (numbers(scenes[-1][0].after) == pooled.map).all()


def test_of_many_positions_the_first_come_one_by_one_and_all_rows_are_reached() -> None:
    for rows, columns in ((222, 222), (12, 12), (8, 1000), (1, 5000), (600, 900)):
        chosen = choose_positions(rows, columns)
        assert chosen[:6] == list(range(6))
        assert chosen[-1] == rows * columns - 1
        assert chosen == sorted(set(chosen))
        assert len(chosen) <= 64


def test_a_photograph_keeps_to_ten_seconds_and_three_megabytes() -> None:
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (300, 400, 3)).astype(np.uint8)
    found = convolve(photo, "sharpen", pad=1)
    frames = animate(found, found.pool("avg", 4))
    assert sum(frame.seconds for frame in frames) <= 10 + 1e-9
    assert len(frames) <= 64
    assert len(gif(frames[:4])) < LARGEST
