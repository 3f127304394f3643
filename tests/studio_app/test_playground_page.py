"""The room Playground used as a person would, and its numbers read off the page for torch."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import torch
from accessibility import serious_findings
from live_studio import Live, live_studio, watched_page
from PIL import Image
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = "<img src=x onerror=window.broken=1>"
NEAR = """([place, exact]) => {
  const shown = Number(document.querySelector(place).textContent.replace("\u2212", "-"));
  return Math.abs(shown - exact) < 0.001 * (1 + Math.abs(exact));
}"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("studio")
    Image.new("RGB", (12, 12), (200, 30, 90)).save(folder / f"{HOSTILE}.png")
    with live_studio(folder) as found:
        yield found


@pytest.fixture
def page(browser: Browser, live: Live) -> Iterator[Page]:
    with watched_page(browser, live, 900) as found:
        yield found


def go(page: Page, live: Live, **said: str | float) -> None:
    place = "&".join(f"{name}={quote(str(value))}" for name, value in said.items())
    page.goto(f"{live.address}#room=playground&{place}")
    page.wait_for_selector(".steps button[aria-pressed=true]")


def slide(page: Page, label: str, value: float) -> None:
    page.get_by_label(label, exact=True).and_(page.locator("input[type=range]")).fill(str(value))


def number(text: str) -> float:
    return math.inf if "∞" in text else float(text.replace("\u2212", "-").replace("+", ""))


def is_shown(text: str, exact: float) -> bool:
    """Whether a text shows a number to its last digit (four are significant)."""
    shown = number(text)
    if shown == exact:
        return True
    size = max(abs(shown), 1e-300)
    return abs(shown - exact) <= 0.5001 * 10.0 ** (math.floor(math.log10(size)) - 3)


def test_settings_move_the_sizes_and_a_link_brings_them_back(page: Page, live: Live) -> None:
    go(page, live)
    page.wait_for_selector("[data-axis=rows] .result >> text=5")
    slide(page, "Stride", 2)
    page.wait_for_selector("[data-axis=rows] .result >> text=3")
    slide(page, "Kernel size", 4)
    page.select_option(".settings select >> nth=1", "same")
    page.wait_for_selector(".wrong >> text=pad=same needs an odd window")
    assert page.locator(".out .grid").is_hidden()
    slide(page, "Kernel size", 3)
    page.locator(".in .typed input").first.fill("7")
    page.wait_for_selector(".out .grid canvas:visible")
    page.wait_for_url(lambda url: "grid=7" in url)  # the address follows at a pace
    place = parse_qs(urlsplit(page.url).fragment)
    assert place["stride"] == ["2x2"] and place["pad"] == ["same"]
    assert place["grid"][0].startswith("7 0 0")
    page.reload()
    page.wait_for_selector("[data-axis=rows] .result >> text=4")
    assert page.locator(".in .typed input").first.input_value() == "7"


def test_a_number_that_is_none_is_marked_and_the_page_goes_on(page: Page, live: Live) -> None:
    go(page, live)
    cell = page.locator(".settings .typed input").first
    cell.fill("1/")
    assert cell.get_attribute("aria-invalid") == "true"
    cell.fill("1/4")
    page.wait_for_selector(".cells td >> text=0.25")
    go(page, live, kernel="1 what", stride="a", side="-3", scores="1,x")
    page.wait_for_selector(".wrong >> text=row 1, number 2 of the kernel is 'what'")


@pytest.mark.slow
def test_the_keyboard_goes_from_value_to_value_and_says_it(page: Page, live: Live) -> None:
    go(page, live)
    page.wait_for_selector(".stage h3 >> text=row 1, column 1")
    page.locator(".out canvas").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".stage h3 >> text=row 2, column 1")
    page.wait_for_selector("#spoken >> text=row 2, column 1: 1", state="attached")
    page.keyboard.press("3")
    page.wait_for_selector("[data-step=pool][aria-pressed=true]")
    page.keyboard.press(".")
    page.locator(".in canvas, .steps button").first.focus()
    page.locator(".flat summary").click()
    page.wait_for_selector(".numbers tbody td")
    page.keyboard.press("h")
    page.wait_for_selector("dialog dl")


@pytest.mark.slow
def test_an_image_with_a_hostile_name_is_an_image(page: Page, live: Live) -> None:
    go(page, live)
    page.select_option(".in select >> nth=0", "image")
    page.wait_for_selector("dialog img")
    page.locator("dialog button.pick", has_text="onerror").click()
    page.wait_for_selector(".panel.in small >> text=12 × 12")
    assert HOSTILE in page.locator("#image").inner_text()
    page.click("#image")
    page.locator("dialog button.pick", has_text="rings").click()
    page.wait_for_selector(".panel.in small >> text=32 × 32")
    page.click("a[href='#room=inside']")
    page.wait_for_selector(".first")
    page.click("a[href='#room=playground']")
    page.wait_for_selector(".panel.in small >> text=32 × 32")


READ = r"""() => {
  const texts = (all) => [...all].map((each) => each.textContent.trim());
  const table = (each) => [...each.rows].map((row) => texts(row.cells));
  const inputs = (selector) => [...document.querySelectorAll(`${selector} tr`)]
    .map((row) => [...row.querySelectorAll("input")].map((each) => each.value))
    .filter((row) => row.length);
  return {
    grid: inputs(".in .typed"),
    kernel: inputs(".settings .typed"),
    tables: [...document.querySelectorAll(".stage .cells")].map(table),
    value: document.querySelector(".stage h3 output")?.textContent,
    sums: texts(document.querySelectorAll(".times > output")),
    total: texts(document.querySelectorAll(".line.total .of > span, .line.total .result")),
    sizes: [...document.querySelectorAll(".sizes [data-axis]")].map((line) => {
      const own = line.cloneNode(true);
      own.querySelectorAll("small").forEach((each) => each.remove());
      own.firstChild.remove();
      return own.textContent;
    }),
    numbers: [...document.querySelectorAll(".numbers tbody tr")].map((row) =>
      texts(row.querySelectorAll("td"))),
    text: document.querySelector(".sizes code").textContent,
  };
}"""


def numbers(rows: list[list[str]]) -> Tensor:
    return torch.tensor([[number(text) for text in row] for row in rows], dtype=torch.float64)


def evaluate(text: str) -> tuple[int, int]:
    """Calculate a size as the page writes it: both sides of its equals sign."""
    left, _, right = text.replace("\u2212", "-").replace("×", "*").partition("=")
    left = re.sub(r"floor", "math.floor", re.sub(r"ceil", "math.ceil", left))
    return int(eval(left, {"math": math})), int(right)


@pytest.mark.slow
def test_every_number_that_is_shown_is_torch_s(page: Page, live: Live) -> None:
    draw = random.Random(5)
    for _ in range(20):
        high, wide = draw.randint(5, 9), draw.randint(5, 9)
        grid = [[round(draw.uniform(-3, 3), 2) for _ in range(wide)] for _ in range(high)]
        sides = [draw.randint(0, 2) for _ in range(4)]
        kernel = [[round(draw.uniform(-2, 2), 2) for _ in range(3)] for _ in range(2)]
        stride, dilation = ([draw.randint(1, 2) for _ in range(2)] for _ in range(2))
        bias, mode, slope = round(draw.uniform(-1, 1), 2), draw.choice(["max", "avg"]), 0.25
        ceil, row, column = draw.choice(["yes", "no"]), draw.randint(0, 1), draw.randint(0, 1)
        said: dict[str, Any] = {
            "grid": ";".join(" ".join(map(str, line)) for line in grid),
            "kernel": ";".join(" ".join(map(str, line)) for line in kernel),
            "divisor": 4,
            "bias": bias,
            "stride": "x".join(map(str, stride)),
            "dilation": "x".join(map(str, dilation)),
            "pad": "sides",
            "sides": ":".join(map(str, sides)),
            "slope": slope,
            "pool": mode,
            "ceil": ceil,
            "row": row,
            "column": column,
        }
        maps = {}
        for step in ("conv", "relu", "pool"):
            page.goto("about:blank")
            go(page, live, **said, step=step)
            page.wait_for_selector(".stage h3 output")
            page.locator(".flat summary").click()
            page.wait_for_selector(".numbers tbody td")
            seen = page.evaluate(READ)
            if step == "conv":
                x, weight = numbers(seen["grid"]), numbers(seen["kernel"])
                top, bottom, left, right = sides
                x = functional.pad(x[None, None], (left, right, top, bottom))
                weight = weight[None, None]
                y = functional.conv2d(x, weight, None, stride, 0, dilation) / 4 + bias
                maps["conv"] = y
                check_sum(seen, x[0, 0], weight[0, 0], (stride, dilation), (row, column), bias)
            elif step == "relu":
                y = functional.leaky_relu(maps["conv"], slope)
                maps["relu"] = y
            else:
                pool = functional.max_pool2d if mode == "max" else functional.avg_pool2d
                y = pool(maps["relu"], 2, 2, ceil_mode=ceil == "yes")
            shown = seen["numbers"]
            assert [len(shown), len(shown[0])] == list(y.shape[2:])
            for line, values in zip(shown, y[0, 0].tolist(), strict=True):
                assert all(is_shown(t, v) for t, v in zip(line, values, strict=True)), seen
            at = min(row, y.shape[2] - 1), min(column, y.shape[3] - 1)
            assert is_shown(seen["value"], float(y[(0, 0, *at)])), seen
            for size, told in zip(y.shape[2:], seen["sizes"], strict=False):
                assert evaluate(told) == (size, size), told


def check_sum(
    seen: Any, x: Tensor, weight: Tensor, steps: Any, place: tuple[int, int], bias: float
) -> None:
    (down, across), (deep, broad) = steps
    top, left = place[0] * down, place[1] * across
    patch = x[top : top + 2 * deep : deep, left : left + 3 * broad : broad][:2, :3]
    for table, exact in zip(seen["tables"], (patch, weight, patch * weight), strict=True):
        for line, values in zip(table, exact.tolist(), strict=True):
            assert all(is_shown(t, v) for t, v in zip(line, values, strict=True)), seen
    total = float((patch * weight).sum())
    assert is_shown(seen["sums"][0], total)
    assert is_shown(seen["total"][0], total) and seen["total"][1] == "4"
    assert is_shown(seen["total"][-1], total / 4 + bias)


@pytest.mark.slow
def test_probabilities_and_losses_that_are_shown_are_torch_s(page: Page, live: Live) -> None:
    go(page, live, step="loss", scores="2,-1,0.5,3.25", label=2)
    page.wait_for_selector("[data-loss=cross-entropy] .result")
    for scores in ([2.0, -1.0, 0.5, 3.25], [-4.0, 6.0, 0.0, 1.5]):
        for at, score in enumerate(scores):
            page.locator(".scores input[type=text]").nth(at).fill(str(score))
        x = torch.tensor(scores, dtype=torch.float64)
        loss = functional.cross_entropy(x, torch.tensor(2)).item()
        page.wait_for_function(NEAR, arg=["[data-loss=cross-entropy] .result", loss])
        rows = page.evaluate(
            "[...document.querySelectorAll('.scores tbody tr')].map((row) => "
            "[...row.cells].slice(4).map((each) => each.textContent))"
        )
        odds = x.softmax(0)
        target = functional.one_hot(torch.tensor(2), 4).double()
        for at, (power, share, wanted, gradient) in enumerate(rows):
            assert is_shown(power, (x[at] - x.max()).exp().item())
            assert abs(number(share.replace(" %", "")) - 100 * odds[at].item()) <= 0.0501
            assert number(wanted) == target[at].item()
            assert is_shown(gradient, (odds - target)[at].item())
        squared = functional.mse_loss(odds, target, reduction="sum").item()
        assert is_shown(page.locator("[data-loss=cross-entropy] .result").inner_text(), loss)
        assert is_shown(page.locator("[data-loss=squared] .result").inner_text(), squared)


@pytest.mark.slow
def test_flattened_numbers_become_scores(page: Page, live: Live) -> None:
    go(page, live, step="loss")
    page.wait_for_selector("[data-loss=cross-entropy] .result")
    page.get_by_role("button", name="Take what flatten gives").click()
    page.wait_for_selector(".scores tbody tr:nth-child(4)")
    assert page.locator(".scores tbody tr").count() == 4
    values = [page.locator(".scores input[type=text]").nth(at).input_value() for at in range(4)]
    assert values == ["0", "2", "1", "0"]


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nobody_is_kept_out_and_nothing_scrolls_sideways(
    browser: Browser, live: Live, theme: Any, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)
    page = context.new_page()
    for step in ("conv", "relu", "pool", "flatten", "loss"):
        page.goto("about:blank")
        go(page, live, step=step, slope=0.1)
        page.wait_for_selector(
            "[data-loss=cross-entropy] .result" if step == "loss" else ".playground .sizes code"
        )
        assert serious_findings(page) == []
        wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], step
    context.close()
