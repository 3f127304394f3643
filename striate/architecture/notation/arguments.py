"""A word and its values -> its layer: which value is which argument, and whether it fits."""

from __future__ import annotations

from collections.abc import Mapping

from striate.architecture.notation.nodes import Option, Value, Word
from striate.architecture.notation.suggestions import suggestion
from striate.architecture.notation.values import Given, evaluate
from striate.architecture.words import (
    WORDS,
    ConnectionTable,
    Kind,
    Layer,
    Pair,
    Sides,
    text_of,
)
from striate.errors import NotationError


def check_arguments(word: Word) -> None:
    """Make sure that a word has no argument too many, unknown, twice or missing.

    Raises:
        NotationError: with the position of the argument.
    """
    kind = WORDS[word.name]
    if len(word.arguments) > len(kind.bare):
        surplus = word.arguments[len(kind.bare)]
        raise NotationError(
            f"{word.name} takes {_count(kind.bare)}, but got {len(word.arguments)}: "
            f"'{surplus}' is too many",
            position=surplus.position,
        )
    taken = set(slots(kind, len(word.arguments)))
    for option in word.options:
        if option.name not in kind.named:
            raise NotationError(_no_option(kind, option), position=option.position)
        if option.name in taken:
            raise NotationError(
                f"{word.name} got its {option.name} twice; leave one out",
                position=option.position,
            )
        taken.add(option.name)
    if word.name == "fc" and "units" not in taken:
        return  # a bare fc has as many units as there are classes
    for name in kind.bare:
        if name not in taken and name not in kind.defaults():
            needed = f"{word.name} needs its {name}: {kind.example or word.name}"
            raise NotationError(needed, position=word.position)


def slots(kind: type[Layer], count: int) -> tuple[str, ...]:
    """Say which arguments ``count`` bare values are: those that must be given come first.

    >>> slots(WORDS["conv"], 1), slots(WORDS["conv"], 2), slots(WORDS["lrn"], 2)
    (('channels',), ('kernel', 'channels'), ('size', 'alpha'))
    """
    names = list(kind.bare)
    defaults = kind.defaults()
    while len(names) > count and names[0] in defaults and names[-1] not in defaults:
        del names[0]
    return tuple(names[:count])


def bind(word: Word, names: Mapping[str, Given]) -> Layer:
    """Make the layer that a word stands for.

    Args:
        word: checked by `check_arguments`.
        names: what the parameters, ``in`` and ``classes`` are here.

    Raises:
        NotationError: a value is of the wrong kind or out of range.

    >>> from striate.architecture.notation.nodes import Number, Size
    >>> print(bind(Word("conv", (Size((5, 5)), Number(8))), {}))
    conv 5x5 8
    """
    kind = WORDS[word.name]
    values: dict[str, Value] = dict(
        zip(slots(kind, len(word.arguments)), word.arguments, strict=True)
    )
    values |= {option.name: option.value for option in word.options}
    given = {name: evaluate(value, names) for name, value in values.items()}
    if word.name == "conv":
        _check_order(word, given)
    converted: dict[str, object] = {}
    for name, value in given.items():
        try:
            converted[name] = convert(kind.arguments[name], value)
        except ValueError:
            raise NotationError(
                f"{word.name} got {_origin(values[name], value)} as its {name}; "
                f"expected {kind.arguments[name].value}",
                position=values[name].position,
            ) from None
        try:
            kind.check(name, converted[name])
        except NotationError as error:
            raise NotationError(error.message, position=values[name].position) from None
    try:
        return kind(**converted)
    except NotationError as error:
        raise NotationError(error.message, position=word.position) from None


def convert(kind: Kind, value: Given) -> object:
    """Give a value as the layers want it.

    Raises:
        ValueError: it is of another kind.

    >>> convert(Kind.PAIR, 2), convert(Kind.SWITCH, "no"), convert(Kind.PADDING, "valid")
    ((2, 2), False, (0, 0))
    """
    match kind, value:
        case Kind.WHOLE, int():
            return value
        case ((Kind.PAIR | Kind.PADDING), int()):
            return value, value
        case ((Kind.SIZE | Kind.PAIR | Kind.PADDING), (int(), int())):
            return value
        case Kind.PADDING, ("same" | "end" | "valid"):
            return (0, 0) if value == "valid" else value
        case Kind.PADDING, Sides(top, bottom, left, right):
            return (top, left) if (top, left) == (bottom, right) else value
        case Kind.SWITCH, ("yes" | "no"):
            return value == "yes"
        case Kind.BORDER, ("zero" | "edge"):
            return value
        case Kind.TABLE, ConnectionTable():
            return value
        case Kind.DECIMAL, (int() | float()):
            return float(value)
    raise ValueError(value)


def _check_order(word: Word, given: Mapping[str, Given]) -> None:
    """Say at once how a conv with mixed-up bare arguments is to be written."""
    kernel, channels = given.get("kernel"), given["channels"]
    right: Pair | tuple[int, ...] | None = None
    if isinstance(channels, tuple) and len(channels) == 2:
        if kernel is None:
            raise NotationError(
                f"conv needs its channels behind the kernel: conv {text_of(channels)} 64",
                position=word.arguments[0].position,
            )
        if isinstance(kernel, int):
            right, number = channels, kernel
    elif isinstance(kernel, int) and isinstance(channels, int):
        number, side = max(kernel, channels), min(kernel, channels)
        right = (side, side)
    if right is not None:
        raise NotationError(
            f"conv got {given['kernel']} as its kernel and {text_of(channels)} as its channels; "
            f"expected a size, then a number: conv {text_of(right)} {number}",
            position=word.arguments[0].position,
        )


def _origin(value: Value, given: Given) -> str:
    written, worked_out = str(value), text_of(given)
    return written if written == worked_out else f"{written}, which is {worked_out},"


def _count(names: tuple[str, ...]) -> str:
    if not names:
        return "no bare arguments"
    return f"{len(names)} bare argument{'s' * (len(names) > 1)} ({', '.join(names)})"


def _no_option(kind: type[Layer], option: Option) -> str:
    if option.name in kind.bare:
        return f"{kind.word} takes its {option.name} bare: {kind.example}"
    start = f"{kind.word} has no option '{option.name}'"
    meant = suggestion(option.name, kind.named)
    if meant:
        return f"{start}; did you mean '{meant}'?"
    return f"{start}; it has {', '.join(kind.named) or 'none'}"
