"""Everything between an image and a network's input, recorded and always the same."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, cast, get_args

import numpy as np
from PIL import Image

from striate.data.images.color_mode import Color, to_gray
from striate.data.images.decoding import Decoded, hold_decoded
from striate.data.images.placement import Placement, resize
from striate.data.images.source import Source
from striate.data.images.value_range import ValueRanges
from striate.errors import SettingError

Fit = Literal["pad", "squash", "crop"]

# With 1.5, answers change three times as much; with 1, up to 15 % of ImageNet's first guesses do.
MARGIN = 1.9
"""How many times finer than needed a JPEG that is decoded smaller stays, at least: just below 2, so
that photos of 500 pixels, the commonest, may be halved for 128. Classifiers that were saved rely on
it: another number would give them other pixels."""

REVISIONS = (1, 2)
"""How images are resized: in 2 there are made fewer rows first, then fewer columns; in 1, that of
classifiers saved until November 2026, the other way round. An exported file computes 2 pixel by
pixel; of 1 it may miss a pixel by one level of 255."""

# what stands for settings that a file does not hold
EARLIER = {
    "crop_ratio": 1.0,
    "draft": False,
    "integer_range": [],
    "float_range": [],
    "revision": 1,
}
ONCE = {"zoom": "crop_ratio", "reduced": "draft"}  # names that files on disk may still have


@dataclass(frozen=True)
class Preprocess:
    """Make any image fit a network, in training, evaluation, prediction and export alike.

    An image is opened (`striate.data.images.read`), made grey where the network takes one channel,
    resized by `resize`, and placed; what the network takes is (x / 255 - mean) / std of that.

    Attributes:
        channels: 1 for grey, 3 for RGB.
        height: rows of the network's input.
        width: columns of the network's input.
        fit: what happens to an image of other proportions. "pad" keeps them and all of the
            image, centred in a border; "squash" keeps all and bends the proportions; "crop"
            keeps the proportions and cuts away what stands out of the centre.
        crop_ratio: how much larger than the input an image is made before the centre of it is cut
            out; from 1 to 8, above 1 with "crop" alone. Networks trained on ImageNet are mostly
            evaluated on the middle 224 of images whose shorter side is made 256: 256 / 224.
        background: the colour under transparent pixels.
        border: the colour beside a padded image.
        mean: of each channel, of values scaled to 0..1; left empty, 0.
        std: of each channel, of values scaled to 0..1; left empty, 1.
        draft: whether a JPEG file is decoded at a half, a quarter or an eighth of its size
            where that is still nearly twice as fine as what is made of it (`MARGIN`). Large photos
            are read in less than half the time; the pixels differ by about 0.5 of 255 on the mean.
            Images given as arrays or as Pillow's are taken as they are.
        integer_range: black and white of whole numbers of more than 8 bits, in files and arrays
            alike; left empty, by each image's own values.
        float_range: the same of files that hold floats.
        revision: of the arithmetic (`REVISIONS`); a classifier keeps the one it was trained with.

    >>> fitted = Preprocess(channels=1, height=4, width=4)
    >>> fitted.pixels(np.full((2, 4), 255, np.uint8))[0].tolist()
    [[128, 128, 128, 128], [255, 255, 255, 255], [255, 255, 255, 255], [128, 128, 128, 128]]
    """

    channels: int = 3
    height: int = 64
    width: int = 64
    fit: Fit = "pad"
    background: Color = (255, 255, 255)
    border: Color = (128, 128, 128)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    crop_ratio: float = 1.0
    draft: bool = False
    integer_range: tuple[float, ...] = ()
    float_range: tuple[float, ...] = ()
    revision: int = 2

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise SettingError(f"{self.channels} channels: expected 1 (grey) or 3 (colour)")
        if min(self.height, self.width) < 1 or max(self.height, self.width) > 8192:
            raise SettingError(f"a size of {self.height}x{self.width}: expected 1 to 8192 each way")
        if self.fit not in get_args(Fit):
            raise SettingError(f"fit {self.fit!r}: expected pad, squash or crop")
        if not 1 <= self.crop_ratio <= 8:
            raise SettingError(
                f"crop_ratio {self.crop_ratio}: expected 1 to 8, such as {256 / 224:.3f}"
            )
        if self.crop_ratio != 1 and self.fit != "crop":
            raise SettingError(
                f"crop_ratio {self.crop_ratio:.4g} with fit {self.fit!r}: only a crop leaves "
                "out the rim of an image; expected fit crop, or crop_ratio 1"
            )
        for name in ("background", "border"):
            color = getattr(self, name)
            if len(color) != 3 or not all(0 <= value <= 255 for value in color):
                raise SettingError(f"{name} {color}: expected three values from 0 to 255")
        _check_revision(self.revision)
        object.__setattr__(self, "mean", self.mean or (0.0,) * self.channels)
        object.__setattr__(self, "std", self.std or (1.0,) * self.channels)
        if len(self.mean) != self.channels or len(self.std) != self.channels:
            raise SettingError(
                f"mean {self.mean} and std {self.std}: expected {self.channels} values each, "
                "one a channel"
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.std).all()) or min(self.std) <= 0:
            raise SettingError(f"mean {self.mean} and std {self.std}: std must be above 0")
        for name in ("integer_range", "float_range"):
            ends = getattr(self, name)
            if ends and not (len(ends) == 2 and np.isfinite(ends).all() and ends[0] < ends[1]):
                raise SettingError(f"{name} {ends}: expected black and, above it, white")

    @property
    def value_ranges(self) -> ValueRanges:
        """Which values are black and white in images of more than 8 bits."""
        integers, floats = (
            (ends[0], ends[1]) if ends else None for ends in (self.integer_range, self.float_range)
        )
        return ValueRanges(integers, floats)

    def with_value_ranges(self, ranges: ValueRanges) -> Preprocess:
        """Return the same with other ranges of black to white, those of a data set."""
        integers, floats = ranges.integers or (), ranges.floats or ()
        return dataclasses.replace(self, integer_range=integers, float_range=floats)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The network's input: (channels, rows, columns)."""
        return self.channels, self.height, self.width

    def placement(self, rows: int, columns: int) -> Placement:
        """Tell where an image of so many rows and columns lands in the input.

        Sides are rounded half up, in whole numbers; what is left over on an odd number goes to
        the bottom and the right. Where it zooms, the longer side is rounded down and the start
        of the cut half to even, so that the pixels are those of torchvision's Resize and
        CenterCrop (but for their rounding: by 1 of 255, seldom 2).

        >>> Preprocess(height=64, width=64).placement(100, 200)
        Placement(box=(0, 0, 100, 200), top=16, left=0, height=32, width=64, beyond=False)
        >>> Preprocess(height=224, width=224, fit="crop", crop_ratio=256 / 224).placement(256, 512)
        Placement(box=(16.0, 144.0, 240.0, 368.0), ..., height=224, width=224, beyond=True)
        """
        whole = (0, 0, rows, columns)
        if self.fit == "squash":
            return Placement(whole, 0, 0, self.height, self.width)
        tall = rows * self.width > columns * self.height  # taller than the input is
        if self.fit == "pad":
            height, width = self.height, self.width
            if tall:
                width = max(1, _rounded(columns * self.height, rows))
            else:
                height = max(1, _rounded(rows * self.width, columns))
            top, left = (self.height - height) // 2, (self.width - width) // 2
            return Placement(whole, top, left, height, width)
        if self.crop_ratio != 1:
            return self._crop_of_larger(rows, columns, tall)
        if tall:
            kept = max(1, _rounded(columns * self.height, self.width))
            first = (rows - kept) // 2
            box = (first, 0, first + kept, columns)
        else:
            kept = max(1, _rounded(rows * self.width, self.height))
            first = (columns - kept) // 2
            box = (0, first, rows, first + kept)
        return Placement(box, 0, 0, self.height, self.width)

    def _crop_of_larger(self, rows: int, columns: int, tall: bool) -> Placement:
        """Place the centre of an image that is made larger than the input."""
        crop_ratio = Fraction(self.crop_ratio).limit_denominator(10_000)  # 256 / 224 is 8/7 again
        if tall:
            across = _rounded(self.width * crop_ratio.numerator, crop_ratio.denominator)
            along = across * rows // columns
        else:
            along = _rounded(self.height * crop_ratio.numerator, crop_ratio.denominator)
            across = along * columns // rows
        top, left = round((along - self.height) / 2), round((across - self.width) / 2)
        y, x = rows / along, columns / across  # pixels of the image to one of the input
        bottom, right = (top + self.height) * y, (left + self.width) * x
        # fractions, as if all were resized first: a cut at whole pixels lies up to half a pixel
        # beside torchvision's, and differs by 1 to 10 of 255 on the mean
        box = (top * y, left * x, min(bottom, rows), min(right, columns))
        return Placement(box, 0, 0, self.height, self.width, beyond=True)

    def pixels(self, source: Source) -> np.ndarray:
        """Read an image and make it fit; mean and std are not applied yet.

        Returns:
            uint8 of shape (channels, height, width).

        Raises:
            ImageError: the reason why it cannot be read, in one line.
        """
        return self.prepared(source)[0]

    def prepared(self, source: Source) -> tuple[np.ndarray, tuple[str, ...]]:
        """Read an image and make it fit as `pixels` does; give what was odd about it, too.

        Raises:
            ImageError: the reason why it cannot be read, in one line.
        """
        with hold_decoded(
            source,
            background=self.background,
            reduction=self.reduction,
            ranges=self.value_ranges,
        ) as image:
            return self.place(image), image.remarks

    def reduction(self, rows: int, columns: int) -> int:
        """Return by how much smaller a JPEG of so many rows and columns is decoded: 1, 2, 4 or 8.

        >>> Preprocess(height=224, width=224, fit="crop", draft=True).reduction(3000, 4000)
        4
        """
        if not self.draft:
            return 1
        finest = MARGIN * max(self.placement(rows, columns).scale)
        return next((by for by in (8, 4, 2) if by * finest <= 1), 1)

    def place(self, image: Decoded) -> np.ndarray:
        """Make a decoded image (mode L or RGB) fit; uint8 (channels, height, width)."""
        shown = to_gray(image.image) if self.channels == 1 else image.image
        where = self.placement(image.rows, image.columns)
        if (shown.height, shown.width) != (image.rows, image.columns):
            where = where.on(image)
        resized = np.asarray(resize(shown, where, columns_first=self.revision == 1))
        if resized.ndim == 2:
            resized = resized[:, :, None]
        resized = resized.transpose(2, 0, 1)  # (1 or 3, rows, columns)
        if resized.shape == self.shape:
            return np.array(resized, order="C")
        placed = np.empty(self.shape, np.uint8)
        placed[:] = self.border_values[:, None, None]
        rows = slice(where.top, where.top + where.height)
        columns = slice(where.left, where.left + where.width)
        placed[:, rows, columns] = resized
        return placed

    @property
    def border_values(self) -> np.ndarray:
        """The border as this many channels have it: uint8 (channels,)."""
        shown = Image.new("RGB", (1, 1), tuple(self.border))
        image = to_gray(shown) if self.channels == 1 else shown
        return np.asarray(image).reshape(self.channels)

    def spoken(self) -> str:
        """Say in words what it does.

        >>> half = (0.5, 0.5, 0.5)
        >>> Preprocess(3, 224, 224, "crop", crop_ratio=256 / 224, mean=half, std=half).spoken()
        '224x224 out of the middle of images made 256 on the shorter side, mean 0.5, std 0.5'
        """
        size = f"{self.height}x{self.width}"
        if self.crop_ratio != 1:
            shorter = round(min(self.height, self.width) * self.crop_ratio)
            how = f"{size} out of the middle of images made {shorter} on the shorter side"
        elif self.fit == "crop":
            how = f"{size}, the middle of images of other proportions"
        else:
            bent = "padded" if self.fit == "pad" else "squashed"
            how = f"{size}, images of other proportions {bent}"
        values = []
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            told = numbers[:1] if len(set(numbers)) == 1 else numbers
            values.append(f"{name} {' '.join(f'{value:g}' for value in told)}")
        if self.draft:
            values.append("large JPEG files decoded smaller")
        if self.integer_range:
            values.append(
                "whole numbers from {:g} (black) to {:g} (white)".format(*self.integer_range)
            )
        if self.float_range:
            values.append("floats from {:g} (black) to {:g} (white)".format(*self.float_range))
        return ", ".join((how, *values))

    def as_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values; ranges that are not set are left out."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(self).items()
            if value != ()
        }

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Preprocess:
        """Make the preprocessing that `as_json` recorded.

        Files that were written before call the ratio "zoom" and drafts "reduced"; older ones hold
        neither, which stands for 1 and for none.

        Raises:
            SettingError: for a missing, unknown or senseless value.

        >>> Preprocess.from_json(Preprocess(height=32).as_json()) == Preprocess(height=32)
        True
        """
        now = {ONCE.get(name, name): value for name, value in values.items()}
        values = {**EARLIER, **now}
        names = {field.name for field in dataclasses.fields(Preprocess)}
        if set(values) != names:
            odd = ", ".join(sorted(names.symmetric_difference(values)))
            raise SettingError(f"the preprocessing has missing or unknown settings: {odd}")

        def numbers(name: str) -> tuple[float, ...]:
            found = values[name]
            # no bool; whole numbers of 400 digits are no floats
            if isinstance(found, list) and all(
                type(each) in (int, float) and abs(each) <= sys.float_info.max for each in found
            ):
                return tuple(map(float, found))
            raise SettingError(f"{name} {str(found)[:60]}: expected a list of numbers")

        def color(name: str) -> Color:
            found = numbers(name)
            if len(found) == 3 and all(each in range(256) for each in found):
                return cast("Color", tuple(map(int, found)))
            raise SettingError(f"{name} {found}: expected three values from 0 to 255")

        def whole(name: str) -> int:
            found = values[name]
            if isinstance(found, int) and not isinstance(found, bool):
                return found
            raise SettingError(f"{name} {found!r}: expected a whole number")

        crop_ratio = values["crop_ratio"]
        if type(crop_ratio) not in (int, float):
            raise SettingError(f"crop_ratio {str(crop_ratio)[:60]}: expected a number")
        draft = values["draft"]
        if not isinstance(draft, bool):
            raise SettingError(f"draft {str(draft)[:60]}: expected true or false")
        return Preprocess(
            channels=whole("channels"),
            height=whole("height"),
            width=whole("width"),
            fit=cast("Fit", values["fit"]),
            background=color("background"),
            border=color("border"),
            mean=numbers("mean"),
            std=numbers("std"),
            crop_ratio=cast("float", crop_ratio),
            draft=draft,
            integer_range=numbers("integer_range"),
            float_range=numbers("float_range"),
            revision=whole("revision"),
        )


def _rounded(numerator: int, denominator: int) -> int:
    """Divide whole numbers and round half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _check_revision(revision: int) -> None:
    if revision not in REVISIONS:
        raise SettingError(
            f"revision {revision}: expected 1 or 2; a later one needs a newer Striate: "
            "pip install --upgrade striate"
        )
