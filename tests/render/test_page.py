from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.render.page import Html, Section, name, page, paragraph, table, text


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


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_any_text_comes_back_as_it_was_and_adds_no_tag(value: str) -> None:
    read = Plain(f'<i title="{text(value)}">{text(value)}</i>')
    assert read.tags == [("i", {"title": value})]
    assert "".join(read.words) == value


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_any_name_comes_back_as_it_was(value: str) -> None:
    read = Plain(name(value))
    assert {tag for tag, _ in read.tags} <= {"bdi", "wbr"}
    assert "".join(read.words) == value


@given(st.text())
def test_any_text_can_be_written_as_utf8(value: str) -> None:
    text(value).encode("utf-8")
    name(value).encode("utf-8")


def test_bytes_that_are_no_character_become_visible() -> None:
    assert text("a\udcffb\x00c") == "a\\udcffb\N{REPLACEMENT CHARACTER}c"


def test_long_names_may_break_after_their_separators() -> None:
    assert name("n01_long-name/x.png", longest=0).count("<wbr>") == 4
    assert name("a b") == "<bdi>a b</bdi>"


def test_per_cent_signs_stay_with_their_numbers() -> None:
    assert paragraph("98.3 % right") == "<p>98.3&nbsp;% right</p>"


def test_a_table_has_headings_for_columns_and_rows_and_scrolls_by_itself() -> None:
    markup = table(
        [text("class"), text("n")],
        [[text("a"), text("1")], [text("b"), text("2")]],
        label='the "n"',
        numbers=(1,),
        total=[text("in all"), text("3")],
    )
    read = Plain(markup)
    scopes = [attrs.get("scope") for tag, attrs in read.tags if tag == "th"]
    assert scopes == ["col", "col", "row", "row", "row"]
    box = read.tags[0][1]
    assert (box["role"], box["tabindex"], box["aria-label"]) == ("region", "0", 'the "n"')
    assert [tag for tag, _ in read.tags].count("tfoot") == 1


WHOLE = page("T & <t>", Html("<h1>t</h1>"), [Section("one", "Part <one>", paragraph("Words."))])


def test_a_page_asks_for_nothing_and_runs_nothing() -> None:
    read = Plain(WHOLE)
    assert "script" not in {tag for tag, _ in read.tags}
    for _, attrs in read.tags:
        for key in ("src", "href"):
            assert (attrs.get(key) or "#").startswith(("#", "data:"))
        assert not any(key.startswith("on") for key in attrs)
    policies = [a["content"] for t, a in read.tags if a.get("http-equiv")]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert not re.search(r"@import|url\(", WHOLE)


def test_a_page_lists_its_contents_and_escapes_its_title() -> None:
    assert "<title>T &amp; &lt;t&gt;</title>" in WHOLE
    assert '<a href="#one">Part &lt;one&gt;</a>' in WHOLE
    assert 'aria-labelledby="one-heading"' in WHOLE


@pytest.mark.parametrize("word", ["@media print", "prefers-color-scheme: dark", "max-width: 30rem"])
def test_a_page_is_styled_for_paper_dark_and_phone(word: str) -> None:
    assert word in WHOLE
