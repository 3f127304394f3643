"""Folders and features whose labels the tests know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from striate.data.sources.digits import find_digits
from striate.doctor.labelling.folder_images import FolderImages


def blobs(n: int = 120, *, classes: int = 3, apart: float = 6.0, seed: int = 0) -> FolderImages:
    """Images of which nothing is there but features: a cloud a class, in turns."""
    numbers = np.random.default_rng(seed)
    centers = apart * numbers.normal(size=(classes, 16)) / 4
    features = centers[np.arange(n) % classes] + numbers.normal(size=(n, 16))
    return FolderImages(
        root=Path("nowhere"),
        names=tuple(f"{index:04d}.png" for index in range(n)),
        hashes=tuple(f"{index:016x}" for index in range(n)),
        features=features.astype(np.float32),
        groups=np.arange(n),
        backbone="clouds",
        pretrained="",
    )


def digits(folder: Path, n: int, *, kinds: tuple[int, ...] = (0, 1)) -> list[int]:
    """Put handwritten digits into a folder, and return what each is."""
    found = find_digits()
    content = np.asarray(found.content)
    chosen = [index for index in range(len(content)) if found.labels[index] in kinds][:n]
    folder.mkdir(parents=True, exist_ok=True)
    for place, index in enumerate(chosen):
        Image.fromarray(content[index]).resize((64, 64)).save(folder / f"{place:03d}.png")
    return [int(found.labels[index]) for index in chosen]
