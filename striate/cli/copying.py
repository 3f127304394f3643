"""Images copied into a folder a class: names that any system takes, whole files or none."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from striate.errors import SettingError

LONGEST = 120  # bytes of a folder's name; a system takes 255, some of them fewer
WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def name_folders(classes: Sequence[str]) -> dict[str, str]:
    """Return the folder's name of each class: its own wherever any system takes that.

    No two are alike, also where capitals make no difference.

    >>> name_folders(["a_b", "a/b", "..", "cat", "Cat"])
    {'a_b': 'a_b', 'a/b': 'a_b-2', '..': '__', 'cat': 'cat', 'Cat': 'Cat-2'}
    """
    wanted = {name: _safe(name) for name in classes}
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(classes, key=lambda each: wanted[each] != each):  # own names come first
        chosen, number = wanted[name], 1
        while _alike(chosen) in taken:
            number += 1
            chosen = f"{wanted[name]}-{number}"
        taken.add(_alike(chosen))
        names[name] = chosen
    return {name: names[name] for name in classes}


def _alike(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _safe(name: str) -> str:
    """Return a name that can be a folder's: no separator, no dot first, not too long."""
    name = "".join(
        "_" if ord(letter) < 32 or letter in '<>:"/\\|?*\x7f' else letter for letter in name
    )
    name = re.sub(r"^\.+|[. ]+$", lambda found: "_" * len(found[0]), name) or "_"
    if WINDOWS_DEVICES.fullmatch(name):
        name = f"_{name}"
    try:
        os.fsencode(name)
    except UnicodeEncodeError:  # halves of characters, which no file's name holds
        name = name.encode("ascii", "backslashreplace").decode("ascii").replace("\\", "_")
    while len(os.fsencode(name)) > LONGEST:
        name = name[:-1]
    return name


def prepare(folder: Path) -> None:
    """Make the folder that copies go to, and see that it takes files.

    Raises:
        SettingError: it cannot be made, or takes none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = _partial(folder)
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise SettingError(
            f"--copy-to '{folder}': {error.strerror}; give a folder that files can be written to"
        ) from error


def copy_image(source: Path, folder: Path) -> Path:
    """Copy an image into a folder, whole or not at all; nothing there is ever overwritten.

    Raises:
        OSError: the system refuses it; nothing of the copy stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = _partial(folder)
    try:
        shutil.copy2(source, partial)
        path = folder / source.name
        number = 1
        while path.exists():
            number += 1
            path = folder / f"{source.stem}-{number}{source.suffix}"
        return partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _partial(folder: Path) -> Path:
    return folder / f".striate-{os.getpid()}.partial"
