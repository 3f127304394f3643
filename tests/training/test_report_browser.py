from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from made_facts import digits, many
from made_facts import photos as of_photos

from striate.doctor import FoundImage, ImageFinding
from striate.events import Event
from striate.explanation.inspection import inspect
from striate.explanation.page import of_folder, of_image
from striate.explanation.unit_inspection import UnitSelection, inspect_units
from striate.model.loading import load
from striate.training.report import html
from striate.training.result import TrainingResult

if TYPE_CHECKING:
    from playwright.sync_api import Browser

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found on the PATH")

BROKEN = "[...document.images].filter(i => !i.complete || i.naturalWidth === 0).length"
ASKED = (
    "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:'))"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def pages(
    tmp_path_factory: pytest.TempPathFactory, done: tuple[TrainingResult, list[Event]], photos: Path
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    made = {}
    model, files = load(done[0].folder), [("a.npz", "arrays"), ("a.json", "numbers")]
    image = sorted(photos.glob("disc/*.png"))[0]
    made["image"] = folder / "image.html"
    explained = of_image(inspect(model, image), command="striate explain", files=files)
    made["image"].write_text(explained, "utf-8")
    made["folder"] = folder / "folder.html"
    made["folder"].write_text(
        of_folder(
            inspect_units(model, photos, selection=UnitSelection(layers=2, units=2)),
            model="shapes",
            data="drawn",
            parameters=model.parameters,
            command="striate explain",
            files=files,
        ),
        "utf-8",
    )
    whole = replace(of_photos(), folder="runs/photos")
    first, second = (FoundImage(one.name, one.truth, "train") for one in whole.worst[:2])
    findings = [ImageFinding("blank", "all of one colour", (one,)) for one in (first, second) * 3]
    findings += [ImageFinding("label", "said otherwise", (second,))] * 9
    full = replace(
        whole,
        place="project",
        image_findings=findings,
        found={one.name: one for one in whole.worst[:2]},
    )
    made_of = (("digits", digits()), ("photos", whole), ("many", many()), ("findings", full))
    for name, facts in made_of:
        made[name] = folder / f"{name}.html"
        made[name].write_text(html(facts), "utf-8")
    return made


@pytest.mark.parametrize("name", ["digits", "photos", "many", "image", "folder"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_report_is_whole_quiet_and_no_wider_than_its_screen(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [pages[name].as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.images.length") > 20
    assert page.evaluate(BROKEN) == 0
    assert page.evaluate(ASKED) == []
    page.close()


def test_a_link_of_the_contents_leads_to_its_section(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 844})
    page.goto(pages["digits"].as_uri())
    page.click("nav a[href='#confusion']")
    top = page.evaluate("document.getElementById('confusion').getBoundingClientRect().top")
    assert abs(top) < 100
    page.close()


LOW = """() => {
  // the contrast of every text with its ground, after WCAG 2; grounds that shine through are mixed
  const parse = text => { const v = text.match(/[\\d.]+/g).map(Number);
    return [v[0], v[1], v[2], v.length > 3 ? v[3] : 1]; };
  const over = (top, below) => [0, 1, 2].map(k => top[k] * top[3] + below[k] * (1 - top[3]));
  const ground = element => { const stack = [];
    for (let e = element; e; e = e.parentElement) {
      const own = parse(getComputedStyle(e).backgroundColor);
      stack.push(own); if (own[3] === 1) break; }
    return stack.reverse().reduce((below, top) => over(top, below), [255, 255, 255]); };
  const light = rgb => { const [r, g, b] = rgb.map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  document.querySelectorAll('details').forEach(d => d.open = true);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.checkVisibility() || e.closest('svg')) continue;
    const below = ground(e), a = light(over(parse(getComputedStyle(e).color), below));
    const b = light(below), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push([ratio, e.className, walker.currentNode.data]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(
    browser: Browser, pages: dict[str, Path], scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto(pages["photos"].as_uri())
    assert page.evaluate(LOW) == []
    page.close()


@pytest.mark.parametrize("name", ["photos", "findings"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_answer_and_the_next_command_stand_on_the_first_screen(
    browser: Browser, pages: dict[str, Path], width: int, height: int, name: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(pages[name].as_uri())
    bottom = "e => e.getBoundingClientRect().bottom"
    assert page.locator(".answer").evaluate(bottom) < height
    assert page.locator(".next pre").first.evaluate(bottom) <= height
    top = page.locator("#worst .shot").first.evaluate("e => e.getBoundingClientRect().top")
    assert top < 1800
    page.close()


def test_an_image_is_enlarged_by_a_click_and_a_number_of_the_matrix_leads_to_it(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(pages["photos"].as_uri())
    first = page.locator("#image-0 svg").first
    before = first.bounding_box()
    page.click("#image-0 summary")
    after = first.bounding_box()
    assert before is not None and after is not None
    assert after["width"] > 1.8 * before["width"]
    with page.expect_download() as download:
        page.click("a[download]")
    assert download.value.suggested_filename == "answers.csv"
    link = page.locator("td.wrong a").first
    target = link.get_attribute("href")
    link.click()
    box = page.locator(f"{target}").bounding_box()
    assert box is not None and 0 <= box["y"] < 900
    page.locator(f"{target} a svg").first.click()
    shown = page.locator(".shot:target").bounding_box()
    assert shown is not None and 0 <= shown["y"] < 900
    page.close()


def test_a_report_prints(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["many"].as_uri())
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    boxes = "[...document.querySelectorAll('.box')]"
    clipped = f"{boxes}.filter(b => getComputedStyle(b).overflowY != 'visible').length"
    assert page.evaluate(clipped) == 0
    assert page.pdf(format="A4")[:5] == b"%PDF-"
    page.close()


BROKEN_NUMBERS = """() => {
  const broken = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  document.querySelectorAll('details').forEach(each => each.open = true);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (text.parentElement.closest('style, svg, pre, code, bdi')) continue;
    for (const number of text.data.matchAll(/[−+]?\\d(?:[\\d.,]*\\d)?(?:\\u00a0%)?/g)) {
      const range = document.createRange();
      range.setStart(text, number.index);
      range.setEnd(text, number.index + number[0].length);
      const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
      if (lines.size > 1) broken.push(number[0]);
    }
  }
  return broken;
}"""


@pytest.mark.parametrize("name", ["digits", "image", "folder"])
def test_no_number_is_broken_over_two_lines(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(pages[name].as_uri())
    assert page.evaluate(BROKEN_NUMBERS) == []
    page.close()
