from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from striate.architecture.layer_table.receptive_field import Sight, side_of
from striate.architecture.words import (
    JOINS,
    WORDS,
    Add,
    AvgPool,
    Bn,
    Cat,
    Conv,
    Dropout,
    Fc,
    Flatten,
    Gap,
    Kind,
    LeakyRelu,
    Lrn,
    MaxPool,
    SumPool,
    Window,
    short,
    text_of,
)
from striate.errors import NotationError

SMALL = st.integers(1, 4)
PAIRS = st.tuples(SMALL, SMALL)
SIDES = st.tuples(st.integers(1, 14), st.integers(1, 14))
PADS = st.tuples(st.integers(0, 2), st.integers(0, 2))


@settings(max_examples=400, deadline=None)
@given(SIDES, PAIRS, PAIRS, PADS, PAIRS, st.booleans())
def test_maxpool_gives_the_shapes_that_torch_gives(
    sides: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    dilation: tuple[int, int],
    ceil: bool,
) -> None:
    """Where torch refuses, or finds nothing but padding, so does the word, and there alone."""
    try:
        x = torch.zeros(1, 1, *sides)
        expected = functional.max_pool2d(x, kernel, stride, pad, dilation, ceil)
    except RuntimeError:
        expected = torch.tensor(-torch.inf)
    if expected.isinf().any():
        with pytest.raises(NotationError):
            MaxPool(kernel, stride, pad, dilation, ceil).output((1, *sides))
    else:
        pool = MaxPool(kernel, stride, pad, dilation, ceil)
        assert pool.output((1, *sides)) == expected.shape[1:]


@pytest.mark.parametrize(("pad", "dilation", "ceil"), [(1, 2, False), (1, 2, True), (1, 3, True)])
def test_a_maxpool_whose_window_meets_only_padding_is_refused(
    pad: int, dilation: int, ceil: bool
) -> None:
    """torch gives -inf there, and its backward pass writes outside of the map's memory."""
    pool = MaxPool((2, 2), None, (pad, pad), (dilation, dilation), ceil)
    with pytest.raises(NotationError, match="meets nothing but padding in 1x1 padded by 1"):
        pool.output((1, 1, 1))


@settings(max_examples=200, deadline=None)
@given(SIDES, PAIRS, PAIRS, PADS, st.booleans(), st.sampled_from([AvgPool, SumPool]))
def test_other_pools_give_the_shapes_that_torch_gives(
    sides: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    ceil: bool,
    kind: type[AvgPool] | type[SumPool],
) -> None:
    pool = kind(kernel, stride, pad, ceil)
    try:
        x = torch.zeros(1, 1, *sides)
        if not ceil:  # more zeros than torch's own padding takes are put there beforehand
            x, pad = functional.pad(x, (pad[1], pad[1], pad[0], pad[0])), (0, 0)
        expected = functional.avg_pool2d(x, kernel, stride, pad, ceil).shape[1:]
    except RuntimeError:
        with pytest.raises(NotationError):
            pool.output((1, *sides))
    else:
        assert pool.output((1, *sides)) == expected


@settings(max_examples=300, deadline=None)
@given(SIDES, PAIRS, PAIRS, PADS, PAIRS, st.integers(1, 3))
def test_conv_gives_the_shapes_and_counts_that_torch_gives(
    sides: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> None:
    layer = Conv(4 * groups, kernel, stride, pad, dilation, groups)
    shape = (2 * groups, *sides)
    module = nn.Conv2d(2 * groups, 4 * groups, kernel, stride, pad, dilation, groups)
    try:
        expected = module(torch.zeros(1, *shape)).shape[1:]
    except RuntimeError:
        with pytest.raises(NotationError, match="does not fit"):
            layer.output(shape)
    else:
        assert layer.output(shape) == expected
        assert layer.parameters(shape) == sum(p.numel() for p in module.parameters())
        assert layer.macs(shape) == module.weight.numel() * expected[1] * expected[2]


@given(st.integers(1, 60), st.sampled_from([1, 3, 5, 7, 11]), st.integers(1, 4), st.integers(1, 3))
def test_same_keeps_the_size_and_with_a_stride_its_part_rounded_up(
    side: int, kernel: int, stride: int, dilation: int
) -> None:
    layer = Conv(1, (kernel, kernel), (stride, stride), dilation=(dilation, dilation))
    assert layer.output((1, side, side)) == (1, -(-side // stride), -(-side // stride))
    assert layer.window_on((1, side, side)).pad == ((kernel - 1) * dilation // 2,) * 2


def test_parameters_are_what_is_learnt() -> None:
    assert Conv(64, (7, 7), bias=False).parameters((3, 8, 8)) == 64 * 3 * 49
    assert Fc(10).parameters((84,)) == 850
    assert Fc(10, bias=False).parameters((84,)) == 840
    assert Bn().parameters((64, 8, 8)) == 128
    assert WORDS["prelu"]().parameters((64, 8, 8)) == 64
    free = (Gap(), Flatten(), MaxPool((2, 2)), Lrn(5), Dropout(0.5), LeakyRelu())
    assert {layer.parameters((64, 8, 8)) for layer in free} == {0}
    assert {layer.macs((64, 8, 8)) for layer in free} == {0}


def test_a_layer_writes_itself_with_its_values() -> None:
    assert str(Conv(64)) == "conv 3x3 64"
    assert str(Conv(8, (1, 7), (2, 1), (0, 0), bias=False)) == (
        "conv 1x7 8 stride=2x1 pad=valid bias=no"
    )
    assert str(Conv(8, pad=(1, 2), groups=2, padmode="edge")) == (
        "conv 3x3 8 pad=1x2 groups=2 padmode=edge"
    )
    assert str(MaxPool((3, 3), (2, 2), ceil=True)) == "maxpool 3 stride=2 ceil=yes"
    assert str(MaxPool((2, 1), pad="same")) == "maxpool 2x1 pad=same"
    assert str(AvgPool(to=(6, 6))) == "avgpool to=6"
    assert str(Lrn(5, alpha=1e-3)) == "lrn 5 alpha=0.001"
    assert str(Bn(1e-3)) == "bn eps=0.001"
    assert str(Cat()) == "cat"


@pytest.mark.parametrize("word", list(WORDS))
def test_every_word_says_what_its_arguments_are(word: str) -> None:
    kind = WORDS[word]
    assert kind.word == word
    assert set(kind.arguments) == {*kind.bare, *kind.named}
    assert all(isinstance(argument, Kind) for argument in kind.arguments.values())
    assert set(kind.defaults()) <= set(kind.arguments)
    assert set(kind.named) <= set(kind.defaults())
    assert (kind.__doc__ or "").strip()


def test_only_words_that_look_everywhere_see_all() -> None:
    assert [word for word in ("gap", "flatten", "relu") if WORDS[word]().sees_all] == [
        *("gap", "flatten"),
    ]
    assert AvgPool(to=(2, 2)).sees_all
    assert AvgPool(to=(2, 2)).window_on((1, 8, 8)) is None
    assert not AvgPool((8, 8)).sees_all


def test_joins_say_which_branch_does_not_fit() -> None:
    assert Cat().output([(4, 8, 8), (5, 8, 8), (1, 8, 8)]) == (10, 8, 8)
    assert Cat().output([(4,), (5,)]) == (9,)
    assert Add().output([(4, 8, 8)] * 3) == (4, 8, 8)
    with pytest.raises(NotationError, match="branch 1 gives 4x8x8 and branch 3 gives 4x8x7"):
        Cat().output([(4, 8, 8), (4, 8, 8), (4, 8, 7)])
    with pytest.raises(NotationError, match="gives 4x8x8 and branch 2 gives 8;"):
        Cat().output([(4, 8, 8), (8,)])
    with pytest.raises(NotationError, match="give both 4 channels"):
        Add().output([(4, 8, 8), (2, 8, 8)])
    with pytest.raises(NotationError, match="make both 4x8x8"):
        Add().output([(4, 8, 8), (2, 4, 4)])
    assert {*JOINS} == {"cat", "add", "mul"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv(0), "conv got channels=0, but it must be at least 1"),
        (lambda: Conv(8, (0, 3)), "conv got kernel=0x3"),
        (lambda: Conv(8, pad=(-1, 0)), "conv got pad=-1x0, but it must be at least 0"),
        (lambda: Fc(-1), "fc got units=-1"),
        (lambda: Lrn(5, beta=-1.0), "expected k above 0, the others at least 0"),
        (lambda: Dropout(1.0), "dropout got 1.0"),
        (lambda: AvgPool((2, 2), to=(2, 2)), "finds its own windows"),
    ],
)
def test_a_layer_refuses_values_that_make_no_sense(make: object, message: str) -> None:
    with pytest.raises(NotationError, match=message):
        make()  # type: ignore[operator]


def test_values_are_written_as_the_notation_has_them() -> None:
    values = ((3, 3), (1, 2), True, False, 0.5, 1e-5, 1e16, 7, "same")
    assert [text_of(v) for v in values] == [
        *("3x3", "1x2", "yes", "no", "0.5", "1e-5", "1e16", "7", "same"),
    ]
    assert [short(v) for v in values[:2]] == ["3", "1x2"]


def test_sight_goes_through_windows_and_joins() -> None:
    """A 3x3 window with stride 2 and padding 1 on another: 3 + 2*(3-1) = 7 pixels from -3."""
    window = Window((3, 3), (2, 2), (1, 1))
    sight = Sight().through(window).through(window)
    assert (sight.size((1, 8, 8)), sight.stride, sight.start) == (7, 4, -3)
    narrow = Sight().through(Window((1, 5), (4, 4)))
    both = sight.union(narrow)
    assert (both.size((1, 8, 8)), both.stride, both.start) == ((7, 8), 4, -3)
    assert side_of(3, 3) == 3
