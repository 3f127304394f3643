"""TIFF that Pillow does not decode, or decodes to noise: read by tifffile, the extra `tiff`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image

from striate.data.images.damaged_files import convert_errors
from striate.data.images.deep_values import Extremes, extremes_of, scale_to_uint8
from striate.data.images.exif_orientation import TURNS
from striate.data.images.foreign_formats import PNG_INSTEAD, TIFF_HINT
from striate.data.images.size_limits import MAX_BYTES, check_pixels
from striate.data.images.tiff_directory import EXTRA, PHOTOMETRIC, TiffDirectory
from striate.data.images.value_range import ValueRanges
from striate.errors import ImageError

if TYPE_CHECKING:
    from tifffile import TiffPage

ORIENTATION = 274
GREY_OR_RGB = (0, 1, 2)  # the photometric interpretations that are read here


@dataclass(frozen=True)
class TiffArray:
    """A TIFF that is opened and not decoded yet.

    Attributes:
        directory: what it says of itself.
        page: its first page, as tifffile has it.
    """

    directory: TiffDirectory
    page: TiffPage

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, the right way up."""
        columns, rows = self.page.imagewidth, self.page.imagelength
        return (rows, columns) if self.directory.first(ORIENTATION, 1) >= 5 else (columns, rows)

    @property
    def channels(self) -> int:
        """How many of its bands are grey or colour: 1 or 3. Of more without a name, the first."""
        return 3 if self.page.samplesperpixel >= 3 else 1

    @property
    def is_deep(self) -> bool:
        """Whether its values have more than 8 bits."""
        return bool(self.page.dtype != np.uint8)

    def extremes(self) -> Extremes | None:
        """Return the smallest and the largest value; None of floats that are not numbers."""
        return extremes_of(self._values()[..., : self.channels])

    def decode(self, ranges: ValueRanges, said: list[str]) -> Image.Image:
        """Return it upright in mode L, RGB, LA or RGBA."""
        values, channels = self._values(), self.channels
        colors = values[..., :channels]
        if self.is_deep:
            colors = scale_to_uint8(colors, ranges, said)
        if self.directory.first(PHOTOMETRIC, 1) == 0:
            colors = 255 - colors
        image = Image.fromarray(np.ascontiguousarray(colors[..., 0] if channels == 1 else colors))
        bands, used = values.shape[2], channels
        if self.directory.tags.get(EXTRA, (0,))[0] in (1, 2) and bands > used:
            alpha, used = values[..., used].astype(np.float64), used + 1
            full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
            opaque = (alpha / full).clip(0, 1) * 255 + 0.5
            image.putalpha(Image.fromarray(opaque.astype(np.uint8)))
        if self.directory.first(PHOTOMETRIC, 1) != 2 and channels == 3:
            said.append(f"the first 3 of its {bands} bands are taken as red, green and blue")
        elif bands > used:
            said.append(f"{bands - used} of its {bands} bands left out")
        turn = TURNS.get(self.directory.first(ORIENTATION, 1))
        return image if turn is None else image.transpose(turn)

    def _values(self) -> np.ndarray:
        """Return the values as (rows, columns, bands)."""
        with convert_errors("damaged TIFF, or compressed in a way that tifffile alone cannot read"):
            values = np.asarray(self.page.asarray())
            if self.page.planarconfig == 2 and self.page.samplesperpixel > 1:
                values = np.moveaxis(values, 0, -1)
            values = values.reshape(self.page.imagelength, self.page.imagewidth, -1)
        return values.astype(np.float32) if values.dtype == np.float16 else values


def open_tiff_array(stream: IO[bytes], directory: TiffDirectory) -> TiffArray:
    """Open a TIFF that Pillow cannot read.

    Raises:
        ImageError: there is no tifffile, or it is of no kind that is read here either.
    """
    if not directory.is_complete:
        raise ImageError("a damaged TIFF: its header cannot be read")
    if directory.first(PHOTOMETRIC, 1) not in GREY_OR_RGB:
        raise ImageError(f"{directory}, which is not read; {PNG_INSTEAD}")
    try:
        import tifffile
    except ImportError:
        raise ImageError(f"{directory}; {PNG_INSTEAD}, or to read it: {TIFF_HINT}") from None
    stream.seek(0)
    with convert_errors("its TIFF header is damaged"):
        page = tifffile.TiffFile(stream).pages.first
        dtype, size = page.dtype, (page.imagewidth, page.imagelength)
    if dtype is None or dtype.kind not in "uif" or page.imagedepth > 1:
        raise ImageError(f"{directory}, which is not read; {PNG_INSTEAD}")
    check_pixels(size)
    if size[0] * size[1] * page.samplesperpixel * dtype.itemsize > MAX_BYTES:
        raise ImageError(f"{directory} of more than {MAX_BYTES:,} bytes; make it smaller to use it")
    return TiffArray(directory, page)
