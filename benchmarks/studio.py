"""How quickly the studio answers the hand, and what it keeps: hover, stroke, camera, paint, memory.

A studio is opened in Chromium. From the pointer's event in the page to the frame that shows its
answer are 200 hovers of SqueezeNet and 200 points of a stroke on the pad; in turns with the
strokes the bare forward pass of the same image runs in Python. Then a thousand actions, and lists
of 512 maps and 300 classes are scrolled. Run it on a quiet machine:

    python -m benchmarks.studio [--count 200] [--actions 1000] [--read FOLDER ...]
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from playwright.sync_api import Page, sync_playwright

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.model.classifier import Classifier
from striate.model.environment import Environment
from striate.studio_app.opening import open_studio

LENET = (
    "input 1x32x32 classes=10 > conv 5x5 6 pad=valid > tanh > avgpool 2 > conv 5x5 16 pad=valid > "
    "tanh > avgpool 2 > flatten > fc 120 > tanh > fc 84 > tanh > fc"
)
WIDE = "input 3x32x32 classes=300 > conv 3x3 512 stride=2 > relu > gap > flatten > fc"
CHROMIUM = ("--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
# milliseconds from an event until what it changes is painted: after the frame that follows
TIMED = """([target, type, x, y, watched, attribute]) => new Promise((done) => {
  const element = document.querySelector(target);
  const from = element.getBoundingClientRect();
  const at = { clientX: from.left + x * from.width, clientY: from.top + y * from.height };
  const begun = performance.now();
  const end = () => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now() - begun);
    channel.port2.postMessage(null);
  });
  const changes = new MutationObserver(() => { changes.disconnect(); end(); });
  const options = attribute ? { attributes: true, attributeFilter: [attribute] }
    : { childList: true, subtree: true, characterData: true };
  changes.observe(document.querySelector(watched), options);
  const event = { pointerId: 1, button: 0, bubbles: true, isPrimary: true, ...at };
  element.dispatchEvent(new PointerEvent(type, event));
})"""
LONG = """() => {
  window.long = [];
  new PerformanceObserver((list) => {
    window.long.push(...list.getEntries().map((each) => each.duration));
  }).observe({ type: "longtask" });
}"""
SCROLL = """async (name) => {
  const list = document.querySelector(name);
  for (let top = 0; top < list.scrollHeight; top += 60) {
    list.scrollTop = top;
    await new Promise((done) => requestAnimationFrame(done));
  }
  await new Promise((done) => setTimeout(done, 500));
}"""
SETTLED = """() => {
  const { asked, answers } = document.querySelector(".draw").dataset;
  return asked === answers;
}"""


def spread(values: list[float]) -> str:
    """Return the median and the 95th percentile, in milliseconds."""
    middle, high = np.percentile(values, [50, 95])
    return f"median {middle:.1f} ms, p95 {high:.1f} ms"


def time_hovers(page: Page, address: str, count: int) -> list[float]:
    """Point at numbers of a convolution of SqueezeNet, one after the other."""
    place = "network=zoo/squeezenet1_1&image=photographs/flower&layer=features.3.expand3x3"
    page.goto(f"{address}#room=inside&{place}")
    page.wait_for_selector(".stage")
    page.wait_for_timeout(1500)
    draw = np.random.default_rng(0)
    found = []
    for _ in range(count):
        x, y = draw.uniform(0.05, 0.95, 2).tolist()
        found.append(page.evaluate(TIMED, [".out canvas", "pointermove", x, y, ".sum > div", ""]))
        page.wait_for_timeout(20)
    return found


def time_strokes(
    page: Page, address: str, view: str, model: Classifier, count: int
) -> tuple[list[float], list[float]]:
    """Draw a spiral, point by point, in turns with the bare forward pass."""
    page.goto(f"{address}#room=draw&network=module/lenet&view={view}")
    page.wait_for_selector(".draw[data-answers]")
    page.wait_for_timeout(1000)
    page.evaluate(  # a pointer that is no real one cannot be captured
        "document.querySelector('.pad canvas').setPointerCapture = () => {}"
    )
    module = model.module.eval()
    image = torch.rand(1, 1, 32, 32)
    painted, bare = [], []
    kind = "pointerdown"
    for number in range(count):
        angle, size = number / 12, 0.15 + 0.3 * number / count  # points far enough apart
        x, y = 0.5 + size * np.cos(angle), 0.5 + size * np.sin(angle)
        where = [".pad canvas", kind, float(x), float(y), ".draw", "data-answers"]
        painted.append(page.evaluate(TIMED, where))
        kind = "pointermove"
        begun = time.perf_counter()
        with torch.inference_mode():
            module(image)
        bare.append(1000 * (time.perf_counter() - begun))
        page.wait_for_function(SETTLED)
    return painted, bare


def read_camera(page: Page, address: str) -> str:
    """Return what the page says of the camera's rate for SqueezeNet."""
    page.goto(f"{address}#room=inside&network=zoo/squeezenet1_1&image=photographs/flower")
    page.wait_for_selector(".stage")
    page.click("#camera")
    page.wait_for_selector("#told >> text=pictures a second")
    page.wait_for_timeout(6000)
    said = page.locator("#told").inner_text()
    page.click("#camera")
    return said


def act(page: Page, address: str, count: int) -> None:
    """Hover, change maps and layers, draw, and change the room, in turns."""
    page.goto(f"{address}#room=inside&network=module/lenet&image=digits/0042")
    page.wait_for_selector(".stage")
    for number in range(count):
        match number % 100:
            case step if step < 50:
                x, y = 0.1 + 0.8 * (number % 9) / 9, 0.1 + 0.8 * (number % 7) / 7
                page.locator(".out canvas").hover(position={"x": 250 * x, "y": 250 * y}, force=True)
            case step if step < 59:
                page.keyboard.press("ArrowRight" if number % 2 else "ArrowDown")
            case 59:
                page.click("nav >> text=Draw")
                page.wait_for_selector(".draw[data-answers]")
            case 99:
                page.click("nav >> text=Inside")
                page.wait_for_selector(".stage")
            case step:
                if step == 60:
                    page.click(".draw .controls button >> text=Clear")
                box = page.locator(".pad canvas").bounding_box() or {"x": 0, "y": 0}
                page.mouse.move(box["x"] + 40 + 5 * (step - 60), box["y"] + 60 + 90 * (step % 3))
                if step == 61:
                    page.mouse.down()
                if step == 98:
                    page.mouse.up()


def measure_heap(page: Page) -> float:
    """Return what JavaScript holds after collecting garbage, in MB."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    values = {
        each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]
    }
    session.detach()
    return float(values["JSHeapUsedSize"]) / 1e6


def measure_python() -> float:
    """Return the resident memory of this process, in which the studio works, in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def find_long_tasks(page: Page, address: str) -> dict[str, list[float]]:
    """Scroll 512 maps and 300 classes; return tasks of 50 ms and more, in milliseconds."""
    found = {}
    page.goto(f"{address}#room=inside&network=module/wide&image=photographs/flower&layer=conv1")
    page.wait_for_selector(".maps canvas")
    page.wait_for_timeout(1500)
    page.evaluate(LONG)
    page.evaluate(SCROLL, ".maps")
    found["scrolling 512 maps"] = page.evaluate("window.long.splice(0)")
    page.click(".answer .more")
    page.wait_for_timeout(500)
    page.evaluate(SCROLL, "html")
    found["300 classes opened and scrolled"] = page.evaluate("window.long.splice(0)")
    return found


def main() -> None:
    """Print the figures."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--count", type=int, default=200)
    asked.add_argument("--actions", type=int, default=1000)
    asked.add_argument("--read", type=Path, nargs="*", default=[])
    given = asked.parse_args()
    gray = Preprocess(1, 32, 32, mean=(0.13,), std=(0.29,))
    lenet = Classifier(build(LENET, seed=0), LENET, tuple("0123456789"), gray)
    names = tuple(f"class {number}" for number in range(300))
    wide = Classifier(build(WIDE, seed=0), WIDE, names, Preprocess(3, 32, 32))
    here, load = Environment.here(), os.getloadavg()[0]
    print(f"{here.processor}, {here.cores} cores, {here.system}; load before {load:.1f}")
    print(f"{given.count} of each; Chromium draws without a graphics card", flush=True)

    def note(what: str, figure: str) -> None:
        print(f"{what:42} {figure}", flush=True)

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        studio = open_studio(Path(folder), read=given.read, modules={"lenet": lenet, "wide": wide})
        threading.Thread(target=studio.run, daemon=True).start()
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))

        def visit(work: Callable[[Page], None]) -> None:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(120_000)
            work(page)
            page.close()

        def paint(page: Page) -> None:
            page.goto(studio.address)
            page.wait_for_selector(".stage, .first")
            entries = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            note("first paint", f"{page.evaluate(entries):.0f} ms")

        def strokes(page: Page) -> None:
            for view in ("flat", "solid"):
                painted, bare = time_strokes(page, studio.address, view, lenet, given.count)
                note(f"stroke to frame, LeNet-5, {view}", spread(painted))
                note("  bare forward pass", spread(bare))
                more = np.percentile(painted, 95) - np.percentile(bare, 95)
                note("  what the page adds, p95", f"{more:.1f} ms")

        def grow(page: Page) -> None:
            act(page, studio.address, 100)
            before = measure_heap(page), measure_python()
            act(page, studio.address, given.actions)
            after = measure_heap(page), measure_python()
            what = f"memory after {given.actions:,} actions"
            note(f"{what}, page", f"{after[0] - before[0]:+.1f} MB to {after[0]:.0f} MB")
            note(f"{what}, Python", f"{after[1] - before[1]:+.1f} MB to {after[1]:.0f} MB")

        def scroll(page: Page) -> None:
            for what, tasks in find_long_tasks(page, studio.address).items():
                longest = f"the longest task {max(tasks):.0f} ms" if tasks else "no task of 50 ms"
                note(what, longest)

        visit(paint)
        visit(
            lambda page: note(
                "hover to frame, SqueezeNet",
                spread(time_hovers(page, studio.address, given.count)),
            )
        )
        visit(strokes)
        visit(lambda page: note("camera, SqueezeNet", read_camera(page, studio.address)))
        visit(scroll)
        visit(grow)
        browser.close()
        studio.server.should_exit = True


if __name__ == "__main__":
    main()
