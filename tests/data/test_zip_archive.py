"""Zip files: unpacked once, never outside their folder, never past their limits."""

from __future__ import annotations

import io
import stat
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.data import find
from striate.data.sources.zip_archive import Limits, unpack
from striate.errors import DataError, SettingError

CASES = Path(__file__).parents[3] / "shared" / "cases"


def case(name: str) -> Path:
    if not (CASES / name).exists():
        pytest.skip("needs ../shared/cases beside the checkout")
    return CASES / name


def png(value: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("L", (4, 4), value).save(file, "PNG")
    return file.getvalue()


def zipped(path: Path, members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


GOOD = {"a/1.png": png(1), "a/2.png": png(2), "b/1.png": png(3), "b/2.png": png(4)}


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_zip_of_class_folders_is_unpacked_once(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", GOOD)
    cache = tmp_path / "cache"
    found = find(path, cache=cache)
    assert (found.kind, found.source) == ("folder", str(path))
    assert found.classes == ("a", "b")
    assert sorted(found.names) == sorted(GOOD)
    first = Path(str(found.open(0)))
    assert first.read_bytes() == GOOD["a/1.png"]
    stamp = first.stat().st_mtime_ns
    path.rename(tmp_path / "renamed.bin")  # the content decides, not the name
    again = find(tmp_path / "renamed.bin", cache=cache)
    assert Path(str(again.open(0))).stat().st_mtime_ns == stamp
    assert len(list((cache / "unzipped").iterdir())) == 1


@pytest.mark.parametrize("top", ["photos/", "outer/inner/"])
def test_a_zip_of_one_folder_is_looked_into(tmp_path: Path, top: str) -> None:
    members = {top + name: data for name, data in GOOD.items()}
    members["__MACOSX/photos/._1.png"] = b"x"
    found = find(zipped(tmp_path / "set.zip", members), cache=tmp_path / "cache")
    assert found.classes == ("a", "b")


def test_a_zip_may_hold_arrays_or_a_list(tmp_path: Path) -> None:
    held = io.BytesIO()
    np.savez(held, x=np.zeros((4, 3, 3), np.uint8), y=np.arange(4))
    path = zipped(tmp_path / "arrays.zip", {"data/set.npz": held.getvalue()})
    assert find(path, cache=tmp_path / "cache").kind == "npz"
    rows = b"path,label\n" + b"".join(
        name.encode() + b"," + name[:1].encode() + b"\n" for name in GOOD
    )
    path = zipped(tmp_path / "list.zip", {"list.csv": rows})
    with pytest.raises(DataError, match="can be found"):
        find(path, cache=tmp_path / "cache")
    listed = {f"images/{name.replace('/', '-')}": data for name, data in GOOD.items()}
    rows = b"".join(f"{name},{name[7]}\n".encode() for name in listed)
    found = find(zipped(tmp_path / "list2.zip", {"list.csv": rows, **listed}), cache=tmp_path / "c")
    assert (found.kind, found.classes) == ("csv", ("a", "b"))


def test_a_list_within_a_zip_does_not_lead_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(9))
    rows = f"1.png,a\n2.png,b\n{tmp_path / 'secret.png'},a\n../../../../secret.png,b\n"
    members = {"list.csv": rows.encode(), "1.png": png(1), "2.png": png(2)}
    found = find(zipped(tmp_path / "set.zip", members), cache=tmp_path / "cache")
    assert found.names == ("1.png", "2.png")
    assert [each.reason for each in found.skipped] == ["leads out of the zip's own folder"] * 2


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    bad = [
        "../out.png", "a/../../out.png", "/out.png", "C:/out.png", "C:out.png", "\\out.png",
        "a\\..\\..\\out.png", "a/C:out.png", "a/new\r.png", "./../out.png", "./.",
    ]  # fmt: skip
    path = zipped(tmp_path / "set.zip", {**GOOD, **dict.fromkeys(bad, png())})
    unpacked = unpack(path, tmp_path / "cache")
    assert everything_below(unpacked.folder) == set(GOOD)
    assert {each.name.replace("\\", "/") for each in unpacked.skipped} == {
        name.replace("\\", "/") for name in bad
    }
    assert all(each.reason for each in unpacked.skipped)
    assert everything_below(tmp_path) == {"set.zip"} | {
        path.relative_to(tmp_path).as_posix()
        for path in (unpacked.folder.parent).rglob("*")
        if path.is_file()
    }


def test_backslashes_of_windows_make_folders(tmp_path: Path) -> None:
    members = {name.replace("/", "\\"): data for name, data in GOOD.items()}
    unpacked = unpack(zipped(tmp_path / "set.zip", members), tmp_path / "cache")
    assert everything_below(unpacked.folder) == set(GOOD)
    assert not unpacked.skipped


def test_links_are_left_out(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", GOOD)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("a/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    unpacked = unpack(path, tmp_path / "cache")
    assert [each.name for each in unpacked.skipped] == ["a/link.png"]
    assert not (unpacked.folder / "a" / "link.png").exists()


def test_a_name_that_stands_twice_is_left_out_the_second_time(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", GOOD)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a/1.png", png(99))
        archive.writestr("a/1.png/below.png", png(99))
    unpacked = unpack(path, tmp_path / "cache")
    assert (unpacked.folder / "a" / "1.png").read_bytes() == GOOD["a/1.png"]
    assert sorted(each.name for each in unpacked.skipped) == ["a/1.png", "a/1.png/below.png"]


def test_bytes_are_counted_while_unpacking_whatever_the_header_says(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {"a/1.png": bytes(3_000_000)})
    data = path.read_bytes()
    cache = tmp_path / "cache"
    with pytest.raises(DataError, match="unpacks to more than the limit of 1,000,000 bytes"):
        unpack(path, cache, limits=Limits(unpacked=1_000_000))
    assert everything_below(cache) == set()
    size = (3_000_000).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (10).to_bytes(4, "little")))  # a lie in both headers
    unpacked = unpack(path, cache, limits=Limits(unpacked=1_000_000))
    assert sum(each.stat().st_size for each in unpacked.folder.rglob("*.png")) <= 10
    assert len(unpacked.skipped) == 1


def test_members_are_limited(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", GOOD)
    with pytest.raises(DataError, match="has 4 members, above the limit of 3"):
        unpack(path, tmp_path / "cache", limits=Limits(members=3))


def test_damaged_members_are_left_out_and_a_damaged_zip_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", GOOD, method=zipfile.ZIP_STORED)
    data = path.read_bytes()
    broken = data.replace(GOOD["b/2.png"], GOOD["b/2.png"][:-1] + b"?", 1)
    path.write_bytes(broken)
    unpacked = unpack(path, tmp_path / "cache")
    assert [each.name for each in unpacked.skipped] == ["b/2.png"]
    assert everything_below(unpacked.folder) == set(GOOD) - {"b/2.png"}
    path.write_bytes(data[:-30])
    with pytest.raises(DataError):
        find(path, cache=tmp_path / "cache")


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", GOOD)
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    path.write_bytes(data)
    unpacked = unpack(path, tmp_path / "cache")
    assert "encrypted" in unpacked.skipped[0].reason


@pytest.mark.parametrize(
    "name",
    [
        "Carex sp.",
        "red\u00a0ant",
        "fin ",
        "caf\u00e9",
        "\U0001f41c",
        "w\u200dx",
        "new\nline",
        "a;b",
    ],
)
def test_any_legal_name_is_unpacked(tmp_path: Path, name: str) -> None:
    if sys.platform == "win32" and name != name.rstrip(". \n"):
        pytest.skip("Windows takes no such name")
    members = {**GOOD, f"{name}/1.png": png(9), f".//{name}/./2.png": png(8)}
    found = find(zipped(tmp_path / "set.zip", members), cache=tmp_path / "cache")
    assert found.classes == tuple(sorted({"a", "b", name}))
    assert {f"{name}/1.png", f"{name}/2.png"} < set(found.names)
    assert not found.skipped


def test_a_class_that_loses_all_its_members_is_named(tmp_path: Path) -> None:
    members = {**GOOD, "photos\r/1.png": png(8), "photos\r/2.png": png(9), "b/\r.png": png(7)}
    found = find(zipped(tmp_path / "set.zip", members), cache=tmp_path / "cache")
    assert found.notes[-1] == (
        "1 class is left out, as none of its files can be used: 'photos\\r' (2 files, "
        "'photos\\r/1.png': its name in the zip holds control characters)"
    )
    assert len(found.skipped) == 3


def test_a_compression_that_is_not_known_is_called_by_its_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {**GOOD, "c/1.png": png(5), "c/2.png": png(6)})
    data = bytearray(path.read_bytes())
    place = 0
    while (place := data.find(b"PK\x01\x02", place + 1)) > 0:
        if data[place + 46 : place + 48] == b"c/":
            data[place + 10] = 9
    path.write_bytes(data)
    found = find(path, cache=tmp_path / "cache")
    assert found.classes == ("a", "b")
    assert (
        "'c' (2 files, 'c/1.png': its compression in the zip, Deflate64, is not"
        in (found.notes[-1])
    )


@pytest.mark.parametrize("beside", [{}, {"README.txt": b"words", "LICENSE": b"words"}])
def test_documents_beside_the_one_top_folder_do_not_matter(
    tmp_path: Path, beside: dict[str, bytes]
) -> None:
    for top in ("photos/", "dataset/dataset/train/", "photos/train/", "deep/photos/"):
        members = {top + name: data for name, data in GOOD.items()}
        path = zipped(tmp_path / "set.zip", {**members, **beside})
        found = find(path, cache=tmp_path / "cache")
        assert found.classes == ("a", "b"), top
        assert len(found) == 4


def test_zips_in_zips(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {f"photos/{name}": data for name, data in GOOD.items()})
    nested = {"inner.zip": inner.read_bytes(), "README.txt": b"words"}
    outer = zipped(tmp_path / "outer.zip", nested)
    cache = tmp_path / "cache"
    assert find(outer, cache=cache).classes == ("a", "b")
    both = {"train.zip": inner.read_bytes(), "test.zip": inner.read_bytes()}
    assert set(find(zipped(tmp_path / "both.zip", both), cache=cache).splits) == {"train", "test"}
    with pytest.raises(DataError, match="has 6 members, above the limit of 5"):
        unpack(outer, tmp_path / "other", limits=Limits(members=5))
    with pytest.raises(DataError, match="unpacks to more than the limit"):
        unpack(outer, tmp_path / "other", limits=Limits(unpacked=len(nested["inner.zip"]) + 50))
    deep = outer
    for level in range(5):
        deep = zipped(tmp_path / f"deep{level}.zip", {"inner.zip": deep.read_bytes()})
    with pytest.raises(DataError, match="hold nothing but documents"):
        find(deep, cache=cache)


def named(path: Path, name: bytes) -> Path:
    """Zip the good members, and four of a class of this name, as a zip without the UTF-8 flag."""
    stem = "x" * len(name)
    zipped(path, {**GOOD, **{f"{stem}/{place}.png": png(place) for place in range(4)}})
    path.write_bytes(path.read_bytes().replace(stem.encode(), name))
    return path


def test_names_of_an_old_code_page_are_said(tmp_path: Path) -> None:
    path = named(tmp_path / "sj.zip", "犬猫".encode("cp932"))
    found = find(path, cache=tmp_path / "cache")
    assert found.classes == ("a", "b", "îóöL")
    assert (
        "1 name in sj.zip not in UTF-8, read in code page 437: 'îóöL'; if that looks"
        in (found.notes[1])
    )
    told = find(path, cache=tmp_path / "cache", zip_encoding="cp932")
    assert told.classes == ("a", "b", "犬猫")
    assert len(told.notes) == 1
    with pytest.raises(SettingError, match="zip_encoding is 'latin-99'; expected a code page"):
        find(path, cache=tmp_path / "cache", zip_encoding="latin-99")


def test_names_in_utf_8_without_the_flag_need_no_telling(tmp_path: Path) -> None:
    path = named(tmp_path / "mac.zip", "é".encode())
    found = find(path, cache=tmp_path / "cache")
    assert found.classes == ("a", "b", "é")
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("05-zip-class-ends-with-dot/sp.zip", ("Carex nigra", "Carex sp.", "Poa annua")),
        ("05-zip-class-ends-with-dot/nbsp.zip", ("bee", "red\u00a0ant", "wasp")),
        ("07-zip-file-beside-top-folder/readme.zip", ("ant", "bee")),
        ("07-zip-file-beside-top-folder/parts.zip", ("ant", "bee")),
        ("07-zip-file-beside-top-folder/nested.zip", ("ant", "bee")),
        ("09-zip-names-of-an-old-codepage/sj.zip", ("Zange", "îóöL")),
    ],
)
def test_the_zips_that_were_misread(tmp_path: Path, name: str, classes: tuple[str, ...]) -> None:
    found = find(case(name), cache=tmp_path)
    assert found.classes == classes
    assert len(set(found.splits)) == (2 if "parts" in name else 1)


def test_the_zip_of_an_unknown_compression(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing in .* could be unpacked .*Deflate64, is not kn"):
        find(case("08-zip-deflate64/photos.zip"), cache=tmp_path)


def test_an_empty_zip_and_one_of_rubbish_are_refused(tmp_path: Path) -> None:
    for members in ({}, {"../x.png": png()}):
        with pytest.raises(DataError, match="nothing in|no data set|no images"):
            find(zipped(tmp_path / "set.zip", members), cache=tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", GOOD)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        unpack(path, tmp_path / "file")
