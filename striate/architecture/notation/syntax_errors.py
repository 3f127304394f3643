"""What to say where a text breaks the grammar: what stands there, and how to mend it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from typing import Final

from lark import Token

from striate.architecture.notation.comments import without_comments
from striate.errors import NotationError

# Characters that people type, or paste from papers and other notations.
CHARACTERS: Final = {
    "?": "there are no optional words; write those that there are",
    ";": "'then' is written '>' or a new line",
    ":": "an option is written name=value",
    "{": "a repeat is written [ ... ]*3",
    "}": "a repeat is written [ ... ]*3",
    "'": "nothing is put in quotation marks",
    '"': "nothing is put in quotation marks",
    "×": "a size is written with the letter x: 3x3",
    "✕": "a size is written with the letter x: 3x3",
    "→": "'then' is written '>'",
    "⟶": "'then' is written '>'",
    "➔": "'then' is written '>'",
    "»": "'then' is written '>'",
    "<": "'then' is written '>'",
    "−": "minus is written -",
    "–": "minus is written -",
    "—": "minus is written -",
    "∗": "a repeat is written [ ... ]*3",
    "·": "times is written *",
    "^": "write the product out: c*c",
    ".": "a decimal is written 0.5; names have no dots in them",
    "/": "a comment begins with #",
}
READABLE: Final = {
    "NAME": "a name",
    "CALL": "a block",
    "JOIN": "cat( or add(",
    "NUMBER": "a number",
    "_THEN": "'>'",
    "_NL": "a new line",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "BAR": "'|'",
    "COMMA": "','",
    "EQUAL": "'='",
    "PLUS": "'+'",
    "MINUS": "'-'",
    "STAR": "'*'",
    "SLASH": "'/'",
    "$END": "the end",
}
VALUE_WANTED: Final = "(,=+-*/"


def strange_character(text: str, position: int) -> NotationError:
    """Explain a character that has no place in the notation."""
    character = text[position]
    hint = CHARACTERS.get(
        character, "it is written with letters, digits and > [ ] ( ) | , = + - * / #"
    )
    if not character.isprintable():
        name = unicodedata.name(character, "").lower()
        shown = f"U+{ord(character):04X}" + (f", {name}," if name else "")
        hint = "a network is plain text"
    else:
        shown = f"'{character}'"
    return NotationError(f"{shown} means nothing here; {hint}", position=position)


def explain_misplaced(text: str, token: Token, accepted: Set[str]) -> NotationError:
    """Explain a token that cannot stand where it stands.

    Args:
        text: the whole text.
        token: the one that the grammar refuses.
        accepted: the kinds of token that could stand there.
    """
    end = token.type == "$END"
    plain = without_comments(text)
    position = len(plain.rstrip()) if end else (token.start_pos or 0)
    before = plain[:position].rstrip()
    previous = before[-1:]
    message = (
        _arrow(text, position)
        or _missing_count(text, token, accepted)
        or _nothing_between(token, previous, accepted)
        or _missing_then(token, previous, accepted)
        or _wrong_divider(token, previous, accepted)
    )
    if message is None:
        what = "the text ends here" if end else f"{_quoted(token)} cannot stand here"
        wanted = ", ".join(READABLE[kind] for kind in READABLE if kind in accepted)
        message = f"{what}; expected {wanted}"
    return NotationError(message, position=position)


def _quoted(token: Token) -> str:
    return "a new line" if token.type == "_NL" else f"'{token}'"


def _arrow(text: str, position: int) -> str | None:
    """Explain the arrow of other notations, at its first or second sign."""
    if text.startswith("->", position) or text.startswith("->", max(0, position - 1)):
        return "'then' is written '>', not '->'"
    return None


def _missing_count(text: str, token: Token, accepted: Set[str]) -> str | None:
    if accepted == {"STAR"}:
        return "a repeat needs its count: [ ... ]*3"
    if token.type == "NUMBER" and re.match(r"\s*\*\s*[\[(]", text[token.end_pos or 0 :]):
        return f"a repeat has its count behind it: [ ... ]*{token}"
    if accepted == {"NUMBER", "NAME", "LPAR"} and token.type in {"LSQB", "CALL", "JOIN"}:
        return f"'{token}' is no value; expected a number, a name or a sum in brackets"
    return None


def _nothing_between(token: Token, previous: str, accepted: Set[str]) -> str | None:
    """Explain operators and brackets with nothing in front of them."""
    if token.type == "$END":
        gap = f"behind '{previous}', at the end of the text"
    else:
        gap = f"between '{previous}' and {_quoted(token)}"
    if token.type in {"_THEN", "RSQB", "RPAR", "BAR", "$END"} and previous in ("", *">[|("):
        if token.type == "_THEN" and previous == "":
            return "nothing stands before '>'; the text begins with a word"
        if previous == "":
            return None
        return f"a word is missing {gap}"
    if token.type == "_THEN" and previous == "=":
        return f"a word is missing {gap}"
    kinds = {"COMMA", "RPAR", "STAR", "SLASH", "PLUS", "MINUS", "EQUAL", "$END", "_THEN", "RSQB"}
    if token.type in kinds | {"BAR", "_NL"} and previous and previous in VALUE_WANTED:
        return f"a {'word' if 'LSQB' in accepted else 'value'} is missing {gap}"
    return None


def _missing_then(token: Token, previous: str, accepted: Set[str]) -> str | None:
    """Explain words that follow each other without a '>', and values where a word belongs."""
    starts_item = token.type in {"NAME", "CALL", "JOIN", "LSQB"}
    if starts_item and "_THEN" in accepted:
        return f"a '>' is missing before '{token}'"
    if starts_item and previous and previous in VALUE_WANTED:
        return f"'{token}' is no value; expected a number, a size, a name or a sum"
    if token.type in {"NUMBER", "LPAR"} and "_THEN" in accepted:
        return (
            f"'{token}' cannot stand behind a closing bracket or a count; "
            "put arguments inside the brackets, or a '>' and a word before it"
        )
    if token.type == "NUMBER" and "NAME" in accepted:
        return f"'{token}' is a value, but a word was expected, as in 'conv {token}'"
    if token.type == "LPAR" and "NAME" in accepted:
        return "round brackets hold values and arguments; a repeat is written [ ... ]*3"
    return None


def _wrong_divider(token: Token, previous: str, accepted: Set[str]) -> str | None:
    """Explain signs that belong to another place."""
    if token.type == "COMMA" and "BAR" in accepted:
        return "branches are divided by '|', not by commas"
    if token.type == "COMMA" and "RPAR" in accepted and "COMMA" not in accepted:
        return "a size is written with an x, without brackets and commas: 3x3"
    if token.type == "COMMA" and "_THEN" in accepted:
        return "arguments of words are divided by blanks, not by commas: conv 3x3 64"
    if token.type == "BAR":
        return "'|' divides branches and stands inside cat( ) or add( ) alone"
    if token.type == "STAR" and previous == ")":
        return "a repeat is written in square brackets: [ ... ]*3"
    if token.type == "STAR":
        return "a repeat has one count; write a product in brackets: [ ... ]*(2*3)"
    if token.type == "EQUAL":
        return "a definition stands on a line of its own: put its name on a new line"
    if token.type == "_NL" and "COMMA" in accepted:
        return "a ',' or ')' is missing at the end of this line"
    return None
