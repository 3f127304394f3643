"""What one image says of itself: its file, its size, its light, its hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from striate.data.digests import digest_source
from striate.data.images import Preprocess, Source, hold_decoded
from striate.doctor.image_signs import measure_few_colors, measure_spread
from striate.doctor.scan.fingerprints import CHANGES, THUMB, fingerprint, shrink
from striate.errors import ImageError

SIDE: Final = 2 * THUMB  # pixels a side at which images are measured, squashed to a square
PREPROCESS: Final = Preprocess(height=SIDE, width=SIDE, fit="squash", draft=True)
DRAFT: Final = Preprocess(height=THUMB, width=THUMB, fit="squash", draft=True)
"""By how much smaller a JPEG is decoded: so that it is fine enough for hashes, of which it changes
0.1 of 64 bits."""
MEASURED: Final = 2  # counted up where images are measured otherwise: they are read again then

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
        signs["digest"] = np.frombuffer(digest_source(source).digest(), np.uint8)
        with hold_decoded(
            source, background=PREPROCESS.background, reduction=DRAFT.reduction
        ) as decoded:
            pixels, remarks = PREPROCESS.place(decoded), decoded.remarks
            for name in ("format", "mode", "orientation", "rows", "columns"):
                signs[name] = getattr(decoded, name)
    except ImageError as error:
        return Measured(signs, str(error))
    total = pixels.sum(0, dtype=np.uint16)
    edge = np.concatenate([total[0], total[-1], total[1:-1, 0], total[1:-1, -1]])
    for name, value in (
        ("brightness", total.mean()),
        ("contrast", total.std()),
        ("border", edge.mean()),
    ):
        signs[name] = value / len(pixels)
    signs["few"] = measure_few_colors(pixels[None])[0]
    signs["spread"] = measure_spread(pixels[None])[0]
    signs["thumb"], signs["readable"] = shrink(total, len(pixels)), True
    return Measured(signs, "", remarks)


def complete(signs: np.ndarray) -> None:
    """Add the perceptual hashes to rows of SIGNS that are all readable."""
    proportions = signs["columns"] / np.maximum(signs["rows"], 1)
    signs["hashes"] = fingerprint(signs["thumb"], proportions)
