from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from striate.errors import SettingError
from striate.render import data_uri, png


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (1, 1, 3)])
def test_a_png_holds_every_pixel(shape: tuple[int, ...]) -> None:
    pixels = drawn(*shape)
    assert np.array_equal(opened(png(pixels)), pixels[:, :, 0] if shape[-1] == 1 else pixels)


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), side=st.integers(0, 200))
@settings(max_examples=50, deadline=None)
def test_a_tiny_image_is_enlarged_by_whole_pixels(rows: int, columns: int, side: int) -> None:
    pixels = drawn(rows, columns)
    longer = max(rows, columns)
    out = opened(png(pixels, side=max(side, longer)))
    times = max(1, max(side, longer) // longer)
    assert np.array_equal(out, pixels.repeat(times, axis=0).repeat(times, axis=1))


def test_a_large_image_is_reduced_and_keeps_its_shape() -> None:
    assert opened(png(drawn(300, 150, 3), side=100)).shape == (100, 50, 3)


def test_small_images_stand_in_a_page_exactly_and_photos_nearly() -> None:
    small = drawn(28, 28, 1)
    uri = data_uri(small, side=112)
    assert uri.startswith("data:image/png;base64,")
    pixels = opened(base64.b64decode(uri.split(",")[1]))
    assert np.array_equal(pixels[::4, ::4], small[:, :, 0])
    y, x = np.mgrid[0:200, 0:300]
    photo = np.stack([x * 0.8, y, x * 0 + 60], axis=2).astype(np.uint8)
    uri = data_uri(photo, side=150)
    assert uri.startswith("data:image/jpeg;base64,")
    pixels = opened(base64.b64decode(uri.split(",")[1])).astype(int)
    assert pixels.shape == (100, 150, 3)
    box = photo.reshape(100, 2, 150, 2, 3).mean(axis=(1, 3))
    assert np.abs(pixels - box).mean() < 3


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (np.zeros((3, 3)), r"type float64 and shape \(3, 3\)"),
        (np.zeros((0, 3), np.uint8), r"shape \(0, 3\)"),
        (np.zeros((3, 8, 8), np.uint8), r"shape \(3, 8, 8\); .*moveaxis"),
        (np.zeros(4, np.uint8), r"shape \(4,\)"),
    ],
)
def test_says_what_is_no_image(pixels: np.ndarray, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        png(pixels)
