"""The words that join branches: cat and add."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from striate.architecture.words.window import Shape, text_of
from striate.errors import NotationError


@dataclass(frozen=True)
class Joint(ABC):
    """A word that makes one of several branches; it learns nothing and multiplies nothing."""

    word: ClassVar[str]

    @abstractmethod
    def output(self, shapes: Sequence[Shape]) -> Shape:
        """What comes out where the branches give ``shapes``; NotationError if they do not fit."""

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True)
class Cat(Joint):
    """Put the channels of the branches one after the other: ``cat(a | b)``.

    >>> Cat().output([(64, 28, 28), (32, 28, 28)])
    (96, 28, 28)
    >>> Cat().output([(64, 28, 28), (32, 14, 14)])
    Traceback (most recent call last):
    striate.errors.NotationError: cat needs branches of the same rows and columns, but branch 1 ...
    """

    word = "cat"

    def output(self, shapes: Sequence[Shape]) -> Shape:
        """The channels summed; rows and columns must agree."""
        for number, shape in enumerate(shapes[1:], start=2):
            if len(shape) != len(shapes[0]) or shape[1:] != shapes[0][1:]:
                raise NotationError(
                    f"cat needs branches of the same rows and columns, but branch 1 gives "
                    f"{text_of(shapes[0])} and branch {number} gives {text_of(shape)}; "
                    "give them the same strides, and pad the one that loses its border"
                )
        return (sum(shape[0] for shape in shapes), *shapes[0][1:])


@dataclass(frozen=True)
class Add(Joint):
    """Sum the branches number by number: ``add(a | identity)``.

    He et al. 2015, https://arxiv.org/abs/1512.03385

    >>> Add().output([(64, 28, 28), (64, 28, 28)])
    (64, 28, 28)
    """

    word = "add"

    def output(self, shapes: Sequence[Shape]) -> Shape:
        """The shape of every branch; they must agree."""
        for number, shape in enumerate(shapes[1:], start=2):
            if shape != shapes[0]:
                raise NotationError(
                    f"add needs branches of one shape, but branch 1 gives {text_of(shapes[0])} "
                    f"and branch {number} gives {text_of(shape)}; " + _mend(shapes[0], shape)
                )
        return shapes[0]


def _mend(first: Shape, other: Shape) -> str:
    if len(first) == len(other) == 3 and first[1:] == other[1:]:
        return f"give both {first[0]} channels, for instance by conv 1x1 {first[0]}"
    if len(first) == len(other) == 3 and first[0] == other[0]:
        return "give both the same strides and padding"
    return f"make both {text_of(first)}, for instance by conv 1x1 with a stride"
