"""ICC profiles, made here by hand: colours that they change are made sRGB, against the formulas."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from made_files import COLOUR, RAMP, saved
from PIL import Image, ImageCms

from striate.data import count_remarks, find, load
from striate.data.images import Preprocess, decode, read
from striate.data.images.color_profile import _find_conversion

# from linear values to XYZ under D50, of http://www.brucelindbloom.com and Apple's own profile
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
DISPLAY_P3 = np.array(
    [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def profile(space: bytes, tags: dict[bytes, bytes], name: str, pcs: bytes = b"XYZ ") -> bytes:
    """Write an ICC profile of version 2."""
    text = name.encode() + b"\0"
    described = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    white = b"XYZ " + bytes(4) + fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    tags = {b"desc": described, b"wtpt": white, b"cprt": b"text" + bytes(4) + b"none\0", **tags}
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    table, body = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        table += tag + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = bytes(8) + struct.pack(">I", 0x02400000) + kind + space + pcs + bytes(12)
    head += b"acsp" + bytes(28) + fixed(0.9642) + fixed(1.0) + fixed(0.8249) + bytes(48)
    whole = head[:128].ljust(128, b"\0") + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def of_matrix(matrix: np.ndarray, gamma: float, name: str) -> bytes:
    """Write a profile of three colours; gamma 0 is sRGB's own curve."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    if not gamma:
        steps = np.linspace(0, 1, 1024)
        linear = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
        values = np.rint(linear * 65535).astype(">u2").tobytes()
        curve = b"curv" + bytes(4) + struct.pack(">I", 1024) + values
    tags = {}
    for letter, column in zip(b"rgb", matrix.T, strict=True):
        values = b"".join(map(fixed, column))
        tags[bytes([letter]) + b"XYZ"] = b"XYZ " + bytes(4) + values
        tags[bytes([letter]) + b"TRC"] = curve
    return profile(b"RGB ", tags, name)


def of_gray(gamma: float) -> bytes:
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    return profile(b"GRAY", {b"kTRC": curve}, "linear grey")


def encode(linear: np.ndarray) -> np.ndarray:
    """Return linear values as sRGB, 0 to 255 (IEC 61966-2-1)."""
    linear = linear.clip(0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(curved * 255)


def to_srgb(values: np.ndarray, matrix: np.ndarray, gamma: float) -> np.ndarray:
    return encode((values / 255) ** gamma @ matrix.T @ np.linalg.inv(SRGB).T)


WIDE = of_matrix(DISPLAY_P3, 2.2, "Wide")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_a_wider_colour_space_becomes_srgb(kind: str) -> None:
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    options |= {"lossless": True} if kind == "WEBP" else {}
    found = decode(saved(Image.fromarray(COLOUR), kind, icc_profile=WIDE, **options))
    got, expected = np.asarray(found.image), to_srgb(COLOUR, DISPLAY_P3, 2.2)
    assert np.abs(got - expected).max() <= (8 if kind == "JPEG" else 2)
    assert np.abs(got.astype(int) - COLOUR).max() > 20
    assert found.remarks == ("colours were made sRGB (profile: Wide)",)


def test_transparency_and_palettes_keep_their_profile() -> None:
    shown = Image.fromarray(COLOUR).convert("RGBA")
    expected = to_srgb(COLOUR, DISPLAY_P3, 2.2)
    assert np.abs(read(saved(shown, "PNG", icc_profile=WIDE)) - expected).max() <= 2
    few = Image.fromarray(COLOUR).quantize(16)
    colors = np.asarray(few.convert("RGB"))
    got = read(saved(few, "PNG", icc_profile=WIDE))
    assert np.abs(got - to_srgb(colors, DISPLAY_P3, 2.2)).max() <= 2


def test_grey_stays_grey() -> None:
    found = decode(saved(Image.fromarray(RAMP), "PNG", icc_profile=of_gray(1.0)))
    assert found.image.mode == "L"
    assert np.abs(np.asarray(found.image) - encode(RAMP / 255)).max() <= 2
    assert found.remarks == ("colours were made sRGB (profile: linear grey)",)


def test_cmyk_goes_by_its_profile() -> None:
    # Lab at the 16 corners, cyan changing slowest: paper, and cyan alone, which is grey here
    corners = [{0: (255, 128, 128), 8: (128, 128, 128)}.get(n, (0, 128, 128)) for n in range(16)]
    ramp = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    table += b"".join(fixed(float(row == column)) for row in range(3) for column in range(3))
    table += ramp * 4 + bytes(value for corner in corners for value in corner) + ramp * 3
    made = profile(b"CMYK", {b"A2B0": table}, "ink", pcs=b"Lab ")
    image = Image.frombytes("CMYK", (2, 1), bytes([0, 0, 0, 0, 255, 0, 0, 0]))
    found = decode(saved(image, "TIFF", icc_profile=made))
    got = np.asarray(found.image)[0].astype(int)
    y = ((128 / 255 * 100 + 16) / 116) ** 3  # L* to linear
    assert np.abs(got[0] - 255).max() <= 2
    assert np.abs(got[1] - encode(np.array([y] * 3))).max() <= 3
    assert found.remarks == ("colours were made sRGB (profile: ink)",)


@pytest.mark.parametrize(
    "icc",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        of_matrix(SRGB, 0, "sRGB by hand"),
        of_gray(1.0),  # of another kind of image
        b"",
    ],
    ids=["sRGB", "by hand", "grey", "empty"],
)
def test_a_profile_that_changes_nothing_is_not_applied(icc: bytes) -> None:
    found = decode(saved(Image.fromarray(COLOUR), "PNG", icc_profile=icc))
    assert np.array_equal(np.asarray(found.image), COLOUR)
    assert found.remarks == ()


def test_a_damaged_profile_is_remarked_upon() -> None:
    found = decode(saved(Image.fromarray(COLOUR), "PNG", icc_profile=b"no profile at all"))
    assert np.array_equal(np.asarray(found.image), COLOUR)
    assert found.remarks == ("its colour profile is damaged and not applied",)


def test_a_profile_is_looked_at_once_for_all_images() -> None:
    data = saved(Image.fromarray(COLOUR), "JPEG", icc_profile=of_matrix(SRGB, 2.3, "once"))
    read(data)
    before = _find_conversion.cache_info()
    for _ in range(5):
        read(data)
    after = _find_conversion.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 5)


def test_conversions_are_counted(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for index in range(3):
            image = Image.fromarray(COLOUR + np.uint8(index))
            image.save(tmp_path / name / f"{index}.png", icc_profile=WIDE)
    images = load(find(tmp_path), Preprocess(3, 4, 4))
    assert len(images.remarks) == 6
    assert count_remarks(images.remarks) == (
        "6 images are odd but used: colours were made sRGB "
        "('a/0.png', 'a/1.png', 'a/2.png' and 3 more)",
    )
    assert images.notes[0] == count_remarks(images.remarks)[0]


def test_profiles_that_pillow_writes_are_those_that_were_given() -> None:
    with Image.open(io.BytesIO(saved(Image.fromarray(COLOUR), "PNG", icc_profile=WIDE))) as image:
        assert image.info["icc_profile"] == WIDE
