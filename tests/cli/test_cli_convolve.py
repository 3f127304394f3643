"""striate convolve, as a person or a program uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import drawn
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import correlate
from shell import striate

from striate.data.images import read

SMILE = "0000000\n0100010\n0000000\n0001000\n0100010\n0011100\n0000000\n"
DETECTOR = "0 0 1; 1 0 0; 0 1 1"
MAP = [[0, 1, 0, 0, 0], [0, 1, 1, 1, 0], [1, 0, 0, 2, 1], [1, 4, 2, 1, 0], [0, 0, 1, 2, 1]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the smile as text and a drawn photo."""
    (tmp_path / "smile.txt").write_text(SMILE, "utf-8")
    drawn.image("disc", 1, (60, 40)).save(tmp_path / "photo.png")
    return tmp_path


@pytest.mark.parametrize("image", ["smile.txt", SMILE.strip().replace("\n", "/")])
def test_the_smile_as_json(place: Path, image: str) -> None:
    said = striate(
        *("convolve", image, "--filter", DETECTOR, "--pool", "max", "--at", "3,1"),
        *("--as-matrix", "--json"),
        cwd=place,
    )
    found = json.loads(said.stdout)
    assert found["map"] == MAP
    assert found["pooled"] == [[1, 1, 0], [4, 2, 1], [0, 2, 1]]
    assert found["at"]["value"] == 4
    terms = [term for row in found["at"]["channels"][0]["terms"] for term in row]
    assert sum(term["pixel"] * term["weight"] for term in terms) == 4
    assert [(t["row"], t["column"]) for t in terms][::4] == [(3, 1), (4, 2), (5, 3)]
    assert (found["macs"], found["formula"]) == (225, "(7 - 3)/1 + 1 = 5")
    assert found["matrix"]["shape"] == [25, 9]
    assert found["matrix"]["difference"] == 0
    assert np.reshape(found["matrix"]["product"], (5, 5)).tolist() == MAP
    assert said.stderr == (
        f"{image}: read as single digits, 7x7; numbers need blanks or commas between them\n"
    )


def test_numbers_in_a_table_s_file_are_never_taken_apart(tmp_path: Path) -> None:
    for name in ("col.csv", "col.TSV", "col.txt"):
        (tmp_path / name).write_text("10\n20\n30\n", "utf-8")
        said = striate("convolve", name, "--filter", "1", "--json", cwd=tmp_path)
        whole = name != "col.txt"
        digits = [[1, 0], [2, 0], [3, 0]]
        assert json.loads(said.stdout)["map"] == ([[10], [20], [30]] if whole else digits)
        assert said.stderr == "" if whole else "read as single digits, 3x2" in said.stderr


def test_a_filter_that_could_be_a_fraction_is_remarked(tmp_path: Path) -> None:
    for text, said in (
        ("10/16", "--filter 10/16: read as single digits, 2x2; numbers need blanks or commas"),
        ("16", "--filter 16: read as single digits, 1x2; numbers need blanks or commas"),
        ("1/2", ""),
        ("1 0; 1 6", ""),
        ("blur", ""),
    ):
        done = striate("convolve", "1 2 3/4 5 6/7 8 9", "--filter", text, cwd=tmp_path)
        assert done.stderr.startswith(said), text
        assert bool(done.stderr) == bool(said), text


def test_what_was_not_asked_for_is_null(place: Path) -> None:
    found = json.loads(striate("convolve", "12/34", "--filter", "1", "--json", cwd=place).stdout)
    assert [found[key] for key in ("pooled", "at", "matrix", "out", "filter", "slope")] == [
        None
    ] * 6
    assert found["map"] == [[1, 2], [3, 4]]


def test_small_maps_are_printed_and_large_ones_told(place: Path) -> None:
    said = striate("convolve", "smile.txt", "--filter", "001/100/011", cwd=place).stdout
    assert "  1 4 2 1 0\n" in said
    said = striate("convolve", "photo.png", "--filter", "sobel-x", cwd=place).stdout
    assert "size: (40 - 3)/1 + 1 = 38 rows, (60 - 3)/1 + 1 = 58 columns" in said
    assert said.splitlines()[-1].startswith("feature map: 38x58, from -")


def test_a_photo_is_convolved_as_scipy_does(place: Path) -> None:
    options = ["--stride", "2x1", "--padding", "same", "--padding-mode", "edge", "--bias", "3"]
    said = striate("convolve", "photo.png", "--filter", "emboss", *options, "--json", cwd=place)
    found = json.loads(said.stdout)
    with Image.open(place / "photo.png") as photo:
        pixels = np.asarray(photo.convert("L"), dtype=float)
    kernel = [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
    expected = correlate(pixels, np.array(kernel), mode="nearest")[::2] + 3
    assert np.array_equal(found["map"], expected)
    flipped = striate(
        *("convolve", "photo.png", "--filter", "emboss", "--flip", "--channels", "gray", "--json"),
        cwd=place,
    )
    turned = correlate(pixels, np.array(kernel)[::-1, ::-1], mode="nearest")[1:-1, 1:-1]
    assert np.array_equal(json.loads(flipped.stdout)["map"], turned)


def test_channels_may_be_apart_or_summed(place: Path) -> None:
    def found(*options: str) -> np.ndarray:
        said = striate("convolve", "photo.png", *options, "--json", cwd=place)
        return np.array(json.loads(said.stdout)["map"])

    each = found("--filter", "laplacian", "--channels", "each")
    assert each.shape == (38, 58, 3)
    assert np.array_equal(found("--filter", "laplacian", "--channels", "sum"), each.sum(axis=2))
    three = found("--filter", "1 | 2 | -1", "--leaky-relu", "0.5", "--dilation", "2")
    red, green, blue = np.moveaxis(read(place / "photo.png").astype(float), 2, 0)
    expected = red + 2 * green - blue
    assert np.array_equal(three, np.where(expected > 0, expected, expected / 2))


def test_a_image_filter_writes_a_image(place: Path) -> None:
    said = striate("convolve", "photo.png", "--filter", "blur", "--out", "o.png", cwd=place)
    assert said.stderr == "wrote o.png: an image\n"
    pixels = read(place / "photo.png").astype(float)
    expected = correlate(pixels, np.full((3, 3, 1), 1 / 9), mode="nearest")[1:-1, 1:-1]
    written = read(place / "o.png").astype(float)
    assert written.shape == (38, 58, 3)
    assert np.abs(written - expected).max() <= 0.5 + 1e-9
    said = striate("convolve", "photo.png", "--filter", "sharpen", "--out", "o.png", cwd=place)
    assert "% of its values lay outside 0 to 255 and were cut" in said.stderr


def test_a_map_is_written_with_its_scale(place: Path) -> None:
    said = striate(
        *("convolve", "smile.txt", "--filter", DETECTOR, "--pool", "2", "--out", "new/map.png"),
        cwd=place,
    )
    assert said.stderr == (
        "smile.txt: read as single digits, 7x7; numbers need blanks or commas between them\n"
        "made the folder new\nwrote new/map.png: the feature map with its scale\n"
    )
    drawn_map = read(place / "new" / "map.png")
    assert (drawn_map == (213, 94, 0)).all(axis=2).any()  # the 4 is as orange as can be
    striate(
        *("convolve", "photo.png", "--filter", "sobel-y", "--view", "image", "--out", "p.png"),
        cwd=place,
    )
    assert read(place / "p.png").shape == (38, 58, 1)
    striate(
        *("convolve", "photo.png", "--filter", "blur", "--view", "map", "--out", "m.png"),
        *("--pool", "avg 2"),
        cwd=place,
    )
    assert read(place / "m.png").shape[1] > 3 * 58


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.png", "--filter", "blur"], "'nowhere.png' cannot be read: "),
        (["", "--filter", "blur"], "the image is empty; give a file or a grid"),
        (["nowhere.txt", "--filter", "blur"], "'nowhere.txt' cannot be read: "),
        (["bad.txt", "--filter", "blur"], "row 2 of the image has 1 digit"),
        (["odd.txt", "--filter", "blur"], "'odd.txt' is no text"),
        (["odd.png", "--filter", "blur"], "'odd.png' cannot be read: "),
        (["012", "--filter", "blurr"], "no filter 'blurr'; did you mean 'blur'"),
        (["012", "--filter", "blur"], "the kernel of 3x3 does not fit in 1x3; pad by 1"),
        (["012", "--filter", "1 2; 3"], "row 2 of the kernel has 1 number, but row 1 has 2"),
        (["012", "--filter", "1", "--stride", "two"], "--stride is 'two'; expected a whole"),
        (
            ["012", "--filter", "1", "--stride", "0"],
            "--stride is '0'; expected whole numbers from 1",
        ),
        (["012", "--filter", "1", "--dilation", "1x0"], "--dilation is '1x0'; expected whole"),
        (
            ["012", "--filter", "1", "--padding", "999999999"],
            "--padding is '999999999'; expected whole numbers from 0 to 134,217,728",
        ),
        (["012", "--filter", "1", "--pool", "max 0"], "the pooling is 'max 0'; expected a window"),
        (["012", "--filter", "1", "--dilation", "-1"], "--dilation is '-1'"),
        (["012", "--filter", "1", "--padding", "some"], "--padding is 'some'; expected valid"),
        (["012", "--filter", "1", "--padding-mode", "x"], "padding mode is 'x'"),
        (["012", "--filter", "1", "--channels", "x"], "channels is 'x'; expected auto"),
        (["012", "--filter", "1", "--at", "1"], "--at is '1'; expected ROW,COLUMN"),
        (["012", "--filter", "1", "--at", "1,0"], "no row 1, column 0; it has rows 0 to 0"),
        (["012", "--filter", "1", "--pool", "min"], "the pooling is 'min'; expected max, avg"),
        (["012", "--filter", "1", "--pool", "max 9 ceil=no"], "9x9 window does not fit in 1x3"),
        (["012", "--filter", "1", "--relu", "--leaky-relu", "0.1"], "both given; give one"),
        (["012", "--filter", "1", "--leaky-relu", "2"], "slope of leaky ReLU is 2.0"),
        (["012", "--filter", "1", "--bias", "inf"], "the bias is inf"),
        (["012", "--filter", "1", "--view", "x", "--out", "a.png"], "--view is 'x'"),
        (["012", "--filter", "1", "--out", "a.jpg"], "--out is 'a.jpg'; expected a name"),
        (["photo.png", "--filter", "blur", "--out", "photo.png"], "the image itself"),
        (["photo.png", "--filter", "1 | 2"], "2 kernels, but the image has 3 channels"),
    ],
)
def test_a_mistake_is_one_clear_line(place: Path, arguments: list[str], said: str) -> None:
    (place / "bad.txt").write_text("010\n1\n", "utf-8")
    (place / "odd.txt").write_bytes(b"\xff\xfe\x00")
    (place / "odd.png").write_bytes(b"no image")
    before = (place / "photo.png").read_bytes()
    done = striate("convolve", *arguments, cwd=place, code=2)
    assert done.stderr.startswith("striate: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert (place / "photo.png").read_bytes() == before


def test_a_phone_s_photo_stands_upright_and_sixteen_bits_are_taken(
    place: Path, shared: Callable[[str], Path]
) -> None:
    turned = shared("data/hostile/exif-orientation/Portrait_6.jpg")
    said = striate("convolve", turned, "--filter", "sobel-x", "--stride", "40", "--json", cwd=place)
    channels, rows, columns = json.loads(said.stdout)["input"]
    assert (channels, rows > columns) == (1, True)
    deep = np.arange(12, dtype=np.uint16).reshape(3, 4) * 257
    Image.fromarray(deep).save(place / "deep.png")
    said = striate("convolve", "deep.png", "--filter", "identity", "--json", cwd=place)
    assert json.loads(said.stdout)["map"] == [[5, 6]]


def test_what_was_odd_about_a_image_is_said(place: Path) -> None:
    Image.fromarray(np.array([[-5.0, 20.0]], dtype=np.float32)).save(place / "odd.tif")
    said = striate("convolve", "odd.tif", "--filter", "1", "--json", cwd=place)
    assert json.loads(said.stdout)["map"] == [[0, 255]]
    assert said.stderr.startswith("odd.tif: its values from -5 to 20 were stretched")


def test_torch_is_not_loaded(place: Path) -> None:
    script = (
        "import sys\n"
        "from striate.cli import main\n"
        "sys.argv = ['striate', 'convolve', 'photo.png', '--filter', 'sobel-x', '--as-matrix',"
        " '--at', '1,1', '--pool', 'max', '--out', 'o.png']\n"
        "main()\n"
        "assert 'torch' not in sys.modules and 'sklearn' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=place, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("more", [(), ("--pool", "max 2", "--relu"), ("--then", "flatten > fc 2")])
def test_an_animation_is_written(place: Path, more: tuple[str, ...]) -> None:
    said = striate(
        *("convolve", SMILE.strip().replace("\n", "/"), "--filter", DETECTOR, *more),
        *("--out", "made/how.gif"),
        cwd=place,
    )
    assert "made the folder made\nwrote made/how.gif: " in said.stderr
    with Image.open(place / "made" / "how.gif") as image:
        assert image.format == "GIF"
        assert image.n_frames > 10  # type: ignore[attr-defined]
        assert image.size == (984, 474)


def test_an_animation_shows_a_filter_or_a_network(place: Path) -> None:
    said = striate("convolve", "12/34", "--numbers", "--out", "x.webp", cwd=place, code=2)
    assert "give --filter or --then" in said.stderr
    other = striate("convolve", "12/34", "--filter", "1", "--out", "x.avi", cwd=place, code=2)
    assert "or in .gif, .webp or .mp4 for an animation" in " ".join(other.stderr.split())
