"""Damaged and truncated image files are refused, with the reason in one line.

Pillow's LOAD_TRUNCATED_IMAGES stays off: what it fills a cut-off JPEG with is no image.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from striate.data.images.decoder_warnings import collect_libtiff_warnings
from striate.data.images.size_limits import MAX_PIXELS
from striate.errors import ImageError

UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    SyntaxError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow and its decoders raise at an image that is broken, odd or hostile."""


ENDS_EARLY = "the file ends too early"


def load_pixels(image: Image.Image, said: list[str]) -> None:
    """Decode an opened image, all of it: one that is cut off is refused, never filled up.

    Args:
        image: as Pillow has opened it.
        said: takes what libtiff remarks on.

    Raises:
        ImageError: it is damaged, or its file ends too early.
    """
    tiles = getattr(image, "tile", None)
    with convert_errors(f"damaged or incomplete {image.format or 'image'}"):
        if image.format == "TIFF" and tiles and tiles[0][0] == "libtiff":
            _load_with_libtiff(image, said)
        else:
            image.load()


def _load_with_libtiff(image: Image.Image, said: list[str]) -> None:
    heard: list[str] = []
    try:
        with collect_libtiff_warnings(heard):
            image.load()
    except OSError as error:  # "decoder error -2", where libtiff has said more
        raise OSError(heard[0] if heard else str(error)) from error
    said.extend(heard)


def one_line(error: BaseException) -> str:
    """Return what an error says as one short printable line."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = text.encode("ascii", "backslashreplace").decode("ascii")
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= 160 else text[:157] + "..."


def _reason(error: BaseException) -> str:
    if "truncated" in str(error).lower():
        return ENDS_EARLY
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    return one_line(error)


@contextmanager
def convert_errors(doing: str) -> Iterator[None]:
    """Turn whatever a decoder raises into a `ImageError` that says what was being done."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise ImageError(f"more pixels than the limit of {MAX_PIXELS:,}") from error
    except UNREADABLE as error:
        raise ImageError(f"{doing}: {_reason(error)}") from error
