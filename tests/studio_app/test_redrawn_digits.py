"""MNIST's test digits drawn on the pad by a pointer, along the middle of their ink."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from live_studio import Live, live_studio
from redrawn_digits import redraw

from striate.data import find
from striate.settings import Settings
from striate.training.runs import start_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COUNT = 200
SETTLED = """() => {
  const { asked, answers } = document.querySelector(".draw").dataset;
  const same = asked === answers && asked === window.before;
  window.before = asked;
  return same;
}"""
READ = """() => {
  const bars = [...document.querySelectorAll(".bars button")];
  const share = (bar) => Number(getComputedStyle(bar.children[1]).getPropertyValue("--p"));
  const best = bars.reduce((one, other) => (share(other) > share(one) ? other : one));
  return best.children[0].textContent;
}"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits(shared: Callable[[str], Path]) -> tuple[np.ndarray, list[str]]:
    found = find(str(shared("data/mnist")))
    assert isinstance(found.content, np.ndarray)
    tests = np.flatnonzero(np.array(found.splits) == "test")
    chosen = np.random.default_rng(2026).choice(tests, COUNT, replace=False)
    return found.content[chosen], [found.classes[label] for label in found.labels[chosen]]


@pytest.fixture(scope="module")
def live(shared: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("studio")
    data = shared("data/mnist")
    start_run(str(data), "lenet5", out=folder / "lenet", settings=Settings(epochs=4))
    with live_studio(folder, read=(data,)) as found:
        yield found


def draw(page: Page, strokes: list[list[tuple[float, float]]]) -> None:
    page.click(".draw .controls button >> text=Clear")
    box = page.locator(".pad canvas").bounding_box()
    assert box is not None
    for stroke in strokes:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()
    page.wait_for_function(SETTLED, polling=30)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("network", "least", "most_unlike"), [("here/lenet", 0.93, 0.10), ("digits", 0.80, 0.35)]
)
def test_redrawn_test_digits_are_read(
    live: Live,
    browser: Browser,
    digits: tuple[np.ndarray, list[str]],
    network: str,
    least: float,
    most_unlike: float,
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(180_000)
    page.goto(f"{live.address}#room=draw&network={network}&view=flat")
    page.wait_for_selector(".first .strong, .draw[data-answers]")
    if network == "digits" and page.locator(".first .strong").count():
        page.click(".first .strong")
    page.wait_for_selector(".draw[data-answers]")
    page.wait_for_selector(".right:has-text('correct')")
    correct = unlike = 0
    for image, label in zip(*digits, strict=True):
        draw(page, redraw(image))
        correct += page.evaluate(READ) == label
        unlike += page.locator(".said").inner_text() == "Unlike what it learnt"
    told = page.locator(".draw .right").first.inner_text()
    found = f"{network}: {correct} of {COUNT} read, {unlike} called unlike; the pad says: {told}"
    sys.stdout.write(f"{found}\n")
    assert correct >= least * COUNT, found
    assert unlike <= most_unlike * COUNT, found
    rng = np.random.default_rng(3)
    flagged = 0
    for _ in range(20):  # scribbles: walks that turn at random
        walk = np.cumsum(rng.normal(0, 0.12, (50, 2)), 0)
        walk = 0.1 + 0.8 * (walk - walk.min(0)) / np.ptp(walk, axis=0)
        draw(page, [[(float(x), float(y)) for x, y in walk]])
        flagged += page.locator(".said").inner_text() == "Unlike what it learnt"
    assert flagged >= 18
    page.close()
