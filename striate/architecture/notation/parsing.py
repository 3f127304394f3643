"""Text -> tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lark import UnexpectedCharacters, UnexpectedToken

from striate.architecture import zoo
from striate.architecture.notation.checks import Checker
from striate.architecture.notation.comments import assign, without_comments
from striate.architecture.notation.nodes import Definition, Item, Number, Size, Word
from striate.architecture.notation.parser import parser
from striate.architecture.notation.source_text import check_given
from striate.architecture.notation.suggestions import FOREIGN, suggestion
from striate.architecture.notation.syntax_errors import explain_misplaced, strange_character
from striate.architecture.notation.tree import Network, check_input
from striate.architecture.words import JOINS, WORDS
from striate.errors import NotationError

LONGEST: Final = 100_000  # characters
LONE: Final = re.compile(r"\s*([A-Za-z][\w.-]{2,40})\s*")  # what looks like a name, and no more
NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def parse(text: str) -> Network:
    """Read a network text; nothing is worked out yet.

    Args:
        text: a network in the notation, see docs/notation.md; or the name of a known network,
            see docs/zoo.md, which stands for its text.

    Returns:
        The tree. ``str()`` of it is the canonical text.

    Raises:
        NotationError: the text breaks a rule; the message shows the place with a caret.

    >>> network = parse('''
    ... # LeNet-5
    ... input 1x32x32 classes=10
    ... [conv 5x5 6 pad=valid > tanh > avgpool 2]*2 > flatten > fc 120 > tanh > fc
    ... ''')
    >>> network.comment, network.input, network.classes
    ('LeNet-5', (1, 32, 32), 10)
    >>> parse("vgg16").name
    'VGG-16 (2014), 3x3 and nothing else'
    >>> parse("cnv 3x3 8 > relu")
    Traceback (most recent call last):
    striate.errors.NotationError: unknown word 'cnv'; did you mean 'conv'?
      line 1: cnv 3x3 8 > relu
              ^
    """
    check_given(text, str, "a text")
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if zoo.is_name(text):
        text = zoo.text(text.strip())
    try:
        return _read(text)
    except NotationError as error:
        raise locate(error, text) from None


def locate(error: NotationError, text: str) -> NotationError:
    """Give an error its text, with characters that no screen can show replaced.

    An error in the text of a known network begins with that network's name.
    """
    name = zoo.name_of(text)
    message = f"{name}: {error.message}" if name else error.message
    if error.position is None:
        return NotationError(message)
    shown = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
    return NotationError(message, shown, min(error.position, len(shown)))


def _read(text: str) -> Network:
    if len(text) > LONGEST:
        raise NotationError(
            f"the text has {len(text):,} characters; a network has at most {LONGEST:,}"
        )
    strange = NO_TEXT.search(text)
    if strange:
        raise strange_character(text, strange.start())
    _check_name(text)
    try:
        statements: list[Definition | Item] = parser().parse(text)  # type: ignore[assignment]
    except UnexpectedCharacters as error:
        raise strange_character(text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        if not without_comments(text).strip():
            raise NotationError(
                "the text says no network; a small one is 'conv 32 > relu > gap > flatten > fc'"
            ) from None
        raise explain_misplaced(text, error.token, frozenset(error.accepts)) from None
    return _network(statements, text)


def _check_name(text: str) -> None:
    """Refuse a text that is one name and close to that of a known network."""
    name = LONE.fullmatch(text)
    if name is None:
        return
    known = zoo.names()
    meant = suggestion(name[1], [*WORDS, *JOINS, "input", *FOREIGN, *known])
    if meant in known:
        raise NotationError(
            f"unknown network '{name[1]}'; did you mean '{meant}'?", position=name.start(1)
        )


def _network(statements: Sequence[Definition | Item], text: str) -> Network:
    """Make one tree of the statements, their names checked."""
    raw = [s for s in statements if isinstance(s, Definition)]
    checker = Checker(raw)
    definitions: list[Definition] = []
    flow: list[Item] = []
    given: Word | None = None
    for statement in statements:
        if isinstance(statement, Definition):
            definitions.append(checker.definition(statement))
        elif isinstance(statement, Word) and statement.name == "input" and not (given or flow):
            given = statement
        else:
            flow.extend(checker.network((statement,)))
    shape, classes = _input(given) if given else (None, None)
    if not flow:
        last = raw[-1] if raw and given is None else given
        raise NotationError(
            "there are definitions, but no network that uses them; a definition ends with its "
            "line, and the network begins on the next"
            if given is None
            else "the network ends behind its input; put words after it, such as conv 32",
            position=last.position if last else 0,
        )
    anchored = [*definitions, given, *flow]
    comment, remarks = assign(text, [s.position if s else None for s in anchored])
    return Network(tuple(flow), tuple(definitions), shape, classes, comment, remarks, text)


def _input(word: Word) -> tuple[tuple[int, ...] | None, int | None]:
    """Take an input line apart: its shape, its classes."""
    classes: int | None = None
    for option in word.options:
        if option.name != "classes":
            meant = suggestion(option.name, ["classes"])
            raise NotationError(
                f"input has no option '{option.name}'; "
                + (f"did you mean '{meant}'?" if meant else "it has classes"),
                position=option.position,
            )
        if not isinstance(option.value, Number) or option.value.value < 1:
            raise NotationError(
                f"input got classes={option.value}; expected a number such as classes=10",
                position=option.value.position,
            )
        classes = option.value.value
    if not word.arguments:
        if classes is None:
            raise NotationError(
                "input says nothing; write it as input 3x224x224 classes=10", position=word.position
            )
        return None, classes
    first, *surplus = word.arguments
    try:
        if surplus or not isinstance(first, Size):
            raise NotationError(
                "input is channels x rows x columns, as in 3x224x224, but got "
                + " ".join(map(str, word.arguments))
            )
        check_input(first.sides)
    except NotationError as error:
        raise NotationError(error.message, position=first.position) from None
    return first.sides, classes
