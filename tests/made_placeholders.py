"""Placeholder images as servers and shops send them, drawn by lot, each in a format by lot."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]
Draw = ImageDraw.ImageDraw

WORDS = (
    ("image not found",),
    ("No image", "available"),
    ("404", "Page not found"),
    ("Photo coming soon",),
    ("This image is no longer available",),
    ("Kein Bild vorhanden",),
    ("IMAGE UNAVAILABLE",),
    ("Image removed", "at the request of its owner"),
    ("no photo",),
    ("Sorry, this photo", "is private"),
    ("Pas d'image disponible",),
    ("Error: file could not be loaded", "Please try again later"),
    ("thumbnail missing",),
    ("PREVIEW NOT AVAILABLE",),
    ("The content you requested", "has been deleted", "or moved to another place"),
    ("640 x 480",),
    ("Your image here",),
    ("Bandwidth limit exceeded", "upgrade your account"),
    ("hotlinking is not allowed",),
    ("Imagen no disponible",),
)
GROUNDS: tuple[Color, ...] = (
    *((255, 255, 255), (238, 238, 238), (204, 204, 204), (245, 240, 230), (0, 0, 0)),
    *((40, 44, 52), (96, 125, 139), (33, 150, 243), (120, 30, 30)),
)
FORMATS: tuple[tuple[str, dict[str, int]], ...] = (
    *(("PNG", {}), ("JPEG", {"quality": 85}), ("JPEG", {"quality": 60}), ("GIF", {})),
    *(("WEBP", {"quality": 80}), ("BMP", {})),
)
FONTS = ("", "", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono", "STIXGeneralItalic")


def font(name: str, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if not name:
        return ImageFont.load_default(max(10, size))
    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/{name}.ttf", max(10, size))


def camera(draw: Draw, x: float, y: float, side: float, ink: Color, ground: Color) -> None:
    draw.rounded_rectangle((x, y + side * 0.2, x + side, y + side * 0.8), side * 0.08, fill=ink)
    draw.rectangle((x + side * 0.35, y + side * 0.1, x + side * 0.65, y + side * 0.25), fill=ink)
    draw.ellipse((x + side * 0.3, y + side * 0.3, x + side * 0.7, y + side * 0.7), fill=ground)
    draw.ellipse((x + side * 0.4, y + side * 0.4, x + side * 0.6, y + side * 0.6), fill=ink)


def mountains(draw: Draw, x: float, y: float, side: float, ink: Color, ground: Color) -> None:
    width = max(2, round(side / 24))
    draw.rectangle((x, y + side * 0.1, x + side, y + side * 0.9), outline=ink, width=width)
    peaks = ((0.1, 0.8), (0.4, 0.4), (0.6, 0.65), (0.75, 0.5), (0.9, 0.8))
    draw.polygon([(x + side * a, y + side * b) for a, b in peaks], fill=ink)
    draw.ellipse((x + side * 0.65, y + side * 0.2, x + side * 0.8, y + side * 0.35), fill=ink)


def crossed(draw: Draw, x: float, y: float, side: float, ink: Color, ground: Color) -> None:
    width = max(2, round(side / 12))
    draw.rectangle((x, y, x + side, y + side), outline=ink, width=width)
    draw.line((x, y, x + side, y + side), fill=ink, width=width)
    draw.line((x + side, y, x, y + side), fill=ink, width=width)


def person(draw: Draw, x: float, y: float, side: float, ink: Color, ground: Color) -> None:
    draw.ellipse((x + side * 0.3, y, x + side * 0.7, y + side * 0.4), fill=ink)
    draw.pieslice((x + side * 0.1, y + side * 0.5, x + side * 0.9, y + side * 1.5), 180, 360, ink)


ICONS: tuple[Callable[[Draw, float, float, float, Color, Color], None], ...] = (
    *(camera, mountains, crossed, person),
)


def placeholder(seed: int) -> tuple[bytes, str]:
    """Make one: the bytes of its file, and the ending that these have."""
    lot = random.Random(seed)
    columns = lot.choice((120, 150, 200, 240, 300, 320, 400, 480, 500, 640, 800, 1024))
    rows = round(columns * lot.choice((1, 0.75, 0.6, 1.33)))
    ground = lot.choice(GROUNDS)
    dark = sum(ground) < 380
    ink = (
        lot.choice(((255, 255, 255), (200, 200, 200), (255, 200, 0)))
        if dark
        else lot.choice(((0, 0, 0), (102, 102, 102), (150, 150, 150), (200, 30, 30), (20, 60, 160)))
    )
    image = Image.new("RGB", (columns, rows), ground)
    draw = ImageDraw.Draw(image)
    if lot.random() < 0.15:  # lighter towards the bottom
        for y in range(rows):
            share = 0.25 * y / rows
            tint = tuple(round(value + (255 - value) * share) for value in ground)
            draw.line((0, y, columns, y), fill=(tint[0], tint[1], tint[2]))
    if lot.random() < 0.3:
        draw.rectangle((0, 0, columns - 1, rows - 1), outline=ink, width=max(1, columns // 100))
    words = lot.choice(WORDS)
    size = min(columns / max(map(len, words)) * lot.uniform(1.0, 1.7), rows / 5)
    name = lot.choice(FONTS)
    icon = lot.choice(ICONS) if lot.random() < 0.6 else None
    height = size * 1.4 * len(words)
    top = (rows - height) / 2
    if icon is not None:
        side = lot.uniform(0.25, 0.45) * min(columns, rows)
        top = (rows - height - side) / 2 + side * 1.1
        icon(draw, (columns - side) / 2, top - side * 1.15, side, ink, ground)
    for line in words:
        drawn = font(name, size)
        while drawn.getlength(line) > columns * 0.94 and size > 10:
            size *= 0.92
            drawn = font(name, size)
        draw.text(((columns - drawn.getlength(line)) / 2, top), line, fill=ink, font=drawn)
        top += size * 1.4
    if lot.random() < 0.2:
        draw.text(
            (columns * 0.03, rows * 0.92), "example.com", fill=ink, font=font(name, rows * 0.04)
        )
    kind, options = lot.choice(FORMATS)
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue(), kind.lower()
