from __future__ import annotations

import base64
import io
import math
import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from striate.errors import SettingError
from striate.render import BLUE, ORANGE, Curve, data_uri, draw_line_plot, png


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


LINES = [
    Curve("training", [2.0, 1.0, 0.5], BLUE, dashed=True),
    Curve("validation", [1.8, 1.1, 0.9], ORANGE),
]


def test_a_chart_is_an_svg_with_its_words_as_text() -> None:
    svg = draw_line_plot(
        LINES, title="Loss", across="epoch", marked=2, description='from "2" to <1>'
    )
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Loss. from "2" to <1>'
    words = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Loss", "epoch", "training", "validation", "best"} <= words
    assert "<style" not in svg
    assert "<script" not in svg


def test_a_chart_follows_the_colours_of_its_page() -> None:
    svg = draw_line_plot(LINES, title="Loss", across="epoch")
    bare = re.sub(r"var\(--\w+, #[0-9a-f]{6}\)", "", svg)
    assert "var(--blue, #0072b2)" in svg
    assert not re.search(r"#[0-9a-f]{6}\b", bare.replace("href=", "").replace("url(#", ""))


def test_a_chart_is_the_same_every_time_and_leaves_settings_alone() -> None:
    with mpl.rc_context({"axes.grid": True, "font.size": 30, "lines.linewidth": 9}):
        before = dict(mpl.rcParams)
        other = draw_line_plot(LINES, title="Loss", across="epoch")
        assert dict(mpl.rcParams) == before
    assert draw_line_plot(LINES, title="Loss", across="epoch") == other


def test_two_charts_in_one_page_share_no_id() -> None:
    first, second = (draw_line_plot([line], title="Loss", across="epoch") for line in LINES)
    ids = [re.findall(r' id="([^"]+)"', svg) for svg in (first, second)]
    assert not set(ids[0]) & set(ids[1])
    for svg, own in zip((first, second), ids, strict=True):
        assert len(own) == len(set(own)) > 0
        assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)) == set(own)


def test_shares_are_labelled_in_per_cent_and_losses_start_at_zero() -> None:
    shares = draw_line_plot(
        [Curve("a", [0.5, 0.9])], title="Right", across="epoch", as_percent=True
    )
    assert re.search(r">\d+(\.\d)? %</text>", shares)
    losses = draw_line_plot([Curve("a", [5.0, 9.0])], title="Loss", across="epoch")
    assert re.search(r">0(\.0)?</text>", losses)


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [math.nan] * 3, [math.inf, 2.0, 1.0], [0.0, 0.0], [-1.0, 1.0], [1e-12, 1e12]],
)
def test_odd_values_make_a_chart_without_a_warning(values: list[float]) -> None:
    svg = draw_line_plot([Curve("a", values)], title="Odd", across="epoch", marked=1)
    ET.fromstring(svg)
