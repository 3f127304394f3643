"""How a run learns how sure its classifier is, and when it should answer "I don't know".

Of a head on a frozen backbone, its training images tell it, each answered by a head that was fitted
without it, so that the validation images stay untouched. Of a network trained step by step, which
knows its training images by heart, the validation images do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from striate.architecture.layer_table import summary
from striate.backends.onnx import Trained
from striate.data import divide_into_batches, prefetch
from striate.evaluation.calibration.distance_fit import fit_distance
from striate.evaluation.calibration.held_out import HeldOut, fit_decision, hold_out_folds
from striate.evaluation.calibration.promise_fit import fit_promise
from striate.features.extraction import KnownFeatures
from striate.features.head import Head
from striate.model.answering import has_features, open_network
from striate.model.classifier import Classifier
from striate.model.decision import Answers
from striate.model.decision.feature_distance import measure_activity
from striate.settings import Settings
from striate.training.dividing import Loaded
from striate.training.subset import Subset

MOST = 5_000  # images that are looked at, of each split
FEWEST = 200  # the same, of a network however large
WORK = 1e12  # multiply-adds that they may take; a core does some 1e11 a second


def calibrate(
    model: Classifier,
    held_out: HeldOut | None,
    loaded: Loaded,
    *,
    settings: Settings,
    say: Callable[[str], None],
) -> Classifier:
    """Return the classifier with how sure it is, and when it answers "I don't know".

    Args:
        model: the classifier, which decides nothing yet, but may have a taxonomy.
        held_out: what tells it, of a head on a frozen backbone; None looks at validation images.
        loaded: the images.
        settings: the user's.
        say: is told what was chosen, and on what.
    """
    if held_out is None:
        held_out = look_at_held_out(model, loaded.training, loaded.validation, seed=settings.seed)
        promised = loaded.promised
    else:
        promised = loaded.split.val  # of which nothing was chosen
    fit = fit_decision(
        held_out,
        mirrored=settings.tta,
        false_refusals=settings.false_refusals,
        seed=settings.seed,
    )
    for line in fit.lines:
        say(line)
    taxonomy = model.decision.taxonomy
    model = replace(model, decision=replace(fit.decision, taxonomy=taxonomy))
    if settings.promise is None:
        return model
    return _promise(model, loaded.subset(promised), settings=settings, say=say)


def _promise(
    model: Classifier, part: Subset, *, settings: Settings, say: Callable[[str], None]
) -> Classifier:
    """Return the classifier with the promise that was asked for, if images can carry it."""
    learnt = model.seen.get("train", np.array([], np.uint64))
    unknown = part.indices[~np.isin(part.images.hashes[part.indices], learnt)]
    batches = prefetch(part.images, divide_into_batches(part.images, unknown))
    answers = Answers.join([model.decide(pixels) for _, pixels in batches])
    found = fit_promise(
        answers.probabilities,
        part.labels[unknown],
        precision=settings.promise or 0.0,
        confidence=settings.promise_confidence,
        per_class=settings.promise_per_class,
        refused=model.decision.refuse_levels(answers),
        taxonomy=model.decision.taxonomy,
    )
    say(found.describe(model.classes, model.decision.taxonomy))
    return replace(model, decision=replace(model.decision, promise=found.promise))


def keep_held_out(
    head: Head,
    known: KnownFeatures,
    part: Subset,
    *,
    learnt: np.ndarray,
    classes: int,
    seed: int,
) -> HeldOut:
    """Return what cross-validation said of training images that the backbone had not learnt from.

    Args:
        head: the head, with what each fold said.
        known: features of the training images.
        part: these.
        learnt: uint64, hashes of the images that the backbone has learnt from.
        classes: how many there are.
        seed: of the choice and the folds.
    """
    unknown = ~np.isin(part.images.hashes[part.indices[head.held_out]], learnt)
    rows = _some(np.flatnonzero(unknown), MOST, seed)
    own = head.held_out[rows]
    labels = part.labels[part.indices[own]]
    groups = None if part.groups is None else part.groups[part.indices[own]]
    vectors, logits = known.of(part.images, part.indices[own]), head.logits[rows]
    return hold_out_folds(vectors, logits, labels, classes=classes, seed=seed, groups=groups)


def look_at_held_out(
    model: Classifier, training: Subset, validation: Subset, *, seed: int
) -> HeldOut:
    """Return what a trained network says of validation images that it has not learnt from.

    Args:
        model: the classifier, which decides nothing yet.
        training: images that it has learnt from, which say where those of each class lie.
        validation: the images.
        seed: of the choice of images.
    """
    most = _afford(model)
    learnt = model.seen.get("train", np.array([], np.uint64))
    unknown = ~np.isin(validation.images.hashes[validation.indices], learnt)
    chosen = _some(validation.indices[unknown], most, seed)
    labels, measured = validation.labels[chosen], has_features(model.network)
    logits, features = _look(model, validation, chosen, measured=measured)
    near, distance, activity = None, None, None
    if features is not None and len(chosen):
        own = _some(training.indices, most, seed)
        _, known = _look(model, training, own, measured=True)
        if known is not None:
            near = fit_distance(known, training.labels[own], classes=len(model.classes))
        if near is not None:
            distance, activity = near.measure(features), measure_activity(features)
    words = f"{len(chosen):,} validation images, which also selected the checkpoint"
    return HeldOut(logits, labels, words, near, distance, activity)


def _look(
    model: Classifier, part: Subset, indices: np.ndarray, *, measured: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    engine = open_network(model.network, model.preprocess, features=measured)
    logits: list[np.ndarray] = [np.zeros((0, len(model.classes)), np.float32)]
    features: list[np.ndarray] = []
    for _, taken in prefetch(part.images, divide_into_batches(part.images, indices)):
        pixels = taken.astype(np.float32)
        if engine.run_with_features is None:
            logits.append(engine.run(pixels))
        else:
            said, vectors = engine.run_with_features(pixels)
            logits.append(said)
            features.append(vectors)
    return np.concatenate(logits), np.concatenate(features) if features else None


def _afford(model: Classifier) -> int:
    """Say how many images to look at: fewer of a large network."""
    if not isinstance(model.network, Trained):
        return MOST
    macs = summary(model.network.plan).macs
    return int(np.clip(WORK / max(macs, 1), FEWEST, MOST))


def _some(indices: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Return all indices, or so many of them drawn by lot, in order."""
    if len(indices) <= most:
        return indices
    generator = np.random.Generator(np.random.Philox(key=[seed % 2**64, 10]))
    return np.sort(generator.choice(indices, most, replace=False))
