"""Small images drawn by the tests, so that they need no data of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"disc": (200, 60, 40), "square": (40, 90, 200), "bar": (60, 180, 70)}


def image(shape: str, seed: int, size: tuple[int, int] = (32, 32)) -> Image.Image:
    """Draw one shape somewhere on a noisy ground; size is (columns, rows) as Pillow has it."""
    generator = np.random.default_rng([seed, len(shape)])
    ground = generator.integers(90, 160, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(ground)
    draw = ImageDraw.Draw(image)
    side = min(size)
    radius = int(generator.integers(side // 6, side // 4))
    x = int(generator.integers(radius, size[0] - radius))
    y = int(generator.integers(radius, size[1] - radius))
    box = (x - radius, y - radius, x + radius, y + radius)
    if shape == "disc":
        draw.ellipse(box, fill=COLOURS[shape])
    elif shape == "square":
        draw.rectangle(box, fill=COLOURS[shape])
    else:
        draw.rectangle((0, y - 2, size[0], y + 2), fill=COLOURS[shape])
    return image


def folder(
    root: Path,
    shapes: tuple[str, ...] = ("disc", "square"),
    *,
    n: int = 12,
    size: tuple[int, int] = (32, 32),
    first: int = 0,
) -> Path:
    """Fill a folder with a folder a shape, each of n images."""
    for shape in shapes:
        (root / shape).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + n):
            image(shape, number, size).save(root / shape / f"{shape}{number:03}.png")
    return root
