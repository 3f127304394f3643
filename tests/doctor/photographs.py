"""Pieces of scikit-learn's two photographs, and copies of them as people make them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import cache

from PIL import Image, ImageOps
from sklearn.datasets import load_sample_images

SIZE = (200, 150)


@cache
def pieces() -> tuple[Image.Image, ...]:
    """Cut the two photographs into pieces of 200 x 150 that show different things."""
    whole = [Image.fromarray(pixels) for pixels in load_sample_images().images]
    found = [
        image.crop((left, top, left + SIZE[0], top + SIZE[1]))
        for image in whole
        for top in (0, 138, 276)
        for left in (0, 215, 430)
    ]
    for mirror_image in (0, 14):  # of a roof and of a petal beside it
        found[mirror_image] = found[mirror_image].rotate(90, expand=True).resize(SIZE)
    return tuple(found)


def _cut(image: Image.Image, *shares: float) -> Image.Image:
    left, top, right, bottom = shares
    return image.crop(
        (
            round(image.width * left),
            round(image.height * top),
            round(image.width * (1 - right)),
            round(image.height * (1 - bottom)),
        )
    )


def _recompressed(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60)
    return Image.open(file).convert("RGB")


COPIES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed": _recompressed,
    "resized": lambda image: image.resize((140, 105)),
    "mirrored": ImageOps.mirror,
    "cut": lambda image: _cut(image, 0.12, 0.12, 0.12, 0.12),
    "cut at a corner": lambda image: _cut(image, 0.15, 0.0, 0.0, 0.15),
    "turned": lambda image: image.rotate(5, resample=Image.Resampling.BICUBIC),
    "mirrored and cut": lambda image: ImageOps.mirror(_cut(image, 0.08, 0.08, 0.08, 0.08)),
}
