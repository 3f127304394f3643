"""Scenes and the sheet they are drawn on."""

from __future__ import annotations

import numpy as np
import pytest

from striate.render.palette import GREEN
from striate.render.scene import HEIGHT, LEFT, SIDE, TOP, WIDTH, Grid, Scene, draw_scene
from striate.render.sheet import SMALLEST, Sheet, size_that_fits, width_of

MARK = [int(GREEN[at : at + 2], 16) for at in (1, 3, 5)]


def scene(before: Grid, after: Grid | None = None) -> np.ndarray:
    return draw_scene(Scene("title", before, [["1 + 1 = 2"]], after, ["caption"], 0.5))


def grid(shade: int, size: tuple[int, int], **more: object) -> Grid:
    return Grid("grid", size, np.full((*size, 3), shade, np.uint8), **more)  # type: ignore[arg-type]


def test_marks_are_wide_and_surround_their_cells() -> None:
    pixels = scene(grid(90, (6, 6), marks=((1, 2, 3, 4),)))
    found = np.argwhere((pixels[: TOP + SIDE] == MARK).all(-1))
    top, left = found.min(0)
    bottom, right = found.max(0) + 1
    cell = SIDE // 6
    assert (top, left) == (TOP + cell - 4, LEFT + 2 * cell - 4)
    assert (bottom - top, right - left) == (2 * cell + 8, 2 * cell + 8)
    assert len(found) == (2 * cell + 8) ** 2 - (2 * cell) ** 2


def test_a_mark_on_a_large_image_can_be_found() -> None:
    pixels = scene(grid(90, (900, 900), marks=((300, 300, 303, 303),)))
    found = np.argwhere((pixels[: TOP + SIDE] == MARK).all(-1))
    assert (np.ptp(found, axis=0) + 1 >= 18).all()


def test_what_is_not_there_yet_is_empty() -> None:
    half = scene(grid(200, (4, 4)), grid(0, (4, 4), known=6))
    right = half[TOP : TOP + SIDE, WIDTH - LEFT - SIDE : WIDTH - LEFT]
    cell = SIDE // 4
    middles = right[cell // 2 :: cell, cell // 2 :: cell, 0]
    assert (middles[:4, :4] < 50).ravel().tolist() == [True] * 6 + [False] * 10


def test_numbers_are_written_only_where_they_can_be_read() -> None:
    texts = [["1234567"] * 12] * 12
    plain, written = (scene(grid(255, (12, 12), texts=each)) for each in ((), texts))
    assert (plain == written).all()
    small = scene(grid(255, (2, 2), texts=[["1", "2"], ["3", "4"]]))
    assert (small != scene(grid(255, (2, 2)))).any()


def test_every_letter_is_at_least_eleven_pixels_high() -> None:
    for width in (12, 40, 90, 200):
        size = size_that_fits(["-130.5", "4"], width)
        assert size == 0 or (size >= SMALLEST and width_of("-130.5", size) <= width)


def test_a_scene_has_one_size() -> None:
    assert scene(grid(1, (3, 9))).shape == scene(grid(1, (400, 2))).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("box", [(3.2, 3, 3.4, 9), (5, 5, 2, 2)])
def test_an_empty_box_is_nothing(box: tuple[float, float, float, float]) -> None:
    sheet = Sheet(10, 10)
    sheet.paint(box, "#000000")
    assert (sheet.pixels == 255).all()
