"""What one image says of itself: its file, its size, its light, its hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from striate.data.digests import digest_source
from striate.data.images import Preprocess, Source
from striate.data.images.exif_orientation import read_orientation
from striate.data.images.source import open_source
from striate.doctor.image_signs import measure_signs
from striate.doctor.scan.fingerprints import CHANGES, THUMB, fingerprint, shrink
from striate.errors import ImageError

SIDE: Final = 2 * THUMB  # pixels a side at which images are measured, squashed to a square
PREPROCESS: Final = Preprocess(height=SIDE, width=SIDE, fit="squash", draft=True)

SIGNS: Final = np.dtype(
    [
        ("size", "<i8"),
        ("time", "<i8"),
        ("digest", "u1", 16),
        ("format", "<U8"),
        ("mode", "<U8"),
        ("orientation", "u1"),
        ("rows", "<u4"),
        ("columns", "<u4"),
        ("brightness", "<f4"),
        ("contrast", "<f4"),
        ("border", "<f4"),
        ("few", "<f4"),
        ("spread", "u1"),
        ("hashes", "<u8", len(CHANGES)),
        ("thumb", "u1", (THUMB, THUMB)),
        ("readable", "?"),
    ]
)
"""Of each image: bytes and time (ns) of its file, BLAKE2b of its bytes; format, mode and EXIF
orientation as Pillow names them ("" and 0 where it is no file); rows and columns, upright; mean and
standard deviation of its grey, 0 to 255, and the mean of its outermost pixels; the share of its six
commonest colours and the range of its middle, as in `striate.doctor.image_signs`; `fingerprint`;
`shrink`; whether it could be read."""


@dataclass(frozen=True)
class Measured:
    """One image, measured.

    Attributes:
        signs: a row of SIGNS.
        reason: why it cannot be read; "" where it can.
        remarks: what was odd about it.
    """

    signs: np.ndarray
    reason: str = ""
    remarks: tuple[str, ...] = ()


def measure_image(source: Source) -> Measured:
    """Read one image, and measure all but its hashes, which `complete` adds to many at once.

    >>> measured = measure_image(np.full((20, 30), 9, np.uint8))
    >>> int(measured.signs["rows"]), float(measured.signs["brightness"]), measured.reason
    (20, 9.0, '')
    """
    signs = np.zeros((), SIGNS)
    try:
        _read_file(source, signs)
        pixels, remarks = PREPROCESS.prepared(source)
    except ImageError as error:
        return Measured(signs, str(error))
    if isinstance(source, np.ndarray):
        signs["rows"], signs["columns"] = source.shape[:2]
    thumb = shrink(pixels[None])[0]
    grey = pixels.mean(0, dtype=np.float32)
    edge = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    signs["brightness"], signs["contrast"], signs["border"] = grey.mean(), grey.std(), edge.mean()
    coarse = measure_signs(pixels[None])[0]
    signs["few"], signs["spread"] = coarse["few"], coarse["spread"]
    signs["thumb"], signs["readable"] = thumb, True
    return Measured(signs, "", remarks)


def complete(signs: np.ndarray) -> None:
    """Add the perceptual hashes to rows of SIGNS that are all readable."""
    proportions = signs["columns"] / np.maximum(signs["rows"], 1)
    signs["hashes"] = fingerprint(signs["thumb"], proportions)


def _read_file(source: Source, signs: np.ndarray) -> None:
    """Note what the file and its header say.

    Raises:
        ImageError: it cannot be opened.
    """
    digest = digest_source(source)
    signs["digest"] = np.frombuffer(digest.digest(), np.uint8)
    if isinstance(source, np.ndarray):
        return
    with open_source(source) as opened:
        image = opened.image
        columns, rows = image.size
        if isinstance(image, Image.Image):
            signs["format"], signs["mode"] = image.format or "", image.mode
            signs["orientation"] = read_orientation(image, [])
            if int(signs["orientation"]) >= 5:
                rows, columns = columns, rows
        else:
            signs["format"] = "TIFF"
        signs["rows"], signs["columns"] = rows, columns
