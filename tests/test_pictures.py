"""Reading a picture: every way of keeping colours, on gradients made here; nothing unsafe."""

from __future__ import annotations

import io
import logging
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate import pictures
from striate.errors import PictureError
from striate.pictures import decode, measure, read
from striate.pictures.listening import hearing_libtiff
from striate.pictures.opening import one_line

RAMP = np.tile(np.arange(256, dtype=np.uint8), (4, 1))  # (4 rows, 256 columns), black to white
COLOUR = np.stack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 77)], axis=2)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(columns: int, rows: int, *, depth: int, colour: int, data: bytes) -> bytes:
    """Write a PNG by hand: its rows, each with a filter byte before it."""
    header = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0)
    packed = zlib.compress(data)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def refused(source: pictures.Source) -> str:
    with pytest.raises(PictureError) as caught:
        read(source)
    reason = str(caught.value)
    assert reason
    assert "\n" not in reason
    return reason


# ---------------------------------------------------------------- colours


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA", "GIF", "SGI"])
def test_grey_comes_out_as_one_channel(kind: str) -> None:
    source = saved(Image.fromarray(RAMP), kind)
    if kind == "TGA":
        assert source.endswith(b"TRUEVISION-XFILE.\0")
    assert np.array_equal(read(source)[:, :, 0], RAMP)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "PCX", "ICO", "QOI"])
def test_colour_comes_out_as_it_is(kind: str) -> None:
    if kind == "QOI" and kind not in Image.SAVE:
        pytest.skip("this Pillow cannot write QOI")
    assert np.array_equal(read(saved(Image.fromarray(COLOUR), kind)), COLOUR)


def test_lossy_formats_come_close() -> None:
    for kind in ("JPEG", "WEBP", "AVIF", "JPEG2000"):
        if kind in Image.SAVE:
            difference = read(saved(Image.fromarray(COLOUR), kind)).astype(int) - COLOUR
            assert np.abs(difference).mean() < 4, kind


def test_one_bit_is_black_and_white() -> None:
    bits = Image.fromarray(RAMP > 127)
    assert bits.mode == "1"
    for kind in ("PNG", "TIFF", "BMP"):
        assert np.array_equal(read(saved(bits, kind))[:, :, 0], np.where(RAMP > 127, 255, 0))


def test_sixteen_bit_grey_is_scaled_and_never_clipped() -> None:
    values = np.linspace(0, 65535, 1024).astype(np.uint16).reshape(4, 256)
    expected = np.rint(values / 257)
    for kind in ("PNG", "TIFF", "PPM"):
        got = read(saved(Image.fromarray(values), kind))[:, :, 0]
        assert np.abs(got - expected).max() == 0, kind
    big_endian = Image.frombytes("I;16B", (256, 4), values.astype(">u2").tobytes())
    assert np.array_equal(read(big_endian)[:, :, 0], expected)
    assert np.array_equal(read(saved(big_endian, "TIFF"))[:, :, 0], expected)
    as_32_bit = Image.fromarray(values.astype(np.int32))
    assert as_32_bit.mode == "I"
    assert np.array_equal(read(as_32_bit)[:, :, 0], expected)


def test_sixteen_bit_colour_is_scaled_and_never_clipped() -> None:
    values = np.linspace(0, 65535, 3 * 1024).astype(np.uint16).reshape(4, 256, 3)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    got = read(png(256, 4, depth=16, colour=2, data=rows))
    assert np.abs(got - values / 257).max() <= 1


def test_sixteen_bit_grey_with_alpha_lies_on_the_background() -> None:
    values = np.zeros((1, 3, 2), np.uint16)
    values[0, :, 0] = 65535 // 2, 65535, 1000
    values[0, :, 1] = 65535, 65535, 0
    row = b"\0" + values.astype(">u2").tobytes()
    got = read(png(3, 1, depth=16, colour=4, data=row), background=(9, 9, 9))
    assert got[..., 0].tolist() == [[127, 255, 9]]


def test_sixteen_bit_grey_with_a_transparent_value() -> None:
    values = np.array([[0, 257, 65535]], np.uint16)
    data = saved(Image.fromarray(values), "PNG", transparency=257)
    assert read(data, background=(200, 200, 200))[..., 0].tolist() == [[0, 200, 255]]


def test_wide_whole_numbers_are_stretched_and_it_is_said() -> None:
    wide = Image.fromarray(np.array([[-1000, 0, 99000]], np.int32))
    got = decode(wide)
    assert np.asarray(got.image).tolist() == [[0, 3, 255]]
    assert got.remarks == ("its values from -1000 to 99000 were stretched over black to white",)


def test_floats_between_0_and_1_are_scaled_and_others_stretched() -> None:
    unit = np.linspace(0, 1, 256, dtype=np.float32)[None]
    assert np.array_equal(read(saved(Image.fromarray(unit), "TIFF"))[0, :, 0], np.arange(256))
    heights = Image.fromarray(np.array([[10.0, 20.0, 30.0]], np.float32))
    assert read(saved(heights, "TIFF"))[..., 0].tolist() == [[0, 128, 255]]
    flat = Image.fromarray(np.full((1, 2), 7.5, np.float32))
    assert read(flat)[..., 0].tolist() == [[0, 0]]


def test_values_that_are_not_numbers_are_refused() -> None:
    odd = Image.fromarray(np.array([[0.5, np.nan]], np.float32))
    assert "not numbers" in refused(saved(odd, "TIFF"))


def test_a_palette_is_looked_up_and_a_grey_one_stays_grey() -> None:
    colours = Image.fromarray(COLOUR).quantize(64)
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        assert np.array_equal(read(saved(colours, kind)), np.asarray(colours.convert("RGB"))), kind
    greys = Image.frombytes("P", (256, 4), RAMP[:, ::-1].tobytes())
    greys.putpalette([value for shade in range(256) for value in (255 - shade,) * 3])
    assert np.array_equal(read(saved(greys, "PNG"))[:, :, 0], RAMP)


@pytest.mark.parametrize("transparency", [1, b"\xff\x00\x80"])
def test_transparent_palette_entries_lie_on_the_background(transparency: int | bytes) -> None:
    image = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
    image.putpalette([10, 20, 30, 40, 50, 60, 100, 100, 100])
    got = read(saved(image, "PNG", transparency=transparency), background=(200, 0, 0))
    last = [100, 100, 100] if transparency == 1 else [150, 50, 50]
    assert got[0, :2].tolist() == [[10, 20, 30], [200, 0, 0]]
    assert np.abs(got[0, 2].astype(int) - last).max() <= 1


def test_a_transparent_gif_lies_on_the_background() -> None:
    image = Image.frombytes("P", (2, 1), bytes([0, 1]))
    image.putpalette([10, 20, 30, 40, 50, 60])
    got = read(saved(image, "GIF", transparency=0), background=(1, 2, 3))
    assert got.tolist() == [[[1, 2, 3], [40, 50, 60]]]


def test_alpha_is_laid_over_the_background() -> None:
    alpha = RAMP[:, ::-1]
    shown = Image.merge("RGBA", [*Image.fromarray(COLOUR).split(), Image.fromarray(alpha)])
    background = (250, 5, 60)
    share = alpha[:, :, None] / 255
    expected = COLOUR * share + np.array(background) * (1 - share)
    for kind in ("PNG", "TIFF", "TGA", "ICO"):
        got = read(saved(shown, kind), background=background)
        assert np.abs(got - expected).max() <= 1, kind
    grey = Image.merge("LA", [Image.fromarray(RAMP), Image.fromarray(alpha)])
    on_grey = read(saved(grey, "PNG"), background=(40, 40, 40))
    assert on_grey.shape == (4, 256, 1)
    assert np.abs(on_grey[:, :, 0] - (RAMP * share[..., 0] + 40 * (1 - share[..., 0]))).max() <= 1
    assert read(saved(grey, "PNG"), background=background).shape == (4, 256, 3)


def test_alpha_without_transparency_changes_nothing() -> None:
    assert np.array_equal(read(Image.fromarray(COLOUR).convert("RGBA")), COLOUR)
    assert read(Image.fromarray(RAMP).convert("LA"), background=(255, 0, 0)).shape[2] == 1


def test_a_wholly_transparent_picture_is_remarked_upon() -> None:
    empty = decode(saved(Image.new("RGBA", (3, 3), (10, 20, 30, 0)), "PNG"))
    assert "every pixel is transparent" in empty.remarks[0]


def test_a_transparent_colour_lies_on_the_background() -> None:
    image = Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8))
    got = read(saved(image, "PNG", transparency=(1, 2, 3)), background=(9, 8, 7))
    assert got.tolist() == [[[9, 8, 7], [4, 5, 6]]]
    bits = Image.fromarray(np.array([[False, True]]))
    assert read(saved(bits, "PNG", transparency=0), background=(9, 9, 9)).tolist() == [[[9], [255]]]


def test_cmyk_comes_out_right_in_tiff_and_in_adobes_inverted_jpeg() -> None:
    zero = np.zeros_like(RAMP)
    cmyk = Image.merge("CMYK", [Image.fromarray(each) for each in (RAMP, zero, zero, zero)])
    expected = np.stack([255 - RAMP, 255 - zero, 255 - zero], axis=2)
    assert np.array_equal(read(saved(cmyk, "TIFF")), expected)
    jpeg = saved(cmyk, "JPEG", quality=100)
    assert b"Adobe" in jpeg
    assert np.abs(read(jpeg).astype(int) - expected).max() <= 6
    black = Image.merge("CMYK", [Image.fromarray(each) for each in (zero, zero, zero, RAMP)])
    assert np.array_equal(read(saved(black, "TIFF"))[:, :, 1], 255 - RAMP)


def lab_to_srgb(lab: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of D50 to sRGB, by the formulas of CIE 15 and IEC 61966-2-1 (Bradford)."""
    lightness, a, b = lab[..., 0] * (100 / 255), lab[..., 1] - 128.0, lab[..., 2] - 128.0
    y = (lightness + 16) / 116
    f = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    xyz *= np.array([0.96422, 1.0, 0.82521])
    to_linear = np.array(
        [
            [3.1338561, -1.6168667, -0.4906146],
            [-0.9787684, 1.9161415, 0.0334540],
            [0.0719453, -0.2289914, 1.4052427],
        ]
    )
    linear = np.clip(xyz @ to_linear.T, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(curved * 255)


def test_lab_comes_out_as_srgb() -> None:
    lightness = np.clip(RAMP, 20, 240)  # what sRGB can show
    values = np.stack([lightness, np.full_like(RAMP, 134), np.full_like(RAMP, 123)], axis=2)
    image = Image.merge("LAB", [Image.fromarray(values[:, :, band]) for band in range(3)])
    got = read(saved(image, "TIFF"))
    assert np.abs(got - lab_to_srgb(values)).max() <= 3


def test_other_colour_spaces_are_converted() -> None:
    for mode in ("YCbCr", "HSV", "RGBX"):
        difference = read(Image.fromarray(COLOUR).convert(mode)).astype(int) - COLOUR
        assert np.abs(difference).max() <= 8, mode
    premultiplied = Image.frombytes("RGBa", (1, 1), bytes([50, 25, 0, 128]))
    assert np.abs(read(premultiplied, background=(0, 0, 0))[0, 0] - [50.0, 25.0, 0.0]).max() <= 1


def test_the_first_frame_stands_for_an_animation() -> None:
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "PNG", "WEBP", "TIFF", "AVIF"):
        if kind not in Image.SAVE_ALL:
            continue
        options = {} if kind == "TIFF" else {"duration": 100}
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        with Image.open(io.BytesIO(data)) as image:
            assert getattr(image, "n_frames", 1) == 3, kind
        assert np.abs(read(data).astype(int) - [255, 0, 0]).max() <= 6, kind


# ---------------------------------------------------------------- orientation


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_exif_orientation_is_turned_upright(kind: str) -> None:
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16] = 255  # white in the upper left
    upright[8:, 16:, 0] = 255  # red in the lower right
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }
    for orientation, values in stored.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
        data = saved(Image.fromarray(np.ascontiguousarray(values)), kind, exif=exif, **options)
        got = read(data)
        assert got.shape == upright.shape, orientation
        assert np.abs(got.astype(int) - upright).mean() < 12, orientation
        size = measure(data)
        assert (size.rows, size.columns) == (16, 32), orientation


def test_the_known_orientation_set_shows_one_picture(shared: Callable[[str], Path]) -> None:
    folder = shared("data/hostile/exif-orientation")
    for name in ("Landscape", "Portrait"):
        files = sorted(folder.glob(f"{name}_[1-8].*"))
        assert len(files) == 8
        upright = read(files[0]).astype(float)
        for file in files[1:]:
            other = read(file).astype(float)
            assert other.shape == upright.shape, file.name
            assert np.corrcoef(upright.ravel(), other.ravel())[0, 1] > 0.98, file.name


def test_damaged_exif_is_remarked_upon_and_does_not_hinder() -> None:
    data = saved(Image.fromarray(COLOUR), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01")
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        got = decode(data)
    assert not shown
    assert got.image.size == (256, 4)
    assert got.remarks


# ---------------------------------------------------------------- sources


def test_every_source_gives_the_same(tmp_path: Path) -> None:
    file = tmp_path / "wrong ending.txt"
    file.write_bytes(saved(Image.fromarray(COLOUR), "PNG"))
    with Image.open(file) as image:
        for source in (file, str(file), file.read_bytes(), image, COLOUR):
            assert np.array_equal(read(source), COLOUR)


def test_a_picture_of_pillows_is_left_as_it_was() -> None:
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
        with pytest.raises(PictureError):
            read(odd)


def test_heic_is_read_with_its_extra() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(np.repeat(COLOUR, 16, axis=0))).save(file, quality=90)
    got = read(file.getvalue())
    assert got.shape == (64, 256, 3)
    assert np.abs(got.astype(int) - np.repeat(COLOUR, 16, axis=0)).mean() < 6
    assert measure(file.getvalue()) == pictures.Measured(64, 256, 3)


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
    assert "not a picture" in refused(b"just some text in a file")
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
        except PictureError as error:
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
        except PictureError:
            continue
        pytest.fail(f"{name} passes for {size}")


def test_the_limit_is_exact_and_pillows_own_settings_stay() -> None:
    before = Image.MAX_IMAGE_PIXELS
    side = 2**13
    assert measure(bomb_png(side, pictures.MAX_PIXELS // side)).columns == side
    assert "134,225,920, above the limit of 134,217,728" in refused(
        bomb_png(side, pictures.MAX_PIXELS // side + 1)
    )
    assert before == Image.MAX_IMAGE_PIXELS


def test_formats_that_run_programs_or_open_files_are_never_tried() -> None:
    from striate.pictures.opening import FORMATS

    assert not {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "IPTC", "FPX", "MIC"} & set(FORMATS)


def test_what_an_error_says_becomes_one_printable_line() -> None:
    assert one_line(ValueError("a\nb\x00c\udcff")) == "a b?c\\udcff"
    assert one_line(EOFError()) == "EOFError"
    assert len(one_line(ValueError("x" * 1000))) == 160


# ---------------------------------------------------------------- what is said meanwhile


def test_warnings_of_pillow_are_handed_over_and_others_left_alone() -> None:
    filters, show = list(warnings.filters), warnings.showwarning
    with pictures.quiet() as said:
        with pytest.warns(UserWarning, match="mine"):
            warnings.warn("mine", stacklevel=1)
        warnings.warn_explicit("theirs", UserWarning, "a.py", 1, module="PIL.TiffImagePlugin")
        logging.getLogger("PIL.TiffImagePlugin").error("logged")
    assert said == ["theirs", "logged"]
    assert list(warnings.filters) == filters
    assert warnings.showwarning is show
    assert not logging.getLogger("PIL").handlers


def test_each_thread_hears_its_own_pictures() -> None:
    heard: dict[str, list[str]] = {}
    both = threading.Barrier(2)

    def work(name: str) -> None:
        with pictures.quiet() as said:
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
    with hearing_libtiff(said):
        os.write(2, b"TIFFFillStrip: Read error on strip 0.\nsomething else\n")
    assert said == ["TIFFFillStrip: Read error on strip 0."]
    assert capfd.readouterr().err == "something else\n"
