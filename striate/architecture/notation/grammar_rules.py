"""What each rule of the grammar becomes: tokens -> nodes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from lark import Token, Transformer

from striate.architecture.notation.nodes import (
    Arithmetic,
    Branches,
    Call,
    Decimal,
    Definition,
    Flow,
    FourSides,
    Item,
    Name,
    Number,
    Option,
    Parameter,
    Repeat,
    Rows,
    Size,
    Value,
    Word,
)
from striate.architecture.notation.suggestions import shorten
from striate.architecture.notation.values import LARGEST
from striate.architecture.words import ConnectionTable, Sides
from striate.errors import NotationError

Argument = Value | Option
DIGITS: Final = len(str(LARGEST))


class Nodes(Transformer[Token, object]):
    """One method a rule, called by the parser from the inside out; it holds no state."""

    def start(self, statements: list[Definition | Item]) -> list[Definition | Item]:
        """The whole text: its statements."""
        return statements

    def definition(self, parts: tuple[Token | Call, Token, Flow]) -> Definition:
        """``name(p, q=1) = flow`` or ``name = flow``."""
        head, _, flow = parts
        if isinstance(head, Token):
            return Definition(str(head), (), flow, _start(head))
        parameters = [_parameter(argument) for argument in (*head.arguments, *head.options)]
        parameters.sort(key=lambda parameter: parameter.position)
        return Definition(head.name, tuple(parameters), flow, head.position)

    def flow(self, items: list[Item]) -> Flow:
        """Items with > between them."""
        return tuple(items)

    flow_of_line = flow

    def word(self, parts: Sequence[Token | Argument]) -> Word:
        """A name and what stands behind it, divided by blanks."""
        name, *rest = parts
        arguments, options = _divided(rest, "conv 3x3 64 stride=2")
        return Word(str(name), arguments, options, _start(name))

    def call(self, parts: Sequence[Token | Argument]) -> Call:
        """A name whose opening bracket touches it."""
        name, *rest = parts
        arguments, options = _divided(rest, "unit(64, stride=2)")
        return Call(str(name)[:-1], arguments, options, _start(name))

    def repeat(self, parts: tuple[Token, Flow, Token, Token, Value]) -> Repeat:
        """``[flow]*count``."""
        bracket, flow, _, _, count = parts
        return Repeat(flow, count, _start(bracket))

    def branch(self, flows: list[Flow]) -> Flow:
        """What stands between two bars; nothing is found wanting in `branches`."""
        return flows[0] if flows else ()

    def branches(self, parts: Sequence[Token | Flow]) -> Branches:
        """``cat(flow | flow)`` or ``add(flow | flow)``."""
        join, *rest = parts
        name = str(join)[:-1].rstrip()
        flows: list[Flow] = []
        for part, divider in zip(rest[::2], rest[1::2], strict=True):
            if part == ():
                raise NotationError(
                    f"a branch of {name} is empty; write identity where nothing is to happen",
                    position=_start(divider),
                )
            if not isinstance(part, Token):
                flows.append(part)
        if len(flows) < 2:
            raise NotationError(
                f"{name} needs two branches or more, divided by '|': {name}(conv 8 | identity)",
                position=_start(join),
            )
        return Branches(name, tuple(flows), _start(join))

    def option(self, parts: tuple[Token, Token, Value]) -> Option:
        """``name=value``."""
        name, _, value = parts
        return Option(str(name), value, _start(name))

    def total(self, parts: Sequence[Value | Token]) -> Arithmetic:
        """A sum, or a product."""
        first, *rest = (part for part in parts if not isinstance(part, Token))
        operators = [str(part) for part in parts if isinstance(part, Token)]
        return Arithmetic(first, tuple(zip(operators, rest, strict=True)), first.position)

    product = total

    def bracketed(self, parts: tuple[Token, Value, Token]) -> Value:
        """``(value)``; the tree itself keeps what belongs together."""
        return parts[1]

    def name(self, parts: tuple[Token]) -> Name:
        """A name where a value belongs."""
        return Name(str(parts[0]), _start(parts[0]))

    def number(self, parts: tuple[Token]) -> Number | Decimal | Size | FourSides | Rows:
        """Whatever begins with a digit."""
        text, position = str(parts[0]), _start(parts[0])
        if re.fullmatch("[0-9]+", text):
            return Number(_whole(text, position), position)
        if re.fullmatch("[0-9]+(x[0-9]+)+", text):
            sides = tuple(_whole(side, position) for side in text.split("x"))
            return Size(sides, position)
        if re.fullmatch("[0-9]+(:[0-9]+)+", text):
            return FourSides(_four_sides(text, position), position)
        if re.fullmatch("[0-9]+(_[0-9]+)+", text):
            return Rows(ConnectionTable(tuple(text.split("_"))), position)
        if re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text):
            value = float(text)
            if math.isinf(value) or value > LARGEST:
                raise _too_large(text, position)
            return Decimal(value, position)
        lowered = text.lower()
        meant = re.fullmatch("[0-9]+(x[0-9]+)+", lowered)
        raise NotationError(
            f"'{shorten(text)}' is neither a number nor a size; "
            + (f"write {lowered}" if meant else "expected something like 64, 0.5 or 3x3"),
            position=position,
        )


def _start(token: object) -> int:
    """Where a token begins; the parser sets it for every token it reads."""
    return (token.start_pos or 0) if isinstance(token, Token) else 0


def _whole(digits: str, position: int) -> int:
    digits = digits.lstrip("0") or "0"
    if len(digits) > DIGITS:
        raise _too_large(digits, position)
    return int(digits)


def _four_sides(text: str, position: int) -> Sides:
    sides = [_whole(side, position) for side in text.split(":")]
    if len(sides) != 4:
        raise NotationError(
            f"'{shorten(text)}' is a padding of {len(sides)} sides; expected four, "
            "top:bottom:left:right, as in 0:1:0:1",
            position=position,
        )
    return Sides(*sides)


def _too_large(text: str, position: int) -> NotationError:
    return NotationError(
        f"{shorten(text)} is more than {LARGEST:,}, the largest number there is",
        position=position,
    )


def _divided(
    parts: Sequence[Token | Argument], example: str
) -> tuple[tuple[Value, ...], tuple[Option, ...]]:
    """Tell bare arguments from options; the bare ones come first."""
    arguments: list[Value] = []
    options: list[Option] = []
    for part in parts:
        if isinstance(part, Option):
            options.append(part)
        elif not isinstance(part, Token):
            if options:
                raise NotationError(
                    f"'{part}' stands behind '{options[-1]}'; "
                    f"bare arguments come before options: {example}",
                    position=part.position,
                )
            arguments.append(part)
    return tuple(arguments), tuple(options)


def _parameter(argument: Argument) -> Parameter:
    """Read what stands in the brackets of a definition."""
    if isinstance(argument, Option):
        return Parameter(argument.name, argument.value, argument.position)
    if isinstance(argument, Name):
        return Parameter(argument.name, None, argument.position)
    raise NotationError(
        f"'{argument}' is no name for a parameter; expected names, as in unit(k, c, stride=1)",
        position=argument.position,
    )
