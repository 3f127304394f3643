"""What is in an image file and is not used: further pages, frames and bands, a turn in EXIF."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import Image

from striate.data.images.tiff_directory import TiffDirectory

_WITH_FRAMES = ("PNG", "WEBP", "AVIF", "FLI", "DCX")  # whose headers count them
_HEIC_TURNS = {3: 2, 6: 3, 8: 1}  # an EXIF orientation, and the quarter turns that HEIC has for it
MAX_BOX = 2**20  # bytes of the boxes before an image that are looked at


def note_left_out(image: Image.Image, tiff: TiffDirectory | None, said: list[str]) -> None:
    """Say what of a file is not in the one image that is used.

    Args:
        image: as Pillow has opened it.
        tiff: what a TIFF says of itself.
        said: is told.
    """
    if tiff is not None:
        if tiff.pages > 1:
            said.append(f"the first of its {tiff.pages:,} pages is used")
        if tiff.left_out:
            said.append(f"{tiff.left_out} of its {tiff.samples} bands left out")
    elif image.format in _WITH_FRAMES:
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            said.append(f"the first of its {frames:,} frames is used")


def note_animated_gif(beginning: bytes) -> tuple[str, ...]:
    """Return what to say of a GIF that repeats, which only animations do."""
    animated = beginning.startswith(b"GIF8") and b"NETSCAPE2.0" in beginning
    return ("the first of its frames is used",) if animated else ()


def note_heic_turn(orientation: int, beginning: bytes) -> tuple[str, ...]:
    """Return what to say of a HEIC file whose EXIF orientation contradicts its own turns.

    HEIC's own count. A file that was turned without its EXIF data, or whose EXIF data came from
    another file, has both.

    Args:
        orientation: EXIF's, 1 to 8.
        beginning: of the file, with all its boxes before the image itself.
    """
    if orientation == 1:
        return ()
    turns = list(_heic_turns(beginning))
    angles = [value & 3 for name, value in turns if name == b"irot"]
    expected = _HEIC_TURNS.get(orientation)
    agrees = bool(turns) if expected is None else expected in angles
    if agrees:
        return ()
    return (f"its EXIF orientation {orientation} is not followed: HEIC's own turn counts",)


def _heic_turns(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Return the turns (irot) and mirrorings (imir) among the properties of a HEIC file."""
    for name, meta in _boxes(data):
        if name != b"meta":
            continue
        for inner, properties in _boxes(meta[4:]):
            if inner != b"iprp":
                continue
            for kind, listed in _boxes(properties):
                if kind == b"ipco":
                    for each, value in _boxes(listed):
                        if each in (b"irot", b"imir") and value:
                            yield each, value[0]


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        if length < 8:
            return
        yield name, data[place + 8 : place + length]
        place += length
