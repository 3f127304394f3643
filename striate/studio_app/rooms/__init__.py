"""The rooms of the page, a module each: what may be asked there, and what answers it.

A room lists its kinds of questions in `KINDS`; a line here lets them be asked. What the browser
gets of a room lies in page/ROOM/, and a line in page/rooms.js puts it into the menu.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from striate.errors import SettingError
from striate.studio_app.kind import AnyKind
from striate.studio_app.question import Question
from striate.studio_app.rooms import build, draw, explain, inside, lesson, playground

ROOMS: Final = (
    inside.KINDS,
    draw.KINDS,
    playground.KINDS,
    explain.KINDS,
    build.KINDS,
    lesson.KINDS,
)
KINDS: Final[dict[str, AnyKind]] = {kind.name: kind for room in ROOMS for kind in room}

_ANY: Final[Any] = reduce(or_, (kind.question for kind in KINDS.values()))
_READER: Final = TypeAdapter[Question](Annotated[_ANY, Field(discriminator="kind")])


def read_question(text: str) -> Question:
    """Return a question.

    Raises:
        SettingError: it is none.

    >>> read_question('{"kind": "walk", "id": 3, "network": "digits", "image": "digits/1", '
    ...               '"target": 7}').target
    7
    """
    try:
        return _READER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingError(f"the question cannot be read: {place}: {first['msg']}") from error
