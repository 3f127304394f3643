"""By what labels are checked: a last layer on a backbone's features, or on small images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from striate.backends import allocator
from striate.backends.threads import default_threads, use_threads
from striate.data import Collection, ReadRecord, load
from striate.data.augmentation import Augmentation
from striate.doctor.checkup.checkup import Checkup, Labels
from striate.doctor.scan.alignment import halve
from striate.errors import WeightsError
from striate.events import Callback
from striate.features.backbone import Backbone, open_backbone
from striate.features.extraction import WantedFeatures, extract_features
from striate.features.feature_stream import FeatureStream
from striate.features.out_of_fold import predict_out_of_fold
from striate.settings import Settings
from striate.terminal.progress import ProgressReporter

BACKBONES: Final = ("efficientnet_lite0", "mobilenet_v2")  # the first of them that is at hand
SMALLEST: Final = 32  # pixels of the shorter side, from which a backbone knows more than pixels
GREY: Final = ("L", "LA", "1", "I;16", "I;16B", "I", "F")


def open_label_backbone(
    checkup: Checkup, pretrained: str | None, *, say: Callable[[str], None], callback: Callback
) -> Backbone | None:
    """Return the trained backbone whose features labels are checked by; None where pixels do.

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
    if not _in_color(checkup):
        return None
    lost = ""
    for name in BACKBONES:
        try:
            settings = Settings(pretrained=name, offline=True)
            return open_backbone(settings, say=lambda text: None, callback=callback)
        except WeightsError as error:
            lost = lost or str(error)
    say(f"labels are checked by small images alone, as no trained network is at hand: {lost}")
    return None


def predict_labels(
    checkup: Checkup,
    backbone: Backbone | None,
    *,
    say: Callable[[str], None],
    callback: Callback,
) -> Labels | None:
    """Ask a last layer about each image that it has not learnt from; None where it cannot be.

    Copies of an image stand on one side, so that none is recognised by its twin.

    Args:
        checkup: images with their copies.
        backbone: gives the features; None takes the images themselves, in grey at 24 x 24.
        say: is told what cannot be done.
        callback: is told the progress.
    """
    indices = checkup.there
    labels = checkup.collection.labels[indices]
    present, truth = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return None
    if backbone is None:
        thumbs = checkup.measured["thumb"][indices]
        features = np.stack([halve(thumb) for thumb in thumbs]).reshape(len(thumbs), -1)
        words = "the images in grey at 24 x 24 pixels"
    else:
        features = _extract(checkup.collection.only(indices), backbone, say, callback)
        words = f"{features.shape[1]:,} features of {backbone.words}"
    found = predict_out_of_fold(
        features, truth, classes=len(present), groups=_groups(checkup, indices)
    )
    wide = np.full((len(indices), len(checkup.collection.classes)), np.nan)
    wide[found.held_out] = 0.0
    wide[np.ix_(found.held_out, present)] = found.probabilities[found.held_out]
    right = found.probabilities[found.held_out].argmax(1) == truth[found.held_out]
    accuracy = float(right.mean()) if len(right) else 0.0
    return Labels(indices, wide, found.held_out, words, accuracy)


def _extract(
    collection: Collection, backbone: Backbone, say: Callable[[str], None], callback: Callback
) -> np.ndarray:
    """Return the features of all images, float32 (n, features): kept from before, or computed."""
    every = np.ones(len(collection), np.bool_)
    wanted = WantedFeatures(backbone, Augmentation(), 1, device="cpu", number_format="")
    stream = FeatureStream(wanted, collection, every, memory=0, say=say)
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
    """Say whether the images are in colour and large enough for a backbone."""
    signs = checkup.measured[checkup.there]
    if not len(signs):
        return False
    content = checkup.collection.content
    color = signs["mode"] != ""
    color &= ~np.isin(signs["mode"], GREY)
    if isinstance(content, np.ndarray):
        color = np.full(len(signs), content.ndim == 4 and content.shape[3] == 3)
    shorter = np.minimum(signs["rows"], signs["columns"])
    return bool(color.mean() > 0.5 and np.median(shorter) >= SMALLEST)
