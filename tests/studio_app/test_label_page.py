"""The page of `striate label` used with the keyboard, and what it lets nobody do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from accessibility import serious_findings
from live_studio import Live, live_page, watched_page
from made_unlabelled import digits

from striate.data import find
from striate.doctor.labelling.answers import Journal
from striate.doctor.labelling.desk import Desk
from striate.doctor.labelling.folder_images import read_folder
from striate.doctor.labelling.label_file import LabelFile
from striate.doctor.labelling.session import Session
from striate.errors import SettingError
from striate.serving.listening import listen
from striate.studio_app.labelling import make_label_app
from striate.studio_app.opening import open_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = "<img src=x onerror=window.broken=1>"


@contextmanager
def desk_of(folder: Path, n: int = 60) -> Iterator[Desk]:
    digits(folder / HOSTILE.replace("/", ""), n)
    images = read_folder(folder / HOSTILE.replace("/", ""))
    with Journal(folder / "l.answers.jsonl", images.root) as journal:
        yield Desk(Session(images, journal.answers), journal, LabelFile(folder / "l.csv"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of(tmp_path) as found:
        yield found


@pytest.fixture
def live(desk: Desk) -> Iterator[Live]:
    opened = open_page(
        lambda entry: make_label_app(desk, "striate train l.csv", entry), listening=listen(0)
    )
    with live_page(opened) as found:
        yield found


@pytest.fixture
def page(browser: Browser, live: Live) -> Iterator[Page]:
    with watched_page(browser, live) as found:
        found.goto(live.address)
        found.wait_for_selector(".tiles img")
        yield found


def wait_for_turn(desk: Desk, page: Page, turn: int) -> None:
    page.wait_for_selector(f"#room[data-turn='{turn}']")  # a key before that is not taken
    assert len(desk.session.answers) == turn


def test_a_folder_is_labelled_by_keys_alone(desk: Desk, page: Page) -> None:
    assert (
        page.evaluate("document.activeElement.id") == "new"
    )  # the first name can be typed at once
    first = desk.session.question()
    page.keyboard.type(HOSTILE)
    page.keyboard.press("Enter")
    wait_for_turn(desk, page, 1)
    assert desk.session.answers[0].label == HOSTILE
    assert {desk.session.labels()[each].name for each in first.images} == {HOSTILE}
    page.keyboard.press("n")
    page.keyboard.type("zero")
    page.keyboard.press("Enter")
    wait_for_turn(desk, page, 2)
    page.keyboard.press("u")
    wait_for_turn(desk, page, 1)
    odd = desk.session.question().images[0]
    page.keyboard.press("Tab")
    page.locator(".tiles button").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("1")
    wait_for_turn(desk, page, 2)
    assert odd not in desk.session.labels() and desk.session.answers[1].asked > 1
    page.keyboard.press("m")
    wait_for_turn(desk, page, 3)
    page.wait_for_selector(".single img")
    assert desk.session.question().drawn
    page.keyboard.press("Enter")  # there is no guess to be taken
    page.keyboard.press("s")
    wait_for_turn(desk, page, 4)
    assert [each.kind for each in desk.session.answers] == ["cluster", "cluster", "mixed", "skip"]
    collection = find(desk.file.path)
    assert len(collection) == len(desk.session.labels())
    again = Session(desk.session.images, list(desk.session.answers))
    assert again.question() == desk.session.question()


def test_a_key_pressed_while_an_answer_is_kept_is_refused_in_words(desk: Desk, page: Page) -> None:
    page.keyboard.type("a")
    page.keyboard.press("Enter")
    wait_for_turn(desk, page, 1)
    assert "striate train" not in page.content()
    page.evaluate("""() => { for (const key of ["1", "m"])
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })); }""")
    page.wait_for_selector("#told.error >> text=Not taken")
    wait_for_turn(desk, page, 2)
    assert [each.kind for each in desk.session.answers] == ["cluster", "cluster"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out_and_nothing_is_cut_off(
    browser: Browser, live: Live, desk: Desk, scheme: str
) -> None:
    def check(page: Page) -> None:
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert serious_findings(page) == []

    with watched_page(browser, live) as page:
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        page.goto(live.address)
        page.wait_for_selector(".tiles img")
        check(page)
        for turn in range(1, 5):
            kind = desk.session.question().kind
            hashes = desk.session.question().images
            label = "one" if turn % 2 else "zero"
            desk.answer(turn - 1, "cluster" if kind == "cluster" else "image", images=hashes,
                        label=label)  # fmt: skip
        page.reload()
        page.wait_for_selector(".single img")
        check(page)


def test_a_key_that_was_pressed_twice_answers_once(desk: Desk) -> None:
    images = desk.session.question().images
    desk.answer(0, "cluster", images=images, label="a")
    desk.answer(0, "cluster", images=images, label="a")
    desk.undo(0)
    assert len(desk.session.answers) == 1


@pytest.mark.parametrize(
    ("kind", "images", "label", "told"),
    [
        ("image", [0], "a", "expected cluster or mixed"),
        ("cluster", [], "a", "struck out"),
        ("cluster", [10_000], "a", "is not about image"),
        ("cluster", None, "a|b", "cannot be a class"),
    ],
)
def test_an_answer_that_does_not_fit_changes_nothing(
    desk: Desk, live: Live, kind: str, images: list[int] | None, label: str, told: str
) -> None:
    given = list(desk.session.question().images) if images is None else images
    headers = {**live.enter(), "Origin": f"http://{live.host}", "Content-Type": "application/json"}
    body = json.dumps({"turn": 0, "kind": kind, "images": given, "label": label}).encode()
    reply = live.ask("/api/answer", headers, method="POST", body=body)
    assert reply.status == 422 and told in json.loads(reply.text)["error"]
    assert desk.session.answers == []
    lines = (desk.file.path.parent / "l.answers.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 1


def test_nobody_else_is_answered(live: Live) -> None:
    for path in ("/", "/api/view", "/api/image?index=0&side=256", "/page/label/page.js"):
        assert live.ask(path).status == 403
    cookie = live.enter()
    assert live.ask("/api/undo", cookie, method="POST", body=b'{"turn": 0}').status == 403
    image = live.ask("/api/image?index=0&side=256", cookie)
    assert image.status == 200 and image.body[:2] == b"\xff\xd8"
    for query in ("index=60&side=256", "index=0&side=9000", "index=-1&side=256", "index=a&side=1"):
        assert live.ask(f"/api/image?{query}", cookie).status == 422


def test_a_desk_s_session_is_that_of_its_journal(tmp_path: Path) -> None:
    with desk_of(tmp_path, 5) as desk, pytest.raises(ValueError, match="not those of the journal"):
        Desk(Session(desk.session.images, []), desk._journal, desk.file)
    with pytest.raises(SettingError, match="cannot be a class"), desk_of(tmp_path, 5) as desk:
        desk.answer(0, "cluster", images=desk.session.question().images, label=" ")
