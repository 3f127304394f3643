"""How answers are printed: for people, as CSV, or as one JSON object a line."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from striate.terminal.colors import Mark, has_colors, paint
from striate.terminal.escape import escape_controls
from striate.terminal.units import format_percent
from striate.terminal.wrapping import find_width, pad, shorten

if TYPE_CHECKING:
    from striate.model.prediction import Prediction, Unreadable
    from striate.model.segmentation.line import LineReading

LOST = "cannot be read"
LONGEST = 40  # letters of a class's name in the table for people


def choose_writer(
    classes: tuple[str, ...], *, as_csv: bool, as_json: bool, climbs: bool = False
) -> Callable[[Prediction | Unreadable], None]:
    """Choose how answers are printed: each at once, so that memory stays bounded.

    Args:
        classes: their names.
        as_csv: whether as CSV.
        as_json: whether as JSON.
        climbs: whether an answer may be a node above the classes, for which CSV has columns.
    """
    if as_json:
        return show_json
    if as_csv:
        return make_csv_writer(classes, climbs=climbs)
    from striate.model.prediction import DONT_KNOW

    every = (*classes, LOST, DONT_KNOW)
    widest = max(len(escape_controls(name, longest=LONGEST)) for name in every)
    return functools.partial(show_line, widest)


def show_line(width: int, answer: Prediction | Unreadable) -> None:
    """Print an answer for people: class, probability, file."""
    from striate.model.prediction import DONT_KNOW, REFUSALS, Prediction

    room = find_width(sys.stdout)
    name = escape_controls(answer.name)
    if isinstance(answer, Prediction):
        label = pad(escape_controls(answer.node or DONT_KNOW, longest=LONGEST), width)
        share = format_percent(answer.node_probability) if answer.node is not None else ""
        start, mark = f"{label}  {share:>7}  ", mark_of(answer)
        if answer.label is None:
            guess = escape_controls(answer.best_guess, longest=LONGEST)
            why = f"{REFUSALS[answer.refused]}; " if answer.refused else ""
            name += f": {why}best guess {guess} {format_percent(answer.probability)}"
    else:
        start, mark = f"{pad(LOST, width)}           ", "wrong"
        name = f"{name}: {escape_controls(answer.error)}"
    if room is not None:  # of a terminal, where a longer line would be broken anywhere
        name = shorten(name, room - len(start))
    print(paint(f"{start}{name}", mark) if has_colors() else f"{start}{name}")


def mark_of(answer: Prediction) -> Mark:
    """Return how an answer is coloured; whether it is right is not known here."""
    return "unsure" if answer.unsure or answer.label is None else ""


def show_json(answer: Prediction | LineReading | Unreadable) -> None:
    """Print an answer as one JSON object."""
    import json

    print(json.dumps(answer.as_json()))


def make_csv_writer(
    classes: tuple[str, ...], *, climbs: bool = False
) -> Callable[[Prediction | Unreadable], None]:
    """Print the header, and give what prints an answer as a row below it; UTF-8, always."""
    from striate.model.prediction import Prediction

    row = start_csv()
    row(
        ["file", "class", "probability", "error", "best_guess", "refused"]
        + ["node", "node_probability", "level"] * climbs
        + [f"p:{name}" for name in classes]
    )

    def show(answer: Prediction | Unreadable) -> None:
        if isinstance(answer, Prediction):
            each = [f"{value:.6g}" for value in answer.probabilities.values()]
            given = [answer.name, answer.label or "", f"{answer.probability:.6g}", ""]
            level = "" if answer.level is None else str(answer.level)
            above = [answer.node or "", f"{answer.node_probability:.6g}", level] * climbs
            row([*given, answer.best_guess, answer.refused, *above, *each])
        else:
            row([answer.name, "", "", answer.error, "", "", *[""] * (len(classes) + 3 * climbs)])

    return show


def start_csv() -> Callable[[list[str]], None]:
    """Return what prints a row of CSV; UTF-8, always."""
    import csv

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    plain = csv.writer(sys.stdout, lineterminator="\n")
    quoted = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def row(cells: list[str]) -> None:
        # a carriage return would end the row where it is not quoted
        (quoted if any("\r" in cell for cell in cells) else plain).writerow(
            map(escape_bytes, cells)
        )

    return row


def escape_bytes(text: str) -> str:
    """Show the bytes of a name that are no UTF-8; a program gets all else as it is."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
