"""One image as the network gets it, and the way back onto the image as it lies on the disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from striate.backends.torch import normalize
from striate.data.images import Placement, Preprocess, read
from striate.errors import SettingError
from striate.model.classifier import Classifier
from striate.model.image_input import to_source
from striate.model.prediction import Prediction, make_prediction

if TYPE_CHECKING:
    from striate.model.image_input import ImageInput


@dataclass(frozen=True, eq=False)
class PreprocessedImage:
    """An image as a classifier takes it in.

    Attributes:
        name: its file's name, or "image" where it was given as numbers.
        original: as it is, upright: uint8 (rows, columns, 1 or 3).
        pixels: as it was made to fit: uint8 (channels, height, width).
        preprocess: how.
        placement: which part of the image lies where in the input.
    """

    name: str
    original: np.ndarray = field(repr=False)
    pixels: np.ndarray = field(repr=False)
    preprocess: Preprocess = field(repr=False)
    placement: Placement

    @staticmethod
    def read(model: Classifier, given: ImageInput | PreprocessedImage) -> PreprocessedImage:
        """Return an image made to fit, as the classifier does itself; one that is read stays.

        Raises:
            ImageError: it cannot be read.

        >>> from striate.backends.torch import build
        >>> text = "input 1x4x8 classes=2 > gap > flatten > fc"
        >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 4, 8))
        >>> PreprocessedImage.read(model, np.zeros((30, 30), np.uint8)).pixels.shape
        (1, 4, 8)
        """
        if isinstance(given, PreprocessedImage):
            return given
        source, preprocess = to_source(given), model.preprocess
        image = read(source, background=preprocess.background, ranges=preprocess.value_ranges)
        name = Path(source).name if isinstance(source, (str, Path)) else "image"
        return PreprocessedImage(
            name=name,
            original=image,
            pixels=preprocess.pixels(source),
            preprocess=preprocess,
            placement=preprocess.placement(*image.shape[:2]),
        )

    @property
    def tensor(self) -> torch.Tensor:
        """What goes into the network: float32 (1, channels, height, width), normalised."""
        return normalize(torch.from_numpy(self.pixels[None]).float(), self.preprocess)

    def predict(self, model: Classifier) -> Prediction:
        """Return what a classifier answers to it, as `Classifier.predict` does."""
        answers, tree = model.decide(self.pixels[None]), model.decision.taxonomy
        return make_prediction(self.name, answers, model.classes, taxonomy=tree)

    def onto_image(self, values: np.ndarray) -> np.ndarray:
        """Return a map of the network's input on the image itself.

        Each pixel of the image takes the map's value at its place, interpolated bilinearly
        between the middles of the input's pixels.

        Args:
            values: (height, width) of the network's input.

        Returns:
            float32 (rows, columns) of the image; NaN where the network does not look, as
            beyond the sides of a crop. What lies on the border of a padded image is left out.

        Raises:
            SettingError: the map has another size than the network's input.

        >>> wide = Preprocess(1, 2, 2, fit="crop")
        >>> whole = np.zeros((2, 4, 1), np.uint8)
        >>> seen = PreprocessedImage("p", whole, wide.pixels(whole), wide, wide.placement(2, 4))
        >>> seen.onto_image(np.array([[1.0, 2.0], [3.0, 4.0]]))
        array([[nan,  1.,  2., nan],
               [nan,  3.,  4., nan]], dtype=float32)
        """
        own = (self.preprocess.height, self.preprocess.width)
        if values.shape != own:
            raise SettingError(
                f"a map of {values.shape} on an input of {own}: resize it first "
                "(`striate.explanation.map_resampling.resize_map`)"
            )
        where = self.placement
        rows, columns = self.original.shape[:2]
        part = values[where.top : where.top + where.height, where.left : where.left + where.width]
        down = _weights(rows, where.box[0], where.box[2], where.height)
        across = _weights(columns, where.box[1], where.box[3], where.width)
        return np.asarray(down @ np.asarray(part, np.float64) @ across.T, np.float32)

    def box_on_image(
        self, top: float, left: float, bottom: float, right: float
    ) -> tuple[float, float, float, float]:
        """Return where a box of the network's input lies on the image, in its pixels.

        Args:
            top: the upper edge, in pixels of the input; may lie outside of it.
            left: the left edge.
            bottom: the lower edge: the row behind the last one.
            right: the right edge: the column behind the last one.

        Returns:
            (top, left, bottom, right) on the image; not cut off at its sides.

        >>> half = Preprocess(1, 4, 4, fit="squash")
        >>> whole = np.zeros((8, 16, 1), np.uint8)
        >>> seen = PreprocessedImage("p", whole, half.pixels(whole), half, half.placement(8, 16))
        >>> seen.box_on_image(0, 1, 2, 3)
        (0.0, 4.0, 4.0, 12.0)
        """
        where = self.placement
        down, across = where.scale
        return (
            where.box[0] + (top - where.top) / down,
            where.box[1] + (left - where.left) / across,
            where.box[0] + (bottom - where.top) / down,
            where.box[1] + (right - where.left) / across,
        )


def _weights(pixels: int, first: float, last: float, steps: int) -> np.ndarray:
    """Return what each pixel takes of each step that covers first..last: (pixels, steps)."""
    middles = (np.arange(pixels) + 0.5 - first) * steps / (last - first) - 0.5
    low = np.clip(np.floor(middles), 0, steps - 1).astype(int)
    high = np.minimum(low + 1, steps - 1)
    share = np.clip(middles - low, 0, 1)
    found = np.zeros((pixels, steps))
    places = np.arange(pixels)
    np.add.at(found, (places, low), 1 - share)
    np.add.at(found, (places, high), share)
    outside = (places + 0.5 < first) | (places + 0.5 > last)
    found[outside] = np.nan
    return found
