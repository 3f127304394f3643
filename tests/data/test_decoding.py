"""Reading an image from anywhere, and refusing what cannot or should not be read."""

from __future__ import annotations

import io
import logging
import os
import struct
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from made_files import COLOUR, RAMP, png, refused, saved
from PIL import Image

from striate.data import images
from striate.data.images import measure, read
from striate.data.images.damaged_files import one_line
from striate.data.images.decoder_warnings import collect_libtiff_warnings
from striate.errors import ImageError

# ---------------------------------------------------------------- sources


def test_every_source_gives_the_same(tmp_path: Path) -> None:
    file = tmp_path / "wrong ending.txt"
    file.write_bytes(saved(Image.fromarray(COLOUR), "PNG"))
    with Image.open(file) as image:
        for source in (file, str(file), file.read_bytes(), image, COLOUR):
            assert np.array_equal(read(source), COLOUR)


def test_a_image_of_pillows_is_left_as_it_was() -> None:
    image = Image.fromarray(COLOUR)
    image.getexif()[0x0112] = 6
    assert read(image).shape == (256, 4, 3)
    assert image.size == (256, 4)
    assert image.getexif()[0x0112] == 6


def test_arrays_of_every_sensible_kind_are_taken() -> None:
    assert read(RAMP).shape == (4, 256, 1)
    assert read(RAMP[:, :, None]).shape == (4, 256, 1)
    assert read(np.array([[False, True]]))[..., 0].tolist() == [[0, 255]]
    assert read(np.array([[0.0, 0.5, 1.0]]))[..., 0].tolist() == [[0, 128, 255]]
    with_alpha = np.dstack([COLOUR, np.zeros_like(RAMP)])
    assert read(with_alpha, background=(1, 2, 3))[0, 0].tolist() == [1, 2, 3]
    for odd in (np.zeros((2, 2, 5)), np.zeros(4), np.zeros((2, 2), "U1"), np.zeros((0, 4))):
        with pytest.raises(ImageError):
            read(odd)


def test_heic_is_read_with_its_extra() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(np.repeat(COLOUR, 16, axis=0))).save(file, quality=90)
    got = read(file.getvalue())
    assert got.shape == (64, 256, 3)
    assert np.abs(got.astype(int) - np.repeat(COLOUR, 16, axis=0)).mean() < 6
    assert measure(file.getvalue()) == images.ImageSize(64, 256, 3)


def test_heic_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    start = struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic"
    assert 'pip install "striate[heic]"' in refused(start + bytes(100))


# ---------------------------------------------------------------- what cannot be read


def test_strangers_are_named_for_what_they_are(tmp_path: Path) -> None:
    assert "web page" in refused(b"<!DOCTYPE html><html><body>404")
    assert "PostScript" in refused(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    assert "PDF" in refused(b"%PDF-1.7 ...")
    assert "SVG" in refused(b"<?xml version='1.0'?><svg/>")
    assert "LFS" in refused(b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    assert "not an image" in refused(b"just some text in a file")
    assert "zeros" in refused(bytes(500))
    assert "empty" in refused(b"")
    empty = tmp_path / "empty.png"
    empty.touch()
    assert "empty" in refused(empty)
    assert "no such file" in refused(tmp_path / "absent.png")
    assert "folder" in refused(tmp_path)
    assert refused(str(tmp_path / "nul\0byte.png"))


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe.png")
    assert "pipe" in refused(tmp_path / "pipe.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO"])
def test_a_file_cut_off_anywhere_is_read_or_refused(kind: str) -> None:
    data = saved(
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)), kind
    )
    assert refused(data[: len(data) // 2])
    for length in range(0, len(data), max(1, len(data) // 40)):
        try:
            read(data[:length])
        except ImageError as error:
            assert "\n" not in str(error)


def bomb_png(columns: int, rows: int) -> bytes:
    return png(columns, rows, depth=8, colour=2, data=b"\0" * 100)


def bomb_icon(inner: bytes) -> bytes:
    return b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22) + inner


def test_bombs_are_refused_before_a_pixel_is_decoded() -> None:
    dib = struct.pack("<IiiHHIIiiII", 40, 20000, 40000, 1, 32, 0, 0, 0, 0, 0, 0)
    jp2 = b"\xff\x4f\xff\x51" + struct.pack(">HHIIII", 47, 0, 20000, 20000, 0, 0)
    jp2 += struct.pack(">IIIIH", 20000, 20000, 0, 0, 3) + bytes([7, 1, 1] * 3) + b"\xff\xd9"
    inner = bomb_png(20000, 20000)
    bombs = {
        "png": inner,
        "gif": b"GIF89a" + struct.pack("<HHBBB", 65000, 65000, 0, 0, 0) + b"," + bytes(40),
        "bmp": b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + dib,
        "webp lossless": b"RIFF\x40\0\0\0WEBPVP8L\x30\0\0\0\x2f" + b"\xff" * 60,
        "webp extended": b"RIFF\x40\0\0\0WEBPVP8X\x0a" + bytes(7) + b"\xff\x3f\0" * 2 + bytes(40),
        "ico with png": bomb_icon(inner),
        "ico with bmp": bomb_icon(dib + bytes(100)),
        "icns with png": b"icns" + struct.pack(">I", 16 + len(inner)) + b"ic10"
        + struct.pack(">I", 8 + len(inner)) + inner,
        "j2k": jp2,
        "icns with j2k": b"icns" + struct.pack(">I", 16 + len(jp2)) + b"ic10"
        + struct.pack(">I", 8 + len(jp2)) + jp2,
        "ppm": b"P6 30000 30000 255\n" + bytes(100),
        "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30000, 30000, 8, 3) + bytes(40),
        "qoi": b"qoif" + struct.pack(">IIBB", 30000, 30000, 3, 0) + bytes(40),
    }  # fmt: skip
    for name, data in bombs.items():
        reason = refused(data)
        assert "limit" in reason, f"{name}: {reason}"
        try:
            size = measure(data)
        except ImageError:
            continue
        pytest.fail(f"{name} passes for {size}")


def test_the_limit_is_exact_and_pillows_own_settings_stay() -> None:
    before = Image.MAX_IMAGE_PIXELS
    side = 2**13
    assert measure(bomb_png(side, images.MAX_PIXELS // side)).columns == side
    assert "134,225,920, above the limit of 134,217,728" in refused(
        bomb_png(side, images.MAX_PIXELS // side + 1)
    )
    assert before == Image.MAX_IMAGE_PIXELS


def test_formats_decoded_by_python_code_have_a_lower_limit() -> None:
    rows = struct.pack("<IIBB", 0, 0, 0, 0)
    assert "slow to decode" in refused(b"P3 4000 4000 255\n" + b"1 2 3 " * 100)
    assert "slow to decode" in refused(b"qoif" + struct.pack(">IIBB", 4000, 4000, 3, 0) + rows)
    assert read(b"P3 2 1 255\n1 2 3 4 5 6\n").tolist() == [[[1, 2, 3], [4, 5, 6]]]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO"])
def test_a_file_with_flipped_bits_is_read_or_refused(kind: str) -> None:
    generator = np.random.default_rng(0)
    whole = np.frombuffer(saved(Image.fromarray(COLOUR), kind), np.uint8)
    for _ in range(60):
        data = whole.copy()
        data[generator.integers(0, len(data), 4)] ^= generator.integers(1, 256, 4, dtype=np.uint8)
        try:
            assert read(data.tobytes()).dtype == np.uint8
        except ImageError as error:
            assert "\n" not in str(error)


def test_formats_that_run_programs_or_open_files_are_never_tried() -> None:
    from striate.data.images.safe_open import FORMATS

    assert not {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "IPTC", "FPX", "MIC"} & set(FORMATS)


def test_what_an_error_says_becomes_one_printable_line() -> None:
    assert one_line(ValueError("a\nb\x00c\udcff")) == "a b?c\\udcff"
    assert one_line(EOFError()) == "EOFError"
    assert len(one_line(ValueError("x" * 1000))) == 160


# ---------------------------------------------------------------- what is said meanwhile


def test_warnings_of_pillow_are_handed_over_and_others_left_alone() -> None:
    filters, show = list(warnings.filters), warnings.showwarning
    with images.collect_warnings() as said:
        with pytest.warns(UserWarning, match="mine"):
            warnings.warn("mine", stacklevel=1)
        warnings.warn_explicit("theirs", UserWarning, "a.py", 1, module="PIL.TiffImagePlugin")
        logging.getLogger("PIL.TiffImagePlugin").error("logged")
    assert said == ["theirs", "logged"]
    assert list(warnings.filters) == filters
    assert warnings.showwarning is show
    assert not logging.getLogger("PIL").handlers


def test_each_thread_hears_its_own_images() -> None:
    heard: dict[str, list[str]] = {}
    both = threading.Barrier(2)

    def work(name: str) -> None:
        with images.collect_warnings() as said:
            both.wait()
            for _ in range(20):
                warnings.warn_explicit(name, UserWarning, "a.py", 1, module="PIL.Image")
            both.wait()
        heard[name] = said

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"one": ["one"] * 20, "two": ["two"] * 20}


def test_what_libtiff_writes_is_the_reason_and_not_on_the_screen(
    capfd: pytest.CaptureFixture[str],
) -> None:
    data = saved(Image.fromarray(COLOUR), "TIFF", compression="tiff_deflate")
    assert "ZIPDecode" in refused(data[:8] + b"\xff" * 696 + data[704:])
    assert capfd.readouterr().err == ""


def test_what_others_write_meanwhile_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    with collect_libtiff_warnings(said):
        os.write(2, b"TIFFFillStrip: Read error on strip 0.\nsomething else\n")
    assert said == ["TIFFFillStrip: Read error on strip 0."]
    assert capfd.readouterr().err == "something else\n"
