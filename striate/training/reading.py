"""How the images of a run are read: for many epochs, or once, for the features of a new head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from striate.backends import allocator
from striate.backends.threads import default_threads, use_threads
from striate.data import Collection, Images, ReadRecord, load
from striate.data.images import Preprocess
from striate.doctor import ImageSigns
from striate.doctor.grouping.finding import is_known
from striate.doctor.grouping.thumbs import Thumbs
from striate.events import Callback
from striate.features.backbone import Backbone
from striate.features.feature_stream import FeatureStream
from striate.settings import Settings
from striate.terminal.progress import ProgressReporter

KEPT = 2**28
"""How many bytes of decoded images are kept where no epoch needs them: 256 MiB."""


@dataclass(frozen=True)
class Taken:
    """What takes images while they are read.

    Attributes:
        stream: computes their features; None where none are wanted.
        thumbs: keeps them small; None where no groups are sought.
        alike: from which correlation on two are near copies; None where that is found.
    """

    stream: FeatureStream | None
    thumbs: Thumbs | None
    alike: float | None


def needed_once(collection: Collection, settings: Settings, backbone: Backbone | None) -> bool:
    """Say whether the images are files of which only a head is learnt, so that no epoch follows.

    Those to evaluate are read once more; images that someone else gives may then be others.
    """
    head_alone = backbone is not None and settings.unfreeze is None
    return head_alone and isinstance(collection.content, Path)


def read_images(
    collection: Collection,
    preprocess: Preprocess,
    *,
    memory: int,
    cache: Path | None,
    taken: Taken,
    threads: int | None,
    callback: Callback,
) -> tuple[Images, ImageSigns]:
    """Decode the images, and compute features meanwhile where there is a stream.

    Files whose features are all kept from before, and that are as they were then, are not read.

    Args:
        collection: from `find`.
        preprocess: how they are made to fit.
        memory: the most bytes of pixels kept in memory.
        cache: a folder for more than that; None keeps no more.
        taken: what takes each image as it is read.
        threads: that compute features; None takes the default number.
        callback: is told the progress.

    Returns:
        The images, and the signs of those that were only passed on.

    Raises:
        DataError: not one can be read.
    """
    stream, thumbs = taken.stream, taken.thumbs
    signs = ImageSigns(len(collection), then=stream)
    watch = signs if thumbs is None else thumbs.before(signs)
    if stream is None:
        report = ProgressReporter("reading", callback)
        images = load(collection, preprocess, memory=memory, cache=cache, progress=report)
        return images, signs
    report = ProgressReporter("reading and computing features", callback)
    record = ReadRecord(collection, preprocess)
    with use_threads(threads or default_threads()), allocator.kept(), stream:
        kept = record.recall()
        known = thumbs is None or (kept is not None and is_known(collection, kept, taken.alike))
        if kept is not None and known and stream.has_all(kept.hashes):
            report(len(kept), len(kept))
            return kept, signs
        images = load(collection, preprocess, memory=memory, watch=watch, progress=report)
    record.keep(images)
    images.hold(stream.hand_over_pixels())
    return images, signs
