"""Image files made by the tests: gradients, saved as any format, and PNG written by hand."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from striate.data.images import Source, read
from striate.errors import ImageError

Image.init()  # so that Image.SAVE knows what this Pillow can write

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


def refused(source: Source) -> str:
    with pytest.raises(ImageError) as caught:
        read(source)
    reason = str(caught.value)
    assert reason
    assert "\n" not in reason
    return reason
