"""Read one image: the right way up, as 8-bit grey or colour, or say why it cannot be."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, JpegImagePlugin

from striate.data.images.color_mode import Color, is_gray, to_eight_bits
from striate.data.images.damaged_files import ENDS_EARLY, convert_errors, load_pixels
from striate.data.images.decoder_warnings import collect_warnings
from striate.data.images.deep_values import (
    Extremes,
    color_order,
    find_decoded_extremes,
    give_lower_bytes,
    is_deep,
    scale_color,
)
from striate.data.images.exif_orientation import SLACK_ABOVE, SLACK_AT_LEFT, TURNS, read_orientation
from striate.data.images.foreign_formats import name_jpeg
from striate.data.images.left_out import note_left_out
from striate.data.images.mended_files import (
    END_MISSING,
    PNG_START,
    complete_jpeg,
    spare_comments,
)
from striate.data.images.safe_open import open_file
from striate.data.images.size_limits import check_pixels
from striate.data.images.source import FileSource, Source, image_of_array, open_source
from striate.data.images.tiff_array import TiffArray
from striate.data.images.value_range import ValueRanges
from striate.errors import ImageError

MENDED = ("JPEG", "MPO", "PNG")  # the formats of files that may be decoded without their end

LARGE = 2**25
"""Images of more pixels than this, 33 million, are decoded one at a time."""

_one_large_image = threading.Lock()

Box = tuple[float, float, float, float]
Reduction = Callable[[int, int], int]

WHITE = (255, 255, 255)
OWN_VALUES = ValueRanges()  # each image by its own


@dataclass(frozen=True)
class _Reading:
    """How an image is to be read: what `hold_decoded` is given."""

    background: Color
    reduction: Reduction
    ranges: ValueRanges


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
        format: of the file, as Pillow names it; "" of what is no file.
        mode: in which it stores its colours, as Pillow names it; "" where others decode it.
        orientation: of EXIF, 1 to 8, that was undone; 0 where it cannot say one.
    """

    image: Image.Image
    remarks: tuple[str, ...]
    rows: int
    columns: int
    covered: Box
    format: str = ""
    mode: str = ""
    orientation: int = 0


@dataclass(frozen=True)
class ImageSize:
    """What the header says of an image, the right way up.

    Attributes:
        rows: of pixels.
        columns: of pixels.
        channels: 1 where it is grey, else 3.
        deep: whether its values have more than 8 bits.

    >>> measure(np.zeros((20, 30), np.uint8))
    ImageSize(rows=20, columns=30, channels=1, deep=False)
    """

    rows: int
    columns: int
    channels: int
    deep: bool = False


def read(
    source: Source, *, background: Color = WHITE, ranges: ValueRanges = OWN_VALUES
) -> np.ndarray:
    """Read an image as numbers, whatever it is stored as.

    EXIF orientation is honoured, the first frame stands for an animation, 16 bits are scaled
    and never clipped, transparent pixels lie on the background, CMYK, LAB and palettes become
    RGB; `striate.data.images.color_mode` has the rules.

    Args:
        source: a path, the bytes of a file, an image of Pillow's, or an array of shape
            (rows, columns) or (rows, columns, 1, 3 or 4): uint8, or other numbers by the rule of
            `striate.data.images.value_range`, which is that of training.
        background: the colour under transparent pixels, 0 to 255.
        ranges: which of values with more than 8 bits are black and white; left out, by each
            image's own values.

    Returns:
        uint8 of shape (rows, columns, 3), or (rows, columns, 1) where the image is grey.

    Raises:
        ImageError: the reason why it cannot be read, in one line.

    >>> read(np.array([[0, 65535]], dtype=np.uint16))[..., 0].tolist()
    [[0, 255]]
    """
    with hold_decoded(source, background=background, ranges=ranges) as decoded:
        pixels = np.array(decoded.image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def decode(source: Source, *, background: Color = WHITE) -> Decoded:
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
    background: Color = WHITE,
    reduction: Reduction = lambda rows, columns: 1,
    ranges: ValueRanges = OWN_VALUES,
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
        ranges: as for `read`.

    Raises:
        ImageError: the reason why it cannot be read, in one line.
    """
    how = _Reading(background, reduction, ranges)
    if isinstance(source, np.ndarray):
        said: list[str] = []
        decoded = _whole(image_of_array(source, ranges, said), how, said)
        yield replace(decoded, remarks=tuple(said))
        return
    with contextlib.ExitStack() as stack:
        with collect_warnings() as said, open_source(source) as opened:
            image = opened.image
            if image.size[0] * image.size[1] > LARGE:
                stack.enter_context(_one_large_image)
            said.extend(opened.remarks)
            if isinstance(image, TiffArray):
                decoded = replace(_whole(image.decode(ranges, said), how, said), format="TIFF")
                if opened.tiff is not None and opened.tiff.pages > 1:
                    said.append(f"the first of its {opened.tiff.pages:,} pages is used")
            else:
                stored = image.format or "", image.mode  # another one once it is decoded
                try:
                    decoded = _decode_opened(image, source, how, said)
                except ImageError as error:
                    if isinstance(source, Image.Image) or image.format not in MENDED:
                        raise
                    decoded = _decode_mended(source, how, said, error)
                decoded = replace(decoded, format=stored[0], mode=stored[1])
                note_left_out(image, opened.tiff, said)
        yield replace(decoded, remarks=tuple(dict.fromkeys(said)))


def _whole(image: Image.Image, how: _Reading, said: list[str]) -> Decoded:
    """Return an upright image at its full size."""
    plain = to_eight_bits(image, how.background, ranges=how.ranges, said=said)
    return Decoded(plain, (), plain.height, plain.width, (0, 0, plain.height, plain.width))


def _decode_opened(
    image: Image.Image, source: FileSource, how: _Reading, said: list[str]
) -> Decoded:
    """Decode what Pillow has opened; a JPEG perhaps smaller."""
    with contextlib.ExitStack() as stack:
        extent = lower = None
        if isinstance(image, JpegImagePlugin.JpegImageFile) and image is not source:
            extent = _reduce(image, how.reduction, turned=read_orientation(image, said) >= 5)
        if image is not source and _uses_lower(image, how.ranges):
            lower = stack.enter_context(_open_lower(source))
            load_pixels(lower, said)
        # Pillow turns a TIFF itself while it decodes it, and forgets that it was turned
        undone = read_orientation(image, said) if image.format == "TIFF" else 0
        load_pixels(image, said)
        check_pixels(image.size)
        orientation = read_orientation(image, said)
        turn = TURNS.get(orientation)
        columns, rows, across, down = extent or (*image.size, *image.size)
        with convert_errors(f"its colours ({image.mode}) cannot be read"):
            scaled = image if lower is None else scale_color(image, lower, how.ranges, said)
            plain = to_eight_bits(scaled, how.background, ranges=how.ranges, said=said)
            upright = plain if turn is None else plain.transpose(turn)
    if orientation >= 5:
        rows, columns, down, across = columns, rows, across, down
    top = upright.height - down if orientation in SLACK_ABOVE else 0
    left = upright.width - across if orientation in SLACK_AT_LEFT else 0
    covered = (top, left, top + down, left + across)
    return Decoded(upright, (), rows, columns, covered, orientation=undone or orientation)


def _decode_mended(
    source: str | Path | bytes, how: _Reading, said: list[str], error: ImageError
) -> Decoded:
    """Decode a file again of which no pixel is damaged; for any other, raise what was raised."""
    with _bytes_of(source) as stream:
        if kind := name_jpeg(stream):
            raise ImageError(kind) from error
        stream.seek(0)
        data = stream.read()
    mended: bytes | None = None
    remarks: tuple[str, ...] = (END_MISSING,)
    if data.startswith(PNG_START):
        mended, remarks = spare_comments(data) or (None, ())
    elif ENDS_EARLY in str(error):
        with convert_errors("damaged or incomplete JPEG"):
            mended = complete_jpeg(data)
    if mended is None:
        raise error
    said.extend(remarks)
    return _decode_bytes(mended, how, said)


def _decode_bytes(data: bytes, how: _Reading, said: list[str]) -> Decoded:
    with open_source(data) as opened:
        if not isinstance(opened.image, Image.Image):
            raise ImageError("the file has changed while it was read")
        return _decode_opened(opened.image, data, how, said)


def _bytes_of(source: str | Path | bytes) -> IO[bytes]:
    return io.BytesIO(source) if isinstance(source, bytes) else open_file(Path(source))


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
        channels = 3 if source.ndim == 3 and source.shape[2] >= 3 else 1
        return ImageSize(
            rows, columns, channels, source.dtype.kind in "iu" and source.dtype != np.uint8
        )
    with collect_warnings() as said, open_source(source) as opened:
        image = opened.image
        columns, rows = image.size
        if isinstance(image, TiffArray):
            return ImageSize(rows, columns, image.channels, image.is_deep)
        # Pillow gives a TIFF's size upright, and would decode a PNG to look for EXIF after it.
        settled = image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info)
        if not settled and read_orientation(image, said) >= 5:
            rows, columns = columns, rows
        return ImageSize(rows, columns, 1 if is_gray(image) else 3, is_deep(image))


def find_extremes(source: Source) -> Extremes | None:
    """Return the smallest and the largest value of an image; None where it has 8 bits.

    None of an array of floats as well: such are told by their own range.

    Raises:
        ImageError: the reason why it cannot be read, in one line.

    >>> find_extremes(np.array([[7, 4000]], np.uint16))
    Extremes(whole=True, low=7.0, high=4000.0)
    """
    if isinstance(source, np.ndarray):
        if source.dtype.kind not in "iu" or source.dtype == np.uint8 or not source.size:
            return None
        return Extremes(True, float(source.min()), float(source.max()))
    with collect_warnings() as said, open_source(source) as opened:
        image = opened.image
        if isinstance(image, TiffArray):
            return image.extremes() if image.is_deep else None
        if not is_deep(image):
            return None
        color = bool(color_order(image))
        load_pixels(image, said)
        return find_decoded_extremes(image, color=color)


def _uses_lower(image: Image.Image, ranges: ValueRanges) -> bool:
    """Return whether the lower bytes of 16-bit colour matter: its upper ones are not all used."""
    return bool(color_order(image)) and ranges.integers not in (None, (0.0, 65535.0))


@contextmanager
def _open_lower(source: FileSource) -> Iterator[Image.Image]:
    with open_source(source) as opened:
        if not isinstance(opened.image, Image.Image):  # as it was when it was first opened
            raise ImageError("the file has changed while it was read")
        give_lower_bytes(opened.image)
        yield opened.image
