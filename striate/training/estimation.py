"""How long a run would take: it is made ready, a few steps of each work are timed, and no more.

Nothing is left behind but weights that were fetched, and no image is learnt from.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from torch import nn

from striate.architecture.notation import expand
from striate.backends import precision
from striate.backends.onnx import Trained
from striate.backends.torch import build
from striate.evaluation.classifier_evaluation import evaluate_images
from striate.evaluation.image_selection import ImageSelection, select_held_out
from striate.events import Callback, Epoch, Estimate, Note, ignore
from striate.model.classifier import Classifier
from striate.model.run_folder import RunFolder
from striate.settings import Settings
from striate.training import preparation, transfer
from striate.training.distributed.devices import check_module
from striate.training.energy import metering
from striate.training.loop import VAL_BATCH, Part, optimizer_for, validate
from striate.training.loop import train as train_epochs
from striate.training.preparation import Prepared
from striate.training.schedule import Cycle
from striate.training.state import State

WARM = 2  # steps that are not counted: they also allocate and plan
STEPS = 12  # that are timed, unless that takes longer than the most
SECONDS = 2.0  # for which steps are timed, at least
MOST = 8.0  # seconds after which no further step is timed
LONG = 1_000_000  # epochs that the timed steps would be the beginning of
JUDGED = 32  # images that are judged for a start
REPORT = 2.0  # seconds for the classifier's file and the report


def estimate(
    data: str | Path,
    network: str | Path | nn.Module | None = None,
    *,
    settings: Settings | None = None,
    callback: Callback = ignore,
) -> Estimate:
    """Say how long `train` would take, and with ``energy`` how much electricity, before it begins.

    All images are read, as for a run, and everything is chosen and said as it would be.

    Args:
        data: as for `train`.
        network: as for `train`.
        settings: of the run.
        callback: is told every decision and the progress.

    Raises:
        StriateError: whatever `train` would refuse.

    >>> found = estimate("digits", "flatten > fc", settings=Settings(epochs=2, precision="float32"))
    >>> list(found.parts)
    ['reading and choosing', 'training', 'validation', 'judging and report']
    """
    settings = settings or Settings()
    preparation.check(settings)
    module = network if isinstance(network, nn.Module) else None
    text = None if isinstance(network, nn.Module) else preparation.source_text(network)
    record: dict[str, Any] = {
        "data": {},
        "settings": settings.as_json(),
        "network_given": text,
        "module_given": module is not None,
        "from_scratch": network is not None,
        "chosen": None,
    }
    begun = time.perf_counter()
    with metering(settings) as meter, _prepared(record, data, callback) as prepared:
        with precision.threads(prepared.threads):
            parts, epochs = _parts(record, prepared, module, time.perf_counter() - begun)
        seconds = sum(parts.values())
        taken = None if meter is None else meter.so_far().over(seconds)
    return Estimate(
        seconds=seconds,
        parts=parts,
        epochs=epochs,
        kwh=None if taken is None else taken.kwh,
        kg_co2e=None if taken is None else taken.kg_co2e,
    )


@contextmanager
def _prepared(record: dict[str, Any], data: str | Path, callback: Callback) -> Iterator[Prepared]:
    """Make a run ready in a folder that goes away again."""
    collection = preparation.collect(data)
    with (
        TemporaryDirectory(prefix="striate-") as place,
        preparation.prepare(
            RunFolder(Path(place)),
            record,
            collection,
            say=lambda text: callback(Note(text)),
            callback=callback,
        ) as prepared,
    ):
        yield prepared


def _parts(
    record: dict[str, Any], prepared: Prepared, module: nn.Module | None, reading: float
) -> tuple[dict[str, float], int]:
    """Give the seconds of each work, and how many epochs there would be."""
    parts = {"reading and choosing": reading}
    if module is None:
        module = build(prepared.text or "", seed=prepared.recipe.seed)
    else:
        check_module(module, prepared.preprocess, len(prepared.collection.classes))
        module = copy.deepcopy(module)  # whose weights the timed steps change
    module.to(prepared.fabric.device)
    if prepared.body is not None:
        parts |= transfer.ahead(
            module,
            prepared.body,
            prepared.training,
            chosen=record["chosen"],
            seed=prepared.recipe.seed,
        )
    epochs = 0
    stepwise = prepared.body is None or bool(prepared.recipe.shares)
    if stepwise:
        training, validation = _epoch(module, prepared)
        epochs = prepared.epochs
        if prepared.minutes:
            left = max(0.0, 60 * prepared.minutes - sum(parts.values()))
            epochs = max(1, int(left / (training + validation)))
            share = left / (training + validation) / epochs
            training, validation = share * training, share * validation
        parts |= {"training": epochs * training, "validation": epochs * validation}
    judging = _judging(module, prepared, chosen=stepwise)
    return parts | {"judging and report": judging + REPORT}, epochs


def _epoch(module: nn.Module, prepared: Prepared) -> tuple[float, float]:
    """Time a few steps, and give the seconds of an epoch's training and of its validation."""
    state = State(module, optimizer_for(module, prepared.recipe))
    stepping, validating = _timed(state, prepared)
    steps = max(1, len(prepared.split.train) // prepared.recipe.batch)
    training = steps * float(np.mean(stepping[WARM:] or stepping))
    if validating:  # the training images are so few that whole epochs went by
        return training, float(np.mean(validating))
    val = prepared.validation
    some = Part(val.images, val.indices[:VAL_BATCH], val.labels)
    begun = time.perf_counter()
    validate(state.module, some, preprocess=prepared.preprocess, recipe=prepared.recipe)
    each = (time.perf_counter() - begun) / len(some.indices)
    return training, each * len(val.indices)


def _timed(state: State, prepared: Prepared) -> tuple[list[float], list[float]]:
    """Train for a moment, and give the seconds of each step and of each validation."""
    stepping: list[float] = []
    validating: list[float] = []
    begun = mark = time.perf_counter()
    for event in train_epochs(
        state,
        prepared.training,
        prepared.validation,
        preprocess=prepared.preprocess,
        recipe=prepared.recipe,
        cycle=Cycle(0, LONG, minutes=0.0, begun=0.0, peak=prepared.recipe.learning_rate / 100),
        fabric=prepared.fabric,
    ):
        now = time.perf_counter()
        (validating if isinstance(event, Epoch) else stepping).append(now - mark)
        mark, counted = now, len(stepping) - WARM
        if counted > 0 and now - begun > (SECONDS if counted >= STEPS else MOST):
            break
    return stepping, validating


def _judging(module: nn.Module, prepared: Prepared, *, chosen: bool) -> float:
    """Time the judging of some images twice, and give the seconds of judging them all."""
    trained = None if prepared.text is None else expand(prepared.text)
    model = Classifier(
        network=module.eval() if trained is None else Trained.of(trained, module.state_dict()),
        text=prepared.text,
        classes=prepared.collection.classes,
        preprocess=prepared.preprocess,
    )
    every = select_held_out(prepared.split, checkpoint_selected=chosen)
    some = ImageSelection(every.indices[:JUDGED], every.words)
    seconds = []
    for _ in range(2):  # the first time also makes ready
        begun = time.perf_counter()
        evaluate_images(model, prepared.images, prepared.collection, some)
        seconds.append(time.perf_counter() - begun)
    rest = len(every.indices) - len(some.indices)
    return seconds[0] + rest * seconds[1] / len(some.indices)
