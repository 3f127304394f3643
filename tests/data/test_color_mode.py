"""Every way of keeping colours, and every orientation, on gradients made here."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_files import COLOUR, RAMP, png, refused, saved
from PIL import Image

from striate.data.images import decode, measure, read

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
    options = {"sizes": [(256, 4)]} if kind == "ICO" else {}
    assert np.array_equal(read(saved(Image.fromarray(COLOUR), kind, **options)), COLOUR)


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
        options = {"sizes": [(256, 4)]} if kind == "ICO" else {}
        got = read(saved(shown, kind, **options), background=background)
        assert np.abs(got - expected).max() <= 1, kind
    grey = Image.merge("LA", [Image.fromarray(RAMP), Image.fromarray(alpha)])
    on_grey = read(saved(grey, "PNG"), background=(40, 40, 40))
    assert on_grey.shape == (4, 256, 1)
    assert np.abs(on_grey[:, :, 0] - (RAMP * share[..., 0] + 40 * (1 - share[..., 0]))).max() <= 1
    assert read(saved(grey, "PNG"), background=background).shape == (4, 256, 3)


def test_alpha_without_transparency_changes_nothing() -> None:
    assert np.array_equal(read(Image.fromarray(COLOUR).convert("RGBA")), COLOUR)
    assert read(Image.fromarray(RAMP).convert("LA"), background=(255, 0, 0)).shape[2] == 1


def test_a_wholly_transparent_image_is_remarked_upon() -> None:
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


def in_every_orientation() -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Give an upright image, and how each EXIF orientation stores it."""
    upright = np.zeros((64, 128, 3), np.uint8)
    upright[:32, :64] = 255  # white in the upper left
    upright[32:, 64:, 0] = 255  # red in the lower right
    lying = upright.transpose(1, 0, 2)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: lying,
        6: lying[::-1],
        7: lying[::-1, ::-1],
        8: lying[:, ::-1],
    }
    return upright, {number: np.ascontiguousarray(values) for number, values in stored.items()}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_every_orientation_is_turned_upright(kind: str) -> None:
    if kind == "HEIC":
        pillow_heif = pytest.importorskip("pillow_heif")
    elif kind not in Image.SAVE:
        pytest.skip(f"this Pillow cannot write {kind}")
    upright, stored = in_every_orientation()
    for orientation, values in stored.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = Image.fromarray(values)
        if kind == "HEIC":  # written as HEIC's own turning and mirroring
            file = io.BytesIO()
            pillow_heif.encode("RGB", image.size, image.tobytes(), file, exif=exif.tobytes())
            data = file.getvalue()
        else:
            data = saved(image, kind, exif=exif)
        got = read(data)
        assert got.shape == upright.shape, orientation
        assert np.abs(got.astype(int) - upright).mean() < 12, orientation
        size = measure(data)
        assert (size.rows, size.columns) == (64, 128), orientation


def test_the_known_orientation_set_shows_one_image(shared: Callable[[str], Path]) -> None:
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
