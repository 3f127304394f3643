"""A network with a pretrained backbone: what is chosen for it, and how its head is learnt."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from striate.architecture.layer_table import summary
from striate.backends.precision import fixed
from striate.data import Collection, format_count, guess_training
from striate.data.augmentation import DRAWS, Augmentation
from striate.evaluation.calibration.held_out import HeldOut
from striate.events import Callback
from striate.features.backbone import Backbone
from striate.features.extraction import (
    BATCH,
    Extractor,
    KnownFeatures,
    WantedFeatures,
    extract_features,
)
from striate.features.feature_cache import FeatureCache
from striate.features.feature_stream import FeatureStream
from striate.features.head import Head, fit_head, standardize
from striate.features.out_of_fold import SMALL, repeat_folds
from striate.settings import Settings
from striate.terminal.progress import ProgressReporter
from striate.terminal.units import format_percent
from striate.training import defaults
from striate.training.before import Before
from striate.training.calibration import keep_held_out
from striate.training.learnt_head import LearntHead
from striate.training.mirroring import Sample, choose_changes, sample_files
from striate.training.plan import Plan, Transfer
from striate.training.subset import Subset

EPOCHS = 6  # of fine-tuning
RATE = 1e-3  # peak learning rate of the head in fine-tuning
MANY = 8  # layers that are listed one by one
# Proposed, not done unasked: it takes minutes where a head takes seconds, and helped one backbone
# of two on 1,248 images and none on 244.
ENOUGH = 1000  # images to learn from, from which fine-tuning is worth a try
BESIDE = 60e9  # multiply-accumulates: about a second, for features by which groups are found
HEADED = 1000  # images on which the head is timed, at most

Say = Callable[[str], None]


def plan_transfer(backbone: Backbone, settings: Settings) -> Transfer:
    """Return what the plan holds of the trained network that a run starts from.

    Args:
        backbone: the part that is trained already.
        settings: the user's.
    """
    return Transfer(
        pretrained=backbone.name,
        backbone=backbone.words,
        features=backbone.features,
        resized=backbone.resized,
        number_format=_number_format(settings),
        n_augmented=settings.n_augmented,
    )


def stream_features(
    backbone: Backbone,
    collection: Collection,
    settings: Settings,
    *,
    device: str,
    memory: int,
    before: Before,
    say: Say,
) -> FeatureStream:
    """Return what computes the features of a run while its images are read.

    Args:
        backbone: the part that is trained already.
        collection: the images.
        settings: the user's.
        device: that computes.
        memory: the most bytes of pixels that are kept; where that is not enough for all, those of
            images that will be evaluated, if at least half of these fit.
        before: what is known before they are read; copies of images are those of an earlier plan.
        say: is told of engines that cannot be had, and of what is chosen.
    """
    fraction = settings.val_fraction or defaults.validation_fraction(collection)
    guess = guess_training if before.kept is None else before.kept.guess
    training = guess(collection, seed=settings.seed, fraction=fraction, groups=before.groups)
    if before.basis is not None:
        change = before.basis.recipe.augmentation
    else:
        sample = sample_files(collection, training, settings.seed)
        change = choose_copies(backbone, collection.classes, settings, sample=sample, say=say)
    own = np.array([split == "test" for split in collection.splits], np.bool_)
    work = int((~training).sum()) * summary(backbone.plan.network).macs
    size = math.prod(backbone.preprocess.shape)
    return FeatureStream(
        WantedFeatures(
            backbone,
            change,
            n_augmented=settings.n_augmented,
            device=device,
            number_format=_number_format(settings),
        ),
        collection,
        training,
        evaluated=None if settings.tta else own if own.any() else ~training,
        beside=before.sought and work <= BESIDE,
        memory=_to_hold(len(collection) * size, int((~training).sum()) * size, memory),
        say=say,
    )


def choose_copies(
    backbone: Backbone, classes: tuple[str, ...], settings: Settings, *, sample: Sample, say: Say
) -> Augmentation:
    """Choose how the copies of an image that the head is learnt from differ from it.

    Arguments as for `choose_changes`.
    """
    if settings.n_augmented == 1:  # images that are looked at once, as they are
        return Augmentation()
    return choose_changes(backbone.preprocess, classes, settings, sample=sample, say=say)


def _to_hold(every: int, evaluated: int, memory: int) -> int:
    """Return how many bytes of pixels are held for evaluation: none where they would hardly help.

    >>> _to_hold(900, 300, 1000), _to_hold(5000, 1500, 1000), _to_hold(40_000, 5000, 1000)
    (0, 1000, 0)
    """
    return 0 if every <= memory or 2 * memory < evaluated else memory  # all fit, or few


def _number_format(settings: Settings) -> str:
    return "" if settings.precision == "auto" else fixed(settings.precision).name


def spoken(plan: Plan, images: int) -> tuple[str, ...]:
    """Return what is trained on in fine-tuning, and how fast, in words; or that it may pay.

    Args:
        plan: of the run.
        images: how many are learnt from.
    """
    if plan.transfer is None:
        return ()
    if not plan.in_steps:
        if images < ENOUGH:
            return ()
        return (
            f"{images:,} images are enough for fine-tuning, which may bring some points more: "
            "--unfreeze 4 (minutes where a new head takes seconds; `striate compare` says whether "
            "it paid)",
        )
    told = [f"{name} ({share * 100:.0f} %)" for name, share in plan.recipe.lr_multipliers]
    if len(told) > MANY:
        told = [*told[:2], "...", *told[-3:]]
    return (f"fine-tuning trains, at shares of the learning rate: {', '.join(told)}",)


def learn_head(
    module: nn.Module,
    backbone: Backbone,
    part: Subset,
    *,
    plan: Plan,
    stream: FeatureStream | None,
    say: Say,
    callback: Callback,
) -> tuple[LearntHead, Head, HeldOut | None, KnownFeatures]:
    """Put the backbone's weights into the network and learn its last layer on the features.

    Args:
        module: the network with its new head; its weights are set.
        backbone: the part that is trained already.
        part: the training images.
        plan: of the run.
        stream: what has computed features while the images were read; None where nothing has.
        say: is told what was found.
        callback: is told the progress.

    Returns:
        How the head was learnt; the head, with what cross-validation said of the images; and of
        those that the backbone had not learnt from, what else tells how sure to be (None where
            fine-tuning follows); and what computes features, with those that it has.
    """
    device = next(module.parameters()).device.type
    features, known = take_features(
        backbone, part, plan=plan, stream=stream, device=device, say=say, callback=callback
    )
    labels = part.labels[part.indices]
    groups = None if part.groups is None else part.groups[part.indices]
    with threadpool_limits(1, "blas"):  # what `repeat_folds` leaves alone is not needed again
        rows = standardize(features, overwrite=features[:, 0].size > SMALL)
    head = fit_head(
        rows,
        labels,
        classes=len(plan.data.classes),
        class_weights=plan.recipe.class_weight,
        groups=groups,
        seed=plan.recipe.seed,
        progress=ProgressReporter("choosing the strength of the head", callback, unit="strengths"),
    )
    told = f"the head: logistic regression with weight decay {head.strength:g}; "
    if head.folds:
        told += (
            f"in cross-validation ({format_count(head.folds, 'fold')}) "
            f"{format_percent(head.best.accuracy)} of {len(head.held_out):,} images are correct"
        )
    else:
        told += "no cross-validation: no class has two groups of images to train on; add others"
    say(told)
    if head.random_accuracy is not None:
        say(
            f"random {format_percent(head.random_accuracy)}, grouped "
            f"{format_percent(head.best.accuracy)}: a random split would have claimed the first "
            f"(cross-validation of the head on {len(head.held_out):,} training images)"
        )
    repeated = None
    if head.folds:
        repeated = repeat_folds(
            features[:, 0],
            labels,
            classes=len(plan.data.classes),
            strength=head.strength,
            groups=groups,
            seed=plan.recipe.seed,
        )
    if repeated is not None:
        say(f"the head in cross-validation again: {repeated}")
    fill(module, backbone, head)
    learnt = LearntHead(
        known.extractor.engine.name,
        head.strength,
        head.folds,
        head.tried,
        head.random_accuracy,
        repeated,
    )
    held_out = (
        None
        if plan.in_steps or not head.folds
        else keep_held_out(
            head,
            known,
            part,
            learnt=backbone.seen.get("train", np.array([], np.uint64)),
            classes=len(plan.data.classes),
            seed=plan.recipe.seed,
        )
    )
    return learnt, head, held_out, known


def take_features(
    backbone: Backbone,
    part: Subset,
    *,
    plan: Plan,
    stream: FeatureStream | None,
    device: str,
    say: Say,
    callback: Callback,
) -> tuple[np.ndarray, KnownFeatures]:
    """Return the features of the training images, and what computed them.

    Args:
        backbone: the part that is trained already.
        part: the training images.
        plan: of the run.
        stream: what has computed features while the images were read; None where nothing has.
        device: that computes.
        say: is told what was computed.
        callback: is told the progress.

    Returns:
        float32 (images, n_augmented, features); and what computes and keeps them.
    """
    ready = None if stream is None else stream.hand_over()
    extractor, kept = ready or _opened(backbone, part, plan=plan, device=device, say=say)
    versions = _copies(plan)
    found = kept.count_from_before(part.images.hashes[part.indices], versions)
    features = extract_features(
        extractor,
        part.images,
        part.indices,
        n_augmented=versions,
        kept=kept,
        progress=ProgressReporter("features", callback),
    )
    rows = len(part.indices) * versions
    each = "each as it is" if versions == 1 else f"each as it is and changed: {extractor.change}"
    said = f"{found:,} of them kept from before; " if found else ""
    say(
        f"{backbone.features:,} features of {format_count(rows, 'image')} ({each}): {said}computed "
        f"in {extractor.engine.name}"
    )
    if kept.refused:
        say(kept.refused)
    return features, KnownFeatures(extractor, kept)


def ahead(module: nn.Module, backbone: Backbone, part: Subset, *, plan: Plan) -> dict[str, float]:
    """Say how many seconds the features and the head would take, from a few of each.

    Arguments as for `learn_head`; the network is left as it is.
    """
    device = next(module.parameters()).device.type
    versions = _copies(plan)
    begun = time.perf_counter()
    extractor, kept = _opened(backbone, part, plan=plan, device=device, say=_left_to_the_run)
    ready = time.perf_counter() - begun
    there = kept.find(part.images.hashes[part.indices], versions)
    some = part.images.take(part.indices[:BATCH])
    numbers = np.random.default_rng(plan.recipe.seed).random((len(some), DRAWS), np.float32)
    features = ready
    for version, missing in enumerate((~there).sum(0).tolist()):
        if missing:
            begun = time.perf_counter()
            extractor.features(some, numbers if version else None)
            features += missing * (time.perf_counter() - begun) / len(some)
    return {"features": features, "head": _head_ahead(backbone, part, plan)}


def _copies(plan: Plan) -> int:
    return 1 if plan.transfer is None else plan.transfer.n_augmented


def _left_to_the_run(text: str) -> None:
    """Say nothing of the engines: the run itself will."""


def _head_ahead(backbone: Backbone, part: Subset, plan: Plan) -> float:
    """Time the head on made-up features of as many images, or of `HEADED`, and scale up."""
    generator = np.random.default_rng(plan.recipe.seed)
    # permuted, since the first thousand in order may all be of one class
    labels = generator.permutation(part.labels[part.indices])[:HEADED]
    shape = (len(labels), _copies(plan), backbone.features)
    classes = len(plan.data.classes)
    centres = generator.normal(size=(classes, 1, backbone.features))
    features = (generator.normal(size=shape) + 0.2 * centres[labels]).astype(np.float32)
    begun = time.perf_counter()
    fit_head(
        features,
        labels,
        classes=classes,
        class_weights=plan.recipe.class_weight,
        seed=plan.recipe.seed,
    )
    return (time.perf_counter() - begun) * len(part.indices) / len(labels)


def _opened(
    backbone: Backbone, part: Subset, *, plan: Plan, device: str, say: Say
) -> tuple[Extractor, FeatureCache]:
    """Choose how the features of decoded images are computed."""
    wanted = WantedFeatures(
        backbone,
        plan.recipe.augmentation,
        n_augmented=_copies(plan),
        device=device,
        number_format="" if plan.transfer is None else plan.transfer.number_format,
    )
    return wanted.open(
        part.images.hashes[part.indices],
        lambda most: part.images.take(part.indices[:most]),
        images=len(part.indices),
        say=say,
    )


def fill(module: nn.Module, backbone: Backbone, head: Head) -> None:
    """Set the weights of a network: the backbone's, and the head's in its last layer."""
    own = module.state_dict()
    last = list(own)[-2:]  # weight and bias of the last full connection
    values = {last[0]: torch.from_numpy(head.weight), last[1]: torch.from_numpy(head.bias)}
    module.load_state_dict({**backbone.tensors, **values})
