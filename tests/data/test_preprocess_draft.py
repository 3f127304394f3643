"""JPEG files decoded at a fraction of their size: the same image at the same place."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from striate.data.images import Preprocess
from striate.data.images.preprocess import Fit


def smooth(rows: int, columns: int, seed: int = 0) -> Image.Image:
    """An image without fine detail, as photos mostly are."""
    small = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8))
    return small.resize((columns, rows), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    with io.BytesIO() as file:
        image.save(file, "JPEG", quality=95, exif=exif)
        return file.getvalue()


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(20, 900),
    columns=st.integers(20, 900),
    height=st.integers(4, 60),
    width=st.integers(4, 60),
    fit=st.sampled_from(["pad", "squash", "crop"]),
)
def test_a_image_decoded_smaller_stays_nearly_twice_as_fine_as_needed(
    rows: int, columns: int, height: int, width: int, fit: Fit
) -> None:
    draft = Preprocess(3, height, width, fit, draft=True)
    by = draft.reduction(rows, columns)
    assert by in (1, 2, 4, 8)
    down, across = draft.placement(rows, columns).scale
    assert by == 1 or by * max(down, across) * 1.9 <= 1
    assert by == 8 or 2 * by * max(down, across) * 1.9 > 1  # it is as small as it may be
    assert Preprocess(3, height, width, fit).reduction(rows, columns) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("fit", "crop_ratio"), [("pad", 1.0), ("squash", 1.0), ("crop", 1.0), ("crop", 8 / 7)]
)
def test_a_jpeg_decoded_smaller_lies_where_the_whole_one_does(
    orientation: int, fit: Fit, crop_ratio: float
) -> None:
    """Sides that are no multiple of 8, so that the last rows and columns are cut short."""
    file = jpeg(smooth(407, 611, seed=orientation), orientation)
    whole = Preprocess(3, 40, 48, fit, crop_ratio=crop_ratio)
    draft = Preprocess(3, 40, 48, fit, crop_ratio=crop_ratio, draft=True)
    assert draft.reduction(407, 611) >= 2
    difference = np.abs(draft.pixels(file).astype(int) - whole.pixels(file))
    assert difference.max() > 0
    assert difference.max() <= 8  # along the rim of a crop, which is cut before or after
    assert difference[:, 1:-1, 1:-1].max() <= 2
    assert difference.mean() < 0.6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_slanted_edge_does_not_move(orientation: int) -> None:
    """An eighth of 1003 x 1501 ends in parts of a pixel, on a side that the orientation tells."""
    rows, columns = np.mgrid[:1003, :1501]
    image = (127 * (1 + np.tanh((columns + 0.3 * rows - 850) / 40))).astype(np.uint8)
    file = jpeg(Image.fromarray(image), orientation)
    draft, whole = (Preprocess(1, 60, 60, "squash", draft=each) for each in (True, False))
    assert draft.reduction(1003, 1501) == 8
    assert np.abs(draft.pixels(file).astype(int) - whole.pixels(file)).max() <= 1


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpegs_are_decoded_smaller_too(mode: str) -> None:
    with io.BytesIO() as held:
        smooth(400, 600).convert(mode).save(held, "JPEG", quality=95)
        file = held.getvalue()
    for channels in (1, 3):
        ours = Preprocess(channels, 32, 32, draft=True).pixels(file).astype(int)
        theirs = Preprocess(channels, 32, 32).pixels(file).astype(int)
        assert np.abs(ours - theirs).max() <= 4


def test_what_is_no_jpeg_file_is_taken_as_it_is(tmp_path: Path) -> None:
    image = smooth(400, 600)
    image.save(tmp_path / "a.png")
    (tmp_path / "a.jpg").write_bytes(jpeg(image))
    draft, whole = Preprocess(3, 32, 32, draft=True), Preprocess(3, 32, 32)
    assert np.array_equal(draft.pixels(tmp_path / "a.png"), whole.pixels(tmp_path / "a.png"))
    assert np.array_equal(draft.pixels(image), whole.pixels(image))
    with Image.open(tmp_path / "a.jpg") as opened:
        assert np.array_equal(draft.pixels(opened), whole.pixels(tmp_path / "a.jpg"))
        assert opened.size == (600, 400)  # the user's own image is left as it was


def test_photos_decoded_smaller_hardly_differ(shared: Callable[[str], Path]) -> None:
    draft, whole = Preprocess(3, 64, 64, draft=True), Preprocess(3, 64, 64)
    differences = []
    for path in sorted(shared("data/hymenoptera/val/ants").glob("*.jpg"))[:12]:
        with Image.open(path) as opened:
            if draft.reduction(opened.height, opened.width) == 1:
                continue
        ours, theirs = draft.pixels(path).astype(int), whole.pixels(path).astype(int)
        differences.append(np.abs(ours - theirs))
    assert len(differences) >= 8
    assert np.mean([each.mean() for each in differences]) < 0.6
    assert np.mean([np.percentile(each, 99) for each in differences]) < 4
