"""Whatever way an image keeps its colours, give them as 8-bit grey or 8-bit RGB.

The rules, once and for all:

- 1 bit: black and white. Grey with 8 bits and RGB: as they are.
- 16 bit grey: divided by 257, so that 0..65535 becomes 0..255. Pillow itself gives 16-bit
  colour as its upper 8 bits, which differs by at most 1.
- 32-bit whole numbers within 0..65535 are taken as 16 bit, since PNG and PGM files of 16 bits
  arrive so; other values are stretched: the image's smallest becomes black, its largest white.
- Floats within 0..1 are multiplied by 255; other ranges are stretched likewise.
- Palette: the colours looked up. A palette of greys alone gives grey.
- Transparency (an alpha channel, a transparent palette entry or colour): laid over a background.
- CMYK: R = 255 - min(255, C + K) and so on; Adobe's inverted files are turned back by Pillow.
- LAB: through LittleCMS from D50 to sRGB. YCbCr and HSV: by Pillow.
- Colour profiles (ICC) are not applied, as is usual where images are learnt from.
"""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image

from striate.errors import ImageError

Color = tuple[int, int, int]

_SCALED = {"I;16", "I;16L", "I;16B", "I;16N", "I", "F"}
_GREY = {"1", "L", "LA", "La"} | _SCALED


def is_gray(image: Image.Image) -> bool:
    """Tell from the header whether an image is grey, apart from a coloured background."""
    if image.mode in ("P", "PA"):
        return _has_gray_palette(image)
    return image.mode in _GREY


def to_eight_bits(image: Image.Image, background: Color, said: list[str]) -> Image.Image:
    """Return a decoded image in mode L or RGB, by the rules above.

    Args:
        image: any image of Pillow's; it is left as it is.
        background: what transparent pixels lie on.
        said: remarks are added to it.

    Raises:
        ImageError: for values that are not numbers.
    """
    if image.mode in _SCALED:
        return _scale(image, background, said)
    if image.mode == "LAB":
        return _from_lab(image)
    if image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    elif image.mode in ("P", "PA"):
        image = _apply_palette(image)
    elif image.mode == "1":
        transparent = image.info.get("transparency")
        image = image.convert("L")
        if transparent is not None:  # a bit, 0 or 1, as a grey value
            image.info["transparency"] = 255 if transparent else 0
    if image.mode in ("L", "RGB") and "transparency" in image.info:
        image = image.convert({"L": "LA", "RGB": "RGBA"}[image.mode])
    if image.mode in ("LA", "RGBA"):
        return _composite(image, background, said)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


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


@functools.cache
def _sixteen_to_eight() -> np.ndarray:
    scaled = (np.arange(65536, dtype=np.uint32) * 255 + 32767) // 65535
    return scaled.astype(np.uint8)


def scale_to_uint8(values: np.ndarray, said: list[str]) -> np.ndarray:
    """Return 16-bit, 32-bit or float values of an image's file as uint8, scaled and never clipped.

    >>> scale_to_uint8(np.array([0, 257, 65535], dtype=np.uint16), []).tolist()
    [0, 1, 255]
    """
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ImageError("it holds values that are not numbers (NaN or infinite)")
    low, high = values.min(), values.max()
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        whole = np.floor(values.astype(np.float32) * 255 + np.float32(0.5))
        return np.asarray(whole, np.uint8)
    if values.dtype.kind in "iu" and low >= 0 and high <= 65535:
        return np.asarray(_sixteen_to_eight()[values])
    said.append(f"its values from {low:g} to {high:g} were stretched over black to white")
    span = float(high) - float(low)
    stretched = (values.astype(np.float64) - float(low)) * (255 / span if span else 0.0)
    return np.floor(stretched + 0.5).astype(np.uint8)


def _scale(image: Image.Image, background: Color, said: list[str]) -> Image.Image:
    values = np.asarray(image)
    shades = Image.fromarray(scale_to_uint8(values, said))
    transparent = image.info.get("transparency")
    if not isinstance(transparent, int):
        return shades
    alpha = Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    return _composite(Image.merge("LA", (shades, alpha)), background, said)


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
    converted = ImageCms.applyTransform(image, transform)
    return image.convert("RGB") if converted is None else converted
