"""Draws docs/report.png, the image in README.md, from the report of the newest digits run.

make demo && make figure
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

COLUMNS = (("header", "#worst"), ("#training", "#confusion"))  # what stands under what
WIDTH, HEIGHT, GAP = 760, 1240, 24  # pixels: of a column, of the image, between columns


def draw(report: Path, chromium: str) -> Image.Image:
    """Photograph parts of the page and lay them side by side."""
    sheet = Image.new("RGB", (len(COLUMNS) * (WIDTH + GAP) + GAP, HEIGHT), "white")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(report.resolve().as_uri())
        for number, parts in enumerate(COLUMNS):
            top = GAP
            for part in parts:
                shot = Image.open(io.BytesIO(page.locator(part).first.screenshot()))
                sheet.paste(shot, (GAP + number * (WIDTH + GAP), top))
                top += shot.height + GAP
        browser.close()
    return sheet


def main() -> None:
    """Find the newest report and the browser, and write the image."""
    reports = sorted(Path("runs").glob("digits*/report.html"), key=lambda p: p.stat().st_mtime)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not reports or chromium is None:
        sys.exit("docs/report_figure.py needs Chromium and a report: make demo")
    image = draw(reports[-1], chromium).quantize(128, dither=Image.Dither.NONE)
    image.save(Path(__file__).with_name("report.png"), optimize=True)


if __name__ == "__main__":
    main()
