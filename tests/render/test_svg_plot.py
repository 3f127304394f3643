"""Curves written as SVG: each value stands where its axes say, and each word on the paper."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.render import BLUE, ORANGE, Curve, draw_line_plot
from striate.render.svg_plot import HEIGHT, LETTER, SIZE, WIDTH, Scale

SVG = "{http://www.w3.org/2000/svg}"
LINES = [
    Curve("training", [2.0, 1.0, 0.5], BLUE, dashed=True),
    Curve("validation", [1.8, 1.1, 0.9], ORANGE),
]


def number(words: str) -> float:
    """Read a label."""
    value = float(words.replace("\N{MINUS SIGN}", "-").removesuffix(" %"))
    return value / 100 if words.endswith("%") else value


def value_at(point: float, labels: list[tuple[float, float]]) -> float:
    """Read a value off a straight axis by two of its labels."""
    (x, low), (x2, high) = labels[0], labels[-1]
    return low + (point - x) / (x2 - x) * (high - low)


def read(svg: str, *, log: bool = False) -> list[tuple[float, float]]:
    """Read a curve off the drawing by the labels of its axes, from its dots."""
    root = ET.fromstring(svg)
    texts = [t for t in root.iter(f"{SVG}text") if re.fullmatch(r"[−\d.e+-]+( %)?", t.text or "")]
    labels = [(float(t.get("x", 0)), float(t.get("y", 0)), number(t.text or "")) for t in texts]
    lowest = max(y for _, y, _ in labels)
    across = [(x, value) for x, y, value in labels if y == lowest]
    up = [(y - 4, math.log10(value) if log else value) for x, y, value in labels if y != lowest]
    found = []
    for dot in root.iter(f"{SVG}circle"):
        place = value_at(float(dot.get("cx", 0)), across)
        value = value_at(float(dot.get("cy", 0)), up)
        found.append((place, 10**value if log else value))
    return found


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([2.3, 1.1, 0.7, 0.65], "linear"),
        ([-3.0, 0.5, 9.0], "linear"),
        ([1e-3, 8e-4, 1e-5], "linear"),
        ([0.31, 0.62, 0.95], "percent"),
        ([0.9, 0.02, 0.0], "whole"),
        ([12.0, 0.3, 4e-5], "log"),
        ([0.2, 0.3], "log"),
    ],
)
def test_values_are_read_off_by_the_labels(values: list[float], scale: Scale) -> None:
    svg = draw_line_plot([Curve("a", values)], title="Values", across="epoch", scale=scale)
    found = read(svg, log=scale == "log")
    assert [round(place, 2) for place, _ in found] == list(range(1, len(values) + 1))
    read_off = np.array([value for _, value in found])
    if scale == "log":
        np.testing.assert_allclose(read_off, values, rtol=0.03)
    else:
        np.testing.assert_allclose(read_off, values, atol=0.003 * (max(values) - min(0, *values)))


def test_places_are_where_they_are_given() -> None:
    svg = draw_line_plot([Curve("a", [1, 2, 3])], places=[0, 1, 30], title="T", across="epoch")
    assert [round(place) for place, _ in read(svg)] == [0, 1, 30]


def test_a_chart_is_an_svg_with_its_words_as_text() -> None:
    svg = draw_line_plot(
        LINES, title="Loss", across="epoch", marked=2, description='from "2" to <1>'
    )
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Loss. from "2" to <1>'
    words = {text.text for text in root.iter(f"{SVG}text")}
    assert {"Loss", "epoch", "training", "validation", "best"} <= words
    assert "<style" not in svg
    assert "<script" not in svg
    assert " id=" not in svg  # none may stand twice in a page


def test_a_chart_follows_the_colours_of_its_page() -> None:
    svg = draw_line_plot(LINES, title="Loss", across="epoch")
    assert "var(--blue, #0072b2)" in svg
    assert "#" not in re.sub(r"var\(--\w+, #[0-9a-f]{6}\)", "", svg)


def test_losses_start_at_zero_and_gaps_are_left() -> None:
    svg = draw_line_plot([Curve("a", [5.0, math.nan, 9.0, 7.0])], title="Loss", across="epoch")
    assert ">0</text>" in svg
    (way,) = re.findall(r'<path d="([^"]+)" stroke-width="2"', svg)
    assert way.count("M") == 2 and way.count("L") == 1


def test_the_legend_lies_where_no_curve_is() -> None:
    falling = [Curve(name, [10.0 - k for k in range(11)]) for name in ("one", "two")]
    rising = [Curve(each.label, list(reversed(each.values))) for each in falling]

    def place(lines: list[Curve]) -> tuple[float, float]:
        root = ET.fromstring(draw_line_plot(lines, title="T", across="epoch"))
        (word,) = (text for text in root.iter(f"{SVG}text") if text.text == "one")
        return float(word.get("x", 0)), float(word.get("y", 0))

    assert place(falling)[0] > WIDTH / 2 and place(falling)[1] < HEIGHT / 2  # at the upper right
    assert place(rising)[0] < WIDTH / 2 and place(rising)[1] < HEIGHT / 2


NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=32)


@settings(max_examples=60, deadline=None)
@given(st.lists(NUMBERS, max_size=40), st.sampled_from(["linear", "percent", "whole", "log"]))
def test_any_values_make_a_chart_whose_words_lie_on_the_paper(
    values: list[float], scale: Scale
) -> None:
    svg = draw_line_plot([Curve("a", values)], title="Odd", across="epoch", marked=1, scale=scale)
    root = ET.fromstring(svg)
    assert "nan" not in svg and "inf" not in svg
    shown = [text for text in root.iter(f"{SVG}text") if text.text]
    assert len(shown) >= 4  # the title, the axis, and a label on each
    assert len(shown) <= 20
    for text in shown:
        room = {"end": -1.0, "middle": -0.5}.get(text.get("text-anchor", ""), 0.0)
        left = float(text.get("x", 0)) + room * LETTER * SIZE * len(text.text or "")
        assert -1 <= left <= WIDTH
        assert 0 < float(text.get("y", 0)) <= HEIGHT
