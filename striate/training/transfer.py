"""A network whose body is trained already: what is chosen for it, and how its head is learnt."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from striate.architecture.notation import expand
from striate.backends.onnx import Trained
from striate.backends.precision import fixed
from striate.data import format_count
from striate.data.augmentation import DRAWS, Augmentation
from striate.data.cache_folder import find_cache_folder
from striate.events import Callback
from striate.features.backbone import Backbone
from striate.features.cut import add_head, choose_lr_multipliers
from striate.features.engine_choice import choose_engine, list_engines
from striate.features.extraction import BATCH, Extractor, extract_features
from striate.features.feature_cache import FeatureCache, make_key
from striate.features.head import Head, fit_head
from striate.settings import Settings
from striate.terminal.progress import ProgressReporter
from striate.training.loop import Part

EPOCHS = 6  # of fine-tuning
RATE = 1e-3  # peak learning rate of the head in fine-tuning
MEASURED = 4  # images on which the ways to compute are timed
MANY = 8  # layers that are listed one by one
ENOUGH = 1000  # images to learn from, from which fine-tuning is worth a try
HEADED = 1000  # images on which the head is timed, at most

Say = Callable[[str], None]


def choose(body: Backbone, settings: Settings, *, classes: int) -> dict[str, Any]:
    """Choose the network and how it is learnt, as plain values for the record.

    Args:
        body: the part that is trained already.
        settings: the user's.
        classes: how many classes.
    """
    network = add_head(body.plan.network, classes)
    unfrozen = settings.unfrozen()
    tuned = () if unfrozen == 0 else choose_lr_multipliers(expand(network), body.plan, unfrozen)
    minutes = (settings.minutes or 0.0) if tuned else 0.0
    return {
        "network": str(network),
        "classes": classes,
        "epochs": 0 if minutes or not tuned else settings.epochs or EPOCHS,
        "minutes": minutes,
        "learning_rate": settings.learning_rate or RATE,
        "transfer": {
            "body": body.words,
            "features": body.features,
            "resized": body.resized,
            "way": "" if settings.precision == "auto" else fixed(settings.precision).name,
            "versions": settings.versions,
            "shares": [list(pair) for pair in tuned],
        },
        # images that are looked at once, as they are, are not changed
        **({} if tuned or settings.versions > 1 else {"augmentation": Augmentation().as_json()}),
    }


def spoken(chosen: Mapping[str, Any], images: int) -> tuple[str, ...]:
    """Say what is trained on in fine-tuning, and how fast; or that it may pay.

    Args:
        chosen: what `choose` gave.
        images: how many are learnt from.
    """
    shares = chosen["transfer"]["shares"]
    if not shares:
        if images < ENOUGH:
            return ()
        return (
            f"{images:,} images are enough for fine-tuning, which may bring some points more: "
            "--unfreeze 4 (minutes where a new head takes seconds; `striate compare` says whether "
            "it paid)",
        )
    told = [f"{name} ({share:.0%})" for name, share in shares]
    if len(told) > MANY:
        told = [*told[:2], "...", *told[-3:]]
    return (f"fine-tuning trains, at shares of the learning rate: {', '.join(told)}",)


def learn_head(
    module: nn.Module,
    body: Backbone,
    part: Part,
    *,
    chosen: Mapping[str, Any],
    seed: int,
    say: Say,
    callback: Callback,
) -> tuple[Head, str]:
    """Put the body's weights into the network and learn its last layer on the body's features.

    Args:
        module: the network with its new head; its weights are set.
        body: the part that is trained already.
        part: the training images.
        chosen: what `choose` gave, with the augmentation and the weights of the classes.
        seed: of the folds.
        say: is told what was found.
        callback: is told the progress.

    Returns:
        The head, and how the features were computed.
    """
    device = next(module.parameters()).device.type
    extractor, kept = _made_ready(body, part, chosen=chosen, device=device, say=say)
    versions = chosen["transfer"]["versions"]
    found = int(kept.find(part.images.hashes[part.indices], versions).sum())
    features = extract_features(
        extractor,
        part.images,
        part.indices,
        versions=versions,
        kept=kept,
        progress=ProgressReporter("features", callback),
    )
    rows = len(part.indices) * versions
    each = "each as it is" if versions == 1 else f"each as it is and changed: {extractor.change}"
    said = f"{found:,} of them kept from before; " if found else ""
    say(
        f"{body.features:,} features of {format_count(rows, 'image')} ({each}): {said}computed in "
        f"{extractor.engine.name}"
    )
    if kept.refused:
        say(kept.refused)
    labels = part.labels[part.indices]
    weights = chosen["class_weights"]
    head = fit_head(
        features,
        labels,
        classes=int(chosen["classes"]),
        class_weights=weights,
        seed=seed,
        progress=ProgressReporter("choosing the strength of the head", callback, unit="strengths"),
    )
    say(
        f"the head: logistic regression with weight decay {head.strength:g}; in cross-validation "
        f"({format_count(head.folds, 'fold')}) {head.best.accuracy:.1%} of {head.images:,} images "
        "were told right"
    )
    fill(module, body, head)
    return head, extractor.engine.name


def ahead(
    module: nn.Module, body: Backbone, part: Part, *, chosen: Mapping[str, Any], seed: int
) -> dict[str, float]:
    """Say how many seconds the features and the head would take, from a few of each.

    Arguments as for `learn_head`; the network is left as it is.
    """
    device = next(module.parameters()).device.type
    versions = chosen["transfer"]["versions"]
    begun = time.perf_counter()
    extractor, kept = _made_ready(body, part, chosen=chosen, device=device, say=_left_to_the_run)
    ready = time.perf_counter() - begun
    there = kept.find(part.images.hashes[part.indices], versions)
    some = part.images.take(part.indices[:BATCH])
    numbers = np.random.default_rng(seed).random((len(some), DRAWS), np.float32)
    features = ready
    for version, missing in enumerate((~there).sum(0).tolist()):
        if missing:
            begun = time.perf_counter()
            extractor.features(some, numbers if version else None)
            features += missing * (time.perf_counter() - begun) / len(some)
    return {"features": features, "head": _head_ahead(body, part, chosen, seed)}


def _left_to_the_run(text: str) -> None:
    """Say nothing of the engines: the run itself will."""


def _head_ahead(body: Backbone, part: Part, chosen: Mapping[str, Any], seed: int) -> float:
    """Time the head on made-up features of as many images, or of `HEADED`, and scale up."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(part.labels[part.indices])[:HEADED]
    shape = (len(labels), int(chosen["transfer"]["versions"]), body.features)
    classes = int(chosen["classes"])
    centres = generator.normal(size=(classes, 1, body.features))
    features = (generator.normal(size=shape) + 0.2 * centres[labels]).astype(np.float32)
    begun = time.perf_counter()
    fit_head(features, labels, classes=classes, class_weights=chosen["class_weights"], seed=seed)
    return (time.perf_counter() - begun) * len(part.indices) / len(labels)


def _made_ready(
    body: Backbone, part: Part, *, chosen: Mapping[str, Any], device: str, say: Say
) -> tuple[Extractor, FeatureCache]:
    """Choose how features are computed: as most are kept already, or as is fastest here."""
    hashes = part.images.hashes[part.indices]
    versions = chosen["transfer"]["versions"]
    change = Augmentation(**chosen["augmentation"]) if versions > 1 else Augmentation()
    choice = list_engines(
        device, chosen["transfer"]["way"].partition(" ")[0]
    )  # its number format, if set
    taught = (body.preprocess.mean, body.preprocess.std)
    key = make_key(str(body.plan.network), body.tensors, taught, change)

    def kept_in(name: str) -> FeatureCache:
        return FeatureCache(find_cache_folder() / "features" / f"{key}-{name.replace(' ', '-')}")

    stores = {name: kept_in(name) for name in choice}
    there = {name: int(kept.find(hashes, versions).sum()) for name, kept in stores.items()}
    most = max(there, key=lambda name: there[name])
    if 2 * there[most] > len(hashes) * versions:
        choice = {most: choice[most]}
    missing = len(hashes) * versions - there[most]
    engine = choose_engine(
        choice,
        Trained.of(body.plan, body.tensors),
        body.preprocess,
        pixels=part.images.take(part.indices[: min(MEASURED, missing)]).astype(np.float32),
        rows=missing,
        say=say,
    )
    return Extractor(engine, change), stores.get(engine.name) or kept_in(engine.name)


def fill(module: nn.Module, body: Backbone, head: Head) -> None:
    """Set the weights of a network: the body's, and the head's in its last layer."""
    own = module.state_dict()
    last = list(own)[-2:]  # weight and bias of the last full connection
    values = {last[0]: torch.from_numpy(head.weight), last[1]: torch.from_numpy(head.bias)}
    module.load_state_dict({**body.tensors, **values})
