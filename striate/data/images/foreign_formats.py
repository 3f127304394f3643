"""Files that are not read, called by what they are, with what to do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import IO

from striate.data.images.tiff_directory import TiffDirectory

PNG_INSTEAD = "save it as PNG"
TIFF_HINT = 'pip install "striate[tiff]"'
_UNPACK = "not an image; unpack it"
_DRAWING = f"which only runs as a program; {PNG_INSTEAD}"
_PAGE = "a web page, not an image; perhaps a download that failed"
_RAW = "a camera's raw file ({}), not read, as its pixels are no finished image; develop it to JPEG"
_VIDEO = "a video, not an image; save its frames as PNG"

# How a file begins, or what stands at an offset, and what to say of it.
_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (128, b"DICM", f"a DICOM image; {PNG_INSTEAD}, all of them by one window"),
    (0, b"\xff\x0a", f"a JPEG XL image; {PNG_INSTEAD}"),
    (4, b"JXL \r\n\x87\n", f"a JPEG XL image; {PNG_INSTEAD}"),
    (0, b"II\xbc\x01", f"a JPEG XR image; {PNG_INSTEAD}"),
    (0, b"v/1\x01", f"an OpenEXR image; {PNG_INSTEAD}"),
    (0, b"#?RADIANCE", f"a Radiance HDR image; {PNG_INSTEAD}"),
    (0, b"#?RGBE", f"a Radiance HDR image; {PNG_INSTEAD}"),
    (0, b"PF\n", f"a PFM image of coloured floats; {PNG_INSTEAD}"),
    (0, b"P7\n", f"a PAM image; {PNG_INSTEAD}"),
    (0, b"farbfeld", f"a farbfeld image; {PNG_INSTEAD}"),
    (0, b"BLP1", f"a texture of games (BLP); {PNG_INSTEAD}"),
    (0, b"BLP2", f"a texture of games (BLP); {PNG_INSTEAD}"),
    (0, b"BPG\xfb", f"a BPG image; {PNG_INSTEAD}"),
    (0, b"FLIF", f"a FLIF image; {PNG_INSTEAD}"),
    (0, b"gimp xcf", f"a drawing of GIMP's (XCF); {PNG_INSTEAD}"),
    (0, b"AT&TFORM", f"a DjVu document; {PNG_INSTEAD}"),
    (0, b"DDS |\0", f"a DDS texture of an unknown kind; {PNG_INSTEAD}"),
    (0, b"NRRD000", f"an NRRD volume; {PNG_INSTEAD}, a file a slice"),
    (344, b"n+1\0", f"a NIfTI volume; {PNG_INSTEAD}, a file a slice"),
    (
        0,
        b"\x93NUMPY",
        "an array of NumPy's (.npy); save it as PNG, or all in one .npz",
    ),
    (0, b"\x89HDF\r\n\x1a\n", f"an HDF5 file, not an image; {PNG_INSTEAD}, a file an image"),
    (0, b"MATLAB 5.0 MAT", f"a file of MATLAB's, not an image; {PNG_INSTEAD}, a file an image"),
    (0, b"PAR1", "a parquet table, not an image"),
    (4, b"ftypcrx ", _RAW.format("Canon CR3")),
    (8, b"CR\x02\0", _RAW.format("Canon CR2")),
    (6, b"HEAPCCDR", _RAW.format("Canon CRW")),
    (0, b"FUJIFILMCCD-RAW", _RAW.format("Fujifilm RAF")),
    (0, b"FOVb", _RAW.format("Sigma X3F")),
    (0, b"IIRO", _RAW.format("Olympus ORF")),
    (0, b"IIRS", _RAW.format("Olympus ORF")),
    (0, b"MMOR", _RAW.format("Olympus ORF")),
    (0, b"IIU\0", _RAW.format("Panasonic RW2")),
    (0, b"\0MRM", _RAW.format("Minolta MRW")),
    (4, b"ftypisom", _VIDEO),
    (4, b"ftypmp4", _VIDEO),
    (4, b"ftypqt  ", _VIDEO),
    (8, b"AVI ", _VIDEO),
    (0, b"\x1aE\xdf\xa3", _VIDEO),
    (0, b"%!PS", f"PostScript (EPS), {_DRAWING}"),
    (0, b"\xc5\xd0\xd3\xc6", f"PostScript (EPS), {_DRAWING}"),
    (0, b"%PDF", "a PDF document, not an image; export its pages as PNG"),
    (0, b"\xd7\xcd\xc6\x9a", f"a Windows metafile (WMF), a drawing and not pixels; {PNG_INSTEAD}"),
    (0, b"PK\x03\x04", "a zip file, not an image; give it as the data, or unpack it"),
    (0, b"\x1f\x8b", f"a gzip file, {_UNPACK}"),
    (0, b"BZh", f"a bzip2 file, {_UNPACK}"),
    (0, b"\xfd7zXZ\0", f"an xz file, {_UNPACK}"),
    (0, b"7z\xbc\xaf\x27\x1c", f"a 7z archive, {_UNPACK}"),
    (0, b"Rar!\x1a", f"a RAR archive, {_UNPACK}"),
    (257, b"ustar", f"a tar archive, {_UNPACK}"),
    (0, b"\x89PNG\r\n\x1a\n", "a damaged PNG: its header cannot be read"),
    (0, b"\xff\xd8\xff", "a damaged JPEG: its header cannot be read"),
    (0, b"GIF8", "a damaged GIF: its header cannot be read"),
    (8, b"WEBP", "a damaged WebP: its header cannot be read"),
    (4, b"jP  \r\n\x87\n", "a damaged JPEG 2000: its header cannot be read"),
    (0, b"8BPS", f"a Photoshop file of a kind that is not read, or damaged; {PNG_INSTEAD}"),
    (0, b"II*\0", "a damaged TIFF: its header cannot be read"),
    (0, b"MM\0*", "a damaged TIFF: its header cannot be read"),
)

_TEXTS: tuple[tuple[bytes, str], ...] = (
    (b"<?xml", f"an XML or SVG text, not an image of pixels; {PNG_INSTEAD}"),
    (b"<svg", f"an SVG drawing, not an image of pixels; {PNG_INSTEAD}"),
    (b"<!doctype html", _PAGE),
    (b"<html", _PAGE),
    (b"version https://git-lfs", "a Git LFS pointer, not the image; run: git lfs pull"),
)

RAW_ENDINGS = {
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".k25", ".kdc", ".mef",
    ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf",
    ".srw", ".x3f",
}  # fmt: skip

_JPEG_KINDS = {0xC3: "lossless", 0xC7: "lossless", 0xCB: "lossless", 0xCF: "lossless"}
_HIERARCHICAL = {0xC5, 0xC6, 0xCD, 0xCE}


def name_format(stream: IO[bytes], start: bytes) -> str:
    """Return what a file is that no decoder takes, and what to do, in one line.

    Args:
        stream: the file.
        start: its first bytes.
    """
    if kind := name_jpeg(stream):
        return kind
    stream.seek(0)
    beginning = stream.read(512)
    for offset, sign, reason in _SIGNS:
        if beginning.startswith(sign, offset):
            return reason
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for sign, reason in _TEXTS:
        if text.startswith(sign):
            return reason
    if start.count(0) == len(start):
        return "nothing but zeros where an image should begin"
    return "not an image in a format that can be read, or damaged at its very start"


def name_camera_raw(tiff: TiffDirectory, start: bytes, ending: str) -> str:
    """Return what to say of a TIFF that is a camera's raw file, or "".

    Args:
        tiff: its first directory.
        start: its first bytes.
        ending: of the file's name, as a raw file is often a TIFF that says no more of itself.
    """
    if start.startswith(b"CR\x02\0", 8):
        return _RAW.format("Canon CR2")
    if tiff.is_raw or ending.lower() in RAW_ENDINGS:
        return _RAW.format(ending.lower() if ending.lower() in RAW_ENDINGS else "DNG or the like")
    return ""


def name_jpeg(stream: IO[bytes]) -> str:
    """Return what to say of a JPEG of a kind that is not decoded, or ""."""
    stream.seek(0)
    if stream.read(2) != b"\xff\xd8":
        return ""
    for marker, precision in itertools.islice(_frames(stream), 1):
        instead = f"{PNG_INSTEAD}, or as a JPEG of 8 bits, baseline or progressive"
        if marker == 0xF7:
            return f"a JPEG-LS image; {instead}"
        if marker in _JPEG_KINDS:
            return f"a lossless JPEG of {precision} bits; {instead}"
        if marker in _HIERARCHICAL:
            return f"a hierarchical JPEG; {instead}"
        if precision != 8:
            return f"a JPEG of {precision} bits; {instead}"
    return ""


def _frames(stream: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Return the marker and the precision of each frame of a JPEG, from its headers."""
    place = 2
    while True:
        stream.seek(place)
        head = stream.read(5)
        if len(head) < 5 or head[0] != 0xFF:
            return
        marker = head[1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            yield marker, head[4]
        if marker in (0xD9, 0xDA):
            return
        place += 1 if marker == 0xFF else 2 + int.from_bytes(head[2:4], "big")
