"""Maps over their image, as SVG shows them: one image for all, each map a clear layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.explanation.explanation import Explanation
from striate.explanation.map_resampling import lay_map
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.receptive_fields import ReceptiveField
from striate.explanation.score_decomposition import ScoreDecomposition
from striate.render import data_uri
from striate.render.contour_path import contour_path
from striate.render.map_strip import draw_map

LARGE = 480  # pixels of the longer side of the image
FINE = 112  # of a layer, which the browser smooths
OPAQUE = 0.6  # where a map is at its largest: the thing under it can still be seen
HALF = 0.5  # of the largest number, along which a line is drawn

Box = tuple[float, float, float, float]  # across, down, width, height in pixels of the image


@dataclass(frozen=True)
class Overlay:
    """What lies over an image.

    Attributes:
        width: of the image in pixels.
        height: likewise.
        box: the part that the network looks at.
        source: the map on that part, as the source of an image.
        lines: (kind, SVG path) in cells of the map; kinds are "for" and "against".
        grid: rows and columns of these cells.
        frames: (kind, box) of what is framed.
        pixelated: whether single pixels are to be seen.
    """

    width: int
    height: int
    box: Box
    source: str
    lines: Sequence[tuple[str, str]] = ()
    grid: tuple[int, int] = (1, 1)
    frames: Sequence[tuple[str, Box]] = ()
    pixelated: bool = False

    @property
    def cut_share(self) -> float:
        """The share of the image that the network does not look at, 0 to 1."""
        return max(0.0, 1 - self.box[2] * self.box[3] / (self.width * self.height))


def draw_photo(subject: PreprocessedImage) -> str:
    """Draw the image itself, which all layers lie over."""
    longer = max(subject.original.shape[:2])
    return data_uri(subject.original, side=LARGE if longer > FINE else longer)


def draw_overlay(found: Explanation) -> Overlay:
    """Draw a map over its image, with a line along half of its largest number."""
    return _overlay(found.image, found.visible_map, lined=bool(found.layer))


def draw_contrast(found: ScoreDecomposition) -> Overlay:
    """Draw which places speak for the one class and which for the other."""
    laid = lay_map(found.map, found.centers, *found.image.preprocess.shape[1:])
    return _overlay(found.image, laid, lined=True)


def draw_field(seen: ReceptiveField) -> Overlay:
    """Draw what a unit can see of the image, and where it looks."""
    frames = []
    for one, kind in ((seen.theoretical, "theoretical"), (seen.effective, "effective")):
        if one is not None:
            top, left, bottom, right = seen.image.box_on_image(
                one.top, one.left, one.bottom, one.right
            )
            frames.append((kind, (left, top, right - left, bottom - top)))
    return _overlay(seen.image, seen.gradient, frames=frames)


def _overlay(
    subject: PreprocessedImage,
    values: np.ndarray,
    *,
    lined: bool = False,
    frames: Sequence[tuple[str, Box]] = (),
) -> Overlay:
    where = subject.placement
    part = values[where.top : where.top + where.height, where.left : where.left + where.width]
    top, left, bottom, right = where.box
    reach = float(np.abs(part).max())
    lines = []
    if lined and reach:
        for kind, level in (("for", HALF * reach), ("against", -HALF * reach)):
            path = contour_path(part, level)
            if path:
                lines.append((kind, path))
    small = draw_map(part, reach=reach or 1.0, side=FINE, clear=True)
    small[..., 3] = np.rint(small[..., 3] * OPAQUE)
    rows, columns = subject.original.shape[:2]
    return Overlay(
        width=columns,
        height=rows,
        box=(left, top, right - left, bottom - top),
        source=data_uri(small, side=0),
        lines=lines,
        grid=part.shape,
        frames=frames,
        pixelated=max(rows, columns) <= FINE,
    )
