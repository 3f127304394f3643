"""The check of a data set: scan, compare, check the labels, find what is worth a look."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from striate.data import Collection
from striate.data.fixes import find_kept
from striate.data.sources.lookup import Data, find
from striate.doctor.checkup.check_result import CheckResult, LabelCheck
from striate.doctor.checkup.checkup import Checkup
from striate.doctor.checkup.kinds import examine
from striate.doctor.checkup.kinds.labels import is_reliable
from striate.doctor.scan.file_signs import PREPROCESS
from striate.doctor.scan.near_copies import find_near_copies, group_equal
from striate.doctor.scan.scanning import scan
from striate.errors import SettingError
from striate.events import Callback
from striate.terminal.progress import ProgressReporter


def check_data(
    data: Data,
    *,
    pretrained: str | None = None,
    labels: bool = True,
    alike: float | None = None,
    fixes: str | Path | None = None,
    callback: Callback = lambda event: None,
) -> CheckResult:
    """Look through a data set for what would spoil training on it, or what is measured on it.

    Nothing of it is changed. Files that have not changed since the last check are not read again.

    Args:
        data: as `train` takes it; what `find` gives serves for a layout of its own.
        pretrained: the trained network whose features labels are checked by, as `train` takes it;
            None takes one that is at hand, else small images.
        labels: whether to look for wrong labels, which takes longest.
        alike: correlation of details, above 0 and at most 1, from which two images show the same;
            None is told by the data set's own random pairs.
        fixes: a CSV of what was decided before, as for `train`: what is left is told. Findings of
            images that all are kept, or were relabelled, are settled.
        callback: is told the progress.

    Raises:
        DataError: there is nothing to check.
        SettingError: a setting makes no sense.

    >>> result = check_data(find("digits").only(np.arange(200)), labels=False)
    >>> result.images, result.verdict()
    (200, 'nothing here needs a person')
    """
    if alike is not None and not 0 < alike <= 1:
        raise SettingError(f"alike is {alike:g}; expected a correlation above 0 and at most 1")
    collection = find(data, fixes=fixes)
    settled = frozenset() if fixes is None else find_kept(collection, fixes)
    checkup = look_through(collection, alike=alike, callback=callback)
    notes: list[str] = []
    if labels:
        checkup = _with_labels(checkup, pretrained, notes, callback)
    if checkup.near.unchanged_only:
        notes.append(
            f"with {len(collection):,} images, copies were looked for that were saved again, "
            "resized or mirrored; not those that were cut or turned"
        )
    predicted = checkup.labels
    return CheckResult(
        data=collection.source,
        images=len(collection),
        classes={
            name: int((collection.labels[checkup.there] == label).sum())
            for label, name in enumerate(collection.classes)
        },
        splits=dict(Counter(collection.splits)),
        findings=tuple(
            each
            for each in examine(checkup)
            if not settled.issuperset(image.name for image in each.images)
        ),
        read=checkup.scan.again,
        alike=checkup.near.alike,
        strangers=checkup.near.strangers,
        bits=checkup.near.bits,
        labels=None
        if predicted is None
        else LabelCheck(
            predicted.features,
            int(predicted.predicted.sum()),
            predicted.accuracy,
            is_reliable(checkup),
        ),
        notes=(*collection.notes, *notes),
    )


def look_through(
    collection: Collection,
    *,
    alike: float | None = None,
    callback: Callback = lambda event: None,
) -> Checkup:
    """Scan a collection and find the copies in it; labels are not checked."""
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
    from striate.doctor.checkup.label_features import open_label_backbone, predict_labels

    backbone = open_label_backbone(checkup, pretrained, say=notes.append, callback=callback)
    if backbone is not None:
        checkup = replace(checkup, fit=backbone.preprocess)
    predicted = predict_labels(checkup, backbone, say=notes.append, callback=callback)
    return replace(checkup, labels=predicted)


def folder_of(source: str) -> Path:
    """Return where the pages of a check go where nothing is said: checks/NAME.

    >>> folder_of("photos/").as_posix(), folder_of("digits").as_posix()
    ('checks/photos', 'checks/digits')
    """
    name = Path(source).absolute().name if source.strip(". /") == "" else Path(source).name
    return Path("checks") / (Path(name).stem or "data")
