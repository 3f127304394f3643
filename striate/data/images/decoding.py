"""Read one image: the right way up, as 8-bit grey or colour, or say why it cannot be."""

from __future__ import annotations

import contextlib
import io
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, JpegImagePlugin

from striate.data.images.color_mode import Color, is_gray, to_eight_bits
from striate.data.images.damaged_files import convert_errors, load_pixels
from striate.data.images.decoder_warnings import collect_warnings
from striate.data.images.exif_orientation import SLACK_ABOVE, SLACK_AT_LEFT, TURNS, read_orientation
from striate.data.images.safe_open import open_file, open_image
from striate.data.images.size_limits import check_pixels
from striate.data.images.value_range import EXPECTED, find_black_and_white, to_uint8
from striate.errors import ImageError

Source = str | Path | bytes | Image.Image | np.ndarray
"""What an image can be given as: a path, a file's bytes, an image of Pillow's, an array."""

LARGE = 2**25
"""Images of more pixels than this, 33 million, are decoded one at a time."""

_one_large_image = threading.Lock()

Box = tuple[float, float, float, float]
Reduction = Callable[[int, int], int]


@dataclass(frozen=True)
class Decoded:
    """An image in mode L or RGB, and what there is to say of it.

    Attributes:
        image: the image, upright; a JPEG may be here at a fraction of its size.
        remarks: what was odd but did not hinder, such as damaged EXIF data.
        rows: of the image at its full size.
        columns: of the image at its full size.
        covered: the part of the image that the image covers, in its pixels: (top, left, bottom,
            right). All of it at full size; else all but a part of the outermost pixels.
    """

    image: Image.Image
    remarks: tuple[str, ...]
    rows: int
    columns: int
    covered: Box


@dataclass(frozen=True)
class ImageSize:
    """What the header says of an image, the right way up.

    >>> measure(np.zeros((20, 30), np.uint8))
    ImageSize(rows=20, columns=30, channels=1)
    """

    rows: int
    columns: int
    channels: int


def read(source: Source, *, background: Color = (255, 255, 255)) -> np.ndarray:
    """Read an image as numbers, whatever it is stored as.

    EXIF orientation is honoured, the first frame stands for an animation, 16 bits are scaled
    and never clipped, transparent pixels lie on the background, CMYK, LAB and palettes become
    RGB; `striate.data.images.color_mode` has the rules.

    Args:
        source: a path, the bytes of a file, an image of Pillow's, or an array of shape
            (rows, columns) or (rows, columns, 1, 3 or 4): uint8, or other numbers by the rule of
            `striate.data.images.value_range`, which is that of training.
        background: the colour under transparent pixels, 0 to 255.

    Returns:
        uint8 of shape (rows, columns, 3), or (rows, columns, 1) where the image is grey.

    Raises:
        ImageError: the reason why it cannot be read, in one line.

    >>> read(np.array([[0, 65535]], dtype=np.uint16))[..., 0].tolist()
    [[0, 255]]
    """
    pixels = np.array(decode(source, background=background).image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def decode(source: Source, *, background: Color = (255, 255, 255)) -> Decoded:
    """Read an image as `read` does, and keep it Pillow's: mode L or RGB, with remarks.

    Raises:
        ImageError: the reason why it cannot be read, in one line.

    >>> decode(np.zeros((2, 3), np.uint8)).image.mode
    'L'
    """
    with hold_decoded(source, background=background) as image:
        return image


@contextmanager
def hold_decoded(
    source: Source,
    *,
    background: Color = (255, 255, 255),
    reduction: Reduction = lambda rows, columns: 1,
) -> Iterator[Decoded]:
    """Hold an image as `decode` gives it; very large ones are held one at a time.

    So the memory that many threads take together stays bounded. Each image under `LARGE`
    pixels takes at most about 12 bytes a pixel while it is decoded, and 4 afterwards.

    Args:
        source: as for `read`.
        background: the colour under transparent pixels, 0 to 255.
        reduction: tells for an image of so many rows and columns by how much smaller it may be
            decoded: 2, 4 or 8 times each way, or 1, not at all. It is asked for the files of
            JPEG images alone, whose decoder leaves out the high frequencies of each block and
            so gives a smaller image in a fraction of the time.

    Raises:
        ImageError: the reason why it cannot be read, in one line.
    """
    if isinstance(source, np.ndarray):
        said: list[str] = []
        array = to_eight_bits(_from_array(source), background, said)
        whole = (0, 0, array.height, array.width)
        yield Decoded(array, tuple(said), array.height, array.width, whole)
        return
    with contextlib.ExitStack() as stack:
        with collect_warnings() as said, _open(source) as image:
            if image.width * image.height > LARGE:
                stack.enter_context(_one_large_image)
            extent = None
            if isinstance(image, JpegImagePlugin.JpegImageFile) and image is not source:
                extent = _reduce(image, reduction, turned=read_orientation(image, said) >= 5)
            load_pixels(image, said)
            check_pixels(image.size)
            orientation = read_orientation(image, said)
            turn = TURNS.get(orientation)
            columns, rows, across, down = extent or (*image.size, *image.size)
            with convert_errors(f"its colours ({image.mode}) cannot be read"):
                plain = to_eight_bits(image, background, said)
                upright = plain if turn is None else plain.transpose(turn)
        if orientation >= 5:
            rows, columns, down, across = columns, rows, across, down
        top = upright.height - down if orientation in SLACK_ABOVE else 0
        left = upright.width - across if orientation in SLACK_AT_LEFT else 0
        covered = (top, left, top + down, left + across)
        yield Decoded(upright, tuple(dict.fromkeys(said)), rows, columns, covered)


def _reduce(
    image: JpegImagePlugin.JpegImageFile, reduction: Reduction, *, turned: bool
) -> tuple[int, int, float, float] | None:
    """Have a JPEG decoded smaller, where it may be.

    Returns:
        Its columns and rows, and how many it will cover once it is decoded; None: as many.
    """
    columns, rows = image.size
    by = reduction(columns, rows) if turned else reduction(rows, columns)
    drafted = image.draft(None, (columns // by, rows // by)) if by > 1 else None
    if drafted is None:
        return None
    _, (_, _, across, down) = drafted
    return columns, rows, across, down


def measure(source: Source) -> ImageSize:
    """Tell an image's size and channels from its header, without decoding it.

    Raises:
        ImageError: the reason why it cannot be opened, in one line.
    """
    if isinstance(source, np.ndarray):
        rows, columns = source.shape[:2]
        return ImageSize(rows, columns, 3 if source.ndim == 3 and source.shape[2] >= 3 else 1)
    with collect_warnings() as said, _open(source) as image:
        columns, rows = image.size
        # Pillow gives a TIFF's size upright, and would decode a PNG to look for EXIF after it.
        settled = image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info)
        if not settled and read_orientation(image, said) >= 5:
            rows, columns = columns, rows
        return ImageSize(rows, columns, 1 if is_gray(image) else 3)


@contextmanager
def _open(source: str | Path | bytes | Image.Image) -> Iterator[Image.Image]:
    if isinstance(source, Image.Image):
        check_pixels(source.size)
        yield source
        return
    if isinstance(source, bytes):
        with io.BytesIO(source) as held, open_image(held) as image:
            yield image
        return
    path = Path(source)
    with open_file(path) as stream, open_image(stream, path.suffix) as image:
        yield image


def _from_array(values: np.ndarray) -> Image.Image:
    channels = values.shape[2] if values.ndim == 3 else 1
    if values.ndim not in (2, 3) or channels not in (1, 3, 4) or values.dtype.kind not in "buif":
        shape = "x".join(map(str, values.shape)) or "no"
        raise ImageError(
            f"an array of shape {shape} and type {values.dtype} is not an image; "
            "expected numbers of shape rows x columns, or rows x columns x 1, 3 or 4"
        )
    check_pixels((values.shape[1], values.shape[0]))
    if channels == 1:
        values = values.reshape(values.shape[:2])
    return Image.fromarray(np.ascontiguousarray(_in_eight_bits(values)))


def _in_eight_bits(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.uint8:
        return values
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ImageError("it holds values that are not numbers (NaN or infinite)")
    ends = find_black_and_white(low, high, whole=values.dtype.kind in "bui")
    if ends is None:
        raise ImageError(
            f"an array of {values.dtype} with values from {low:g} to {high:g}; expected "
            f"{EXPECTED}; scale it, best to uint8"
        )
    return to_uint8(values, *ends)
