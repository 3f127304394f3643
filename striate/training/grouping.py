"""Which images of a run belong together: by a column, and by what they show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from striate.data import Collection, Groups, Images, Survey
from striate.doctor.grouping.finding import Features, find_groups
from striate.doctor.grouping.near import make_vectors
from striate.doctor.grouping.thumbs import MOST, Thumbs
from striate.doctor.scan.near_copies import SMALL
from striate.events import Callback
from striate.features.feature_stream import FeatureStream
from striate.settings import Settings
from striate.terminal.progress import ProgressReporter
from striate.training.before import Before
from striate.training.plan import Plan

Say = Callable[[str], None]


@dataclass(frozen=True)
class Looked:
    """What reading the images gave by which they can be grouped.

    Attributes:
        thumbs: small images; None where no groups are sought.
        stream: has computed features; None where there are none.
    """

    thumbs: Thumbs | None
    stream: FeatureStream | None


def are_groups_sought(
    collection: Collection, settings: Settings, earlier: Plan | None, looks: Callable[[], Survey]
) -> bool:
    """Say whether near copies and bursts are looked for when the images have been read.

    Not where the data says itself which images validate, or which belong together, in a run that
    goes on, and among images that are so small that all look alike.

    Args:
        collection: the images.
        settings: the user's.
        earlier: the plan of a run that goes on.
        looks: gives the sizes of the images.
    """
    told = settings.random_split or settings.group_column is not None
    if told or earlier is not None or "val" in collection.splits:
        return False
    content = collection.content
    if isinstance(content, np.ndarray):
        return min(content.shape[1:3]) >= SMALL and len(content) <= MOST
    sizes = looks()
    return min(sizes.height, sizes.width) >= SMALL and len(collection) <= MOST


def group_images(
    collection: Collection,
    images: Images,
    *,
    looked: Looked,
    settings: Settings,
    before: Before,
    say: Say,
    callback: Callback,
) -> Groups | None:
    """Return the groups of images that are divided next; None where each stands alone.

    Args:
        collection: names, labels and classes.
        images: decoded.
        looked: what reading them gave.
        settings: the user's.
        before: what is known, the groups of a column among it.
        say: is told what could not be looked for.
        callback: is told how far the features of further images are.
    """
    thumbs, stream = looked.thumbs, looked.stream
    if thumbs is None:
        return before.groups
    features = None if stream is None else _take_features(stream, images, callback)
    found = find_groups(collection, images, thumbs, features, alike=settings.alike)
    if found.lacking:
        say(
            f"to keep the run short, images were not grouped by: {found.lacking}; "
            f"`striate check {collection.source}` compares all, and the next run takes features "
            "from it"
        )
    if any(why.startswith("near copy") for why in found.groups.why):
        say(
            f"near copies are images whose details are correlated by {found.alike:.2f} or more, "
            "which random pairs of this folder are not (--alike sets it)"
        )
    return found.groups


def _take_features(stream: FeatureStream, images: Images, callback: Callback) -> Features:
    """Return the features that there are; the others are computed where they are asked for."""

    def take() -> tuple[np.ndarray, np.ndarray]:
        there, values = stream.features(images.hashes, images.usable)
        return there, make_vectors(values) if len(values) > 1 else values

    def complete() -> Features:
        stream.complete(images, progress=ProgressReporter("features of all images", callback))
        return Features(*take())

    return Features(*take(), complete)
