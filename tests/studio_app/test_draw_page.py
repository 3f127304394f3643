"""The room Draw used as a person would: pointer, keys, an image, 3-D and flat, node and table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from accessibility import serious_findings
from live_studio import (
    Live,
    live_studio,
    wait_for_frames,
    wait_for_place,
    watched_page,
)

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.model.classifier import Classifier

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TEXT = "input 1x28x28 classes=3 > conv 4 > relu > maxpool 2 > flatten > fc"
HOSTILE = "<img src=x onerror=window.broken=1>"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    usual = Preprocess(1, 28, 28, mean=(0.1,), std=(0.3,))
    model = Classifier(build(TEXT, seed=1), TEXT, ("a", "b", HOSTILE), usual)
    with live_studio(tmp_path_factory.mktemp("studio"), modules={"own": model}) as found:
        yield found


@pytest.fixture
def page(browser: Browser, live: Live) -> Iterator[Page]:
    with watched_page(browser, live, 900) as found:
        found.goto(f"{live.address}#room=draw&network=module/own")
        found.wait_for_selector(".draw[data-answers]")
        yield found


ANSWERED = """() => {
  const { asked, answers } = document.querySelector(".draw").dataset;
  return asked === answers;
}"""


def draw(page: Page, *strokes: list[tuple[float, float]]) -> None:
    """Draw with the pointer, in shares of the pad."""
    box = page.locator(".pad canvas").bounding_box()
    assert box is not None
    for stroke in strokes:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=4)
        page.mouse.up()


def test_what_is_drawn_is_answered_and_cleared_away(page: Page) -> None:
    said = page.locator(".said")
    assert said.inner_text() == "Nothing drawn"
    draw(page, [(0.5, 0.2), (0.5, 0.8)])
    page.wait_for_selector(".said:not(:has-text('Nothing drawn'))")
    assert page.locator(".bars button").count() == 3 and page.locator(".bars img").count() == 0
    page.click(".draw .controls button >> text=Clear")
    page.wait_for_selector(".said:has-text('Nothing drawn')")


def test_the_pad_is_drawn_on_by_keys(page: Page) -> None:
    page.focus(".pad canvas")
    for key in (" ", *["ArrowDown"] * 6, " "):
        page.keyboard.press(key)
    page.wait_for_selector(".said:not(:has-text('Nothing drawn'))")
    page.keyboard.press("Backspace")
    page.wait_for_selector(".said:has-text('Nothing drawn')")


def test_a_node_says_what_it_got_in_3_d_flat_and_table(page: Page) -> None:
    draw(page, [(0.5, 0.2), (0.5, 0.8)])
    page.focus(".solid canvas")
    page.keyboard.press("PageDown")
    page.wait_for_selector(".node:has-text('maxpool1, map 0')")
    page.wait_for_selector(".node:has-text('It got 4 numbers')")
    kept = page.locator(".node").inner_text()
    assert "Kept" in kept
    page.click(".views button >> text=Flat")
    canvas = page.locator(".levels canvas").nth(1)
    canvas.click(position={"x": 2, "y": 2})
    page.wait_for_selector(".node:has-text('conv1, map 0, row 0, column 0')")
    page.wait_for_selector(".stage h3:has-text('conv1')")
    page.click(".values summary")
    page.select_option(".values select >> nth=0", "1")
    page.locator(".values tbody td").nth(1).click()
    page.wait_for_selector(".node:has-text('conv1, map 0, row 0, column 1')")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".node:has-text('row 0, column 2')")
    wait_for_place(page, layer="conv1", unit="0", row="0", column="2", view="flat")
    page.reload()
    page.wait_for_selector(".node:has-text('conv1, map 0, row 0, column 2')")


@pytest.mark.slow
def test_the_building_turns_and_gives_the_node_under_the_pointer(page: Page) -> None:
    draw(page, [(0.5, 0.2), (0.5, 0.8)])
    page.wait_for_function(ANSWERED)
    wait_for_frames(page)
    canvas = page.locator(".solid canvas")
    seen = "(canvas) => canvas.toDataURL()"
    before = canvas.evaluate(seen)
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 90, steps=5)
    page.mouse.up()
    wait_for_frames(page)
    assert canvas.evaluate(seen) != before
    page.click(".turns button >> text=Turn back")
    page.focus(".solid canvas")
    page.keyboard.press("Escape")  # lets go of the nodes that the pointer passed
    page.wait_for_function(
        "(before) => document.querySelector('.solid canvas').toDataURL() === before", arg=before
    )


@pytest.mark.slow
def test_look_inside_opens_the_drawing_in_the_microscope_and_back(page: Page) -> None:
    draw(page, [(0.3, 0.2), (0.7, 0.8)])
    page.click(".views button >> text=Look inside")
    page.wait_for_selector(".inside .stage")
    wait_for_place(page, room="inside", image="upload/.*")
    page.click("nav >> text=Draw")
    page.wait_for_selector(".draw")
    assert page.locator(".said").inner_text() != "Nothing drawn"
    page.go_back()
    page.wait_for_selector(".inside .stage")


@pytest.mark.slow
@pytest.mark.parametrize("view", ["solid", "flat"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible_and_needs_no_scrolling_sideways(
    browser: Browser, live: Live, view: str, theme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if theme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(f"{live.address}#room=draw&network=module/own&view={view}")
    page.wait_for_selector(".draw[data-answers]")
    draw(page, [(0.5, 0.2), (0.5, 0.8)])
    page.click(".bars button >> nth=0")
    page.wait_for_selector(".stage")
    page.click(".values summary")
    assert serious_findings(page) == []
    wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1]
    context.close()
