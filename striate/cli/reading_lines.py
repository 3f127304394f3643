"""striate predict --segment: scanned lines of characters, read one by one and printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from striate.cli.answers import LOST, show_json, start_csv
from striate.cli.messages import say
from striate.terminal.escape import escape_controls
from striate.terminal.units import format_percent
from striate.terminal.wrapping import find_width, shorten, wrap

if TYPE_CHECKING:
    from striate.model.prediction import Unreadable
    from striate.model.segmentation.line import LineReading

HEADER = ("file", "text", "text_probability", "place", "class", "probability")
EDGES = ("top", "left", "bottom", "right")


def print_lines(answers: Iterable[LineReading | Unreadable], *, as_csv: bool, as_json: bool) -> int:
    """Print each line as it is read; return how many were.

    Raises:
        ClassifierError: the classifier is none of single characters.
    """
    from striate.data.remarks import RemarkCount
    from striate.model.prediction import Unreadable

    show = show_json if as_json else make_row_writer() if as_csv else show_line
    read, lost, unsure, remarks = 0, 0, 0, RemarkCount()
    for answer in answers:
        show(answer)
        if isinstance(answer, Unreadable):
            lost += 1
            continue
        read += 1
        unsure += answer.unsure
        for remark in answer.remarks:
            remarks.add(answer.name, remark)
    sys.stdout.flush()
    for line in remarks.lines():
        say(escape_controls(line))
    told = f"{read:,} {'line' if read == 1 else 'lines'} read"
    if unsure:
        told += f", {unsure:,} of them unsure: a character or a cut could easily be another"
    say(told + (f", {lost:,} could not be read" if lost else ""))
    return read


def show_line(answer: LineReading | Unreadable) -> None:
    """Print a line for people: its text and probability, then those of each character."""
    from striate.model.prediction import Unreadable

    room = find_width(sys.stdout)
    name = escape_controls(answer.name)
    if isinstance(answer, Unreadable):
        said = f"{LOST}  {name}: {escape_controls(answer.error)}"
        print(said if room is None else wrap(said, room))
        return
    start = f"{escape_controls(answer.spelled)}  {format_percent(answer.probability)}  "
    if room is not None:
        name = shorten(name, max(12, room - len(start)))
    print(f"{start}{name}")
    each = ", ".join(
        f"{glyph.label} {format_percent(glyph.probability)}" for glyph in answer.glyphs
    )
    for said in (each, *tell(answer)):
        print(f"  {said}" if room is None else wrap(f"  {said}", room))


def tell(line: LineReading) -> list[str]:
    """Return what was not read in a line, and what was done to it, in words."""
    said = []
    if line.marks:
        counts = [
            (kind, sum(mark.kind == kind for mark in line.marks))
            for kind in ("dash", "dot", "mark")
        ]
        plural = {"dash": "dashes", "dot": "dots", "mark": "marks"}
        told = ", ".join(f"{n} {kind if n == 1 else plural[kind]}" for kind, n in counts if n)
        said.append(f"no characters, and not read: {told}")
    if line.outside:
        said.append(f"not in the line, and left out: {line.outside} pieces above or below it")
    if line.division < 0.5:
        said.append(
            f"so many characters with {format_percent(line.division)}: it could be cut elsewhere"
        )
    return said


def make_row_writer() -> Callable[[LineReading | Unreadable], None]:
    """Print the header of a CSV, and return what prints the characters of a line below it."""
    from striate.model.prediction import Unreadable

    row = start_csv()
    row([*HEADER, *EDGES, "error"])

    def show(answer: LineReading | Unreadable) -> None:
        if isinstance(answer, Unreadable):
            row([answer.name, *[""] * (len(HEADER) + len(EDGES) - 1), answer.error])
            return
        for place, glyph in enumerate(answer.glyphs, 1):
            row(
                [
                    answer.name,
                    answer.text,
                    f"{answer.probability:.6g}",
                    str(place),
                    glyph.label,
                    f"{glyph.probability:.6g}",
                    *map(str, glyph.box),
                    "",
                ]
            )

    return show
