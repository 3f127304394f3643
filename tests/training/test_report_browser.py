from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from made_facts import digits, many
from made_facts import photos as of_photos

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
    whole = of_image(inspect(model, image), command="striate explain", files=files)
    made["image"].write_text(whole, "utf-8")
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
    for name, facts in (("digits", digits()), ("photos", of_photos()), ("many", many())):
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_small_print_can_be_read_in_light_and_dark(
    browser: Browser, pages: dict[str, Path], scheme: Literal["light", "dark"]
) -> None:
    """Contrast after WCAG 2: at least 4.5 between the softest text and its ground."""
    page = browser.new_page(color_scheme=scheme)
    page.goto(pages["digits"].as_uri())
    contrast = page.evaluate(
        """() => {
          const light = text => {
            const [r, g, b] = text.match(/[\\d.]+/g).map(v => v / 255)
              .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const ground = light(getComputedStyle(document.body).backgroundColor);
          return ['.small', 'nav a', '.mark.wrong', 'figcaption', 'footer'].map(name => {
            const ink = light(getComputedStyle(document.querySelector(name)).color);
            return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
          });
        }"""
    )
    assert min(contrast) >= 4.5
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
