"""The resizing in the graph, against Pillow's through `Preprocess`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from striate.backends.onnx import libraries
from striate.backends.onnx.engines import session_of
from striate.backends.onnx.graph_builder import Building
from striate.backends.onnx.model_file import Model
from striate.data.images import Preprocess
from striate.data.images.exif_orientation import TURNS
from striate.deployment.golden_images import DRAWN, draw
from striate.deployment.resize_graph import add_image_input
from striate.deployment.sealed_answers import IMAGE, ORIENTATION

Run = Callable[[np.ndarray, int], np.ndarray]

WAYS = {
    "pad": Preprocess(3, 48, 48),
    "pad, lying": Preprocess(1, 30, 50),
    "squash": Preprocess(3, 40, 32, fit="squash"),
    "crop": Preprocess(3, 48, 48, fit="crop"),
    "crop, standing": Preprocess(3, 50, 30, fit="crop"),
    "zoom": Preprocess(3, 56, 56, fit="crop", crop_ratio=256 / 224),
    "zoom, lying": Preprocess(1, 24, 32, fit="crop", crop_ratio=1.1),
}
SIZES = ((1, 1), (1, 60), (60, 1), (48, 48), (61, 83), (300, 41), (33, 400), (7, 5), (97, 96))


def graph_of(preprocess: Preprocess) -> bytes:
    building = Building({})
    add_image_input(building, preprocess, "pixels")
    return Model(
        "resize",
        tuple(building.nodes),
        building.constants,
        {IMAGE: ("rows", "columns", 3), ORIENTATION: ()},
        {"pixels": (1, *preprocess.shape)},
        types={IMAGE: "uint8", ORIENTATION: "int64"},
    ).to_bytes()


def onnxruntime(preprocess: Preprocess) -> Run:
    session = session_of("ONNX Runtime", graph_of(preprocess))

    def run(image: np.ndarray, orientation: int = 1) -> np.ndarray:
        feeds = {IMAGE: image, ORIENTATION: np.array(orientation, np.int64)}
        return np.asarray(session.run(None, feeds)[0][0])

    return run


def noise(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), dtype=np.uint8)


def test_operations_are_few_since_each_takes_a_runtime_time_to_open() -> None:
    for fitted in (*WAYS.values(), Preprocess(3, 224, 224, "crop", crop_ratio=256 / 224)):
        building = Building({})
        add_image_input(building, fitted, "pixels")
        assert len(building.nodes) < 250  # 391 where each band is multiplied by itself


@pytest.mark.parametrize("way", WAYS)
def test_any_size_is_resized_as_the_classifier_resizes_it(way: str) -> None:
    fitted = WAYS[way]
    run = onnxruntime(fitted)
    for size in SIZES:
        image = noise(*size)
        got, own = run(image, 1), fitted.pixels(image)
        # noise is the worst case: of photographs one value of 1,000 is another; what is enlarged
        # has few weights, so that many values lie just between two levels
        assert np.abs(got - own).max() <= 1
        assert (got != own).mean() < (0.08 if min(size) < max(fitted.shape[1:]) else 0.04)


@pytest.mark.parametrize("way", ["pad", "pad, lying", "crop, standing", "zoom, lying"])
def test_every_orientation_is_turned_as_pillow_turns_it(way: str) -> None:
    fitted = WAYS[way]
    run = onnxruntime(fitted)
    for orientation in range(1, 9):
        image = noise(57, 80, orientation)
        turn = TURNS.get(orientation)
        upright = image if turn is None else np.asarray(Image.fromarray(image).transpose(turn))
        assert np.abs(run(image, orientation) - fitted.pixels(upright)).max() <= 1


@pytest.mark.parametrize("orientation", [0, 9, -3])
def test_an_orientation_that_there_is_not_stands_for_upright(orientation: int) -> None:
    run = onnxruntime(WAYS["crop"])
    assert np.array_equal(run(noise(60, 80), orientation), run(noise(60, 80), 1))


def test_classifiers_of_before_keep_their_pixels_within_a_level() -> None:
    for way in ("pad", "crop", "zoom"):
        fitted = replace(WAYS[way], revision=1)
        image = noise(111, 90)
        assert np.abs(onnxruntime(fitted)(image, 1) - fitted.pixels(image)).max() <= 1


def test_grey_is_pillows_to_the_last_level() -> None:
    fitted = Preprocess(1, 16, 16, fit="squash")
    image = noise(16, 16, 7)
    assert np.array_equal(onnxruntime(fitted)(image, 1), fitted.pixels(image))


@pytest.mark.parametrize("way", ["pad", "zoom, lying"])
def test_openvino_gives_the_same_pixels(way: str) -> None:
    pytest.importorskip("openvino")
    fitted = WAYS[way]
    core = libraries.openvino().Core()
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(graph_of(fitted)), "CPU", settings)
    run = onnxruntime(fitted)
    for size in ((97, 96), (33, 200), (60, 1), (7, 5)):
        image = noise(*size)
        for orientation in (1, 6):
            feeds = {IMAGE: image, ORIENTATION: np.array(orientation, np.int64)}
            found = np.asarray(compiled(feeds)[0][0])
            assert (found != run(image, orientation)).mean() < 0.001


def test_twelve_megapixels_are_resized_as_in_training() -> None:
    fitted = WAYS["zoom"]
    (image,) = (draw(7, rows, columns) for name, rows, columns, _ in DRAWN if name == "huge")
    assert image.shape == (3000, 4000, 3)
    assert np.abs(onnxruntime(fitted)(image, 1) - fitted.pixels(image)).max() <= 1
