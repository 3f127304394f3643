"""A kind of question, and the function that answers it: what a room is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, get_args, get_type_hints

from striate.studio_app.question import Answer, Question, Tell
from striate.studio_app.studio import Studio

Asks = TypeVar("Asks", bound=Question)


@dataclass(frozen=True)
class Kind(Generic[Asks]):
    """A kind of question.

    Attributes:
        question: its class.
        answer: what is called with the studio, the question and what is told of the progress.
            It raises a `StriateError` for whatever the page asked wrongly.
        slow: whether it takes seconds; it is then worked on beside the others.
        newest: whether who asks again no longer waits for the one before.
    """

    question: type[Asks]
    answer: Callable[[Studio, Asks, Tell], Answer]
    slow: bool = False
    newest: bool = False

    @property
    def name(self) -> str:
        """What stands in the JSON."""
        (found,) = get_args(get_type_hints(self.question)["kind"])
        return str(found)


AnyKind: TypeAlias = Kind[Any]  # as they stand together in a room's table
