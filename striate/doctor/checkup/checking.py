"""The check of a data set: scan, compare, judge the labels, find what is worth a look."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from striate.data import Collection
from striate.data.sources.lookup import Data, find
from striate.doctor.checkup.check_result import CheckResult, LabelsJudged
from striate.doctor.checkup.checkup import Checkup
from striate.doctor.checkup.kinds import examine
from striate.doctor.checkup.kinds.labels import is_judge
from striate.doctor.scan.file_signs import PREPROCESS
from striate.doctor.scan.near_copies import find_near_copies, group_equal
from striate.doctor.scan.scanning import scan
from striate.errors import SettingError
from striate.events import Callback, Event
from striate.terminal.progress import ProgressReporter


def check_data(
    data: Data,
    *,
    pretrained: str | None = None,
    labels: bool = True,
    alike: float | None = None,
    layout: str | None = None,
    zip_encoding: str | None = None,
    callback: Callback = lambda event: None,
) -> CheckResult:
    """Look through a data set for what would spoil training on it, or what is measured on it.

    Nothing of it is changed. Files that have not changed since the last check are not read again.

    Args:
        data: as `train` takes it.
        pretrained: the trained network whose features labels are judged by, as `train` takes it;
            None takes one that is at hand, else small images.
        labels: whether to judge labels, which takes longest.
        alike: correlation of details, above 0 and at most 1, from which two images show the same;
            None is told by the data set's own random pairs.
        layout: as for `train`.
        zip_encoding: as for `train`.
        callback: is told the progress.

    Raises:
        DataError: there is nothing to check.
        SettingError: a setting makes no sense.

    >>> result = check_data("digits", labels=False)
    >>> result.images, result.verdict()
    (1797, 'nothing here needs a person')
    """
    if alike is not None and not 0 < alike <= 1:
        raise SettingError(f"alike is {alike:g}; expected a correlation above 0 and at most 1")
    collection = find(data, layout=layout, zip_encoding=zip_encoding)
    checkup = look_through(collection, alike=alike, callback=callback)
    notes: list[str] = []
    if labels:
        checkup = _with_labels(checkup, pretrained, notes, callback)
    if checkup.near.unchanged_only:
        notes.append(
            f"with {len(collection):,} images, copies were looked for that were saved again, "
            "resized or mirrored; not those that were cut or turned"
        )
    judged = checkup.labels
    return CheckResult(
        data=collection.source,
        images=len(collection),
        classes={
            name: int((collection.labels[checkup.there] == label).sum())
            for label, name in enumerate(collection.classes)
        },
        splits=dict(Counter(collection.splits)),
        findings=examine(checkup),
        read=checkup.scan.again,
        alike=checkup.near.alike,
        strangers=checkup.near.strangers,
        bits=checkup.near.bits,
        labels=None
        if judged is None
        else LabelsJudged(
            judged.features, int(judged.judged.sum()), judged.accuracy, is_judge(checkup)
        ),
        notes=(*collection.notes, *notes),
    )


def look_through(
    collection: Collection,
    *,
    alike: float | None = None,
    callback: Callback = lambda event: None,
) -> Checkup:
    """Scan a collection and find the copies in it; labels are not judged."""
    scanned = scan(collection, progress=ProgressReporter("reading", callback))
    single = np.zeros(len(collection), np.bool_)
    single[scanned.readable] = True
    for group in group_equal(scanned.signs["digest"][scanned.readable]):
        single[scanned.readable[group[1:]]] = False
    near = find_near_copies(
        scanned.signs,
        np.flatnonzero(single),
        alike=alike,
        progress=ProgressReporter("comparing images", callback, unit="pairs"),
    )
    return Checkup(collection, scanned, near, PREPROCESS)


def _with_labels(
    checkup: Checkup, pretrained: str | None, notes: list[str], callback: Callback
) -> Checkup:
    # here, as torch takes seconds to load, and a check without labels needs none
    from striate.doctor.checkup.label_judge import judge_labels, open_judge

    def tell(event: Event) -> None:
        callback(event)

    backbone = open_judge(checkup, pretrained, say=notes.append, callback=tell)
    if backbone is not None:
        checkup = replace(checkup, fit=backbone.preprocess)
    judged = judge_labels(checkup, backbone, say=notes.append, callback=tell)
    return replace(checkup, labels=judged)


def folder_of(source: str) -> Path:
    """Return where the pages of a check go where nothing is said: checks/NAME.

    >>> folder_of("photos/").as_posix(), folder_of("digits").as_posix()
    ('checks/photos', 'checks/digits')
    """
    name = Path(source).absolute().name if source.strip(". /") == "" else Path(source).name
    return Path("checks") / (Path(name).stem or "data")
