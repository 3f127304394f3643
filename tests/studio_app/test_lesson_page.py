"""The lesson taken as a pupil would: each question answered by a calculation of the test's own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from live_studio import Live, live_studio, wait_for_place, watched_page
from scipy.signal import correlate2d
from sklearn.datasets import load_digits

import striate as st

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STEPS = ("picture", "convolution", "padding", "relu", "pooling", "depth", "loss", "transfer")
SMILE = np.zeros((7, 7), int)
for row, columns in {1: (1, 5), 3: (3,), 4: (1, 5), 5: (2, 3, 4)}.items():
    SMILE[row, list(columns)] = 1
DETECTOR = [[0, 0, 1], [1, 0, 0], [0, 1, 1]]
EDGE = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_studio(tmp_path_factory.mktemp("lesson")) as found:
        yield found


def numbers(text: str) -> list[float]:
    return [float(each.replace("\u2212", "-")) for each in re.findall(r"\u2212?\d+\.?\d*", text)]


def look_up(asked: str, told: str) -> float:
    row, column = (int(x) for x in numbers(asked)[-2:])
    return float(round(load_digits().images[42][row, column] / 16 * 255))


def convolve(asked: str, told: str) -> float:
    row, column = (int(x) for x in numbers(asked)[-2:])
    return float(correlate2d(SMILE, DETECTOR, "valid")[row, column])


def count_places(asked: str, told: str) -> float:
    n, k, p, s = (int(x) for x in numbers(asked))
    return float(len(range(0, n + 2 * p - k + 1, s)))


def count_below(asked: str, told: str) -> float:
    return float((correlate2d(SMILE, EDGE, "valid") < 0).sum())


def take_largest(asked: str, told: str) -> float:
    return max(numbers(told))


def see(asked: str, told: str) -> float:
    return float(1 + 2 * 3)  # three windows of 3, each one neighbour more on either side


def lose(asked: str, told: str) -> float:
    scores = np.exp([2.0, 1.0, 0.0])
    return -math.log(scores[0] / scores.sum())


def count_head(asked: str, told: str) -> float:
    head = st.build("input 64x1x1 classes=10 > flatten > fc")
    return float(sum(each.numel() for each in head.parameters()))


FIRST = ".first .leads >> text=The room Inside needs a network"  # and its button
PLAY = ".playground .steps button[aria-pressed=true]"
LEADS = {  # where each link of an idea leads in a studio without a trained network
    "picture": [FIRST],
    "convolution": [f"{PLAY} >> text=Convolution"],
    "padding": [f"{PLAY} >> text=Convolution"],
    "relu": [f"{PLAY} >> text=Activation"],
    "pooling": [f"{PLAY} >> text=Pooling"],
    "depth": [".layers tr[data-layer=conv3]"],
    "loss": [".playground [data-loss=cross-entropy] .result"],
    "transfer": [".layers tr[data-layer=conv2]", FIRST],
}
ANSWERS: dict[str, Callable[[str, str], float]] = dict(
    zip(
        STEPS,
        (look_up, convolve, count_places, count_below, take_largest, see, lose, count_head),
        strict=True,
    )
)


def enter(page: Page, live: Live, step: str) -> tuple[str, str]:
    page.goto(f"{live.address}#room=lesson&step={step}")
    page.wait_for_selector(".question #asked:not(:empty)")
    return page.locator("#asked").inner_text(), page.locator(".told").first.inner_text()


def reply(page: Page, answer: str) -> str:
    page.locator(".question input").fill(answer)
    page.locator(".question input").press("Enter")
    page.wait_for_selector(".verdict:not(:empty)")
    return page.locator(".verdict").inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_the_page_expects_what_another_calculation_gives(page: Page, live: Live, step: str) -> None:
    asked, told = enter(page, live, step)
    answer = ANSWERS[step](asked, told)
    assert reply(page, f"{answer + 1:.3f}").startswith("Not yet.")
    assert reply(page, f"{answer:.3f}").startswith("Right."), (asked, told, answer)
    assert "done" in (page.locator(".ideas [aria-current]").get_attribute("class") or "")


@pytest.mark.slow
def test_progress_is_kept_in_the_address_and_in_the_browser(page: Page, live: Live) -> None:
    enter(page, live, "padding")
    reply(page, "5")
    wait_for_place(page, done="padding")
    later = page.context.new_page()
    later.goto(f"{live.address}#room=lesson")
    later.wait_for_selector(".question #asked:not(:empty)")
    assert later.locator(".ideas .done").count() == 1
    assert later.locator(".idea h2").inner_text() == "A picture is numbers"  # the first not done
    later.keyboard.press("n")
    later.wait_for_selector(".idea h2 >> text=Convolution")


@pytest.mark.slow
def test_after_two_tries_the_answer_can_be_shown(page: Page, live: Live) -> None:
    asked, _ = enter(page, live, "convolution")
    assert reply(page, "dog") == "Give a number, such as 12 or 0.5."
    for _ in range(2):
        assert reply(page, "99").startswith("Not yet.")
    page.click("text=Show the answer")
    assert numbers(page.locator(".verdict").inner_text())[0] == convolve(asked, "")
    assert page.locator(".ideas .done").count() == 0


@pytest.mark.slow
def test_the_arrows_go_through_the_numbers_and_step_moves_the_kernel(
    page: Page, live: Live
) -> None:
    enter(page, live, "picture")
    page.locator(".stageplace canvas").first.focus()
    page.keyboard.press("ArrowDown")
    told = page.locator(".told").inner_text()
    exact = round(load_digits().images[42][4, 3] / 16 * 255)
    assert told == f"row 4, column 3: {exact}"
    enter(page, live, "convolution")
    before = page.locator(".told").inner_text()
    page.click(".stageplace button:has-text('Step')")
    assert page.locator(".told").inner_text() != before


@pytest.mark.slow
def test_every_link_of_every_idea_leads_on_where_nothing_has_been_trained(
    browser: Browser, tmp_path: Path
) -> None:
    with live_studio(tmp_path) as fresh, watched_page(browser, fresh) as page:
        for step, arrivals in LEADS.items():
            for number, arrival in enumerate(arrivals):
                enter(page, fresh, step)
                assert page.locator(".more-of-it a").count() == len(arrivals)
                page.locator(".more-of-it a").nth(number).click()
                page.wait_for_selector(arrival)
                assert page.locator("#told.error").count() == 0
        page.click(".first .strong")  # of the last link, into Inside
        page.wait_for_selector(".inside .stage", timeout=120_000)
        enter(page, fresh, "picture")
        page.click(".more-of-it a")
        page.wait_for_selector(".inside .layer[data-layer=input][aria-pressed=true]")
        wait_for_place(page, room="inside", network="digits", image="digits/0042", layer="input")


@pytest.mark.slow
@pytest.mark.parametrize("room", ["inside", "draw", "explain"])
def test_the_first_screen_says_where_its_button_leads_and_leads_there(
    browser: Browser, tmp_path: Path, room: str
) -> None:
    with live_studio(tmp_path) as fresh, watched_page(browser, fresh) as page:
        page.goto(f"{fresh.address}#room={room}&network=digits&image=digits/0007&layer=conv2")
        page.wait_for_selector(f".first .leads >> text=The room {room.title()} needs a network")
        page.click(".first .strong")
        page.wait_for_selector(f".{room}", timeout=120_000)
        wanted = {"layer": "conv2"} if room == "inside" else {}
        wait_for_place(page, room=room, network="digits", **wanted)


@pytest.mark.slow
def test_lent_layers_and_a_network_anew_both_learn(page: Page, live: Live) -> None:
    enter(page, live, "transfer")
    page.get_by_role("button", name="Let both learn").click()
    page.wait_for_selector(".stageplace .framed:nth-child(2) tbody tr", timeout=120_000)
    cells = page.locator(".stageplace .framed:nth-child(2) tbody td").all_inner_texts()
    assert cells[0] == "20"
    assert all(numbers(each)[0] > 40 for each in cells[1:])


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nobody_is_kept_out(browser: Browser, live: Live, scheme: Any, width: int) -> None:
    from accessibility import serious_findings

    size: Any = {"width": width, "height": 844}
    page = browser.new_page(viewport=size, color_scheme=scheme)
    for step in STEPS:
        page.goto("about:blank")
        enter(page, live, step)
        wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], step
        assert serious_findings(page) == [], step
    page.close()


def test_lent_layers_beat_a_network_anew_on_few_images() -> None:
    from striate.backends.threads import use_threads
    from striate.studio_app.rooms.lesson import lend

    with use_threads(1):
        said = lend(2, lambda what, share: None).said
    assert (said["tested"], said["learnt"], said["head"], said["all"]) == (447, 20, 650, 1898)
    assert isinstance(said["lent"], float) and isinstance(said["anew"], float)
    assert 0.5 < said["anew"] < said["lent"] < 0.95


def test_every_step_of_the_lesson_has_its_words() -> None:
    page = Path(st.__file__).parent / "studio_app" / "page"
    said = page.joinpath("words.js").read_text("utf-8").partition("  lesson: {")[2]
    listed = [
        each
        for name in ("pixels", "maps", "answers")
        for each in re.findall(r'\{ id: "(\w+)"', page.joinpath(f"lesson/{name}.js").read_text())
    ]
    assert tuple(listed) == STEPS
    for step in STEPS:
        own = said.partition(f"      {step}: {{")[2].partition("\n      },")[0]
        assert all(f"{word}: " in own for word in ("title", "lead", "task", "sight"))
