"""A brush covers the pixels whose middle lies under it, and lays on them what it says."""

from __future__ import annotations

import numpy as np
import pytest

from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.baselines import make_baseline
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.retouching import Stroke, cover, retouch


def image_of(channels: int, rows: int = 40, columns: int = 30) -> PreprocessedImage:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 256, (rows, columns, channels), np.uint8)
    usual = Preprocess(channels, rows, columns, mean=(0.4,) * channels, std=(0.2,) * channels)
    return PreprocessedImage(
        "p", values, usual.pixels(values), usual, usual.placement(rows, columns)
    )


def distances(points: tuple[tuple[float, float], ...], rows: int, columns: int) -> np.ndarray:
    """How far each pixel's middle is from a polyline, by hand."""
    places = np.moveaxis(np.mgrid[:rows, :columns], 0, -1) + 0.5
    found = np.full((rows, columns), np.inf)
    for start, end in zip(points, points[1:] or points, strict=False):
        a, way = np.array(start), np.array(end) - np.array(start)
        share = np.clip(((places - a) @ way) / max(float(way @ way), 1e-12), 0, 1)
        found = np.minimum(found, np.linalg.norm(places - a - share[..., None] * way, axis=-1))
    return found


@pytest.mark.parametrize("size", [(8, 8), (40, 30), (224, 200)])
@pytest.mark.parametrize("share", [0.08, 0.2])
def test_a_stroke_covers_what_lies_within_its_radius(size: tuple[int, int], share: float) -> None:
    rows, columns = size
    points = ((0.2 * rows, 0.3 * columns), (0.6 * rows, 0.5 * columns), (0.6 * rows, 0.9 * columns))
    radius = share * min(size) + 0.6
    covered = cover(Stroke("gray", radius, points), rows, columns)
    away = distances(points, rows, columns)
    assert covered[away < radius - 0.5].all() and not covered[away > radius + 0.5].any()


def test_each_paint_lays_what_it_says_and_leaves_the_rest() -> None:
    image = image_of(3)
    before, points = image.pixels, ((20.0, 15.0),)
    for paint in ("gray", "blur", "color", "copy"):
        stroke = Stroke(paint, 5.2, points, color=(250, 10, 20), offset=(-12, 4))
        after, where = retouch(image, [stroke]), cover(stroke, 40, 30)
        np.testing.assert_array_equal(after[:, ~where], before[:, ~where])
        expected = {
            "gray": np.full((3, 40, 30), 102),
            "blur": np.rint(make_baseline(before)),
            "color": np.broadcast_to(np.array([250, 10, 20])[:, None, None], before.shape),
            "copy": before[:, np.clip(np.arange(40) - 12, 0, 39)][
                :, :, np.clip(np.arange(30) + 4, 0, 29)
            ],
        }[paint]
        np.testing.assert_array_equal(after[:, where], expected[:, where])


def test_later_strokes_lie_above_and_copy_the_image_as_it_was() -> None:
    image = image_of(1)
    red = Stroke("color", 6, ((10.0, 10.0),), color=(255, 0, 0))
    copied = Stroke("copy", 6, ((10.0, 10.0),))
    np.testing.assert_array_equal(retouch(image, [red, copied]), image.pixels)
    assert retouch(image, [red])[0, 10, 10] == 76  # the brightness of red


def test_nothing_to_paint_with_is_refused() -> None:
    with pytest.raises(SettingError, match="no points"):
        retouch(image_of(1), [Stroke("gray", 3, ())])
