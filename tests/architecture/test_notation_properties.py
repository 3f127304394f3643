"""What holds of every network text, and of every text that is none."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from known_networks import KNOWN
from networks_strategy import networks
from thoroughness import examples
from trees_strategy import trees

from striate.architecture.notation import Network, expand, parse
from striate.errors import NotationError

RANDOM = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
PIECES = (
    *("conv", "conv(", "3x3", "64", "in", "classes", "fc", "relu", "bn", "maxpool", "2", "cat("),
    *("add(", "|", ")", "(", "[", "]", "*", "]*2", ">", "\n", "=", ",", "+", "-", "/", "#", "0.5"),
    *("unit", "unit(", "unit(c) =", "c", "stride", "stride=", "same", "input", "3x8x8", "identity"),
    *(
        "->",
        "?",
        "x",
        "1e5",
        "0",
        "gap",
        "flatten",
        "dropout",
        "\t",
        "\r\n",
        "é",
        "\x00",
        "pad=",
        "_",
    ),
)


def only_notation_errors(text: str) -> None:
    """Reading, writing and working out end well or in a NotationError that can be shown."""
    try:
        network = parse(text)
        assert parse(str(network)) == network
        expand(network, input=(4, 16, 16), classes=5)
    except NotationError as error:
        assert error.message
        assert "\n" not in error.message
        assert str(error).encode()
        if error.position is not None:
            assert error.text is not None
            assert 0 <= error.position <= len(error.text)


@settings(RANDOM, max_examples=examples(300))
@given(trees())
def test_rule_15_a_tree_comes_back_from_its_text(network: Network) -> None:
    text = str(network)
    again = parse(text)
    assert again == network
    assert str(again) == text


@settings(RANDOM, max_examples=examples(100))
@given(networks())
def test_rule_15_a_network_works_out_the_same_from_its_canonical_text(text: str) -> None:
    network = parse(text)
    assert parse(str(network)) == network
    assert expand(str(network)) == expand(network)


@settings(RANDOM, max_examples=examples(300))
@given(st.text(max_size=80))
@example("\ud800")
@example("\ufeff")
@example("conv \u0665")
@example("#" * 500)
def test_any_text_is_a_network_or_a_notation_error(text: str) -> None:
    only_notation_errors(text)


@settings(RANDOM, max_examples=examples(500))
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.sampled_from(["", " "]))
def test_any_words_and_signs_are_a_network_or_a_notation_error(
    pieces: Sequence[str], blank: str
) -> None:
    only_notation_errors(blank.join(pieces))


@settings(RANDOM, max_examples=examples(300))
@given(st.data())
def test_a_damaged_network_is_a_network_or_a_notation_error(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([known.text for known in KNOWN]))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(["", *PIECES])) + text[end:]
    only_notation_errors(text)


def test_reading_needs_little_stack() -> None:
    """What the limits allow must also work deep inside another program."""
    deepest = "[" * 49 + "conv (64)" + "]*1" * 49
    calls = "\n".join(["b0 = relu"] + [f"b{n} = [b{n - 1}]*1" for n in range(1, 49)])
    limit = sys.getrecursionlimit()

    def deeper(frames: int) -> None:
        if frames:
            deeper(frames - 1)
        else:
            only_notation_errors(deepest)
            assert parse(deepest) == parse(str(parse(deepest)))
            expand(f"{calls}\nb48", input=(3, 8, 8))
            parse("conv " + "(in+" * 49 + "1" + ")" * 49)

    deeper(limit // 4)
