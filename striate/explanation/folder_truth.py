"""The class that an image's own folder names."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path


def read_truth(image: object, classes: Sequence[str], ids: Sequence[str] = ()) -> str:
    """Return the class that the folder of an image names; "" where it names none.

    Args:
        image: whatever a classifier takes; only a path has folders.
        classes: of the classifier.
        ids: second names of the classes, in their order.

    >>> read_truth("data/val/bees/12.jpg", ["ants", "bees"]), read_truth("12.jpg", ["ants"])
    ('bees', '')
    """
    if not isinstance(image, (str, Path)):
        return ""
    names = dict(zip(map(_composed, ids), classes, strict=False))
    names |= {_composed(name): name for name in classes}
    return names.get(_composed(Path(image).absolute().parent.name), "")


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
