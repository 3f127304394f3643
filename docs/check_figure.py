"""Draws docs/check/check.png and check-dark.png: a check of drawn scenes with planted faults."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from playwright.sync_api import sync_playwright

from striate.data import find
from striate.doctor.checkup.check_files import write_check
from striate.doctor.checkup.checking import check_data

SIZE = (240, 180)
WIDTH, HEIGHT = 1100, 1300


def draw_scene(kind: str, seed: int) -> Image.Image:
    """Draw a house or a boat in a landscape of its own."""
    numbers = np.random.default_rng([seed, len(kind)])
    sky = tuple(int(v) for v in numbers.integers(120, 250, 3))
    ground = tuple(int(v) for v in numbers.integers(40, 160, 3))
    image = Image.new("RGB", SIZE, sky)
    draw = ImageDraw.Draw(image)
    horizon = int(numbers.integers(70, 120))
    draw.rectangle((0, horizon + 30, SIZE[0], SIZE[1]), fill=ground)
    for _ in range(40):  # hills, trees and stones, so that no two scenes are alike
        x, y = int(numbers.integers(0, SIZE[0])), int(numbers.integers(10, SIZE[1]))
        reach = int(numbers.integers(4, 26))
        shade = tuple(int(v) for v in numbers.integers(20, 230, 3))
        draw.ellipse((x - reach, y - reach // 2, x + reach, y + reach // 2), fill=shade)
    x, y = int(numbers.integers(10, 160)), horizon + 20
    paint = tuple(int(v) for v in numbers.integers(60, 255, 3))
    if kind == "house":
        draw.rectangle((x, y, x + 60, y + 50), fill=paint, outline="black", width=2)
        draw.polygon([(x - 8, y), (x + 30, y - 34), (x + 68, y)], fill=(150, 40, 30))
        draw.rectangle((x + 24, y + 20, x + 38, y + 50), fill=(70, 40, 20))
    else:
        draw.polygon(
            [(x, y + 26), (x + 80, y + 26), (x + 62, y + 50), (x + 16, y + 50)], fill=paint
        )
        draw.polygon([(x + 40, y + 22), (x + 40, y - 40), (x + 76, y + 22)], fill="white")
    return image.filter(ImageFilter.GaussianBlur(0.6))


def plant(root: Path) -> None:
    """Fill a folder with two classes, and some of the faults that people make."""
    for split, first, count in (("train", 0, 30), ("val", 30, 12)):
        for kind in ("boats", "houses"):
            place = root / split / kind
            place.mkdir(parents=True)
            for number in range(first, first + count):
                draw_scene(kind[:-1], number).save(
                    place / f"{kind[:-1]}-{number:02}.jpg", quality=92
                )
    train, val = root / "train", root / "val"
    placeholder = Image.new("RGB", SIZE, (238, 238, 238))
    ImageDraw.Draw(placeholder).text((62, 80), "image not available", fill=(90, 90, 90))
    placeholder.save(train / "boats" / "boat-98.png")
    placeholder.save(train / "houses" / "house-97.png")
    ImageOps.mirror(draw_scene("boat", 5)).save(val / "boats" / "boat-57.jpg")
    draw_scene("house", 8).crop((24, 18, 216, 162)).save(train / "boats" / "boat-31.jpg")
    draw_scene("boat", 12).rotate(5).save(train / "boats" / "boat-12b.jpg")
    (train / "houses" / "house-99.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")


def photograph(page_file: Path, chromium: str, scheme: Literal["light", "dark"]) -> Image.Image:
    """Return the first screen of the page."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2, color_scheme=scheme
        )
        page.goto(page_file.resolve().as_uri())
        shot = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    return shot.convert("RGB").quantize(128)


def main() -> None:
    """Make the folder, check it, and write the images."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("docs/check_figure.py needs Chromium")
    out = Path(__file__).with_name("check")
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        plant(Path("scenes"))
        result = check_data("scenes", labels=False)
        print(result)
        written = write_check(result, find("scenes"), Path("checks/scenes"))
        for scheme, name in (("light", "check.png"), ("dark", "check-dark.png")):
            image = photograph(written.page, chromium, scheme)  # type: ignore[arg-type]
            image.save(out / name, optimize=True)
        os.chdir(out)


if __name__ == "__main__":
    main()
