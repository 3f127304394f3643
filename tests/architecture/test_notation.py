"""The rules of the notation, one after the other; test_notation_errors has what breaks them."""

from __future__ import annotations

import pytest
from known_networks import KNOWN, NAMES

from striate.architecture.notation import Join, Leaf, expand, parse
from striate.architecture.words import JOINS, WORDS, Conv, Fc, Layer, Shape


def layers(text: str, shape: Shape = (3, 16, 16), classes: int | None = None) -> list[str]:
    return [str(step.layer) for step in expand(text, input=shape, classes=classes).layers()]


def only(text: str, shape: Shape = (3, 16, 16), classes: int | None = None) -> Layer:
    step = expand(text, input=shape, classes=classes).steps[-1]
    assert isinstance(step, Leaf)
    return step.layer


def output(text: str, shape: Shape = (3, 16, 16)) -> Shape:
    return expand(text, input=shape).output


def test_rule_1_a_new_line_means_then() -> None:
    assert parse("conv 8 > relu > gap") == parse("conv 8\nrelu\n\n\ngap\n")
    assert parse("[conv 8\nrelu]*2") == parse("[conv 8 > relu]*2")


@pytest.mark.parametrize(
    "text",
    [
        "cat(\nconv 8\n|\nidentity\n)\n>\nrelu",
        "cat(conv 8\n  | identity)\n  > relu",
        "cat(conv 8 | identity) >\n\n# a comment in between\nrelu",
        "\n\n  cat( conv 8|identity )>relu\n\n",
        "cat(conv 16\n/\n2 | identity) > relu",
    ],
)
def test_rule_1_a_new_line_means_nothing_beside_brackets_and_signs(text: str) -> None:
    assert layers(text) == ["conv 3x3 8", "identity", "cat", "relu"]


def test_rule_1_new_lines_within_calls_and_sums() -> None:
    text = "unit(\nk\n,\nc=\n8\n)=conv k c\nunit(\n5x5\n,\nc\n=\n2\n*\n(\n1\n+\n3\n)\n)"
    assert layers(text) == ["conv 5x5 8"]


def test_rule_1_comments_run_to_the_end_of_the_line_and_the_first_describe_the_network() -> None:
    network = parse("# Tiny > [net\n#   with care\n\n# stem\nconv 8 # > gap\nrelu")
    assert network.comment == "Tiny > [net\n  with care"
    assert network.name == "Tiny > [net"
    assert [item.name for item in network.flow if hasattr(item, "name")] == ["conv", "relu"]


def test_rule_1_blanks_tabs_and_line_ends_of_other_systems_do_not_matter() -> None:
    plain = parse("# Tiny\nconv 3x3 8 stride=2 > relu\ngap")
    assert parse("\ufeff# Tiny\r\n\tconv  3x3\t8\u00a0stride = 2>relu\r\n\r\ngap\r\n") == plain
    assert parse("# Tiny\rconv 3x3 8 stride=2 > relu\rgap") == plain


def test_rule_2_a_definition_is_a_name_with_or_without_parameters() -> None:
    text = "unit(k, c, stride=1) = conv k c stride=stride > relu\nlast = gap\nunit(5x5, 8) > last"
    assert layers(text) == ["conv 5x5 8", "relu", "gap"]


def test_rule_2_a_definition_ends_at_the_first_meaningful_new_line_outside_brackets() -> None:
    text = "b(c) = cat(\n  conv c\n | identity\n) >\n relu\ninput 3x8x8\nb(4)"
    network = parse(text)
    assert [str(definition) for definition in network.definitions] == [
        "b(c) = cat(conv c | identity) > relu"
    ]
    assert (network.input, len(network.flow)) == ((3, 8, 8), 1)


def test_rule_2_a_definition_may_stand_behind_the_input_but_before_its_use() -> None:
    text = "input 3x8x8\nconv 4\nb = relu\nb"
    assert layers(text, (3, 8, 8)) == ["conv 3x3 4", "relu"]
    assert parse(text) == parse("b = relu\ninput 3x8x8\nconv 4 > b")


def test_rule_3_words_take_bare_arguments_and_blocks_brackets_or_none() -> None:
    text = "unit(c, stride=1) = conv c stride=stride\nplain = relu\nunit(8, stride=2) > plain"
    assert layers(text) == ["conv 3x3 8 stride=2", "relu"]
    assert parse("plain = relu\nplain()") == parse("plain = relu\nplain")
    assert parse("plain = relu\nplain() > plain").flow[0] == parse("plain = relu\nplain").flow[0]


def test_rule_4_values_are_numbers_decimals_sizes_and_option_words() -> None:
    assert layers("conv 3x5 8 pad=valid > dropout 0.25 > bn eps=1e-3 > leakyrelu .2") == [
        "conv 3x5 8 pad=valid",
        "dropout 0.25",
        "bn eps=0.001",
        "leakyrelu 0.2",
    ]
    assert layers("conv 8 pad=same bias=no padmode=edge > maxpool 2 ceil=no")[0] == (
        "conv 3x3 8 bias=no padmode=edge"
    )
    passed = "unit(k, pad, bias) = conv k 4 pad=pad bias=bias\nunit(5x5, valid, no)"
    assert layers(passed) == ["conv 5x5 4 pad=valid bias=no"]


@pytest.mark.parametrize(
    ("sum_", "value"),
    [
        ("2+3*4", 14),
        ("(2+3)*4", 20),
        ("20-5-3", 12),
        ("24/4/2", 3),
        ("24/(4/2)", 12),
        ("7*in/7", 3),
        ("in*(in+1)/2", 6),
        ("((((5))))", 5),
    ],
)
def test_rule_4_arithmetic_goes_from_left_to_right_and_products_first(
    sum_: str, value: int
) -> None:
    assert only(f"conv 3x3 {sum_}") == Conv(value)


def test_rule_5_in_is_the_number_of_channels_that_arrive_at_that_word_or_call() -> None:
    assert layers("conv in*2 > conv in*2 > conv in") == [
        *("conv 3x3 6", "conv 3x3 12", "conv 3x3 12"),
    ]
    assert only("flatten > fc in/4") == Fc(192)
    # both arguments are worked out at the call, where 3 channels arrive
    text = "b(c, d=in) = conv 10 > conv c > conv d\nb(in*2)"
    assert layers(text) == ["conv 3x3 10", "conv 3x3 6", "conv 3x3 3"]
    assert layers("cat(conv 8 > conv in | conv in*3)")[2] == "conv 3x3 9"


def test_rule_5_a_default_may_use_the_parameters_before_it() -> None:
    text = "turn(c, wide=c*6, more=wide+in) = conv wide > conv more\nturn(2)"
    assert layers(text) == ["conv 3x3 12", "conv 3x3 15"]


def test_rule_6_repeats_work_their_values_out_anew_each_turn() -> None:
    assert layers("[conv in*2 > relu > maxpool 2]*3")[::3] == [
        *("conv 3x3 6", "conv 3x3 12", "conv 3x3 24"),
    ]


def test_rule_6_the_count_may_be_a_name_or_a_bracketed_sum_and_0() -> None:
    text = "stage(n) = [relu]*n > [tanh]*(n-1) > [gap]*0\nstage(2)"
    assert layers(text) == ["relu", "relu", "tanh"]
    assert len(layers("[[relu]*2 > tanh]*(2*2)")) == 12


def test_rule_7_cat_joins_channels_and_add_sums() -> None:
    assert output("cat(conv 4 | conv 5 | identity)") == (12, 16, 16)
    assert output("add(conv 3 | identity | conv 5 > conv 3)") == (3, 16, 16)
    assert output("flatten > cat(fc 4 | fc 3)") == (7,)
    join = expand("cat(conv 4 | relu > relu)", input=(3, 8, 8)).steps[0]
    assert isinstance(join, Join)
    assert [len(branch) for branch in join.branches] == [1, 2]


def test_rule_8_kernel_then_channels_and_3x3_where_the_kernel_is_left_out() -> None:
    assert only("conv 64") == only("conv 3x3 64") == Conv(64, kernel=(3, 3))
    assert only("conv 5x7 64").output((3, 16, 16)) == (64, 16, 16)


def test_rule_8_a_window_may_be_a_number() -> None:
    assert only("maxpool 2") == only("maxpool 2x2")
    assert output("maxpool 2x4") == (3, 8, 4)
    assert only("conv 4 stride=2 pad=1 dilation=2") == only(
        "conv 3x3 4 stride=2x2 pad=1x1 dilation=2x2"
    )


def test_rule_9_same_is_symmetric_and_keeps_the_size() -> None:
    for kernel, dilation in (
        ("1x1", 1),
        ("3x3", 1),
        ("5x5", 1),
        ("3x7", 1),
        ("3x3", 4),
        ("2x2", 2),
    ):
        text = f"conv {kernel} 4 dilation={dilation}"
        assert output(text, (3, 13, 14)) == (4, 13, 14)
        assert output(f"{text} stride=2", (3, 13, 14)) == (4, 7, 7)
        assert output(f"{text} stride=3", (3, 13, 14)) == (4, 5, 5)


def test_rule_9_valid_is_none_and_pools_default_to_their_window_without_padding() -> None:
    assert output("conv 5x5 4 pad=valid") == (4, 12, 12)
    assert output("maxpool 3") == (3, 5, 5)
    assert output("maxpool 3 stride=2 pad=1") == (3, 8, 8)
    assert output("sumpool 3 stride=1 pad=same") == (3, 16, 16)


def test_rule_9_ceil_counts_the_last_incomplete_window_as_torch_does() -> None:
    assert output("maxpool 3 stride=2", (3, 8, 8)) == (3, 3, 3)
    assert output("maxpool 3 stride=2 ceil=yes", (3, 8, 8)) == (3, 4, 4)
    # no window starts behind the map and its left padding
    assert output("maxpool 2 stride=3 ceil=yes", (3, 6, 6)) == (3, 2, 2)


def test_rule_9_avgpool_to_is_adaptive() -> None:
    assert output("avgpool to=6x5", (3, 13, 13)) == (3, 6, 5)
    assert output("avgpool to=7", (3, 4, 4)) == (3, 7, 7)


def test_rule_10_input_and_classes_stand_in_the_text_or_are_given() -> None:
    text = "conv 8 > gap > flatten > fc"
    inside = expand(f"input 3x224x224 classes=1000\n{text}")
    given = expand(text, input=(3, 224, 224), classes=1000)
    assert inside == given
    assert (inside.input, inside.classes, inside.output) == ((3, 224, 224), 1000, (1000,))
    overridden = expand(f"input 1x28x28 classes=10\n{text}", input=(3, 32, 32), classes=7)
    assert (overridden.input, overridden.output) == ((3, 32, 32), (7,))
    assert parse("input classes=10\nconv 8 > fc").classes == 10


def test_rule_10_a_bare_fc_has_a_unit_a_class() -> None:
    assert only("flatten > fc", classes=12) == Fc(12)
    assert only("flatten > fc bias=no", classes=12) == Fc(12, bias=False)
    assert only("conv 1x1 classes", classes=12) == Conv(12, kernel=(1, 1))
    assert only("flatten > fc > softmax", classes=12).word == "softmax"
    head = "head = gap > flatten > fc\nconv 8 > head"
    assert expand(head, input=(3, 8, 8), classes=4).output == (4,)


def test_rule_10_input_and_classes_are_filled_in_and_comments_stay() -> None:
    network = parse("# Mine\n\n# stem\nconv 8 > relu # wide\ngap > flatten > fc")
    filled = network.with_input((3, 32, 32), classes=5)
    assert str(filled) == (
        "# Mine\ninput 3x32x32 classes=5\n# stem\nconv 8 > relu  # wide\ngap > flatten > fc"
    )
    assert parse(str(filled)) == filled
    assert filled.with_input((1, 8, 8)).classes == 5
    assert filled.with_input(None, classes=3).input == (3, 32, 32)
    assert expand(filled).network == filled


def test_rule_11_defaults() -> None:
    assert only("conv 8") == Conv(8, bias=True, stride=(1, 1), pad="same", groups=1)
    assert only("flatten > fc 8") == Fc(8, bias=True)
    assert layers("conv 8 > bn")[0] == "conv 3x3 8"  # its bias stays before bn
    assert vars(only("bn")) == {"eps": 1e-5}
    assert vars(only("leakyrelu")) == {"slope": 0.01}
    assert vars(only("lrn 5")) == {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}
    assert only("lrn 5 0.001 0.5 2") == only("lrn 5 alpha=0.001 beta=0.5 k=2")
    assert only("prelu").parameters((64, 8, 8)) == 64


def test_rule_12_these_are_the_words() -> None:
    words = (
        "input conv fc relu leakyrelu prelu relu6 silu hardswish gelu sigmoid hardsigmoid tanh "
        "softmax maxpool avgpool sumpool gap lrn bn layernorm scale dropout droppath slice flatten "
        "identity blackbox add cat mul"
    )
    assert {*WORDS, *JOINS, "input"} == set(words.split())
    text = (
        "input 4x16x16\nconv 8 > relu > leakyrelu > prelu > relu6 > sigmoid > tanh > softmax\n"
        "silu > hardswish > gelu > hardsigmoid > layernorm > scale > droppath 0.1 > slice 0 8\n"
        "maxpool 2 > avgpool 2 > sumpool 2 > lrn 5 > bn > dropout 0.5 > identity\n"
        "add(identity | relu) > cat(identity | relu) > mul(identity | gap) > gap > flatten > fc 3"
    )
    used = [step.layer.word for step in expand(text).layers()]
    used += [step.layer.word for step in expand("input 3x8x8 > blackbox 2 size=8x8").layers()]
    assert {*used, "input"} == set(words.split())
    assert expand(text).output == (3,)


@pytest.mark.parametrize("known", KNOWN, ids=NAMES)
def test_rule_15_known_networks_come_back_from_their_canonical_text(known: object) -> None:
    network = parse(getattr(known, "text", ""))
    assert parse(str(network)) == network
    assert str(parse(str(network))) == str(network)
    assert expand(str(network)) == expand(network)


def test_rule_15_the_canonical_text_keeps_blocks_sums_and_breaks_branches_over_lines() -> None:
    text = """#Inception
    # of 2014
unit(k,c)=conv k c bias=no>bn   # used by all
# the block
inception(a,b1,b2)=cat(unit(1x1,a)|unit(1x1,b1)>unit(3x3,b2*(2-1))|maxpool 3 stride=1 pad=1)
input 3x32x32 classes=10
unit(7x7,(64)) > maxpool 2>inception(in/2,4,(8*2)) # first
[[relu]*2>conv in]*(3-1) > gap>flatten>fc
# the end"""
    assert str(parse(text)) == (
        """# Inception
# of 2014
unit(k, c) = conv k c bias=no > bn  # used by all
# the block
inception(a, b1, b2) = cat(
    unit(1x1, a)
  | unit(1x1, b1) > unit(3x3, b2*(2-1))
  | maxpool 3 stride=1 pad=1)

input 3x32x32 classes=10
unit(7x7, 64) > maxpool 2
inception(in/2, 4, 8*2)  # first
[[relu]*2 > conv in]*(3-1)
gap > flatten > fc
# the end"""
    )


def test_rule_15_long_flows_are_broken_where_a_new_line_means_nothing() -> None:
    flow = " > ".join(["conv 3x3 64 stride=1 pad=same bias=no"] * 4)
    deep = f"b = add({flow} | [cat({flow} | {flow}) > conv 64]*2)\n{flow} > b > [b > b]*2"
    text = str(parse(deep))
    assert max(map(len, text.split("\n"))) <= 96
    assert parse(text) == parse(deep)


def test_equal_networks_have_one_text_and_different_ones_differ() -> None:
    first = parse("conv 3x3 8>relu # note")
    assert first == parse("conv   3x3 8 >\nrelu # note")
    assert hash(first) == hash(parse("conv   3x3 8 >\nrelu # note"))
    for other in ("conv 8 > relu # note", "conv 3x3 8 > relu", "conv 3x3 9 > relu # note"):
        assert parse(other) != first
    assert repr(parse("relu")) == "parse('relu')"
    assert parse("relu # <b>")._repr_html_().endswith(">relu  # &lt;b&gt;</pre>")
