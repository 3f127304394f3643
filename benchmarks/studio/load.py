"""What the studio keeps, and what keeps the page busy: first paint, camera, memory, long tasks."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.studio.timing import clock, passing, tell
from striate.studio_app.studio import Studio

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
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def paint(page: Page, address: str, studio: Studio, count: int) -> None:
    """Open the page anew, ten times."""
    found = []
    for _ in range(10):
        page.goto("about:blank")
        page.goto(address)
        page.wait_for_selector(".stage, .first")
        found.append(float(page.evaluate(PAINT)))
    tell("first paint", found)


def camera(page: Page, address: str, studio: Studio, count: int) -> None:
    """Say what the page says of the camera's rate for SqueezeNet."""
    page.goto(f"{address}#room=inside&network=zoo/squeezenet1_1&image=photographs/flower")
    page.wait_for_selector(".stage")
    page.click("#camera")
    page.wait_for_selector("#told >> text=pictures a second")
    page.wait_for_timeout(6000)
    print(f"{'Inside, camera, SqueezeNet':44} {page.locator('#told').inner_text()}", flush=True)
    page.click("#camera")
    forward = passing(studio.networks.open("zoo/squeezenet1_1").classifier)
    tell("  bare forward pass", [clock(forward) for _ in range(count)])


def memory(page: Page, address: str, studio: Studio, count: int) -> None:
    """Tell what page and Python keep after five times as many actions."""
    act(page, address, 100)
    before = _heap(page), _python()
    act(page, address, 5 * count)
    after = _heap(page), _python()
    for where, old, new in zip(("page", "Python"), before, after, strict=True):
        what = f"memory after {5 * count:,} actions, {where}"
        print(f"{what:44} {new - old:+.1f} MB to {new:.0f} MB", flush=True)


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


def _heap(page: Page) -> float:
    """Return what JavaScript holds after collecting garbage, in MB."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    values = {
        each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]
    }
    session.detach()
    return float(values["JSHeapUsedSize"]) / 1e6


def _python() -> float:
    """Return the resident memory of this process, in which the studio works, in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def tasks(page: Page, address: str, studio: Studio, count: int) -> None:
    """Scroll 512 maps and 300 classes; tell the longest task of 50 ms and more."""
    page.goto(f"{address}#room=inside&network=module/wide&image=photographs/flower&layer=conv1")
    page.wait_for_selector(".maps canvas")
    page.wait_for_timeout(1500)
    page.evaluate(LONG)
    page.evaluate(SCROLL, ".maps")
    _tell_longest(page, "scrolling 512 maps")
    page.click(".answer .more")
    page.wait_for_timeout(500)
    page.evaluate(SCROLL, "html")
    _tell_longest(page, "300 classes opened and scrolled")


def _tell_longest(page: Page, what: str) -> None:
    found = page.evaluate("window.long.splice(0)")
    told = f"the longest task {max(found):.0f} ms" if found else "no task of 50 ms"
    print(f"{what:44} {told}", flush=True)
