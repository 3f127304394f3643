"""What folders of folders mean: splits, classes, classes first, or nothing without being told."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest
from PIL import Image

from striate.data import Collection, find
from striate.data.split_names import name_split
from striate.errors import DataError, SettingError
from striate.evaluation.image_selection import match_classes

CASES = Path(__file__).parents[3] / "shared" / "cases"


def fill(root: Path, *names: str) -> Path:
    for value, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), value).save(path, "PNG")
    return root


def case(name: str) -> Path:
    folder = CASES / name
    if not folder.exists():
        pytest.skip("needs ../shared/cases beside the checkout")
    return folder


def refused(data: Path, layout: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        find(data, layout=layout)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def told(found: Collection) -> set[tuple[str, str]]:
    """Give each image that is used as (class, split)."""
    labels = [found.classes[label] for label in found.labels]
    return set(zip(labels, found.splits, strict=True))


@pytest.mark.parametrize(
    ("names", "split"),
    [
        ("train Train TRAINING training_set trainset train_data seg_train train2017 images_train "
         "train-images train_01 traindata", "train"),
        ("val valid validation dev valid_data val_set validation-images Val", "val"),
        ("test testing test_set testset seg_test eval evaluation holdout test1", "test"),
        ("seg_pred unlabelled unlabeled predict pred", ""),
        ("images data cat train_station contest trainee augmented original more 1 fold1 set", None),
    ],
)  # fmt: skip
def test_names_of_splits(names: str, split: str | None) -> None:
    assert {name: name_split(name) for name in names.split()} == dict.fromkeys(names.split(), split)


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("seg_train/seg_train", "", "seg_test/seg_test"),
        ("training_set", "validation_set", "test_set"),
        ("train_data", "valid_data", ""),
        ("Training/images", "", "Testing/images"),
        ("dataset/dataset/train", "dataset/dataset/val", ""),
    ],
)
def test_split_folders_under_other_names(tmp_path: Path, train: str, val: str, test: str) -> None:
    for top in filter(None, (train, val, test)):
        fill(tmp_path, f"{top}/cats/{top[-4:]}1.png", f"{top}/dogs/{top[-4:]}2.png")
    found = find(tmp_path)
    parts = {split for split, top in (("train", train), ("val", val), ("test", test)) if top}
    assert told(found) == {(name, split) for name in ("cats", "dogs") for split in parts}


def test_the_classes_of_splits_need_only_overlap_by_half(tmp_path: Path) -> None:
    fill(tmp_path, "train/a/1.png", "train/b/1.png", "train/c/1.png", "test/a/2.png")
    fill(tmp_path, "test/x/2.png")
    assert ("x", "test") in told(find(tmp_path))
    fill(tmp_path, "test/y/2.png")
    assert "can be read in two ways: the classes 'test', 'train'" in refused(tmp_path)


def test_folders_without_labels_are_named_and_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "train/a/1.png", "train/b/1.png", "unlabelled/x/1.png", "test/unknown/1.png")
    fill(tmp_path, "seg_pred/seg_pred/1.png")
    found = find(tmp_path, layout="split/class")
    assert {each.name for each in found.skipped} >= {"unlabelled", "seg_pred"}
    assert ("a", "train") in told(found)


@pytest.mark.parametrize("uneven", [False, True])
def test_class_folders_that_hold_their_splits(tmp_path: Path, uneven: bool) -> None:
    fill(tmp_path, "cat/train/1.png", "cat/test/2.png", "dog/train/3.png")
    if not uneven:
        fill(tmp_path, "dog/test/4.png")
    found = find(tmp_path)
    parts = {("cat", "train"), ("cat", "test"), ("dog", "train")}
    assert told(found) == parts | (set() if uneven else {("dog", "test")})
    assert "taken as splits: 'test', 'train' (--layout path" in found.notes[0]
    assert find(tmp_path, layout="class/split").names == found.names


def test_two_levels_of_any_other_names_have_two_readings(tmp_path: Path) -> None:
    for top in ("original", "augmented"):
        fill(tmp_path, f"{top}/a/1.png", f"{top}/b/2.png")
    said = refused(tmp_path)
    assert (
        "the classes 'augmented', 'original', with folders in them (--layout class/split)" in said
    )
    assert "as parts of one set, with the classes 'a', 'b' (--layout split/class)" in said
    assert "--layout path, which takes each folder as a class, such as 'augmented/a'" in said
    assert told(find(tmp_path, layout="split/class")) == {("a", "train"), ("b", "train")}
    assert told(find(tmp_path, layout="class/split")) == {("augmented", ""), ("original", "")}
    deepest = find(tmp_path, layout="path")
    assert deepest.classes == ("augmented/a", "augmented/b", "original/a", "original/b")
    assert deepest.notes[0].startswith("4 classes are named by the path of the folder: 'augmented/")


def test_nested_class_folders_within_splits_have_two_readings(tmp_path: Path) -> None:
    for split in ("train", "test"):
        names = ("animal/dog", "animal/cat", "vehicle/car", "vehicle/bus")
        fill(tmp_path, *(f"{split}/{name}/1.png" for name in names))
    said = refused(tmp_path)
    assert "the classes 'animal', 'vehicle', whatever is in them (--layout split/class)" in said
    assert "such as 'animal/cat' (--layout path)" in said
    found = find(tmp_path, layout="path")
    assert found.classes == ("animal/cat", "animal/dog", "vehicle/bus", "vehicle/car")
    assert set(found.splits) == {"train", "test"}
    assert find(tmp_path, layout="split/class").classes == ("animal", "vehicle")


def test_folders_within_class_folders_are_remarked(tmp_path: Path) -> None:
    fill(tmp_path, *(f"cat/{index}/1.png" for index in range(12)), "cat/1.png", "dog/1.png")
    found = find(tmp_path)
    assert found.classes == ("cat", "dog")
    assert found.notes[0].startswith("12 folders within class folders, whose images count as of")
    assert "'cat/9' and 2 more (--layout path takes each folder as a class)" in found.notes[0]
    assert len(found.remarks) == 12
    assert len(find(tmp_path, layout="path").classes) == 14


def test_one_folder_within_each_class_folder_is_remarked(tmp_path: Path) -> None:
    found = find(fill(tmp_path, "cat/images/1.png", "dog/images/1.png"))
    assert found.classes == ("cat", "dog")
    assert "2 folders within class folders" in found.notes[0]


def test_what_lies_between_the_levels_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "train/train/a/1.png", "train/train/b/1.png")
    for name in ("about.txt", "train/about.txt", "train/train/about.txt"):
        (tmp_path / name).write_text("x")
    assert {each.name for each in find(tmp_path).skipped} == {
        "about.txt", "train/about.txt", "train/train/about.txt",
    }  # fmt: skip


def test_a_layout_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="layout is 'class'; choose split/class, class/split"):
        find(tmp_path, layout="class")
    fill(tmp_path, "cat/1.png", "dog/1.png")
    assert "holds no class folders" in refused(tmp_path, "split/class")


@pytest.mark.parametrize(
    ("name", "classes", "splits"),
    [
        ("intel", ("forest", "street"), {"train", "test"}),
        ("cats", ("cats", "dogs"), {"train", "test"}),
        ("uneven", ("cats", "dogs", "mice"), {"train", "test"}),
        ("datalike", ("a", "b"), {"train", "val"}),
    ],
)
def test_the_folders_that_were_misread(
    name: str, classes: tuple[str, ...], splits: set[str]
) -> None:
    found = find(case("02-part-folders-of-other-names") / name)
    assert (found.classes, set(found.splits)) == (classes, splits)


def test_the_folders_that_only_the_user_can_tell() -> None:
    folder = case("02-part-folders-of-other-names") / "augmented"
    assert "can be read in two ways: the classes 'augmented', 'original'" in refused(folder)


def test_a_data_set_below_folders_of_one_name_is_found() -> None:
    found = find(case("07-zip-file-beside-top-folder") / "deep")
    assert told(found) == {("a", "train"), ("b", "train")}


def test_one_class_in_two_unicode_forms(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        name = normalize(form, "caf\u00e9")
        fill(tmp_path, f"{'train' if form == 'NFC' else 'val'}/{name}/{form}.png")
    fill(tmp_path, "train/tea/1.png", "val/tea/2.png")
    found = find(tmp_path)
    assert found.classes == ("caf\u00e9", "tea")
    assert told(found) >= {("caf\u00e9", "train"), ("caf\u00e9", "val")}


def test_the_classes_in_two_unicode_forms_are_those_of_the_classifier() -> None:
    folder = case("10-class-name-nfc-nfd")
    assert len(find(folder / "both").classes) == 2
    first, second = find(folder / "nfc"), find(folder / "nfd")
    matched, notes = match_classes(second, first.classes)
    assert (len(matched), notes) == (len(second), ())
    old = tuple(normalize("NFD", name) for name in first.classes)  # as older versions wrote them
    matched, notes = match_classes(second, old)
    assert (len(matched), matched.classes, notes) == (len(second), old, ())
