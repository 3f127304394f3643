"""Whether the images of a resumed run are those that it began with."""

from __future__ import annotations

import hashlib
from itertools import islice
from pathlib import Path

import numpy as np

from striate.data import Collection, Images, Split
from striate.errors import RunError
from striate.training.plan import DataDescription, SplitCounts

LINES = 10_000  # of names and labels that are hashed at once


def describe(collection: Collection, images: Images, split: Split, skipped: int) -> DataDescription:
    """Return what the data is: counts, and a fingerprint of names, labels, pixels and splits.

    Args:
        collection: as it was found.
        images: decoded.
        split: which go where.
        skipped: how many files are not used.
    """
    kept = split.collection
    total = hashlib.sha256()
    lines = zip(collection.names, collection.labels.tolist(), strict=True)
    while some := "".join(f"{name}\t{label}\n" for name, label in islice(lines, LINES)):
        total.update(some.encode("utf-8", "surrogateescape"))
    for values in (images.hashes, split.train, split.val, split.test):
        total.update(np.ascontiguousarray(values).tobytes() + b"\n")
    counts = []
    for part, indices in split.by_name().items():
        found = np.bincount(kept.labels[indices], minlength=len(kept.classes)).tolist()
        of_classes = tuple(zip(kept.classes, found, strict=True))
        counts.append(SplitCounts(part, of_classes))
    return DataDescription(
        name=Path(collection.source).name,
        kind=collection.kind,
        images=len(collection.names),
        skipped=skipped,
        classes=kept.classes,
        counts=tuple(counts),
        fingerprint=total.hexdigest()[:32],
    )


def check(source: str, before: DataDescription, now: DataDescription) -> None:
    """Refuse to go on with other images, labels or splits than the run began with.

    Raises:
        RunError: the fingerprints differ.
    """
    if before.fingerprint != now.fingerprint:
        raise RunError(
            f"the images of '{source}' are not what they were when the run began "
            f"({before.images:,} then, {now.images:,} now, or others, or in other splits); put "
            "them back, or start a new run"
        )
