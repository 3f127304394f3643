"""Copies go into folders that any system takes, whole and side by side."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.cli.copying import LONGEST, copy_image, name_folders, prepare
from striate.errors import SettingError

NAMES = st.lists(st.text(max_size=20) | st.sampled_from(["a_b", "a/b", "A_B", "..", "", "con"]))


@given(NAMES.map(lambda names: list(dict.fromkeys(names))))
def test_folders_are_safe_and_no_two_are_alike(classes: list[str]) -> None:
    names = name_folders(classes)
    assert list(names) == classes
    for name in names.values():
        assert len(os.fsencode(name)) <= LONGEST + 4
        assert name == Path(name).name != ".."
        assert not name.startswith(".")
    folded = {unicodedata.normalize("NFC", name.casefold()) for name in names.values()}
    assert len(folded) == len(classes)


def test_a_name_that_does_keeps_as_it_is() -> None:
    classes = ["a b", "größe", "猫", "class.1", "0", "a-b", "\U0001f98b"]
    assert name_folders(classes) == {name: name for name in classes}


def test_odd_names_are_changed() -> None:
    names = name_folders(["", ".", "a/b", "a_b", "n\0ul", "NUL", "lpt1.txt", "x" * 400, "end. "])
    assert list(names.values()) == [
        "_", "_-2", "a_b-2", "a_b", "n_ul", "_NUL", "_lpt1.txt", "x" * LONGEST, "end__",
    ]  # fmt: skip


def test_a_copy_that_cannot_be_whole_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        copy_image(tmp_path / "gone.png", tmp_path / "a")
    (tmp_path / ("b" * 250 + ".png")).write_bytes(b"one")
    (tmp_path / "a" / ("b" * 250 + ".png")).write_bytes(b"other")
    with pytest.raises(OSError, match="too long"):
        copy_image(tmp_path / ("b" * 250 + ".png"), tmp_path / "a")
    assert [path.read_bytes() for path in (tmp_path / "a").iterdir()] == [b"other"]


def test_copies_of_one_name_stand_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(b"1")
    made = [copy_image(tmp_path / "one.png", tmp_path / "a").name for _ in range(3)]
    assert made == ["one.png", "one-2.png", "one-3.png"]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(SettingError, match="--copy-to"):
            prepare(folder)
    prepare(tmp_path / "new" / "inner")
    assert list((tmp_path / "new" / "inner").iterdir()) == []
