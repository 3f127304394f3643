"""The folder for a machine with a card holds what run.sh looks for."""

from __future__ import annotations

from pathlib import Path

import missing
import prepare
from PIL import Image


def test_images_are_drawn_where_there_are_no_photographs(tmp_path: Path) -> None:
    prepare.photographs(tmp_path / "none", tmp_path / "photos")
    files = list((tmp_path / "photos").glob("*/*.jpg"))
    assert len(files) == prepare.IMAGES == 245
    assert {path.parent.name for path in files} == {"disc", "square"}


def test_photographs_are_made_smaller_and_upright(tmp_path: Path) -> None:
    (tmp_path / "large" / "ants").mkdir(parents=True)
    image = Image.new("RGB", (1200, 600), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    image.save(tmp_path / "large" / "ants" / "1.png", exif=exif)
    prepare.photographs(tmp_path / "large", tmp_path / "small")
    with Image.open(tmp_path / "small" / "ants" / "1.jpg") as smaller:
        assert smaller.size == (256, 512)


def test_only_wheels_of_what_is_missing_are_installed(tmp_path: Path) -> None:
    for name in ("numpy-9.0-py3-none-any.whl", "not_there_at_all-1.0-py3-none-any.whl"):
        (tmp_path / name).touch()
    assert [path.name for path in missing.missing(tmp_path)] == [
        "not_there_at_all-1.0-py3-none-any.whl"
    ]


def test_the_wheels_are_of_the_pinned_versions() -> None:
    found = prepare.pins()
    assert {"lark", "lightning-fabric", "typer", "safetensors"} <= found.keys()
    assert set(prepare.WHEELS) >= {"lark", "lightning-fabric"}
