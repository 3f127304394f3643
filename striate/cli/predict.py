"""striate predict: which class each image shows."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.messages import say, say_steps
from striate.errors import SettingError
from striate.terminal.colors import Mark, has_colors, paint
from striate.terminal.escape import escape_controls
from striate.terminal.next_steps import command
from striate.terminal.units import format_percent
from striate.terminal.wrapping import find_width, pad, shorten

if TYPE_CHECKING:
    from striate.model.prediction import Prediction, Unreadable

LOST = "cannot be read"
LONGEST = 40  # letters of a class's name in the table for people


def predict(
    model: Annotated[Path, typer.Argument(help="A classifier's file, or the folder of its run.")],
    files: Annotated[
        list[str],
        typer.Argument(
            help="Images, folders, patterns such as 'photos/*.jpg', or - for a list "
            "of names on standard input."
        ),
    ],
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV with every class's probability.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object an image.")
    ] = False,
    copy_to: Annotated[
        Path | None, typer.Option(help="Copy each image into a folder of its class in here.")
    ] = None,
) -> None:
    """Say which class each image shows.

    One that cannot be read is named with the reason, and the rest go on. Ends with 0 if any
    image was classified, with 2 if none was.
    """
    from striate.data.remarks import RemarkCount
    from striate.model.loading import load
    from striate.model.prediction import Unreadable

    if as_csv and as_json:
        raise SettingError("--csv and --json are both given; give one")
    classifier = load(model)
    if note := classifier.engine.note:
        say(note)
    sort = make_copier(copy_to, classifier.classes)
    show = choose_writer(classifier.classes, as_csv=as_csv, as_json=as_json)
    right, wrong, unsure, remarks = 0, 0, Unsure(), RemarkCount()
    for answer in classifier.predict_each(list_images(files)):
        show(answer)
        if isinstance(answer, Unreadable):
            wrong += 1
        else:
            right += 1
            unsure.add(answer)
            sort(answer)
            for remark in answer.remarks:
                remarks.add(answer.name, remark)
    lost = f", {wrong:,} could not be read" if wrong else ""
    sys.stdout.flush()
    for line in remarks.lines():
        say(escape_controls(line))
    images = "image" if right == 1 else "images"
    say(f"{right:,} {images} classified{unsure.words}{lost}")
    if unsure.least is not None and not as_csv and not as_json:
        say_steps(("next", command("explain", model, unsure.least.name, "--quick")))
    if not right:
        raise typer.Exit(2)


@dataclass
class Unsure:
    """Counts the answers that could easily have been others.

    Attributes:
        n: how many there were.
        least: the one whose second class came nearest to the first; None where there is none.
    """

    n: int = 0
    least: Prediction | None = None
    _nearest: float = 0.0

    def add(self, answer: Prediction) -> None:
        """Count an answer, if it is unsure."""
        self.n += answer.unsure
        if answer.unsure and answer.ratio > self._nearest:
            self._nearest, self.least = answer.ratio, answer

    @property
    def words(self) -> str:
        """How many there were, in words; empty where there was none."""
        told = ", {:,} of them unsure: the next class is more than half as probable"
        return told.format(self.n) if self.n else ""


def list_images(arguments: Iterable[str]) -> Iterator[str]:
    """Return the files that the arguments name, in order, without holding them all."""
    import glob

    from striate.model.image_input import walk_folder

    for argument in arguments:
        if argument == "-":
            yield from read_names(sys.stdin)
        elif os.path.isdir(argument):  # noqa: PTH112, as Path.is_dir fails where it may not look
            yield from walk_folder(argument)
        elif glob.has_magic(argument) and not os.path.lexists(argument):
            # Path.glob takes no absolute patterns
            yield from sorted(glob.glob(argument, recursive=True)) or [argument]  # noqa: PTH207
        else:
            yield argument


def read_names(lines: Iterable[str]) -> Iterator[str]:
    r"""Return the names in a list, without the byte order mark that programs of Windows begin with.

    With the mark, all is in UTF-8, also where the terminal was taken for one of code page 1252.

    >>> list(read_names(["\ufeffone.png\r\n", "\n", "two.png\n"]))
    ['one.png', 'two.png']
    >>> list(read_names(["\u00ef\u00bb\u00bfcaf\u00c3\u00a9.png\n"])) == ["caf\u00e9.png"]
    True
    """
    spoilt = False
    for number, line in enumerate(lines):
        if number == 0:
            spoilt = line.startswith("\u00ef\u00bb\u00bf")
        if spoilt:
            with contextlib.suppress(UnicodeError):  # of another code page, which is not known
                line = line.encode("cp1252", "surrogateescape").decode("utf-8", "surrogateescape")
        if number == 0:
            line = line.removeprefix("\ufeff")
        if line.strip():
            yield line.rstrip("\r\n")


def choose_writer(
    classes: tuple[str, ...], *, as_csv: bool, as_json: bool
) -> Callable[[Prediction | Unreadable], None]:
    """Choose how answers are printed: each at once, so that memory stays bounded."""
    if as_json:
        return show_json
    if as_csv:
        return make_csv_writer(classes)
    widest = max(len(escape_controls(name, longest=LONGEST)) for name in (*classes, LOST))
    return functools.partial(show_line, widest)


def show_line(width: int, answer: Prediction | Unreadable) -> None:
    """Print an answer for people: class, probability, file."""
    from striate.model.prediction import Prediction

    room = find_width(sys.stdout)
    name = escape_controls(answer.name)
    if isinstance(answer, Prediction):
        label = pad(escape_controls(answer.label, longest=LONGEST), width)
        start, mark = f"{label}  {format_percent(answer.probability):>7}  ", mark_of(answer)
    else:
        start, mark = f"{pad(LOST, width)}           ", "wrong"
        name = f"{name}: {escape_controls(answer.error)}"
    if room is not None:  # of a terminal, where a longer line would be broken anywhere
        name = shorten(name, room - len(start))
    print(paint(f"{start}{name}", mark) if has_colors() else f"{start}{name}")


def mark_of(answer: Prediction) -> Mark:
    """Return how an answer is coloured; whether it is right is not known here."""
    return "unsure" if answer.unsure else ""


def show_json(answer: Prediction | Unreadable) -> None:
    """Print an answer as one JSON object."""
    import json

    print(json.dumps(answer.as_json()))


def make_csv_writer(classes: tuple[str, ...]) -> Callable[[Prediction | Unreadable], None]:
    """Print the header, and give what prints an answer as a row below it; UTF-8, always."""
    import csv

    from striate.model.prediction import Prediction

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    plain = csv.writer(sys.stdout, lineterminator="\n")
    quoted = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def row(cells: list[str]) -> None:
        # a carriage return would end the row where it is not quoted
        (quoted if any("\r" in cell for cell in cells) else plain).writerow(
            map(escape_bytes, cells)
        )

    row(["file", "class", "probability", "error", *(f"p:{name}" for name in classes)])

    def show(answer: Prediction | Unreadable) -> None:
        if isinstance(answer, Prediction):
            each = [f"{value:.6g}" for value in answer.probabilities.values()]
            row([answer.name, answer.label, f"{answer.probability:.6g}", "", *each])
        else:
            row([answer.name, "", "", answer.error, *[""] * len(classes)])

    return show


def escape_bytes(text: str) -> str:
    """Show the bytes of a name that are no UTF-8; a program gets all else as it is."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def make_copier(folder: Path | None, classes: tuple[str, ...]) -> Callable[[Prediction], None]:
    """Return what copies an image into the folder of its class, or does nothing without one."""
    if folder is None:
        return lambda answer: None
    from striate.cli.copying import copy_image, name_folders, prepare

    prepare(folder)
    names = name_folders(classes)
    for label, name in names.items():
        if name != label:
            say(f"class '{escape_controls(label)}' goes into the folder '{name}'")

    def copy(answer: Prediction) -> None:
        target = folder / names[answer.label]
        try:
            copy_image(Path(answer.name), target)
        except OSError as error:
            sys.stdout.flush()
            say(
                f"striate: '{escape_controls(answer.name)}' cannot be copied into "
                f"'{escape_controls(str(target))}': {error.strerror or error}; make room there, or "
                "choose another folder",
            )
            raise typer.Exit(1) from error

    return copy
