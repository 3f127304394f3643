"""What a network text is made of, as frozen nodes: values, words, calls, repeats, branches.

Every node writes itself as canonical text on one line. Positions are indices into the text
that the node was read from; they serve error messages and take no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from striate.architecture.words import ConnectionTable, Sides, text_of


def _position() -> int:
    return field(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Number:
    """A whole number: 64."""

    value: int
    position: int = _position()

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Decimal:
    """A decimal number: 0.5 or 1e-5."""

    value: float
    position: int = _position()

    def __str__(self) -> str:
        return text_of(self.value)


@dataclass(frozen=True)
class Size:
    """A size, 3x3, or the shape of the input, 3x224x224."""

    sides: tuple[int, ...]
    position: int = _position()

    def __str__(self) -> str:
        return text_of(self.sides)


@dataclass(frozen=True)
class FourSides:
    """What is added at each side: 0:1:0:1, the top, the bottom, the left, the right."""

    sides: Sides
    position: int = _position()

    def __str__(self) -> str:
        return text_of(self.sides)


@dataclass(frozen=True)
class Rows:
    """The table of a convolution, a row a channel: 012_123_234."""

    table: ConnectionTable
    position: int = _position()

    def __str__(self) -> str:
        return text_of(self.table)


@dataclass(frozen=True)
class Name:
    """A parameter, ``in``, ``classes``, or an option word such as ``valid``."""

    name: str
    position: int = _position()

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Arithmetic:
    """A sum such as a+b-1, or a product such as in*2/3, worked out from left to right.

    Attributes:
        first: the first operand.
        rest: (operator, operand) pairs; all operators are of + and -, or all of * and /.
    """

    first: Value
    rest: tuple[tuple[str, Value], ...]
    position: int = _position()

    @property
    def is_sum(self) -> bool:
        """Whether its operators are + and -."""
        return self.rest[0][0] in "+-"

    def __str__(self) -> str:
        parts = [self._operand(self.first)]
        for operator, operand in self.rest:
            parts += [operator, self._operand(operand)]
        return "".join(parts)

    def _operand(self, operand: Value) -> str:
        inner = isinstance(operand, Arithmetic) and not (self.is_sum and not operand.is_sum)
        return f"({operand})" if inner else str(operand)


Value = Number | Decimal | Size | FourSides | Rows | Name | Arithmetic


@dataclass(frozen=True)
class Option:
    """An argument by name: ``stride=2``."""

    name: str
    value: Value
    position: int = _position()

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


@dataclass(frozen=True)
class Word:
    """A word with its bare arguments and options: ``conv 3x3 64 stride=2``."""

    name: str
    arguments: tuple[Value, ...] = ()
    options: tuple[Option, ...] = ()
    position: int = _position()

    def __str__(self) -> str:
        return " ".join(map(str, (self.name, *self.arguments, *self.options)))


@dataclass(frozen=True)
class Call:
    """A block used: ``unit(3x3, 64, stride=2)``, or ``next`` where it takes no arguments."""

    name: str
    arguments: tuple[Value, ...] = ()
    options: tuple[Option, ...] = ()
    position: int = _position()

    def __str__(self) -> str:
        inside = ", ".join(map(str, (*self.arguments, *self.options)))
        return f"{self.name}({inside})" if inside else self.name


@dataclass(frozen=True)
class Repeat:
    """A flow several times over: ``[conv 32 > relu]*3``."""

    flow: Flow
    count: Value
    position: int = _position()

    def __str__(self) -> str:
        return f"[{text_of_flow(self.flow)}]*{self.count_text}"

    @property
    def count_text(self) -> str:
        """The count, a sum or product in brackets."""
        return f"({self.count})" if isinstance(self.count, Arithmetic) else str(self.count)


@dataclass(frozen=True)
class Branches:
    """Branches and the word that joins them: ``cat(a | b)`` or ``add(a | identity)``."""

    name: str
    branches: tuple[Flow, ...]
    position: int = _position()

    def __str__(self) -> str:
        return f"{self.name}({' | '.join(map(text_of_flow, self.branches))})"


Item = Word | Call | Repeat | Branches
Flow = tuple[Item, ...]


def text_of_flow(flow: Flow) -> str:
    """Write a flow on one line.

    >>> text_of_flow((Word("conv", (Size((3, 3)), Number(8))), Word("relu")))
    'conv 3x3 8 > relu'
    """
    return " > ".join(map(str, flow))


@dataclass(frozen=True)
class Parameter:
    """What a block is given: ``stride`` or, with what it is when left out, ``stride=1``."""

    name: str
    default: Value | None = None
    position: int = _position()

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name}={self.default}"


@dataclass(frozen=True)
class Definition:
    """A block: ``unit(k, c, stride=1) = conv k c stride=stride bias=no > bn``."""

    name: str
    parameters: tuple[Parameter, ...]
    flow: Flow
    position: int = _position()

    @property
    def head(self) -> str:
        """What stands before the equals sign."""
        inside = ", ".join(map(str, self.parameters))
        return f"{self.name}({inside})" if inside else self.name

    def __str__(self) -> str:
        return f"{self.head} = {text_of_flow(self.flow)}"


@dataclass(frozen=True)
class Remark:
    """A comment behind the first ones.

    Attributes:
        text: without the # sign.
        anchor: the statement it belongs to: definition 0, 1, ..., then the input line, then
            the items of the network, and at last the end of the text.
        beside: whether it stands at the end of that statement's line instead of above it.
    """

    text: str
    anchor: int
    beside: bool = False
