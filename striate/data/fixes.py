"""fixes.csv: what a person decides about images, laid over a data set that stays as it is.

A row an image: keep it, drop it, or relabel it. Each is bound to the bytes of its file by a hash,
so that it follows a file that was renamed and never meets another one under the same name.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from striate.data.collection import (
    Collection,
    Skipped,
    encode_labels,
    format_count,
    quote_few,
    write_rows,
)
from striate.data.digests import digest_image
from striate.errors import DataError
from striate.files.home import expand_home
from striate.files.sha256 import compute_sha256

HEADER: Final = ("name", "digest", "action", "class", "reason")
ACTIONS: Final = ("keep", "drop", "relabel", "")


@dataclass(frozen=True)
class Fix:
    """What is decided about one image.

    Attributes:
        name: as the data has it.
        digest: BLAKE2b (16 bytes) of its file, in hexadecimal.
        action: "keep", "drop" or "relabel"; "" where it is not decided.
        to: the class for "relabel"; beside "", the one that is proposed.
        reason: why, for whoever reads the file.
    """

    name: str
    digest: str
    action: str
    to: str = ""
    reason: str = ""


def write_fixes(path: Path, fixes: Iterable[Fix]) -> None:
    """Write fixes.csv."""
    rows = ((fix.name, fix.digest, fix.action, fix.to, fix.reason) for fix in fixes)
    write_rows(path, HEADER, rows)


def read_fixes(path: str | Path) -> tuple[Fix, ...]:
    """Read fixes.csv, as a person has left it.

    Raises:
        DataError: it cannot be read, or a row makes no sense; the line is told.
    """
    given = expand_home(path)
    try:
        with given.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, csv.Error) as error:
        told = getattr(error, "strerror", None) or error
        raise DataError(f"the fixes '{path}' cannot be read: {told}") from error
    header = tuple(cell.strip().lower() for cell in rows[0]) if rows else ()
    if not {"name", "digest", "action", "class"} <= set(header):
        raise DataError(
            f"'{path}' has the columns {','.join(header) or 'none'}; expected {','.join(HEADER)}, "
            "as `striate check` writes them"
        )
    return tuple(_read(rows[1:], header, path))


def _read(rows: Sequence[Sequence[str]], header: Sequence[str], path: str | Path) -> Iterator[Fix]:
    for line, row in enumerate(rows, 2):
        if not any(row):
            continue
        cells = dict(zip(header, row, strict=False))
        action, to = cells.get("action", "").strip().lower(), cells.get("class", "").strip()
        if action not in ACTIONS:
            raise DataError(
                f"line {line} of '{path}' has the action {action!r}; expected keep, drop, relabel "
                "or nothing"
            )
        if action == "relabel" and not to:
            raise DataError(f"line {line} of '{path}' relabels to no class; name it under class")
        digest = cells.get("digest", "").strip().lower()
        if len(digest) != 32 or set(digest) - set("0123456789abcdef"):
            raise DataError(
                f"line {line} of '{path}' has the digest {digest[:40]!r}; expected 32 hexadecimal "
                "digits, as `striate check` writes them"
            )
        yield Fix(cells.get("name", ""), digest, action, to, cells.get("reason", ""))


def apply_fixes(collection: Collection, path: str | Path) -> Collection:
    """Lay fixes over a data set; its files stay as they are.

    A row is followed where the file of that name has the same bytes, or else where another file
    has them. Rows of files that are not there or have changed are told, and not followed.

    Args:
        collection: from `find`.
        path: of fixes.csv.

    Raises:
        DataError: it cannot be read, rows contradict each other, or a class is not known.
    """
    fixes = read_fixes(path)
    decided = [fix for fix in fixes if fix.action]
    _refuse_conflicts(decided, path)
    matched, lost = _match(collection, decided)
    drop = {index for index, fix in matched.items() if fix.action == "drop"}
    names = [collection.classes[label] for label in collection.labels.tolist()]
    relabelled: dict[str, tuple[str, str]] = {}
    for index, fix in matched.items():
        if fix.action == "relabel" and names[index] != fix.to:
            if fix.to not in collection.classes:
                known = quote_few(collection.classes, 10)
                raise DataError(
                    f"'{path}' relabels {collection.names[index]!r} to {fix.to!r}, which is no "
                    f"class of the data; expected one of {known}"
                )
            relabelled[collection.names[index]] = (names[index], fix.to)
            names[index] = fix.to
    classes, labels = encode_labels(names, order=collection.classes)
    kept = np.array([i for i in range(len(collection)) if i not in drop], np.int64)
    fixed = replace(collection, classes=classes, labels=labels).only(kept)
    dropped = tuple(collection.names[index] for index in sorted(drop))
    reasons = {index: fix.reason for index, fix in matched.items()}
    skipped = [
        Skipped(collection.names[index], f"dropped by {Path(path).name}: {reasons[index]}")
        for index in sorted(drop)
    ]
    notes = _describe(fixes, dropped, relabelled, lost, expand_home(path))
    return replace(fixed, skipped=(*collection.skipped, *skipped), notes=(*fixed.notes, *notes))


def find_kept(collection: Collection, path: str | Path) -> frozenset[str]:
    """Return the names of the images that a person has looked at and keeps as they are.

    Args:
        collection: from `find`, with or without the fixes.
        path: of fixes.csv.

    Raises:
        DataError: it cannot be read.
    """
    keep = [fix for fix in read_fixes(path) if fix.action in ("keep", "relabel")]
    matched, _ = _match(collection, keep)
    return frozenset(collection.names[index] for index in matched)


def count_met(collection: Collection, path: str | Path) -> tuple[int, int]:
    """Return how many rows are decided, and how many of these meet an image.

    Args:
        collection: from `find`, without the fixes.
        path: of fixes.csv.

    Raises:
        DataError: it cannot be read.
    """
    decided = [fix for fix in read_fixes(path) if fix.action]
    return len(decided), len(_match(collection, decided)[0])


def _refuse_conflicts(fixes: Sequence[Fix], path: str | Path) -> None:
    meant: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for fix in fixes:
        what = (fix.action, fix.to if fix.action == "relabel" else "")
        meant[fix.name, fix.digest].add(what)
    odd = [name for (name, _), actions in meant.items() if len(actions) > 1]
    if odd:
        raise DataError(
            f"'{path}' says two things about {quote_few(odd)}; keep one row for each image"
        )


def _match(
    collection: Collection, fixes: Sequence[Fix]
) -> tuple[dict[int, Fix], list[tuple[Fix, str]]]:
    """Return the fix of each image, and the fixes that meet none, with the reason."""
    places = {name: index for index, name in enumerate(collection.names)}
    matched: dict[int, Fix] = {}
    loose: list[Fix] = []
    for fix in fixes:
        index = places.get(fix.name)
        if index is not None and digest_image(collection, index) == fix.digest:
            matched[index] = fix
        else:
            loose.append(fix)
    if not loose:
        return matched, []
    by_digest: dict[str, list[int]] = defaultdict(list)
    wanted = {fix.digest for fix in loose}
    for index in range(len(collection)):
        if index not in matched and (digest := digest_image(collection, index)) in wanted:
            by_digest[digest].append(index)
    lost = []
    for fix in loose:
        free = [index for index in by_digest[fix.digest] if index not in matched]
        if free:
            matched[free[0]] = fix
        else:
            there = fix.name in places
            lost.append((fix, "its file has changed" if there else "there is no such file"))
    return matched, lost


def _describe(
    fixes: Sequence[Fix],
    dropped: Sequence[str],
    relabelled: Mapping[str, tuple[str, str]],
    lost: Sequence[tuple[Fix, str]],
    path: Path,
) -> tuple[str, ...]:
    counts = Counter(fix.action for fix in fixes)
    told = [
        f"{path.name} (SHA-256 {compute_sha256(path)[:16]}...): "
        f"{format_count(len(dropped), 'image is', 'images are')} left out, {len(relabelled):,} "
        f"relabelled, {counts['keep']:,} kept as they are"
    ]
    if counts[""]:
        told.append(
            f"{path.name}: {format_count(counts[''], 'row is', 'rows are')} not decided, and not "
            "followed"
        )
    by_reason: dict[str, list[str]] = defaultdict(list)
    for fix, reason in lost:
        by_reason[reason].append(fix.name)
    for reason, names in by_reason.items():
        told.append(
            f"{path.name}: {format_count(len(names), 'row meets', 'rows meet')} no image, as "
            f"{reason}: {quote_few(names)}"
        )
    return tuple(told)
