"""Whether a run has used an image: by the hashes that it keeps of all that it was given."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from striate.data import digest_pixels, read_split
from striate.data.collection import write_rows
from striate.data.split_file import SplitRow
from striate.doctor.image_signs import SMALLEST, hash_perceptually
from striate.errors import ClassifierError, RunError, join_words
from striate.model.classifier import Classifier
from striate.model.image_input import decode_ahead
from striate.model.loading import load
from striate.model.run_folder import PERCEPTUAL, RECORD, RunFolder

if TYPE_CHECKING:
    from striate.model.image_input import ImageInput

NEAR: Final = 8
"""Bits of 64 up to which two hashes are of near copies. Of 198 photographs of ants and bees copies
that were compressed, made smaller or mirrored differ by 4 at most, other photographs by 14."""
BATCH: Final = 32
WORDS: Final = {
    "train": "learnt from",
    "val": "held out to validate",
    "test": "held out to test",
}


@dataclass(frozen=True)
class SeenImage:
    """What a run has to do with an image.

    Attributes:
        name: of the image.
        split: "train", "val" or "test" where the run has the same image; "" where it has not.
        own_name: what that is called in the run; "" where only its hash is known.
        near: what a near copy of it is called in the run; "" where there is none.
        near_split: of the near copy.
        bits: of 64, by which the perceptual hashes of the two differ; None without one.
        error: why it cannot be read; "" where it can.
    """

    name: str
    split: str = ""
    own_name: str = ""
    near: str = ""
    near_split: str = ""
    bits: int | None = None
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"cannot be read: {self.error}"
        if self.split:
            return WORDS[self.split] + (f", as {self.own_name}" if self.own_name else "")
        if self.near:
            return (
                f"not itself, but {self.near}, which was {WORDS[self.near_split]}, looks like it "
                f"({self.bits} of 64 bits differ)"
            )
        return "not seen"


@dataclass(frozen=True, eq=False)
class SeenImages:
    """What a classifier, or the run that made it, knows of the images it was given.

    Attributes:
        classifier: says how images are seen.
        rows: of the run, by the hashes of their pixels, with name and split.
        near: names of images with perceptual hashes, in order; empty where none are kept.
        hashes: uint64, of these.
        limits: what cannot be told, in words; "" where all can.
    """

    classifier: Classifier
    rows: Mapping[int, SplitRow]
    near: tuple[SplitRow, ...]
    hashes: np.ndarray
    limits: str

    def find(self, images: Iterable[ImageInput]) -> Iterator[SeenImage]:
        """Say of each image whether it was used, in order."""
        for batch in decode_ahead(images, self.classifier.preprocess.prepared, BATCH):
            for name, pixels, _ in batch:
                if isinstance(pixels, str):
                    yield SeenImage(name, error=pixels)
                else:
                    yield self._find_one(name, pixels)

    def _find_one(self, name: str, pixels: np.ndarray) -> SeenImage:
        row = self.rows.get(digest_pixels(pixels))
        if row is not None:
            return SeenImage(name, row.split, row.name)
        if not len(self.hashes):
            return SeenImage(name)
        both = hash_perceptually(np.stack([pixels, pixels[:, :, ::-1]]))  # mirrored, too
        bits = np.bitwise_count(both[:, None] ^ self.hashes[None]).min(0)
        nearest = int(bits.argmin())
        if bits[nearest] > NEAR:
            return SeenImage(name)
        found = self.near[nearest]
        return SeenImage(name, near=found.name, near_split=found.split, bits=int(bits[nearest]))


def open_seen_images(model: str | Path) -> SeenImages:
    """Open what a classifier knows of the images that it was made of.

    Args:
        model: the folder of a run, which tells most; or a classifier's file.

    Raises:
        ClassifierError: it cannot be opened, or knows nothing of them.
        RunError: a file of its run is damaged.
    """
    path = Path(model)
    classifier = load(path)
    folder = RunFolder(path if path.is_dir() else path.parent)
    rows = {
        value: SplitRow("", "", split)
        for split in ("val", "train")
        for value in classifier.seen.get(split, np.zeros(0, np.uint64)).tolist()
    }
    used, near = _read_run(folder) if (folder.path / RECORD).is_file() else ((), ())
    rows |= {int(row.content_hash, 16): row for row in used if row.content_hash}
    if not rows:
        raise ClassifierError(
            f"'{model}' keeps no hashes of the images that it was made of (imported networks have "
            "none), so whether one was among them cannot be told; give the folder of its run"
        )
    hashed = any(row.content_hash for row in used)
    lacking = [] if hashed else ["which images it was tested on and what they are called"]
    lacking += [] if near else ["near copies"]
    limits = f"not known here: {join_words(lacking)}" if lacking else ""
    if lacking and not used:
        limits += "; the folder of the run may say it"
    known = {row.name: row for row in used}
    kept = [(known[name], value) for name, value in near if name in known]
    return SeenImages(
        classifier,
        rows,
        tuple(row for row, _ in kept),
        np.array([value for _, value in kept], np.uint64),
        limits,
    )


def write_perceptual_hashes(path: Path, names: Iterable[str], hashes: np.ndarray) -> None:
    """Write what images look like to a run, a row an image: its name and 64 bits."""
    values = (f"{value:016x}" for value in hashes.tolist())
    write_rows(path, ("name", "perceptual_hash"), zip(names, values, strict=True))


def has_perceptual_hashes(rows: int, columns: int) -> bool:
    """Say whether images of a size are large enough to be told apart by their looks.

    >>> has_perceptual_hashes(28, 28), has_perceptual_hashes(224, 224)
    (False, True)
    """
    return min(rows, columns) >= SMALLEST


def _read_run(folder: RunFolder) -> tuple[tuple[SplitRow, ...], tuple[tuple[str, int], ...]]:
    try:
        used = tuple(read_split(folder.split)) if folder.split.is_file() else ()
        path = folder.path / PERCEPTUAL
        if not path.is_file():
            return used, ()
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return used, tuple((name, int(value, 16)) for name, value in list(csv.reader(file))[1:])
    except (OSError, ValueError) as error:
        raise RunError(f"a file of the run '{folder.path}' cannot be used: {error}") from error
