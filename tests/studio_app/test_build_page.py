"""The room Build used as a person would: typing, errors in place, the table, a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from live_studio import Live, live_studio, wait_for_place

import striate as st
from striate.architecture import zoo

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TEXT = "input 1x8x8 classes=10\nconv 8 > relu > maxpool 2\nflatten > fc"
HOSTILE = "# <img src=x onerror=window.broken=1>\ninput 1x8x8 classes=2\nflatten > fc"
READ = """() => [...document.querySelectorAll(".layers tbody tr")].map((row) => ({
  layer: row.dataset.layer,
  cells: [...row.cells].map((cell) => (cell.querySelector("span") ?? cell).textContent.trim()),
}))"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def live(folder: Path) -> Iterator[Live]:
    with live_studio(folder) as found:
        yield found


def write(page: Page, live: Live, text: str) -> None:
    page.goto(f"{live.address}#room=build&text={quote(text)}")
    page.wait_for_selector(".build .state:not(:empty)")


def rows(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate(READ)
    return found


def number(text: str) -> int:
    return int(text.replace(",", "") or 0)


def test_an_error_is_told_in_place_and_mended_by_tab(page: Page, live: Live) -> None:
    write(page, live, TEXT)
    area = page.locator("#network-text")
    area.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\ncnv")
    page.wait_for_selector(".bubble.wrong >> text=did you mean 'conv'")
    assert page.locator(".stack mark").inner_text() == "cnv"
    assert "Line 4, column 1" in page.locator(".build .state").inner_text()
    assert area.get_attribute("aria-invalid") == "true"
    mark, message = (page.locator(each).bounding_box() for each in (".stack mark", ".bubble"))
    assert mark and message
    assert 0 <= message["y"] - (mark["y"] + mark["height"]) < 20
    page.keyboard.press("Tab")
    assert page.locator("#network-text").input_value().endswith("\nconv ")
    page.keyboard.press("Control+z")
    assert page.locator("#network-text").input_value().endswith("\ncnv")


@pytest.mark.slow
def test_words_options_blocks_and_networks_are_offered(page: Page, live: Live) -> None:
    write(page, live, "unit(c) = conv c > relu\n\n" + TEXT)
    page.locator("#network-text").click()
    page.keyboard.press("Control+End")
    for typed, offered in [
        (" > max", "maxpool"),
        ("pool 2 st", "stride="),
        ("ride=1 > un", "unit"),
        ("it(4) > ca", "cat"),
    ]:
        page.keyboard.type(typed)
        page.wait_for_selector(f".bubble li b >> text='{offered}'")
    page.keyboard.press("Escape")
    page.wait_for_selector(".bubble ul", state="hidden")
    page.keyboard.press("Control+a")
    page.keyboard.type("res")
    page.locator(".bubble li", has_text="resnet18").click()
    page.wait_for_selector(".state >> text=ResNet-18")
    assert page.locator("#network-text").input_value() == zoo.text("resnet18")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lenet5", "resnet50", "mobilenet_v2", "googlenet"])
def test_the_table_on_the_page_is_torchs_and_the_summarys(
    page: Page, live: Live, name: str
) -> None:
    write(page, live, zoo.text(name))
    page.wait_for_selector(".layers tbody tr")
    while page.locator(".repeat button[aria-expanded=false]").count():
        page.locator(".repeat button[aria-expanded=false]").first.click()
    table, module = st.summary(name), st.build(name)
    shown = [each for each in rows(page) if each["layer"]]
    assert [each["layer"] for each in shown] == [row.name for row in table.layers]
    for each, row in zip(shown, table.layers, strict=True):
        _, text, output, parameters, macs, sees = each["cells"]
        assert text == row.text
        assert output == " × ".join(map(str, row.output))
        counted = sum(p.numel() for p in module.get_submodule(row.name).parameters())
        assert (number(parameters), number(macs)) == (counted, row.macs)
        field = row.receptive_field
        sides = (field,) if isinstance(field, int) else field
        assert sees == " × ".join(map(str, sides))
    told = page.locator(".tile[data-tile=parameters] b").inner_text()
    assert number(told) == sum(p.numel() for p in module.parameters())


@pytest.mark.slow
def test_formulas_come_to_the_numbers_above_them(page: Page, live: Live) -> None:
    write(page, live, zoo.text("squeezenet1_1"))
    page.wait_for_selector(".layers tbody tr")
    found = page.evaluate(
        """() => [...document.querySelectorAll(".layers td[data-label]")].filter((cell) =>
          cell.querySelector("small") && cell.dataset.label !== "Output").map((cell) =>
          [cell.querySelector("span").textContent, cell.querySelector("small").textContent])"""
    )
    assert len(found) > 60
    for value, formula in found:
        written = formula.replace("·", "*").replace("\u2212", "-")
        assert eval(written, {"__builtins__": {}}) == number(value)


@pytest.mark.slow
def test_a_unit_is_chosen_by_pointer_and_by_number_and_its_field_told(
    page: Page, live: Live
) -> None:
    write(page, live, TEXT)
    page.locator(".layers tr[data-layer=maxpool1]").click()
    page.wait_for_selector(".sight >> text=The unit of maxpool1")
    page.locator(".sight input").first.fill("0")
    page.locator(".sight input").first.press("Enter")
    page.wait_for_selector(".sight >> text=/row 0, column 1 sees 4 × 4 pixels; rows −1 to 2/")
    assert "padding" in page.locator(".sight").inner_text()
    page.locator(".sight .pair canvas").first.hover(position={"x": 3, "y": 3})
    assert "row 0, column 1" in page.locator(".sight").inner_text()  # what was given is kept


@pytest.mark.slow
def test_a_frame_of_the_diagram_is_unfolded_by_key_and_folded_again(page: Page, live: Live) -> None:
    write(page, live, zoo.text("resnet18"))
    page.wait_for_selector(".drawing [data-repeat]")
    frames = page.locator(".drawing [data-repeat]").count()
    boxes = page.locator(".drawing [data-layer]").count()
    page.locator(".drawing [data-repeat]").first.press("Enter")
    page.wait_for_selector("text=Fold again")
    assert page.locator(".drawing [data-repeat]").count() == frames - 1
    assert page.locator(".drawing [data-layer]").count() > boxes
    page.click("text=Fold again")
    page.wait_for_selector(f".drawing [data-repeat] >> nth={frames - 1}")


def test_the_text_lives_in_the_address_and_hostile_names_are_text(page: Page, live: Live) -> None:
    write(page, live, HOSTILE)
    page.wait_for_selector(".drawing svg")
    assert "<img src=x" in page.locator(".drawing").inner_text()
    assert page.locator(".build img").count() == 0
    page.locator("#network-text").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" > softmax")
    page.wait_for_url(re.compile("softmax"))
    assert "token" not in page.url
    page.reload()
    page.wait_for_selector(".layers tr[data-layer=softmax1]")
    wait_for_place(page, text=re.escape(f"{HOSTILE} > softmax"))
    assert page.locator("#network-text").input_value() == f"{HOSTILE} > softmax"


@pytest.mark.slow
def test_a_text_is_saved_trained_by_the_command_shown_and_offered_again(
    page: Page, live: Live, folder: Path
) -> None:
    write(page, live, TEXT)
    page.wait_for_selector(".layers tbody tr")
    page.get_by_label("Name of the file").fill("mine")
    page.click(".saving .strong")
    page.wait_for_selector("text=mine.cnn is saved")
    assert (folder / "mine.cnn").read_text() == TEXT
    assert page.locator(".command code").inner_text() == "striate train digits --network mine.cnn"
    page.wait_for_selector("option[value='here/mine.cnn']", state="attached")
    page.locator("#network-text").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" > softmax")
    page.wait_for_selector("text=holds an earlier text")
    page.click(".saving .strong")
    page.click("text=Replace it")
    page.wait_for_selector("text=mine.cnn is saved")
    assert (folder / "mine.cnn").read_text() == f"{TEXT} > softmax"


@pytest.mark.slow
def test_it_says_how_long_an_epoch_takes(page: Page, live: Live) -> None:
    write(page, live, TEXT)
    page.wait_for_selector(".tile[data-tile=time] b >> text=at least")
    page.click("text=Time it here")
    page.wait_for_selector(".tile[data-tile=time] b >> text=about", timeout=60_000)
    page.locator("#network-text").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" > softmax")
    page.wait_for_selector("text=by the speed of the text that was timed last")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nobody_is_kept_out(browser: Browser, live: Live, scheme: Any, width: int) -> None:
    from accessibility import serious_findings

    size: Any = {"width": width, "height": 844}
    page = browser.new_page(viewport=size, color_scheme=scheme)
    write(page, live, zoo.text("resnet18"))
    page.wait_for_selector(".drawing svg")
    page.wait_for_selector(".warnings li, details:not([hidden])")
    wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1]
    assert serious_findings(page) == []
    page.locator("#network-text").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" > con")
    page.wait_for_selector(".build.stale .bubble li")
    assert serious_findings(page) == []
    page.close()
