"""Sixteen images from a recorded recipe, with which a file proves its answers wherever it runs.

None is anyone's: twelve come from a formula of whole numbers that any language has, four of these
as encoded files, so that decoding is proved, too. The last four are made by gradient ascent until
the classifier accepts them where it refuses what is strange to it; else they are drawn as well.
"""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from striate.data.images import Preprocess, hold_decoded
from striate.errors import ClassifierError, ImageError, SettingError

if TYPE_CHECKING:
    from striate.events import Callback

FORMULA: Final = (
    "wave = (y*p + x*q + c*60 + seed*37) mod 510, with p = 1 + seed mod 5, q = 1 + seed mod 3; "
    "if wave > 255: wave = 510 - wave; "
    "noise = ((y*73856093 xor x*19349663 xor (c+1)*83492791 xor seed*40503) mod 2^32 >> 13) "
    "and 63; "
    "value = (wave*3 + noise*4) >> 2, for row y, column x, channel c from 0"
)
DRAWN: Final[tuple[tuple[str, int, int, int], ...]] = (
    # name, rows, columns, orientation
    ("landscape", 240, 320, 1),
    ("odd sizes", 97, 131, 1),
    ("portrait", 401, 150, 1),
    ("panorama", 60, 900, 1),
    ("one pixel wide", 200, 1, 1),
    ("tiny", 7, 5, 1),
    ("lying on its side", 120, 180, 6),
    ("huge", 3000, 4000, 1),
)
ENCODED: Final = (
    ("grey PNG", 61, 83),
    ("PNG with alpha", 64, 48),
    ("16-bit PNG", 57, 70),
    ("JPEG turned by EXIF", 96, 64),
)
MOST_GIVEN: Final = 16  # of a user's own images
LARGEST_GIVEN: Final = 256  # rows and columns that these have at most
SPARE: Final = (
    ("one pixel high", 1, 200, 1),
    ("mirrored", 111, 77, 2),
    ("upside down", 90, 130, 3),
    ("transposed", 130, 90, 5),
)


@dataclass(frozen=True, eq=False)
class GoldenImage:
    """An image of the proof.

    Attributes:
        name: what is odd about it.
        rows: of what is drawn.
        columns: of what is drawn.
        orientation: that is given with its pixels, 1 to 8.
        seed: of the formula.
        content: the bytes of the encoded file; None where the formula alone gives the pixels.
        made: how it came about: "formula", "activation maximisation" or "given".
    """

    name: str
    rows: int
    columns: int
    orientation: int = 1
    seed: int = 0
    content: bytes | None = field(default=None, repr=False)
    made: str = "formula"

    def pixels(self, preprocess: Preprocess) -> np.ndarray:
        """Return what a runtime is given: uint8 (rows, columns, 3).

        Args:
            preprocess: whose background lies under what is transparent.

        Raises:
            ImageError: an encoded file cannot be read.
        """
        if self.content is None:
            return draw(self.seed, self.rows, self.columns)
        return decode_colors(self.content, preprocess)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in the file."""
        values = {name: value for name, value in vars(self).items() if name != "content"}
        if self.content is not None:
            values["file"] = base64.b64encode(self.content).decode()
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> GoldenImage:
        """Return what `as_json` wrote.

        Raises:
            ClassifierError: it is damaged.
        """
        try:
            content = values.get("file")
            return cls(
                name=str(values["name"]),
                rows=int(values["rows"]),
                columns=int(values["columns"]),
                orientation=int(values["orientation"]),
                seed=int(values["seed"]),
                content=None if content is None else base64.b64decode(content, validate=True),
                made=str(values["made"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ClassifierError(f"a golden image of the file is damaged: {error}") from error


def draw(seed: int, rows: int, columns: int) -> np.ndarray:
    """Draw an image by `FORMULA`: uint8 (rows, columns, 3).

    >>> draw(1, 2, 2)[:, :, 0].tolist()
    [[38, 78], [89, 36]]
    """
    y, x, c = (np.arange(count, dtype=np.uint32) for count in (rows, columns, 3))
    across = x[:, None] * np.uint32(1 + seed % 3) + c * np.uint32(60) + np.uint32(seed * 37)
    down = (y * np.uint32(1 + seed % 5) % np.uint32(510)).astype(np.uint16)
    place = np.arange(1020, dtype=np.uint16) % np.uint16(510)
    folded = np.minimum(place, np.uint16(510) - place) * np.uint16(3)
    wave = folded[down[:, None, None] + (across % np.uint32(510)).astype(np.uint16)]
    # only six bits of each product reach the noise
    grain = x[:, None] * np.uint32(19349663) ^ (c + np.uint32(1)) * np.uint32(83492791)
    parts = (y * np.uint32(73856093), grain ^ np.uint32(seed * 40503))
    own, others = ((part >> np.uint32(13) & np.uint32(63)).astype(np.uint16) for part in parts)
    noise = own[:, None, None] ^ others
    return np.asarray((wave + noise * np.uint16(4)) >> np.uint16(2), np.uint8)


def decode_colors(source: bytes | str, preprocess: Preprocess) -> np.ndarray:
    """Decode a file upright, whole and in colour: uint8 (rows, columns, 3).

    Raises:
        ImageError: it cannot be read.
    """
    with hold_decoded(
        source, background=preprocess.background, ranges=preprocess.value_ranges
    ) as image:
        return np.array(image.image.convert("RGB"))


def draw_golden_images(seed: int = 0) -> list[GoldenImage]:
    """Draw the images that need no classifier: sixteen, of which the last four may be replaced.

    >>> [image.name for image in draw_golden_images()][:3], len(draw_golden_images())
    (['landscape', 'odd sizes', 'portrait'], 16)
    """
    drawn = [
        GoldenImage(name, rows, columns, orientation, seed + number)
        for number, (name, rows, columns, orientation) in enumerate(DRAWN)
    ]
    encoded = [
        GoldenImage(name, rows, columns, 1, seed + 20 + number, encode(name, pixels))
        for number, (name, rows, columns) in enumerate(ENCODED)
        for pixels in [draw(seed + 20 + number, rows, columns)]
    ]
    spare = [
        GoldenImage(name, rows, columns, orientation, seed + 40 + number)
        for number, (name, rows, columns, orientation) in enumerate(SPARE)
    ]
    return [*drawn, *encoded, *spare]


def take_golden_images(
    folder: Path, preprocess: Preprocess, callback: Callback
) -> list[GoldenImage]:
    """Make golden images of a user's own: small PNG files without name, place or camera.

    Args:
        folder: of images; of more than `MOST_GIVEN` so many are taken, evenly spread.
        preprocess: whose background lies under what is transparent.
        callback: is told what is left out.

    Raises:
        SettingError: there is no image in it that can be read.
    """
    from striate.events import Note
    from striate.model.image_input import walk_folder

    files = list(walk_folder(str(folder)))
    if len(files) > MOST_GIVEN:
        places = np.linspace(0, len(files) - 1, MOST_GIVEN).round().astype(int)
        callback(Note(f"of {len(files):,} files in '{folder}' {MOST_GIVEN} become golden images"))
        files = [files[place] for place in places]
    found: list[GoldenImage] = []
    for file in files:
        try:
            image = Image.fromarray(decode_colors(file, preprocess))
        except ImageError as error:
            callback(Note(f"'{file}' becomes no golden image: {error}"))
            continue
        image.thumbnail((LARGEST_GIVEN, LARGEST_GIVEN))
        written = io.BytesIO()
        image.save(written, "PNG")
        name = f"given {len(found) + 1}"
        content = written.getvalue()
        found.append(GoldenImage(name, image.height, image.width, 1, 0, content, "given"))
    if not found:
        raise SettingError(
            f"'{folder}' has no image that can be read; expected a folder of images to prove the "
            "file by, or leave --golden out"
        )
    return found


def encode(name: str, pixels: np.ndarray) -> bytes:
    """Encode a drawn image as the file that its name says."""
    written = io.BytesIO()
    if name == "16-bit PNG":
        deep = pixels[..., 0].astype(np.uint16) * 256 + pixels[..., 1]
        Image.fromarray(deep).save(written, "PNG")
    elif name == "grey PNG":
        Image.fromarray(np.ascontiguousarray(pixels[..., 0])).save(written, "PNG")
    elif name == "PNG with alpha":
        alpha = np.minimum(np.arange(pixels.shape[1]) * 8, 255).astype(np.uint8)
        alpha = np.broadcast_to(alpha[None, :, None], (*pixels.shape[:2], 1))
        Image.fromarray(np.concatenate([pixels, alpha], 2)).save(written, "PNG")
    else:
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(pixels).save(written, "JPEG", quality=90, subsampling=2, exif=exif)
    return written.getvalue()


def fingerprint(pixels: np.ndarray) -> str:
    """Return the CRC-32 of an image's values, eight hexadecimal digits.

    >>> fingerprint(np.zeros((1, 1, 3), np.uint8))
    'ff41d912'
    """
    return f"{zlib.crc32(np.ascontiguousarray(pixels).data):08x}"
