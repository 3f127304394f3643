"""The grammar of network texts, for lark's LALR parser, and what becomes of new lines.

The lexer knows no context; `Lines` stands behind it, pairs brackets and drops the new lines
that mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token

from striate.errors import NotationError

GRAMMAR = r"""
start: _statement (_NL _statement)*
_statement: definition | _line
_line: item (_THEN item)*
definition: head EQUAL flow_of_line
flow_of_line: _line
?head: NAME | call

?item: word | call | repeat | branches
word: NAME _argument*
call: CALL (_call_argument (COMMA _call_argument)*)? RPAR
repeat: LSQB flow RSQB STAR count
branches: JOIN branch (BAR branch)* RPAR
branch: flow?
flow: item ((_THEN | _NL) item)*

_argument: total | option
_call_argument: total | option
option: NAME EQUAL total
?count: number | name | LPAR total RPAR -> bracketed
?total: product ((PLUS | MINUS) product)*
?product: atom ((STAR | SLASH) atom)*
?atom: number | name | LPAR total RPAR -> bracketed
number: NUMBER
name: NAME

JOIN.3: /(cat|add|mul)[ \t\xa0]*\(/
CALL.2: /[A-Za-z_][A-Za-z0-9_]*\(/
NAME.1: /[A-Za-z_][A-Za-z0-9_]*/
NUMBER: /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[A-Za-z0-9_.:]*/
_THEN: ">"
_NL: /\n/
LPAR: "("
RPAR: ")"
LSQB: "["
RSQB: "]"
BAR: "|"
COMMA: ","
EQUAL: "="
PLUS: "+"
MINUS: "-"
STAR: "*"
SLASH: "/"
%ignore /[ \t\xa0]+/
%ignore /\#[^\n]*/
"""

DEEPEST = 50  # brackets within brackets
OPENERS = {"LPAR": ")", "CALL": ")", "JOIN": ")", "LSQB": "]"}
CLOSERS = {"RPAR": ")", "RSQB": "]"}
OPERATORS = {"_THEN", "BAR", "COMMA", "EQUAL", "PLUS", "MINUS", "STAR", "SLASH"}
NOTHING_AFTER = OPERATORS | OPENERS.keys()
NOTHING_BEFORE = OPERATORS | CLOSERS.keys()


class Lines:
    """Drops the new lines that mean nothing, and finds brackets that do not pair."""

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Pass the meaningful tokens on.

        Raises:
            NotationError: a bracket is not closed, closes nothing or lies too deep.
        """
        brackets: list[Token] = []
        line: Token | None = None
        before = "_THEN"  # the kind of the last token; at the start, new lines mean nothing
        for token in stream:
            if token.type == "_NL":
                line = line or token
                continue
            _pair(brackets, token)
            if line and before not in NOTHING_AFTER and token.type not in NOTHING_BEFORE:
                yield line
            line = None
            before = token.type
            yield token
        if brackets:
            last = brackets[-1]
            raise NotationError(
                f"'{last}' is never closed; put a '{OPENERS[last.type]}' where it ends",
                position=last.start_pos,
            )


def _pair(brackets: list[Token], token: Token) -> None:
    """Keep the pile of open brackets."""
    if token.type in OPENERS:
        brackets.append(token)
        if len(brackets) > DEEPEST:
            raise NotationError(
                f"brackets lie more than {DEEPEST} deep; define blocks and call them instead",
                position=token.start_pos,
            )
    elif token.type in CLOSERS:
        if not brackets:
            raise NotationError(
                f"'{token}' closes nothing; take it out, or open it before",
                position=token.start_pos,
            )
        opener = brackets.pop()
        if OPENERS[opener.type] != CLOSERS[token.type]:
            raise NotationError(
                f"'{opener}' in line {opener.line} is closed by '{token}'; "
                f"expected '{OPENERS[opener.type]}'",
                position=token.start_pos,
            )
