"""What must hold of a text before anything is worked out: every name known, every argument used."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

from striate.architecture import zoo
from striate.architecture.notation.arguments import bind, check_arguments
from striate.architecture.notation.nodes import (
    Arithmetic,
    Branches,
    Call,
    Definition,
    Flow,
    Item,
    Name,
    Option,
    Parameter,
    Repeat,
    Value,
    Word,
)
from striate.architecture.notation.suggestions import shorten, suggestion, value_meant, word_meant
from striate.architecture.notation.values import OPTION_WORDS
from striate.architecture.words import JOINS, WORDS
from striate.errors import NotationError

SURROUNDING: Final = ("in", "classes")  # the values that are there without being given
DEEPEST: Final = 100  # brackets and calls within each other


class Checker:
    """Goes through the statements of a text from top to bottom and knows what is defined so far.

    Args:
        definitions: all of them, to tell what is defined too late from what is unknown.
    """

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._all = {definition.name: definition for definition in definitions}
        self._depths: dict[str, int] = {}  # of what is defined so far
        self._blocks: dict[str, Definition] = {}
        self._inside: Definition | None = None

    def definition(self, definition: Definition) -> Definition:
        """Check a block and remember it.

        Raises:
            NotationError: a name is taken, reserved or unknown, or arguments do not fit.
        """
        self._check_name(definition)
        scope: set[str] = set(SURROUNDING)
        for parameter in definition.parameters:
            _check_parameter(parameter, scope)
            if parameter.default is not None:
                self._value(parameter.default, scope)
            scope.add(parameter.name)
        self._inside = definition
        flow, depth = self._flow(definition.flow, scope)
        self._inside = None
        if depth > DEEPEST:
            raise NotationError(
                f"blocks and brackets lie more than {DEEPEST} deep in '{definition.name}'",
                position=definition.position,
            )
        checked = dataclasses.replace(definition, flow=flow)
        self._blocks[definition.name] = checked
        self._depths[definition.name] = depth
        return checked

    def network(self, flow: Flow) -> Flow:
        """Check the items of the network itself."""
        return self._flow(flow, set(SURROUNDING))[0]

    def _check_name(self, definition: Definition) -> None:
        name, position = definition.name, definition.position
        if name in WORDS or name in JOINS or name == "input":
            raise NotationError(
                f"'{name}' is a word of the notation; give the block another name",
                position=position,
            )
        if name in SURROUNDING or name in OPTION_WORDS:
            raise NotationError(
                f"'{name}' is a value of the notation; give the block another name",
                position=position,
            )
        if name in self._blocks:
            raise NotationError(
                f"'{name}' is defined twice; give one of them another name", position=position
            )
        if name.endswith("_"):
            raise NotationError(
                f"the name of a block must not end with an underscore; call it '{name}block'",
                position=position,
            )

    def _flow(self, flow: Flow, scope: set[str]) -> tuple[Flow, int]:
        """Check items; give them with block names told from words, and how deep they lie."""
        checked = [self._item(item, scope) for item in flow]
        return tuple(item for item, _ in checked), max(depth for _, depth in checked)

    def _item(self, item: Item, scope: set[str]) -> tuple[Item, int]:
        match item:
            case Word():
                return self._word(item, scope)
            case Call():
                return self._call(item, scope)
            case Repeat():
                self._value(item.count, scope)
                flow, depth = self._flow(item.flow, scope)
                return dataclasses.replace(item, flow=flow), depth + 1
            case Branches():
                pairs = [self._flow(branch, scope) for branch in item.branches]
                flows = tuple(flow for flow, _ in pairs)
                deepest = max(depth for _, depth in pairs)
                return dataclasses.replace(item, branches=flows), deepest + 1

    def _word(self, word: Word, scope: set[str]) -> tuple[Item, int]:
        if word.name in self._blocks:
            if word.arguments or word.options:
                inside = ", ".join(map(str, (*word.arguments, *word.options)))
                raise NotationError(
                    f"'{word.name}' is a block and takes its arguments in brackets that touch "
                    f"its name: {word.name}({inside})",
                    position=word.position,
                )
            return self._call(Call(word.name, position=word.position), scope)
        if word.name == "input":
            raise NotationError(self._misplaced_input(), position=word.position)
        if word.name not in WORDS:
            self._refuse(word, scope)
        _check_equals_signs(word, WORDS[word.name].named, scope)
        for value in _values(word):
            self._value(value, scope)
        check_arguments(word)
        bare_fc = word.name == "fc" and not word.arguments
        if not bare_fc and all(map(_is_constant, _values(word))):
            bind(word, {})
        return word, 1

    def _call(self, call: Call, scope: set[str]) -> tuple[Item, int]:
        block = self._blocks.get(call.name)
        if block is None:
            self._refuse(call, scope)
        parameters = [parameter.name for parameter in block.parameters]
        _check_equals_signs(call, parameters, scope)
        for value in _values(call):
            self._value(value, scope)
        if len(call.arguments) > len(parameters):
            surplus = call.arguments[len(parameters)]
            raise NotationError(
                f"{block.head} takes {len(parameters)} argument{'s' * (len(parameters) != 1)}, "
                f"but got {len(call.arguments)}: '{surplus}' is too many",
                position=surplus.position,
            )
        taken = set(parameters[: len(call.arguments)])
        for option in call.options:
            _check_option(option, block, taken)
            taken.add(option.name)
        for parameter in block.parameters:
            if parameter.default is None and parameter.name not in taken:
                raise NotationError(
                    f"{block.head} is called without its {parameter.name}",
                    position=call.position,
                )
        return call, self._depths[call.name] + 1

    def _value(self, value: Value, scope: set[str]) -> None:
        if isinstance(value, Arithmetic):
            for operand in (value.first, *(operand for _, operand in value.rest)):
                self._value(operand, scope)
        if not isinstance(value, Name) or value.name in scope or value.name in OPTION_WORDS:
            return
        name = value.name
        if name in WORDS or name in JOINS or name in self._blocks or name == "input":
            raise NotationError(
                f"'{name}' is {'a block' if name in self._blocks else 'a word'}, not a value; "
                "a '>' is missing before it",
                position=value.position,
            )
        if name == "x":
            raise NotationError("a size is written without blanks: 3x3", position=value.position)
        meant = value_meant(name, [*sorted(scope), *OPTION_WORDS])
        known = ", ".join(sorted(scope - set(SURROUNDING)) + list(SURROUNDING))
        raise NotationError(
            f"unknown value '{shorten(name)}'; "
            + (f"did you mean '{meant}'?" if meant else f"the values known here are {known}"),
            position=value.position,
        )

    def _refuse(self, item: Word | Call, scope: set[str]) -> NoReturn:
        """Say why something that is no word is no known block either, and how to mend it."""
        name = item.name
        inside = (*item.arguments, *item.options)
        if name in JOINS:
            message = f"{name} takes its branches in brackets: {name}(conv 8 | identity)"
        elif name in WORDS or name == "input":
            right = " ".join(map(str, (name, *inside)))
            message = f"'{name}' is a word and takes its arguments bare: {right}"
        elif self._inside is not None and name == self._inside.name:
            message = f"'{name}' calls itself; a block may only use blocks defined before it"
        elif name in self._all:
            message = f"'{name}' is used before it is defined; move its definition up"
        elif name in scope or name in OPTION_WORDS:
            message = f"'{name}' is a value, but a word such as conv was expected"
        elif name in zoo.names():
            message = f"'{name}' is a whole network and stands alone; `striate zoo {name}` prints "
            message += "its text, to be copied and changed"
        else:
            meant = word_meant(name, self._blocks)
            known = ", ".join((*self._blocks, *WORDS, *JOINS))
            message = f"unknown {'block' if isinstance(item, Call) else 'word'} "
            message += f"'{shorten(name)}'; "
            message += f"did you mean '{meant}'?" if meant else f"the words are {known}"
        raise NotationError(message, position=item.position)

    def _misplaced_input(self) -> str:
        if self._inside is not None:
            return (
                f"input stands inside the definition of '{self._inside.name}'; "
                "end the definition before it with a new line"
            )
        return (
            "input must be the first word of the network; a definition ends with its line, so "
            "join lines that belong to it with '>'"
        )


def _check_parameter(parameter: Parameter, scope: set[str]) -> None:
    name = parameter.name
    if name in scope and name not in SURROUNDING:
        raise NotationError(
            f"the parameter '{name}' stands there twice", position=parameter.position
        )
    if name in WORDS or name in JOINS or name in {"input", *SURROUNDING, *OPTION_WORDS}:
        raise NotationError(
            f"'{name}' means something already; give the parameter another name",
            position=parameter.position,
        )


def _check_equals_signs(item: Word | Call, names: Sequence[str], scope: set[str]) -> None:
    """Explain ``stride 2`` where ``stride=2`` was meant."""
    for value in item.arguments:
        if isinstance(value, Name) and value.name in names and value.name not in scope:
            raise NotationError(
                f"'{value.name}' is an argument of {item.name}, not a value; "
                f"say what it is: {value.name}=...",
                position=value.position,
            )


def _check_option(option: Option, block: Definition, taken: set[str]) -> None:
    names = [parameter.name for parameter in block.parameters]
    if option.name not in names:
        meant = suggestion(option.name, names)
        raise NotationError(
            f"{block.head} has no parameter '{option.name}'; "
            + (f"did you mean '{meant}'?" if meant else f"it has {', '.join(names) or 'none'}"),
            position=option.position,
        )
    if option.name in taken:
        raise NotationError(
            f"{block.head} got its {option.name} twice; leave one out", position=option.position
        )


def _values(item: Word | Call) -> Sequence[Value]:
    return (*item.arguments, *(option.value for option in item.options))


def _is_constant(value: Value) -> bool:
    """Whether a value is the same wherever it stands."""
    if isinstance(value, Arithmetic):
        return all(map(_is_constant, (value.first, *(operand for _, operand in value.rest))))
    return not isinstance(value, Name) or value.name in OPTION_WORDS
