"""A folder with one folder a class, perhaps within train/, val/ and test/."""

from __future__ import annotations

from pathlib import Path

from striate.data.collection import (
    Collection,
    Skipped,
    encode_labels,
    format_count,
    quote_few,
)
from striate.data.sources.folder_tree import Folder, read_tree
from striate.data.sources.layouts import SHOWN, read_layout
from striate.errors import DataError


def find_folder(root: Path, source: str, layout: str | None = None) -> Collection:
    """Find the images of a folder that has one folder a class.

    The class folders stand directly in it, or in train/, val/ and test/ and the like, or hold
    such. Images may stand deeper within a class folder.

    Raises:
        DataError: where there are no class folders or no files in them, or it can be read in two
            ways, with what to do.
    """
    skipped: list[Skipped] = []
    tree = read_tree(root, skipped)
    if not tree.image_folders:
        raise DataError(_nothing(source, tree))
    reading = read_layout(tree, source, layout)
    skipped += [Skipped(name, reason) for name, reason in reading.unused]
    filled = [each for each in reading.classes if each.names]
    empty = [each.path.rstrip("/") for each in reading.classes if not each.names]
    if not filled:
        raise DataError(_nothing(source, tree))
    names: list[str] = []
    kinds: list[str] = []
    splits: list[str] = []
    for each in filled:
        names += each.names
        kinds += [each.name] * len(each.names)
        splits += [each.split] * len(each.names)
    classes, labels = encode_labels(kinds)
    notes = list(reading.notes)
    if empty:
        which = format_count(len(empty), "class folder has", "class folders have")
        notes.append(f"{which} no images and is left out: {quote_few(empty, SHOWN)}")
        skipped += [Skipped(name, "a class folder without images") for name in empty]
    return Collection(
        source=source,
        kind="folder",
        classes=classes,
        names=tuple(names),
        labels=labels,
        splits=tuple(splits),
        skipped=tuple(skipped),
        notes=tuple(notes),
        remarks=tuple(Skipped(name, "a folder within a class folder") for name in reading.nested),
        content=root,
    )


def _nothing(source: str, tree: Folder) -> str:
    how = "expected one folder a class with its images in it, such as cats/ and dogs/"
    if tree.folders:
        names = quote_few(each.name for each in tree.folders)
        documents = [name for each in tree.folders for name in each.walk()]
        held = f"hold nothing but documents ({quote_few(documents)})" if documents else "are empty"
        return f"no images in {source!r}: its folders ({names}) {held}; {how}"
    archives = [name for name in tree.files if name.lower().endswith(".zip")]
    if archives:
        return f"no class folders in {source!r}; did you mean {str(Path(source) / archives[0])!r}?"
    if tree.files:
        found = format_count(len(tree.files), "file stands", "files stand")
        return (
            f"no class folders in {source!r}: {found} in it directly; {how}, or a CSV of path,label"
        )
    return f"no images in {source!r}: it is empty; {how}"
