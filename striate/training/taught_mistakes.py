"""Which training images taught a head its worst mistakes, for the report of its run."""

from __future__ import annotations

from dataclasses import replace

from striate.data import Data
from striate.errors import StriateError
from striate.evaluation.metrics import Evaluation
from striate.events import Callback, Event, Progress
from striate.model.run_folder import RunFolder
from striate.training.record import RunRecord
from striate.training.report.mistakes import TaughtMistakes
from striate.training.taught import open_taught_run

MISTAKES = 4  # that are told of
SHOWN = 3  # images for each, and as many against
MOST = 2_000  # training images, which are read anew: some seconds of photographs


def find_taught_mistakes(
    folder: RunFolder,
    record: RunRecord,
    evaluation: Evaluation,
    *,
    data: Data | None,
    callback: Callback,
) -> TaughtMistakes | None:
    """Return what taught a run's head its worst mistakes; None where it has no head, or made none.

    Args:
        folder: of the run.
        record: of the run, which is over.
        evaluation: of the run.
        data: where the images are now; None takes where they were.
        callback: is told the progress.
    """
    plan = record.plan
    mistakes = [one for one in evaluation.worst if not one.correct][:MISTAKES]
    if plan is None or plan.in_steps or record.head is None or not mistakes:
        return None
    n = sum(n for each in plan.data.counts if each.split == "train" for _, n in each.images)
    if n > MOST:
        return TaughtMistakes(left_out=f"there are {n:,} training images, which takes a while")
    offline = replace(record.request.settings, offline=True)  # a report fetches nothing
    quiet = replace(record, request=replace(record.request, settings=offline))

    def show_progress(event: Event) -> None:
        if isinstance(event, Progress):  # the run itself has told the rest
            callback(event)

    try:
        run = open_taught_run(folder.path, record=quiet, data=data, callback=show_progress)
        places = {name: place for place, name in enumerate(run.collection.names)}
        there = [(one, run.collection.open(places[one.name])) for one in mistakes]
        return TaughtMistakes(
            tuple((one, run.explain(at, target=one.answer, shown=SHOWN)) for one, at in there)
        )
    except StriateError as error:
        return TaughtMistakes(left_out=str(error))
