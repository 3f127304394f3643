"""Words explained where they first stand, and numbers that stay whole."""

from __future__ import annotations

import re

import pytest
from explained_words import unexplained

from striate.render.glossary import TERMS
from striate.render.page import page
from striate.render.reading import explain_words, keep_numbers_whole
from striate.render.template import _SEPARATORS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90.2% of 3", "90.2\xa0% of 3"),
        ("95&nbsp;% and 95 %", "95\xa0% and 95\xa0%"),
        ("-0.5, (-3) and -.5", "−0.5, (−3) and −.5"),
        ("1e-05", "1e−05"),
        ("7 × 7", "7\xa0×\xa0\x37"),
        ("grad-2, --seed -x, 2026-11-30, IMG-5", "grad-2, --seed -x, 2026-11-30, IMG-5"),
    ],
)
def test_numbers_are_written_in_one_way(text: str, expected: str) -> None:
    assert keep_numbers_whole(text) == expected
    assert keep_numbers_whole(expected) == expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("90.2% of 1,797", ["90.2% of 1,797"]),
        ("-0.5 to 1e-05", ["-0.5 to 1e-05"]),
        ("2026-11-30", ["2026-11-30"]),
        ("n01_long-name/x.png", ["n01_", "long-", "name/", "x.", "png"]),
        ("img-0001.jpg", ["img-", "0001.", "jpg"]),
        ("a_0.5/0.25", ["a_", "0.5/", "0.25"]),
    ],
)
def test_a_long_text_breaks_behind_separators_and_never_inside_a_number(
    text: str, parts: list[str]
) -> None:
    assert _SEPARATORS.split(text) == parts


def test_a_word_is_linked_once_and_not_in_headings_links_names_and_programs() -> None:
    kept = (
        "<h2>Logit</h2><code>logit -5</code><bdi>logit -5</bdi><a href='#x'>logit</a>"
        "<svg><text>logit</text></svg><summary>logit</summary>"
    )
    (done,) = explain_words([kept + "<td>Logits</td><p>logit</p>"]).parts
    assert done.startswith(kept)
    assert done.count('class="term"') == 1
    assert re.search(r"<td><a class=.term. [^>]*>Logits</a></td><p>logit</p>$", done)


def test_the_longer_word_is_explained_and_parts_of_words_are_not() -> None:
    found = explain_words(["effective receptive fields; ahead, kernelled, p1, a Mac; p = 0.03"])
    assert found.parts[0].count('class="term"') == 2
    names = [term.name for term, _ in found.glossary]
    assert {"effective receptive field", "p"} < set(names) and "kernel" not in names


def test_words_of_the_explanations_are_explained_too() -> None:
    found = explain_words(["<p>Grad-CAM</p>"])
    said = {term.name: str(told) for term, told in found.glossary}
    assert {"Grad-CAM", "feature map", "unit", "gradient"} <= set(said)
    assert 'href="#word-feature-map"' in said["Grad-CAM"]
    assert "word-grad-cam" not in "".join(said.values())


def test_every_word_has_a_line_and_an_address_of_its_own() -> None:
    assert len({term.anchor for term in TERMS}) == len(TERMS) > 60
    for term in TERMS:
        assert 20 < len(term.explanation) < 110 and term.explanation.endswith("."), term
        assert re.fullmatch(term.pattern, term.name, re.IGNORECASE) or term.name == "p", term


def test_a_page_ends_with_the_words_that_stand_in_it() -> None:
    class View:
        class found:
            unavailable = ("the gradient of each logit", "bf16 <b>")

    missing = "explanation/page/templates/missing.html"
    whole = page("t", missing, {"missing": "Gradients"}, View)
    assert unexplained(whole) == []
    # the opening, which is the same text here, comes first
    assert re.findall(r'<div id="word-([^"]+)"', whole) == ["bf16", "gradient", "logit"]
    assert whole.count('href="#word-gradient"') == 1
    assert whole.index('href="#word-gradient"') < whole.index("<nav")
    assert '<a href="#words">' in whole


def test_the_checker_of_these_tests_finds_what_is_missing() -> None:
    whole = '<p>a <a class="term" href="#word-gradient" title="x">gradient</a>, a logit</p>'
    found = unexplained(whole)
    assert any(line.startswith("logit: ") for line in found)
    assert "gradient is not in the glossary" in found and "'x' is no line" in found
