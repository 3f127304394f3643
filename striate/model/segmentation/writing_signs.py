"""Whether ink looks like writing at all: a photograph falls into pieces too, and is refused.

The limits were chosen on lines of MNIST's training digits and on photographs: nine of ten
photographs go beyond one of them, and no line did.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from striate.errors import ImageError
from striate.model.segmentation.components import Pieces
from striate.model.segmentation.ink import SHARE

STROKES = (0.08, 0.35)  # how thick they are, as a share of a character's height
COVERED = 0.4  # of the scan, by ink
IN_CHARACTERS = 0.85  # of all ink
FAINT = 0.12  # of the ink's strength
FAINTEST_AREA = 0.45  # of the inked one: what is faint and not the rim of ink
PIECES = (20, 8)  # that are no characters: so many, and so many more for each character


def refuse_pictures(found: Pieces, values: np.ndarray) -> None:
    """Refuse what is no writing.

    Args:
        found: what the line consists of.
        values: float32 (rows, columns), the ink of the line.

    Raises:
        ImageError: with what is unlike writing.
    """
    mask = values > SHARE
    inked = int(mask.sum())
    own = sum(int(piece.ink.sum()) for piece in found.tall)
    others = found.specks + found.outside
    faint = (values > FAINT) & ~ndimage.binary_dilation(mask, iterations=2)
    stroke = float(np.median([_stroke(piece.ink) for piece in found.tall]))
    signs = (
        (mask.mean() > COVERED, f"{mask.mean():.0%} of it is inked"),
        (own < IN_CHARACTERS * inked, f"{1 - own / inked:.0%} of its ink is in no character"),
        (others > PIECES[0] + PIECES[1] * len(found.tall), f"{others} pieces are no characters"),
        (faint.sum() > FAINTEST_AREA * inked, "much of it is neither ink nor ground"),
        (
            not STROKES[0] <= stroke <= STROKES[1],
            f"its strokes are {stroke:.0%} as thick as what would be a character is high",
        ),
    )
    for there, words in signs:
        if there:
            raise ImageError(
                f"this does not look like a line of characters: {words}; expected a scan that is "
                "cut to the line"
            )


def _stroke(ink: np.ndarray) -> float:
    """Return how thick strokes are: four times the mean distance of ink to the nearest ground.

    >>> bar = np.zeros((40, 12), bool)
    >>> bar[:, 4:8] = True
    >>> round(_stroke(bar), 2)
    0.15
    """
    distances = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
    return 4 * float(distances[ink].mean()) / len(ink)
