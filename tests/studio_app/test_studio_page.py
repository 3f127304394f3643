"""The page used as a person would: the first button, a link, the keyboard, the camera, a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_studio import (
    Live,
    live_studio,
    wait_for_frames,
    wait_for_place,
)
from PIL import Image

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.model.classifier import Classifier

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TEXT = "input 1x8x8 classes=3 > conv 4 > bn > relu > conv 3 > relu > maxpool 2 > flatten > fc"
HOSTILE = "<img src=x onerror=window.broken=1>"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("studio")
    Image.new("L", (8, 8), 200).save(folder / f"{HOSTILE.replace('/', '')}.png")
    names = ("a", "b", HOSTILE)
    model = Classifier(build(TEXT), TEXT, names, Preprocess(1, 8, 8))
    with live_studio(folder, modules={HOSTILE: model, "own": model}) as found:
        yield found


def go(page: Page, live: Live, **place: str | int) -> None:
    given = {"network": "module/own", "image": "digits/0042", **place}
    page.goto(f"{live.address}#room=inside&" + "&".join(f"{k}={v}" for k, v in given.items()))
    page.wait_for_selector(".stage")


def chosen(page: Page) -> str:
    return page.locator(".layer[aria-pressed=true]").get_attribute("data-layer") or ""


def test_the_address_loses_the_token_and_keeps_the_place(page: Page, live: Live) -> None:
    go(page, live, layer="conv2", unit=2, row=3, column=5)
    wait_for_place(page, layer="conv2", column="5")
    assert "token" not in page.url
    assert "map 2, row 3, column 5" in page.locator(".stage h3").first.inner_text()
    page.reload()
    page.wait_for_selector(".stage")
    assert "map 2, row 3, column 5" in page.locator(".stage h3").first.inner_text()


def test_a_link_to_what_is_missing_says_what(page: Page, live: Live) -> None:
    page.goto(f"{live.address}#room=inside&network=module/lost&image=digits/0001")
    page.wait_for_selector("#told.error:not(:empty)")
    assert "striate studio FILE.py:NAME" in page.locator("#told").inner_text()


def test_hostile_names_of_networks_images_and_classes_are_text(page: Page, live: Live) -> None:
    go(page, live)
    page.click("#image")
    page.wait_for_selector("dialog img")
    assert HOSTILE in page.locator("dialog").inner_text()
    page.keyboard.press("Escape")
    assert HOSTILE in page.locator(".answer").inner_text()
    assert page.locator(".answer img, .likely img").count() == 0


def test_the_pointer_changes_the_sum_and_a_click_keeps_it(page: Page, live: Live) -> None:
    go(page, live, layer="conv1", unit=1)
    canvas = page.locator(".out canvas")
    canvas.hover(position={"x": 3, "y": 3})
    page.wait_for_selector(".stage h3 >> text=row 0, column 0")
    canvas.click(position={"x": 3, "y": 3})
    page.wait_for_selector(".out .soft >> text=kept")
    wait_for_place(page, row="0", column="0")
    box = canvas.bounding_box()
    assert box is not None
    canvas.hover(position={"x": box["width"] - 4, "y": box["height"] - 4})
    wait_for_frames(page)
    page.keyboard.press(".")  # goes on from the number that is kept, not from the pointer
    page.wait_for_selector(".stage h3 >> text=row 0, column 1")


def test_the_keyboard_goes_everywhere(page: Page, live: Live) -> None:
    go(page, live, layer="conv1", unit=0)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".stage h3 >> text=map 1")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".layer[data-layer=bn1][aria-pressed=true]")
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_selector(".stage h3 >> text=row 5, column 4")
    page.keyboard.press(".")
    page.wait_for_selector(".stage h3 >> text=row 5, column 5")
    page.keyboard.press("Escape")
    page.wait_for_selector(".layer[data-layer=input][aria-pressed=true]")
    page.keyboard.press("h")
    page.wait_for_selector("dialog dl")


@pytest.mark.slow
def test_what_an_untrained_network_answers_is_called_not_trained(page: Page, live: Live) -> None:
    go(page, live, network="zoo/lenet5")
    for place in (".likely", ".answer h2", ".facts"):
        assert page.locator(f"{place} .untrained").inner_text() == "not trained"
    assert "not trained" in (page.locator(".seen canvas").get_attribute("aria-label") or "")
    go(page, live)
    assert page.locator(".untrained").count() == 0


@pytest.mark.slow
def test_the_kernel_slides_until_it_is_paused(page: Page, live: Live) -> None:
    page.clock.install()
    go(page, live, layer="conv1", unit=0, row=0, column=0)
    page.keyboard.press(" ")
    page.wait_for_selector(".stage h3 >> text=row 0, column 2")
    page.keyboard.press(" ")
    page.wait_for_selector(".controls [aria-pressed=false] >> text=Play")
    column = int(page.locator(".stage h3").first.inner_text().partition("column ")[2].split()[0])
    page.clock.run_for(60_000)  # in which nothing moves, so that one step leads to the next
    page.keyboard.press(".")
    page.wait_for_selector(f".stage h3 >> text=row 0, column {column + 1}")


@pytest.mark.slow
def test_a_term_leads_to_where_it_comes_from_and_the_walk_to_a_pixel(
    page: Page, live: Live
) -> None:
    go(page, live, layer="conv2", unit=0, row=0, column=0)
    page.locator(".card h4 button").first.click()
    page.wait_for_selector(".layer[data-layer=relu1][aria-pressed=true]")
    page.click(".walk button")
    page.wait_for_selector(".path li")
    steps = page.locator(".path button")
    assert "fc1, number" in steps.first.inner_text()
    steps.nth(1).click()
    page.wait_for_selector(".layer[data-layer=flatten1][aria-pressed=true]")


def test_the_camera_is_the_image_and_gives_it_back(page: Page, live: Live) -> None:
    go(page, live, layer="conv1", unit=0)
    page.keyboard.press("c")
    page.wait_for_selector("#told >> text=pictures a second")
    assert page.locator("#image").inner_text() == "Image: camera"
    page.keyboard.press("f")
    page.wait_for_selector("#told >> text=frozen")
    page.keyboard.press("c")
    page.wait_for_selector("#image >> text=digits/0042")


@pytest.mark.slow
def test_a_phone_needs_no_scrolling_sideways_and_the_theme_can_be_chosen(
    page: Page, live: Live
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    go(page, live, layer="conv2", unit=0, row=0, column=0)
    wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1]
    page.select_option("#top select >> nth=1", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 20, 24)"


@pytest.mark.slow
def test_the_first_button_trains_in_seconds_and_opens_the_microscope(
    browser: Browser, tmp_path: Path
) -> None:
    with live_studio(tmp_path) as live:
        page = browser.new_page()
        page.goto(live.address)
        page.click(".first .strong")
        page.wait_for_selector(".stage", timeout=120_000)
        wait_for_place(page, network="digits")
        text = page.locator("#told").inner_text()
        assert float(text.split()[1]) > 93
        assert (tmp_path / "runs" / "digits-studio" / "classifier.safetensors").is_file()
        page.close()
