"""The room Build: a network text read at every keystroke, and what it means, costs and sees."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Final, cast

import numpy as np
import torch

from striate.architecture import zoo
from striate.architecture.diagram.drawing import draw_architecture
from striate.architecture.layer_table import Row, Summary, summary
from striate.architecture.layer_table.repeats import Repeat, fold_repeats
from striate.architecture.notation import expand, parse, text_in
from striate.architecture.words import JOINS, WORDS
from striate.backends.peak import peak
from striate.data.images import Preprocess
from striate.errors import NotationError, SettingError
from striate.explanation.receptive_fields import field_of_row
from striate.files.atomic_write import write_atomically
from striate.model.json_value import Json, JsonObject
from striate.studio_app.kind import AnyKind, Kind
from striate.studio_app.question import Answer, Tell
from striate.studio_app.rooms.build_questions import (
    Check,
    Diagram,
    Fitted,
    Save,
    Seen,
    Source,
    Speed,
    Timing,
    Vocabulary,
)
from striate.studio_app.studio import Studio

MOST: Final = 2_000  # layers that are checked at a keystroke; the deepest of the zoo has 500
BATCH: Final = 32  # images a step, as `striate train` has it
BRIEF: Final = 0.15  # seconds that a timed step may take at the machine's peak
FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,80}\.cnn")
MEANT: Final = re.compile(r"did you mean '([^']+)'\?")
BEFORE: Final = re.compile(r"put (\w+) before it")
NAME: Final = re.compile(r"[A-Za-z_][\w.]*")
INPUTS: Final = ("input 1x8x8 classes=10", "input 3x64x64 classes=10")  # digits; photographs


@lru_cache(maxsize=4)
def read(text: str) -> Summary:
    """Return the layer table of a text, the latest of them remembered.

    Raises:
        NotationError: the text breaks a rule; the message is about a place in it.
        SettingError: it has too many layers to be checked at every keystroke.

    >>> read("input 1x8x8 classes=2 > flatten > fc").parameters
    130
    """
    plan = expand(text)
    count = sum(1 for _ in plan.layers())
    if count > MOST:
        raise SettingError(
            f"{count:,} layers; up to {MOST:,} are shown here, striate describe takes more"
        )
    return summary(plan)


def _vocabulary(studio: Studio, _: Vocabulary, __: Tell) -> Answer:
    words: list[Json] = [
        {
            "name": word,
            "example": kind.example or word,
            "options": [*kind.named] if word != "fc" else ["bias", "fixed"],
        }
        for word, kind in WORDS.items()
    ]
    words += [{"name": word, "example": f"{word}( | )", "options": []} for word in JOINS]
    words.append({"name": "input", "example": "input 3x64x64 classes=10", "options": ["classes"]})
    known: list[Json] = [
        {"name": name, "title": zoo.title(name), "year": zoo.year(name)} for name in zoo.names()
    ]
    files: list[Json] = [*studio.folders.walk([".cnn"])]
    return Answer({"words": words, "zoo": known, "files": files, "folder": studio.folder.name})


def _source(studio: Studio, question: Source, _: Tell) -> Answer:
    if question.name in zoo.names():
        return Answer({"text": zoo.text(question.name)})
    path = studio.folders.find(question.name)
    if path.suffix != ".cnn":
        raise SettingError(f"'{question.name}' is no network text; expected a file ending in .cnn")
    return Answer({"text": text_in(path)})


def _check(_: Studio, question: Check, __: Tell) -> Answer:
    text = question.text
    try:
        table = read(text)
    except NotationError as error:
        return Answer({"fault": _fault(text, error)})
    rows = cast("list[Json]", [row.as_json() for row in table.layers])
    return Answer(
        {
            "fault": None,
            "name": table.name,
            "input": list(table.input),
            "classes": table.classes,
            "parameters": table.parameters,
            "macs": table.macs,
            "backward_macs": table.backward_macs,
            "receptive_field": _sides(table.receptive_field),
            "memory": table.training_memory(BATCH).total,
            "machine_memory": _machine_memory(),
            "batch": BATCH,
            "warnings": cast("list[Json]", [each.as_json() for each in table.warnings]),
            "rows": rows,
            "repeats": _repeats(table),
        }
    )


def _sides(side: int | tuple[int, int] | None) -> Json:
    return list(side) if isinstance(side, tuple) else side


def _repeats(table: Summary) -> list[Json]:
    """Say which rows are the same as those before them."""
    found: list[Json] = []
    at = 0
    for each in fold_repeats(table.layers):
        if isinstance(each, Repeat):
            count = len(each.rows)
            found.append({"at": at, "count": count, "name": each.name, "text": each.text})
        at += len(each.rows) if isinstance(each, Repeat) else 1
    return found


def _fault(text: str, error: NotationError) -> JsonObject:
    """Say what is wrong, where, and what could be written instead."""
    at = error.position
    fixes: list[Json] = []
    meant, before = MEANT.search(error.message), BEFORE.search(error.message)
    if at is not None and meant:
        name = NAME.match(text, at)
        fixes.append({"from": at, "to": name.end() if name else at + 1, "text": meant[1]})
    elif at is not None and before:
        fixes.append({"from": at, "to": at, "text": f"{before[1]} > "})
    elif at is None and text.strip() and "does not say what goes in" in error.message:
        first = parse(text).flow[0].position or 0
        fixes += [{"from": first, "to": first, "text": f"{each}\n"} for each in INPUTS]
    return {"message": error.message, "at": at, "fixes": fixes}


def _diagram(_: Studio, question: Diagram, __: Tell) -> Answer:
    drawn = draw_architecture(
        read(question.text), width=question.width, unfolded=frozenset(question.unfolded)
    )
    return Answer({"svg": str(drawn)})


def _seen(_: Studio, question: Seen, __: Tell) -> Answer:
    table = read(question.text)
    row = _row(table, question.layer)
    rows, columns = row.output[1:] if len(row.output) == 3 else (1, 1)
    down, across = (min(max(0, question.row), rows - 1), min(max(0, question.column), columns - 1))
    box = field_of_row(row, down, across, size=(table.input[1], table.input[2]))
    return Answer(
        {
            "box": [box.top, box.left, box.bottom, box.right],
            "row": down,
            "column": across,
            "rows": rows,
            "columns": columns,
        }
    )


def _row(table: Summary, layer: str) -> Row:
    for row in table.layers:
        if row.name == layer:
            return row
    raise SettingError(f"the network has no layer '{layer}'")


def _fitted(studio: Studio, question: Fitted, _: Tell) -> Answer:
    fit = Preprocess(question.channels, question.rows, question.columns, fit="crop")
    pixels = fit.pixels(studio.images.open(question.image))
    return Answer({}, {"pixels": np.ascontiguousarray(pixels.transpose(1, 2, 0))})


@lru_cache(maxsize=1)
def _peak() -> float:
    """Return how many operations a second this machine does at best, in float32."""
    return peak("cpu", torch.float32)


def _speed(studio: Studio, _: Speed, __: Tell) -> Answer:
    with studio.slow.alone:
        return Answer({"peak": _peak(), "threads": torch.get_num_threads()})


def _timing(studio: Studio, question: Timing, tell: Tell) -> Answer:
    from striate.training.step_timing import time_steps

    table = read(question.text)
    operations = 2 * (table.macs + table.backward_macs)
    batch = min(BATCH, max(2, int(BRIEF * _peak() / max(1, operations))))
    needed, there = table.training_memory(batch).total, _machine_memory()
    if there and needed > there / 2:
        raise SettingError(
            f"a training step takes {needed / 1e9:,.1f} GB, more than half of this machine's "
            f"{there / 1e9:,.1f} GB; make the network smaller to time it"
        )
    tell("training on random images", 0.0)
    with studio.slow.alone:
        found = time_steps(table, batch=batch)
    return Answer(
        {
            "seconds": found.seconds / found.batch,
            "batch": found.batch,
            "steps": found.steps,
            "operations": operations,
        }
    )


def _machine_memory() -> int:
    """Return how many bytes of memory the machine has; 0 where that is not told."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # the last: there is no sysconf on Windows
        return 0


def _save(studio: Studio, question: Save, _: Tell) -> Answer:
    name = question.name if question.name.endswith(".cnn") else f"{question.name}.cnn"
    if not FILE.fullmatch(name):
        raise SettingError(
            f"'{question.name[:80]}' cannot be a file's name here; expected letters, digits and "
            "- _ . as in my-network.cnn"
        )
    path = studio.folder / name
    if path.is_symlink() or path.is_dir():
        raise SettingError(
            f"'{name}' is a link or a folder in '{studio.folder.name}'; choose another name"
        )
    if path.exists() and not question.replace:
        if path.read_bytes() != question.text.encode():
            return Answer({"saved": False, "name": name})
        return Answer({"saved": True, "name": name})
    try:
        with write_atomically(path) as partial:
            partial.write_text(question.text, encoding="utf-8")
    except OSError as error:
        raise SettingError(
            f"'{name}' cannot be written into '{studio.folder}' ({error.strerror}); start the "
            "studio in a folder of your own"
        ) from error
    return Answer({"saved": True, "name": name})


KINDS: Final[tuple[AnyKind, ...]] = (
    Kind(Vocabulary, _vocabulary),
    Kind(Source, _source),
    Kind(Check, _check, newest=True),
    Kind(Diagram, _diagram, newest=True),
    Kind(Seen, _seen, newest=True),
    Kind(Fitted, _fitted, newest=True),
    Kind(Speed, _speed, slow=True),
    Kind(Timing, _timing, slow=True, newest=True),
    Kind(Save, _save),
)
