"""Random networks for hypothesis: valid texts, random trees, and texts that are damaged."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import strategies as st

from striate.architecture.layer_table import summary
from striate.architecture.notation import ExpandedNetwork, expand
from striate.architecture.words import text_of
from striate.errors import NotationError

LARGEST_MAP = 16 * 90 * 90  # numbers in a map, so that the tests stay fast
MOST_PARAMETERS = 60_000

BLOCKS = """
unit(k, c, stride=1, groups=1) = conv k c stride=stride groups=groups bias=no > bn
keep = add(unit(3x3, in) > relu > unit(1x1, in) | identity) > relu
fire(a, b) = conv 1x1 a > relu > cat(conv 1x1 b > prelu | conv 3x3 b)
stage(c, n=2) = [unit(3x3, c) > leakyrelu 0.1]*n > keep
dense(c) = cat(identity | unit(3x3, c) | keep)
gate = mul(identity | gap > conv 1x1 2 > silu > conv 1x1 in > sigmoid)
"""
# Words of which gradients reach every pixel of the window, where all weights are positive.
LINEAR_BLOCKS = """
unit(k, c, stride=1) = conv k c stride=stride bias=no > bn
keep = add(unit(3x3, in) > unit(1x1, in) | identity)
dense(c) = cat(identity | unit(3x3, c) | keep)
"""

CHANNELS = st.integers(1, 8)
KERNELS = st.sampled_from(["1x1", "3x3", "5x5", "1x3", "3x1", "2x2", "4x3", "7x7"])
STRIDES = st.sampled_from(["", "", "", " stride=2", " stride=1x2", " stride=3"])
CONV_PADS = st.sampled_from(
    ["", "", " pad=same", " pad=valid", " pad=1", " pad=0x2", " pad=3", " pad=end", " pad=0:1:2:0"]
)
DILATIONS = st.sampled_from(["", "", "", " dilation=2", " dilation=1x3"])
CONV_OPTIONS = st.sampled_from(["", "", " groups=in", " groups=2", " bias=no", " padmode=edge"])
WINDOWS = st.sampled_from(["2", "3", "2x1", "1x3", "4"])
POOL_DILATIONS = st.sampled_from(["", "", " dilation=2", " dilation=2x1"])
POOL_PADS = st.sampled_from(["", "", " pad=1", " pad=0x1", " pad=same", " pad=end", " pad=1:0:0:1"])
COUNTED = st.sampled_from(["", " countpad=no"])
CEILS = st.sampled_from(["", "", " ceil=yes"])


@st.composite
def convs(draw: st.DrawFn) -> str:
    """A conv with any of its options; not all fit everywhere."""
    channels = draw(st.one_of(CHANNELS.map(str), st.sampled_from(["in", "in*2", "in/2", "in+1"])))
    options = draw(STRIDES) + draw(CONV_PADS) + draw(DILATIONS) + draw(CONV_OPTIONS)
    return f"conv {draw(KERNELS)} {channels}{options}"


@st.composite
def pools(draw: st.DrawFn, kinds: Sequence[str] = ("maxpool", "avgpool", "sumpool")) -> str:
    """A pool with any of its options."""
    kind = draw(st.sampled_from(kinds))
    own = draw(POOL_DILATIONS) if kind == "maxpool" else ""
    own = draw(COUNTED) if kind == "avgpool" else own
    return f"{kind} {draw(WINDOWS)}{draw(STRIDES)}{draw(POOL_PADS)}{own}{draw(CEILS)}"


PLAIN = st.sampled_from(
    [
        *("relu", "leakyrelu 0.2", "prelu", "relu6", "sigmoid", "tanh", "softmax"),
        *("silu", "hardswish", "gelu", "layernorm", "scale", "droppath 0.2"),
        *("layernorm eps=0.01", "scale 0.5", "slice 0 1", "slice 1 in", "slice 0 in", "gate"),
        *("bn", "bn eps=0.001", "lrn 3", "lrn 5 alpha=0.01 k=2", "dropout 0.3", "identity"),
    ]
)
CALLS = st.sampled_from(
    [
        *("unit(3x3, 4)", "unit(1x1, in*2, stride=2)", "unit(3x3, in, groups=in)", "keep"),
        *("fire(2, 3)", "stage(4)", "stage(in, 1)", "stage(3, n=0)", "dense(2)", "dense(in)"),
    ]
)
LINEAR_CALLS = st.sampled_from(["unit(3x3, 4)", "unit(5x1, 2, 2)", "keep", "dense(2)", "[keep]*2"])
KEEPING = st.sampled_from(
    ["conv 3", "conv 1x5 3 > relu", "identity", "maxpool 3 stride=1 pad=1", "conv 3 > bn > tanh"]
)
LINEAR_KEEPING = st.sampled_from(
    ["conv 3", "conv 1x5 3", "conv 3 dilation=2", "avgpool 3 stride=1 pad=1", "conv 3 > conv 3"]
)


@st.composite
def branches(draw: st.DrawFn, keeping: st.SearchStrategy[str] = KEEPING) -> str:
    """Branches that keep rows and columns, joined."""
    flows = draw(st.lists(keeping, min_size=2, max_size=3))
    if draw(st.booleans()):
        return f"cat({' | '.join(flows)})"
    return f"add({' | '.join(f'{flow} > conv 1x1 4' for flow in flows)})"


ITEMS = st.one_of(convs(), convs(), pools(), PLAIN, PLAIN, CALLS, branches())
REPEATS = st.tuples(st.lists(ITEMS, min_size=1, max_size=2), st.integers(0, 3)).map(
    lambda pair: f"[{' > '.join(pair[0])}]*{pair[1]}"
)
LINEAR_ITEMS = st.one_of(
    convs(), convs(), pools(kinds=("avgpool", "sumpool")), LINEAR_CALLS, branches(LINEAR_KEEPING)
)
HEADS = st.sampled_from(
    [
        "",
        "gap > flatten > fc",
        "flatten > fc 7 > relu > fc",
        "avgpool to=2x3 > flatten > dropout 0.5 > fc bias=no",
        "conv 1x1 classes > gap > flatten > softmax",
        "flatten > bn > fc 6 > prelu > bn > fc > softmax",
    ]
)


def fitting(text: str) -> ExpandedNetwork | None:
    """Work a text out; None where it does not fit or is too large for a test."""
    try:
        plan = expand(text)
    except NotationError:
        return None
    table = summary(plan)
    large = any(math.prod(row.output) > LARGEST_MAP for row in table.layers)
    return None if large or table.parameters > MOST_PARAMETERS else plan


@st.composite
def networks(draw: st.DrawFn, *, most: int = 6) -> str:
    """A valid network text with blocks, repeats and branches, at most ``most`` items long."""
    shape = (draw(st.integers(1, 4)), draw(st.integers(4, 20)), draw(st.integers(4, 20)))
    text = f"{BLOCKS}input {text_of(shape)} classes={draw(st.integers(2, 5))}\nidentity"
    for item in draw(st.lists(st.one_of(ITEMS, ITEMS, REPEATS), min_size=2, max_size=most)):
        if fitting(f"{text} > {item}"):
            text = f"{text} > {item}"
    head = draw(HEADS)
    return f"{text}\n{head}" if head and fitting(f"{text}\n{head}") else text


@st.composite
def linear_networks(draw: st.DrawFn, *, most: int = 4) -> str:
    """A network without a word that could stop a gradient: for measuring what units see."""
    shape = (1, draw(st.integers(60, 90)), draw(st.integers(60, 90)))
    text = f"{LINEAR_BLOCKS}input {text_of(shape)}\nidentity"
    for item in draw(st.lists(LINEAR_ITEMS, min_size=2, max_size=most)):
        if fitting(f"{text} > {item}".replace(" padmode=edge", "")):
            text = f"{text} > {item}".replace(" padmode=edge", "")
    return text
