"""striate predict: which class each image shows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.messages import say, say_steps
from striate.errors import SettingError
from striate.terminal.escape import escape_controls
from striate.terminal.next_steps import command

if TYPE_CHECKING:
    from striate.deployment.sealed_classifier import SealedClassifier
    from striate.events import Event
    from striate.model.classifier import Classifier
    from striate.model.image_input import ImageInput
    from striate.model.prediction import Prediction


def predict(
    model: Annotated[
        Path,
        typer.Argument(
            help="A classifier's file, the folder of its run, or a file of `striate export`."
        ),
    ],
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
    answer_always: Annotated[
        bool,
        typer.Option("--answer-always", help='Always name a class, never say "I don\'t know".'),
    ] = False,
    segment: Annotated[
        bool,
        typer.Option(
            "--segment",
            help="Each image is a line of characters, as a zip code: cut it into these and read "
            "them with a classifier of single characters.",
        ),
    ] = False,
    seen: Annotated[
        bool,
        typer.Option(
            "--seen",
            help="Say of each image whether the run has learnt from it, instead of a class.",
        ),
    ] = False,
    length: Annotated[
        int | None,
        typer.Option(help="With --segment: how many characters a line has, where that is known."),
    ] = None,
) -> None:
    """Say which class each image shows.

    One that cannot be read is named with the reason, and the rest go on. Ends with 0 if any
    image was classified, with 2 if none was.
    """
    refuse_contradictions(
        both=as_csv and as_json, segment=segment, copied=copy_to is not None, length=length
    )
    if seen:
        from striate.cli.seen import print_seen

        if as_csv or segment or copy_to is not None or answer_always:
            raise SettingError("--seen names no class; of the other options it takes --json alone")
        print_seen(model, list_images(files), as_json=as_json)
        return
    if segment:
        from striate.cli.reading_lines import print_lines
        from striate.model.segmentation.line_reading import read_lines

        classifier = open_classifier(model, always=answer_always)
        lines = read_lines(classifier, list_images(files), length=length)
        if not print_lines(lines, as_csv=as_csv, as_json=as_json):
            raise typer.Exit(2)
        return
    from striate.deployment.sealed_file import is_sealed

    exported = is_sealed(model)
    opened: Classifier | SealedClassifier
    if exported:
        from striate.deployment.sealed_opening import open_sealed

        opened = sealed = open_sealed(model, always=answer_always, callback=say_note)
        tree = sealed.taxonomy
    else:
        opened = own = open_classifier(model, always=answer_always)
        tree = own.decision.taxonomy
    from striate.cli.answers import choose_writer
    from striate.data.remarks import RemarkCount
    from striate.model.prediction import Unreadable

    nodes = opened.classes if tree is None else tree.name_nodes(opened.classes)
    sort = make_copier(copy_to, tuple(dict.fromkeys(nodes)))
    show = choose_writer(opened.classes, as_csv=as_csv, as_json=as_json, climbs=tree is not None)
    right, wrong, unknown, climbed, unsure, remarks = 0, 0, 0, 0, Unsure(), RemarkCount()
    for answer in opened.predict_each(list_images(files, files_only=copy_to is not None)):
        show(answer)
        if isinstance(answer, Unreadable):
            wrong += 1
        else:
            right += answer.node is not None
            unknown += answer.node is None
            climbed += answer.ancestor is not None
            unsure.add(answer)
            sort(answer)
            for remark in answer.remarks:
                remarks.add(answer.name, remark)
    lost = f", {wrong:,} could not be read" if wrong else ""
    sys.stdout.flush()
    for line in remarks.lines():
        say(escape_controls(line))
    images = "image" if right == 1 else "images"
    refused = f', {unknown:,} answered "I don\'t know"' if unknown else ""
    above = f", {climbed:,} of them by a node above the classes" if climbed else ""
    say(f"{right:,} {images} classified{above}{unsure.words}{refused}{lost}")
    asked = unsure.least.name if unsure.least is not None else ""
    if Path(asked).is_file() and not (as_csv or as_json or exported):
        say_steps(("next", command("explain", model, asked, "--quick")))
    if not right + unknown:
        raise typer.Exit(2)


def say_note(event: Event) -> None:
    """Say what a prediction under way has to say."""
    from striate.events import Note

    if isinstance(event, Note):
        say(event.text)


def open_classifier(model: Path, *, always: bool) -> Classifier:
    """Open a classifier's file, and say where it is computed otherwise than it should be."""
    from striate.model.loading import load

    classifier = load(model)
    if always:
        classifier = classifier.answer_always()
    if note := classifier.engine.note:
        say(note)
    return classifier


def refuse_contradictions(*, both: bool, segment: bool, copied: bool, length: int | None) -> None:
    """Refuse options that do not go together.

    Raises:
        SettingError: with the two.
    """
    if both:
        raise SettingError("--csv and --json are both given; give one")
    if segment and copied:
        raise SettingError(
            "--copy-to sorts images by their class, and a line read with --segment has none; "
            "give one of the two"
        )
    if length is not None and not segment:
        raise SettingError("--length says how many characters a line has; it needs --segment")


class Unsure:
    """Counts the answers that could easily have been others.

    Attributes:
        n: how many there were.
        least: the one whose second class came nearest to the first; None where there is none.
    """

    def __init__(self) -> None:
        self.n = 0
        self.least: Prediction | None = None
        self._nearest = 0.0

    def add(self, answer: Prediction) -> None:
        """Count an answer, if it is unsure."""
        if answer.label is None:
            return
        self.n += answer.unsure
        if answer.unsure and answer.ratio > self._nearest:
            self._nearest, self.least = answer.ratio, answer

    @property
    def words(self) -> str:
        """How many there were, in words; empty where there was none."""
        told = ", {:,} of them unsure: the next class is more than half as probable"
        return told.format(self.n) if self.n else ""


def list_images(arguments: Iterable[str], *, files_only: bool = False) -> Iterator[ImageInput]:
    """Return the images that the arguments name, in order, without holding them all.

    Args:
        arguments: files, folders, patterns, or "-" for a list of names on standard input.
        files_only: whether a file of many images, an npz or IDX, is refused.

    Raises:
        SettingError: it is there all the same.
    """
    from striate.model.image_input import NamedImage, open_arrays

    for name in list_files(arguments):
        for found in open_arrays(name):
            if files_only and isinstance(found, NamedImage):
                raise SettingError(
                    f"--copy-to copies files, and '{name}' is one of many images; leave it out"
                )
            yield found


def list_files(arguments: Iterable[str]) -> Iterator[str]:
    """Return the files that the arguments name, in order."""
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


def make_copier(folder: Path | None, classes: tuple[str, ...]) -> Callable[[Prediction], None]:
    """Return what copies an image into the folder of its class, or does nothing without one.

    Args:
        folder: that the folders stand in; None copies nothing.
        classes: the names of all that may be answered, nodes above the classes among them.
    """
    if folder is None:
        return lambda answer: None
    from striate.cli.copying import copy_image, name_folders, prepare

    prepare(folder)
    unknown = next(name for name in ("dont-know", "dont-know-", "-") if name not in classes)
    names = name_folders((*classes, unknown))
    for label, name in names.items():
        if name != label:
            say(f"class '{escape_controls(label)}' goes into the folder '{name}'")

    def copy(answer: Prediction) -> None:
        target = folder / names[unknown if answer.node is None else answer.node]
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
