"""Making an image fit: where it lands, the one resize against ONNX's, and the record of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from striate.data.images import Placement, Preprocess
from striate.data.images.preprocess import Fit
from striate.errors import SettingError

SIDES = st.integers(1, 300)


def noise(rows: int, columns: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    shape = (rows, columns, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


# ---------------------------------------------------------------- where an image lands


@given(rows=SIDES, columns=SIDES, height=st.integers(1, 64), width=st.integers(1, 64))
def test_padding_keeps_all_of_the_image_centred_and_its_proportions(
    rows: int, columns: int, height: int, width: int
) -> None:
    where = Preprocess(height=height, width=width).placement(rows, columns)
    assert list(where.box) == [0, 0, rows, columns]
    assert where.height == height or where.width == width
    assert 1 <= where.height <= height
    assert 1 <= where.width <= width
    assert where.top == (height - where.height) // 2
    assert where.left == (width - where.width) // 2
    exact = min(height / rows, width / columns)
    assert abs(where.height - max(1, rows * exact)) <= 0.5 + 1e-9
    assert abs(where.width - max(1, columns * exact)) <= 0.5 + 1e-9


@given(rows=SIDES, columns=SIDES, height=st.integers(1, 64), width=st.integers(1, 64))
def test_cropping_fills_the_input_from_the_centre(
    rows: int, columns: int, height: int, width: int
) -> None:
    where = Preprocess(height=height, width=width, fit="crop").placement(rows, columns)
    top, left, bottom, right = where.box
    assert (where.top, where.left, where.height, where.width) == (0, 0, height, width)
    assert 0 <= top < bottom <= rows
    assert 0 <= left < right <= columns
    assert bottom - top == rows or right - left == columns
    assert abs((rows - bottom) - top) <= 1
    assert abs((columns - right) - left) <= 1


def test_squashing_uses_all_of_the_image_and_all_of_the_input() -> None:
    where = Preprocess(height=20, width=10, fit="squash").placement(7, 300)
    assert where == Placement((0, 0, 7, 300), 0, 0, 20, 10)
    assert where.scale == (20 / 7, 10 / 300)


def test_a_padded_image_lies_in_its_border() -> None:
    fitted = Preprocess(height=8, width=8, border=(1, 2, 3))
    got = fitted.pixels(np.full((4, 8, 3), 200, np.uint8))
    assert got.shape == (3, 8, 8)
    assert got[:, 2:6].min() == 200
    assert got[:, 0, 0].tolist() == [1, 2, 3]
    assert got[:, 7, 7].tolist() == [1, 2, 3]


def test_a_border_in_grey_is_the_same_grey_a_image_of_it_would_be() -> None:
    fitted = Preprocess(channels=1, height=4, width=4, border=(250, 10, 90))
    beside = fitted.pixels(np.full((2, 4), 7, np.uint8))[0, 0, 0]
    assert beside == fitted.pixels(np.full((4, 4, 3), (250, 10, 90), np.uint8))[0, 0, 0]


def test_a_cropped_image_shows_its_centre() -> None:
    image = np.zeros((10, 30), np.uint8)
    image[:, 10:20] = 255
    got = Preprocess(channels=1, height=5, width=5, fit="crop").pixels(image)
    assert got.min() == 255


def zoomed(side: int, shorter: int) -> Preprocess:
    return Preprocess(3, side, side, "crop", crop_ratio=shorter / side)


@settings(deadline=None)
@given(rows=SIDES, columns=SIDES, side=st.integers(1, 64), more=st.integers(1, 30))
def test_zooming_cuts_the_centre_out_of_the_larger_image(
    rows: int, columns: int, side: int, more: int
) -> None:
    shorter = min(side + more, 8 * side)
    where = zoomed(side, shorter).placement(rows, columns)
    top, left, bottom, right = where.box
    assert (where.top, where.left, where.height, where.width) == (0, 0, side, side)
    assert 0 <= top < bottom <= rows
    assert 0 <= left < right <= columns
    # the middle of what is cut is the image's, but for less than two pixels of the input
    for before, behind, scale in ((top, rows - bottom, 0), (left, columns - right, 1)):
        assert abs(before - behind) * where.scale[scale] < 2 + 1e-6
    if rows <= columns:
        assert bottom - top == pytest.approx(rows * side / shorter)
    got = zoomed(side, shorter).pixels(noise(rows, columns))
    assert got.shape == (3, side, side)


@pytest.mark.parametrize(("size", "shorter"), [(224, 256), (299, 342)])
def test_zooming_prepares_photos_as_torchvision_does(
    shared: Callable[[str], Path], size: int, shorter: int
) -> None:
    """The published accuracies of torchvision's weights were taken with these pixels."""
    photos = sorted(shared("data/hymenoptera/val/ants").iterdir())[:8]
    for path in photos:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        image.info.clear()  # torchvision goes by no colour profile
        # what torchvision.transforms.Resize and CenterCrop do to a Pillow image
        short, long = sorted(image.size)
        longer = int(shorter * long / short)
        wide = image.width >= image.height
        resized = image.resize(
            (longer, shorter) if wide else (shorter, longer), Image.Resampling.BILINEAR
        )
        left, top = round((resized.width - size) / 2), round((resized.height - size) / 2)
        theirs = np.asarray(resized.crop((left, top, left + size, top + size))).astype(int)
        fitted = zoomed(size, shorter)
        for revision, others in ((1, 0.01), (2, 0.25)):  # other pixels are rounded otherwise
            ours = replace(fitted, revision=revision).pixels(image).transpose(1, 2, 0)
            assert np.abs(ours - theirs).max() <= 2  # sums that fall between two steps
            assert (ours != theirs).mean() < others


def test_a_zoom_that_leaves_nothing_to_cut_is_the_whole_image() -> None:
    image = noise(100, 100)
    almost = Preprocess(3, 64, 64, "crop", crop_ratio=1.000_001)
    assert np.array_equal(almost.pixels(image), Preprocess(3, 64, 64).pixels(image))


@pytest.mark.parametrize(("fit", "crop_ratio"), [("crop", 0.5), ("crop", 9.0), ("pad", 1.1)])
def test_a_zoom_that_makes_no_sense_is_one_clear_line(fit: Fit, crop_ratio: float) -> None:
    with pytest.raises(SettingError, match="expected"):
        Preprocess(fit=fit, crop_ratio=crop_ratio)
    with pytest.raises(SettingError, match="expected"):
        Preprocess(fit="crop", crop_ratio=float("nan"))


def test_channels_are_made_to_fit() -> None:
    grey, colour = noise(6, 6, 1), noise(6, 6)
    three = Preprocess(channels=3, height=6, width=6).pixels(grey)
    assert np.array_equal(three, np.repeat(grey.transpose(2, 0, 1), 3, axis=0))
    one = Preprocess(channels=1, height=6, width=6).pixels(colour)[0]
    luma = colour @ np.array([0.299, 0.587, 0.114])
    assert np.abs(one - luma).max() <= 0.51


def test_a_sliver_of_a_image_takes_no_more_memory_than_any_other() -> None:
    sliver = np.zeros((1, 100_000), np.uint8)
    for fit in ("pad", "squash", "crop"):
        assert Preprocess(1, 64, 64, fit).pixels(sliver).shape == (1, 64, 64)
    assert Preprocess(1, 64, 64, "crop", crop_ratio=1.5).pixels(sliver).shape == (1, 64, 64)


# ---------------------------------------------------------------- the resize


def onnx_resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize uint8 (rows, columns, channels) with ONNX: opset 18, linear, antialias."""
    onnx = pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    helper, uint8 = onnx.helper, onnx.TensorProto.UINT8
    node = helper.make_node(
        "Resize", ["x", "", "", "sizes"], ["y"], mode="linear", antialias=1, exclude_outside=1,
        coordinate_transformation_mode="half_pixel",
    )  # fmt: skip
    channels = image.shape[2]
    graph = helper.make_graph(
        [node],
        "resize",
        [helper.make_tensor_value_info("x", uint8, [1, channels, None, None])],
        [helper.make_tensor_value_info("y", uint8, [1, channels, height, width])],
        [helper.make_tensor("sizes", onnx.TensorProto.INT64, [4], [1, channels, height, width])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (got,) = session.run(None, {"x": image.transpose(2, 0, 1)[None]})
    return np.asarray(got[0])


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 200),
    columns=st.integers(1, 200),
    height=st.integers(1, 96),
    width=st.integers(1, 96),
    channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 1000),
)
def test_the_resize_is_onnx_resize_to_within_one_step_of_256(
    rows: int, columns: int, height: int, width: int, channels: int, seed: int
) -> None:
    image = noise(rows, columns, channels, seed)
    fitted = Preprocess(channels=channels, height=height, width=width, fit="squash")
    ours = fitted.pixels(image).astype(int)
    assert np.abs(ours - onnx_resize(image, height, width)).max() <= 1


def exact_resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The definition, in floats: a triangle as wide as the scale, weights summing to 1."""

    def weights(size: int, target: int) -> np.ndarray:
        scale = size / target
        support = max(scale, 1.0)
        centres = (np.arange(target) + 0.5) * scale
        distance = np.abs(np.arange(size)[None] + 0.5 - centres[:, None]) / support
        triangle = np.maximum(0, 1 - distance)
        return np.asarray(triangle / triangle.sum(axis=1, keepdims=True))

    along = np.einsum("wc,rcx->rwx", weights(image.shape[1], width), image.astype(float))
    return np.asarray(np.einsum("hr,rwx->xhw", weights(image.shape[0], height), along))


def test_the_resize_is_the_antialiased_triangle() -> None:
    for size in ((8, 8), (31, 57), (200, 150)):
        image = noise(140, 90)
        got = Preprocess(3, *size, fit="squash").pixels(image)
        assert np.abs(got - exact_resize(image, *size)).max() <= 1.05


def test_a_image_of_the_right_size_is_not_touched() -> None:
    image = noise(17, 23)
    got = Preprocess(3, 17, 23).pixels(image)
    assert np.array_equal(got, image.transpose(2, 0, 1))


def test_fine_stripes_become_even_grey_and_no_moire() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (256, 128))
    got = Preprocess(1, 32, 32).pixels(stripes)
    assert set(got[0, :, 1:-1].ravel().tolist()) <= {127, 128}
    assert abs(got - 127.5).max() <= 5  # half a stripe more or less at the border


# ---------------------------------------------------------------- numbers and the record


def test_preprocessing_survives_json() -> None:
    import json

    fitted = Preprocess(1, 5, 6, "crop", (1, 2, 3), (4, 5, 6), (0.5,), (0.25,), 8 / 7, draft=True)
    assert Preprocess.from_json(json.loads(json.dumps(fitted.as_json()))) == fitted
    assert fitted.shape == (1, 5, 6)


def test_a_record_of_before_there_was_a_zoom_has_none() -> None:
    values = Preprocess(fit="crop").as_json()
    del values["crop_ratio"]
    assert Preprocess.from_json(values) == Preprocess(fit="crop")


def test_a_record_of_before_jpegs_were_decoded_smaller_takes_them_whole() -> None:
    values = Preprocess(draft=True).as_json()
    del values["draft"]
    assert Preprocess.from_json(values) == Preprocess(draft=False)


def test_records_of_the_names_before_are_read() -> None:
    once = {"channels": 3, "height": 8, "width": 8, "fit": "crop", "background": [1, 2, 3],
            "border": [4, 5, 6], "mean": [0.5] * 3, "std": [0.2] * 3,
            "zoom": 1.5, "reduced": True}  # fmt: skip
    found = Preprocess.from_json(once)
    assert (found.crop_ratio, found.draft) == (1.5, True)
    assert found.revision == 1
    assert found.as_json() == {"revision": 1} | {
        {"zoom": "crop_ratio", "reduced": "draft"}.get(name, name): value
        for name, value in once.items()
    }


@pytest.mark.parametrize(
    "change",
    [
        {"draft": 1},
        {"draft": None},
        {"crop_ratio": "2"},
        {"crop_ratio": True},
        {"crop_ratio": 1.5},
        {"crop_ratio": 10**400},
        {"channels": 2},
        {"channels": True},
        {"height": 0},
        {"width": "8"},
        {"fit": "stretch"},
        {"background": [1, 2]},
        {"border": [0, 0, 256]},
        {"border": "grey"},
        {"border": [0.5, 0, 0]},
        {"border": [True, 0, 0]},
        {"border": [0, 0, float("nan")]},
        {"mean": [float("inf"), 0, 0]},
        {"mean": [10**400, 0, 0]},
        {"fit": ["pad"]},
        {"mean": [0.1]},
        {"std": [1.0, 0.0, 1.0]},
        {"std": [1.0, float("nan"), 1.0]},
        {"more": 1},
    ],
)
def test_a_senseless_record_is_refused_in_one_line(change: dict[str, object]) -> None:
    with pytest.raises(SettingError) as caught:
        Preprocess.from_json({**Preprocess().as_json(), **change})
    assert "\n" not in str(caught.value)


def test_the_image_given_may_be_pillows_own() -> None:
    image = noise(9, 9)
    fitted = Preprocess(3, 4, 4)
    assert np.array_equal(fitted.pixels(Image.fromarray(image)), fitted.pixels(image))
