"""What a TIFF says of itself, read from its directories before any library opens it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

MAGIC = {b"II*\0": ("<", 4), b"MM\0*": (">", 4), b"II+\0": ("<", 8), b"MM\0+": (">", 8)}
_WIDTHS = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8}  # bytes of a number of the types that are read
_LETTERS = {1: "B", 2: "H", 4: "I", 8: "Q"}

MOST_PAGES = 10_000  # directories that are followed
MOST_TAGS = 4096  # in a directory
MOST_NUMBERS = 64  # of a tag; the first of them are kept

SUBFILE, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES = 254, 258, 259, 262, 277
PLANAR, SUB_DIRECTORIES, EXTRA, FORMAT, DNG_VERSION = 284, 330, 338, 339, 50706

Tags = dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class TiffDirectory:
    """The first directory of a TIFF, and how many pages follow it.

    Attributes:
        tags: the whole numbers of each tag; others are left out.
        pages: of full size, without masks and smaller copies; 1 where there is one alone.
    """

    tags: Tags
    pages: int

    def first(self, tag: int, default: int) -> int:
        """Return a tag's first number."""
        return self.tags.get(tag, (default,))[0]

    @property
    def bits(self) -> int:
        """The bits of a value."""
        return max(self.tags.get(BITS, (1,)))

    @property
    def samples(self) -> int:
        """The values of a pixel."""
        return self.first(SAMPLES, 1)

    @property
    def left_out(self) -> int:
        """How many bands are no grey, colour or transparency, as near infrared is none."""
        colors = {2: 3, 5: 4, 6: 3, 8: 3}.get(self.first(PHOTOMETRIC, 1), 1)
        alpha = bool(self.tags.get(EXTRA, (0,))[0] in (1, 2)) and self.samples > colors
        return max(0, self.samples - colors - alpha)

    @property
    def is_raw(self) -> bool:
        """Whether it is a camera's raw file, whose first image is a thumbnail."""
        thumbnail = self.first(SUBFILE, 0) & 1 and SUB_DIRECTORIES in self.tags
        return DNG_VERSION in self.tags or bool(thumbnail) or self.first(PHOTOMETRIC, 1) == 32803

    @property
    def is_complete(self) -> bool:
        """Whether it says how large the image is and where its pixels are."""
        return {256, 257} <= set(self.tags) and bool({273, 324} & set(self.tags))

    @property
    def is_garbled(self) -> bool:
        """Whether Pillow would decode it wrongly.

        Planar colour of 16 bits, not compressed, becomes noise; 8 bits with a sign lose it.
        """
        planar = self.first(PLANAR, 1) == 2 and self.samples > 1
        noise = planar and self.bits == 16 and self.first(COMPRESSION, 1) == 1
        return noise or (self.bits == 8 and self.first(FORMAT, 1) == 2)

    def __str__(self) -> str:
        kinds = {1: "whole numbers", 2: "signed whole numbers", 3: "floats"}
        kind = kinds.get(self.first(FORMAT, 1), "values of another kind")
        bands = {2: "RGB", 5: "CMYK"}.get(self.first(PHOTOMETRIC, 1), "")
        if not bands or self.left_out:
            bands = "grey" if self.samples == 1 else f"{self.samples} bands"
        planar = ", plane by plane" if self.first(PLANAR, 1) == 2 and self.samples > 1 else ""
        return f"a TIFF of {bands} in {self.bits}-bit {kind}{planar}"


def read_tiff_directory(stream: IO[bytes], start: bytes) -> TiffDirectory | None:
    """Return what the first directory says; None where there is none that makes sense.

    Args:
        stream: the file.
        start: its first bytes.
    """
    order, size = MAGIC[start[:4]]
    found = iter(_directories(stream, order, size))
    first = next(found, None)
    if first is None:
        return None
    pages = 1 + sum(not tags.get(SUBFILE, (0,))[0] & 5 for tags in found)
    return TiffDirectory(first, pages)


def _directories(stream: IO[bytes], order: str, size: int) -> Iterator[Tags]:
    letter, wide = _LETTERS[size], size == 8
    stream.seek(8 if wide else 4)
    place = _unpack(stream, order + letter)
    seen = {0}
    while place not in seen and len(seen) <= MOST_PAGES:
        seen.add(place)
        stream.seek(place)
        count = _unpack(stream, order + ("Q" if wide else "H"))
        if not 0 < count <= MOST_TAGS:
            return
        entry = struct.Struct(order + "HH" + letter + f"{size}s")
        table = stream.read(entry.size * count)
        if len(table) < entry.size * count:
            return
        place = _unpack(stream, order + letter)
        yield _tags(stream, entry.iter_unpack(table), order, size)


def _tags(
    stream: IO[bytes], entries: Iterator[tuple[int, int, int, bytes]], order: str, size: int
) -> Tags:
    tags: Tags = {}
    for tag, kind, count, value in entries:
        width = _WIDTHS.get(kind)
        if width is None or not count:
            continue
        within, count = width * count <= size, min(count, MOST_NUMBERS)
        if not within:
            stream.seek(struct.unpack(order + _LETTERS[size], value)[0])
            value = stream.read(width * count)
        letters = f"{order}{count}{_LETTERS[width]}"
        if len(value) >= width * count:
            tags[tag] = struct.unpack(letters, value[: width * count])
    return tags


def _unpack(stream: IO[bytes], layout: str) -> int:
    data = stream.read(struct.calcsize(layout))
    return int(struct.unpack(layout, data)[0]) if len(data) == struct.calcsize(layout) else 0
