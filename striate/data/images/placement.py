"""Where an image lands in a network's input, and the one resize that takes it there."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from PIL import Image

from striate.data.images.decoding import Decoded


@dataclass(frozen=True)
class Placement:
    """Where which part of an image lands in the network's input.

    Attributes:
        box: what of the image is used, in its pixels: (top, left, bottom, right). Whole numbers,
            but where the preprocessing zooms.
        top: first row of the input that the image covers.
        left: first column of the input that the image covers.
        height: rows of the input that the image covers.
        width: columns of the input that the image covers.
        beyond: whether pixels beyond the box have a part in those along its rim, as when the
            whole image is resized first and cut then.
    """

    box: tuple[float, float, float, float]
    top: int
    left: int
    height: int
    width: int
    beyond: bool = False

    @property
    def scale(self) -> tuple[float, float]:
        """How many rows (columns) of the input one row (column) of the image becomes."""
        top, left, bottom, right = self.box
        return self.height / (bottom - top), self.width / (right - left)

    def on(self, image: Decoded) -> Placement:
        """Return the same place for an image that was decoded smaller than it is."""
        top, left, bottom, right = image.covered
        down, across = (bottom - top) / image.rows, (right - left) / image.columns
        box = (
            top + self.box[0] * down,
            left + self.box[1] * across,
            min(top + self.box[2] * down, image.image.height),
            min(left + self.box[3] * across, image.image.width),
        )
        return dataclasses.replace(self, box=box, beyond=True)


def resize(image: Image.Image, where: Placement, *, columns_first: bool = False) -> Image.Image:
    """Resize what is used of an image to the size it takes: the one resize of Striate.

    Pillow's bilinear (triangle) filter with antialiasing, on 8 bits, in two passes that are each
    rounded to 8 bits: of the rows, then of the columns. Pillow's own order depends on its version
    and on the image's shape, so each pass is asked for by itself. `striate.deployment.resize_graph`
    has the same as an ONNX graph. ONNX's Resize (opset 18, mode="linear", antialias=1) needs
    exclude_outside=1, without which the border differs by up to 20 of 255, and not every engine
    has it.

    A crop is cut in whole pixels before; one that zooms is the middle of the whole image
    resized (`Placement.beyond`), of which only that much is calculated. So is all of a JPEG that
    was decoded smaller (`Preprocess.draft`), whose box need not end between two pixels.

    Args:
        image: in mode L or RGB.
        where: from `Preprocess.placement`.
        columns_first: whether the columns come first, as in revision 1 of the preprocessing.
    """
    top, left, bottom, right = where.box
    if not where.beyond:
        if where.box != (0, 0, image.height, image.width):
            image = image.crop((int(left), int(top), int(right), int(bottom)))
        top, left, bottom, right = 0, 0, image.height, image.width
    passes = [
        ((image.width, where.height), (0, top, image.width, bottom)),
        ((where.width, where.height), (left, 0, right, where.height)),
    ]
    if columns_first:
        passes = [
            ((where.width, image.height), (left, 0, right, image.height)),
            ((where.width, where.height), (0, top, where.width, bottom)),
        ]
    for size, box in passes:
        if image.size != size or box != (0, 0, *size):
            image = image.resize(size, Image.Resampling.BILINEAR, box=box)
    return image
