"""The groups of a run's images: found by what reading gives, and kept for the next run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from striate.data import Collection, Groups, Images
from striate.data.cache_folder import find_cache_folder
from striate.doctor.grouping.dates import read_dates
from striate.doctor.grouping.near import are_crowded, find_near_images
from striate.doctor.grouping.sequences import join_neighbours, propose
from striate.doctor.grouping.thumbs import Thumbs
from striate.files.atomic_write import write_atomically

VERSION: Final = 3  # of what is kept: another one where groups are found otherwise
FEATURES: Final = "features of"
COARSE: Final = 16  # pixels a side of the small images that stand for features
MOST: Final = 100  # files of groups that are kept; the oldest go first


@dataclass(frozen=True, eq=False)
class Features:
    """What a backbone says of images, of those of which it is known.

    Attributes:
        there: bool (n,), of which images.
        values: float32 (of those, numbers), from `make_vectors`.
        complete: computes those of the other images, too; None where that cannot be.
    """

    there: np.ndarray
    values: np.ndarray
    complete: Callable[[], Features] | None = None


@dataclass(frozen=True, eq=False)
class FoundGroups:
    """What was found.

    Attributes:
        groups: images that belong together.
        alike: the least correlation of details of a near copy.
        lacking: what would have taken too long, in words; "" where all was done.
    """

    groups: Groups
    alike: float
    lacking: str = ""

    @property
    def wants_features(self) -> bool:
        """Whether more would be found with features of all images."""
        return FEATURES in self.lacking


def find_groups(
    collection: Collection,
    images: Images,
    thumbs: Thumbs,
    features: Features | None,
    *,
    alike: float | None,
    sequences: bool = True,
) -> FoundGroups:
    """Find near copies, and neighbours in name, date and folder that are alike.

    What names, dates and folders propose is compared by features where all images have them,
    else by the images in grey at 16 x 16 pixels. Features of all are computed where many images
    show few things: most of those without have to change sides then, and need them anyway.

    Args:
        collection: names, labels and classes.
        images: decoded.
        thumbs: small images of those that were passed on.
        features: of a backbone; None where none are computed.
        alike: the least correlation of details of near copies; None finds it.
        sequences: whether neighbours in name, date and folder are looked for, too.
    """
    path = _path_of(collection, images, alike, sequences=sequences)
    known = _recall(path)
    whole = features is not None and bool(features.there[images.usable].all())
    if known is not None and not (known.wants_features and whole):
        return known
    thumbs.complete(images)
    looked = thumbs.there & images.usable
    if known is not None and not looked[images.usable].all():
        return known  # more than could be found now
    with threadpool_limits(1, "blas"):  # products so small that two threads wait for each other
        found = _find(
            collection, images, thumbs, looked, features, alike=alike, sequences=sequences
        )
    _keep(path, found)
    return found


def _find(
    collection: Collection,
    images: Images,
    thumbs: Thumbs,
    looked: np.ndarray,
    features: Features | None,
    *,
    alike: float | None,
    sequences: bool,
) -> FoundGroups:
    lacking = [] if looked[images.usable].all() else ["near copies"]
    vectors, featured = _spread(features, len(collection))
    more = None if features is None else features.complete
    whole = bool(featured[images.usable].all())
    if not (vectors is None or more is None or whole) and are_crowded(
        thumbs.values, looked & featured, vectors
    ):
        features = more()
        vectors, featured = _spread(features, len(collection))
        whole = bool(featured[images.usable].all())
    dates, complete = read_dates(collection) if sequences else ({}, True)
    lacking += [] if complete else ["dates"]
    proposals = propose(collection, dates) if sequences else []
    if whole and vectors is not None:
        pairs = join_neighbours(collection, proposals, vectors, featured)
    else:
        pairs = join_neighbours(collection, proposals, _coarsen(thumbs, looked), looked)
    near = find_near_images(
        thumbs.values,
        looked,
        vectors=vectors,
        featured=featured,
        alike=alike,
    )
    lacking += [] if near.complete or lacking[:1] == ["near copies"] else ["further near copies"]
    if features is not None and not whole:
        missing = int((images.usable & ~features.there).sum())
        lacking.append(f"{FEATURES} {missing:,} images")
    groups = Groups.from_pairs(len(collection), near.pairs + pairs)
    return FoundGroups(groups, near.alike, ", ".join(lacking))


def _spread(features: Features | None, n: int) -> tuple[np.ndarray | None, np.ndarray]:
    """Return vectors of all images, zeros where there are none, and which have one."""
    if features is None or len(features.values) < 2:
        return None, np.zeros(n, np.bool_)
    vectors = np.zeros((n, features.values.shape[1]), np.float32)
    vectors[features.there] = features.values
    return vectors, features.there


def is_known(
    collection: Collection, images: Images, alike: float | None, *, sequences: bool = True
) -> bool:
    """Say whether the groups of these images, whose features are known, were found by them before.

    Else the images have to be read again: near copies are told by what small images show.
    """
    known = _recall(_path_of(collection, images, alike, sequences=sequences))
    return known is not None and not known.wants_features


def _coarsen(thumbs: Thumbs, looked: np.ndarray) -> np.ndarray:
    """Return small grey images as vectors of mean 0 and length 1: float32 (n, 256)."""
    side = thumbs.values.shape[1] // COARSE
    cells = thumbs.values.reshape(-1, COARSE, side, COARSE, side)
    values = np.zeros((len(looked), COARSE * COARSE), np.float32)
    values[looked] = cells[looked].mean((2, 4), dtype=np.float32).reshape(-1, COARSE * COARSE)
    values -= values.mean(1, keepdims=True)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(lengths, 1e-6), np.float32)


def _path_of(
    collection: Collection, images: Images, alike: float | None, *, sequences: bool
) -> Path:
    digest = hashlib.blake2b(images.hashes.tobytes(), digest_size=16)
    digest.update("\0".join(collection.names).encode("utf-8", "surrogateescape"))
    digest.update(f"{VERSION} {alike}{'' if sequences else ' copies'}".encode())
    return find_cache_folder() / "groups" / f"{digest.hexdigest()}.json"


def _recall(path: Path) -> FoundGroups | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        of, why = np.array(kept["of"], np.int64), tuple(map(str, kept["why"]))
        return FoundGroups(Groups(of, why), float(kept["alike"]), str(kept["lacking"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, found: FoundGroups) -> None:
    kept = {
        "of": found.groups.of.tolist(),
        "why": list(found.groups.why),
        "alike": found.alike,
        "lacking": found.lacking,
    }
    with suppress(OSError):  # they are found again then
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as partial:
            partial.write_text(json.dumps(kept), encoding="utf-8")
        newest = sorted(path.parent.glob("*.json"), key=lambda each: -each.stat().st_mtime)
        for old in newest[MOST:]:
            old.unlink()
