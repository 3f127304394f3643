from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import striate
from striate.render import template
from striate.render.page import page

TEMPLATES = sorted(
    path
    for path in Path(striate.__file__).parent.rglob("*.html")
    # which are no templates, or hold a script: a page that classifies
    if "studio_app" not in path.parts and "deployment" not in path.parts
)
PARTS: Any = template._environment().get_template("render/templates/parts.html").module


class Plain(HTMLParser):
    """Collects what a reader would read, and every tag and attribute."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def filled(source: str, view: object) -> str:
    """Fill a template that is written here."""
    return str(template._environment().from_string(source).render(view=view))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_any_text_comes_back_as_it_was_and_adds_no_tag(value: str) -> None:
    read = Plain(filled('<i title="{{ view }}">{{ view }}</i>', value))
    assert read.tags == [("i", {"title": value})]
    assert "".join(read.words) == value


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_any_name_comes_back_as_it_was(value: str) -> None:
    read = Plain(PARTS.name(value))
    assert {tag for tag, _ in read.tags} <= {"bdi", "wbr"}
    assert "".join(read.words) == value


def test_a_long_name_may_break_after_its_separators_and_can_be_cut() -> None:
    assert PARTS.name("n01_long-name/x.png").count("<wbr>") == 4
    assert PARTS.name("a b") == "<bdi>a b</bdi>"
    assert PARTS.name("a long story", 7) == "<bdi>a long…</bdi>"


def test_a_template_that_names_what_is_not_there_fails() -> None:
    with pytest.raises(Exception, match="'str object' has no attribute 'missing'"):
        filled("{{ view.missing }}", "x")


def test_no_template_trusts_a_value_or_names_a_script() -> None:
    assert len(TEMPLATES) > 30
    for path in TEMPLATES:
        words = path.read_text("utf-8")
        assert not re.search(r"\|\s*safe|autoescape|<script|\son\w+=|javascript:", words), path
        # one kind of quotes, that of the terminal
        assert not re.search("[“”‘’„]|&[lr][sd]quo;", words), path
        # every attribute stands in quotes, so that what is escaped cannot leave it
        assert not re.search(r"=\{\{|=\{%", words), path


def test_a_table_has_headings_for_columns_and_rows_and_scrolls_by_itself() -> None:
    markup = filled(
        '{% from "render/templates/parts.html" import table %}'
        '{% call table(["class", "n"], "the \\"n\\"", [1], 30) %}'
        '<tbody><tr><th scope="row">{{ view }}</th></tr></tbody>{% endcall %}',
        "<a>",
    )
    read = Plain(markup)
    scopes = [attrs.get("scope") for tag, attrs in read.tags if tag == "th"]
    assert scopes == ["col", "col", "row"]
    assert [attrs.get("class") for tag, attrs in read.tags if tag == "th"] == [None, "number", None]
    box = read.tags[0][1]
    assert (box["role"], box["tabindex"], box["aria-label"]) == ("region", "0", 'the "n"')
    assert box["class"] == "box tall"
    assert "<a>" in read.words
    assert "30 rows; scroll inside the box to see them all." in read.words


def test_numbers_stand_on_grounds_of_their_sign() -> None:
    shown = PARTS.cells(np.array([[4.0, -1.0, np.nan, 0.0]]), 4.0, "<k>")
    assert 'class="up" style="--p:1.00">4<' in shown
    assert 'class="down" style="--p:0.25">−1<' in shown
    assert 'class="zero" style="--p:0.00">0<' in shown
    assert "<td></td>" in shown and "&lt;k&gt;" in shown


@dataclass(frozen=True)
class Found:
    unavailable: tuple[str, ...]


@dataclass(frozen=True)
class View:
    found: Found


@pytest.fixture(scope="module")
def whole() -> str:
    """A page with one section, that of what could not be shown, which stands in its opening too."""
    missing = "explanation/page/templates/missing.html"
    view = View(Found(("a\udcffb\x00c", "<b>")))
    return page("T & <t>", missing, {"missing": "Part <one>"}, view)


def test_a_page_asks_for_nothing_and_runs_nothing(whole: str) -> None:
    read = Plain(whole)
    assert "script" not in {tag for tag, _ in read.tags}
    for _, attrs in read.tags:
        for key in ("src", "href"):
            assert (attrs.get(key) or "#").startswith(("#", "data:"))
        assert not any(key.startswith("on") for key in attrs)
    policies = [a["content"] for t, a in read.tags if a.get("http-equiv")]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert not re.search(r"@import|url\(", whole)


def test_a_page_lists_its_contents_and_escapes_its_title(whole: str) -> None:
    assert "<title>T &amp; &lt;t&gt;</title>" in whole
    assert '<a href="#missing">Part &lt;one&gt;</a>' in whole
    assert 'aria-labelledby="missing-heading"' in whole


def test_bytes_that_are_no_character_become_visible(whole: str) -> None:
    assert "<li>a\\udcffb\N{REPLACEMENT CHARACTER}c</li>" in whole
    assert "<li>&lt;b&gt;</li>" in whole


@pytest.mark.parametrize("word", ["@media print", "prefers-color-scheme: dark", "max-width: 30rem"])
def test_a_page_is_styled_for_paper_dark_and_phone(word: str, whole: str) -> None:
    assert word in whole
