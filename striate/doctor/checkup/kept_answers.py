"""What a small network said of images, kept until an image, a label or a copy of one changes."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Final
from zipfile import BadZipFile

import numpy as np

from striate.data.augmentation import Augmentation
from striate.data.cache_folder import find_cache_folder
from striate.data.images import Preprocess
from striate.features.out_of_fold import OutOfFold
from striate.files.atomic_write import write_atomically

TRAINING: Final = 1  # counted up with each change of how the network is trained
MOST: Final = 50  # data sets of which answers are kept; the oldest go first


class KeptAnswers:
    """The answers to one question, in a file of the cache that holds neither images nor names.

    Args:
        digests: uint8 (n, 16), of the files' bytes.
        labels: int64 (n,).
        groups: int64 (n,), which images stand on one side.
        preprocess: how the images are made to fit.
        augmentation: of the training images; None for none.
    """

    def __init__(
        self,
        digests: np.ndarray,
        labels: np.ndarray,
        groups: np.ndarray,
        preprocess: Preprocess,
        augmentation: Augmentation | None,
    ) -> None:
        asked = hashlib.blake2b(repr((TRAINING, preprocess, augmentation)).encode(), digest_size=16)
        for values in (digests, labels, np.unique(groups, return_inverse=True)[1]):
            asked.update(np.ascontiguousarray(values).tobytes())
        self._path = find_cache_folder() / "label-answers" / f"{asked.hexdigest()}.npz"

    def recall(self) -> OutOfFold | None:
        """Return what was answered before; None where this was not asked, or cannot be read."""
        try:
            with self._path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                return OutOfFold(
                    file["probabilities"].astype(np.float64),
                    file["held_out"],
                    float(file["strength"]),
                    int(file["folds"]),
                )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def keep(self, answers: OutOfFold) -> None:
        """Keep answers; where the cache cannot be written, the network is trained again."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with write_atomically(self._path) as partial, partial.open("wb") as file:
                np.savez(
                    file,
                    probabilities=answers.probabilities,
                    held_out=answers.held_out,
                    strength=answers.strength,
                    folds=answers.folds,
                )
            kept = sorted(self._path.parent.glob("*.npz"), key=lambda each: -each.stat().st_mtime)
            for old in kept[MOST:]:
                old.unlink()
