"""Small changes to training images that do not change what they show.

Which change an image gets is a function of the seed, the epoch and the image alone: not of
the batch it lands in, nor of how many processes share the work. So a run that is resumed, or
spread over several devices, sees the same images as one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from striate.data.direction_names import find_direction

DRAWS = 8  # random numbers an image uses up


@dataclass(frozen=True)
class Augmentation:
    """How far a training image may be changed; all zero changes nothing.

    Attributes:
        shift: share of the height and width by which it may move, each way.
        zoom: it is enlarged by up to this share, or reduced by a third of it.
        turn: degrees by which it may be turned, each way.
        mirror: whether left and right may be exchanged, in half of the cases.
        light: share by which brightness and contrast may change, each way.
        saturation: share by which it may change, each way.
    """

    shift: float = 0.0
    zoom: float = 0.0
    turn: float = 0.0
    mirror: bool = False
    light: float = 0.0
    saturation: float = 0.0

    def __str__(self) -> str:
        parts = [
            f"shift up to {self.shift * 100:.0f} %" if self.shift else "",
            f"zoom up to {self.zoom * 100:.0f} %" if self.zoom else "",
            f"turn up to {self.turn:g} degrees" if self.turn else "",
            "mirrored in half of the cases" if self.mirror else "",
            f"brightness and contrast by up to {self.light * 100:.0f} %" if self.light else "",
            f"saturation by up to {self.saturation * 100:.0f} %" if self.saturation else "",
        ]
        return ", ".join(part for part in parts if part) or "none"

    def as_json(self) -> dict[str, float | bool]:
        """Return the settings as plain values."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Augmentation:
        """Return what `as_json` recorded; until November 2026 saturation was called colour.

        >>> Augmentation.from_json({"colour": 0.2})
        Augmentation(shift=0.0, zoom=0.0, turn=0.0, mirror=False, light=0.0, saturation=0.2)
        """
        names = {"colour": "saturation"}
        return Augmentation(**{names.get(name, name): value for name, value in values.items()})


def choose_augmentation(
    channels: int, height: int, width: int, classes: Sequence[str]
) -> Augmentation:
    """Choose the mild changes that suit a kind of image.

    Colour photographs are zoomed, mirrored and relit. Grey images are taken for writing, scans
    and the like: moved and turned a little, never mirrored. Nor is anything mirrored where a
    class is a single character or has a direction in its name, since a mirrored 2 is no 2.

    >>> choose_augmentation(1, 28, 28, ["0", "1"]).mirror
    False
    >>> print(choose_augmentation(3, 128, 128, ["ants", "bees"]))
    shift up to 10 %, zoom up to 30 %, turn up to 10 degrees, mirrored in half of the cases,
    brightness and contrast by up to 20 %, saturation by up to 20 %
    """
    handed = any(len(name.strip()) == 1 for name in classes) or find_direction(classes)
    if channels == 1:
        pixel = 1 / min(height, width)
        return Augmentation(shift=max(0.07, pixel), zoom=0.1, turn=8.0)
    small = min(height, width) < 48
    return Augmentation(
        shift=0.1,
        zoom=0.15 if small else 0.3,
        turn=10.0,
        mirror=not handed,
        light=0.2,
        saturation=0.2,
    )


def draw_numbers(seed: int, epoch: int, n: int) -> np.ndarray:
    """Draw the random numbers of one epoch, a row an image.

    Returns:
        float32 array (n, DRAWS), uniform in 0..1.

    >>> draw_numbers(0, 1, 3).shape
    (3, 8)
    >>> bool((draw_numbers(7, 2, 5)[:3] == draw_numbers(7, 2, 3)).all())
    True
    """
    generator = np.random.Generator(np.random.Philox(key=[seed & (2**64 - 1), epoch]))
    return generator.random((n, DRAWS), dtype=np.float32)


def augment(pixels: torch.Tensor, change: Augmentation, numbers: torch.Tensor) -> torch.Tensor:
    """Change a batch of images, each by its own row of random numbers.

    Args:
        pixels: uint8 (n, channels, rows, columns).
        change: how far.
        numbers: float32 (n, DRAWS), uniform in 0..1, as `draw_numbers` gives them.

    Returns:
        float32 (n, channels, rows, columns), 0 to 255.

    >>> still = torch.full((1, 1, 4, 4), 7, dtype=torch.uint8)
    >>> augment(still, Augmentation(), torch.rand(1, DRAWS)).unique()
    tensor([7.])
    """
    values = pixels.float()
    moved = change.shift or change.zoom or change.turn or change.mirror
    if moved:
        places = _places(_affine(change, numbers, values), *values.shape[2:])
        values = functional.grid_sample(
            values, places, mode="bilinear", padding_mode="border", align_corners=False
        )
    coloured = change.saturation and values.shape[1] == 3
    if coloured or change.light:
        values = _change_light(values, change, numbers, coloured=bool(coloured))
    return values


def _change_light(
    values: torch.Tensor, change: Augmentation, numbers: torch.Tensor, *, coloured: bool
) -> torch.Tensor:
    """Change saturation, contrast and brightness, by one multiplication and addition a value.

    A value v of a pixel with grey g, in an image with mean m, becomes g + (v - g) * saturation;
    that becomes m * brightness + (it - m) * contrast, kept between 0 and 255. Saturation leaves
    m as it is, so all of it is v * a + (g * b + m * c), of which only v is a number a value.
    """
    saturation = _around_one(numbers[:, 5], change.saturation if coloured else 0.0)
    contrast = _around_one(numbers[:, 6], change.light)
    brightness = _around_one(numbers[:, 7], change.light)
    gray = values.mean(1, keepdim=True)
    rest = gray.mean((2, 3), keepdim=True) * (brightness - contrast)
    if coloured:
        rest = torch.addcmul(rest, gray, (1 - saturation) * contrast)
    changed = torch.addcmul(rest, values, saturation * contrast)
    return changed.clamp_(0, 255) if change.light else changed


def _around_one(numbers: torch.Tensor, reach: float) -> torch.Tensor:
    """Spread 0..1 over 1 - reach .. 1 + reach, shaped to multiply images."""
    return (1 + (2 * numbers - 1) * reach).view(-1, 1, 1, 1)


def _affine(change: Augmentation, numbers: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return the matrices (n, 2, 3) that take a place in the new image to one in the old."""
    rows, columns = values.shape[2:]
    signed = 2 * numbers - 1
    angle = signed[:, 0] * (change.turn * math.pi / 180)
    # numbers[:, 1] from 0 to 1: from reduced by zoom / 3 to enlarged by zoom
    scale = 1 + change.zoom / 3 - numbers[:, 1] * (change.zoom * 4 / 3)
    flip = torch.where(numbers[:, 2] < 0.5, -1.0, 1.0) if change.mirror else torch.ones_like(angle)
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    skew = rows / columns  # coordinates run from -1 to 1 along both sides, whatever their lengths
    return torch.stack(
        [
            torch.stack([cosine * flip, -sine * skew, signed[:, 3] * (2 * change.shift)], 1),
            torch.stack([sine * flip / skew, cosine, signed[:, 4] * (2 * change.shift)], 1),
        ],
        1,
    )


def _places(matrices: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Return the place in the old image of every pixel of the new one.

    What torch's affine_grid gives, in a quarter of the time: one multiplication and addition a
    number in place of tiny matrix products, and x and y each in one piece.

    Returns:
        float32 (n, rows, columns, 2), x and y from -1 to 1.
    """
    x = (2 * torch.arange(columns, device=matrices.device) + 1) / columns - 1
    y = (2 * torch.arange(rows, device=matrices.device) + 1) / rows - 1
    across, down, shift = (matrices[:, :, place, None, None] for place in range(3))  # (n, 2, 1, 1)
    return torch.addcmul(down * y[:, None] + shift, across, x).permute(0, 2, 3, 1)
