"""Maps that lie beside where a network looks are found, and so is padding on the wrong side."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import drawn
import numpy as np
import pytest
import torch
from scipy import stats

from striate.architecture import zoo
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.explanation import evaluate_map, explain
from striate.explanation.attribution_methods import explain as explain_image
from striate.explanation.cell_centers import AxisCenters, CellCenters
from striate.explanation.map_alignment import (
    AxisAlignment,
    MapAlignment,
    align_maps,
    check_alignment,
    find_shift,
    median_interval,
    mirror_image,
)
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.shortcut_search import find_shortcuts
from striate.model.classifier import Classifier
from striate.model.importing import import_classifier


def looked_at(centers: np.ndarray, seed: int, *, side: int = 224) -> tuple[np.ndarray, np.ndarray]:
    """Maps of a scene and of its mirror image, by cells that look at these pixels."""
    random = np.random.default_rng(seed)
    things = [(random.normal(side / 2, side / 5, 2), random.uniform(0.3, 1)) for _ in range(3)]
    down = np.linspace(0, side - 1, 7)

    def seen(flip: bool) -> np.ndarray:
        total = np.zeros((7, len(centers)))
        for (y, x), size in things:
            at = side - 1 - x if flip else x
            total += size * np.exp(-((down[:, None] - y) ** 2 + (centers - at) ** 2) / 2 / 40**2)
        return total

    return seen(False), seen(True)


@pytest.mark.parametrize("first", [0, 15.5, 31])
@pytest.mark.parametrize("off", [-12, 0, 12])
def test_a_map_that_is_laid_beside_is_found_to_be_so(first: float, off: int) -> None:
    places = first + 32.0 * np.arange(7)
    laid = AxisCenters(places, places, places, 32.0)
    shifts = [find_shift(*looked_at(places - off, seed), laid, 224) for seed in range(25)]
    assert float(np.median(shifts)) == pytest.approx(off, abs=4)


def test_where_the_cells_look_all_together_follows_from_shift_and_centres() -> None:
    end = 31 + 32.0 * np.arange(7)
    cells = AxisCenters(end, end, end, 32.0)
    found = align_maps([(10.0, 10.0)] * 50, CellCenters(cells, cells), (224, 224))
    assert found.columns.off_center == 127 - 111.5 - 10
    assert found.passed
    wrong = align_maps([(-11.0, math.nan)] * 50, CellCenters(cells, cells), (224, 224))
    assert not wrong.passed
    assert wrong.rows.off_center == 26.5
    assert "26 pixels below the middle of the image" in wrong.words
    assert "pad=same or pad=end" in wrong.words
    assert json.loads(json.dumps(wrong.as_json()))["columns"]["shift"] is None


def test_one_image_is_no_fault_where_one_axis_alone_looks_beside() -> None:
    for n, passed in ((1, True), (50, False)):
        found = align_maps([(9.0, 0.0)] * n, None, (56, 56))
        assert found.passed is passed
        assert ("padding" in found.words) is not passed
    assert not align_maps([(9.0, -9.0)], None, (56, 56)).passed


def test_maps_that_are_not_alike_say_nothing() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 7, 7))
    cells = AxisCenters.of_pixels(7)
    flat = find_shift(np.ones((7, 7)), np.ones((7, 7)), cells, 7)
    assert math.isnan(flat)
    assert math.isnan(find_shift(one, other, cells, 7))
    unknown = align_maps([(math.nan, math.nan)], None, (7, 7))
    assert unknown.passed
    assert "too unlike to tell" in unknown.words


def test_an_axis_that_cannot_be_told_is_named() -> None:
    told = AxisAlignment(-5.0, -7.0, -4.0, 0.0, 8.0)
    lost = AxisAlignment(math.nan, math.nan, math.nan, math.nan, 8.0)
    assert MapAlignment(told, lost, n=9).words == (
        "alignment: the map lies 5 pixels too far left (95 %: 4 to 7), by the map of the mirrored "
        "image, medians of 9 images; that is half a cell or more; how far up or down cannot be told"
    )
    said = MapAlignment(lost, told, n=9).words
    assert said.startswith("alignment: the map lies 5 pixels too far up (95 %: 4 to 7)")
    assert said.endswith("how far left or right cannot be told")


@pytest.mark.parametrize("n", [6, 9, 50])
def test_the_interval_of_a_median_has_the_ranks_of_the_binomial(n: int) -> None:
    low, high = median_interval(np.arange(float(n)))
    rank = int(stats.binom.ppf(0.025, n, 0.5))  # the first that has more than 2.5 % up to it
    assert (low, high) == (rank - 1, n - rank)
    assert all(map(math.isnan, median_interval(np.arange(5.0))))


TEXT = "input 1x32x32 classes=2 > [conv 4 stride=2 > relu]*3 > gap > flatten > fc"


def model_of(text: str = TEXT) -> Classifier:
    return Classifier(build(text, seed=3), text, ("a", "b"), Preprocess(1, 32, 32))


def test_mirroring_twice_gives_the_image_back() -> None:
    model = model_of()
    image = PreprocessedImage.read(model, np.arange(1024, dtype=np.uint8).reshape(32, 32))
    for axis in (0, 1):
        once = mirror_image(image, axis)
        assert np.array_equal(once.pixels, np.flip(image.pixels, axis + 1))
        assert np.array_equal(mirror_image(once, axis).original, image.original)


def test_a_symmetric_network_is_aligned_and_every_map_is_checked() -> None:
    text = "input 1x33x33 classes=2 > [conv 4 stride=2 > relu]*2 > gap > flatten > fc"
    model = Classifier(build(text, seed=3), text, ("a", "b"), Preprocess(1, 33, 33))
    with torch.no_grad():
        for kernel in model.module.parameters():
            if kernel.ndim == 4:  # as it sees a mirrored image, too
                kernel.add_(kernel.flip(2)).add_(kernel.flip(3))
    image = np.random.default_rng(0).integers(0, 255, (33, 33), np.uint8)
    for method in ("cam", "grad-cam++", "occlusion"):
        found = evaluate_map(model, image, method, target="a").alignment
        assert found is not None
        # occlusion's last patch ends at the border, so it is not quite symmetric
        most = 0.5 if method == "occlusion" else 0
        assert max(abs(found.columns.shift), abs(found.rows.shift)) <= most
        assert found.passed
    drawn_by_hand = evaluate_map(
        model, image, lambda model, image, target: image.pixels[0].astype(float), target="a"
    )
    assert drawn_by_hand.checks["alignment"]


def test_a_folder_has_the_median_with_its_interval(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "photos", n=8, size=(32, 32))
    text = "input 3x32x32 classes=2 > [conv 4 stride=2 > relu]*3 > gap > flatten > fc"
    classes = tuple(sorted(path.name for path in (tmp_path / "photos").iterdir()))
    text = text.replace("classes=2", f"classes={len(classes)}")
    model = Classifier(build(text, seed=3), text, classes, Preprocess(3, 32, 32))
    report = find_shortcuts(model, tmp_path / "photos", split="all", progress=False)
    found = report.alignment
    assert isinstance(found, MapAlignment)
    assert found.n == 8 * len(classes)
    assert found.columns.low <= found.columns.shift <= found.columns.high
    assert found.words in str(report)
    assert report.as_json()["alignment"]["n"] == found.n


@pytest.mark.slow
@pytest.mark.parametrize(("padding", "right"), [("", False), (" pad=end", True)])
def test_weights_of_tensorflow_that_run_with_padding_on_all_sides_are_found(
    shared: Callable[[str], Path], padding: str, right: bool
) -> None:
    weights, folder = shared("weights"), shared("data/ilsvrc_boxes")
    text = zoo.text("mobilenet_v2").replace("stride=stride", f"stride=stride{padding}")
    model = import_classifier(
        text,
        weights / "mobilenet_v2.pth",
        classes=weights / "imagenet_class_index.json",
        preprocess={
            "mean": (0.485, 0.456, 0.406),
            "std": (0.229, 0.224, 0.225),
            "crop_ratio": 1.0,
        },
    )
    shifts = []
    for entry in json.loads((folder / "boxes.json").read_text("utf-8"))[::8]:
        target = model.ids.index(entry["wnid"]) if model.ids else None

        def make(image: PreprocessedImage, target: int | None = target) -> tuple:  # type: ignore[type-arg]
            found = explain_image(model, image, target=target, method="cam")
            return found.attribution, found.centers

        one = check_alignment(PreprocessedImage.read(model, folder / entry["file"]), make)
        shifts.append((one.rows.shift, one.columns.shift))
    centers = explain(model, folder / entry["file"]).centers
    found = align_maps(shifts, centers, (224, 224))
    assert centers is not None
    assert centers.columns.mean[0] == (31 if right else 0)
    assert found.passed is right
    for axis in (found.rows, found.columns):
        assert abs(axis.off_center) < 10 if right else abs(axis.off_center) > 20
