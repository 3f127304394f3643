"""What a broken network text is answered with: the reason, the mend, and the place."""

from __future__ import annotations

import time

import pytest

from striate.architecture.notation import expand, parse
from striate.errors import NotationError


def answer(text: str) -> tuple[str, str]:
    """The message of a broken text, and what stands at its caret."""
    with pytest.raises(NotationError) as caught:
        expand(text)
    error = caught.value
    assert "\n" not in error.message
    if error.text is None or error.position is None:
        return error.message, ""
    shown = str(error).split("\n")
    column = shown[-1].index("^")
    assert shown[-1].strip() == "^"
    return error.message, shown[-2][column:]


IN = "input 3x8x8 > "
UNIT = "unit(k, c, stride=1) = conv k c stride=stride\ninput 3x8x8\n"


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("cnv 8 > relu", "unknown word 'cnv'; did you mean 'conv'?", "cnv 8"),
        ("conv 8 > RELU", "unknown word 'RELU'; did you mean 'relu'?", "RELU"),
        ("conv2d 8", "did you mean 'conv'?", "conv2d"),
        ("conv 8 > maxpool2", "did you mean 'maxpool 2'?", "maxpool2"),
        ("conv3x3 8", "did you mean 'conv 3x3'?", "conv3x3"),
        ("BatchNorm2d", "did you mean 'bn'?", "BatchNorm2d"),
        ("densee 10", "did you mean 'fc'?", "densee"),
        ("xyzzy", "unknown word 'xyzzy'; the words are conv, fc,", "xyzzy"),
        (f"{UNIT}unti(3x3, 8)", "unknown block 'unti'; did you mean 'unit'?", "unti(3x3"),
        (f"{UNIT}relu > unitt", "unknown word 'unitt'; did you mean 'unit'?", "unitt"),
        ("conv 8 strid=2", "conv has no option 'strid'; did you mean 'stride'?", "strid=2"),
        ("conv 8 k=2", "conv has no option 'k'; it has stride, pad, dilation,", "k=2"),
        ("relu slope=2", "relu has no option 'slope'; it has none", "slope"),
        ("conv 8 kernel=3", "conv takes its kernel bare: conv 3x3 64", "kernel=3"),
        ("conv 8 pad=sane", "unknown value 'sane'; did you mean 'same'?", "sane"),
        ("conv 8 bias=True", "unknown value 'True'; did you mean 'yes'?", "True"),
        ("conv clases", "unknown value 'clases'; did you mean 'classes'?", "clases"),
        ("conv c", "unknown value 'c'; the values known here are in, classes", "c"),
        (f"{UNIT}unit(3x3, 8, strid=2)", "no parameter 'strid'; did you mean 'stride'?", "strid"),
        ("b(chans) = conv chanls\nb(3)", "unknown value 'chanls'; did you mean 'chans'?", "chanls"),
        ("input 3x8x8 clases=2 > relu", "input has no option 'clases'; did you mean", "clases"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_right_one(
    text: str, message: str, place: str
) -> None:
    said, where = answer(text)
    assert message in said
    assert where.startswith(place)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("conv(64)", "'conv' is a word and takes its arguments bare: conv 64", "conv(64)"),
        ("conv(3x3, 64, stride=2)", "takes its arguments bare: conv 3x3 64 stride=2", "conv("),
        (f"{UNIT}unit 3x3 64", "brackets that touch its name: unit(3x3, 64)", "unit 3x3"),
        (f"{UNIT}unit (64)", "brackets that touch its name: unit(64)", "unit ("),
        ("cat > relu", "cat takes its branches in brackets: cat(conv 8 | identity)", "cat"),
        ("input(3x8x8) > relu", "takes its arguments bare: input 3x8x8", "input("),
    ],
)
def test_rule_3_the_wrong_form_is_answered_with_the_right_one(
    text: str, message: str, place: str
) -> None:
    said, where = answer(text)
    assert message in said
    assert where.startswith(place)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("maxpool 2 64", "maxpool takes 1 bare argument (kernel), but got 2: '64' is too", "64"),
        (f"{IN}conv 3x3 64 128", "(kernel, channels), but got 3: '128' is too many", "128"),
        ("relu 3", "relu takes no bare arguments, but got 1: '3' is too many", "3"),
        (f"{UNIT}unit(3x3, 8, 2, 4)", "takes 3 arguments, but got 4: '4' is too many", "4"),
        (f"{UNIT}unit(3x3)", "unit(k, c, stride=1) is called without its c", "unit(3x3)"),
        (f"{UNIT}unit(3x3, 8, c=9)", "got its c twice; leave one out", "c=9"),
        ("conv", "conv needs its channels: conv 3x3 64", "conv"),
        ("conv 3x3", "conv needs its channels behind the kernel: conv 3x3 64", "3x3"),
        ("maxpool", "maxpool needs its kernel: maxpool 2", "maxpool"),
        ("dropout", "dropout needs its rate: dropout 0.5", "dropout"),
        ("avgpool", "avgpool needs its window, as in avgpool 2, or to=", "avgpool"),
        ("avgpool 2 to=3", "avgpool to=3x3 finds its own windows; leave out", "avgpool"),
        ("conv 4 3x3", "expected a size, then a number: conv 3x3 4", "4 3x3"),
        ("conv 3 64", "expected a size, then a number: conv 3x3 64", "3 64"),
        ("conv 64 3", "expected a size, then a number: conv 3x3 64", "64 3"),
        ("conv 8 stride=2 stride=3", "conv got its stride twice; leave one out", "stride=3"),
        ("lrn 5 0.1 alpha=0.1", "lrn got its alpha twice; leave one out", "alpha"),
        ("conv stride=2 8", "bare arguments come before options: conv 3x3 64 stride=2", "8"),
        (
            "conv 8 stride 2",
            "'stride' is an argument of conv, not a value; say what it is: stride=",
            "stride",
        ),
        ("conv 8 bias=0", "conv got 0 as its bias; expected yes or no", "0"),
        ("conv 8 pad=edge", "conv got edge as its pad; expected same, end, valid, a", "edge"),
        ("conv 8.5", "conv got 8.5 as its channels; expected a whole number such as 64", "8.5"),
        ("conv 3x3x3 8", "got 3x3x3 as its kernel; expected a size such as 3x3", "3x3x3"),
        ("conv 3 x 3 64", "a size is written without blanks: 3x3", "x 3"),
        ("conv 0", "conv got channels=0, but it must be at least 1", "0"),
        ("maxpool 2 stride=0", "maxpool got stride=0, but it must be at least 1", "0"),
        (f"{IN}conv in-4", "conv got channels=-1, but it must be at least 1", "in-4"),
        ("dropout 1", "its rate must be at least 0 and below 1", "1"),
        ("bn eps=0", "bn got eps=0.0, but it must be above 0", "0"),
        ("lrn 5 k=0", "lrn got k=0.0; expected k above 0", "0"),
    ],
)
def test_rule_8_no_argument_is_dropped_or_misread(text: str, message: str, place: str) -> None:
    said, where = answer(text)
    assert message in said
    assert where.startswith(place)


def test_swapped_arguments_of_a_block_are_traced_to_its_call() -> None:
    said, where = answer("w(k, c) = conv k c\ninput 3x8x8\nrelu > w(4, 3x3)")
    assert said == (
        "conv got 4 as its kernel and 3x3 as its channels; expected a size, then a number: "
        "conv 3x3 4 (in w(4, 3x3), line 3)"
    )
    assert where == "k c"


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("b = conv 8 >\ninput 3x8x8 > b", "input stands inside the definition of 'b'", "input"),
        ("b = conv 8\nrelu\ninput 3x8x8", "a definition ends with its line, so join", "input"),
        ("b = relu", "there are definitions, but no network that uses them", "b = relu"),
        ("a = a > relu\na", "'a' calls itself; a block may only use blocks defined", "a > relu"),
        ("a = b\nb = a\na", "'b' is used before it is defined; move its definition up", "b"),
        ("relu = conv 8\nrelu", "'relu' is a word of the notation", "relu = conv"),
        ("same = conv 8\nsame", "'same' is a value of the notation", "same"),
        ("b = relu\nb = tanh\nb", "'b' is defined twice", "b = tanh"),
        ("b(c, c) = conv c\nb(1, 1)", "the parameter 'c' stands there twice", "c) ="),
        ("b(in) = conv in\nb(1)", "'in' means something already", "in) ="),
        ("b(3) = relu\nb(1)", "'3' is no name for a parameter; expected names", "3)"),
        ("b(c=1, d) = relu\nb(1)", "bare arguments come before options", "d)"),
        ("b_ = relu\nb_", "must not end with an underscore; call it 'b_block'", "b_ ="),
        ("conv 8 > b = relu", "a definition stands on a line of its own", "= relu"),
        ("[b = relu]*2", "a definition stands on a line of its own", "= relu"),
        ("b(c) = conv c\n  > relu\nb(c)", "'c' is an argument of b, not a value", "c)"),
    ],
)
def test_rule_2_definitions_swallow_nothing_and_call_no_one_else(
    text: str, message: str, place: str
) -> None:
    said, where = answer(text)
    assert message in said
    assert where.startswith(place)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("conv 8 relu", "'relu' is a word, not a value; a '>' is missing before it", "relu"),
        (f"{UNIT}unit(3x3, 8) relu", "a '>' is missing before 'relu'", "relu"),
        ("conv 8 [relu]*2", "a '>' is missing before '['", "["),
        ("conv 8 cat(relu | tanh)", "a '>' is missing before 'cat('", "cat("),
        ("conv 8 -> relu", "'then' is written '>', not '->'", "> relu"),
        ("INPUT -> [[CONV -> RELU]*N -> POOL?]*M", "'then' is written '>', not '->'", "->"),
        ("conv 8 → relu", "'→' means nothing here; 'then' is written '>'", "→"),
        ("conv 3×3 8", "a size is written with the letter x: 3x3", "×"),
        ("conv 3X3 8", "'3X3' is neither a number nor a size; write 3x3", "3X3"),
        ("conv 8 ; relu", "'then' is written '>' or a new line", ";"),
        ("conv 8 stride:2", "an option is written name=value", ":2"),
        ("conv 8, stride=2", "divided by blanks, not by commas: conv 3x3 64", ", stride"),
        ("[conv 8] > relu", "a repeat needs its count: [ ... ]*3", "> relu"),
        ("[conv 8]*", "a value is missing behind '*', at the end of the text", ""),
        ("3*[conv 8]", "a repeat has its count behind it: [ ... ]*3", "3*"),
        ("(conv 8 > relu)*3", "a repeat is written [ ... ]*3", "("),
        ("[conv 8]*2*3", "write a product in brackets: [ ... ]*(2*3)", "*3"),
        ("[]*2", "a word is missing between '[' and ']'", "]"),
        ("conv 8 >", "a word is missing behind '>', at the end of the text", ""),
        ("> conv 8", "nothing stands before '>'; the text begins with a word", "> conv"),
        ("conv 8 > > relu", "a word is missing between '>' and '>'", "> relu"),
        ("cat(conv 8 | )", "a branch of cat is empty; write identity", ")"),
        ("cat(conv 8)", "cat needs two branches or more, divided by '|'", "cat("),
        ("cat(conv 8, conv 4)", "branches are divided by '|', not by commas", ", conv"),
        ("conv 8 | relu", "'|' divides branches and stands inside cat( ) or add( )", "| relu"),
        ("b =", "a word is missing behind '=', at the end of the text", ""),
        ("conv 8 stride=", "a value is missing behind '=', at the end", ""),
        ("conv 8 stride==2", "a value is missing between '=' and '='", "=2"),
        (f"{UNIT}unit(3x3,)", "a value is missing between ',' and ')'", ")"),
        (f"{UNIT}unit(3x3\n8)", "a ',' or ')' is missing at the end of this line", ""),
        ("3x3 conv", "'3x3' is a value, but a word was expected, as in 'conv 3x3'", "3x3"),
        ("conv 8 stride=(2, 2)", "a size is written with an x, without brackets and", ", 2"),
        ("input (3, 224, 224) > relu", "a size is written with an x", ", 224, 224"),
        ("conv 8)", "')' closes nothing", ")"),
        ("cat(conv 8 | relu", "'cat(' is never closed; put a ')' where it ends", "cat("),
        ("[conv 8)*2", "'[' in line 1 is closed by ')'; expected ']'", ")*2"),
        ("conv 8\x00", "U+0000 means nothing here; a network is plain text", "\ufffd"),
        ("conv \u0668", "'\u0668' means nothing here", "\u0668"),
    ],
)
def test_a_slip_of_the_pen_is_named_with_its_mend(text: str, message: str, place: str) -> None:
    said, where = answer(text)
    assert message in said
    assert where.startswith(place)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        (f"{IN}maxpool 2 > conv 5x5 8 pad=valid", "a 5x5 window does not fit in 4x4;", "conv"),
        (f"{IN}conv 3x3 8 pad=valid dilation=4", "dilation 4, so 9x9 in all, does not", "conv"),
        (f"{IN}maxpool 2 pad=1 > conv 9x9 8 pad=1", "in 5x5 padded by 1; pad by 2 or", "conv"),
        (f"{IN}conv 2x2 8", "pad=same needs an odd window, but got 2x2; take 3x3, or", "conv"),
        (f"{IN}maxpool 3 pad=2", "more than half of its 3x3 window; pad by at most 1", "maxpool"),
        (f"{IN}conv 8 groups=2", "groups=2 does not divide the 3 channels that arrive; 1 or", "c"),
        (f"{IN}fc 10", "but maps of 3x8x8 arrive; put flatten before it", "fc"),
        (f"{IN}flatten > gap", "192 features in one row arrive; put it before flatten", "gap"),
        (f"{IN}add(conv 8 | identity)", "branch 1 gives 8x8x8 and branch 2 gives 3x8x8", "add("),
        (f"{IN}add(conv 3 stride=2 | identity)", "give both the same strides", "add("),
        (f"{IN}cat(relu | maxpool 2)", "gives 3x8x8 and branch 2 gives 3x4x4", "cat("),
        (f"{IN}cat([relu]*0 | tanh)", "branch 1 of cat comes to nothing", "cat("),
        (f"{IN}[relu]*0", "the network comes to no layer at all", ""),
        (f"{IN}conv in/2", "in/2 divides 3 by 2, which leaves a rest of 1", "in/2"),
        (f"{IN}conv in/(in-3)", "divides 3 by 0", "in/("),
        (f"{IN}conv 3x3*2 8", "cannot calculate with 3x3; + - * / work on whole numbers", "3x3*2"),
        (f"{UNIT}unit(3x3+1, 8)", "cannot calculate with 3x3", "3x3+1"),
        (f"{IN}[relu]*(in-4)", "a repeat got in-4 as its count; expected a whole number", "in-4"),
        (f"{IN}[relu]*same", "a repeat got same as its count", "same"),
        (f"{IN}gap > flatten > fc", "the number of classes is not known", "fc"),
        (f"{IN}conv classes", "the number of classes is not known", "classes"),
        ("relu", "the network does not say what goes in", ""),
        ("relu > input 3x8x8", "input must be the first word of the network", "input"),
        ("[input 3x8x8]*2", "input must be the first word of the network", "input"),
        ("input 8x8 > relu", "input is channels x rows x columns, as in 3x224x224, but", "8x8"),
        ("input 3x0x8 > relu", "but got 3x0x8", "3x0x8"),
        ("input 3x8x8 classes=0 > relu", "input got classes=0; expected a number", "0"),
        ("input > relu", "input says nothing; write it as input 3x224x224", "input"),
        ("input 3x8x8", "the network ends behind its input", "input"),
        ("", "the text says no network", ""),
        (" \n# only a comment\n", "the text says no network", ""),
    ],
)
def test_what_does_not_fit_is_said_with_its_numbers(text: str, message: str, place: str) -> None:
    said, where = answer(text)
    assert message in said
    assert where.startswith(place)


@pytest.mark.parametrize("follower", ["fc 3", "conv 1x1 4", "fc"])
def test_rule_10_a_bare_fc_is_legal_only_as_the_last_one(follower: str) -> None:
    said, where = answer(f"input 3x8x8 classes=4 > flatten > fc > relu > {follower}")
    assert "a bare fc has a unit a class and must be the last to learn" in said
    assert where.startswith("fc > relu")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 5000 + "relu" + "]*2" * 5000, "brackets lie more than 50 deep"),
        ("cat(" * 5000, "brackets lie more than 50 deep"),
        ("conv " + "(" * 5000 + "3" + ")" * 5000, "brackets lie more than 50 deep"),
        ("[relu]*1000000", "the network unfolds to more than 20,000 words; repeat less"),
        ("[[relu]*0]*999999999", "the network unfolds to more than 20,000 words"),
        ("[" * 9 + "relu" + "]*9" * 9, "the network unfolds to more than 20,000 words"),
        ("conv 99999999999999999999", "is more than 999,999,999, the largest number there is"),
        ("conv " + "9" * 90_000, "is more than 999,999,999"),
        ("dropout 1e999", "is more than 999,999,999"),
        ("conv 99999*99999", "comes to more than 999,999,999"),
        ("conv in" + "*9" * 30_000, "comes to more than 999,999,999"),
        ("relu > " * 20_000, "the text has 140,000 characters; a network has at most 100,000"),
    ],
    ids=range(12),
)
def test_endless_and_enormous_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(NotationError) as caught:
        expand(text, input=(3, 8, 8))
    assert message in caught.value.message


def test_definitions_that_double_each_other_are_refused() -> None:
    lines = ["b0 = relu > relu"] + [f"b{n} = b{n - 1} > b{n - 1}" for n in range(1, 60)]
    with pytest.raises(NotationError, match="unfolds to more than 20,000 words"):
        expand("\n".join([*lines, "b59"]), input=(3, 8, 8))


def test_blocks_within_blocks_end_somewhere() -> None:
    lines = ["b0 = relu"] + [f"b{n} = [b{n - 1}]*1" for n in range(1, 300)]
    with pytest.raises(NotationError, match="lie more than 100 deep in 'b50'"):
        parse("\n".join([*lines, "b299"]))
    shallow = ["b0 = relu"] + [f"b{n} = [b{n - 1}]*1" for n in range(1, 45)]
    assert expand("\n".join([*shallow, "b44"]), input=(3, 8, 8)).output == (3, 8, 8)


def test_a_long_sum_is_no_trouble() -> None:
    plan = expand("conv " + "+".join(["1"] * 20_000), input=(3, 8, 8))
    assert plan.output == (20_000, 8, 8)


def test_a_caret_points_into_the_right_line_whatever_the_line_ends() -> None:
    for end in ("\n", "\r\n", "\r"):
        with pytest.raises(NotationError) as caught:
            parse(f"# a{end}relu{end}\ttanh > cnv 8{end}gap")
        assert str(caught.value) == (
            "unknown word 'cnv'; did you mean 'conv'?\n  line 3:  tanh > cnv 8\n                  ^"
        )


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(NotationError, match="expected as a text, but got bytes"):
        parse(b"relu")  # type: ignore[arg-type]
    with pytest.raises(NotationError, match="but got 8x8"):
        parse("relu").with_input((8, 8))
    with pytest.raises(NotationError, match="at least 1 class, but got classes=0"):
        parse("relu").with_input((3, 8, 8), classes=0)


def test_an_error_of_a_tree_made_by_hand_shows_its_canonical_text() -> None:
    network = parse("relu")
    by_hand = type(network)(flow=parse("conv 5x5 8 pad=valid").flow, input=(3, 4, 4))
    with pytest.raises(NotationError) as caught:
        expand(by_hand)
    assert "line 2: conv 5x5 8 pad=valid" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *("relu#\n" * 15_000, "relu\n" + "#\n" * 45_000, "#\n\n" * 30_000 + "relu"),
        *("relu >" * 16_500, "cat(relu" + " | relu" * 10_000 + ")", "b(" + "c," * 45_000),
        *("a = relu\n" * 10_000, "conv " + "3 " * 45_000, "relu " * 19_500, "(" * 95_000),
        *("conv 8 " + "stride=2 " * 10_000, "\n" * 99_500, "-" * 99_500, "x" * 99_500),
    ],
    ids=range(14),
)
def test_the_longest_texts_are_answered_in_seconds(text: str) -> None:
    start = time.process_time()
    try:
        parse(str(parse(text)))
    except NotationError as error:
        assert str(error)
    assert time.process_time() - start < 5


def test_channels_written_last_are_told() -> None:
    assert answer("input 32x32x1 > conv 5x5 8 pad=valid")[0].endswith(
        "channels come first: did you mean input 1x32x32?"
    )
    assert "channels" not in answer("input 1x4x4 > conv 5x5 8 pad=valid")[0]
