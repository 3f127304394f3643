"""A folder with one folder a class, perhaps within train/, val/ and test/."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from striate.data.collection import (
    SPLIT_WORDS,
    Collection,
    Skipped,
    encode_labels,
    format_count,
    natural_key,
    quote_few,
)
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


@dataclass(frozen=True)
class Listing:
    """What stands directly in one folder, in natural order; what is left out is in ``skipped``."""

    folders: tuple[str, ...]
    files: tuple[str, ...]
    skipped: tuple[Skipped, ...]


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


def walk(folder: Path, below: str, skipped: list[Skipped]) -> Iterator[str]:
    """Return every file under a folder as ``below`` + path, in natural order.

    Links to folders are followed, but no folder is walked twice.
    """
    yield from _walk(folder, below, skipped, walked=set())


def _walk(
    folder: Path, below: str, skipped: list[Skipped], walked: set[tuple[int, int]]
) -> Iterator[str]:
    status = folder.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in walked:
        skipped.append(Skipped(below.rstrip("/"), "a link to a folder that was walked already"))
        return
    walked.add(identity)
    if below.count("/") > DEEPEST:
        skipped.append(Skipped(below.rstrip("/"), f"more than {DEEPEST} folders deep"))
        return
    listing = list_folder(folder, below)
    skipped.extend(listing.skipped)
    for name in listing.files:
        yield below + name
    for name in listing.folders:
        yield from _walk(folder / name, f"{below}{name}/", skipped, walked)


def find_folder(root: Path, source: str) -> Collection:
    """Find the images of a folder that has one folder a class.

    The class folders stand directly in it, or in train/, val/ (also valid, validation) and
    test/, whatever their case. Images may stand deeper within a class folder.

    Raises:
        DataError: where there are no class folders or no files in them, with what to do.
    """
    listing = list_folder(root)
    skipped = list(listing.skipped)
    splits = {name: split for name in listing.folders if (split := _split(root, name))}
    if not splits:
        _refuse_plain_splits(root, listing)
    skipped += [
        Skipped(name, "stands beside the class folders, so it has no class")
        for name in listing.files
    ]
    tops: list[tuple[str, str]] = []  # (folder below the root that holds class folders, split)
    if splits:
        skipped += [
            Skipped(name, _why_no_split(name, splits))
            for name in listing.folders
            if name not in splits
        ]
        tops = [(f"{name}/", split) for name, split in splits.items()]
    else:
        tops = [("", "")]
    names: list[str] = []
    kinds: list[str] = []
    belongs: list[str] = []
    empty: list[str] = []
    for top, split in tops:
        inner = list_folder(root / top, top) if top else listing
        if top:
            skipped += inner.skipped
            skipped += [
                Skipped(top + name, "stands beside the class folders, so it has no class")
                for name in inner.files
            ]
        for kind in inner.folders:
            found = list(walk(root / top / kind, f"{top}{kind}/", skipped))
            names += found
            kinds += [kind] * len(found)
            belongs += [split] * len(found)
            if not found:
                empty.append(top + kind)
    if not names:
        raise DataError(_nothing(source, listing, empty))
    classes, labels = encode_labels(kinds)
    if len(classes) == 1:
        _refuse_level_too_high(root, source, tops, classes[0])
    notes = []
    if empty:
        which = format_count(len(empty), "class folder has", "class folders have")
        notes.append(f"{which} no images and is left out: {quote_few(empty)}")
    return Collection(
        source=source,
        kind="folder",
        classes=classes,
        names=tuple(names),
        labels=labels,
        splits=tuple(belongs),
        skipped=tuple(skipped),
        notes=tuple(notes),
        content=root,
    )


def _split(root: Path, name: str) -> str:
    """Tell which split a folder is; it is one by its name and by holding class folders."""
    split = SPLIT_WORDS.get(name.lower(), "")
    if not split:
        return ""
    inside = list_folder(root / name)
    return split if inside.folders else ""


def _why_no_split(name: str, splits: Iterable[str]) -> str:
    if name.lower() in SPLIT_WORDS:
        return "holds no class folders, so its images have no class"
    return f"stands beside {quote_few(splits)} and is none of train, val or test"


def _refuse_plain_splits(root: Path, listing: Listing) -> None:
    """Explain folders that look like splits but cannot be taken as such."""
    if listing.folders and all(name.lower() in SPLIT_WORDS for name in listing.folders):
        name = listing.folders[0]
        raise DataError(
            f"{name!r} holds no class folders; put the images of each class in a folder of "
            f"its own, such as {name}/cats and {name}/dogs, or give a CSV of path,label"
        )
    if len(listing.folders) < 2:
        return
    inner = [set(list_folder(root / name).folders) for name in listing.folders[:10]]
    if len(inner[0]) >= 2 and all(each == inner[0] for each in inner):
        raise DataError(
            f"{quote_few(listing.folders)} all hold the same folders "
            f"({quote_few(sorted(inner[0]))}): rename "
            "them to train, val and test, or point at one of them"
        )


def _refuse_level_too_high(root: Path, source: str, tops: list[tuple[str, str]], only: str) -> None:
    """Point at the folder meant where the class folders are one level deeper."""
    top = tops[0][0]
    inside = list_folder(root / top / only)
    if len(inside.folders) >= 2 and not inside.files:
        meant = str(Path(source) / top / only)
        raise DataError(
            f"{source!r} holds one folder only, {only!r}, and the class folders seem to be in it "
            f"({quote_few(inside.folders)}); did you mean {meant!r}?"
        )


def _nothing(source: str, listing: Listing, empty: list[str]) -> str:
    how = "expected one folder a class with its images in it, such as cats/ and dogs/"
    if empty:
        return f"no images in {source!r}: its folders ({quote_few(empty)}) are empty; {how}"
    archives = [name for name in listing.files if name.lower().endswith(".zip")]
    if archives:
        return f"no class folders in {source!r}; did you mean {str(Path(source) / archives[0])!r}?"
    if listing.files:
        found = format_count(len(listing.files), "file stands", "files stand")
        return (
            f"no class folders in {source!r}: {found} in it directly; {how}, or a CSV of path,label"
        )
    return f"no images in {source!r}: it is empty; {how}"
