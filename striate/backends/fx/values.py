"""What a traced module computes: values, each made from others by one word of the notation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from striate.architecture.aspects.border_reading import Border
from striate.architecture.aspects.torch_reading import Arriving, Refused
from striate.architecture.words import Joint, Layer, Shape
from striate.errors import NotationError


@dataclass(eq=False)
class Value(Arriving):
    """One tensor of the module's computation.

    Attributes:
        sources: the values it is made from; none for what goes into the module.
        word: what makes it; None for what goes into the module, and for a copy.
        shape: without the batch.
        place: where in the module, for messages.
        target: the module that holds the weights, as in ``layer1.0.conv1``; empty for none.
        storage: the value whose memory it shares; itself where it has its own.
        last: whether its channels stand last, behind a permute; the shape is told as if not.
        border: the padding around its source that it is; the conv or pool behind it takes it.
    """

    sources: tuple[Value, ...]
    word: Layer | Joint | None
    shape: Shape
    place: str = ""
    target: str = ""
    storage: Value | None = None
    last: bool = False
    border: Border | None = None

    @property
    def memory(self) -> Value:
        """The value that first had the memory that this one lies in."""
        return self if self.storage is None else self.storage

    @property
    def never_negative(self) -> bool:
        """Whether it is known to hold no number below 0."""
        word = self.word
        if isinstance(word, Layer) and not word.hands_on(training=False):
            return word.never_negative
        return bool(self.sources) and all(source.never_negative for source in self.sources)

    @property
    def once(self) -> bool:
        """Whether it must not be computed twice: it has weights, or draws random numbers."""
        return bool(self.target) or (isinstance(self.word, Layer) and self.word.draws)


class Overwritten:
    """Which values were changed in place, and into what."""

    def __init__(self) -> None:
        self._all: list[Value] = []
        self._now: dict[Value, Value | None] = {}

    def keep(self, value: Value) -> Value:
        """Note that there is a value."""
        self._all.append(value)
        return value

    def change(self, value: Value, result: Value) -> None:
        """Note that a value was changed into another in place, and with it what shares memory."""
        result.storage = value.memory
        for other in self._all:
            if other is not result and other.memory is value.memory and other not in self._now:
                self._now[other] = result if other is value else None

    def now(self, value: Value, place: str) -> Value:
        """Give what a value has become.

        Raises:
            Refused: it shares memory with one that was changed in place.
        """
        while value in self._now:
            changed = self._now[value]
            if changed is None:
                raise Refused(
                    f"it uses the value of {value.place or 'the input'}, whose memory was "
                    "changed in place since; leave out inplace=True, or the +=, before it",
                    place,
                )
            value = changed
        return value


def join_values(word: Joint, values: Sequence[Value], place: str) -> Value:
    """Give the value that joins others.

    Raises:
        Refused: their shapes do not fit; the message says where.
    """
    try:
        shape = word.output([value.shape for value in values])
    except NotationError as error:
        raise Refused(error.message, place) from None
    last = {value.last for value in values}
    if len(last) > 1:
        raise Refused("channels stand last in some of them, and second in others", place)
    return Value(tuple(values), word, shape, place, last=last.pop())
