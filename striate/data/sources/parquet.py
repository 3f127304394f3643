"""Parquet files with the bytes of images and their labels, as Hugging Face writes them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from striate.data.collection import (
    Collection,
    FetchedImages,
    Skipped,
    encode_labels,
    note_lost_classes,
    sort_numbers,
)
from striate.data.images import Source
from striate.data.sources.array_images import MAX_ARRAY_BYTES
from striate.data.sources.list_columns import LABELS, refuse_labels
from striate.data.split_names import find_split
from striate.errors import DataError

if TYPE_CHECKING:
    import pyarrow


def is_parquet(path: Path) -> bool:
    """Tell by its ends whether a file is Parquet."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def find_parquet(files: Sequence[Path], source: str, skipped: Sequence[Skipped] = ()) -> Collection:
    """Take Parquet files with a column of images and one of labels; the names say the splits.

    Raises:
        DataError: pyarrow is not there, a file is damaged, or a column is missing.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise DataError(
            f"{files[0].name!r} is a Parquet file, which needs the parquet extra: pip install "
            '"striate[parquet]"'
        ) from error
    if sum(path.stat().st_size for path in files) > MAX_ARRAY_BYTES:
        raise DataError(f"the Parquet files of {source!r} have more than {MAX_ARRAY_BYTES:,} bytes")
    images: list[pyarrow.Scalar] = []
    rows: list[_Row] = []
    left_out = list(skipped)
    without: dict[str, list[Skipped]] = defaultdict(list)
    told: dict[str, None] = {}  # the classes as the files number them
    for path in files:
        try:
            table = parquet.read_table(path)
        except (OSError, ValueError, pyarrow.ArrowException) as error:
            raise DataError(f"{path.name!r} cannot be read as Parquet: {error}") from error
        image, label = _columns(table, path)
        told |= dict.fromkeys(_class_names(table, label))
        for held, row in zip(table[image], _rows(table, label, path), strict=True):
            reason = "" if row.label else "its row gives it no label"
            if not reason and _bytes(held) is None:
                reason = "its row holds no bytes of an image"
            if reason:
                left_out.append(Skipped(row.name, reason))
                if row.label:
                    without[row.label].append(left_out[-1])
            else:
                images.append(held)
                rows.append(row)
    if not rows:
        raise DataError(f"no image in {source!r} has both bytes and a label")
    labels = [row.label for row in rows]
    classes, numbers = encode_labels(labels, order=tuple(told) or sort_numbers(labels))
    lost = {name: files for name, files in without.items() if name not in labels}

    def fetch(index: int) -> Source:
        return _bytes(images[index]) or b""

    return Collection(
        source=source,
        kind="parquet",
        classes=classes,
        names=tuple(row.name for row in rows),
        labels=numbers,
        splits=tuple(row.split for row in rows),
        skipped=tuple(left_out),
        notes=note_lost_classes(lost),
        columns={
            column: tuple(row.others.get(column, "") for row in rows)
            for column in dict.fromkeys(column for row in rows for column in row.others)
        },
        content=FetchedImages(fetch, np.arange(len(rows))),
    )


@dataclass(frozen=True)
class _Row:
    """What a row says beside its image."""

    name: str
    split: str
    label: str
    others: Mapping[str, str]


def _rows(table: pyarrow.Table, label: str, path: Path) -> Iterator[_Row]:
    from pyarrow import types

    split, told = find_split(path.name), _class_names(table, label)
    scalar = [
        each.name
        for each in table.schema
        if each.name != label and not (types.is_nested(each.type) or types.is_binary(each.type))
    ]
    columns = [table[name].to_pylist() for name in scalar]
    for number, given in enumerate(table[label].to_pylist()):
        name = f"{path.stem}/{number:05d}"
        labels = given if isinstance(given, list) else [given]
        named = [_name(each, told) for each in labels if each is not None and each != -1]
        if len(named) > 1:
            refuse_labels(path.name, name, named)
        others = {one: str(cells[number]) for one, cells in zip(scalar, columns, strict=True)}
        yield _Row(name, split, named[0] if named else "", others)


def _columns(table: pyarrow.Table, path: Path) -> tuple[str, str]:
    """Return the names of the columns of images and of labels."""
    from pyarrow import types

    binary = [
        each.name
        for each in table.schema
        if types.is_binary(each.type)
        or types.is_large_binary(each.type)
        or (types.is_struct(each.type) and each.type.get_field_index("bytes") >= 0)
    ]
    lower = {each.name.lower(): each.name for each in table.schema}
    label = next((lower[word] for word in LABELS if word in lower), None)
    if not binary or label is None:
        there = ", ".join(each.name for each in table.schema)
        raise DataError(
            f"{path.name!r} has the columns {there}; expected one of images' bytes and one called "
            "label, class or the like"
        )
    return binary[0], label


def _class_names(table: pyarrow.Table, label: str) -> list[str]:
    """Return the names of numbered labels, as Hugging Face writes them; [] where there are none."""
    try:
        info = json.loads((table.schema.metadata or {})[b"huggingface"])["info"]["features"][label]
        return [str(name) for name in info.get("names") or info["feature"]["names"]]
    except (KeyError, TypeError, ValueError):
        return []


def _name(value: object, told: list[str]) -> str:
    if isinstance(value, int) and 0 <= value < len(told):
        return told[value]
    return str(value)


def _bytes(held: pyarrow.Scalar) -> bytes | None:
    found = held.as_py()
    found = found.get("bytes") if isinstance(found, dict) else found
    return found if isinstance(found, bytes) else None
