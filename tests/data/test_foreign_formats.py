"""Files that are valid and not read are called by their names; with the extra `tiff`, some are."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from made_files import COLOUR, RAMP, chunk, png, refused, saved
from PIL import Image

from striate.data.images import ValueRanges, decode, find_extremes, measure, read
from striate.errors import ImageError

HAS_TIFFFILE = True
try:
    import tifffile
except ImportError:
    HAS_TIFFFILE = False
needs_tifffile = pytest.mark.skipif(not HAS_TIFFFILE, reason="needs the extra tiff")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("c.cr3", "a camera's raw file (Canon CR3)"),
        ("d.dcm", "a DICOM image; save it as PNG"),
        ("e.exr", "an OpenEXR image; save it as PNG"),
        ("j.jxl", "a JPEG XL image; save it as PNG"),
        ("n.npy", "an array of NumPy's (.npy); save it as PNG, or all in one .npz"),
    ],
)
def test_a_valid_file_of_another_format_is_called_by_its_name(
    file: str, said: str, shared: Callable[[str], Path]
) -> None:
    assert refused(shared("cases/15-tiff-kinds") / file).startswith(said)


@pytest.mark.parametrize(
    ("beginning", "said"),
    [
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "a Radiance HDR image"),
        (b"P7\nWIDTH 4\n", "a PAM image"),
        (b"farbfeld" + bytes(16), "a farbfeld image"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image"),
        (b"II\xbc\x01" + bytes(8), "a JPEG XR image"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file, not an image"),
        (bytes(344) + b"n+1\0", "a NIfTI volume"),
        (bytes(257) + b"ustar", "a tar archive, not an image"),
        (b"\0\0\0\x20ftypisom", "a video, not an image"),
        (b"IIRO" + bytes(60), "a camera's raw file (Olympus ORF)"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "a camera's raw file (Canon CR2)"),
        (b"GIF8" + bytes(9), "a damaged GIF"),
        (bytes(600), "nothing but zeros where an image should begin"),
    ],
)
def test_formats_are_known_by_how_they_begin(beginning: bytes, said: str) -> None:
    assert refused(beginning).startswith(said)


TIFF_KINDS = [
    ("f16.tif", "a TIFF of grey in 16-bit floats"),
    ("f64.tif", "a TIFF of grey in 64-bit floats"),
    ("rgbf.tif", "a TIFF of RGB in 32-bit floats"),
    ("five.tif", "a TIFF of 5 bands in 8-bit whole numbers"),
]


@pytest.mark.parametrize(("file", "said"), TIFF_KINDS)
def test_a_tiff_that_needs_tifffile_says_so(
    file: str, said: str, shared: Callable[[str], Path]
) -> None:
    """Without the extra, which is hidden here from a process of its own."""
    path = shared("cases/15-tiff-kinds") / file
    reason = without_tifffile(path)
    assert reason == f'{said}; save it as PNG, or to read it: pip install "striate[tiff]"'


def without_tifffile(path: Path) -> str:
    program = (
        "import sys; sys.modules['tifffile'] = None\n"
        "from striate.data.images import read\n"
        "from striate.errors import ImageError\n"
        "try: print(read(sys.argv[1]).shape)\n"
        "except ImageError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@needs_tifffile
def test_floats_and_many_bands_are_read_with_tifffile(shared: Callable[[str], Path]) -> None:
    folder = shared("cases/15-tiff-kinds")
    for name in ("f16.tif", "f64.tif", "rgbf.tif"):
        values = tifffile.imread(folder / name).astype(np.float64)
        got = read(folder / name).squeeze()
        low, high = (0.0, 1.0) if values.max() <= 1 else (values.min(), values.max())
        assert np.abs(got - (values - low) * 255 / (high - low)).max() <= 0.51, name
        assert measure(folder / name).deep
    five = decode(folder / "five.tif")
    bands = tifffile.imread(folder / "five.tif")
    bands = bands if bands.shape[-1] == 5 else np.moveaxis(bands, 0, -1)
    assert np.array_equal(np.asarray(five.image), bands[..., :3])
    assert five.remarks == ("the first 3 of its 5 bands are taken as red, green and blue",)


@needs_tifffile
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bands", [3, 4])
def test_planar_16_bit_colour_is_read_with_tifffile(
    order: Literal["<", ">"], bands: int, tmp_path: Path
) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (9, 13, bands)).astype(np.uint16)
    if bands == 4:
        values[..., 3] = 65535
    file = tmp_path / "planar.tif"
    planes = np.ascontiguousarray(np.moveaxis(values, 2, 0))
    tifffile.imwrite(
        file, planes, photometric="rgb", planarconfig="separate", byteorder=order,
        extrasamples=["unassalpha"] * (bands - 3),
    )  # fmt: skip
    assert np.array_equal(read(file), np.rint(values[..., :3] / 257))
    ranges = ValueRanges(integers=(0.0, 4095.0))
    expected = np.floor(values[..., :3] * (255 / 4095) + 0.5)
    assert np.array_equal(read(file, ranges=ranges), expected)
    found = find_extremes(file)
    assert found is not None
    assert (found.low, found.high) == (values[..., :3].min(), values[..., :3].max())
    assert "RGB in 16-bit whole numbers, plane by plane" in without_tifffile(file)


@needs_tifffile
def test_eight_bits_with_a_sign_keep_it(tmp_path: Path) -> None:
    file = tmp_path / "signed.tif"
    tifffile.imwrite(file, np.array([[-128, -1, 0, 127]], np.int8))
    assert "grey in 8-bit signed whole numbers" in without_tifffile(file)
    assert read(file)[0, :, 0].tolist() == [0, 127, 128, 255]


def planar_tiff(values: np.ndarray) -> bytes:
    """Write uint16 (3, rows, columns) as a TIFF, plane by plane, by hand."""
    body, count = values.astype("<u2").tobytes(), values[0].size * 2
    at = 8 + len(body)
    entries = [
        (256, 4, 1, values.shape[2]), (257, 4, 1, values.shape[1]), (258, 3, 3, at),
        (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 3, at + 6), (277, 3, 1, 3),
        (278, 4, 1, values.shape[1]), (279, 4, 3, at + 18), (284, 3, 1, 2),
    ]  # fmt: skip
    data = struct.pack("<3H", 16, 16, 16)
    data += struct.pack("<3I", 8, 8 + count, 8 + 2 * count) + struct.pack("<3I", *[count] * 3)
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return struct.pack("<2sHI", b"II", 42, at + len(data)) + body + data + directory


def test_planar_16_bit_colour_is_never_noise(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (3, 9, 13)).astype(np.uint16)
    file = tmp_path / "planar.tif"
    file.write_bytes(planar_tiff(values))
    with Image.open(file) as image:  # the fault of Pillow's that this is about
        wrong = np.asarray(image) != np.moveaxis(values >> 8, 0, -1)
    assert wrong.mean() > 0.9, "Pillow reads it now: it need not be refused any more"
    assert without_tifffile(file).startswith("a TIFF of RGB in 16-bit whole numbers, plane by")
    if HAS_TIFFFILE:
        assert np.array_equal(read(file), np.rint(np.moveaxis(values, 0, -1) / 257))


def jpeg(marker: int, precision: int) -> bytes:
    frame = struct.pack(">HBHHB", 11, precision, 16, 16, 1) + b"\x01\x11\0"
    scan = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + bytes(20)
    return b"\xff\xd8\xff\xfe\0\x04ab\xff" + bytes([marker]) + frame + scan + b"\xff\xd9"


@pytest.mark.parametrize(
    ("marker", "precision", "said"),
    [
        (0xC1, 12, "a JPEG of 12 bits"),
        (0xC3, 8, "a lossless JPEG of 8 bits"),
        (0xC3, 16, "a lossless JPEG of 16 bits"),
        (0xF7, 8, "a JPEG-LS image"),
        (0xC5, 8, "a hierarchical JPEG"),
    ],
)
def test_kinds_of_jpeg_that_are_not_read_are_named(marker: int, precision: int, said: str) -> None:
    assert refused(jpeg(marker, precision)) == (
        f"{said}; save it as PNG, or as a JPEG of 8 bits, baseline or progressive"
    )


def test_camera_raws_are_refused_by_name(shared: Callable[[str], Path], tmp_path: Path) -> None:
    said = "a camera's raw file ({}), not read, as its pixels are no finished image"
    raw = shared("cases/17-tiff-first-page/dng/a/p0.dng")
    assert refused(raw).startswith(said.format(".dng"))
    assert refused(raw.read_bytes()).startswith(said.format("DNG or the like"))
    plain = saved(Image.fromarray(COLOUR), "TIFF")
    (tmp_path / "a.NEF").write_bytes(plain)
    assert refused(tmp_path / "a.NEF").startswith(said.format(".nef"))
    for sign, name in (
        (b"FUJIFILMCCD-RAW 0201", "Fujifilm RAF"),
        (b"FOVb" + bytes(60), "Sigma X3F"),
    ):
        assert refused(sign).startswith(said.format(name))


def test_an_address_is_no_file() -> None:
    assert refused("https://example.com/cat.jpg") == (
        "an address, and files are expected here; download it first and give the file"
    )
    assert refused("nothing.jpg") == "there is no such file"


@pytest.mark.parametrize("name", ["icc", "itxt", "ztxt"])
def test_a_png_with_large_comments_is_read(name: str, shared: Callable[[str], Path]) -> None:
    folder = shared("cases/14-png-large-metadata")
    found = decode(folder / f"{name}.png")
    assert found.image.size == (32, 32)
    assert len({np.asarray(decode(each).image).tobytes() for each in folder.iterdir()}) == 1
    left_out = ("its colour profile is larger than 1 MiB and left out",)
    assert found.remarks == (left_out if name == "icc" else ())


def test_comments_of_a_png_never_hinder(shared: Callable[[str], Path]) -> None:
    found = decode(shared("cases/24-jpeg-without-its-end/crc.png"))
    assert found.remarks == ("its comment is damaged (a wrong checksum) and left out",)
    assert found.image.size == (32, 32)
    rows = b"".join(b"\0" + row.tobytes() for row in COLOUR)
    whole = png(256, 4, depth=8, colour=2, data=rows)
    large = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3 * 2**20)))
    for data in (whole[:33] + large + whole[33:], whole[:-12] + large + whole[-12:]):
        assert np.array_equal(read(data), COLOUR)
    turned = Image.Exif()
    turned[0x0112] = 3
    data = saved(Image.fromarray(COLOUR), "PNG", exif=turned)
    assert np.array_equal(read(data[:33] + large + data[33:]), COLOUR[::-1, ::-1])


@pytest.mark.parametrize("missing", [1, 4, 6, 9, 12])
def test_a_png_without_its_end_is_used(missing: int) -> None:
    rows = b"".join(b"\0" + row.tobytes() for row in COLOUR)
    whole = png(256, 4, depth=8, colour=2, data=rows)
    text = chunk(b"tEXt", b"Comment\0" + bytes(40))
    for data in (whole[:-missing], whole[:-12] + text[: -missing - 4]):
        found = decode(data)
        assert np.array_equal(np.asarray(found.image), COLOUR)
        assert set(found.remarks) <= {"its last bytes are missing, but no pixel is"}
    assert "the file ends too early" in refused(whole[:-40])


def test_a_png_whose_header_is_damaged_is_called_one() -> None:
    data = bytearray(png(4, 1, depth=8, colour=0, data=b"\0abcd"))
    data[20] ^= 1  # within IHDR
    assert refused(bytes(data)) == "a damaged PNG: its header cannot be read"


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("image", [COLOUR, RAMP])
def test_a_jpeg_without_its_end_is_used_where_no_pixel_is_missing(
    progressive: bool, image: np.ndarray
) -> None:
    whole = saved(Image.fromarray(image), "JPEG", quality=90, progressive=progressive)
    for missing in (1, 2):
        found = decode(whole[:-missing])
        assert np.array_equal(np.asarray(found.image), read(whole).squeeze())
        assert found.remarks == ("its last bytes are missing, but no pixel is",)
    for missing in range(3, 12):  # the last bytes may say nothing of a pixel that is shown
        try:
            got = read(whole[:-missing])
        except ImageError as error:
            assert "the file ends too early" in str(error)
        else:
            assert np.array_equal(got, read(whole)), missing
    for missing in (40, 100, len(whole) // 2):  # here it does
        assert "the file ends too early" in refused(whole[:-missing])


def test_a_progressive_jpeg_without_its_last_scan_is_refused() -> None:
    whole = saved(Image.fromarray(COLOUR), "JPEG", quality=90, progressive=True)
    last = whole.rindex(b"\xff\xda")
    with Image.open(io.BytesIO(whole[:last] + b"\xff\xd9")) as image:
        assert not np.array_equal(np.asarray(image), read(whole))  # coarser, and nothing says so
    for place in (last, last + 1, last + 5):
        assert "the file ends too early" in refused(whole[:place])


def test_the_jpeg_of_a_public_report_is_read(shared: Callable[[str], Path]) -> None:
    file = shared("cases/24-jpeg-without-its-end/c.jpg")
    with Image.open(io.BytesIO(file.read_bytes() + b"\xff\xd9")) as image:
        expected = np.asarray(image)
    assert np.array_equal(read(file), expected)
