"""The stored table gives the parser that the grammar gives."""

from __future__ import annotations

import json

import lark
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_strategy import networks

from striate.architecture import zoo
from striate.architecture.notation.grammar import GRAMMAR
from striate.architecture.notation.parser import TABLE, made, parser, table
from striate.errors import NotationError


def outcome(reader: lark.Lark, text: str) -> object:
    """The statements; or what is refused, where, and what could stand there."""
    try:
        return reader.parse(text)
    except lark.UnexpectedToken as error:
        return str(error.token), error.token.start_pos, set(error.accepts)
    except lark.UnexpectedCharacters as error:
        return error.pos_in_stream
    except lark.exceptions.VisitError as error:
        return str(error.orig_exc)


def test_the_table_is_of_this_grammar_and_of_this_lark() -> None:
    stored = json.loads(TABLE.read_text("utf-8"))
    assert stored["grammar"] == GRAMMAR, "make table"
    assert stored["lark"] == lark.__version__, "make table"
    assert parser().source_path == "<deserialized>"


def test_the_table_made_now_has_as_many_states_and_the_same_terminals() -> None:
    stored, now = json.loads(TABLE.read_text("utf-8")), json.loads(table())
    for read in (stored, now):
        read["states"] = read["data"]["parser"]["parser"]["states"]
        read["kinds"] = sorted(
            (entry["name"], entry["pattern"]["value"], entry["priority"])
            for entry in read["memo"].values()
            if entry["__type__"] == "TerminalDef"
        )
    assert len(stored["states"]) == len(now["states"])
    assert stored["kinds"] == now["kinds"]


def test_both_read_the_known_networks_alike() -> None:
    reader = made()
    for name in zoo.names():
        assert outcome(parser(), zoo.text(name)) == outcome(reader, zoo.text(name))


MADE = made()
PIECES = st.sampled_from(
    [
        *("conv", " 3x3", " 8", ">", "\n", "[", "]", "*3", "(", ")", "|", "cat(", "add(", "x("),
        *(",", "=", " stride=2", "+", "-", "/", "in", "#c\n", "identity", "fc", "?", " 0.5", "$"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_both_refuse_alike(text: str) -> None:
    try:
        expected = outcome(MADE, text)
    except NotationError as error:  # brackets that do not pair are refused before the parser
        expected = str(error)
    try:
        found = outcome(parser(), text)
    except NotationError as error:
        found = str(error)
    assert found == expected


@settings(max_examples=50, deadline=None)
@given(networks())
def test_both_read_any_network_alike(text: str) -> None:
    assert outcome(parser(), text) == outcome(MADE, text)
