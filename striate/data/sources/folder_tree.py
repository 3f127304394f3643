"""What stands in a folder and in all folders below it, read once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from striate.data.collection import Skipped, natural_key
from striate.errors import DataError

DEEPEST = 50

LEFT_BEHIND = {
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "__macosx",
    "@eadir",
    "$recycle.bin",
    "system volume information",
    "lost+found",
}

DOCUMENTS = (
    ".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".toml",
    ".html", ".htm", ".pdf", ".doc", ".docx", ".rtf", ".xls", ".xlsx", ".ods", ".parquet", ".mat",
    ".npz", ".npy", ".py", ".ipynb", ".sh", ".bat", ".log", ".ini", ".cfg", ".zip", ".lock", ".url",
)  # fmt: skip
"""Endings of files that are no images, so that they say nothing of how images are laid out."""


@dataclass(frozen=True)
class Listing:
    """What stands directly in one folder, in natural order; what is left out is in ``skipped``."""

    folders: tuple[str, ...]
    files: tuple[str, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder and all that is below it.

    Attributes:
        path: below the root, with a slash at the end; "" for the root.
        files: the names of the files directly in it.
        folders: those directly in it.
        has_images: whether a file directly in it may be an image.
        image_folders: those directly in it that have images anywhere below.
    """

    path: str
    files: tuple[str, ...]
    folders: tuple[Folder, ...]
    has_images: bool
    image_folders: tuple[Folder, ...]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.rstrip("/").rpartition("/")[2]

    def walk(self) -> Iterator[str]:
        """Return every file below, as a path below the root, in natural order."""
        yield from [self.path + name for name in self.files]
        for folder in self.folders:
            yield from folder.walk()


def list_folder(folder: Path, below: str = "") -> Listing:
    """List a folder: folders, ordinary files, and what is left out with its reason.

    Args:
        folder: to be listed.
        below: what the names in ``skipped`` start with, such as "train/cats/".

    Raises:
        DataError: where the folder cannot be read.
    """
    folders, files, skipped = [], [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                kind, reason = _judge(entry)
                if kind == "folder":
                    folders.append(entry.name)
                elif kind == "file":
                    files.append(entry.name)
                else:
                    skipped.append(Skipped(below + entry.name, reason))
    except OSError as error:
        raise DataError(
            f"the folder {str(folder)!r} cannot be read ({error.strerror or error}); "
            "mend its permissions or leave it out"
        ) from error
    return Listing(
        tuple(sorted(folders, key=natural_key)),
        tuple(sorted(files, key=natural_key)),
        tuple(sorted(skipped, key=lambda each: natural_key(each.name))),
    )


def _judge(entry: os.DirEntry[str]) -> tuple[str, str]:
    if entry.name.startswith("."):
        return "", "hidden"
    if entry.name.lower() in LEFT_BEHIND:
        return "", "left there by an operating system or a program; not an image"
    try:
        if entry.is_dir():
            return "folder", ""
        if entry.is_file():
            return "file", ""
        broken = entry.is_symlink()
    except OSError as error:  # a link that leads round in a circle, or no permission
        return "", f"cannot be looked at: {error.strerror or error}"
    return "", "a link that leads nowhere" if broken else "a pipe, device or socket, not a file"


def read_tree(root: Path, skipped: list[Skipped]) -> Folder:
    """Return a folder with everything below; what is left out is added to ``skipped``.

    Links to folders are followed, but below each folder of the root no folder is walked twice.

    Raises:
        DataError: where a folder cannot be read.
    """
    listing = list_folder(root)
    skipped.extend(listing.skipped)
    walked = {_identity(root)}
    inner = [_walk(root / name, f"{name}/", skipped, set(walked)) for name in listing.folders]
    return _folder("", listing.files, inner)


def _walk(folder: Path, path: str, skipped: list[Skipped], walked: set[tuple[int, int]]) -> Folder:
    identity = _identity(folder)
    if identity in walked:
        skipped.append(Skipped(path.rstrip("/"), "a link to a folder that was walked already"))
        return _folder(path, (), [])
    walked.add(identity)
    if path.count("/") > DEEPEST:
        skipped.append(Skipped(path.rstrip("/"), f"more than {DEEPEST} folders deep"))
        return _folder(path, (), [])
    listing = list_folder(folder, path)
    skipped.extend(listing.skipped)
    inner = [_walk(folder / name, f"{path}{name}/", skipped, walked) for name in listing.folders]
    return _folder(path, listing.files, inner)


def _folder(path: str, files: tuple[str, ...], folders: list[Folder]) -> Folder:
    has_images = any(not name.lower().endswith(DOCUMENTS) for name in files)
    filled = tuple(each for each in folders if each.has_images or each.image_folders)
    return Folder(path, files, tuple(folders), has_images, filled)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino
