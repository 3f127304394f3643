"""What all words of the notation share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from typing import ClassVar, Final

from striate.architecture.words.window import Shape, Window, short, text_of
from striate.errors import NotationError


class Kind(Enum):
    """What an argument may be, in the words of an error message."""

    WHOLE = "a whole number such as 64"
    SIZE = "a size such as 3x3"
    PAIR = "a number such as 2 or a size such as 2x2"
    PADDING = "same, valid, a number such as 1 or a size such as 1x1"
    DECIMAL = "a number such as 0.5"
    SWITCH = "yes or no"
    BORDER = "zero or edge"


LEAST: Final = {Kind.WHOLE: 1, Kind.SIZE: 1, Kind.PAIR: 1, Kind.PADDING: 0}


@dataclass(frozen=True)
class Layer:
    """One word with its values; by itself it changes nothing and costs nothing.

    Attributes:
        word: how the notation writes it.
        arguments: every argument and what it may be.
        bare: those that may be given bare, in this order.
        named: those that may be given as ``name=value``.
    """

    word: ClassVar[str]
    arguments: ClassVar[Mapping[str, Kind]] = {}
    bare: ClassVar[tuple[str, ...]] = ()
    named: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name in self.arguments:
            self.check(name, getattr(self, name))

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """Make sure that the value of one argument is in its range.

        Raises:
            NotationError: it is not; the message says what would be.
        """
        least = LEAST.get(cls.arguments[name])
        if least is None or value is None or isinstance(value, str):
            return
        sides = value if isinstance(value, tuple) else (value,)
        if any(isinstance(side, int) and side < least for side in sides):
            raise NotationError(
                f"{cls.word} got {name}={short(value)}, but it must be at least {least}"
            )

    def output(self, shape: Shape) -> Shape:
        """What comes out where ``shape`` goes in; raises NotationError where it does not fit."""
        return shape

    def parameters(self, shape: Shape) -> int:
        """How many numbers it learns where ``shape`` goes in."""
        return 0

    def macs(self, shape: Shape) -> int:
        """Multiply-accumulates for one image: those of conv and fc alone, without bias."""
        return 0

    @property
    def window(self) -> Window | None:
        """How it slides over the map; None where it looks at one place alone, or at all of it."""
        return None

    @property
    def sees_all(self) -> bool:
        """Whether every number that comes out may depend on the whole image."""
        return False

    @classmethod
    def defaults(cls) -> dict[str, object]:
        """What the arguments are where they are left out; those that must be given are not here.

        >>> from striate.architecture.words import Conv
        >>> Conv.defaults()["kernel"], "channels" in Conv.defaults()
        ((3, 3), False)
        """
        return {f.name: f.default for f in fields(cls) if f.default is not MISSING}

    def __str__(self) -> str:
        parts = [self.word]
        for name in self.bare:
            value = getattr(self, name)
            if name not in self.named and value is not None:
                exact = self.arguments[name] is Kind.SIZE
                parts.append(text_of(value) if exact else short(value))
        defaults = self.defaults()
        for name in self.named:
            value = getattr(self, name)
            if value != defaults.get(name):
                parts.append(f"{name}={'valid' if _is_valid(name, value) else short(value)}")
        return " ".join(parts)


def _is_valid(name: str, value: object) -> bool:
    return name == "pad" and value == (0, 0)


def maps(layer: Layer, shape: Shape) -> tuple[int, int, int]:
    """Take a shape apart as (channels, rows, columns), for a word that works on maps alone.

    Raises:
        NotationError: features arrive instead of maps.
    """
    if len(shape) != 3:
        raise NotationError(
            f"{layer.word} works on maps (channels x rows x columns), "
            f"but {shape[0]} features in one row arrive; put it before flatten"
        )
    return shape[0], shape[1], shape[2]
