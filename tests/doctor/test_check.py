"""striate check: planted faults are found, named and told; nothing is changed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import drawn
import numpy as np
import pytest
from photographs import COPIES, pieces
from PIL import Image
from shell import striate

from striate.data import find
from striate.doctor.checkup.check_files import write_check
from striate.doctor.checkup.check_result import CheckResult
from striate.doctor.checkup.checking import check_data, folder_of
from striate.doctor.checkup.kinds import CHECKS
from striate.doctor.checkup.kinds.labels import rank_labels
from striate.errors import SettingError
from striate.events import Event, Note


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIATE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def names(result: CheckResult, kind: str) -> list[tuple[str, ...]]:
    return [
        tuple(sorted(image.name for image in each.images))
        for each in result.findings
        if each.kind == kind
    ]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs in two splits and two classes, with a fault of most kinds; not to be changed."""
    root = tmp_path_factory.mktemp("planted") / "photos"
    for number, image in enumerate(pieces()):
        place = root / ("train" if number < 12 else "val") / ("china" if number % 2 else "flower")
        place.mkdir(parents=True, exist_ok=True)
        image.save(place / f"{number:02}.png")
    train, val = root / "train", root / "val"
    COPIES["mirrored"](pieces()[1]).save(train / "china" / "mirrored-01.png")
    COPIES["recompressed"](pieces()[4]).save(train / "china" / "wrong-04.png")
    COPIES["turned"](pieces()[6]).save(val / "flower" / "turned-06.png")
    Image.new("RGB", (200, 150), (90, 90, 90)).save(train / "china" / "blank.png")
    (train / "flower" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    drawn.image("disc", 1, (200, 150)).save(train / "flower" / "really-a-png.jpg", "PNG")
    turned = Image.Exif()
    turned[0x0112] = 6
    pieces()[16].crop((0, 0, 90, 140)).save(val / "china" / "lying.jpg", exif=turned)
    return root


def test_planted_faults_are_found(planted: Path) -> None:
    before = {path: path.read_bytes() for path in planted.rglob("*") if path.is_file()}
    result = check_data(planted, labels=False)
    assert names(result, "unreadable") == [("train/flower/broken.jpg",)]
    assert names(result, "blank") == [("train/china/blank.png",)]
    assert names(result, "two classes") == [("train/china/wrong-04.png", "train/flower/04.png")]
    assert names(result, "two splits") == [("train/flower/06.png", "val/flower/turned-06.png")]
    assert names(result, "copies") == [("train/china/01.png", "train/china/mirrored-01.png")]
    assert names(result, "ending") == [("train/flower/really-a-png.jpg",)]
    assert names(result, "turned") == [("val/china/lying.jpg",)]
    assert {path: path.read_bytes() for path in planted.rglob("*") if path.is_file()} == before


def test_the_command_writes_a_page_and_ends_with_1(planted: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = striate("check", planted, "--no-labels", "--out", out, "--json", code=1)
    told = json.loads(done.stdout)
    assert told["needs_a_person"] == sum(each["grave"] for each in told["findings"]) > 3
    page = (out / "check.html").read_text("utf-8")
    assert "The same image in several classes" in page and "<script" not in page
    with (out / "proposed-fixes.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert rows["train/china/blank.png"]["action"] == "drop"
    assert rows["train/china/wrong-04.png"]["action"] == ""
    actions = {rows[f"train/china/{name}"]["action"] for name in ("01.png", "mirrored-01.png")}
    assert actions == {"keep", "drop"}


def test_nothing_found_ends_with_0(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "shapes", n=12, size=(40, 30))
    done = striate("check", data, "--no-labels", "--out", tmp_path / "out")
    assert "nothing here needs a person" in done.stdout


def test_what_was_decided_is_settled(planted: Path, tmp_path: Path) -> None:
    first = check_data(planted, labels=False)
    written = write_check(first, find(planted), tmp_path / "out")
    text = written.fixes.read_text("utf-8")
    fixes = tmp_path / "fixes.csv"
    lines = [text.splitlines()[0]]
    for row in csv.reader(text.splitlines()[1:]):
        row[2] = row[2] or ("drop" if "wrong-04" in row[0] or "turned-06" in row[0] else "keep")
        lines.append(",".join(f'"{cell}"' for cell in row))
    fixes.write_text("\n".join(lines), "utf-8")
    left = check_data(planted, labels=False, fixes=fixes)
    assert {each.kind for each in left.findings if each in left.grave} == {"unreadable"}


@pytest.mark.slow  # the next test has one flipped label, in a seventh of the images
def test_flipped_labels_of_digits_are_named_first() -> None:
    digits = find("digits").only(np.arange(600))
    labels = digits.labels.copy()
    flipped = np.random.default_rng(0).choice(len(labels), 30, replace=False)
    labels[flipped] = (labels[flipped] + 1 + np.arange(30) % 9) % 10
    from dataclasses import replace

    result = check_data(replace(digits, labels=labels))
    named = [each.images[0].name for each in result.findings if each.kind == "label"]
    meant = {digits.names[index] for index in flipped}
    assert result.labels is not None and result.labels.trusted
    assert len(meant & set(named[:60])) >= 0.7 * 30  # within the first tenth
    assert len(set(named) - meant) < 0.25 * len(named)


def test_a_small_network_is_trained_again_only_where_something_changed(tmp_path: Path) -> None:
    data = tmp_path / "digits"
    digits = find("digits").only(np.flatnonzero(find("digits").labels < 3)[:90])
    for index, label in enumerate(digits.labels.tolist()):
        place = data / str(label) / f"{index:03}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        source = digits.open(index)
        assert isinstance(source, np.ndarray)
        Image.fromarray(source.astype(np.uint8)).save(place)

    def check() -> tuple[CheckResult, bool]:
        told: list[Event] = []
        result = check_data(data, callback=told.append)
        return result, any(isinstance(each, Note) and "about" in each.text for each in told)

    first, trained = check()
    assert trained and first.labels is not None and first.labels.trusted
    second, trained = check()
    assert not trained and second.labels == first.labels and second.findings == first.findings
    (data / "0" / "000.png").rename(data / "1" / "000.png")
    third, trained = check()
    assert trained and names(third, "label") == [("1/000.png",)]


def test_labels_are_not_held_out_by_what_knows_nothing(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0)
    images = numbers.integers(0, 256, (80, 16, 16)).astype(np.uint8)
    result = check_data((images, np.arange(80) % 2))
    assert result.labels is not None and not result.labels.trusted
    assert names(result, "label") == []


def test_ranking_asks_for_a_class_as_likely_as_its_own_images() -> None:
    sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.45, 0.55], [0.1, 0.9], [0.05, 0.95]])
    # the third row's other class is likelier, but less so than images of that class are
    assert rank_labels(sure, np.array([0, 0, 0, 0, 1])) == []
    assert rank_labels(np.vstack([sure, [0.02, 0.98]]), np.array([0, 0, 0, 0, 1, 0])) == [5]


@pytest.mark.parametrize(
    ("names_of", "told"),
    [
        (("Cat", "cat", "dog"), True),
        (("bicycle", "bycicle", "dog"), True),
        (("traffic light", "traffic_light"), True),
        (("cat", "car"), False),
        (("type1000", "type2000"), False),
    ],
)
def test_names_that_may_be_one_class(names_of: tuple[str, ...], told: bool) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4 * len(names_of), 12, 12)).astype(np.uint8)
    result = check_data((images, [name for name in names_of for _ in range(4)]), labels=False)
    assert bool(names(result, "names")) is told
    assert len(names(result, "few")) == len(names_of)
    assert f"class {names_of[0]!r} has 4 images" in " ".join(str(result).split())


def test_a_class_told_by_its_light_alone_is_named() -> None:
    numbers = np.random.default_rng(0)
    dark = numbers.integers(0, 120, (40, 20, 20))
    light = numbers.integers(100, 256, (40, 20, 20))
    images = np.concatenate([dark, light]).astype(np.uint8)
    result = check_data((images, ["night"] * 40 + ["day"] * 40), labels=False)
    told = [each.reason for each in result.findings if each.kind == "shortcut"]
    assert told and told[0].startswith("the brightness")
    assert "\n! 3 shortcuts: the brightness alone tells the class of " in str(result)
    mixed = numbers.permutation(np.array(["night", "day"] * 40))
    assert names(check_data((images, mixed.tolist()), labels=False), "shortcut") == []


def test_a_crop_that_loses_the_image_is_told(tmp_path: Path) -> None:
    from dataclasses import replace

    from striate.data.images import Preprocess
    from striate.doctor.checkup.checking import look_through
    from striate.doctor.checkup.kinds.files import find_lost

    root = tmp_path / "photos"
    for number in (3, 4, 6, 16):
        place = root / ("a" if number % 2 else "b")
        place.mkdir(parents=True, exist_ok=True)
        pieces()[number].resize((150, 150)).save(place / f"{number}.png")
    pieces()[3].resize((600, 60)).save(root / "a" / "panorama.png")
    checkup = look_through(find(root))
    crop = replace(checkup, fit=Preprocess(height=64, width=64, fit="crop"))
    told = list(find_lost(crop))
    assert [each.images[0].name for each in told] == ["a/panorama.png"]
    assert "the crop keeps 10.0 % of the area" in told[0].reason
    assert list(find_lost(checkup)) == []  # nothing is cut away where images are squashed


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(SettingError, match="alike is 2; expected a correlation above 0"):
        check_data("digits", alike=2)


def test_every_kind_says_what_to_do() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.advice.endswith(".") and check.one != check.many for check in CHECKS)
    assert folder_of("a/photos.zip").as_posix() == "checks/photos"
