"""striate predict: which class each picture shows."""

from __future__ import annotations

import csv
import functools
import glob
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.errors import SettingError

if TYPE_CHECKING:
    from striate.classifier import Prediction, Unreadable

LEFT_ALONE = {"thumbs.db", "desktop.ini"}
LOST = "cannot be read"


def predict(
    model: Annotated[Path, typer.Argument(help="A classifier's file, or the folder of its run.")],
    files: Annotated[
        list[str],
        typer.Argument(
            help="Pictures, folders, patterns such as 'photos/*.jpg', or - for a list "
            "of names on standard input."
        ),
    ],
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV with every class's probability.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a picture.")
    ] = False,
    copy_to: Annotated[
        Path | None, typer.Option(help="Copy each picture into a folder of its class in here.")
    ] = None,
) -> None:
    """Say which class each picture shows.

    One that cannot be read is named with the reason, and the rest go on. Ends with 0 if any
    picture was classified, with 2 if none was.
    """
    from striate.classifier import Unreadable, load

    if as_csv and as_json:
        raise SettingError("--csv and --json are both given; give one")
    classifier = load(model)
    show = writer(classifier.classes, as_csv=as_csv, as_json=as_json)
    right, wrong = 0, 0
    for answer in classifier.predict_each(named(files)):
        show(answer)
        if isinstance(answer, Unreadable):
            wrong += 1
        else:
            right += 1
            if copy_to is not None:
                copied(Path(answer.name), copy_to, answer.label)
    lost = f", {wrong:,} could not be read" if wrong else ""
    sys.stdout.flush()
    print(f"{right:,} pictures classified{lost}", file=sys.stderr)
    if not right:
        raise typer.Exit(2)


def named(arguments: Iterable[str]) -> Iterator[str]:
    """Give the files that the arguments name, in order, without holding them all."""
    for argument in arguments:
        if argument == "-":
            yield from (line.rstrip("\r\n") for line in sys.stdin if line.strip())
        elif Path(argument).is_dir():
            yield from inside(argument)
        elif glob.has_magic(argument) and not Path(argument).exists():
            # Path.glob takes no absolute patterns
            yield from sorted(glob.glob(argument, recursive=True)) or [argument]  # noqa: PTH207
        else:
            yield argument


def inside(folder: str) -> Iterator[str]:
    """Give the files of a folder and its folders in order, hidden ones aside."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name.lower() not in LEFT_ALONE:
                yield str(Path(parent) / name)


def writer(
    classes: tuple[str, ...], *, as_csv: bool, as_json: bool
) -> Callable[[Prediction | Unreadable], None]:
    """Choose how answers are printed: each at once, so that memory stays bounded."""
    if as_json:
        return show_json
    if as_csv:
        return csv_writer(classes)
    return functools.partial(show_line, max(map(len, (*classes, LOST))))


def show_line(width: int, answer: Prediction | Unreadable) -> None:
    """Print an answer for people: class, probability, file."""
    from striate.classifier import Prediction

    name = printable(answer.name).replace("\n", "\\n").replace("\r", "\\r")
    if isinstance(answer, Prediction):
        print(f"{answer.label:<{width}}  {answer.probability:6.1%}  {name}")
    else:
        print(f"{LOST:<{width}}          {name}: {answer.error}")


def show_json(answer: Prediction | Unreadable) -> None:
    """Print an answer as one JSON object."""
    from striate.classifier import Prediction

    values: dict[str, object] = {"file": answer.name}
    if isinstance(answer, Prediction):
        values |= {
            "class": answer.label,
            "probability": answer.probability,
            "probabilities": dict(answer.probabilities),
        }
    else:
        values["error"] = answer.error
    print(json.dumps(values))


def csv_writer(classes: tuple[str, ...]) -> Callable[[Prediction | Unreadable], None]:
    """Print the header, and give what prints an answer as a row below it."""
    from striate.classifier import Prediction

    plain = csv.writer(sys.stdout, lineterminator="\n")
    quoted = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(["file", "class", "probability", "error", *(f"p:{name}" for name in classes)])

    def show(answer: Prediction | Unreadable) -> None:
        name = printable(answer.name)
        sheet = quoted if "\r" in name else plain  # it would end the row where it is not quoted
        if isinstance(answer, Prediction):
            each = [f"{value:.6g}" for value in answer.probabilities.values()]
            sheet.writerow([name, answer.label, f"{answer.probability:.6g}", "", *each])
        else:
            sheet.writerow([name, "", "", answer.error, *[""] * len(classes)])

    return show


def printable(name: str) -> str:
    """Make a name printable whatever bytes it holds."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def copied(source: Path, folder: Path, label: str) -> Path:
    """Copy a picture into the folder of its class; nothing there is ever overwritten."""
    target = folder / (label.replace("/", "_").replace("\\", "_").lstrip(".") or "_")
    target.mkdir(parents=True, exist_ok=True)
    path = target / source.name
    number = 1
    while path.exists():
        number += 1
        path = target / f"{source.stem}-{number}{source.suffix}"
    return Path(shutil.copy2(source, path))
