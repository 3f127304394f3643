"""By what labels are checked: a last layer on a backbone's features, or a small network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from striate.backends import allocator
from striate.backends.threads import default_threads, use_threads
from striate.data import Collection, ReadRecord, load
from striate.data.augmentation import Augmentation, choose_augmentation
from striate.data.images import Preprocess
from striate.doctor.checkup.checkup import Checkup, Labels
from striate.doctor.checkup.kept_answers import KeptAnswers
from striate.errors import WeightsError
from striate.events import Callback, Note
from striate.features.backbone import Backbone, open_backbone, open_first_backbone
from striate.features.extraction import WantedFeatures, extract_features
from striate.features.feature_stream import FeatureStream
from striate.features.out_of_fold import OutOfFold, predict_out_of_fold
from striate.features.small_network import foretell_seconds, predict_by_small_network
from striate.settings import Settings
from striate.terminal.progress import ProgressReporter
from striate.terminal.units import format_duration

SMALLEST: Final = 32  # pixels of the shorter side, from which a backbone knows more than pixels
SIDES: Final = (8, 32)  # pixels a side that a small network takes, at least and at most
GREY: Final = ("L", "LA", "1", "I;16", "I;16B", "I", "F")


def open_label_backbone(
    checkup: Checkup, pretrained: str | None, *, say: Callable[[str], None], callback: Callback
) -> Backbone | None:
    """Return the trained backbone whose features labels are checked by; None where there is none.

    Args:
        checkup: what is known of the images.
        pretrained: the one that was asked for, as `train --pretrained` takes it; None takes the
            first that is at hand, without asking the network.
        say: is told which, and why not.
        callback: is told the progress of a download.

    Raises:
        StriateError: the one that was asked for cannot be had.
    """
    if pretrained is not None:
        return open_backbone(Settings(pretrained=pretrained), say=say, callback=callback)
    if not _in_color(checkup) or _shorter_side(checkup) < SMALLEST:
        return None
    try:
        return open_first_backbone(Settings(offline=True), callback=callback)
    except WeightsError as error:
        say(f"labels are checked by a small network, as no trained one is at hand: {error}")
        return None


def predict_labels(
    checkup: Checkup,
    backbone: Backbone | None,
    *,
    say: Callable[[str], None],
    callback: Callback,
) -> Labels | None:
    """Ask about each image what has not learnt from it; None where nothing can be asked.

    Copies of an image stand on one side, so that none is recognised by its twin.

    Args:
        checkup: images with their copies.
        backbone: a last layer is fitted to its features; with None a small network is trained.
        say: is told what cannot be done.
        callback: is told the progress, and how long a training takes before it begins.
    """
    indices = checkup.there
    labels = checkup.collection.labels[indices]
    present, truth = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return None
    classes, groups = len(present), _groups(checkup, indices)
    if backbone is None:
        words, found = _ask_small_network(checkup, truth, groups, callback)
    else:
        features = _extract(checkup.collection.only(indices), backbone, say, callback)
        words = f"a last layer on {features.shape[1]:,} features of {backbone.words}"
        found = predict_out_of_fold(features, truth, classes=classes, groups=groups)
    wide = np.full((len(indices), len(checkup.collection.classes)), np.nan)
    wide[found.held_out] = 0.0
    wide[np.ix_(found.held_out, present)] = found.probabilities[found.held_out]
    right = found.probabilities[found.held_out].argmax(1) == truth[found.held_out]
    accuracy = float(right.mean()) if len(right) else 0.0
    return Labels(indices, wide, found.held_out, words, accuracy)


def _ask_small_network(
    checkup: Checkup, truth: np.ndarray, groups: np.ndarray, callback: Callback
) -> tuple[str, OutOfFold]:
    """Return what is asked, in words, and what it answers: kept from before, or trained now."""
    color = _in_color(checkup)
    side = min(max(_shorter_side(checkup), SIDES[0]), SIDES[1])
    fitted = Preprocess(3 if color else 1, side, side, fit="squash", draft=True)
    names = checkup.collection.classes
    changes = choose_augmentation(3, side, side, names) if color else None
    kept = KeptAnswers(checkup.measured["digest"][checkup.there], truth, groups, fitted, changes)
    words = f"a small network for images of {side}x{side} in {'colour' if color else 'grey'}"
    if (found := kept.recall()) is not None:
        return words, found
    collection = checkup.collection.only(checkup.there)
    reading = ProgressReporter("reading", callback)
    with use_threads(default_threads()), allocator.kept():
        images = load(collection, fitted, progress=reading)
        pixels = images.take(np.arange(len(collection)))
        classes = int(truth.max()) + 1
        seconds = foretell_seconds(pixels, truth, classes=classes, augmentation=changes)
        callback(
            Note(
                "labels: a small network is trained five times, each time without a fifth of the "
                f"images, which takes about {format_duration(seconds)} (--no-labels leaves it out)"
            )
        )
        found = predict_by_small_network(
            pixels,
            truth,
            classes=classes,
            groups=groups,
            augmentation=changes,
            progress=ProgressReporter("training a small network", callback),
        )
    kept.keep(found)
    return words, found


def _extract(
    collection: Collection, backbone: Backbone, say: Callable[[str], None], callback: Callback
) -> np.ndarray:
    """Return the features of all images, float32 (n, features): kept from before, or computed."""
    every = np.ones(len(collection), np.bool_)
    wanted = WantedFeatures(backbone, Augmentation(), 1, device="cpu", number_format="")
    stream = FeatureStream(wanted, collection, every, say=say)
    record = ReadRecord(collection, backbone.preprocess)
    report = ProgressReporter("reading and computing features", callback)
    with use_threads(default_threads()), allocator.kept(), stream:
        images = record.recall()
        if images is None or not stream.has_all(images.hashes):
            images = load(collection, backbone.preprocess, memory=0, watch=stream, progress=report)
            record.keep(images)
    ready = stream.hand_over()
    if ready is None:
        raise RuntimeError("there are images, so there is an engine")
    extractor, kept = ready
    rows = extract_features(extractor, images, np.arange(len(collection)), n_augmented=1, kept=kept)
    return rows[:, 0]


def _groups(checkup: Checkup, indices: np.ndarray) -> np.ndarray:
    """Return which images stand together: each alone, but for copies."""
    groups = np.arange(len(checkup.collection))
    for group in checkup.alike:
        groups[list(group)] = group[0]
    return np.asarray(groups[indices])


def _in_color(checkup: Checkup) -> bool:
    """Say whether most images are in colour."""
    signs = checkup.measured[checkup.there]
    content = checkup.collection.content
    if isinstance(content, np.ndarray):
        return content.ndim == 4 and content.shape[3] == 3
    color = (signs["mode"] != "") & ~np.isin(signs["mode"], GREY)
    return bool(len(signs) and color.mean() > 0.5)


def _shorter_side(checkup: Checkup) -> int:
    """Return the shorter side of the middle image in pixels; 0 where there are none."""
    signs = checkup.measured[checkup.there]
    return int(np.median(np.minimum(signs["rows"], signs["columns"]))) if len(signs) else 0
