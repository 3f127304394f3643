"""No address leads out of the folders that were named."""

from __future__ import annotations

from pathlib import Path

import pytest

from striate.errors import SettingError
from striate.serving.confined_paths import ConfinedFolders


@pytest.fixture
def place(tmp_path: Path) -> Path:
    own = tmp_path / "own"
    (own / "cats").mkdir(parents=True)
    (own / "cats" / "tom.png").write_bytes(b"1")
    (tmp_path / "secret.png").write_bytes(b"2")
    return own


@pytest.mark.parametrize(
    "address",
    [
        "here/../secret.png",
        "here/cats/../../secret.png",
        "here/./../secret.png",
        "../secret.png",
        "/secret.png",
        "here//../secret.png",
        "here/..\\secret.png",
        "here/C:\\secret.png",
        "here/C:/secret.png",
        "here/cats/tom.png\0",
        "here/none.png",
        "there/cats/tom.png",
        "",
        "..",
        "here/" + "a" * 5000,
    ],
)
def test_what_leads_out_or_nowhere_is_refused_in_one_line(place: Path, address: str) -> None:
    with pytest.raises(SettingError, match="below the folders") as refused:
        ConfinedFolders.of([place], names=["here"]).find(address)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_an_absolute_path_is_refused(place: Path) -> None:
    folders = ConfinedFolders.of([place], names=["here"])
    for address in (str(place.parent / "secret.png"), f"here/{place.parent / 'secret.png'}"):
        with pytest.raises(SettingError):
            folders.find(address)


def test_what_lies_below_is_found(place: Path) -> None:
    folders = ConfinedFolders.of([place], names=["here"])
    assert folders.find("here/cats/tom.png").read_bytes() == b"1"
    assert folders.find("here") == place.resolve()


def test_links_that_lead_out_are_refused_and_not_listed(place: Path) -> None:
    (place / "out.png").symlink_to(place.parent / "secret.png")
    (place / "up").symlink_to(place.parent, target_is_directory=True)
    (place / "ring").symlink_to(place / "ring")
    folders = ConfinedFolders.of([place], names=["here"])
    for address in ("here/out.png", "here/up/secret.png", "here/ring"):
        with pytest.raises(SettingError):
            folders.find(address)
    assert list(folders.walk([".png"])) == ["here/cats/tom.png"]


def test_a_link_that_stays_inside_is_followed(place: Path) -> None:
    (place / "again.png").symlink_to(place / "cats" / "tom.png")
    assert ConfinedFolders.of([place], names=["here"]).find("here/again.png").read_bytes() == b"1"


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [tmp_path / one / "photos" for one in ("a", "b", "c")]
    for path in paths:
        path.mkdir(parents=True)
    names = [each.name for each in ConfinedFolders.of(paths).folders]
    assert names == ["photos", "photos-2", "photos-3"]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="is no folder"):
        ConfinedFolders.of([tmp_path / "none"])
