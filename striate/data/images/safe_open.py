"""Open an image file without trusting it: what it is, how large it is, nothing decoded yet.

The content decides, never the ending. Pillow is given an explicit list of formats, so that
nothing that runs another program or opens another file is ever tried. Sizes are checked
before a pixel is decoded, also where a format hides an image inside an image. No setting
of Pillow is changed.
"""

from __future__ import annotations

import functools
import io
import itertools
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast

from PIL import Image, UnidentifiedImageError

from striate.data.images.damaged_files import UNREADABLE, convert_errors, one_line
from striate.data.images.foreign_formats import name_camera_raw, name_format
from striate.data.images.left_out import MAX_BOX, note_animated_gif, note_heic_turn
from striate.data.images.mended_files import PNG_START, spare_comments
from striate.data.images.size_limits import (
    MAX_BYTES,
    MAX_PIXELS,
    MAX_SLOW_PIXELS,
    check_pixels,
)
from striate.data.images.tiff_array import TiffArray, open_tiff_array
from striate.data.images.tiff_directory import MAGIC, TiffDirectory, read_tiff_directory
from striate.errors import ImageError

# In the order they are tried. Left out on purpose: EPS (runs Ghostscript); WMF (runs a drawing
# engine); BUFR, GRIB, HDF5 and MPEG (only recognised, never decoded); IPTC, FPX and MIC (hold
# images of any format within); IM, IMT, MCIDAS, PCD, SPIDER and XVTHUMB (no signature worth
# the name: text and data files would pass for images); GBR (brushes); BLP
# and FTEX (textures of games, decoded by Python code that a small file can keep busy for seconds).
FORMATS = (
    "JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "QOI", "ICO", "ICNS",
    "CUR", "DIB", "PSD", "SGI", "SUN", "PCX", "DCX", "DDS", "FITS", "FLI", "MSP",
    "PIXAR", "XBM", "XPM",
)  # fmt: skip

# The first four need no other module of Pillow than these; all modules take a tenth of the time
# in which one image is classified.
USUAL = FORMATS[:4]
USUAL_STARTS = (b"\xff\xd8\xff", PNG_START, b"GIF8", b"BM")

MAX_WITHIN = 256  # images within one icon

TILE_WIDTH, TILE_LENGTH = 322, 323  # tags of TIFF

TGA_ENDINGS = {".tga", ".icb", ".vda", ".vst"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
HEIF_HINT = 'a HEIC image; to read these: pip install "striate[heic]"'


def open_file(path: Path) -> IO[bytes]:
    """Open an ordinary file of sensible size; a pipe or a device would wait for ever."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            if stat.S_ISDIR(status.st_mode):
                raise ImageError(_about_folder(path))
            raise ImageError("a pipe, device or socket, not a file")
        if status.st_size == 0:
            raise ImageError("the file is empty")
        if status.st_size > MAX_BYTES:
            raise ImageError(f"{status.st_size:,} bytes, above the limit of {MAX_BYTES:,}")
        return path.open("rb")
    except FileNotFoundError as error:
        raise ImageError(_about_missing(path)) from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or one_line(error)
        raise ImageError(f"the file cannot be opened: {reason}") from error


def _about_missing(path: Path) -> str:
    address = re.match(r"(https?|ftp|s3|gs|file|data):", str(path))
    if address:
        return "an address, and files are expected here; download it first and give the file"
    return "there is no such file"


def _about_folder(path: Path) -> str:
    """Tell a folder given as an image from one that may not be looked into."""
    try:
        next(path.iterdir(), None)
    except OSError as error:
        return f"the folder cannot be opened: {error.strerror}"
    return "a folder, not a file"


@dataclass(frozen=True)
class Opened:
    """A file whose header is read, and whose pixels are not decoded yet.

    Attributes:
        image: as Pillow has opened it, or what tifffile will read.
        tiff: what a TIFF says of itself.
        remarks: what was odd about the file but did not hinder.
    """

    image: Image.Image | TiffArray
    tiff: TiffDirectory | None = None
    remarks: tuple[str, ...] = ()


def open_image(stream: IO[bytes], ending: str = "") -> Opened:
    """Identify an image and read its header; the caller closes the stream.

    Args:
        stream: the file's bytes.
        ending: of the file's name; asked only for TGA, which has no signature, and for camera raws.

    Raises:
        ImageError: with the reason, in one line.
    """
    start = stream.read(64)
    if not start:
        raise ImageError("the file is empty")
    if start[4:8] == b"ftyp" and _is_heif(start):
        return _open_heif(stream)
    tiff = _read_tiff(stream, start, ending)
    if tiff is not None and tiff.is_garbled:
        return Opened(open_tiff_array(stream, tiff), tiff)
    more = ("TGA",) if ending.lower() in TGA_ENDINGS or _has_tga_footer(stream) else ()
    with convert_errors("its header is damaged"):
        _check_inner_sizes(stream, start)
        stream.seek(0)
        opened = _identify(stream, start, more, tiff)
    if isinstance(opened.image, Image.Image):
        _check_sizes(opened.image)
    return opened


def _read_tiff(stream: IO[bytes], start: bytes, ending: str) -> TiffDirectory | None:
    if start[:4] not in MAGIC:
        return None
    with convert_errors("its header is damaged"):
        tiff = read_tiff_directory(stream, start)
    raw = "" if tiff is None else name_camera_raw(tiff, start, ending)
    if raw:
        raise ImageError(raw)
    return tiff


def _identify(
    stream: IO[bytes], start: bytes, more: tuple[str, ...], tiff: TiffDirectory | None
) -> Opened:
    """Have Pillow open it, or tifffile; a PNG also without the comments that hinder.

    Args:
        stream: at its start.
        start: its first bytes.
        more: formats to try after `FORMATS`.
        tiff: what a TIFF says of itself.
    """
    remarks: tuple[str, ...] = ()
    try:
        if start.startswith(b"GIF8"):
            remarks = note_animated_gif(stream.read(1024))
            stream.seek(0)
        return Opened(_open_by_pillow(stream, start, more), tiff, remarks)
    except (UnidentifiedImageError, ValueError) as error:
        if start.startswith(PNG_START):
            stream.seek(0)
            if mended := spare_comments(stream.read()):
                return replace(open_image(io.BytesIO(mended[0])), remarks=mended[1])
        if not isinstance(error, UnidentifiedImageError):
            raise
        if tiff is not None:
            return Opened(open_tiff_array(stream, tiff), tiff)
        raise ImageError(name_format(stream, start)) from error


def _open_by_pillow(stream: IO[bytes], start: bytes, more: tuple[str, ...]) -> Image.Image:
    if start.startswith(USUAL_STARTS):
        with suppress(UnidentifiedImageError):
            return Image.open(stream, formats=USUAL)
        stream.seek(0)
    return Image.open(stream, formats=(*_formats(), *more))


def _check_sizes(image: Image.Image) -> None:
    check_pixels(image.size)
    tiles = getattr(image, "tile", None)
    if tiles and tiles[0][0] in Image.DECODERS and image.width * image.height > MAX_SLOW_PIXELS:
        raise ImageError(
            f"{image.width * image.height:,} pixels of a {image.format} that is slow to decode, "
            f"above the limit of {MAX_SLOW_PIXELS:,}; save it as PNG"
        )
    if image.format == "TIFF":  # a tile may be larger than its image
        tags = cast("dict[int, int]", getattr(image, "tag_v2", {}))
        check_pixels((tags.get(TILE_WIDTH, 1), tags.get(TILE_LENGTH, 1)))


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return the allowed formats that this build of Pillow knows."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _has_tga_footer(stream: IO[bytes]) -> bool:
    length = stream.seek(0, io.SEEK_END)
    if length < 44:
        return False
    stream.seek(length - 18)
    return stream.read(18) == b"TRUEVISION-XFILE.\0"


# Some formats allocate or decode when they are opened, or hold an image whose size is not the
# one announced: their sizes are read here first, from the bytes.


def _check_inner_sizes(stream: IO[bytes], start: bytes) -> None:
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        _check_webp(start)
    elif start[:4] == b"icns":
        for offset, length in itertools.islice(_icns_blocks(stream), MAX_WITHIN):
            stream.seek(offset)
            _check_within(stream.read(min(length, 4096)), ("PNG", "JPEG2000"))
    elif start[:4] in (b"\0\0\1\0", b"\0\0\2\0"):
        count = int.from_bytes(start[4:6], "little")
        if count > MAX_WITHIN:
            raise ImageError(f"an icon of {count:,} images, above the limit of {MAX_WITHIN}")
        stream.seek(6)
        table = stream.read(16 * count)
        for entry in range(len(table) // 16):
            stream.seek(struct.unpack_from("<I", table, 16 * entry + 12)[0])
            _check_within(stream.read(4096), ("PNG", "DIB"))


def _check_webp(start: bytes) -> None:
    if start[12:16] == b"VP8X" and len(start) >= 30:
        columns = int.from_bytes(start[24:27], "little") + 1
        check_pixels((columns, int.from_bytes(start[27:30], "little") + 1))
    elif start[12:16] == b"VP8L" and len(start) >= 25:
        bits = int.from_bytes(start[21:25], "little")
        check_pixels(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
    elif start[12:16] == b"VP8 " and len(start) >= 30:
        columns, rows = struct.unpack_from("<HH", start, 26)
        if columns & 0x3FFF and rows & 0x3FFF:
            check_pixels((columns & 0x3FFF, rows & 0x3FFF))


def _icns_blocks(stream: IO[bytes]) -> Iterator[tuple[int, int]]:
    offset = 8
    while True:
        stream.seek(offset)
        head = stream.read(8)
        length = int.from_bytes(head[4:8], "big")
        if len(head) < 8 or length <= 8:
            return
        yield offset + 8, length - 8
        offset += length


def _check_within(beginning: bytes, formats: tuple[str, ...]) -> None:
    allowed = tuple(name for name in formats if name in _formats())
    try:
        with Image.open(io.BytesIO(beginning), formats=allowed) as inner:
            check_pixels(inner.size)
    except Image.DecompressionBombError as error:
        raise ImageError(f"more pixels than the limit of {MAX_PIXELS:,}") from error
    except UNREADABLE:
        return  # not an image by itself; opening the whole file judges it


def _is_heif(start: bytes) -> bool:
    end = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[8:12], *(start[place : place + 4] for place in range(16, end, 4))}
    return bool(brands & HEIF_BRANDS) and not brands & {b"avif", b"avis"}


def _open_heif(stream: IO[bytes]) -> Opened:
    try:
        import pillow_heif
    except ImportError:
        raise ImageError(HEIF_HINT) from None
    stream.seek(0)
    with convert_errors("its HEIC header is damaged"):
        image: Image.Image = pillow_heif.HeifImageFile(stream)  # type: ignore[no-untyped-call]
    check_pixels(image.size)
    image.info.pop("exif", None)  # it is turned while it is decoded, as HEIC itself says
    image.info.pop("xmp", None)
    orientation = image.info.get("original_orientation") or 1
    stream.seek(0)
    beginning = stream.read(MAX_BOX) if orientation > 1 else b""
    return Opened(image, remarks=note_heic_turn(orientation, beginning))
