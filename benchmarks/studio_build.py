"""From a keystroke in the studio's room Build to the painted table, beside reading the text alone.

A studio is opened in Chromium. Each key is timed from the browser's own keydown to the first task
after the frame that paints the answer to exactly this text. In
turns with it, `striate.parse` and `striate.summary` read the same text in Python. Run it on a
quiet machine:

    python benchmarks/studio_build.py [--keys 200] [NAME ...]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from itertools import product
from pathlib import Path
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Page, sync_playwright

from striate import parse, summary
from striate.architecture import zoo
from striate.errors import NotationError
from striate.studio_app.opening import open_studio

WATCH = """() => {
  const area = document.getElementById("network-text");
  let begun = 0;
  window.keys = [];
  area.addEventListener("keydown", () => { begun = performance.now(); }, true);
  document.querySelector(".build").addEventListener("checked", () => {
    const [from, text] = [begun, area.value];
    requestAnimationFrame(() => setTimeout(() => {
      window.keys.push([performance.now() - from, text]);
    }));
  });
}"""
TYPED = {  # at the end of the text, again and again
    "an error at each key": " > conv 8 > relu",
    "no error": " # and no more",
}


def read(text: str) -> list[float]:
    """Return the milliseconds that parsing takes, and the whole table."""
    took = []
    for work in (parse, summary):
        begun = time.perf_counter()
        with suppress(NotationError):
            work(text)
        took.append(1000 * (time.perf_counter() - begun))
    return took


def press(page: Page, typed: str, count: int) -> list[list[float]]:
    """Press so many keys; return the milliseconds of each: painted, parsed, summarised."""
    page.locator("#network-text").click()
    page.keyboard.press("Control+End")
    page.evaluate(WATCH)
    found = []
    for number in range(count):
        page.keyboard.type(typed[number % len(typed)])
        page.wait_for_timeout(150)  # as fast typing has it; the drawing comes in between
        seconds, text = page.evaluate("window.keys.at(-1)")
        found.append([seconds, *read(text)])
        if number % len(typed) == len(typed) - 1:  # the text stays of its size
            for _ in typed:
                page.keyboard.press("Backspace")
            page.wait_for_timeout(400)
    return found


def main() -> None:
    """Print the percentiles for each network."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--keys", type=int, default=200)
    asked.add_argument("names", nargs="*", default=["lenet5", "resnet50"])
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        studio = open_studio(Path(folder))
        threading.Thread(target=studio.run, daemon=True).start()
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, (kind, typed) in product(given.names, TYPED.items()):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"{studio.address}#room=build&text={quote(zoo.text(name).rstrip())}")
            page.wait_for_selector(".drawing svg")
            found = np.array(press(page, typed, given.keys))
            for label, column in zip(("painted", "parse", "summary"), found.T, strict=True):
                middle, high = np.percentile(column, [50, 95])
                told = f"median {middle:6.1f} ms, p95 {high:6.1f} ms"
                print(f"{name:12} {kind:22} {label:8} {told}")
            page.close()
        browser.close()
        studio.server.should_exit = True


if __name__ == "__main__":
    main()
