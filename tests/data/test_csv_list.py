"""CSV lists of images: headers or none, splits, odd spellings, and errors that name the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from striate.data import find
from striate.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index, name in enumerate(["a.png", "b.png", "sub/c.png", "with, comma.png"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4), index * 50).save(path)
    return tmp_path


def listed(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        find(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


ROWS = 'a.png,x\nb.png,y\nsub/c.png,x\n"with, comma.png",y\n'


@pytest.mark.parametrize("header", ["", "path,label\n", "filename,class\n", "Image,Target\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_header_or_none_in_any_encoding(folder: Path, header: str, encoding: str) -> None:
    found = find(listed(folder, header + ROWS, encoding))
    assert found.kind == "csv"
    assert found.classes == ("x", "y")
    assert found.names == ("a.png", "b.png", "sub/c.png", "with, comma.png")
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert Path(str(found.open(2))) == folder / "sub" / "c.png"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_commas_semicolons_and_tabs(folder: Path, mark: str) -> None:
    assert len(find(listed(folder, f"a.png{mark}x\r\n\r\nb.png{mark}y\r\n"))) == 2


def test_a_column_for_the_split_and_other_columns(folder: Path) -> None:
    text = "id,split,label,path\n1,train,x,a.png\n2,Validation,y,b.png\n3,TEST,x,sub/c.png\n"
    found = find(listed(folder, text))
    assert found.splits == ("train", "val", "test")
    without = find(listed(folder, "a.png,x,train\nb.png,y,test\n"))
    assert without.splits == ("train", "test")


def test_paths_written_on_windows_are_found(folder: Path) -> None:
    found = find(listed(folder, ROWS.replace("sub/c.png", r"sub\c.png")))
    assert "sub/c.png" in found.names


def test_a_folder_with_one_csv_and_no_class_folders_is_its_list(folder: Path) -> None:
    listed(folder, ROWS)
    found = find(folder)
    assert found.kind == "csv"
    assert found.notes == ("list.csv was taken as the list of images",)
    (folder / "other.csv").write_text(ROWS)
    assert "several lists of images ('list.csv', 'other.csv')" in refused(folder)


def test_what_cannot_be_used_is_named(folder: Path) -> None:
    found = find(listed(folder, ROWS + "absent.png,x\nsub,x\na.png,x\n./a.png,x\nb\0.png,x\n"))
    assert [each.name for each in found.skipped] == [
        "absent.png", "sub", "a.png", "./a.png", "b\0.png"
    ]  # fmt: skip
    assert found.skipped[2].reason == "line 7 lists it a second time"
    assert len(found) == 4
    unlabelled = find(listed(folder, "a.png,x\nb.png,\n"))
    assert unlabelled.skipped[0].reason == "line 2 gives it no label"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a.png\nb.png\n", "neither a header with path and label nor a row"),
        ("a.png,x\nb.png\n", "line 2: ['b.png'] has no label"),
        ("a.png,x\n,y\n", "line 2: 'y' has no path"),
        ("a.png,x,train\nb.png,y,other\n", "line 2: the split 'other'"),
        (
            "a.png,x\na.png,y\n",
            "list.csv gives a.png two labels (x, y); Striate learns one class an image",
        ),
        ("a.png,x,train\na.png,x,test\n", "keep one of the two"),
        ("absent.png,x\n", "none of the images that 'list.csv' lists can be found"),
        ('a.png,"' + "x" * 200_000, "cannot be read as CSV"),
    ],
)
def test_a_senseless_list_is_refused_with_its_line(folder: Path, text: str, said: str) -> None:
    assert said in refused(listed(folder, text))
