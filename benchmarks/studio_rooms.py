"""From a slider of the studio's Playground, and from its brush in Explain, to the painted frame.

A studio is opened in Chromium. Each move is timed from its event to the second frame after the
answer to it was laid out, so that it is on the screen. In turns with it, the same question is
answered in this process without page and socket: that is the bare computing. Run it on a quiet
machine:

    python benchmarks/studio_rooms.py [--moves 200] [--read FOLDER] [--network zoo/squeezenet1_1]
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Page, sync_playwright

from striate.serving.confined_paths import ConfinedFolders
from striate.studio_app.opening import OWN, open_studio
from striate.studio_app.rooms import KINDS, read_question
from striate.studio_app.studio import Studio

# Times one move, by the brush or by the slider of the stride, until `seen` has other contents.
TIMED = """async ([seen, at, brush]) => {
  const answered = new Promise((done) => {
    const watch = new MutationObserver(() => {
      watch.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(done));
    });
    watch.observe(document.querySelector(seen), { childList: true });
  });
  const from = performance.now();
  if (brush) {
    const canvas = document.querySelector(".brush canvas");
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const clientX = left + width * (0.2 + 0.6 * at);
    const clientY = top + height * (0.3 + 0.4 * ((at * 7) % 1));
    canvas.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, pointerId: 1 }));
  } else {
    const slider = document.querySelectorAll(".settings input[type=range]")[1];
    slider.value = String(1 + Math.round(at * 97) % 3);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
  await answered;
  return performance.now() - from;
}"""
PRESSED = """() => {
  const canvas = document.querySelector(".brush canvas");
  canvas.setPointerCapture = () => {}; // there is no such pointer
  const { left, top } = canvas.getBoundingClientRect();
  const place = { clientX: left + 60, clientY: top + 60, pointerId: 1 };
  canvas.dispatchEvent(new PointerEvent("pointerdown", place));
}"""


def bare(studio: Studio, question: dict[str, Any]) -> float:
    """Return the milliseconds that a question takes without the page."""
    read = read_question(json.dumps({"id": 1, **question}))
    begun = time.perf_counter()
    KINDS[read.kind].answer(studio, read, lambda what, share: None)
    return 1000 * (time.perf_counter() - begun)


def measure(
    page: Page, moves: int, alone: Callable[[int], float], *, seen: str, brush: bool
) -> np.ndarray:
    """Return the milliseconds of each move: painted, and bare."""
    if brush:
        page.evaluate(PRESSED)
        page.wait_for_timeout(1500)
    found = []
    for number in range(moves + 10):
        painted = page.evaluate(TIMED, [seen, (number % 97) / 97, brush])
        found.append([painted, alone(number)])
    return np.array(found[10:])


def main() -> None:
    """Print the percentiles for both rooms."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--moves", type=int, default=200)
    asked.add_argument("--read", action="append", default=[])
    asked.add_argument("--network", default="zoo/squeezenet1_1")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        opened = open_studio(Path(folder), read=given.read)
        threading.Thread(target=opened.run, daemon=True).start()
        places = [Path(folder), *map(Path, given.read)]
        studio = Studio.of(ConfinedFolders.of(places, names=[OWN]), Path(folder), {})
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})

        kernel = {
            **{"numbers": "-1 0 1;-2 0 2;-1 0 1", "divisor": 1, "bias": 0, "stride": [1, 1]},
            **{"pad": "valid", "sides": [1, 1, 1, 1], "padmode": "zero", "dilation": [1, 1]},
        }
        pool = {"mode": "max", "window": [2, 2], "stride": [2, 2], "pad": [0, 0], "ceil": False}
        play = {
            **{"kind": "play", "image": "photographs/flower", "grid": "", "side": 224},
            **{"channels": "gray", "slope": 0, "pool": pool, "step": "conv", "source": 0},
            **{"unit": 0, "row": 1, "column": 1},
        }
        page.goto(f"{opened.address}#room=playground&image=photographs/flower&side=224")
        page.wait_for_selector(".sizes .result")

        def slide(number: int) -> float:
            steps = [1 + number % 3] * 2
            return bare(studio, {**play, "kernel": {**kernel, "stride": steps}})

        tell("Playground, slider", measure(page, given.moves, slide, seen=".sizes", brush=False))

        methods = ["cam", "grad-cam", "hires-cam"]
        place = f"room=explain&network={given.network}&image=photographs/flower"
        page.goto("about:blank")
        page.goto(f"{opened.address}#{place}&methods={quote(','.join(methods))}")
        page.wait_for_selector(".heat .range .high", timeout=120_000)

        def paint(number: int) -> float:
            points = [[40 + 3 * k % 140, 50 + 2 * k % 130] for k in range(number + 2)]
            stroke = {"paint": "gray", "radius": 16, "points": points}
            question = {"kind": "heat", "network": given.network, "image": "photographs/flower"}
            asked = {"strokes": [stroke], "target": -1, "against": -1, "apart": False}
            return bare(studio, {**question, **asked, "methods": methods})

        found = measure(page, given.moves, paint, seen=".explain .answer > div", brush=True)
        tell(f"Explain, brush, {given.network}", found)
        browser.close()
        opened.server.should_exit = True


def tell(what: str, found: np.ndarray) -> None:
    """Print what a room adds to the bare computing."""
    for label, column in (
        *zip(("painted", "bare"), found.T, strict=True),
        ("added", found @ [1, -1]),
    ):
        middle, high = np.percentile(column, [50, 95])
        print(f"{what:40} {label:8} median {middle:6.1f} ms, p95 {high:6.1f} ms", flush=True)


if __name__ == "__main__":
    main()
