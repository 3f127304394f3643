"""The architecture diagram: what stands in it, and that nothing covers anything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from networks_strategy import networks

from striate.architecture import zoo
from striate.architecture.diagram.drawing import draw_architecture
from striate.architecture.diagram.solids import Scale, faces, kernel, solid
from striate.architecture.diagram.stages import MOST, stages
from striate.architecture.diagram.text_width import text_width
from striate.architecture.layer_table import summary
from striate.architecture.notation import expand

SPACE = "{http://www.w3.org/2000/svg}"
Box = tuple[str, float, float, float, float]  # the text; left, top, right, bottom


def drawn(text: str, width: int = 960) -> ElementTree.Element:
    return ElementTree.fromstring(draw_architecture(summary(text), width=width))


def words(svg: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in svg.iter(f"{SPACE}text")]


def boxes(svg: ElementTree.Element) -> list[Box]:
    """The room that each text takes, its width estimated."""
    found = []
    for element in svg.iter(f"{SPACE}text"):
        size = float(element.get("font-size", "10.5"))
        long = 0.93 * text_width(element.text or "", size)  # the estimate is on the wide side
        x, y = float(element.get("x", "")), float(element.get("y", ""))
        left = x - long * {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor", "start")]
        found.append((element.text or "", left, y - 0.76 * size, left + long, y + 0.22 * size))
    return found


def covering(found: Sequence[Box]) -> list[tuple[str, str]]:
    """Texts that cover each other by more than a hair."""
    return [
        (a[0], b[0])
        for a, b in combinations(found, 2)
        if min(a[3], b[3]) - max(a[1], b[1]) > 0.5 and min(a[4], b[4]) - max(a[2], b[2]) > 0.5
    ]


@pytest.mark.parametrize("width", [960, 350])
@pytest.mark.parametrize("name", zoo.names())
def test_no_text_covers_another_or_leaves_the_drawing(name: str, width: int) -> None:
    svg = drawn(name, width)
    found = boxes(svg)
    assert covering(found) == []
    height = float(svg.get("height", ""))
    for text, left, top, right, bottom in found:
        assert left >= 0, text
        assert right <= width, text
        assert top >= 0, text
        assert bottom <= height, text


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(networks(most=8))
def test_random_networks_are_drawn_with_every_size(text: str) -> None:
    for width in (960, 350):
        svg = drawn(text, width)
        assert covering(boxes(svg)) == [], text
    shown = stages(expand(text))
    plan = expand(text)
    assert shown[0].shape == plan.input
    last = shown[-1].shape
    assert plan.output in (last, (last[0] * (1 if len(last) == 1 else last[1] * last[2]),))


def test_a_slice_is_a_volume_of_its_own() -> None:
    shapes = [stage.shape for stage in stages(expand("input 1x4x4 > conv 2 > relu > slice 0 1"))]
    assert shapes == [(1, 4, 4), (2, 4, 4), (1, 4, 4)]


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MEASURE = """() => [...document.querySelectorAll('svg')].map(svg =>
  [...svg.querySelectorAll('text')].map(t => {
    const b = t.getBBox(); return [t.textContent, b.x, b.y + 0.1 * b.height,
                                   b.x + b.width, b.y + 0.9 * b.height];
  }))"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found on the PATH")
def test_no_text_covers_another_in_a_browser(tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    page = "".join(
        draw_architecture(summary(name), width=w) for name in zoo.names() for w in (960, 350)
    )
    (tmp_path / "page.html").write_text(f"<meta charset=utf-8>{page}", "utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto((tmp_path / "page.html").as_uri())
        measured = tab.evaluate(MEASURE)
        browser.close()
    assert len(measured) == 2 * len(zoo.names())
    for found in measured:
        assert covering([tuple(box) for box in found]) == []


def test_sizes_stand_at_the_edges_and_words_below() -> None:
    said = words(drawn("lenet5"))
    assert said[:2] == [
        "LeNet-5 (1998), for digits",
        "1×32×32 to 10 classes, 61,706 parameters, 416,520 MACs",
    ]
    sizes = ["1", "32", "32", "input", "6", "28", "28", "conv 5×5", "tanh", "6", "14", "14"]
    assert said[2 : 2 + len(sizes)] == sizes
    assert said[-5:-1] == ["fc", "convolution", "pooling", "full connection (fc)"]
    assert "square roots" in said[-1]


def test_a_kernel_lies_on_the_volume_that_it_reads_with_lines_to_the_next() -> None:
    svg = drawn("input 1x8x8 > conv 5x5 4 > conv 3 pad=valid")
    kernels = [p for p in svg.iter(f"{SPACE}polygon") if p.get("fill-opacity") == "0.15"]
    assert len(kernels) == 2
    corners = [tuple(map(float, c.split(","))) for c in kernels[0].get("points", "").split()]
    lines = [
        [tuple(map(float, c.split(","))) for c in line.get("points", "").split()]
        for line in svg.iter(f"{SPACE}polyline")
    ]
    starting = [line for line in lines if line[0] in corners]
    assert len(starting) == 4
    assert len({line[1] for line in starting}) == 1


def test_full_connections_are_bars_with_each_end_joined_to_each() -> None:
    svg = drawn("input 1x4x4 classes=3 > flatten > fc 7 > relu > fc")
    assert [w for w in words(svg) if w in ("7", "3", "fc", "flatten", "relu")] == [
        *("flatten", "7", "fc", "relu", "3", "fc")
    ]
    assert len(list(svg.iter(f"{SPACE}polyline"))) == 2 * 4


def test_solids_follow_the_sizes() -> None:
    scale = Scale.of([(3, 224, 224), (512, 7, 7), (4096,)])
    large, small = solid((3, 224, 224), scale), solid((512, 7, 7), scale)
    assert large.height > 5 * small.height
    assert small.depth > 5 * large.depth
    oblong = solid((8, 100, 25), scale)
    assert oblong.height == pytest.approx(solid((8, 25, 100), scale).slant[0] / 0.4)
    heights = [solid((n,), scale).height for n in (10, 100, 1000, 4096)]
    assert all(a < b for a, b in pairwise(heights))
    front, top, side = faces(large, 10, 200)
    assert front[1] == side[0]
    assert front[2] == top[1] == side[3]
    whole = kernel(large, (224, 224), 10, 200)
    assert [x for point in whole for x in point] == pytest.approx([x for p in side for x in p])


def test_a_volume_stands_where_the_shape_changes_and_repeats_are_folded() -> None:
    shown = stages(expand("resnet50"))
    shapes = [stage.shape for stage in shown]
    assert shapes == [
        *((3, 224, 224), (64, 112, 112), (64, 56, 56), (256, 56, 56), (512, 28, 28)),
        *((1024, 14, 14), (2048, 7, 7), (2048, 1, 1), (1000,)),
    ]
    assert shown[5].caption == (
        *("first: add", "1×1, 3×3, 1×1", "| 1×1"),
        *("then 5 × next: add", "1×1, 3×3, 1×1", "| identity", "relu"),
    )
    assert [len(stages(expand(name))) for name in ("vgg16", "densenet121", "lenet5")] == [
        23,
        12,
        8,
    ]
    assert max(len(stages(expand(name))) for name in zoo.names()) <= MOST


@pytest.mark.parametrize(
    ("text", "captions"),
    [
        ("[conv 8 > relu]*30", "30 × conv 3×3 / relu"),
        ("[conv in+1 > bn]*30", "30 × conv 3×3 / 4 to 33 channels / bn"),
        ("[conv 9 > conv 5 > conv 5]*15", "45 × conv 3×3 / 5 to 9 channels"),
        ("[conv in+1]*30 > [conv in-1]*20", "50 × conv 3×3 / 4 to 33 channels"),
        ("conv 4 stride=2x1 dilation=2 > lrn 3", "conv 3×3 / stride 2×1 / dilation 2 / lrn"),
        ("conv 1x1 6 > conv 9 groups=3", "conv 1×1 // conv 3×3 / groups 3"),
        ("conv 1x1 6 > conv in groups=in", "conv 1×1 // conv 3×3 / depthwise"),
        ("avgpool to=2x3 > flatten", "average pool / to 2×3 // flatten"),
        ("sumpool 2 > gap > flatten > tanh", "sum pool / 2×2 // global / average / flatten, tanh"),
        ("cat(identity | maxpool 3 stride=1 pad=1 | bn)", "cat / identity / | max 3×3 / | bn"),
        ("identity", ""),
    ],
)  # fmt: skip
def test_captions_say_what_led_to_a_volume(text: str, captions: str) -> None:
    shown = stages(expand(f"input 3x12x12 > {text}"))
    assert shown[0].caption == ("input",)
    assert " // ".join(" / ".join(stage.caption) for stage in shown[1:]) == captions


def test_a_drawing_is_whole_and_names_itself() -> None:
    text = '# <b> & "quotes"\ninput 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc'
    svg = drawn(text)
    label = svg.get("aria-label") or ""
    assert label.startswith(
        '<b> & "quotes" as an architecture diagram: 1×8×8 input, 4×8×8 conv 3×3 relu, '
    )
    assert svg.get("role") == "img"
    raw = draw_architecture(summary(text))
    assert not re.search(r"<(?:script|style|image|a)\b|\bid=|href", raw)
    assert 'style="fill:var(--blue,#0072b2);stroke:var(--blue,#0072b2)"' in raw
    assert raw == draw_architecture(summary(text))
