"""The parser of network texts: made of the grammar, or of the table that was made of it before.

Making it takes a third of the time that describing a network takes, so its table lies beside this
file, as lark's own `lark.tools.serialize` writes it. It counts for the very grammar and the very
version of lark that it was made with; with any other, the parser is made anew, to the same effect.
After a change of either, write it anew: ``make table``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import lark
from lark import Lark

from striate.architecture.notation.grammar import GRAMMAR, Lines
from striate.architecture.notation.grammar_rules import Nodes

TABLE: Final = Path(__file__).with_name("table.json")


@cache
def parser() -> Lark:
    """Give the parser, whose ``parse`` turns a text into the nodes of its statements."""
    stored = json.loads(TABLE.read_text(encoding="utf-8"))
    if stored["lark"] == lark.__version__ and stored["grammar"] == GRAMMAR:
        data, memo = _numbered(stored["data"]), _numbered(stored["memo"])
        data["options"] |= {"postlex": Lines(), "transformer": Nodes()}
        load: Callable[..., Lark] = Lark.load  # of what `Lark.save` would have put into a pickle
        return load({"data": data, "memo": memo})
    return made()


def made() -> Lark:
    """Make the parser of the grammar; some 20 ms and more."""
    return Lark(GRAMMAR, parser="lalr", lexer="basic", postlex=Lines(), transformer=Nodes())


def table() -> str:
    """Write what `parser` reads: the parser's table, and what it was made of and with."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    plain = Lark(GRAMMAR, parser="lalr", lexer="basic")  # what stands behind the lexer comes later
    data, memo = plain.memo_serialize([TerminalDef, Rule])
    stored = {"lark": lark.__version__, "grammar": GRAMMAR, "data": data, "memo": memo}
    return json.dumps(stored, separators=(",", ":")) + "\n"


def _numbered(value: Any) -> Any:
    """Make the keys whole numbers again where JSON has made texts of them."""
    if isinstance(value, dict):
        return {int(k) if k.isdigit() else k: _numbered(inner) for k, inner in value.items()}
    return [_numbered(inner) for inner in value] if isinstance(value, list) else value


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
