"""Whatever way an image keeps its colours, give them as 8-bit grey or 8-bit RGB.

The rules, once and for all:

- 1 bit: black and white. Grey with 8 bits and RGB: as they are.
- More bits, and floats: `striate.data.images.deep_values` has the rules.
- Palette: the colours looked up. A palette of greys alone gives grey.
- Transparency (an alpha channel, a transparent palette entry or colour): laid over a background.
- CMYK: R = 255 - min(255, C + K) and so on; Adobe's inverted files are turned back by Pillow.
- LAB: through LittleCMS from D50 to sRGB. YCbCr and HSV: by Pillow.
- Colour profiles (ICC): where one changes colours by more than 2 levels, they are made sRGB by
  LittleCMS, and it is said; CMYK with a profile goes by that.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from striate.data.images.color_profile import to_srgb
from striate.data.images.deep_values import DEEP_MODES, is_white_zero, scale_to_uint8, stored_values
from striate.data.images.value_range import ValueRanges

Color = tuple[int, int, int]

_GREY = {"1", "L", "LA", "La"} | DEEP_MODES


def is_gray(image: Image.Image) -> bool:
    """Tell from the header whether an image is grey, apart from a coloured background."""
    if image.mode in ("P", "PA"):
        return _has_gray_palette(image)
    return image.mode in _GREY


def to_eight_bits(
    image: Image.Image, background: Color, *, ranges: ValueRanges, said: list[str]
) -> Image.Image:
    """Return a decoded image in mode L or RGB, by the rules above.

    Args:
        image: any image of Pillow's; it is left as it is.
        background: what transparent pixels lie on.
        ranges: which of values with more than 8 bits are black and white.
        said: remarks are added to it.

    Raises:
        ImageError: for values that are not numbers.
    """
    transparent = image.info.get("transparency")
    plain = image
    if image.mode in DEEP_MODES:
        plain = _scale(image, ranges=ranges, said=said)
    elif image.mode == "LAB":
        return _from_lab(image)
    elif image.mode in ("La", "RGBa"):
        plain = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    elif image.mode in ("P", "PA"):
        plain = _apply_palette(image)
    elif image.mode == "1":
        plain = image.convert("L")
        if transparent is not None:  # a bit, 0 or 1, as a grey value
            plain.info["transparency"] = 255 if transparent else 0
    if plain.mode in ("L", "RGB") and "transparency" in plain.info:
        plain = plain.convert({"L": "LA", "RGB": "RGBA"}[plain.mode])
    plain = to_srgb(plain, image.info.get("icc_profile"), said)
    if plain.mode in ("LA", "RGBA"):
        return _composite(plain, background, said)
    return plain if plain.mode in ("L", "RGB") else plain.convert("RGB")


def to_gray(image: Image.Image) -> Image.Image:
    """Return an RGB image as grey: L = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), in 16 bits."""
    return image if image.mode == "L" else image.convert("L")


def _has_gray_palette(image: Image.Image) -> bool:
    """Look at the palette as it is stored, without decoding the image."""
    if image.palette is None:
        return False
    layout = image.palette.rawmode or image.palette.mode  # RGB, BGRX, RGB;L and the like
    values = np.frombuffer(bytes(image.palette.palette), np.uint8)
    width = len(layout.partition(";")[0])
    if len(values) % width:
        return False
    colours = values.reshape(width, -1).T if layout.endswith(";L") else values.reshape(-1, width)
    return bool((colours[:, :3] == colours[:, :1]).all())


def _apply_palette(image: Image.Image) -> Image.Image:
    grey_palette = _has_gray_palette(image)
    if image.mode == "PA" or image.has_transparency_data:
        coloured = image.convert("RGBA")
        if not grey_palette:
            return coloured
        return Image.merge("LA", (coloured.getchannel(0), coloured.getchannel(3)))
    coloured = image.convert("RGB")
    return coloured.getchannel(0) if grey_palette else coloured


def _composite(image: Image.Image, background: Color, said: list[str]) -> Image.Image:
    alpha = image.getchannel("A")
    opaque_mode = "L" if image.mode == "LA" else "RGB"
    lowest, highest = alpha.getextrema()
    if lowest == 255:
        return image.convert(opaque_mode)
    if highest == 0:
        said.append("every pixel is transparent: nothing but the background is left")
    is_grey_background = background[0] == background[1] == background[2]
    if opaque_mode == "L" and is_grey_background:
        canvas = Image.new("L", image.size, background[0])
    else:
        canvas = Image.new("RGB", image.size, background)
    canvas.paste(image.convert(canvas.mode), mask=alpha)
    return canvas


def _scale(image: Image.Image, *, ranges: ValueRanges, said: list[str]) -> Image.Image:
    """Return values of more than 8 bits in mode L, or LA where one of them is transparent."""
    values = stored_values(image)
    scaled = scale_to_uint8(values, ranges, said)
    shades = Image.fromarray(255 - scaled if is_white_zero(image) else scaled)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        shades.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return shades


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
    converted = ImageCms.applyTransform(image, transform)
    return image.convert("RGB") if converted is None else converted
