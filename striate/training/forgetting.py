"""Images taken out of a run whose head is learnt on a frozen backbone, as if they had never been.

Everything that was fitted on them is fitted anew on the others: the head and its weight decay, the
temperature, the reject rule with its means and covariance, a promise. The others stay in the splits
they were in, so that accuracies before and after are of the same images.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from striate.data import Collection, Data, format_count
from striate.data.cache_folder import find_cache_folder
from striate.data.collection import quote_few, read_skipped, write_rows
from striate.data.digests import digest_image
from striate.data.fixes import read_fixes, write_fixes
from striate.data.split_file import SplitRow
from striate.errors import RunError, StoppedError
from striate.evaluation.test_uses import FILE as TEST_USES
from striate.events import Callback, Done, Event
from striate.features.feature_cache import forget_features
from striate.model.loading import load
from striate.model.run_folder import FIXES, RunFolder, report_write_errors
from striate.model.run_replacement import (
    abandon_replacement,
    begin_replacement,
    complete_replacement,
    list_foreign,
)
from striate.terminal.progress_display import display_progress
from striate.terminal.units import format_percent
from striate.training.backbone_choice import name_backbone
from striate.training.class_taxonomy import keeps_names
from striate.training.distributed.devices import find_workers
from striate.training.distributed.processes import Worker, launch
from striate.training.leaving_images import check_left, find_name, hash_images
from striate.training.plan import Request
from striate.training.preparation import Prepared, prepare
from striate.training.record import FORGOT, RunRecord
from striate.training.result import TrainingResult
from striate.training.run import TrainingRun
from striate.training.run_images import (
    check_head_alone,
    find_source,
    keep_run_images,
    planned,
    read_run_split,
)

OUT_OF_REACH = (
    "not reached: your own images, copies of this run, files exported from it, pages made with "
    "`striate explain` and `striate compare`, other runs on these images or from this classifier, "
    "a zip unpacked in the cache, what `striate check` keeps of a folder"
)


@dataclass(frozen=True, eq=False)
class Forgotten:
    """What was taken out of a run.

    Attributes:
        names: of the images, with those that look the same to the network.
        kin: images that stay and belong with them: near copies, or of one burst or column.
        result: of the run as it is now.
        accuracy: of the run as it was.
        n: images that was measured on.
        features: rows of features that were deleted from the cache.
        foreign: files in the run's folder that are not the run's own, and were left.
    """

    names: tuple[str, ...]
    kin: tuple[str, ...]
    result: TrainingResult
    accuracy: float
    n: int
    features: int
    foreign: tuple[str, ...] = field(default=())

    @property
    def words(self) -> tuple[str, ...]:
        """What was done, a line each."""
        now, them = self.result.evaluation, "it" if len(self.names) == 1 else "them"
        lines = [
            f"forgotten: {format_count(len(self.names), 'image')} ({quote_few(self.names)}); "
            f"everything that was fitted on {them} is fitted anew without {them}",
            f"accuracy {format_percent(now.accuracy)} of {format_count(now.n, 'image')}; it was "
            f"{format_percent(self.accuracy)} of {self.n:,}",
        ]
        if self.kin:
            belong, kin = ("belongs", "it") if len(self.kin) == 1 else ("belong", "them")
            lines.append(
                f"{format_count(len(self.kin), 'image')} that {belong} with {them} (near copies, "
                f"one burst, ...) {'stays' if kin == 'it' else 'stay'}: {quote_few(self.kin)}; "
                f"name {kin} to forget {kin} too"
            )
        if self.foreign:
            lines.append(
                f"in the folder of the run, but not its own, and left: {quote_few(self.foreign)}"
            )
        return (*lines, OUT_OF_REACH)


def forget(
    run: str | Path,
    images: Sequence[str | Path],
    *,
    data: Data | None = None,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Forgotten:
    """Take images out of a run, and fit anew whatever was fitted on them.

    The run's files are replaced together, when all of them are there: a stop before that leaves
    the run as it was.

    Args:
        run: its folder, of a head on a frozen backbone.
        images: names as in its split.csv, or the files themselves, if they are still there. Images
            of the run with the same pixels go as well.
        data: where the images are now; None takes where they were.
        callback: is told what is done, and the progress.
        progress: whether it is shown; None shows it in a terminal or a notebook.

    Raises:
        RunError: it is no such run, an image is none of it, the backbone has learnt from one, a
            class would be left without, or the other images are not what they were.
        StoppedError: Ctrl-C; the run is as it was.

    Example: ``forget("runs/photos", ["cat/tom.jpg"]).result.evaluation.accuracy``.
    """
    folder = RunFolder(Path(run))
    record = RunRecord.read(folder)
    check_head_alone(
        record,
        folder,
        "what single images taught can be forgotten by",
        instead="a new run without those images is the way: striate train DATA",
    )
    workers = find_workers(record.request.settings.device, 1)
    with display_progress(progress, callback) as tell, folder.held():
        place = begin_replacement(folder.path)
        job = partial(_lead, folder=folder, record=record, place=place, images=images, data=data)
        try:
            return launch(job, _nobody, workers=workers, callback=_without_done(tell))
        except StoppedError as error:
            raise StoppedError(f"stopped: '{run}' is as it was") from error
        finally:
            abandon_replacement(folder.path)


def _without_done(tell: Callback) -> Callback:
    """Return what passes all events on but that of the end, which names a folder that goes."""

    def pass_on(event: Event) -> None:
        if not isinstance(event, Done):
            tell(event)

    return pass_on


def _nobody(worker: Worker) -> None:
    """Stand for the other processes, of which there are none."""


def _lead(
    worker: Worker,
    *,
    folder: RunFolder,
    record: RunRecord,
    place: Path,
    images: Sequence[str | Path],
    data: Data | None,
) -> Forgotten:
    plan, outcome, rows = planned(record, folder), record.outcome, read_run_split(folder)
    if outcome is None:
        raise RunError(f"'{folder.path}' has not been evaluated yet")
    found = find_source(folder, record, data)
    names = {find_name(str(image), rows, found, plan) for image in images}
    if not names:
        raise RunError("no image to forget is named; give names as in split.csv, or files")
    hashes = hash_images(found, names, plan)
    result = None
    while result is None:  # again, where others turn out to be the same images
        check_left(folder, [row for row in rows if row.name not in names], plan)
        kept = keep_run_images(found, folder, record, without=names)
        skipped = [
            each
            for each in read_skipped(folder.skipped)
            if not any(name in (each.name, *each.reason.split("'")) for name in names)
        ]
        _prepare_place(place, folder, found, [row for row in rows if row.name not in names], names)
        answer = _fit_anew(
            worker,
            RunFolder(place, stands_for=folder.path),
            record,
            replace(kept, skipped=tuple(skipped)),
            hashes=hashes,
            forgotten=len(names),
        )
        if isinstance(answer, TrainingResult):
            result = answer
        else:
            names |= answer
            hashes = hash_images(found, names, plan)
    hashes = np.union1d(hashes, _check_unchanged(folder, place, names))
    if worker.stop.asked:
        raise StoppedError("stopped")
    deleted = _clean_cache(hashes)
    complete_replacement(folder.path)
    groups = {row.group for row in rows if row.name in names and row.group}
    kin = (row.name for row in rows if row.group in groups and row.name not in names)
    return Forgotten(
        names=tuple(sorted(names)),
        kin=tuple(kin),
        result=replace(result, folder=folder.path, model=load(folder.model)),
        accuracy=outcome.evaluation.accuracy,
        n=outcome.evaluation.n,
        features=deleted,
        foreign=list_foreign(folder.path),
    )


def _prepare_place(
    place: Path, folder: RunFolder, found: Collection, rows: Sequence[SplitRow], names: set[str]
) -> None:
    """Put into the new folder what the run keeps: who belongs together, fixes, uses of the test."""
    header = ("name", "class", "split", "group", "grouped_by")
    with report_write_errors(place):
        write_rows(
            place / "split.csv",
            header,
            ((row.name, row.label, row.split, *_regroup(row, names)) for row in rows),
        )
        if (folder.path / TEST_USES).is_file():
            shutil.copyfile(folder.path / TEST_USES, place / TEST_USES)
        if (folder.path / FIXES).is_file():
            own = {
                digest_image(found, index)
                for index, name in enumerate(found.names)
                if name in names
            }
            fixes = read_fixes(folder.path / FIXES)
            left = (fix for fix in fixes if fix.name not in names and fix.digest not in own)
            write_fixes(place / FIXES, left)


def _regroup(row: SplitRow, names: set[str]) -> tuple[str, str]:
    """Return what the group of an image is called, and why, without naming those that go."""
    why = "" if any(name in row.why for name in names) else row.why
    return (f"{row.group}*" if row.group in names else row.group), why


def _fit_anew(
    worker: Worker,
    place: RunFolder,
    record: RunRecord,
    collection: Collection,
    *,
    hashes: np.ndarray,
    forgotten: int,
) -> TrainingResult | set[str]:
    """Train on what is left; or return the names of images in it that are the same as others."""
    begun = time.perf_counter()
    run = TrainingRun(place, RunRecord.begin(record.request), None, worker)
    for note in record.notes:
        if note.startswith(FORGOT):
            run.say(note)
    them = "it" if forgotten == 1 else "them"
    day = datetime.now(UTC).date().isoformat()
    run.say(
        f"{FORGOT}{format_count(forgotten, 'image')} on {day}; the folder of images may still hold "
        f"{them}, and a new training would learn from {them} again"
    )
    with prepare(
        _ask_as_then(record), collection, place, say=run.say, callback=run.tell
    ) as prepared:
        same = np.isin(prepared.loaded.images.hashes, hashes)
        if same.any():
            return {collection.names[index] for index in np.flatnonzero(same).tolist()}
        _check_backbone(prepared, hashes, record)
        return run.run(prepared, begun)


def _ask_as_then(record: RunRecord) -> Request:
    """Return what was asked for, with the backbone and the kind of names that were chosen then."""
    request, plan = record.request, record.plan
    if plan is not None and keeps_names(plan):
        request = replace(request, settings=replace(request.settings, taxonomy=False))
    if plan is None or plan.transfer is None or request.settings.pretrained is not None:
        return request
    name = name_backbone(plan.transfer)
    return replace(request, settings=replace(request.settings, pretrained=name))


def _check_backbone(prepared: Prepared, hashes: np.ndarray, record: RunRecord) -> None:
    """Refuse images that the backbone itself has learnt from, as far as it says so.

    Raises:
        RunError: it has.
    """
    known = {} if prepared.backbone is None else prepared.backbone.seen
    plan = record.plan
    if plan is not None and any(np.isin(hashes, seen).any() for seen in known.values()):
        raise RunError(
            f"the backbone itself ({'' if plan.transfer is None else plan.transfer.backbone}) has "
            "used images that are to be forgotten, so that its own weights hold something of "
            "them; train that anew without them first, then this run"
        )


def _check_unchanged(folder: RunFolder, place: Path, names: set[str]) -> np.ndarray:
    """Return the hashes that the run no longer has; refuse images that have changed since.

    Raises:
        RunError: an image that is still learnt from is not what it was.
    """
    before, now = load(folder.model), load(RunFolder(place).model)
    if before.preprocess.as_json() != now.preprocess.as_json():
        return before.seen["train"]
    changed = np.setdiff1d(now.seen["train"], before.seen["train"])
    if len(changed):
        raise RunError(
            f"{format_count(len(changed), 'image')} of '{folder.path}' changed after it had learnt "
            "from them; put back what was there, or start a new run"
        )
    return np.setdiff1d(before.seen["train"], now.seen["train"])


def _clean_cache(hashes: np.ndarray) -> int:
    """Delete what the cache holds of images: features, lists of hashes, signs and groups.

    Returns:
        How many rows of features there were.
    """
    cache = find_cache_folder()
    try:
        deleted = forget_features(cache / "features", hashes)
        for path in (cache / "hashes").glob("*.npy"):
            if np.isin(np.load(path, allow_pickle=False), hashes).any():
                path.unlink()
                path.with_suffix(".csv").unlink(missing_ok=True)
        for name in ("signs", "groups"):  # of whole sets of images, which do not say whose
            for path in (cache / name).glob("*"):
                path.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise RunError(
            f"the cache '{cache}' cannot be cleaned ({getattr(error, 'strerror', error)}); mend "
            "its permissions, or delete it: it is made again"
        ) from error
    return deleted
