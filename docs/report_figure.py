"""Draws docs/report.png and report-dark.png, the image in README.md, from the newest digits run.

make demo && make figure
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import sync_playwright

COLUMNS = (("header",), ("#worst", "#confusion"))  # what stands under what
WIDTH, HEIGHT, GAP = 760, 1000, 24  # of a column, of the image, between columns, at its own size
SCALE = 2  # pixels of the image to each of these
PAPER = {"light": "#ffffff", "dark": "#101418"}


def draw(report: Path, chromium: str, scheme: Literal["light", "dark"]) -> Image.Image:
    """Photograph parts of the page and lay them side by side."""
    size = (len(COLUMNS) * (WIDTH + GAP) + GAP, HEIGHT)
    sheet = Image.new("RGB", (size[0] * SCALE, size[1] * SCALE), PAPER[scheme])
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=SCALE,
            color_scheme=scheme,
        )
        page.goto(report.resolve().as_uri())
        for number, parts in enumerate(COLUMNS):
            top = GAP * SCALE
            for part in parts:
                shot = Image.open(io.BytesIO(page.locator(part).first.screenshot()))
                sheet.paste(shot, (SCALE * (GAP + number * (WIDTH + GAP)), top))
                top += shot.height + GAP * SCALE
        browser.close()
    return sheet


def main() -> None:
    """Find the newest report and the browser, and write the image."""
    reports = sorted(Path("runs").glob("digits*/report.html"), key=lambda p: p.stat().st_mtime)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not reports or chromium is None:
        sys.exit("docs/report_figure.py needs Chromium and a report: make demo")
    for scheme, name in (("light", "report.png"), ("dark", "report-dark.png")):
        image = draw(reports[-1], chromium, scheme)  # type: ignore[arg-type]
        image.save(Path(__file__).with_name(name), optimize=True)


if __name__ == "__main__":
    main()
