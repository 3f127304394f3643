"""Gathers what the report of a run shows, and writes the page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from PIL import Image

from striate.architecture.layer_table import summary
from striate.data.augmentation import augment, draw_numbers
from striate.data.images import read
from striate.errors import ImageError
from striate.evaluation.metrics import EvaluatedImage, Evaluation
from striate.events import Epoch
from striate.features.filter_shift import FilterShift
from striate.features.head import Candidate
from striate.model.run_folder import RunFolder, write_text
from striate.settings import Settings
from striate.training.energy import Energy
from striate.training.health import Finding
from striate.training.preparation import Prepared
from striate.training.report import Facts, Shown, Start, html

EXAMPLES = 6  # images a class, as far as the page has room
MOST_EXAMPLES = 120
AUGMENTED = 24
WORST = 24
THUMBNAIL = 192  # pixels on the longer side
FLAGS = {"body": "from"}  # where the command line has another name for a setting
CHOSEN = ("batch", "learning_rate", "class_weights", "augmentation", "preprocess", "measured")


def write_report(folder: RunFolder, shown: Facts) -> None:
    """Write report.html into the run's folder."""
    write_text(folder.report, html(shown))


def facts(
    record: Mapping[str, Any],
    prepared: Prepared,
    *,
    text: str | None,
    epochs: Sequence[Epoch],
    evaluation: Evaluation,
    judged: np.ndarray,
    moved: FilterShift | None = None,
) -> Facts:
    """Gather everything the page shows.

    Args:
        record: the run's record.
        prepared: its images and choices.
        text: the network; None where it was a torch module.
        epochs: its records.
        evaluation: what the classifier is worth.
        judged: int64, the images that the evaluation is of, in its order.
        moved: how far fine-tuning moved a trained body.
    """
    chosen, settings = record["chosen"], record["settings"]
    run = {
        "data": record["data"]["source"],
        "seed": settings["seed"],
        "precision": chosen["precision"],
        "device": chosen["device"],
        "threads": chosen["threads"],
        "machine": record["machine"],
        "seconds": record["seconds"],
        "versions": record["versions"],
        "epochs": record["epochs_done"],
        "best epoch": record["best_epoch"],
        "started": record["started"],
        "data fingerprint": record["data"]["fingerprint"],
        **{name.replace("_", " "): chosen[name] for name in CHOSEN},
    }
    if "energy" in record:
        run["energy"] = str(Energy.from_json(record["energy"]))
    if "transfer" in chosen and not chosen["transfer"]["shares"]:  # nothing was trained in steps
        run["precision"] = chosen["transfer"]["way"]
        for name in ("epochs", "best epoch", "batch", "learning rate", "measured"):
            del run[name]
    return Facts(
        title=record["data"]["name"],
        command=command(record),
        run=run,
        epochs=epochs,
        classes=prepared.collection.classes,
        counts=record["data"]["counts"],
        examples=list(examples(prepared)),
        augmented=list(augmented(prepared)),
        summary=None if text is None else summary(text),
        evaluation=evaluation,
        worst=[
            shown
            for one in evaluation.worst[:WORST]
            if (shown := _judged(prepared, int(judged[one.index]), one)) is not None
        ],
        skipped=prepared.skipped,
        notes=record["notes"],
        notation=text or "",
        start=_start(record, moved),
        findings=[Finding(**each) for each in record.get("health", [])],
    )


def _start(record: Mapping[str, Any], moved: FilterShift | None) -> Start | None:
    """Give what the report says of the trained network that the run started from."""
    transfer = record["chosen"].get("transfer")
    if transfer is None:
        return None
    return Start(
        body=transfer["body"],
        features=transfer["features"],
        strength=transfer["head"]["strength"],
        tried=[Candidate(**one) for one in transfer["head"]["tried"]],
        moved=moved,
    )


def command(record: Mapping[str, Any]) -> str:
    """Write the commands that repeat a run: every setting that is not the default.

    >>> settings = Settings(epochs=3, augment=False).as_json()
    >>> given = "conv 8 > relu > gap > flatten > fc"
    >>> command({"data": {"source": "digits"}, "settings": settings, "network_given": given})
    "striate train digits --network 'conv 8 > relu > gap > flatten > fc' --epochs 3 --no-augment"
    """
    if record.get("module_given"):
        return f"striate.train({record['data']['source']!r}, module)  # in Python, its own module"
    words = ["striate", "train", record["data"]["source"]]
    if record["network_given"]:
        words += ["--network", record["network_given"]]
    usual = Settings()
    for field in fields(Settings):
        value = record["settings"].get(field.name, getattr(usual, field.name))
        flag = FLAGS.get(field.name, field.name.replace("_", "-"))
        if value == getattr(usual, field.name) or field.name == "memory":
            continue
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", str(value)]
    lines = [shlex.join(words)]
    for cycle in record.get("cycles", [])[1:]:
        end = ["--epochs", str(cycle["first"] + cycle["epochs"])]
        if cycle["minutes"]:
            end = ["--minutes", f"{cycle['minutes']:g}"]
        lines.append(shlex.join(["striate", "train", "--resume", "RUN", *end]))
    return "\n".join(lines)


def examples(prepared: Prepared) -> Iterator[Shown]:
    """Give the first training images of each class, as they are on the disk."""
    labels = prepared.collection.labels[prepared.split.train]
    classes = prepared.collection.classes
    most = max(1, min(EXAMPLES, MOST_EXAMPLES // len(classes)))
    for number, name in enumerate(classes[:MOST_EXAMPLES]):
        for index in prepared.split.train[labels == number][:most]:
            pixels = thumbnail(prepared, int(index))
            if pixels is not None:
                yield Shown(prepared.collection.names[index], name, None, None, pixels)


def augmented(prepared: Prepared) -> Iterator[Shown]:
    """Give some training images as the first epoch showed them to the network."""
    train, labels = prepared.split.train, prepared.collection.labels
    places = np.unique(np.linspace(0, len(train) - 1, AUGMENTED).astype(np.int64))
    chosen = train[places]
    numbers = torch.from_numpy(draw_numbers(prepared.recipe.seed, 1, len(labels))[chosen])
    pixels = torch.from_numpy(prepared.images.take(chosen))
    changed = augment(pixels, prepared.recipe.augmentation, numbers).round().to(torch.uint8)
    for index, image in zip(chosen, changed.permute(0, 2, 3, 1).numpy(), strict=True):
        name = prepared.collection.names[index]
        yield Shown(name, prepared.collection.classes[labels[index]], None, None, image)


def _judged(prepared: Prepared, index: int, judged: EvaluatedImage) -> Shown | None:
    pixels = thumbnail(prepared, index)
    if pixels is None:
        return None
    return Shown(judged.name, judged.truth, judged.answer, judged.probability, pixels)


def thumbnail(prepared: Prepared, index: int) -> np.ndarray | None:
    """Give an image as it is on the disk, small; None where it has become unreadable."""
    try:
        pixels = read(prepared.collection.open(index), background=prepared.preprocess.background)
    except ImageError:
        return None
    if max(pixels.shape[:2]) <= THUMBNAIL:
        return pixels
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    return np.asarray(image).reshape(image.height, image.width, -1)
