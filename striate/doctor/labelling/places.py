"""Where labels and answers are kept; known before anything heavy is loaded."""

from __future__ import annotations

import os
from pathlib import Path

from striate.errors import DataError, SettingError


def journal_of(path: Path) -> Path:
    """Return where the answers are kept of which a file of labels is made.

    >>> journal_of(Path("labels/photos.csv")).as_posix()
    'labels/photos.answers.jsonl'
    """
    return path.with_name(f"{path.stem}.answers.jsonl")


def check_place(path: Path | None, folder: Path) -> Path:
    """Return the file of labels: labels/NAME.csv of the folder's name where none is given.

    Raises:
        DataError: the folder that is to be labelled is none.
        SettingError: it lies in that folder, which is only read; it is a folder; it is there
            already, of other labels; it cannot be written; or its name does not end in .csv.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory(suffix="-photos") as folder:
    ...     check_place(None, Path(folder)).as_posix()  # doctest: +ELLIPSIS
    'labels/...-photos.csv'
    """
    if not folder.is_dir():
        missing = "is a file" if folder.exists() else "is not there"
        raise DataError(f"'{folder}' {missing}; expected a folder of images without labels")
    found = path or Path("labels") / f"{folder.resolve().name or 'images'}.csv"
    if found.suffix.lower() != ".csv":
        raise SettingError(f"--out is '{found}'; expected a name that ends in .csv")
    if found.resolve().is_relative_to(folder.resolve()):
        raise SettingError(
            f"'{found}' lies in the folder that is labelled, to which nothing is written; name "
            "another place by --out, or go to another folder"
        )
    if found.is_dir():
        raise SettingError(f"--out '{found}' is a folder; expected the name of a file")
    if found.exists() and not journal_of(found).exists():
        raise SettingError(
            f"'{found}' is there already, and not from here: '{journal_of(found).name}' is not "
            "beside it; name another place by --out"
        )
    last = next(each for each in found.absolute().parents if each.exists())
    if not last.is_dir() or not os.access(last, os.W_OK):
        raise SettingError(
            f"'{found}' cannot be written: '{last}' is {'read only' if last.is_dir() else 'a file'}"
            "; name another place by --out"
        )
    return found
