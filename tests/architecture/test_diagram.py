"""The two drawings of a network: what stands in them, and that nothing covers anything."""

from __future__ import annotations

import re
import runpy
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from drawn_svg import Area, Drawn, faults, read
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks_strategy import networks

from striate.architecture import zoo
from striate.architecture.diagram.drawing import draw_architecture
from striate.architecture.diagram.feature_maps import feature_maps
from striate.architecture.diagram.graph import draw_graph
from striate.architecture.diagram.operations import operations
from striate.architecture.diagram.structure import Chain, Fork, Repeat, nodes
from striate.architecture.layer_table import summary
from striate.architecture.notation import ExpandedNetwork, expand
from striate.errors import NotationError

Draw = Callable[..., str]
BOTH = pytest.mark.parametrize("draw", [draw_architecture, draw_graph])
WIDE, NARROW = 1160, 350
GATE = "mul(identity | gap > conv 1x1 in > relu > conv 1x1 in > sigmoid)"


def drawn(text: str, draw: Draw = draw_architecture, width: int = WIDE) -> Drawn:
    return read(draw(text, width=width))


def labels(chain: Chain) -> list[str]:
    """The labels of the frames, in the order of running, those within forks included."""
    found: list[str] = []
    for one in chain:
        if isinstance(one, Repeat):
            found += [one.label, *labels(one.chain)]
        elif isinstance(one, Fork):
            found += [label for branch in one.branches for label in labels(branch)]
    return found


@BOTH
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", ["resnet50", "inception_v3", "squeezenet1_1", "lenet5"])
def test_texts_are_large_and_nothing_covers_or_crosses_another(
    name: str, width: int, draw: Draw
) -> None:
    assert faults(drawn(name, draw, width)) == []


@pytest.mark.parametrize("text", ["conv 64x64 1 pad=valid > conv 1x1 1", "gap", "flatten > fc 1"])
def test_captions_of_small_boxes_are_clear_of_the_lines_from_large_ones(text: str) -> None:
    assert faults(drawn(f"input 1x64x64 > {text} > leakyrelu")) == []


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("width", [WIDE, 700, NARROW])
@pytest.mark.parametrize("name", zoo.names())
def test_nothing_covers_another_in_any_known_network(name: str, width: int, draw: Draw) -> None:
    assert faults(drawn(name, draw, width)) == []


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(networks(most=8))
def test_random_networks_are_drawn_whole_and_nothing_covers_another(text: str) -> None:
    plan = expand(text)
    for draw, width in ((draw_architecture, WIDE), (draw_architecture, NARROW), (draw_graph, 700)):
        assert faults(read(draw(plan, width=width))) == [], text
    for chain in (feature_maps(plan), operations(plan)):
        assert_all_layers_once(plan, chain)


PIECES = st.sampled_from(["conv in", "conv 1x7 in > bn", "relu", "bn > relu > conv 1x1 in", GATE])
FLOWS = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" > ".join),
        st.tuples(inner, st.integers(2, 5)).map(lambda pair: f"[{pair[0]}]*{pair[1]}"),
        st.lists(inner, min_size=1, max_size=3).map(lambda b: f"add({' | '.join(b)} | identity)"),
        st.lists(inner, min_size=2, max_size=4).map(lambda b: f"cat({' | '.join(b)}) > conv 1x1 8"),
        inner.map(lambda branch: f"cat(identity | {branch})"),
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
@given(FLOWS)
def test_branches_within_branches_within_branches_cover_nothing(flow: str) -> None:
    text = f"input 8x24x24 > {flow} > conv 8 > relu"
    try:
        plan = expand(text)
    except NotationError:  # branches of cat that give different channels do not add
        assume(False)
    for draw in (draw_architecture, draw_graph):
        assert faults(read(draw(plan, width=NARROW))) == [], text
    for chain in (feature_maps(plan), operations(plan)):
        assert_all_layers_once(plan, chain)


@pytest.mark.parametrize("name", zoo.names())
def test_every_layer_is_drawn_once_and_every_fold_holds_all_its_turns(name: str) -> None:
    plan = expand(name)
    for chain in (feature_maps(plan), operations(plan)):
        assert_all_layers_once(plan, chain)


def assert_all_layers_once(plan: ExpandedNetwork, chain: Chain) -> None:
    shown = [address for node in nodes(chain) for address in node.addresses]
    layers = [one.address for one in plan.layers() if one.layer.word != "identity"]
    assert sorted(shown) == sorted(layers)
    outputs = {one.address: one.output for one in plan.layers()}
    for node in nodes(chain):
        assert set(node.shapes) <= {plan.input, *(outputs[name] for name in node.addresses)}


def test_resnet50_is_read_off_its_drawing() -> None:
    chain = feature_maps(expand("resnet50"))
    assert labels(chain) == ["next × 2", "next × 3", "next × 5", "next × 2"]
    assert [len(one.branches) for one in chain if isinstance(one, Fork)] == [2] * 4
    seen = drawn("resnet50")
    assert [box.said for box in seen.boxes].count("add") == 8
    assert seen.arcs == 4  # an identity in each repeated block; the others have a convolution
    assert len(seen.frames) == 4
    assert {"64×112×112", "2048×7×7", "1000", "next × 5"} <= set(seen.words)


def test_inception_v3_has_its_branches_as_lanes() -> None:
    chain = feature_maps(expand("inception_v3"))
    assert labels(chain) == ["narrow × 3", "middle × 4", "wide × 2"]
    wide = chain[-3]
    assert isinstance(wide, Repeat) and isinstance(wide.chain[0], Fork)
    lengths = [[type(one).__name__ for one in branch] for branch in wide.chain[0].branches]
    assert lengths == [["Node"], ["Node", "Fork"], ["Node", "Node", "Fork"], ["Node", "Node"]]
    assert drawn("inception_v3").arcs == 0


def test_an_identity_goes_around_its_branches_and_a_gate_hangs_below() -> None:
    text = "input 8x9x9 > add(conv in > mul(identity | gap > conv 1x1 in > sigmoid) | identity)"
    seen = drawn(text)
    assert seen.arcs == 1
    (arc,) = (line for line in seen.lines if len(line) > 12 and line[-1][1] < line[0][1])
    boxes = [box for box in seen.boxes if box.said != "input"]
    within = [box for box in boxes if arc[0][0] < box.left and box.right < arc[-1][0]]
    assert [box.said for box in within] == ["conv", "pool", "conv", "mul"]
    assert min(y for _, y in arc) < min(box.top for box in within)
    pool = next(box for box in boxes if box.said == "pool")
    times = next(box for box in boxes if box.said == "mul")
    assert pool.top > (times.top + times.bottom) / 2


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("cat(identity | identity)", "input cat"),
        ("add(relu | conv 3)", "input words conv add"),
        ("conv 8 > add(cat(conv 4 | conv 4) | identity) > relu", "input conv conv conv cat add"),
        ("cat(conv 3 > add(conv in | identity) > relu | identity)", "input conv conv add cat"),
    ],
)
def test_branches_within_branches_are_drawn(text: str, kinds: str) -> None:
    seen = drawn(f"input 3x12x12 > {text}")
    assert sorted(box.said for box in seen.boxes) == sorted(kinds.split())
    for draw in (draw_architecture, draw_graph):
        assert faults(drawn(f"input 3x12x12 > {text}", draw)) == []


@pytest.mark.parametrize(
    ("text", "captions"),
    [
        ("conv 4 stride=2x1 dilation=2 > lrn 3", "conv 3×3 / stride 2×1 / dilation 2 / lrn"),
        ("conv 1x1 6 > conv 9 groups=3", "conv 1×1 // conv 3×3 / groups 3"),
        ("conv 1x1 6 > conv in groups=in", "conv 1×1 // conv 3×3 / depthwise"),
        ("conv 2 table=01_12", "conv 3×3 / by a table"),
        ("avgpool to=2x3 > flatten", "average pool / to 2×3 // flatten"),
        ("sumpool 2 > gap > flatten > tanh", "sum pool 2×2 // global average / flatten, tanh"),
        ("add(bn > relu > conv 3 > bn | identity) > relu", "bn, relu, conv 3×3 / bn // add / relu"),
        ("slice 0 1", "slice"),
        ("identity", ""),
    ],
)
def test_captions_say_what_led_to_a_box(text: str, captions: str) -> None:
    found = []
    for node in list(nodes(feature_maps(expand(f"input 3x12x12 > {text}"))))[1:]:
        first, *others = node.lines or (node.kind,)
        after = [", ".join(node.after)] if node.after else []
        found.append(" / ".join([", ".join((*node.before, first)), *others, *after]))
    assert " // ".join(found) == captions


@pytest.mark.parametrize(
    ("text", "wanted", "shape"),
    [
        ("[conv 8 > relu]*30", ["× 30"], "8×12×12"),
        ("[conv 8 > relu]*3", [], "8×12×12"),
        ("[conv in+1 > bn]*30", ["× 30"], "4–33×12×12"),
        ("[conv 16 > relu > maxpool 2]*3", [], "16×12×12"),
        ("conv 8 > [add(bn > relu > conv in | identity)]*4 > bn > relu", ["× 4"], "8×12×12"),
        ("[cat(identity | bn > relu > conv 2)]*5 > bn > gap", ["× 5"], "5–13×12×12"),
    ],
)
def test_repeats_are_folded_where_the_maps_keep_their_sides(
    text: str, wanted: list[str], shape: str
) -> None:
    text = f"input 3x12x12 > {text}"
    assert labels(feature_maps(expand(text))) == labels(operations(expand(text))) == wanted
    assert shape in drawn(text).words


def test_a_fold_is_named_by_its_block_and_begins_with_it() -> None:
    blocks = "keep = add(conv in > bn | identity) > relu\nunit(c) = bn > relu > conv c\n"
    text = f"{blocks}input 8x9x9 > conv 8 > relu > [keep]*3 > unit(8) > unit(8) > unit(8) > unit(8)"
    for chain in (feature_maps(expand(text)), operations(expand(text))):
        assert labels(chain) == ["keep × 3", "unit × 4"]


def test_full_connections_are_bars_with_each_end_joined_to_each() -> None:
    seen = drawn("input 1x4x4 classes=3 > flatten > fc 7 > relu > fc")
    assert [w for w in seen.words if w in ("7", "3", "fc", "flatten", "relu")] == [
        *("flatten", "7", "fc", "relu", "3", "fc")
    ]
    assert len(seen.lines) == 2 * 4


def test_edges_of_the_graph_are_tensors_with_their_shapes() -> None:
    text = "input 3x8x8 classes=2 > conv 5x5 4 > bn > relu > gap > flatten > fc"
    words = drawn(text, draw_graph).words
    for shape in ("3×8×8", "4×8×8", "4×1×1", "4×3×5×5, 4", "4, 4", "2×4, 2"):
        assert shape in words
    assert words.count("4×8×8") == 3
    assert {"input", "conv 5×5", "bn", "relu", "global average", "flatten", "fc"} <= set(words)


def test_a_weight_that_is_fixed_is_not_shown_as_learnt() -> None:
    words = drawn("input 1x1x4 classes=2 > flatten > fc 3 > fc 5 fixed=yes", draw_graph).words
    assert "3×4, 3" in words and "5×3, 5" not in words and words.count("5") == 2


def test_a_torch_module_is_drawn_by_its_text() -> None:
    from torch import nn

    from striate.backends.fx import from_torch

    class Unit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.path = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))

        def forward(self, x):  # type: ignore[no-untyped-def]
            return (x + self.path(x)).relu()

    stem = nn.Conv2d(3, 8, 3, padding=1)
    module = nn.Sequential(stem, *(Unit() for _ in range(4)))
    network = from_torch(module, (3, 16, 16)).network
    seen = read(draw_architecture(network))
    assert labels(feature_maps(expand(network))) == ["× 4"]
    assert seen.arcs == 1
    assert faults(seen) == []


@BOTH
def test_a_drawing_is_whole_and_names_itself(draw: Draw) -> None:
    text = '# <b> & "quotes"\ninput 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc'
    raw = draw(summary(text))
    assert raw.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ')
    label = "&lt;b&gt; &amp; &#34;quotes&#34; as a"
    assert 'role="img"' in raw and f'aria-label="{label}' in raw
    assert not re.search(r"<(?:script|style|image|a)\b|\bid=|href", raw)
    assert "fill:var(--blue,#0072b2);stroke:var(--blue,#0072b2)" in raw
    assert raw == draw(summary(text))


def test_the_drawings_of_the_docs_are_those_of_today() -> None:
    docs = Path(__file__).parents[2] / "docs"
    drawings = runpy.run_path(str(docs / "describe_figure.py"))["drawings"]()
    kept = {path.name: path.read_text("utf-8") for path in (docs / "describe").iterdir()}
    assert kept == drawings, "make drawings draws them anew"


def test_a_repeat_is_unfolded_by_the_name_of_its_frame() -> None:
    svg = draw_architecture("resnet50", width=800)
    keys = re.findall('data-repeat="([^"]+)"', svg)
    assert keys == ["next1.conv1*2", "next3.conv1*3", "next6.conv1*5", "next11.conv1*2"]
    one = draw_architecture("resnet50", width=800, unfolded=[keys[2]])
    assert re.findall('data-repeat="([^"]+)"', one) == [keys[0], keys[1], keys[3]]
    assert faults(read(one)) == []
    every = draw_architecture("resnet50", width=800, unfolded=keys)
    drawn = re.findall('data-box="add" data-layer="([^"]+)"', every)
    assert drawn == [row.name for row in summary("resnet50").layers if row.kind == "add"]


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MEASURE = """() => [...document.querySelectorAll('svg')].map(svg =>
  [...svg.querySelectorAll('text')].map(t => {
    const b = t.getBBox(); return [t.textContent, b.x, b.y + 0.1 * b.height,
                                   b.x + b.width, b.y + 0.9 * b.height];
  }))"""


def assert_sound_in_a_browser(names: Sequence[str], folder: Path) -> None:
    """Look for faults with the sizes that a browser gives the texts."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    drawings = [draw(name) for name in names for draw in (draw_architecture, draw_graph)]
    (folder / "page.html").write_text(f"<meta charset=utf-8>{''.join(drawings)}", "utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto((folder / "page.html").as_uri())
        measured = tab.evaluate(MEASURE)
        browser.close()
    for svg, found in zip(drawings, measured, strict=True):
        seen = read(svg)
        texts = tuple(Area(*text) for text in found)
        assert [text.said for text in texts] == seen.words
        assert faults(replace(seen, texts=texts)) == []


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found on the PATH")
def test_drawings_are_sound_in_a_browser(tmp_path: Path) -> None:
    assert_sound_in_a_browser(["resnet50", "inception_v3"], tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found on the PATH")
def test_every_known_network_is_sound_in_a_browser(tmp_path: Path) -> None:
    assert_sound_in_a_browser(zoo.names(), tmp_path)
