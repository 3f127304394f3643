"""An image and its way back: a map on the network's input lands where the image has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.map_resampling import resize_map
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.model.classifier import Classifier


def subject(preprocess: Preprocess, image: np.ndarray) -> PreprocessedImage:
    text = f"input {'x'.join(map(str, preprocess.shape))} classes=2 > gap > flatten > fc"
    model = Classifier(build(text), text, ("a", "b"), preprocess)
    return PreprocessedImage.read(model, image)


@given(
    rows=st.integers(8, 90),
    columns=st.integers(8, 90),
    size=st.tuples(st.integers(6, 40), st.integers(6, 40)),
    fit=st.sampled_from(["pad", "squash", "crop", "crop_ratio"]),
)
def test_a_map_that_is_the_input_itself_lands_on_the_image(
    rows: int, columns: int, size: tuple[int, int], fit: str
) -> None:
    """A smooth image, made to fit and laid back onto itself, is nearly what it was."""
    down, across = np.mgrid[0:rows, 0:columns]
    smooth = 40 + 100 * down / rows + 80 * across / columns
    image = smooth.astype(np.uint8)[:, :, None]
    how = ("crop", 8 / 7) if fit == "crop_ratio" else (fit, 1.0)
    seen = subject(Preprocess(1, *size, fit=how[0], crop_ratio=how[1]), image)  # type: ignore[arg-type]
    back = seen.onto_image(seen.pixels[0])
    there = ~np.isnan(back)
    assert there.any()
    inner = there & (down > 1) & (across > 1) & (down < rows - 2) & (across < columns - 2)
    scales = size[0] / rows, size[1] / columns
    if fit != "squash":
        scales = ((min if fit == "pad" else max)(scales),) * 2
    # what one pixel of the input spans of the image, and one of the image
    step = 100 / (rows * scales[0]) + 80 / (columns * scales[1]) + 180 / min(rows, columns)
    assert np.abs(back - image[:, :, 0])[inner].max(initial=0) <= step
    if fit in ("pad", "squash"):
        assert there.all()


def test_a_crop_leaves_what_the_network_does_not_see() -> None:
    seen = subject(Preprocess(1, 10, 10, fit="crop"), np.zeros((20, 60), np.uint8))
    back = seen.onto_image(np.ones((10, 10)))
    assert np.isnan(back[:, :20]).all()
    assert np.isnan(back[:, 40:]).all()
    assert (back[:, 20:40] == 1).all()


def test_a_turned_photograph_is_upright_and_so_is_its_map(tmp_path: Path) -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:20] = 255  # the upper half as it is stored
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: the upper half comes to the right
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    text = "input 3x16x16 classes=2 > gap > flatten > fc"
    model = Classifier(build(text), text, ("a", "b"), Preprocess(3, 16, 16))
    seen = PreprocessedImage.read(model, tmp_path / "turned.png")
    assert seen.original.shape == (80, 40, 3)
    back = seen.onto_image(seen.pixels[0].astype(float))
    assert back.shape == (80, 40)
    assert back[:, 30:].mean() > 240
    assert back[:, :10].mean() < 15


def test_values_are_what_the_classifier_gives_its_network() -> None:
    preprocess = Preprocess(3, 8, 8, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    seen = subject(preprocess, image)
    scaled = torch.from_numpy(image).permute(2, 0, 1).float() / 255
    mean, std = torch.tensor(preprocess.mean), torch.tensor(preprocess.std)
    expected = (scaled - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    torch.testing.assert_close(seen.tensor[0], expected)


def test_a_map_of_another_size_is_refused() -> None:
    seen = subject(Preprocess(1, 10, 10), np.zeros((20, 60), np.uint8))
    with pytest.raises(SettingError, match="resize it first"):
        seen.onto_image(np.ones((5, 5)))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 30), st.integers(1, 30))
def test_stretching_keeps_within_what_was_there(a: int, b: int, rows: int, columns: int) -> None:
    values = np.random.default_rng(a * 10 + b).normal(size=(a, b))
    found = resize_map(values, rows, columns)
    assert found.shape == (rows, columns)
    assert values.min() - 1e-6 <= found.min()
    assert found.max() <= values.max() + 1e-6
