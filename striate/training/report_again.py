"""The report of a run, written once more: from what the run has recorded, and its images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from striate.data import (
    Collection,
    Data,
    Images,
    Split,
    count_cores,
    find,
    read_split,
    recall_groups,
)
from striate.data.collection import read_skipped
from striate.data.split_file import SplitRow
from striate.errors import DataError, ImageError, RunError, SettingError
from striate.events import Callback, Note
from striate.features.filter_shift import FilterShift
from striate.model.classifier import Classifier
from striate.model.run_folder import RunFolder
from striate.training.dividing import Loaded
from striate.training.plan import Plan
from striate.training.record import RunRecord
from striate.training.report.gathering import facts, write_report
from striate.training.report.pictures import choose_augmented, choose_evaluated, choose_for_slices
from striate.training.taught_mistakes import find_taught_mistakes


def rewrite_report(
    folder: RunFolder,
    record: RunRecord,
    model: Classifier | None,
    *,
    data: Data | None = None,
    callback: Callback,
) -> None:
    """Write the report of a run that has been evaluated once more.

    Only the images that the page shows are read. Where they are no longer to be had, or are not
    those of the run, the page is written without them, and that is said.

    Args:
        folder: of the run.
        record: of the run.
        model: its classifier, for the heat maps; None where it is not at hand.
        data: where the images are now; None takes where they were.
        callback: is told what cannot be shown.

    Raises:
        RunError: the run has not been evaluated, or a file of its folder cannot be used.
    """
    plan, outcome = record.plan, record.outcome
    if plan is None or outcome is None:
        raise RunError(f"'{folder.path}' has not been evaluated yet, so there is nothing to report")
    try:
        rows = read_split(folder.split)
        skipped = tuple((each.name, each.reason) for each in read_skipped(folder.skipped))
        shift = folder.path / "moved.json"
        moved = None
        if shift.is_file():
            moved = FilterShift.from_json(json.loads(shift.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"a file of the run '{folder.path}' cannot be used: {error}") from error
    try:
        settings = record.request.settings
        collection = find(
            record.request.source if data is None else data,
            layout=settings.layout,
            zip_encoding=settings.zip_encoding,
            fixes=folder.find_fixes(settings.fixes),
        )
        evaluation, worst, more = choose_evaluated(folder, outcome.evaluation)
        shown_names = [one.name for one in (*worst, *more, *choose_for_slices(evaluation))]
        loaded = _load_shown(collection, rows, plan, skipped, shown_names)
    except (DataError, ImageError, SettingError) as error:
        callback(
            Note(f"the page shows no images: {error} (where they are now, `--data DATA` says)")
        )
        none = Collection(record.request.source, "folder", (), (), np.empty(0, np.int64), ())
        loaded = _load_shown(none, [], plan, skipped)
    epochs = folder.read_epochs(outcome.epochs)
    shown = facts(folder, record, loaded, epochs=epochs, model=model, moved=moved)
    taught = find_taught_mistakes(folder, record, outcome.evaluation, data=data, callback=callback)
    write_report(folder, replace(shown, taught=taught))


def _load_shown(
    collection: Collection,
    rows: Sequence[SplitRow],
    plan: Plan,
    skipped: tuple[tuple[str, str], ...],
    evaluated: Sequence[str] = (),
) -> Loaded:
    """Return the images of a run as they were divided; of them only those shown are decoded.

    Raises:
        DataError: there are others.
        ImageError: one that is shown as the network saw it can no longer be read.
    """
    places = {name: place for place, name in enumerate(collection.names)}
    numbers = {name: number for number, name in enumerate(plan.data.classes)}
    labels = np.full(len(collection), -1, np.int64)
    indices: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for row in rows:
        if row.name not in places or row.label not in numbers or row.split not in indices:
            raise DataError(f"'{row.name}' of the run is not among those of '{collection.source}'")
        labels[places[row.name]] = numbers[row.label]
        indices[row.split].append(places[row.name])
    kept = replace(collection, classes=plan.data.classes, labels=labels)
    train, val, test = (np.array(indices[part], np.int64) for part in ("train", "val", "test"))
    split = Split(train, val, test, kept, (), (), recall_groups(rows, collection))
    images = Images(kept, plan.preprocess, mode="streamed", threads=1)
    shown = choose_augmented(plan, train).tolist() + [
        places[name] for name in evaluated if name in places
    ]
    with ThreadPoolExecutor(count_cores(), "striate-decode") as pool:
        pixels = pool.map(lambda index: plan.preprocess.pixels(kept.open(index)), shown)
        images.hold(dict(zip(shown, pixels, strict=True)))
    return Loaded(kept, images, split, skipped, plan.data)
