from __future__ import annotations

import re
from pathlib import Path

import pytest

import striate
from striate import errors
from striate.errors import NotationError, StriateError

KINDS = [*StriateError.__subclasses__(), errors.ProofError, errors.StoppedError]


@pytest.mark.parametrize("kind", KINDS)
def test_one_base_catches_every_kind(kind: type[StriateError]) -> None:
    with pytest.raises(StriateError) as caught:
        raise kind("what happened; what was expected; how to mend it")
    codes = {errors.ProofError: 1, errors.TrainingError: 1, errors.StoppedError: 130}
    assert caught.value.exit_code == codes.get(kind, 2)
    assert str(caught.value) == "what happened; what was expected; how to mend it"


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    assert errors.__doc__ is not None
    for kind in KINDS:
        assert f"── {kind.__name__} " in errors.__doc__
    assert errors.__doc__.count("──") == len(KINDS)


def test_every_error_is_a_public_name() -> None:
    assert {kind.__name__ for kind in KINDS} <= set(dir(striate.errors))
    assert {"errors", "StriateError"} <= set(striate.__all__)


def test_a_caret_stands_under_the_character_meant() -> None:
    text = "input 3x32x32\nconv 8 > rellu > fc"
    lines = str(NotationError("unknown word 'rellu'", text, text.index("rellu"))).split("\n")
    assert lines[0] == "unknown word 'rellu'"
    assert lines[1] == "  line 2: conv 8 > rellu > fc"
    assert lines[2].index("^") == lines[1].index("rellu")
    assert lines[2].strip() == "^"


def test_a_caret_can_stand_behind_the_end() -> None:
    lines = str(NotationError("the text ends too early", "conv 8 >", 8)).split("\n")
    assert lines[2].index("^") == len(lines[1])


def test_a_tab_does_not_move_the_caret() -> None:
    lines = str(NotationError("unknown word 'x'", "\tconv 8 > x", 10)).split("\n")
    assert lines[2].index("^") == lines[1].index("x")


def test_without_a_position_the_message_stands_alone() -> None:
    assert str(NotationError("a network needs at least one word")).count("\n") == 0


def test_a_long_line_is_shown_around_the_caret() -> None:
    text = "conv 8 > " * 100 + "cnv 8 > " + "relu > " * 100
    place = text.index("cnv")
    shown = str(NotationError("unknown word 'cnv'", text, place)).split("\n")
    assert max(map(len, shown)) < 140
    assert shown[1].endswith("...")
    assert shown[1][shown[2].index("^") :].startswith("cnv 8")


def test_one_function_puts_words_in_a_row() -> None:
    own = re.compile(r"""["'] (and|or) ["']\.join|\[:-1\]\)\} (and|or) \{""")
    package = Path(striate.__file__).parent
    found = [str(path) for path in package.rglob("*.py") if own.search(path.read_text("utf-8"))]
    assert not found, f"{found}: striate.errors.join_words does it"
    assert errors.join_words([]) == ""
    assert errors.join_words(iter("abc")) == "a, b and c"
