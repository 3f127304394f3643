"""What the folders of a data set mean: which name classes, which are splits, which are neither."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from unicodedata import normalize

from striate.data.collection import format_count, quote_few
from striate.data.sources.folder_tree import Folder
from striate.data.split_names import SPLIT_WORDS, name_split
from striate.errors import DataError

SHOWN = 10  # names in a remark
LAYOUTS = ("split/class", "class/split", "path")


@dataclass(frozen=True, eq=False)
class ClassFolder:
    """Files of one class and split.

    Attributes:
        name: of the class.
        split: "train", "val", "test", or "" where nothing says.
        names: the files, as paths below the root.
        path: the folder, for messages.
    """

    name: str
    split: str
    names: tuple[str, ...]
    path: str


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to read the folders.

    Attributes:
        classes: the class folders, in natural order.
        unused: (name, reason) of folders and files that belong to no class.
        notes: what was decided, one line each.
        nested: the folders within class folders.
    """

    classes: tuple[ClassFolder, ...]
    unused: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()


def read_layout(root: Folder, source: str, layout: str | None) -> Reading:
    """Return what the folders mean: by the names of the splits, or as the layout says.

    Args:
        root: the folder, with at least one folder in it.
        source: what the user pointed at.
        layout: one of `LAYOUTS`; None where the names are to decide.

    Raises:
        DataError: they can be read in two ways, with both and the options that choose.
    """
    folders = root.image_folders or root.folders
    as_splits = _is_split_level(folders)
    if layout == "path":
        return _read_paths(root, as_splits)
    if layout == "split/class" or (layout is None and as_splits):
        return _read_splits(root, source, folders, deeper_is_said=layout is not None)
    if layout == "class/split" or _is_class_first(folders):
        return _read_classes(root, by_split=True)
    _refuse_two_readings(source, folders)
    return _read_classes(root, by_split=False)


def _read_splits(
    root: Folder, source: str, folders: Sequence[Folder], *, deeper_is_said: bool
) -> Reading:
    found: list[ClassFolder] = []
    unused = _strays(root)
    told: list[str] = []
    for folder in root.folders:
        split = name_split(folder.name)
        if folder not in folders:
            unused.append((folder.path.rstrip("/"), _why_no_split(folder, folders)))
            continue
        inner = _descend(folder)
        if split == "" or not inner.image_folders:
            unused.append((folder.path.rstrip("/"), "holds no class folders, so no classes"))
            continue
        unused += _strays(*_levels(folder))
        found += [
            ClassFolder(each.name, split or "train", tuple(each.walk()), each.path)
            for each in inner.folders
        ]
        if folder.name.lower() not in SPLIT_WORDS or inner is not folder:
            told.append(f"{inner.path.rstrip('/')!r} ({split or 'train'})")
    if not found:
        _refuse_plain_splits(folders)
    below = list(chain.from_iterable(_descend(each).image_folders for each in folders))
    if not deeper_is_said:
        _refuse_nested_classes(source, below)
    notes = [f"folders taken as splits: {', '.join(told)}"] if told else []
    nested = _list_nested(below)
    return Reading(tuple(found), tuple(unused), (*notes, *_tell_nested(nested)), nested)


def _read_classes(root: Folder, *, by_split: bool) -> Reading:
    """Take the folders of the first level as classes; within them, splits or nothing."""
    found: list[ClassFolder] = []
    inner = list(chain.from_iterable(each.image_folders for each in root.folders))
    known = sorted({each.name for each in inner if name_split(each.name)}) if by_split else []
    unused = _strays(root)
    for folder in root.folders:
        if not known:
            found.append(ClassFolder(folder.name, "", tuple(folder.walk()), folder.path))
            continue
        if folder.files or not folder.folders:
            names = tuple(folder.path + name for name in folder.files)
            found.append(ClassFolder(folder.name, "train", names, folder.path))
        for each in folder.folders:
            split = name_split(each.name)
            if split == "":
                unused.append((each.path.rstrip("/"), "holds images without labels, by its name"))
            else:
                found.append(
                    ClassFolder(folder.name, split or "train", tuple(each.walk()), each.path)
                )
    nested: tuple[str, ...] = ()
    if known:
        notes: tuple[str, ...] = (
            f"folders in the class folders taken as splits: {quote_few(known, SHOWN)} "
            "(--layout path takes each folder as a class)",
        )
    else:
        nested = _list_nested(root.folders)
        notes = _tell_nested(nested)
    return Reading(tuple(found), tuple(unused), notes, nested)


def _read_paths(root: Folder, as_splits: bool) -> Reading:
    """Take every folder that holds files as a class, named by its path."""
    found: list[ClassFolder] = []
    unused = [] if as_splits else _strays(root)
    for folder in root.folders:
        split = name_split(folder.name) if as_splits else None
        top = _descend(folder) if as_splits else root
        if as_splits:
            unused += _strays(*_levels(folder))
        if split == "":
            unused.append((folder.path.rstrip("/"), "holds no class folders, so no classes"))
            continue
        for each in _below(top.folders if as_splits else [folder]):
            if each.files or not each.folders:
                name = each.path.removeprefix(top.path).rstrip("/")
                names = tuple(each.path + file for file in each.files)
                found.append(ClassFolder(name, split or "", names, each.path))
    classes = sorted({each.name for each in found if each.names})
    which = format_count(len(classes), "class is", "classes are")
    note = f"{which} named by the path of the folder: {quote_few(classes, SHOWN)}"
    return Reading(tuple(found), tuple(unused), (note,))


def _below(folders: Iterable[Folder]) -> Iterable[Folder]:
    for folder in folders:
        yield folder
        yield from _below(folder.folders)


def _is_split_level(folders: Sequence[Folder]) -> bool:
    """Return whether all folders are named after splits and their classes overlap by half."""
    splits = [name_split(each.name) for each in folders]
    if None in splits or not any(_descend(each).image_folders for each in folders):
        return False
    classes: dict[str, set[str]] = {}
    for folder, split in zip(folders, splits, strict=True):
        if split:
            names = {_plain(each.name) for each in _descend(folder).image_folders}
            classes.setdefault(split, set()).update(names)
    return _overlap(classes)


def _is_class_first(folders: Sequence[Folder]) -> bool:
    """Return whether all folders within the class folders are named after splits."""
    classes: dict[str, set[str]] = {}
    for folder in folders:
        splits = [name_split(each.name) for each in folder.image_folders]
        if folder.has_images or None in splits:
            return False
        for split in splits:
            if split:
                classes.setdefault(split, set()).add(folder.path)
    return len(folders) > 1 and "train" in classes and _overlap(classes)


def _overlap(classes: dict[str, set[str]]) -> bool:
    """Return whether the classes of each split are, by half of the fewer, those of the first."""
    sets = [names for _, names in sorted(classes.items(), key=lambda each: each[0] != "train")]
    sets = [names for names in sets if names]
    return all(2 * len(sets[0] & each) >= min(len(sets[0]), len(each)) for each in sets)


def _descend(folder: Folder) -> Folder:
    """Return the folder that holds the class folders of a split: below folders of its own name."""
    return _levels(folder)[-1]


def _levels(folder: Folder) -> list[Folder]:
    """Return a split's folder and those within it, down to the one that holds class folders."""
    levels = [folder]
    while len(folder.image_folders) == 1 and not folder.has_images:
        inner = folder.image_folders[0]
        again = inner.name == folder.name or name_split(inner.name) is not None
        if not again and (len(inner.image_folders) < 2 or inner.has_images):
            break
        folder = inner
        levels.append(folder)
    return levels


def _strays(*folders: Folder) -> list[tuple[str, str]]:
    why = "stands beside the class folders, so it has no class"
    return [(folder.path + name, why) for folder in folders for name in folder.files]


def _why_no_split(folder: Folder, splits: Sequence[Folder]) -> str:
    if name_split(folder.name) is not None:
        return "holds no class folders, so its images have no class"
    return f"stands beside {quote_few(each.name for each in splits)} and holds no images"


def _refuse_plain_splits(folders: Sequence[Folder]) -> None:
    name = folders[0].name
    raise DataError(
        f"{name!r} holds no class folders; put the images of each class in a folder of its own, "
        f"such as {name}/cats and {name}/dogs, or give a CSV of path,label"
    )


def _refuse_two_readings(source: str, folders: Sequence[Folder]) -> None:
    """Refuse folders of folders that nothing but the user can tell the meaning of."""
    if folders and all(name_split(each.name) is not None and not each.image_folders
                       for each in folders):  # fmt: skip
        _refuse_plain_splits(folders)
    splits = [each for each in folders if name_split(each.name)]
    beside = any(len(each.image_folders) > 1 and not each.has_images for each in splits)
    if not beside and not _hold_folders(folders):
        return
    outer = [each.name for each in folders]
    inner = list(dict.fromkeys(one.name for each in folders for one in each.image_folders))
    path = next(one.path for each in folders for one in each.image_folders).rstrip("/")
    raise DataError(
        f"{source!r} can be read in two ways: the classes {quote_few(outer)}, with folders in them "
        f"(--layout class/split); or {quote_few(outer)} as parts of one set, with the classes "
        f"{quote_few(inner)} (--layout split/class); choose one of these, or --layout path, which "
        f"takes each folder as a class, such as {path!r}"
    )


def _refuse_nested_classes(source: str, classes: Sequence[Folder]) -> None:
    if not _hold_folders(classes):
        return
    outer = list(dict.fromkeys(each.name for each in classes))
    inner = next(one for each in classes for one in each.image_folders)
    nested = "/".join(inner.path.rstrip("/").split("/")[-2:])
    raise DataError(
        f"the class folders of {source!r} hold folders, which can be read in two ways: the classes "
        f"{quote_few(outer)}, whatever is in them (--layout split/class); or each folder within as "
        f"a class, such as {nested!r} (--layout path); choose one"
    )


def _hold_folders(folders: Sequence[Folder]) -> bool:
    """Return whether all images stand in folders within, and of one folder in several."""
    return any(len(each.image_folders) > 1 for each in folders) and not any(
        each.has_images for each in folders
    )


def _list_nested(classes: Sequence[Folder]) -> tuple[str, ...]:
    return tuple(inner.path.rstrip("/") for each in classes for inner in each.image_folders)


def _tell_nested(nested: Sequence[str]) -> tuple[str, ...]:
    if not nested:
        return ()
    which = format_count(len(nested), "folder", "folders")
    return (
        f"{which} within class folders, whose images count as of the class: "
        f"{quote_few(nested, SHOWN)} (--layout path takes each folder as a class)",
    )


def _plain(name: str) -> str:
    return normalize("NFC", name).casefold()
