"""How large an image may be: in pixels, before any is decoded, and in bytes."""

from __future__ import annotations

from striate.errors import ImageError

MAX_PIXELS = 2**27
"""The most pixels an image may have: 134 million, above a telephone's 108 megapixels."""

MAX_SLOW_PIXELS = 2**22
"""The most where Pillow decodes in Python (QOI, run-length BMP, some DDS): 4 million, seconds."""

MAX_BYTES = 2**30
"""The largest image file that is opened: 1 GiB. Some decoders read a file whole."""

TOO_LARGE = "{0}x{1} pixels are {2:,}, above the limit of {3:,}; make it smaller to use it"


def check_pixels(size: tuple[int, int]) -> None:
    """Refuse an image of (columns, rows) with more than `MAX_PIXELS` pixels, or with none."""
    columns, rows = size
    if columns < 1 or rows < 1:
        raise ImageError(f"{columns}x{rows} pixels: there is nothing in it")
    if columns * rows > MAX_PIXELS:
        raise ImageError(TOO_LARGE.format(columns, rows, columns * rows, MAX_PIXELS))
