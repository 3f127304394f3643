"""What the person said, a line an answer, on the disk before the next question is asked."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, get_args

from striate.errors import DataError, SettingError
from striate.files.lock import try_lock

Kind = Literal["cluster", "mixed", "image", "skip"]
KINDS: Final = get_args(Kind)
UNDO: Final = "undo"  # the kind of a line that takes the answer before it back
FORMAT: Final = 1
LONGEST: Final = 80  # letters of a name
UNFIT: Final = "|;"  # which lists of images join several labels by


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        kind: "cluster", all of these images are `label`; "mixed", this cluster has no one name;
            "image", this one is `label`; "skip", this one cannot be told.
        images: by their hashes; of "mixed" those that were shown.
        label: the class.
        drawn: whether the image was drawn at random, and no guess shown.
        asked: images that the question was about, those that were struck out among them.
    """

    kind: Kind
    images: tuple[str, ...]
    label: str = ""
    drawn: bool = False
    asked: int = 1


def check_label(label: str) -> str:
    """Return a class's name without blanks around it.

    Raises:
        SettingError: it is empty, long, or what a list of labels cannot hold.

    >>> check_label(" bee ")
    'bee'
    """
    name = label.strip()
    if not name or len(name) > LONGEST or not name.isprintable() or set(name) & set(UNFIT):
        raise SettingError(
            f"the name {name[:LONGEST]!r} cannot be a class; expected 1 to {LONGEST} letters, "
            "without | and ;"
        )
    return name


class Journal:
    """The answers of one folder in a file that is only added to; of one process at a time.

    Taking an answer back is a line, too. What was cut off while it was written is left out.

    Args:
        path: of the file; made where there is none.
        folder: whose images are labelled.
        seed: of a new file; one that is there keeps its own.

    Raises:
        SettingError: another process has it open, or it cannot be written.
        DataError: it is damaged, or of another folder.
    """

    def __init__(self, path: Path, folder: Path, *, seed: int = 0) -> None:
        self.path, self.seed = path, seed
        self.answers: list[Answer] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+", encoding="utf-8", newline="\n")
        except OSError as error:
            raise SettingError(
                f"'{path}' cannot be written ({error.strerror or error}), and answers are kept "
                "there; name another place by --out"
            ) from error
        try:
            self._begin(folder)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        self._file.close()

    def add(self, answer: Answer) -> None:
        """Keep an answer: on the disk when this returns."""
        self._write(json.dumps(asdict(answer)))
        self.answers.append(answer)

    def undo(self) -> Answer | None:
        """Take the last answer back, and return it; None where there is none."""
        if not self.answers:
            return None
        self._write(json.dumps({"kind": UNDO}))
        return self.answers.pop()

    def _begin(self, folder: Path) -> None:
        if not try_lock(self._file.fileno()):
            raise SettingError(
                f"'{self.path}' is open in another process: this folder is being labelled "
                "already; go to that page, or end it first"
            )
        self._file.seek(0)
        text = self._file.read()
        whole = text[: text.rfind("\n") + 1]
        if whole != text:  # the last line was cut off by a kill
            self._file.truncate(len(whole.encode()))
        own = folder.resolve().as_posix()
        lines = whole.splitlines()
        if not lines:
            self._write(json.dumps({"format": FORMAT, "folder": own, "seed": self.seed}))
            return
        try:
            head = json.loads(lines[0])
            kept, self.seed = str(head["folder"]), int(head["seed"])
            if head["format"] != FORMAT:
                raise ValueError(f"format {head['format']}, not {FORMAT}")
            self.answers = _replay(lines[1:])
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise DataError(
                f"'{self.path}' cannot be used ({error}); take it away, or name another --out"
            ) from error
        if kept != own:
            raise DataError(
                f"'{self.path}' holds the answers of another folder, '{kept}'; name another --out"
            )

    def _write(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _replay(lines: Sequence[str]) -> list[Answer]:
    """Return the answers that were not taken back.

    >>> one = '{"kind": "image", "images": ["0a"], "label": "bee", "drawn": true, "asked": 1}'
    >>> [each.label for each in _replay([one, one, '{"kind": "undo"}'])]
    ['bee']
    """
    answers: list[Answer] = []
    for line in lines:
        told = json.loads(line)
        if told["kind"] == UNDO:
            answers.pop()
            continue
        if told["kind"] not in KINDS:
            raise ValueError(f"an answer of kind {told['kind']!r}")
        images = tuple(map(str, told["images"]))
        label, drawn = str(told["label"]), bool(told["drawn"])
        answers.append(Answer(told["kind"], images, label, drawn, int(told["asked"])))
    return answers
