"""Gathers what the report of a run shows, and writes the page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from importlib import import_module
from threading import Thread

import numpy as np
import torch
from PIL import Image

from striate.architecture.layer_table import summary
from striate.data.augmentation import augment, draw_numbers
from striate.data.images import read
from striate.doctor import read_findings
from striate.errors import ImageError, RunError
from striate.evaluation.metrics import EvaluatedImage
from striate.events import Epoch
from striate.features.filter_shift import FilterShift
from striate.model.json_value import Json
from striate.model.run_folder import RunFolder, write_text
from striate.render.template import load_templates
from striate.settings import Settings
from striate.terminal.quiet_loggers import quiet
from striate.training.monitoring import read as checkups_of
from striate.training.plan import Plan
from striate.training.preparation import Loaded
from striate.training.record import Outcome, RunRecord
from striate.training.report import Facts, Shown, Start, html

EXAMPLES = 6  # images a class, as far as the page has room
MOST_EXAMPLES = 120
AUGMENTED = 24
WORST = 24
THUMBNAIL = 192  # pixels on the longer side


def load_ahead() -> None:
    """Load in the background what the report takes, while the network learns.

    Drawing and the templates take half a second to load; training leaves that much of a core.
    """
    Thread(target=_load, name="striate-report", daemon=True).start()


def _load() -> None:
    # without a home matplotlib says at length where it keeps its fonts
    # an ImportError is to be raised, and seen, where the report is written
    with quiet("matplotlib"), suppress(ImportError):
        import_module("matplotlib.figure")
        import_module("matplotlib.backends.backend_svg")
        load_templates("render/", "training/report/")


def write_report(folder: RunFolder, shown: Facts) -> None:
    """Write report.html into the run's folder."""
    write_text(folder.report, html(shown))


def facts(
    folder: RunFolder,
    record: RunRecord,
    loaded: Loaded,
    *,
    epochs: Sequence[Epoch],
    moved: FilterShift | None = None,
) -> Facts:
    """Gather everything the page shows.

    Args:
        folder: of the run.
        record: of the run, which is over.
        loaded: its images; where there are none, the page shows none.
        epochs: its records.
        moved: how far fine-tuning moved a trained backbone.

    Raises:
        RunError: the run is not over.
    """
    plan, outcome = record.plan, record.outcome
    if plan is None or outcome is None:
        raise RunError("a report is of a run that is over")
    evaluation = outcome.evaluation
    places = {name: place for place, name in enumerate(loaded.collection.names)}
    return Facts(
        title=plan.data.name,
        command=command(record),
        run=_run_table(record, plan, outcome),
        epochs=epochs,
        classes=plan.data.classes,
        counts={each.split: dict(each.images) for each in plan.data.counts},
        examples=list(examples(loaded, plan)),
        augmented=list(augmented(loaded, plan)),
        summary=None if plan.network is None else summary(plan.network),
        evaluation=evaluation,
        worst=[
            shown
            for one in evaluation.worst[:WORST]
            if one.name in places
            and (shown := _judged(loaded, plan, places[one.name], one)) is not None
        ],
        skipped=loaded.skipped,
        notes=record.notes,
        notation=plan.text or "",
        start=_start(record, moved),
        checkups=checkups_of(folder.path),
        findings=record.health,
        image_findings=read_findings(folder.findings),
    )


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
        "class weight": recipe.class_weight,
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
    if request.network:
        words += ["--network", request.network]
    for field in fields(Settings):
        value, flag = getattr(request.settings, field.name), field.name.replace("_", "-")
        if value == field.default or field.metadata["hidden"]:
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


def examples(loaded: Loaded, plan: Plan) -> Iterator[Shown]:
    """Give the first training images of each class, as they are on the disk."""
    kept, train = loaded.split.collection, loaded.split.train
    most = max(1, min(EXAMPLES, MOST_EXAMPLES // len(kept.classes)))
    for number, name in enumerate(kept.classes[:MOST_EXAMPLES]):
        for index in train[kept.labels[train] == number][:most]:
            pixels = thumbnail(loaded, plan, int(index))
            if pixels is not None:
                yield Shown(kept.names[index], name, None, None, pixels)


def choose_augmented(train: np.ndarray) -> np.ndarray:
    """Choose the training images that are shown as the network saw them, evenly spread."""
    if not len(train):
        return train
    return train[np.unique(np.linspace(0, len(train) - 1, AUGMENTED).astype(np.int64))]


def augmented(loaded: Loaded, plan: Plan) -> Iterator[Shown]:
    """Give some training images as the first epoch showed them to the network."""
    kept = loaded.split.collection
    chosen = choose_augmented(loaded.split.train)
    if not len(chosen):
        return
    numbers = torch.from_numpy(draw_numbers(plan.recipe.seed, 1, len(kept))[chosen])
    pixels = torch.from_numpy(loaded.images.take(chosen))
    changed = augment(pixels, plan.recipe.augmentation, numbers).round().to(torch.uint8)
    for index, image in zip(chosen, changed.permute(0, 2, 3, 1).numpy(), strict=True):
        yield Shown(kept.names[index], kept.classes[kept.labels[index]], None, None, image)


def _judged(loaded: Loaded, plan: Plan, index: int, evaluated: EvaluatedImage) -> Shown | None:
    pixels = thumbnail(loaded, plan, index)
    if pixels is None:
        return None
    return Shown(evaluated.name, evaluated.truth, evaluated.answer, evaluated.probability, pixels)


def thumbnail(loaded: Loaded, plan: Plan, index: int) -> np.ndarray | None:
    """Give an image as it is on the disk, small; None where it has become unreadable."""
    try:
        pixels = read(
            loaded.collection.open(index),
            background=plan.preprocess.background,
            ranges=plan.preprocess.value_ranges,
        )
    except ImageError:
        return None
    if max(pixels.shape[:2]) <= THUMBNAIL:
        return pixels
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    return np.asarray(image).reshape(image.height, image.width, -1)
