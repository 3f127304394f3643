"""The images of a folder without labels: what is known of each, read once and kept in the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from striate.backends import allocator
from striate.backends.threads import default_threads, use_threads
from striate.data import Collection, Images, ReadRecord, Skipped, Survey, load, survey
from striate.data.augmentation import Augmentation
from striate.data.images import Preprocess
from striate.data.sources.folder_tree import DOCUMENTS, Folder, read_tree
from striate.doctor.checkup.label_features import SMALLEST
from striate.doctor.grouping.finding import Features, find_groups, is_known
from striate.doctor.grouping.near import make_vectors
from striate.doctor.grouping.thumbs import MOST, Thumbs
from striate.doctor.scan.near_copies import SMALL
from striate.errors import DataError, WeightsError
from striate.events import Callback
from striate.features.backbone import Backbone, open_backbone, open_first_backbone
from striate.features.extraction import WantedFeatures, extract_features
from striate.features.feature_stream import FeatureStream
from striate.settings import Settings
from striate.terminal.progress import ProgressReporter

PLAIN: Final = 24  # pixels a side of grey images that stand for features


@dataclass(frozen=True, eq=False)
class FolderImages:
    """The images of a folder that can be read.

    Attributes:
        root: the folder.
        names: of each image, the path below it.
        hashes: of each image's pixels, in hexadecimal; equal for equal images.
        features: float32 (n, features).
        groups: int64 (n,), of each image the first of those that show the same.
        backbone: what the features are of, in words.
        pretrained: the name that `striate train --pretrained` takes for the same; "" where small
            images stand for features.
        skipped: what cannot be read, and why.
        notes: what was decided, a line each.
    """

    root: Path
    names: tuple[str, ...]
    hashes: tuple[str, ...]
    features: np.ndarray = field(repr=False)
    groups: np.ndarray = field(repr=False)
    backbone: str
    pretrained: str
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    def only(self, indices: np.ndarray) -> FolderImages:
        """Return the same with some of its images, in the order of the indices."""
        return replace(
            self,
            names=tuple(self.names[index] for index in indices),
            hashes=tuple(self.hashes[index] for index in indices),
            features=self.features[indices],
            groups=_number(self.groups[indices]),
        )


def read_folder(
    folder: Path,
    *,
    pretrained: str | None = None,
    callback: Callback = lambda event: None,
) -> FolderImages:
    """Read every image below a folder, compute its features, and find near copies.

    Features are kept in the cache, where `striate train` finds those of the same backbone; a folder
    that was read before and has not changed is not read again.

    Args:
        folder: is only read. Names of folders in it mean nothing.
        pretrained: the backbone, as `train` takes it; None takes the one that `train` would.
        callback: is told the progress.

    Raises:
        DataError: there are no images.
        StriateError: the backbone that was asked for cannot be had.
    """
    collection, notes = _list_images(folder)
    found = compute_images(collection, survey(collection), pretrained=pretrained, callback=callback)
    return replace(found, notes=(*notes, *found.notes))


def compute_images(
    collection: Collection,
    sizes: Survey,
    *,
    pretrained: str | None = None,
    callback: Callback = lambda event: None,
) -> FolderImages:
    """Compute what is known of the images of a collection, whose labels play no part.

    Args:
        collection: of files.
        sizes: of its images.
        pretrained: as for `read_folder`.
        callback: is told the progress.

    Raises:
        StriateError: the backbone that was asked for cannot be had.
    """
    notes: list[str] = []
    backbone = _open_backbone(sizes, pretrained, notes.append, callback)
    if backbone is None:
        small = Preprocess(channels=1, height=PLAIN, width=PLAIN)
        images = load(collection, small, progress=ProgressReporter("reading", callback))
        there = np.flatnonzero(images.usable)
        features = images.take(there).reshape(len(there), -1).astype(np.float32)
        groups, words = np.arange(len(collection)), f"grey images of {PLAIN} x {PLAIN} pixels"
    else:
        copies = min(sizes.height, sizes.width) >= SMALL and len(collection) <= MOST
        images, features, groups = _compute(
            collection, backbone, copies=copies, say=notes.append, callback=callback
        )
        there, words = np.flatnonzero(images.usable), backbone.words
    hashes = images.hashes[there]
    _, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    return FolderImages(
        root=Path(collection.source),
        names=tuple(collection.names[index] for index in there),
        hashes=tuple(f"{each:016x}" for each in hashes.tolist()),
        features=features,
        groups=_number(groups[there][first][which]),
        backbone=words,
        pretrained="" if backbone is None else backbone.name,
        skipped=(*collection.skipped, *images.skipped),
        notes=tuple(notes),
    )


def _number(groups: np.ndarray) -> np.ndarray:
    """Return of each image the first of those with the same value."""
    _, first, which = np.unique(groups, return_index=True, return_inverse=True)
    return np.asarray(first[which])


def _list_images(folder: Path) -> tuple[Collection, list[str]]:
    """List what may be images, and say where folders look like classes."""
    skipped: list[Skipped] = []
    tree = read_tree(folder, skipped)
    every = list(tree.walk())
    names = [name for name in every if not name.lower().endswith(DOCUMENTS)]
    skipped += [
        Skipped(name, "a document, not an image") for name in every if name not in set(names)
    ]
    if not names:
        what = f"{len(every):,} other files" if every else "nothing"
        raise DataError(f"no images in '{folder}': {what} in it; expected photographs or the like")
    collection = Collection(
        source=str(folder),
        kind="folder",
        classes=("",),
        names=tuple(names),
        labels=np.zeros(len(names), np.int64),
        splits=("",) * len(names),
        skipped=tuple(skipped),
        content=folder,
    )
    return collection, _note_classes(folder, tree)


def _note_classes(folder: Path, tree: Folder) -> list[str]:
    """Say that folders might be labels already."""
    inner = [each.name for each in tree.image_folders]
    if len(inner) < 2 or tree.has_images:
        return []
    few = ", ".join(repr(name) for name in inner[:4]) + (", ..." if len(inner) > 4 else "")
    return [
        f"the images lie in folders ({few}), whose names are not used here; if these are the "
        f"labels, there is nothing to label: striate train {folder}"
    ]


def _open_backbone(
    sizes: Survey, pretrained: str | None, say: Callable[[str], None], callback: Callback
) -> Backbone | None:
    """Open the backbone that was asked for, or the first that can be had; None for tiny images."""
    if pretrained is not None:
        settings = Settings(pretrained=pretrained)
        return open_backbone(settings, looks=lambda: sizes, say=say, callback=callback)
    if sizes.channels != 3 or min(sizes.height, sizes.width) < SMALLEST:
        say(f"the images are grey or tiny, and compared as they are, at {PLAIN} x {PLAIN} pixels")
        return None
    try:
        return open_first_backbone(Settings(), looks=lambda: sizes, callback=callback)
    except WeightsError as error:
        say(f"images are compared as they are, at {PLAIN} x {PLAIN} pixels, for want of: {error}")
        return None


def _compute(
    collection: Collection,
    backbone: Backbone,
    *,
    copies: bool,
    say: Callable[[str], None],
    callback: Callback,
) -> tuple[Images, np.ndarray, np.ndarray]:
    """Return the images, the features of those that can be read, and the group of each."""
    every = np.ones(len(collection), np.bool_)
    wanted = WantedFeatures(backbone, Augmentation(), 1, device="cpu", number_format="")
    stream = FeatureStream(wanted, collection, every, say=say)
    thumbs = Thumbs(len(collection), backbone.preprocess)
    record = ReadRecord(collection, backbone.preprocess)
    report = ProgressReporter("reading and computing features", callback)
    with use_threads(default_threads()), allocator.kept(), stream:
        images = record.recall()
        known = images is not None and stream.has_all(images.hashes)
        if known and copies and images is not None:
            known = is_known(collection, images, None, sequences=False)
        if images is None or not known:
            watch = thumbs.before(stream)
            images = load(collection, backbone.preprocess, memory=0, watch=watch, progress=report)
            record.keep(images)
    ready = stream.hand_over()
    if ready is None:
        raise RuntimeError("there are images, so there is an engine")
    extractor, kept = ready
    there = np.flatnonzero(images.usable)
    features = extract_features(extractor, images, there, n_augmented=1, kept=kept)[:, 0]
    if not copies:
        return images, features, np.arange(len(collection))
    seen = Features(images.usable, make_vectors(features))
    found = find_groups(collection, images, thumbs, seen, alike=None, sequences=False)
    return images, features, found.groups.of
