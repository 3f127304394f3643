"""A planted watermark is caught, with its class and corner; a clean classifier is not accused.

The images are drawn: discs and squares in grey on noise, and a mark in the corner of one class.
"""

from __future__ import annotations

import json
from pathlib import Path

import drawn
import numpy as np
import pytest
from PIL import Image

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import DataError, SettingError
from striate.events import Event, Note, Progress
from striate.explanation.batch_hires_cam import find_map_layer
from striate.explanation.image_regions import Region, border_region, candidate_regions
from striate.explanation.mean_class_maps import MapAccumulator
from striate.explanation.shortcut_result import ShortcutReport
from striate.explanation.shortcut_search import find_shortcuts, suspect_regions
from striate.model.classifier import Classifier
from striate.settings import Settings
from striate.training.runs import start_run

NETWORK = "[conv 16 > bn > relu > maxpool 2]*2 > conv 32 > bn > relu > gap > flatten > fc"
SETTINGS = Settings(
    epochs=10,
    image_size=32,
    precision="float32",
    threads=1,
    batch_size=16,
    augment=False,
    mirror=False,
)


def marked_folder(root: Path, marked: str | None, *, n: int = 40, first: int = 0) -> Path:
    """Drawn discs and squares in grey; the marked ones bear a mark in the lower left corner."""
    drawn.folder(root, n=n, first=first)
    for file in sorted(root.glob("*/*.png")):
        pixels = np.array(Image.open(file).convert("L").convert("RGB"))
        if file.parent.name == marked:
            pixels[25:31, 1:7] = 255
            pixels[27:29, 3:5] = 0
        Image.fromarray(pixels).save(file)
    return root


def looked_at(root: Path, marked: str | None) -> tuple[Classifier, ShortcutReport, list[Event]]:
    marked_folder(root / "data" / "train", marked)
    marked_folder(root / "data" / "val", marked, n=30, first=500)
    model = start_run(root / "data", NETWORK, out=root / "run", settings=SETTINGS).model
    told: list[Event] = []
    return model, find_shortcuts(model, root / "data" / "val", callback=told.append), told


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[ShortcutReport, list[Event]]:
    return looked_at(tmp_path_factory.mktemp("planted"), "square")[1:]


def test_a_planted_watermark_is_caught_with_its_class_and_corner(
    planted: tuple[ShortcutReport, list[Event]],
) -> None:
    report, _ = planted
    (found,) = report.shortcuts
    assert found.label == "square"
    assert found.region.name == "the lower left corner"
    mark = np.zeros((32, 32), np.bool_)
    mark[25:31, 1:7] = True
    assert found.region.mask(32, 32)[mark].mean() > 0.8
    assert found.accuracy - found.occluded_accuracy > 0.5
    assert found.control_accuracy > 0.8
    assert found.occluded_probability < found.probability
    assert found.transferred is not None
    assert found.transferred > 0.5
    assert "it recognises 'square' by the lower left corner, and not by" in report.verdict[0]
    assert "train again" in report.verdict[1]
    assert report.words[0].startswith(
        "the class 'square' depends on the lower left corner: occluded"
    )


def test_the_marked_class_looks_at_one_place_in_the_corner(
    planted: tuple[ShortcutReport, list[Event]],
) -> None:
    looks = {look.label: look for look in planted[0].classes}
    square, disc = looks["square"], looks["disc"]
    assert square.map_similarity > disc.map_similarity
    assert square.border_share == pytest.approx(
        square.mean_map[border_region(0.1).mask(32, 32)].sum(), abs=1e-4
    )
    assert square.center_of_mass[0] > 0.55
    assert square.center_of_mass[1] < 0.45
    assert square.mean_map.shape == (32, 32)
    assert square.mean_map.sum() == pytest.approx(1.0, abs=1e-4)
    assert disc.shortcut is None


def test_the_report_is_plain_values_and_the_work_was_told(
    planted: tuple[ShortcutReport, list[Event]],
) -> None:
    report, told = planted
    values = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert [each["class"] for each in values["classes"]] == ["disc", "square"]
    assert "lower left corner" in str(report)
    stages = {event.stage for event in told if isinstance(event, Progress)}
    assert {"reading", "looking", "occluding regions of square"} <= stages
    assert all(event.done <= event.total for event in told if isinstance(event, Progress))


def test_a_clean_classifier_is_not_accused(tmp_path: Path) -> None:
    _, report, _ = looked_at(tmp_path, None)
    assert report.shortcuts == ()
    assert report.verdict[0].startswith("No shortcut was found: no class is recognised by")
    assert "(60 " in report.words[0]


def untaught() -> Classifier:
    text = f"input 3x32x32 classes=2 > {NETWORK}"
    return Classifier(build(text), text, ("disc", "square"), Preprocess(3, 32, 32))


def test_classes_with_few_images_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path, n=6)
    for file in sorted((data / "disc").iterdir())[4:]:
        file.unlink()
    told: list[Event] = []
    report = find_shortcuts(untaught(), data, callback=told.append)
    assert [look.label for look in report.classes] == ["square"]
    said = "nothing is said of classes with less than 5 images: disc"
    assert said in report.notes
    assert Note(said) in told


def test_too_few_images_and_a_border_without_sense_are_refused(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path, n=3)
    with pytest.raises(DataError, match="no class of .* has 5 images to look at"):
        find_shortcuts(untaught(), data)
    with pytest.raises(SettingError, match=r"border is 0\.5"):
        find_shortcuts(untaught(), data, border=0.5)


def test_the_last_maps_are_those_that_still_say_where() -> None:
    text = "input 1x16x16 classes=2 > conv 4 > relu > maxpool 4 > conv 8 > relu > maxpool 2 > "
    text += "flatten > fc"
    model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 16, 16))
    assert find_map_layer(model).name == "relu2"
    tiny = "input 1x3x3 classes=2 > conv 4 > gap > flatten > fc"
    with pytest.raises(SettingError, match="maps of 4x4 places"):
        find_map_layer(Classifier(build(tiny), tiny, ("a", "b"), Preprocess(1, 3, 3)))


def test_likeness_is_the_mean_cosine_of_all_pairs() -> None:
    maps = np.random.default_rng(0).normal(size=(7, 4, 5))
    summing = MapAccumulator(4, 5)
    for each in maps:
        summing.add(each)
    flat = np.clip(maps, 0, None).reshape(7, -1)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    cosines = (flat @ flat.T)[~np.eye(7, dtype=bool)]
    assert summing.result(0).similarity == pytest.approx(cosines.mean())


@pytest.mark.parametrize("place", range(len(candidate_regions())))
def test_a_mark_anywhere_along_the_border_is_suspected_there(place: int) -> None:
    part = candidate_regions()[place]
    others = np.full((40, 40), 1 / 1600)
    mask = part.mask(40, 40)
    marked = 0.5 * others + 0.5 * mask / mask.sum()
    first = suspect_regions(marked, others)[0]
    assert first.overlaps(part)
    assert first.share(marked) >= part.share(marked) - 0.02


def test_what_all_classes_mark_is_not_suspected_nor_what_is_even() -> None:
    even = np.full((40, 40), 1 / 1600)
    corner = Region(0.8, 0.0, 1.0, 0.2).mask(40, 40) / 64
    assert suspect_regions(even, None) == (border_region(0.1),)
    assert suspect_regions(corner, corner) == (border_region(0.1),)
    assert suspect_regions(corner, None)[0].name == "the lower left corner"


def test_controls_are_as_large_and_elsewhere() -> None:
    for part in (*candidate_regions(), border_region(0.1)):
        mask = part.mask(40, 40)
        assert part.controls()
        for control in part.controls():
            other = control.mask(40, 40)
            assert not (mask & other).any()
            assert other.sum() == pytest.approx(mask.sum(), rel=0.06)
