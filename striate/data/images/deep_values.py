"""Files of more than 8 bits a value: 16 and 32-bit whole numbers and floats, made 8 bits.

Where the range of a data set is known (`ValueRanges`), it is black to white. Of an image alone:

- 16 bits: divided by 257, so that 0..65535 becomes 0..255. Pillow itself gives 16-bit colour as
  its upper 8 bits, which differs by at most 1. TIFF of 12 bits is made 16 first.
- 32-bit whole numbers within 0..65535 are taken as 16 bit, since PNG and PGM files of 16 bits
  arrive so; other values are stretched: the image's smallest becomes black, its largest white.
- Floats within 0..1 are multiplied by 255; other ranges are stretched likewise.
- TIFF whose zero is white is inverted afterwards.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from striate.data.images.value_range import ValueRanges, clip_to_uint8, to_uint8
from striate.errors import ImageError

DEEP_MODES = {"I;16", "I;16L", "I;16B", "I;16N", "I", "F"}
"""The modes in which Pillow holds them; colour of 16 bits comes as RGB, without its lower half."""

TIFF_BITS, TIFF_PHOTOMETRIC, TIFF_SAMPLE_FORMAT = 258, 262, 339

DARK = 4095  # of 65535: a sixteenth, where the whole is taken as 16 bits and perhaps uses 12

NATIVE = "L" if sys.byteorder == "little" else "B"
OTHER_BYTE = {"L": "B", "B": "L", "N": "B" if NATIVE == "L" else "L"}


@dataclass(frozen=True)
class Extremes:
    """The smallest and the largest value that an image of more than 8 bits holds.

    Attributes:
        whole: whether the values are whole numbers.
        low: the smallest; of 16-bit colour 0.
        high: the largest; of 16-bit colour to the next multiple of 256.
    """

    whole: bool
    low: float
    high: float


def is_deep(image: Image.Image) -> bool:
    """Return whether an image that is not decoded yet has more than 8 bits a value."""
    return image.mode in DEEP_MODES or bool(color_order(image))


def color_order(image: Image.Image) -> str:
    """Return the order of the two bytes of 16-bit colour, "L", "B" or "N"; "" of any other."""
    tiles = getattr(image, "tile", None)
    if image.mode not in ("RGB", "RGBA") or not tiles:
        return ""
    layout, _, order = _layout(tiles[0]).partition(";16")
    return order if layout in ("RGB", "RGBA", "RGBX") and order in OTHER_BYTE else ""


def _layout(tile: Any) -> str:  # a named tuple of Pillow's whose last entry its decoders define
    arguments = tile[3]
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def give_lower_bytes(image: Image.Image) -> None:
    """Have 16-bit colour that is not decoded yet decoded as its lower bytes, not its upper ones."""
    order = color_order(image)
    tiles: list[Any] = image.tile  # type: ignore[attr-defined]
    for place, (codec, extents, offset, arguments) in enumerate(list(tiles)):
        layout = _layout(tiles[place]).removesuffix(order) + OTHER_BYTE[order]
        rest = (layout, *arguments[1:]) if isinstance(arguments, tuple) else layout
        tiles[place] = type(tiles[place])(codec, extents, offset, rest)


def scale_color(
    upper: Image.Image, lower: Image.Image, ranges: ValueRanges, said: list[str]
) -> Image.Image:
    """Return 16-bit colour in 8 bits by the range of its data set; alpha as its upper byte."""
    high, low = np.asarray(upper), np.asarray(lower)
    values = high[..., :3].astype(np.uint16) << 8 | low[..., :3]
    scaled = Image.fromarray(scale_to_uint8(values, ranges, said))
    if upper.mode == "RGBA":
        scaled.putalpha(upper.getchannel("A"))
    scaled.info["icc_profile"] = upper.info.get("icc_profile")
    return scaled


def find_decoded_extremes(image: Image.Image, *, color: bool) -> Extremes | None:
    """Return the extremes of a decoded image; None where its values are not numbers.

    Args:
        image: decoded.
        color: whether it is 16-bit colour, of which Pillow gives the upper bytes.
    """
    if color:
        return Extremes(True, 0.0, 256.0 * int(np.asarray(image)[..., :3].max()) + 255)
    return extremes_of(stored_values(image))


def extremes_of(values: np.ndarray) -> Extremes | None:
    """Return the smallest and the largest of an image's values; None where some are not numbers."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        return None
    return Extremes(values.dtype.kind != "f", low, high)


def stored_values(image: Image.Image) -> np.ndarray:
    """Return the values of a decoded image as its file means them: (rows, columns).

    Pillow holds 32 bits without a sign as if they had one, and 12 bits as the lower ones of 16.
    """
    values = np.asarray(image)
    bits, sample_format = _tag(image, TIFF_BITS), _tag(image, TIFF_SAMPLE_FORMAT)
    if image.mode == "I" and bits == 32 and sample_format == 1:
        return values.view(np.uint32)
    if bits == 12:
        return ((values.astype(np.uint32) * 65535 + 2047) // 4095).astype(np.uint16)
    return values


def is_white_zero(image: Image.Image) -> bool:
    """Return whether 0 is white; Pillow itself inverts such TIFF up to 8 bits, and none above."""
    return _tag(image, TIFF_PHOTOMETRIC) == 0


def _tag(image: Image.Image, number: int) -> int:
    """Return a tag's first number; 1, its usual value, where the image is no TIFF or has none."""
    found = getattr(image, "tag_v2", {}).get(number, 1)
    first = found[0] if isinstance(found, tuple) and found else found
    return first if isinstance(first, int) else 1


def scale_to_uint8(values: np.ndarray, ranges: ValueRanges, said: list[str]) -> np.ndarray:
    """Return 16-bit, 32-bit or float values of an image's file as uint8.

    >>> scale_to_uint8(np.array([0, 257, 65535], dtype=np.uint16), ValueRanges(), []).tolist()
    [0, 1, 255]
    """
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ImageError("it holds values that are not numbers (NaN or infinite)")
    ends = ranges.floats if values.dtype.kind == "f" else ranges.integers
    if ends is not None:
        return clip_to_uint8(values, ends, said)
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return to_uint8(values, 0.0, 1.0)
    if values.dtype.kind in "iu" and low >= 0 and high <= 65535:
        if 0 < high <= DARK:
            said.append(f"its values reach {high:g} of 65535, so it is almost black")
        return clip_to_uint8(values.astype(np.uint16), (0.0, 65535.0), said)
    said.append(f"its values from {low:g} to {high:g} were stretched over black to white")
    return to_uint8(values, low, high) if high > low else np.zeros(values.shape, np.uint8)
