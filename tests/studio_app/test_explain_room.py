"""The room Explain used as a person would, and its numbers read off the page for torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pytest
import torch
from accessibility import serious_findings
from live_studio import Live, live_studio, wait_for_place, watched_page
from torch import Tensor

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.model.classifier import Classifier

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TEXT = "input 3x24x24 classes=3 > conv 6 > relu > maxpool 2 > conv 5 > relu > gap > flatten > fc"
FLAT = "input 3x24x24 classes=3 > conv 4 > relu > maxpool 4 > flatten > fc 8 > relu > fc"
HOSTILE = "<img src=x onerror=window.broken=1>"
MEAN, STD = 0.4, 0.3


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    usual = Preprocess(3, 24, 24, mean=(MEAN,) * 3, std=(STD,) * 3)
    models = {
        name: Classifier(build(text, seed=2), None, ("a", HOSTILE, "c"), usual)
        for name, text in (("own", TEXT), ("flat", FLAT))
    }
    with live_studio(tmp_path_factory.mktemp("studio"), modules=models) as found:
        yield found


@pytest.fixture
def page(browser: Browser, live: Live) -> Iterator[Page]:
    with watched_page(browser, live, 1000) as found:
        yield found


def go(page: Page, live: Live, **said: str | float) -> None:
    given = {"network": "module/own", "image": "drawn/house", **said}
    place = "&".join(f"{name}={quote(str(value))}" for name, value in given.items())
    page.goto("about:blank")
    page.goto(f"{live.address}#room=explain&{place}")
    page.wait_for_selector(".heat .range .high", timeout=30_000)


def number(text: str) -> float:
    return float(text.replace("\u2212", "-").replace(" %", ""))


def is_shown(text: str, exact: float) -> bool:
    """Whether a text shows a number to its last digit, as far as float32 goes."""
    shown = number(text)
    size = max(abs(shown), 1e-30)
    return abs(shown - exact) <= 0.51 * 10.0 ** (math.floor(math.log10(size)) - 3) + 1e-5


def test_a_stroke_changes_answer_and_maps_and_undo_brings_them_back(page: Page, live: Live) -> None:
    go(page, live)
    assert HOSTILE in page.locator(".answer").inner_text()
    before = page.locator(".odds td.bar").first.inner_text()
    low = page.locator("[data-method=hires-cam] .range").inner_text()
    page.locator(".brush canvas").hover(position={"x": 120, "y": 150})
    page.mouse.down()
    page.mouse.move(400, 420, steps=6)
    page.mouse.up()
    page.wait_for_selector(".odds th >> text=before")
    page.wait_for_function(
        "(low) => document.querySelector('[data-method=hires-cam] .range').innerText !== low",
        arg=low,
    )
    wait_for_place(page, strokes="g.*")
    page.reload()
    page.wait_for_selector(".odds th >> text=before")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector(".odds th >> text=probability")
    assert page.locator(".odds td.bar").first.inner_text() == before
    wait_for_place(page, strokes=None)


def test_the_brush_goes_by_keyboard(page: Page, live: Live) -> None:
    go(page, live)
    page.locator(".brush canvas").focus()
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_selector("#spoken >> text=row 16, column 12", state="attached")
    page.keyboard.press(" ")
    page.wait_for_selector(".odds th >> text=before")
    wait_for_place(page, strokes=".*:16\\.12")
    page.keyboard.press("u")
    page.wait_for_selector(".odds th >> text=probability")


def test_a_slow_map_follows_the_brush_and_says_so_while_it_is_older(page: Page, live: Live) -> None:
    go(page, live, methods="grad-cam,gradient")
    card = page.locator("[data-method=gradient]")
    page.wait_for_selector("[data-method=gradient]:not(.old) .range .high")
    before = card.locator(".range").inner_text()
    page.evaluate(
        """() => {
          const card = document.querySelector("[data-method=gradient]");
          window.ages = [];
          new MutationObserver(() => {
            const { textContent } = card.querySelector(".age");
            if (card.classList.contains("old")) window.ages.push(textContent);
          }).observe(card, { attributeFilter: ["class"] });
        }"""
    )
    page.locator(".brush canvas").hover(position={"x": 120, "y": 150})
    page.mouse.down()  # the pen stays down: the map does not wait for it to be lifted
    page.wait_for_function(
        """(before) => {
          const card = document.querySelector("[data-method=gradient]:not(.old)");
          return card && card.querySelector(".range").innerText !== before;
        }""",
        arg=before,
    )
    assert set(page.evaluate("window.ages")) == {"of an older state"}
    assert card.locator(".age").is_hidden()
    page.mouse.up()


def test_not_trained_stands_beside_all_that_an_untrained_network_shows(
    page: Page, live: Live
) -> None:
    go(page, live, network="zoo/lenet5", image="digits/0042")
    page.wait_for_selector("[data-split]")
    marked = page.locator("h2:has(.untrained)").all_inner_texts()
    titles = ("The answer", "Heat maps", "The score as a sum", "Deletion and insertion")
    assert [text.split("\n")[0].removesuffix(" not trained") for text in marked] == [*titles]
    page.goto("about:blank")
    page.goto(f"{live.address}#room=inside&network=zoo/lenet5&image=digits/0042&layer=conv1")
    page.wait_for_selector(".maps canvas")
    for part in (".facts", ".all h2", ".answer h2", ".unit h2", ".walk h2", ".likely"):
        assert page.locator(f"{part} .untrained").count() == 1, part


@pytest.mark.slow
def test_another_part_is_copied_from_where_was_clicked_first(page: Page, live: Live) -> None:
    go(page, live)
    page.get_by_role("button", name="Another part").click()
    canvas = page.locator(".brush canvas")
    box = canvas.bounding_box()
    assert box is not None
    cell = box["width"] / 24
    canvas.click(position={"x": 4.5 * cell, "y": 6.5 * cell})
    canvas.click(position={"x": 14.5 * cell, "y": 16.5 * cell})
    page.wait_for_selector(".odds th >> text=before")
    wait_for_place(page, strokes=r"p[\d.]+\(-10\.-10\):[^;]*")  # one stroke, of the second click


@pytest.mark.slow
def test_class_against_class_and_each_by_itself(page: Page, live: Live) -> None:
    go(page, live, target=0, methods="grad-cam,occlusion")
    page.select_option("#against", "1")
    page.wait_for_selector(".row-of-maps h3 >> text=a rather than <img")
    page.get_by_label("each by itself, too").check()
    page.wait_for_selector(".row-of-maps:nth-child(3)")
    assert page.locator(".row-of-maps >> nth=1").locator(".heat").count() == 1  # of one pass
    page.get_by_role("button", name="Swap both").click()
    page.wait_for_selector(".row-of-maps h3 >> text=rather than a")
    wait_for_place(page, target="1", against="0")
    page.wait_for_selector("[data-method=occlusion]:not(.old) .range .high")


@pytest.mark.slow
def test_a_network_without_cam_says_why(page: Page, live: Live) -> None:
    go(page, live, network="module/flat")
    page.wait_for_selector(".refused >> text=Without CAM")


@pytest.mark.slow
def test_the_tests_of_a_map_are_told(page: Page, live: Live) -> None:
    go(page, live, methods="gradient,hires-cam", map="hires-cam")
    page.wait_for_selector("[data-method=gradient]:not(.old) .range .high")
    for method in ("gradient", "hires-cam"):
        card = page.locator(f"[data-method={method}]")
        if card.locator(".trust button").is_visible():
            card.locator(".trust button").click()
        card.locator(".verdict.good, .verdict.bad").wait_for()
        assert "weights drawn anew" in card.locator(".verdict").inner_text()
    page.get_by_role("button", name="Measure HiResCAM").click()
    page.wait_for_selector("[data-curve=insertion] .verdict")
    assert page.locator(".way.map").count() == 2


@pytest.mark.slow
@pytest.mark.parametrize(("network", "text"), [("own", TEXT), ("flat", FLAT)])
def test_every_number_that_is_shown_is_torch_s(
    page: Page, live: Live, network: str, text: str
) -> None:
    """A grey dab with a rim that lies between the middles of pixels; all the rest is torch."""
    rows, columns, radius = 12, 10, 4.4
    dab = f"g{radius}:{rows}.{columns}"
    go(page, live, network=f"module/{network}", strokes=dab, target=2, against=0, map="hires-cam")
    page.wait_for_selector("[data-split] .result")
    from striate.studio_app.images import DRAWN

    own = Preprocess(3, 24, 24, mean=(MEAN,) * 3, std=(STD,) * 3)
    pixels = own.pixels(DRAWN["house"]()).astype(np.float64)
    places = np.moveaxis(np.mgrid[:24, :24], 0, -1) + 0.5
    away = np.linalg.norm(places - (rows, columns), axis=-1)
    assert np.abs(away - radius).min() > 0.02
    pixels[:, away < radius] = round(MEAN * 255)
    x = (torch.tensor(pixels)[None] / 255 - MEAN) / STD
    module = build(text, seed=2).double().eval()
    kept: dict[str, Tensor] = {}
    layer = "relu2" if network == "own" else "maxpool1"
    module.get_submodule(layer).register_forward_hook(
        lambda part, given, output: kept.update(maps=output) or output.retain_grad()
    )
    logits = module(x)[0]
    (logits[2] - logits[0]).backward()
    maps, gradient = kept["maps"].detach()[0], kept["maps"].grad
    assert gradient is not None
    odds = logits.detach().softmax(0)

    seen: dict[str, Any] = page.evaluate(
        r"""() => {
          const texts = (all) => [...all].map((each) => each.textContent.trim());
          return {
            odds: [...document.querySelectorAll('.odds tbody tr')].map((row) => texts(row.cells)),
            split: texts(document.querySelectorAll('[data-split] :is(.of > span, .result)')),
            sign: document.querySelector('[data-split]').textContent,
            units: [...document.querySelectorAll('.units tbody tr')].map((row) => texts(row.cells)),
            range: Object.fromEntries([...document.querySelectorAll('.heat')].map((heat) =>
              [heat.dataset.method, texts(heat.querySelectorAll('.low, .high'))])),
          };
        }"""
    )
    names = ["a", HOSTILE, "c"]
    for name, _, now in seen["odds"]:
        assert abs(number(now) - 100 * odds[names.index(name)].item()) <= 0.051
    parts = maps * gradient[0]
    total = (logits[2] - logits[0]).item()
    assert is_shown(seen["split"][0], parts.sum().item())
    sign = -1 if "\u2212 " in seen["sign"] or "\u2212" in seen["sign"][8:] else 1
    rest = total - parts.sum().item()
    assert is_shown(seen["split"][1], abs(rest)) and (abs(rest) < 1e-4 or sign * rest > 0)
    assert is_shown(seen["split"][2], total)
    by_unit = parts.sum((1, 2))
    for unit, _, value in seen["units"]:
        assert is_shown(value, by_unit[int(unit.split()[1])].item())
    cells = {
        "hires-cam": parts.sum(0),
        "grad-cam": (maps * gradient[0].mean((1, 2), keepdim=True)).sum(0),
    }
    for method, values in cells.items():
        low, high = seen["range"][method]
        assert is_shown(low, values.min().item()) and is_shown(high, values.max().item())


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nobody_is_kept_out_and_nothing_scrolls_sideways(
    browser: Browser, live: Live, theme: Any, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)
    page = context.new_page()
    go(page, live, target=2, against=0, apart="yes", strokes="b3:8.8")
    page.get_by_role("button", name="Measure").click()
    page.wait_for_selector("[data-curve=insertion] .verdict")
    assert serious_findings(page) == []
    wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1]
    context.close()
