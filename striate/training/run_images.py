"""The images of a run that is over, found again as its split.csv has them."""

from __future__ import annotations

from collections.abc import Collection as Container
from dataclasses import replace

import numpy as np

from striate.data import Collection, Data, find, read_split
from striate.data.collection import format_count, quote_few
from striate.data.split_file import SplitRow
from striate.errors import RunError
from striate.model.run_folder import RunFolder
from striate.training.plan import Plan
from striate.training.record import RunRecord


def find_source(folder: RunFolder, record: RunRecord, data: Data | None = None) -> Collection:
    """Return what lies where a run found its images, as it read them.

    Args:
        folder: of the run.
        record: of the run.
        data: where the images are now; None takes where they were.

    Raises:
        DataError: nothing usable is found.
    """
    settings = record.request.settings
    return find(
        record.request.source if data is None else data,
        layout=settings.layout,
        zip_encoding=settings.zip_encoding,
        fixes=folder.find_fixes(settings.fixes),
    )


def keep_run_images(
    found: Collection,
    folder: RunFolder,
    record: RunRecord,
    *,
    without: Container[str] = frozenset(),
) -> Collection:
    """Return the images that a run used, with the classes and splits that they had in it.

    What came into the folder since is left out, and nothing is decoded.

    Args:
        found: from `find_source`.
        folder: of the run.
        record: of the run, which has a plan.
        without: names that are left out, whether their files are there or not.

    Raises:
        RunError: split.csv cannot be used, or an image of it is gone.
    """
    classes = planned(record, folder).data.classes
    rows = {row.name: row for row in read_run_split(folder) if row.name not in without}
    gone = rows.keys() - set(found.names)
    if gone:
        raise RunError(
            f"{len(gone):,} of {format_count(len(rows), 'image')} of '{folder.path}' "
            f"{'is' if len(gone) == 1 else 'are'} no longer in '{found.source}': "
            f"{quote_few(sorted(gone))}; put back what is missing, or say by --data where the "
            "images are now"
        )
    kept = found.only(np.array([i for i, name in enumerate(found.names) if name in rows], np.int64))
    mine = [rows[name] for name in kept.names]
    numbers = {name: number for number, name in enumerate(classes)}
    if unknown := sorted({row.label for row in mine} - numbers.keys()):
        raise RunError(
            f"'{folder.split}' has the class {unknown[0]!r}, which the run has not; start a new run"
        )
    return replace(
        kept,
        classes=classes,
        labels=np.array([numbers[row.label] for row in mine], np.int64),
        splits=tuple(row.split for row in mine),
        remarks=tuple(each for each in found.remarks if each.name not in without),
        notes=(),
    )


def read_run_split(folder: RunFolder) -> list[SplitRow]:
    """Return split.csv of a run.

    Raises:
        RunError: it cannot be used.
    """
    try:
        return read_split(folder.split)
    except (OSError, ValueError) as error:
        raise RunError(f"'{folder.split}' cannot be used: {error}; start a new run") from error


def planned(record: RunRecord, folder: RunFolder) -> Plan:
    """Return the plan of a run.

    Raises:
        RunError: it was ended before it had one.
    """
    if record.plan is None:
        raise RunError(f"'{folder.path}' was ended before anything was planned; start a new run")
    return record.plan


def check_head_alone(record: RunRecord, folder: RunFolder, what: str, *, instead: str) -> None:
    """Refuse a run of which more than a head on a frozen backbone has learnt.

    Args:
        record: of the run.
        folder: of the run.
        what: is asked for, and of what it can be had: "which images taught it can be told of".
        instead: what can be done where it cannot be had.

    Raises:
        RunError: it is such a run, or it is not over.
    """
    plan = planned(record, folder)
    if record.outcome is None or record.head is None and plan.transfer is not None:
        raise RunError(
            f"'{folder.path}' is not finished; end it first: striate report {folder.path}"
        )
    if plan.in_steps:
        trained = (
            "the network was trained from scratch"
            if plan.transfer is None
            else "layers of its backbone were trained"
        )
        raise RunError(
            f"{what} a head on a frozen backbone alone, and in '{folder.path}' {trained}, so that "
            f"every weight holds something of every image; {instead}"
        )
