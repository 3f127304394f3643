"""ICC profiles: colours are made sRGB where that changes them by more than a viewer would miss."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

LEAST = 2
"""Levels of 255 that a profile may change the colours by and still be taken for sRGB."""

_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
_STEPS = {"RGB": 6, "L": 256, "CMYK": 4}  # of each channel, among the colours that are tried


@dataclass(frozen=True)
class Conversion:
    """What makes an image sRGB.

    Attributes:
        name: the profile's own.
        transform: of LittleCMS; None where there is a table.
        table: of grey: what becomes of each of 256 values.
    """

    name: str
    transform: object
    table: tuple[int, ...] = ()

    def apply(self, image: Image.Image) -> Image.Image:
        """Return an image of the mode it was made for in mode L or RGB."""
        return image.point(list(self.table)) if self.table else _transformed(image, self.transform)


def to_srgb(image: Image.Image, profile: object, said: list[str]) -> Image.Image:
    """Return an image with its colours made sRGB; itself where they are, or have no profile.

    Args:
        image: in mode L, LA, RGB, RGBA or CMYK; others stay as they are.
        profile: the bytes of its ICC profile, or None.
        said: is told of a conversion, and of a profile that is damaged.
    """
    opaque = {"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode)
    if not isinstance(profile, bytes) or not profile or opaque not in _SPACES:
        return image
    found = _find_conversion(profile, opaque)
    if isinstance(found, str):
        said.append(found)
    if not isinstance(found, Conversion):
        return image
    said.append(f"colours were made sRGB (profile: {found.name})")
    if opaque == image.mode:
        return found.apply(image)
    converted = found.apply(image.convert(opaque))
    converted.putalpha(image.getchannel("A"))
    return converted


@functools.lru_cache(16)
def _find_conversion(profile: bytes, mode: str) -> Conversion | str | None:
    """Return what makes images of a profile sRGB; None where nothing need, or why it cannot be."""
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if opened.profile.xcolor_space != _SPACES[mode]:  # of another kind of image, such as grey
            return None
        # a table of grey is made once, so it may be exact
        flags = ImageCms.Flags.NOOPTIMIZE if mode == "L" else ImageCms.Flags.NONE
        srgb = ImageCms.createProfile("sRGB")
        made = ImageCms.buildTransform(opened, srgb, mode, "RGB", flags=flags)
        name = ImageCms.getProfileDescription(opened).strip() or "a profile without a name"
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "its colour profile is damaged and not applied"
    colors = _colors(mode)
    before, after = np.asarray(colors.convert("RGB")), _transformed(colors, made)
    if np.abs(np.asarray(after).astype(int) - before).max() <= LEAST:
        return None
    table = tuple(np.asarray(after.convert("L")).ravel().tolist()) if mode == "L" else ()
    return Conversion(" ".join(name.split())[:60], made, table)


def _transformed(image: Image.Image, transform: object) -> Image.Image:
    from PIL import ImageCms

    made = ImageCms.applyTransform(image, transform)  # type: ignore[arg-type]
    return image if made is None else made


def _colors(mode: str) -> Image.Image:
    """Return an image of colours spread over all that there are."""
    channels, steps = (1 if mode == "L" else len(mode)), _STEPS[mode]
    values = np.linspace(0, 255, steps).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(*[values] * channels, indexing="ij"), axis=-1)
    count = steps**channels
    return Image.frombytes(mode, (count, 1), grid.tobytes())
