"""The class that an image's own folder names."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from striate.model.prediction import Prediction


def read_truth(image: object, classes: Sequence[str], ids: Sequence[str] = ()) -> str:
    """Return the class that the folder of an image names; "" where it names none.

    Of classes that are named by paths (`tops/shirt`) the folders above it count as well.

    Args:
        image: whatever a classifier takes; only a path has folders.
        classes: of the classifier.
        ids: second names of the classes, in their order.

    >>> read_truth("data/val/bees/12.jpg", ["ants", "bees"]), read_truth("12.jpg", ["ants"])
    ('bees', '')
    >>> read_truth("clothes/tops/shirt/12.png", ["shirt", "tops/shirt"])
    'tops/shirt'
    """
    if not isinstance(image, (str, Path)):
        return ""
    names = dict(zip(map(_composed, ids), classes, strict=False))
    names |= {_composed(name): name for name in classes}
    folders = _composed(Path(image).absolute().parent.as_posix())
    under = [name for name in names if f"/{folders}".endswith(f"/{name}")]
    return names[max(under, key=len)] if under else ""


def contradicts(truth: str, answer: Prediction) -> bool:
    """Say whether an answer leaves out the class that a folder names.

    A node above the classes names all below it; "I don't know" contradicts nothing.

    Args:
        truth: from `read_truth`; "" contradicts nothing.
        answer: to the image.

    >>> from striate.model.prediction import Ancestor, Prediction
    >>> tops = Prediction("12.png", None, 0.5, {}, ancestor=Ancestor("tops", 0.9, 1))
    >>> contradicts("tops/shirt", tops), contradicts("shoes/boot", tops)
    (False, True)
    """
    if answer.node is None or not truth:
        return False
    below = answer.ancestor is not None and truth.startswith(f"{answer.node}/")
    return not below and truth != answer.node


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
