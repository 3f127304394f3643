"""Class names are read from every usual kind of file, in the order of the outputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from striate.errors import SettingError
from striate.model.importing import read_classes

IDS = ("n01440764", "n01443537", "n01484850")
NAMES = ("tench", "goldfish", "great white shark")


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


FILES: dict[str, tuple[str, bool]] = {
    # name of the file: its text, and whether it tells ids
    "lines.txt": ("tench\ngoldfish\ngreat white shark\n", False),
    "dos.txt": ("\ufefftench\r\ngoldfish\r\ngreat white shark\r\n\r\n", False),
    "synsets.txt": ("\n".join(map(" ".join, zip(IDS, NAMES, strict=True))), True),
    "list.json": (json.dumps(NAMES), False),
    "pairs.json": (json.dumps(list(zip(IDS, NAMES, strict=True))), True),
    "index.json": (
        json.dumps({str(n): [IDS[n], NAMES[n], "and more"] for n in (2, 0, 1)}),
        True,
    ),
    "names.json": (json.dumps({str(n): NAMES[n] for n in (2, 0, 1)}), False),
    "turned.json": (json.dumps({NAMES[n]: n for n in (2, 0, 1)}), False),
    "one.csv": ("tench\ngoldfish\ngreat white shark\n", False),
    "two.csv": ("n01440764,tench\nn01443537,goldfish\nn01484850,great white shark\n", True),
    "header.csv": (
        'name,wnid\ntench,n01440764\ngoldfish,n01443537\n"great white shark",n01484850\n',
        True,
    ),
    "index.csv": ("class,index\ngreat white shark,2\ntench,0\ngoldfish,1\n", False),
    "blank.txt": ("2 great white shark\n0 tench\n1 goldfish\n", False),
    "from-one.txt": ("1: tench\n2: goldfish\n3: great white shark\n", False),
    "semicolon.txt": ("0;tench\r\n1;goldfish\r\n2;great white shark\r\n", False),
    "tab.txt": ("0\ttench\n1\tgoldfish\n2\tgreat white shark\n", False),
    "semicolon.csv": ("\ufeffindex;name\n1;goldfish\n0;tench\n2;great white shark\n", False),
    "pairs.csv": ("1,goldfish\n0,tench\n2,great white shark\n", False),
    "three.tsv": (
        "1\tn01443537\tgoldfish\n0\tn01440764\ttench\n2\tn01484850\tgreat white shark\n",
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_names_and_ids_are_read_in_order(tmp_path: Path, name: str) -> None:
    text, ids = FILES[name]
    found = read_classes(written(tmp_path, name, text))
    assert found.names == NAMES
    assert found.ids == (IDS if ids else ())
    assert bool(found.notes) == (name == "blank.txt")  # whose numbers might be names


@pytest.mark.parametrize("page", ["cp1252", "utf-16", "utf-8-sig"])
def test_names_in_the_encodings_of_spreadsheets(tmp_path: Path, page: str) -> None:
    (tmp_path / "a.csv").write_bytes("0;Bär\r\n1;Fuß\r\n".encode(page))
    found = read_classes(tmp_path / "a.csv")
    assert found.names == ("Bär", "Fuß")
    assert bool(found.notes) == (page == "cp1252")


def test_numbers_that_are_no_index_stay_in_the_names(tmp_path: Path) -> None:
    assert read_classes(written(tmp_path, "a.txt", "7 up\n5 up\n")).names == ("7 up", "5 up")


def test_the_fraction_of_a_number_is_no_name(tmp_path: Path) -> None:
    lines = "0.33 l\n1.5 l\n"
    assert read_classes(written(tmp_path, "a.txt", lines)).names == ("0.33 l", "1.5 l")


def test_numbers_that_change_the_order_of_lines_are_told(tmp_path: Path) -> None:
    found = read_classes(written(tmp_path, "a.txt", "2 cents\n1 cent\n"))
    assert found.names == ("cent", "cents")
    assert "were taken for their order, in which 'cent' is first" in found.notes[0]


@pytest.mark.parametrize("first", [0, 1])
def test_a_csv_without_a_header_may_have_the_index_behind(tmp_path: Path, first: int) -> None:
    lines = f"dog,{first + 1}\ncat,{first}\n"
    assert read_classes(written(tmp_path, "a.csv", lines)).names == ("cat", "dog")
    lines = f"name,index\n{lines}"
    assert read_classes(written(tmp_path, "b.csv", lines)).names == ("cat", "dog")


def test_ids_alone_are_names_and_ids(tmp_path: Path) -> None:
    found = read_classes(written(tmp_path, "a.txt", "\n".join(IDS)))
    assert found.names == found.ids == IDS


def test_classes_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    index = {"0": ["n1", "crane"], "1": ["n2", "ant"], "2": ["n3", "crane"]}
    found = read_classes(written(tmp_path, "a.json", json.dumps(index)))
    assert found.names == ("crane (n1)", "ant", "crane (n3)")
    assert "several classes are called 'crane'" in found.notes[0]
    with pytest.raises(SettingError, match="hold 'crane' more than once"):
        read_classes(["crane", "ant", "crane"])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "", "are none"),
        ("a.txt", "ant\n\nbee\n", "no name at index 1"),
        ("a.json", "{", "is no JSON"),
        ("a.json", "[1, 2]", "has '1' for a class"),
        ("a.json", '{"0": "ant", "2": "bee"}', "2 classes and none of index 1"),
        ("a.json", '{"ant": 0, "bee": 0}', "an index twice"),
        ("a.json", '{"0": ["n1", "ant"], "1": ["n1", "bee"]}', "the id 'n1' twice"),
        ("a.csv", "index,name\n0,ant\n5,bee\n", "none of index 1"),
        ("a.csv", "id,name\nn1,ant\nn2\n", "row 2 of .* has 1 columns; expected 2"),
    ],
)
def test_a_file_that_does_not_name_each_class_once_is_one_clear_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(SettingError, match=said) as caught:
        read_classes(written(tmp_path, name, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read: No such file"):
        read_classes(tmp_path / "none.txt")
    (tmp_path / "odd").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    with pytest.raises(SettingError, match="are no text"):
        read_classes(tmp_path / "odd")


def test_imagenet_s_index_has_a_thousand_different_names(shared: Callable[[str], Path]) -> None:
    found = read_classes(shared("weights/imagenet_class_index.json"))
    assert len(set(found.names)) == len(set(found.ids)) == 1000
    assert (found.names[0], found.ids[0]) == ("tench", "n01440764")
    assert [name for name in found.names if "(" in name] == [
        "crane (n02012849)",
        "crane (n03126707)",
        "maillot (n03710637)",
        "maillot (n03710721)",
    ]
