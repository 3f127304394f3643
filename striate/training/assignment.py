"""What the processes of a run are to do, and how it is seen through by all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from torch import nn

from striate.backends.collector import loaded_set_aside
from striate.data import Data, find, source_of
from striate.data.collection import order_as_before
from striate.data.sources.lookup import IN_MEMORY
from striate.doctor import ImageFinding
from striate.errors import SettingError, StriateError
from striate.evaluation.metrics import Evaluation
from striate.events import Callback
from striate.model.loading import load
from striate.model.run_folder import RunFolder, make_run_folder
from striate.render.template import load_templates_ahead
from striate.training.continuation import differences
from striate.training.distributed.process_group import Workers
from striate.training.distributed.processes import Worker, launch
from striate.training.distributed.workers import assist
from striate.training.energy import metering
from striate.training.follow_up.predecessor import Predecessor, open_predecessor
from striate.training.health import Finding
from striate.training.history import History
from striate.training.preparation import prepare
from striate.training.record import RunRecord
from striate.training.result import TrainingResult
from striate.training.run import Extension, TrainingRun

# templates that most reports do not hold; each takes 10 to 30 ms to compile
SELDOM = ("changes", "film", "index", "notebook", "runs", "start", "taught")


@dataclass(frozen=True)
class Assignment:
    """What the process that leads a run is to do.

    Attributes:
        record: of the run: what was asked for, and how far it is.
        data: where the images are.
        module: the torch module, where one was given.
        out: the folder asked for, of a new run.
        folder: of a run that goes on; None of a new one.
        predecessor: the run that a new one goes on from, with other images.
        extension: how a finished run goes on.
        learn: whether anything is still to be learnt; else the run ends where it stands.
    """

    record: RunRecord
    data: Data
    module: nn.Module | None
    out: str | Path | None = None
    folder: RunFolder | None = None
    predecessor: Predecessor | None = None
    extension: Extension | None = None
    learn: bool = True


def _lead(worker: Worker, job: Assignment, workers: Workers) -> TrainingResult:
    """Carry a run out, in the process that leads it: a new one, or the one in a folder."""
    begun = time.perf_counter()
    record, folder = job.record, job.folder
    load_templates_ahead("render/", "training/report/", without=SELDOM)
    with loaded_set_aside(), metering(record.request.settings, record.energy) as meter:
        settings = record.request.settings
        collection = find(
            job.data,
            layout=settings.layout,
            zip_encoding=settings.zip_encoding,
            fixes=settings.fixes if folder is None else folder.find_fixes(settings.fixes),
        )
        predecessor = job.predecessor
        if record.plan is None and record.follows is not None and predecessor is None:
            predecessor = open_predecessor(record.follows.run)  # stopped before it had a plan
        plan = record.plan if predecessor is None else predecessor.plan
        if plan is not None:
            collection = order_as_before(collection, plan.data.classes)
        place = folder or make_run_folder(job.out, source_of(job.data))
        run = TrainingRun(place, record, job.module, worker, meter=meter)
        try:
            with place.held():
                if folder is None:
                    record.write(place)
                    place.keep_fixes(settings.fixes)
                if place.instead_of is not None:
                    run.say(f"{place.instead_of} exists, so this run goes to {place.path}")
                for difference in [] if folder is None else differences(record, workers.size):
                    run.say(difference)
                with prepare(
                    record.request,
                    collection,
                    place,
                    earlier=predecessor or record.plan,
                    say=run.say,
                    callback=run.tell,
                ) as prepared:
                    return run.run(prepared, begun, extension=job.extension, learn=job.learn)
        except StriateError:
            if folder is None and run.record.status == "preparing":
                place.discard()
            raise


def carry_out(job: Assignment, workers: Workers, callback: Callback) -> TrainingResult:
    """See a run through with all processes that share it."""
    source = job.record.request.source
    if workers.several and source in IN_MEMORY:
        raise SettingError(
            f"the images are given as {source}, which other processes do not have; leave devices "
            "at 1, or give a folder, an npz file or a CSV"
        )
    lead = partial(_lead, job=job, workers=workers)
    others = partial(assist, module=job.module, workers=workers)
    if workers.launched or not workers.several:
        return launch(lead, others, workers=workers, callback=callback)
    # the run comes from another process, and weights are not sent but read from the file
    folder, evaluation, history, interrupted, findings, health = launch(
        partial(_outcome, lead), others, workers=workers, callback=callback
    )
    model = load(RunFolder(folder).model, network=job.module)
    return TrainingResult(model, evaluation, folder, history, interrupted, findings, health)


def _outcome(
    lead: Callable[[Worker], TrainingResult], worker: Worker
) -> tuple[Path, Evaluation, History, bool, tuple[ImageFinding, ...], tuple[Finding, ...]]:
    run = lead(worker)
    return run.folder, run.evaluation, run.history, run.interrupted, run.findings, run.health
