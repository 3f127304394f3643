"""Files that a decoder refuses although no pixel of them is damaged, as bytes that it takes."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib

from PIL import Image

PNG_START = b"\x89PNG\r\n\x1a\n"
END = b"\xff\xd9"  # of a JPEG
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # of a segment of a JPEG
_FILLINGS = (b"\x55", b"\xaa", b"\xfe", b"\x12\x34", b"\x00\x6d\xb6")
END_MISSING = "its last bytes are missing, but no pixel is"

MAX_COMMENT = 2**20  # bytes of a comment or profile once unpacked; Pillow takes no more
MAX_COMMENTS = 2**25  # of all together

_COMMENTS = {b"tEXt", b"zTXt", b"iTXt"}
# what a PNG is shown without as well; transparency and animation are no such chunks
_SPARED = {
    *_COMMENTS, b"iCCP", b"eXIf", b"tIME", b"pHYs", b"hIST", b"sPLT", b"bKGD", b"gAMA", b"cHRM",
    b"sRGB", b"sBIT",
}  # fmt: skip
_NAMED = {b"iCCP": "colour profile", b"eXIf": "EXIF data"}


def complete_jpeg(data: bytes) -> bytes | None:
    """Return a JPEG that is cut off with an end, where no pixel is missing; else None.

    Every scan that its frame needs must have begun; and whatever is put where the file is cut, the
    pixels must be the same, so that none depends on what is missing. The fillings differ in
    their first bits, and are long enough for the decoder to go by them.
    """
    if not _has_all_scans(data):
        return None
    body = data.removesuffix(b"\xff")
    whole = _digest(body + END)
    fillings = (pattern * 512 for pattern in _FILLINGS)
    if any(_digest(body + filling + END) != whole for filling in fillings):
        return None
    return body + END


def _has_all_scans(data: bytes) -> bool:
    """Return whether the scans of a JPEG bring every coefficient of every component to its end."""
    missing: dict[int, set[int]] = {}
    place = 2
    while found := _MARKER.search(data, place):
        start = found.start() + 2
        place = start + int.from_bytes(data[start : start + 2], "big")
        segment = data[start + 2 : place]
        if place >= len(data) or not segment:
            break
        if data[found.start() + 1] in (0xC0, 0xC1, 0xC2):
            missing = {component: set(range(64)) for component in segment[6::3]}
        elif data[found.start() + 1] == 0xDA:
            first, last, bits = segment[-3:]
            if not bits & 15:  # no bit is left for a later scan
                for component in segment[1 : 1 + 2 * segment[0] : 2]:
                    missing.get(component, set()).difference_update(range(first, last + 1))
    return bool(missing) and not any(missing.values())


def _digest(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return hashlib.blake2b(image.tobytes()).digest()


def spare_comments(data: bytes) -> tuple[bytes, tuple[str, ...]] | None:
    """Return a PNG without those comments and profiles that are damaged or too large, and which.

    None where it has no such: then it is something else that hinders. Of a comment that is only
    large nothing is said, as it is no part of the image.
    """
    kept, remarks, total = io.BytesIO(), list[str](), 0
    kept.write(PNG_START)
    place = len(PNG_START)
    while place + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        chunk = data[place : place + 12 + length]
        if len(chunk) < 12 + length and name in (*_SPARED, b"IEND"):
            break
        place += len(chunk)
        body, odd, what = chunk[8:-4], "", _NAMED.get(name, "comment")
        if name in _SPARED:
            (checksum,) = struct.unpack(">I", chunk[-4:])
            size = _unpacked(name, body)
            total += size
            checksum_wrong = zlib.crc32(chunk[4:-4]) != checksum
            if checksum_wrong:
                odd = "damaged (a wrong checksum)"
            elif size > MAX_COMMENT or total > MAX_COMMENTS:
                odd = "larger than 1 MiB"
        if odd:
            total -= size
            if checksum_wrong or what != "comment":
                remarks.append(f"its {what} is {odd} and left out")
        else:
            kept.write(chunk)
    if place < len(data):
        remarks.append(END_MISSING)
    mended = kept.getvalue()
    return (mended, tuple(dict.fromkeys(remarks))) if len(mended) < len(data) else None


def _unpacked(name: bytes, body: bytes) -> int:
    """Return how many bytes a comment or profile has once unpacked, but not far beyond the most."""
    packed = b""
    if name in (b"zTXt", b"iCCP"):
        packed = body.partition(b"\0")[2][1:]
    elif name == b"iTXt":
        flag, _, rest = body.partition(b"\0")[2].partition(b"\0")
        if flag[:1] == b"\1":
            packed = rest.partition(b"\0")[2].partition(b"\0")[2]
    if not packed:
        return len(body)
    try:
        return len(zlib.decompressobj().decompress(packed, MAX_COMMENT + 1))
    except zlib.error:
        return len(body)
