"""Folders with one folder a class: what is found, what is left out, and what is said."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.data import find, survey
from striate.data.collection import natural_key
from striate.errors import DataError


def fill(root: Path, *names: str) -> Path:
    """Draw a small image, each another one, under each name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(map(ord, name))
        pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, "PNG")
    return root


def refused(data: Path | str) -> str:
    with pytest.raises(DataError) as caught:
        find(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_a_class_in_the_order_that_others_give_them(tmp_path: Path) -> None:
    found = find(fill(tmp_path, "10/a.png", "2/b.png", "2/a10.png", "2/a9.png"))
    assert found.kind == "folder"
    assert found.classes == ("10", "2")
    assert found.names == ("2/a9.png", "2/a10.png", "2/b.png", "10/a.png")
    assert found.labels.tolist() == [1, 1, 1, 0]
    assert found.splits == ("", "", "", "")
    assert found.open(3) == tmp_path / "10" / "a.png"
    assert found.counts() == {"": {"10": 1, "2": 3}}


def test_natural_order_copes_with_any_name() -> None:
    names = ["", "9" * 5000, "b", "01", "1", "a\udcff", "\u0662"]
    assert sorted(names, key=natural_key) == ["", "01", "1", "9" * 5000, "a\udcff", "b", "\u0662"]


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Val", "VALIDATION"])
def test_parts_are_known_by_their_names(tmp_path: Path, val: str) -> None:
    fill(tmp_path, "Train/a/1.png", "Train/b/1.png", f"{val}/a/2.png", "test/b/3.png")
    found = find(tmp_path)
    assert found.classes == ("a", "b")
    splits = dict(zip(found.names, found.splits, strict=True))
    assert splits == {
        "Train/a/1.png": "train",
        "Train/b/1.png": "train",
        f"{val}/a/2.png": "val",
        "test/b/3.png": "test",
    }


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    found = find(fill(tmp_path, "car/1.png", "plane/1.png", "train/1.png"))
    assert found.classes == ("car", "plane", "train")
    assert set(found.splits) == {""}


def test_images_may_stand_deeper_in_a_class(tmp_path: Path) -> None:
    found = find(fill(tmp_path, "cat/siamese/1.png", "cat/2.png", "dog/1.png"))
    assert found.classes == ("cat", "dog")
    assert set(found.names) == {"cat/siamese/1.png", "cat/2.png", "dog/1.png"}


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/1.png", "a/.hidden.png", ".git/x/1.png", "__MACOSX/a/1.png")
    for name in ("a/.DS_Store", "a/Thumbs.db", "b/desktop.ini", "readme.txt", "stray.png"):
        (tmp_path / name).write_text("x")
    found = find(tmp_path)
    assert set(found.names) == {"a/1.png", "b/1.png"}
    assert {each.name for each in found.skipped} == {
        "a/.hidden.png", ".git", "__MACOSX", "a/.DS_Store", "a/Thumbs.db", "b/desktop.ini",
        "readme.txt", "stray.png",
    }  # fmt: skip
    assert all(each.reason for each in found.skipped)


def test_folders_beside_the_parts_have_two_readings(tmp_path: Path) -> None:
    fill(tmp_path, "train/a/1.png", "train/b/1.png", "more/a/1.png")
    said = refused(tmp_path)
    assert "the classes 'more', 'train', with folders in them (--layout class/split)" in said
    assert "with the classes 'a', 'b' (--layout split/class)" in said
    (tmp_path / "more/a/1.png").rename(tmp_path / "more/1.txt")  # no image, so no class
    (tmp_path / "more/a").rmdir()
    found = find(tmp_path)
    assert found.classes == ("a", "b")
    assert [each.name for each in found.skipped] == ["more"]


def test_an_unlabelled_test_folder_is_left_out_and_named(tmp_path: Path) -> None:
    found = find(fill(tmp_path, "train/a/1.png", "train/b/1.png", "test/1.png"))
    assert set(found.splits) == {"train"}
    assert [(each.name, "no class folders" in each.reason) for each in found.skipped] == [
        ("test", True)
    ]


def test_a_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    fill(tmp_path, "photos/a/1.png", "photos/b/1.png")
    assert len(find("~/photos")) == 2


def test_an_empty_class_is_left_out_and_said(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "c").mkdir()
    found = find(tmp_path)
    assert found.classes == ("a", "b")
    assert found.notes == ("1 class folder has no images and is left out: 'c'",)
    assert [each.name for each in found.skipped] == ["c"]


def test_nothing_to_find_says_what_was_expected(tmp_path: Path) -> None:
    assert "it is empty" in refused(tmp_path)
    (tmp_path / "photos.zip").write_text("x")
    assert f"did you mean {str(tmp_path / 'photos.zip')!r}?" in refused(tmp_path)
    (tmp_path / "photos.zip").unlink()
    fill(tmp_path, "1.png", "2.png")
    assert "2 files stand in it directly" in refused(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert "its folders ('a', 'b') are empty" in refused(tmp_path)
    (tmp_path / "a" / "notes.txt").write_text("x")
    assert "its folders ('a', 'b') hold nothing but documents ('a/notes.txt')" in refused(tmp_path)


def test_class_folders_one_level_deeper_are_found(tmp_path: Path) -> None:
    fill(tmp_path, "photos/cats/1.png", "photos/dogs/1.png")
    (tmp_path / "README.txt").write_text("pets")
    found = find(tmp_path)
    assert found.classes == ("cats", "dogs")
    assert Path(str(found.open(0))) == tmp_path / "photos/cats/1.png"
    assert found.notes[0].startswith("the images were looked for in 'photos', the one folder there")
    assert [each.name for each in found.skipped] == ["README.txt"]


def test_parts_without_class_folders_are_explained(tmp_path: Path) -> None:
    fill(tmp_path, "train/cat.1.png", "test/1.png")
    assert "holds no class folders" in refused(tmp_path)


def test_a_mistyped_path_gets_a_suggestion(tmp_path: Path) -> None:
    fill(tmp_path, "Photos/a/1.png")
    assert f"did you mean {str(tmp_path / 'Photos')!r}?" in refused(tmp_path / "photo")
    assert f"did you mean {str(tmp_path / 'Photos')!r}?" in refused(tmp_path / "fotos")
    assert "there is no" in refused(tmp_path / "absent" / "deep")
    assert refused("nul\0byte")


def test_a_word_close_to_digits_gets_a_suggestion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "did you mean 'digits'" in refused("digit")
    fill(tmp_path, "digits/a/1.png", "digits/b/1.png")
    assert "write ./digits" in find("digits").notes[0]
    assert find("./digits").kind == find(Path("digits")).kind == "folder"


def test_a_single_image_is_not_a_data_set(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png")
    assert "single image" in refused(tmp_path / "a" / "1.png")
    (tmp_path / "notes.doc").write_text("some words")
    assert "no data set" in refused(tmp_path / "notes.doc")


def test_an_unreadable_folder_is_said(tmp_path: Path) -> None:
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("needs a user whom permissions bind")
    fill(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "b").chmod(0)
    try:
        assert "cannot be read" in refused(tmp_path)
    finally:
        (tmp_path / "b").chmod(0o700)


def link(path: Path, target: Path) -> None:
    try:
        path.symlink_to(target, target_is_directory=target.is_dir())
    except OSError:
        pytest.skip("this system lets no one make links")


def test_links_that_lead_round_do_not_hang(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/1.png")
    link(tmp_path / "a" / "again", tmp_path / "a")
    link(tmp_path / "b" / "up", tmp_path)
    link(tmp_path / "b" / "self.png", tmp_path / "b" / "self.png")
    link(tmp_path / "b" / "nowhere.png", tmp_path / "absent.png")
    found = find(tmp_path)
    reasons = {each.name: each.reason for each in found.skipped}
    assert "a/again" in reasons
    assert "b/up" in reasons
    assert found.names == ("a/1.png", "b/1.png")
    assert {"b/self.png", "b/nowhere.png"} <= set(reasons)


def test_a_class_that_is_a_link_to_another_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "train/a/1.png", "train/b/1.png")
    link(tmp_path / "train" / "c", tmp_path / "train" / "a")
    found = find(tmp_path)
    assert found.classes == ("a", "b")
    assert found.notes[-1] == "1 class folder has no images and is left out: 'train/c'"


def test_links_that_fork_again_and_again_do_not_hang(tmp_path: Path) -> None:
    fill(tmp_path, "b/1.png")
    for level in range(40):
        fill(tmp_path, f"a/{level}/1.png")
        for fork in range(3):
            link(tmp_path / f"a/{level}/next{fork}", tmp_path / f"a/{(level + 1) % 40}")
    assert len(find(tmp_path)) == 41


def test_a_linked_class_folder_is_followed(tmp_path: Path) -> None:
    fill(tmp_path, "data/a/1.png", "elsewhere/1.png")
    link(tmp_path / "data" / "b", tmp_path / "elsewhere")
    assert find(tmp_path / "data").classes == ("a", "b")


def test_pipes_are_left_out(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    fill(tmp_path, "a/1.png", "b/1.png")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    assert "pipe" in find(tmp_path).skipped[0].reason


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets file names be any bytes")
def test_odd_file_names_survive_to_the_csv_files(tmp_path: Path) -> None:
    import csv

    from striate.data import load, split_stratified, write_skipped, write_split
    from striate.data.images import Preprocess

    root = tmp_path / "data"
    odd = [
        "a\nb.png",
        "a\rb.png",
        'c,"d".png',
        os.fsdecode(b"latin\xe9.png"),
        "häß\u202e.png",
        " .png",
    ]
    for kind in ("one", "two"):
        fill(root, *(f"{kind}/{index}.png" for index in range(3)))
        for index, name in enumerate(odd):
            (root / kind / name).write_bytes((root / kind / f"{index % 3}.png").read_bytes())
    (root / "one" / os.fsdecode(b"bad\xff,\n.png")).write_text("no image")
    found = find(root)
    images = load(found, Preprocess(3, 6, 8))
    split = split_stratified(found, images)
    write_split(tmp_path / "split.csv", found, split)
    write_skipped(tmp_path / "skipped.csv", images.skipped)

    def rows(name: str) -> list[list[str]]:
        with (tmp_path / name).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return list(csv.reader(file))

    assert {row[0] for row in rows("split.csv")[1:]} == {
        name for name, usable in zip(found.names, images.usable, strict=True) if usable
    }
    assert rows("skipped.csv")[1][0] == os.fsdecode(b"one/bad\xff,\n.png")


def test_a_survey_tells_sizes_from_headers(tmp_path: Path) -> None:
    for index, (rows, columns) in enumerate([(10, 20), (30, 10), (50, 60)]):
        kind = tmp_path / ("a" if index else "b")
        kind.mkdir(exist_ok=True)
        Image.new("L", (columns, rows)).save(kind / f"{index}.png")
    (tmp_path / "a" / "broken.png").write_bytes(b"nothing")
    found = survey(find(tmp_path))
    assert (found.channels, found.height, found.width) == (1, 30, 20)
    assert (found.smallest, found.median, found.largest) == ((10, 20), (30, 10), (50, 60))
    assert not found.all_same_size
    assert (found.looked_at, found.of) == (3, 4)
    assert str(found) == "grey, from 10x20 to 50x60, the middle one 30x10"


def test_a_survey_of_nothing_readable_is_refused(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("words")
    with pytest.raises(DataError, match="no image in"):
        survey(find(tmp_path))
