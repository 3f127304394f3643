"""Find the images of whatever the user points at: a folder, a file, a zip, or "digits"."""

from __future__ import annotations

import dataclasses
import sys
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias

from striate.data.cache_folder import find_cache_folder
from striate.data.collection import Collection, Skipped, note_lost_classes, quote_few
from striate.data.fixes import apply_fixes
from striate.data.images import measure
from striate.data.sources import dataframe, in_memory, torch_dataset
from striate.data.sources.class_folders import find_folder
from striate.data.sources.digits import find_digits
from striate.data.sources.folder_tree import Listing, list_folder
from striate.data.sources.idx import find_idx, idx_family, is_idx
from striate.data.sources.layouts import LAYOUTS
from striate.data.sources.lists import TABLES, collect, find_list, find_lists
from striate.data.sources.npz import find_npz, is_npz
from striate.data.sources.parquet import find_parquet, is_parquet
from striate.data.sources.zip_archive import unpack
from striate.data.split_names import name_split, says_nothing
from striate.errors import DataError, ImageError, SettingError
from striate.files.home import expand_home

if TYPE_CHECKING:
    import pandas
    import torch
    from numpy.typing import ArrayLike
    from PIL.Image import Image

_EXPECTED = (
    "expected a folder with one folder a class, IDX or npz files, a CSV of path,label, "
    "a zip of these, or the word digits"
)


IN_MEMORY = (in_memory.SOURCE, dataframe.SOURCE, torch_dataset.SOURCE)

Data: TypeAlias = (
    "str | Path | tuple[ArrayLike | Sequence[Image], ArrayLike] | pandas.DataFrame"
    " | torch.utils.data.Dataset[Any] | Collection"
)
"""What `find`, and so training and evaluation, take as images with their classes."""


@dataclass(frozen=True)
class Options:
    """How files are read: what the user said of them."""

    source: str
    layout: str | None
    zip_encoding: str | None
    cache: Path | None
    within: Path | None = None  # no path of a list may lead out of it


def find(
    data: Data,
    *,
    layout: str | None = None,
    zip_encoding: str | None = None,
    cache: Path | None = None,
    fixes: str | Path | None = None,
) -> Collection:
    """Return the images of a data set, with their classes and splits; none is decoded.

    A folder with one folder a class, perhaps within train/, val/ and test/; IDX files as MNIST
    has them; npz files with x and y; a CSV of path,label; a zip of any of these; or "digits",
    the digits that come with scikit-learn. The content decides what a file is, not its ending.
    In Python also (images, labels), a DataFrame with the columns path and label, or a torch
    Dataset of (image, label). A collection that was found already is returned as it is.

    Args:
        data: the folder or file, "digits", or what is in memory.
        layout: what folders of folders mean: "split/class", "class/split" or "path", where each
            folder is a class; None goes by the names of the splits.
        zip_encoding: of the names in a zip that are not in UTF-8, such as "cp932".
        cache: where a zip is unpacked; left out, the user's cache folder.
        fixes: a CSV of images to drop or relabel, as `striate check` proposes it.

    Raises:
        DataError: where nothing usable is found, with what was expected and what to do.
        SettingError: there is no such layout or encoding.

    >>> find("digits").classes
    ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
    """
    if fixes is not None:
        found = find(data, layout=layout, zip_encoding=zip_encoding, cache=cache)
        return apply_fixes(found, fixes)
    if isinstance(data, Collection):
        return data
    if layout is not None and layout not in LAYOUTS:
        raise SettingError(f"layout is '{layout}'; choose {', '.join(LAYOUTS)}")
    if not isinstance(data, (str, Path)):
        return _find_in_memory(data)
    if data == "digits":
        found = find_digits()
        if Path("digits").exists():
            note = "the embedded digits were taken, not the folder: write ./digits for that"
            found = dataclasses.replace(found, notes=(note,))
        return found
    if data in IN_MEMORY:
        raise DataError(
            f"the images were given as {data}, which is in no file; give the same again: data=..., "
            "or train from a folder, an npz file or a CSV"
        )
    if not str(data).strip():
        raise DataError(f"the name of the data is empty; {_EXPECTED}")
    path = expand_home(data)
    _refuse_missing(path)
    options = Options(str(data), layout, zip_encoding, cache)
    if path.is_dir():
        return _find_in_folder(path, options)
    try:
        with path.open("rb"):  # or say at once why it cannot be read
            pass
        return _find_in_file(path, options)
    except OSError as error:
        raise DataError(
            f"{str(data)!r} cannot be read ({error.strerror or error}); mend its permissions"
        ) from error


def source_of(data: Data) -> str:
    """Return where images are, so that they are found again from any folder; in words in memory.

    >>> source_of("digits"), source_of(([[[0]], [[1]]], [0, 1]))
    ('digits', 'arrays in memory')
    """
    if isinstance(data, Collection):
        return source_of(data.source)
    if isinstance(data, (str, Path)):
        known = data == "digits" or data in IN_MEMORY
        return str(data) if known else str(expand_home(data).resolve())
    if isinstance(data, tuple):
        return in_memory.SOURCE
    return dataframe.SOURCE if _is_dataframe(data) else torch_dataset.SOURCE


def _find_in_memory(data: object) -> Collection:
    if isinstance(data, tuple) and len(data) == 2:
        return in_memory.find_arrays(*data)
    if _is_dataframe(data):
        return dataframe.find_dataframe(data)
    torch = sys.modules.get("torch")  # who gives a dataset has loaded it
    if torch is not None and isinstance(data, torch.utils.data.Dataset):
        return torch_dataset.find_torch_dataset(data)
    raise DataError(
        f"{type(data).__name__} is no data set: {_EXPECTED}; in memory (images, labels), a "
        "DataFrame with the columns path and label, or a torch Dataset of (image, label)"
    )


def _is_dataframe(data: object) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _refuse_missing(path: Path) -> None:
    try:
        if path.exists():
            return
        names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise DataError(f"{str(path)!r} cannot be looked at: {told}") from error
    folded = {name.casefold(): name for name in names}
    from difflib import get_close_matches

    close = get_close_matches(path.name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        meant = str(path.parent / folded[close[0]])
        raise DataError(f"there is no {str(path)!r}; did you mean {meant!r}?")
    if get_close_matches(str(path), ["digits"], cutoff=0.8):
        raise DataError(f"there is no {str(path)!r}; did you mean 'digits', the embedded ones?")
    raise DataError(f"there is no {str(path)!r}; {_EXPECTED}")


def _find_in_folder(folder: Path, options: Options) -> Collection:
    """Tell the layouts apart: arrays or a list directly in the folder, else class folders."""
    listing = list_folder(folder)
    files = [folder / name for name in listing.files]
    source = options.source
    holders = [name for name in listing.folders if "idx" in name.lower()]
    if len(listing.folders) - len(holders) < 2 and (files or holders):
        idx = [path for path in files if is_idx(path)]
        beside = [Skipped(name, "IDX files stand beside it") for name in holders if idx]
        idx = idx or _idx_within(folder, holders)
        if idx:
            return find_idx(idx, source, [*_rest(files, idx, "no IDX file"), *beside])
        npz = [path for path in files if is_npz(path)]
        if npz:
            return find_npz(npz, source, _rest(files, npz, "no npz file"))
        parquet = [path for path in files if path.suffix.lower() == ".parquet"]
        if parquet:
            return find_parquet(parquet, source, _rest(files, parquet, "no Parquet file"))
    found, wrong = _find_listed(folder, listing, options)
    if found is not None:
        return found
    if len(listing.folders) == 1 and _goes_deeper(folder / listing.folders[0]):
        return _find_deeper(folder, listing, options)
    try:
        return find_folder(folder, source, options.layout)
    except DataError as error:
        raise wrong or error from None


def _idx_within(folder: Path, holders: Sequence[str]) -> list[Path]:
    """Return the IDX files that stand each in a folder of its own name."""
    inner = [folder / name / file for name in holders for file in list_folder(folder / name).files]
    return [path for path in inner if is_idx(path)]


def _goes_deeper(inner: Path) -> bool:
    """Return whether the one folder of a folder is the data set, and no class of it."""
    if name_split(inner.name) is not None:
        return False
    listing = list_folder(inner)
    return bool(listing.folders) or any(map(_holds_data, listing.files))


def _find_deeper(folder: Path, listing: Listing, options: Options) -> Collection:
    """Find the images in the one folder within, whatever stands beside it."""
    (name,) = listing.folders
    found = _find_in_folder(folder / name, options)
    beside = [
        Skipped(file, f"stands beside {name!r}, which holds the images") for file in listing.files
    ]
    note = f"the images were looked for in {name!r}, the one folder there"
    skipped = (*listing.skipped, *beside, *found.skipped)
    return dataclasses.replace(found, skipped=skipped, notes=(note, *found.notes))


def _find_listed(
    folder: Path, listing: Listing, options: Options
) -> tuple[Collection | None, DataError | None]:
    """Return the images that lists in a folder name; None where its folders are the classes.

    With it what is wrong with a list, which matters only where the folders say nothing either.
    """
    parts = [name for name in listing.folders if name_split(name) or says_nothing(name)]
    if options.layout is not None:
        return None, None
    within = [list_folder(folder / name) for name in parts]
    files = (name for each in (listing, *within) for name in each.files)
    if not any(name.lower().endswith(TABLES) for name in files):
        return None, None
    kinds = {name for name in listing.folders if name not in parts}
    kinds.update(name for each in within for name in each.folders)
    lists = find_lists(folder, options.source, options.within)
    if len(kinds) < 2:
        try:
            if lists.lists:
                return collect(lists, folder, options.source), None
            if lists.refused:
                raise DataError("; ".join(lists.refused))
        except DataError as error:
            if not kinds or len(listing.folders) < 2:
                raise
            return None, error
    elif lists.lists:
        if not lists.finds_an_image() or kinds & lists.labels:
            return None, None
        raise DataError(
            f"{options.source!r} can be read in two ways: the classes {quote_few(sorted(kinds))} "
            f"of its folders (--layout path), or {quote_few(sorted(lists.labels))} of "
            f"{lists.lists[0].name} (give that file)"
        )
    return None, None


def _rest(files: list[Path], taken: list[Path], reason: str) -> list[Skipped]:
    return [Skipped(path.name, reason) for path in files if path not in taken]


def _find_in_file(path: Path, options: Options) -> Collection:
    source = options.source
    if not path.is_file():
        raise DataError(f"{source!r} is a pipe, device or socket; {_EXPECTED}")
    if is_idx(path):
        return find_idx(_with_partner(path), source)
    if is_npz(path):
        return find_npz([path], source)
    if is_parquet(path):
        return find_parquet([path], source)
    if zipfile.is_zipfile(path) and not _is_image(path):
        return _find_in_zip(path, options)
    if path.suffix.lower() in (*TABLES, ".txt"):
        return find_list(path, source, None)
    if _is_image(path):
        raise DataError(
            f"{source!r} is a single image; give the folder that holds one folder a class"
        )
    raise DataError(f"{source!r} is no data set that can be read; {_EXPECTED}")


def _with_partner(path: Path) -> list[Path]:
    """Return an IDX file and the other IDX files of its set in the same folder."""
    files = [path.parent / name for name in list_folder(path.parent).files]
    return [each for each in files if idx_family(each.name) == idx_family(path.name)]


def _is_image(path: Path) -> bool:
    try:
        measure(path)
    except ImageError:
        return False
    return True


def _find_in_zip(path: Path, options: Options) -> Collection:
    cache = options.cache or find_cache_folder()
    unpacked = unpack(path, cache, encoding=options.zip_encoding)
    root = unpacked.folder
    if not any(each.is_file() for each in root.rglob("*")):
        first = unpacked.skipped[:1]
        told = f" ({first[0].name!r}: {first[0].reason})" if first else ""
        raise DataError(f"nothing in {options.source!r} could be unpacked{told}")
    found = _find_in_folder(root, dataclasses.replace(options, within=root))
    lost = defaultdict(list)
    for each in unpacked.skipped:
        folder = PurePosixPath(each.name.replace("\\", "/")).parent
        if folder.name and not (root / folder).is_dir():
            lost[folder.name].append(each)
    note = f"{path.name} was unpacked into {root}"
    notes = (note, *unpacked.notes, *found.notes, *note_lost_classes(lost))
    return dataclasses.replace(found, skipped=(*unpacked.skipped, *found.skipped), notes=notes)


def _holds_data(name: str) -> bool:
    return name.lower().endswith((*TABLES, ".parquet", ".npz", ".gz", "ubyte"))
