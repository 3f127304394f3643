"""Random trees of the notation for hypothesis: legal by their names, whatever they come to."""

from __future__ import annotations

from hypothesis import strategies as st

from striate.architecture.notation import Network
from striate.architecture.notation.nodes import (
    Arithmetic,
    Branches,
    Call,
    Decimal,
    Definition,
    Flow,
    FourSides,
    Item,
    Name,
    Number,
    Option,
    Parameter,
    Remark,
    Repeat,
    Rows,
    Size,
    Value,
    Word,
)
from striate.architecture.notation.values import OPTION_WORDS
from striate.architecture.words import WORDS, ConnectionTable, Sides

BLOCK_NAMES = ("unit", "b", "b2", "next_one", "Turn", "_x", "relu7", "concat")
PARAMETER_NAMES = ("k", "c", "stride", "kernel", "wide_2", "groups", "X")
COMMENTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufffe\uffff"),
    max_size=20,
).map(str.rstrip)
PLAIN_WORDS = st.sampled_from(
    [
        *(Word(name) for name in WORDS if not WORDS[name].bare and name != "bn"),
        *(Word("leakyrelu", (Decimal(value),)) for value in (0.01, 1e-5, 2.0, 0.0, 1e8)),
        *(Word("bn", (), (Option("eps", Decimal(1e-5)),)), Word("bn"), Word("fc")),
        *(Word("dropout", (Decimal(0.5),)), Word("maxpool", (Number(2),))),
        Word("lrn", (Number(5), Decimal(0.5)), (Option("k", Number(2)),)),
        Word("avgpool", (), (Option("to", Size((6, 7))),)),
        Word("maxpool", (Size((3, 1)),), (Option("ceil", Name("yes")), Option("pad", Number(1)))),
    ]
)


NUMBERS = st.integers(0, 999_999_999).map(Number)
SMALL = st.integers(0, 9).map(Number)
CONSTANTS = st.one_of(
    SMALL,
    st.just(Size((3, 5))),
    st.just(FourSides(Sides(0, 1, 0, 1))),
    st.just(Rows(ConnectionTable(("01", "012", "0")))),
    st.sampled_from(OPTION_WORDS).map(Name),
)
KERNELS = st.sampled_from([(), (Size((3, 3)),), (Size((1, 7)),)])
CONV_OPTIONS = st.lists(
    st.sampled_from(
        [Option("bias", Name("no")), Option("pad", Size((0, 2))), Option("stride", Number(2))]
    ),
    max_size=3,
    unique_by=lambda option: option.name,
)
SIGNS = st.lists(st.sampled_from("+-"), min_size=1, max_size=3)
PRODUCT_SIGNS = st.lists(st.sampled_from("*/"), min_size=1, max_size=2)
LENGTHS = st.sampled_from([1, 1, 2, 3])
ITEM_KINDS = st.sampled_from(["word", "word", "conv", "call", "repeat", "branches"])


def draw_open_value(draw: st.DrawFn, names: tuple[str, ...], depth: int = 2) -> Value:
    """A name, or a sum with a name in it, so that it is not worked out when it is read."""
    name = Name(draw(st.sampled_from((*names, "in", "classes"))))
    if depth == 0 or draw(st.booleans()):
        return name
    rest: list[tuple[str, Value]] = []
    for sign in draw(draw(st.sampled_from([SIGNS, PRODUCT_SIGNS]))):
        number = draw(st.booleans())
        operand = draw(NUMBERS) if number else draw_open_value(draw, names, depth - 1)
        rest.append((sign, operand))
    return Arithmetic(name, tuple(rest))


def draw_value(draw: st.DrawFn, names: tuple[str, ...]) -> Value:
    """Any value that an argument of a block may have."""
    return draw(CONSTANTS) if draw(st.booleans()) else draw_open_value(draw, names)


def draw_count(draw: st.DrawFn, names: tuple[str, ...]) -> Value:
    """A count of a repeat, or the default of a parameter."""
    return draw(SMALL) if draw(st.booleans()) else draw_open_value(draw, names)


def draw_call(draw: st.DrawFn, block: Definition, names: tuple[str, ...]) -> Call:
    """A call of a block with everything it needs, in order or by name."""
    bare = draw(st.integers(0, len(block.parameters)))
    given = tuple(draw_value(draw, names) for _ in range(bare))
    rest = [p for p in block.parameters[bare:] if p.default is None or draw(st.booleans())]
    if draw(st.booleans()):
        rest.reverse()
    return Call(block.name, given, tuple(Option(p.name, draw_value(draw, names)) for p in rest))


def draw_flow(
    draw: st.DrawFn, blocks: list[Definition], names: tuple[str, ...], depth: int = 2
) -> Flow:
    """Items in a row, with repeats and branches in each other."""
    return tuple(draw_item(draw, blocks, names, depth) for _ in range(draw(LENGTHS)))


def draw_item(
    draw: st.DrawFn, blocks: list[Definition], names: tuple[str, ...], depth: int
) -> Item:
    """One of them."""
    kind = draw(ITEM_KINDS)
    if kind == "conv":
        channels = draw_open_value(draw, names) if draw(st.booleans()) else Number(64)
        return Word("conv", (*draw(KERNELS), channels), tuple(draw(CONV_OPTIONS)))
    if kind == "call" and blocks:
        return draw_call(draw, draw(st.sampled_from(blocks)), names)
    if kind == "repeat" and depth:
        flow = draw_flow(draw, blocks, names, depth - 1)
        return Repeat(flow, draw_count(draw, names))
    if kind == "branches" and depth:
        count = draw(st.integers(2, 3))
        flows = tuple(draw_flow(draw, blocks, names, depth - 1) for _ in range(count))
        return Branches(draw(st.sampled_from(["cat", "add"])), flows)
    return draw(PLAIN_WORDS)


def draw_definition(draw: st.DrawFn, blocks: list[Definition], name: str) -> Definition:
    """A block that may call those before it."""
    names = draw(st.lists(st.sampled_from(PARAMETER_NAMES), max_size=3, unique=True))
    plain = draw(st.integers(0, len(names)))
    parameters = [Parameter(parameter) for parameter in names[:plain]]
    for number, parameter in enumerate(names[plain:], start=plain):
        parameters.append(Parameter(parameter, draw_count(draw, tuple(names[:number]))))
    return Definition(name, tuple(parameters), draw_flow(draw, blocks, tuple(names)))


@st.composite
def trees(draw: st.DrawFn) -> Network:
    """A whole network with blocks and comments."""
    blocks: list[Definition] = []
    for name in draw(st.lists(st.sampled_from(BLOCK_NAMES), max_size=3, unique=True)):
        blocks.append(draw_definition(draw, blocks, name))
    flow = draw_flow(draw, blocks, (), depth=3)
    side = st.integers(1, 999)
    shape = draw(st.one_of(st.none(), st.tuples(side, side, side)))
    classes = draw(st.one_of(st.none(), side))
    comment = "\n".join(draw(st.lists(COMMENTS, max_size=3))).strip("\n")
    anchors = list(range(len(blocks) + len(flow) + 2))
    if shape is None and classes is None:
        anchors.remove(len(blocks))  # there is no input line
    remarks: list[Remark] = []
    for anchor in anchors:
        if anchor != anchors[0] or comment:
            own = draw(st.lists(COMMENTS, max_size=2)) if draw(st.booleans()) else []
            remarks += [Remark(text, anchor) for text in own]
        if anchor != anchors[-1] and draw(st.integers(0, 4)) == 0:
            remarks.append(Remark(draw(COMMENTS), anchor, beside=True))
    return Network(flow, tuple(blocks), shape, classes, comment, tuple(remarks))
