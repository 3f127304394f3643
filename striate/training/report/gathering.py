"""Gathers what the report of a run shows, and writes the page."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from threading import Thread
from urllib.parse import quote

from striate.architecture.layer_table import summary
from striate.doctor import read_findings
from striate.errors import RunError
from striate.evaluation.metrics import Evaluation
from striate.events import Epoch
from striate.explanation.film import FOLDER, list_epochs, read_film
from striate.features.filter_shift import FilterShift
from striate.files.home import expand_home
from striate.model.classifier import Classifier
from striate.model.json_value import Json
from striate.model.run_folder import CHANGES, RECORD, RunFolder, write_text
from striate.settings import Settings
from striate.terminal.quiet_loggers import quiet
from striate.training.dividing import Loaded
from striate.training.follow_up.answer_changes import find_answer_changes
from striate.training.follow_up.follows import Follows
from striate.training.follow_up.image_changes import read_changes
from striate.training.monitoring import read as checkups_of
from striate.training.plan import Plan
from striate.training.record import Outcome, RunRecord
from striate.training.report import Earlier, Facts, Start, html
from striate.training.report.changes import MOST, Changes
from striate.training.report.film_stills import EPOCHS
from striate.training.report.pictures import (
    KeptMaps,
    choose_evaluated,
    choose_for_slices,
    show_augmented,
    show_evaluated,
    show_examples,
    show_found,
    show_named,
)


def load_drawing_ahead() -> None:
    """Load matplotlib in the background, which draws how far fine-tuning moved filters."""
    Thread(target=_load_drawing, name="striate-report", daemon=True).start()


def _load_drawing() -> None:
    # without a home matplotlib says at length where it keeps its fonts
    # an ImportError is to be raised, and seen, where the report is written
    with quiet("matplotlib"), suppress(ImportError):
        import_module("matplotlib.figure")
        import_module("matplotlib.backends.backend_svg")


def write_report(folder: RunFolder, shown: Facts) -> None:
    """Write report.html into the run's folder."""
    write_text(folder.report, html(shown))


def facts(
    folder: RunFolder,
    record: RunRecord,
    loaded: Loaded,
    *,
    epochs: Sequence[Epoch],
    model: Classifier | None,
    moved: FilterShift | None = None,
    maps: KeptMaps | None = None,
) -> Facts:
    """Gather everything the page shows.

    Args:
        folder: of the run.
        record: of the run, which is over.
        loaded: its images; where there are none, the page shows none.
        epochs: its records.
        model: its classifier, for the heat maps; None where it is not at hand.
        moved: how far fine-tuning moved a trained backbone.
        maps: the class maps of its answers; None computes them.

    Raises:
        RunError: the run is not over, or a file of its folder cannot be used.
    """
    plan, outcome = record.plan, record.outcome
    if plan is None or outcome is None:
        raise RunError("a report is of a run that is over")
    evaluation, worst, more = choose_evaluated(folder, outcome.evaluation)
    image_findings = read_findings(folder.findings)
    sliced = choose_for_slices(evaluation)
    every = {one.name: one for one in (*worst, *more, *sliced)}
    shown, no_heat = show_evaluated(loaded, plan, tuple(every.values()), model, maps)
    names, others = {one.name for one in worst}, {one.name for one in more}
    return Facts(
        title=plan.data.name,
        command=command(record),
        run=_run_table(record, plan, outcome),
        epochs=epochs,
        classes=plan.data.classes,
        counts={each.split: dict(each.images) for each in plan.data.counts},
        examples=show_examples(loaded, plan),
        augmented=list(show_augmented(loaded, plan)),
        summary=None if plan.network is None else summary(plan.network),
        evaluation=evaluation,
        worst=[one for one in shown if one.name in names],
        skipped=loaded.skipped,
        notes=record.notes,
        notation=plan.text or "",
        start=_start(record, moved),
        checkups=checkups_of(folder.path),
        findings=record.health,
        image_findings=image_findings,
        found=show_found(loaded, plan, image_findings or ()),
        cells=[one for one in shown if one.name in others - names],
        sliced={one.name: one for one in shown},
        no_heat=no_heat,
        folder=str(folder.shown),
        place="" if folder.shown.is_absolute() else Path.cwd().name,
        earlier=_earlier(folder, plan, record.follows),
        interrupted=record.status == "interrupted",
        film=read_film(folder.path, most=EPOCHS),
        filmed=len(list_epochs(folder.path / FOLDER)),
        changes=_find_changes(folder, record, loaded, plan, evaluation),
    )


def _find_changes(
    folder: RunFolder, record: RunRecord, loaded: Loaded, plan: Plan, evaluation: Evaluation
) -> Changes | None:
    """Return what changed since the run that this one goes on from; None where it has none."""
    if record.follows is None:
        return None
    answers = find_answer_changes(folder, record.follows, evaluation)
    found = Changes(record.follows, read_changes(folder.path / CHANGES), answers)
    if answers is None:
        return found
    kinds = (answers.became_right, answers.became_wrong, answers.wrong_otherwise)
    wanted = {one.name: one.truth for each in kinds for one in each[:MOST]}
    return replace(found, shown=show_named(loaded, plan, wanted))


def _earlier(folder: RunFolder, plan: Plan, follows: Follows | None) -> Earlier | None:
    """Return the run that this one goes on from or was started from; None where there is none."""
    if follows is not None:
        given = Path(follows.run)
    elif plan.transfer is not None:
        given = expand_home(plan.transfer.pretrained)
    else:
        return None
    other = RunFolder(given.parent if given.is_file() else given)
    if not (other.path / RECORD).is_file():
        return None
    if not other.report.is_file():
        return Earlier(other.path.name, "")
    from_here = os.path.relpath(other.report.resolve(), folder.shown.resolve())
    return Earlier(other.path.resolve().name, quote(Path(from_here).as_posix()))


def _run_table(record: RunRecord, plan: Plan, outcome: Outcome) -> dict[str, Json]:
    """Give what the page lists below the command, in order."""
    request, recipe, machine = record.request, plan.recipe, record.environment
    run: dict[str, Json] = {
        "data": request.source,
        "seed": recipe.seed,
        "precision": str(recipe.precision),
        "device": plan.device,
        "threads": plan.threads,
        "machine": {
            "system": machine.system,
            "processor": machine.processor,
            "cores": machine.cores,
            "gpus": list(machine.gpus),
        },
        "seconds": outcome.seconds,
        "versions": dict(machine.versions),
        "epochs": outcome.epochs,
        "best epoch": outcome.best_epoch,
        "started": record.started,
        "data fingerprint": plan.data.fingerprint,
        "batch size": recipe.batch_size,
        "learning rate": recipe.learning_rate,
        "class weight": "sampling" if recipe.balanced_sampling else recipe.class_weight,
        "augmentation": recipe.augmentation.as_json(),
        "preprocess": plan.preprocess.as_json(),
        "measured": dict(plan.rates),
    }
    if record.energy is not None:
        run["energy"] = str(record.energy)
    if not plan.in_steps and record.head is not None:
        run["precision"] = record.head.engine
        for name in ("epochs", "best epoch", "batch size", "learning rate", "measured"):
            del run[name]
    return run


def _start(record: RunRecord, moved: FilterShift | None) -> Start | None:
    """Give what the report says of the trained network that the run started from."""
    plan, head = record.plan, record.head
    if plan is None or plan.transfer is None or head is None:
        return None
    return Start(
        backbone=plan.transfer.backbone,
        features=plan.transfer.features,
        strength=head.weight_decay,
        tried=head.tried,
        moved=moved,
    )


def command(record: RunRecord) -> str:
    """Return the commands that repeat a run: every setting that is not the default.

    >>> from striate.training.plan import Request
    >>> settings = Settings(epochs=3, augment=False)
    >>> request = Request("digits", "conv 8 > relu > gap > flatten > fc", False, True, settings)
    >>> command(RunRecord.begin(request))
    "striate train digits --network 'conv 8 > relu > gap > flatten > fc' --epochs 3 --no-augment"
    """
    request = record.request
    if request.is_module:
        return f"striate.train({request.source!r}, module)  # in Python, its own module"
    words = ["striate", "train", request.source]
    if record.follows is not None:
        words += ["--resume", record.follows.run]
    elif request.network:
        words += ["--network", request.network]
    for field in fields(Settings):
        value, flag = getattr(request.settings, field.name), field.name.replace("_", "-")
        own = record.follows is None or field.name in ("fixes", "epochs", "minutes", "devices")
        if value == field.default or field.metadata["hidden"] or not own:
            continue
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, tuple):
            words += [f"--{flag}", "x".join(map(str, value))]
        else:
            words += [f"--{flag}", str(value)]
    lines = [shlex.join(words)]
    for cycle in record.cycles[1:]:
        end = ["--epochs", str(cycle.first + cycle.epochs)]
        if cycle.minutes:
            end = ["--minutes", f"{cycle.minutes:g}"]
        lines.append(shlex.join(["striate", "train", "--resume", "RUN", *end]))
    return "\n".join(lines)
