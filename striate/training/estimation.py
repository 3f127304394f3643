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
from typing import Unpack

import numpy as np
from torch import nn

from striate.backends.onnx import Trained
from striate.backends.threads import use_threads
from striate.backends.torch import build
from striate.data import Data, find
from striate.evaluation.classifier_evaluation import evaluate_images
from striate.evaluation.image_selection import ImageSelection, select_held_out
from striate.events import Callback, Epoch, Estimate, Note, ignore
from striate.model.classifier import Classifier
from striate.model.run_folder import RunFolder
from striate.settings import Settings, SettingsDict, make_settings
from striate.training import preparation, transfer
from striate.training.distributed.devices import check_module
from striate.training.energy import metering
from striate.training.loop import optimizer_for, validate
from striate.training.loop import train as train_epochs
from striate.training.one_cycle import Cycle
from striate.training.plan import Request
from striate.training.preparation import Prepared
from striate.training.runs import make_request
from striate.training.state import State
from striate.training.subset import Subset

WARM = 2  # steps that are not counted: they also allocate and plan
STEPS = 12  # that are timed, unless that takes longer than the most
SECONDS = 2.0  # for which steps are timed, at least
MOST = 8.0  # seconds after which no further step is timed
LONG = 1_000_000  # epochs that the timed steps would be the beginning of
EVALUATED = 32  # images that are evaluated for a start
REPORT = 2.0  # seconds for the classifier's file and the report


def estimate(
    data: Data,
    network: str | Path | nn.Module | None = None,
    *,
    callback: Callback = ignore,
    **settings: Unpack[SettingsDict],
) -> Estimate:
    """Say how long `train` would take, and with ``energy`` how much electricity, before it begins.

    All images are read, as for a run, and everything is chosen and said as it would be.

    Args:
        data: as for `train`.
        network: as for `train`.
        callback: is told every decision and the progress.
        **settings: as for `train`.

    Raises:
        StriateError: whatever `train` would refuse.

    >>> found = estimate("digits", "flatten > fc", epochs=2, precision="float32")
    >>> list(found.parts)
    ['reading and choosing', 'training', 'validation', 'evaluation and report']
    """
    return estimate_run(data, network, settings=make_settings(settings), callback=callback)


def estimate_run(
    data: Data,
    network: str | Path | nn.Module | None = None,
    *,
    settings: Settings,
    callback: Callback = ignore,
) -> Estimate:
    """Say how long a run of these settings would take; arguments as for `estimate`."""
    preparation.check(settings)
    request = make_request(data, network, settings)
    module = network if isinstance(network, nn.Module) else None
    begun = time.perf_counter()
    with metering(settings) as meter, _prepared(request, data, callback) as prepared:
        with use_threads(prepared.plan.threads):
            parts, epochs = _parts(prepared, module, time.perf_counter() - begun)
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
def _prepared(request: Request, data: Data, callback: Callback) -> Iterator[Prepared]:
    """Make a run ready in a folder that goes away again."""
    settings = request.settings
    collection = find(
        data, layout=settings.layout, zip_encoding=settings.zip_encoding, fixes=settings.fixes
    )
    with (
        TemporaryDirectory(prefix="striate-") as place,
        preparation.prepare(
            request,
            collection,
            RunFolder(Path(place)),
            estimating=True,
            say=lambda text: callback(Note(text)),
            callback=callback,
        ) as prepared,
    ):
        yield prepared


def _parts(
    prepared: Prepared, module: nn.Module | None, reading: float
) -> tuple[dict[str, float], int]:
    """Return the seconds of each work, and how many epochs there would be."""
    plan = prepared.plan
    parts = {"reading and choosing": reading}
    if module is None:
        module = build(plan.text or "", seed=plan.recipe.seed)
    else:
        check_module(module, plan.preprocess, len(plan.data.classes))
        module = copy.deepcopy(module)  # whose weights the timed steps change
    module.to(prepared.fabric.device)
    if prepared.backbone is not None:
        training = prepared.loaded.training
        parts |= transfer.ahead(module, prepared.backbone, training, plan=plan)
    epochs = 0
    if plan.in_steps:
        training_seconds, validation = _epoch(module, prepared)
        epochs = plan.epochs
        if plan.minutes:
            left = max(0.0, 60 * plan.minutes - sum(parts.values()))
            epochs = max(1, int(left / (training_seconds + validation)))
            share = left / (training_seconds + validation) / epochs
            training_seconds, validation = share * training_seconds, share * validation
        parts |= {"training": epochs * training_seconds, "validation": epochs * validation}
    evaluating = _evaluating(module, prepared)
    return parts | {"evaluation and report": evaluating + REPORT}, epochs


def _epoch(module: nn.Module, prepared: Prepared) -> tuple[float, float]:
    """Time a few steps, and give the seconds of an epoch's training and of its validation."""
    state = State(module, optimizer_for(module, prepared.plan.recipe))
    stepping, validating = _timed(state, prepared)
    steps = max(1, len(prepared.loaded.split.train) // prepared.plan.recipe.batch_size)
    training = steps * float(np.mean(stepping[WARM:] or stepping))
    if validating:  # the training images are so few that whole epochs went by
        return training, float(np.mean(validating))
    val = prepared.loaded.validation
    some = Subset(val.images, val.indices[: prepared.plan.recipe.batch_size], val.labels)
    begun = time.perf_counter()
    validate(state.module, some, preprocess=prepared.plan.preprocess, recipe=prepared.plan.recipe)
    each = (time.perf_counter() - begun) / len(some.indices)
    return training, each * len(val.indices)


def _timed(state: State, prepared: Prepared) -> tuple[list[float], list[float]]:
    """Train for a moment, and give the seconds of each step and of each validation."""
    stepping: list[float] = []
    validating: list[float] = []
    begun = mark = time.perf_counter()
    # the run's own loop: forward and backward alone give half the truth for small networks
    for event in train_epochs(
        state,
        prepared.loaded.training,
        prepared.loaded.validation,
        preprocess=prepared.plan.preprocess,
        recipe=prepared.plan.recipe,
        cycle=Cycle(0, LONG, minutes=0.0, begun=0.0, peak=prepared.plan.recipe.learning_rate / 100),
        fabric=prepared.fabric,
    ):
        now = time.perf_counter()
        (validating if isinstance(event, Epoch) else stepping).append(now - mark)
        mark, counted = now, len(stepping) - WARM
        if counted > 0 and now - begun > (SECONDS if counted >= STEPS else MOST):
            break
    return stepping, validating


def _evaluating(module: nn.Module, prepared: Prepared) -> float:
    """Time the evaluation of some images twice, and give the seconds of evaluating them all."""
    plan, loaded = prepared.plan, prepared.loaded
    network = plan.network
    # plain weights, so that the engine that evaluates a run is timed here too, and not torch
    model = Classifier(
        network=module.eval() if network is None else Trained.of(network, module.state_dict()),
        text=plan.text,
        classes=plan.data.classes,
        preprocess=plan.preprocess,
    )
    every = select_held_out(loaded.split, checkpoint_selected=plan.in_steps)
    some = ImageSelection(every.indices[:EVALUATED], every.words)
    seconds = []
    for _ in range(2):  # the first time also makes ready
        begun = time.perf_counter()
        evaluate_images(model, loaded.images, loaded.collection, some)
        seconds.append(time.perf_counter() - begun)
    rest = len(every.indices) - len(some.indices)
    return seconds[0] + rest * seconds[1] / len(some.indices)
