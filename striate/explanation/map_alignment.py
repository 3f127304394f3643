"""The alignment check: the map of the mirrored image, mirrored back, must lie on the map.

A network sees a thing on the left as it sees it on the right, so both maps should mark one place.
Where they lie apart, each lies half of that beside where the network looks. And where the cells
look, all together, tells whether weights run with the padding that they were learned with: taught
with mirrored images, they look as far to the left as to the right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from striate.errors import join_words
from striate.explanation.cell_centers import AxisCenters, CellCenters
from striate.explanation.preprocessed_image import PreprocessedImage

FURTHEST = 0.375  # of the input's side: the largest shift that is looked for
ALIKE = 0.5  # correlation below which two maps are too unlike to tell a shift
PIXELS = 7  # cells a side that a map of single pixels counts for
LEVEL = 0.95


@dataclass(frozen=True)
class AxisAlignment:
    """The check along one axis: columns with the image mirrored, rows with it upside down.

    Attributes:
        shift: pixels of the input by which the map lies right of (or below) where the network
            looks: half of the distance to the map of the mirrored image, mirrored back. Of several
            images the median; NaN where no two maps were alike.
        low: the lower end of its 95 % interval; NaN for too few images.
        high: the upper end.
        off_center: pixels by which the cells look right of (or below) the middle of the input,
            all together, as the shift tells it.
        cell: pixels from cell to cell.
    """

    shift: float
    low: float
    high: float
    off_center: float
    cell: float

    @property
    def known(self) -> bool:
        """Whether two maps were alike enough to tell a shift."""
        return not math.isnan(self.shift)

    @property
    def aligned(self) -> bool:
        """Whether the map lies less than half a cell beside; what is not known is no fault."""
        return not abs(self.shift) >= self.cell / 2

    @property
    def centered(self) -> bool:
        """Whether the cells look at the middle of the image, to within half a cell."""
        return not abs(self.off_center) >= self.cell / 2


@dataclass(frozen=True)
class MapAlignment:
    """Whether maps lie where the network looks.

    Attributes:
        columns: left and right, by the mirrored image.
        rows: up and down, by the image upside down.
        n: images.
    """

    columns: AxisAlignment
    rows: AxisAlignment
    n: int = 1

    @property
    def passed(self) -> bool:
        """Whether nothing is half a cell or more beside its place.

        Of one image both axes must say so, since one alone may look otherwise upside down.
        """
        good = [each.aligned and each.centered for each in (self.columns, self.rows)]
        return any(good) if self.n == 1 else all(good)

    @property
    def words(self) -> str:
        """The verdict with its figures.

        >>> known = AxisAlignment(3.0, 2.0, 5.0, -1.0, 32.0)
        >>> print(MapAlignment(known, known, n=50).words)
        alignment: the map lies 3 pixels too far right (95 %: 2 to 5) and 3 pixels too far down ...
        """
        columns, rows = self.columns, self.rows
        if not (columns.known or rows.known):
            return "alignment: the maps of the image and of its mirror image are too unlike to tell"
        several = f", medians of {self.n} images" if self.n > 1 else ""
        ways = (
            (columns, "left or right", "right", "left"),
            (rows, "up or down", "down", "up"),
        )
        known = [_way(axis, more, less) for axis, _, more, less in ways if axis.known]
        unknown = [f"; how far {way} cannot be told" for axis, way, *_ in ways if not axis.known]
        said = (
            f"alignment: the map lies {join_words(known)}, by the map of the mirrored image"
            f"{several}"
        )
        off = [
            f"{abs(each.off_center):.0f} pixels {way[each.off_center < 0]}"
            for each, way in ((columns, ("right of", "left of")), (rows, ("below", "above")))
            if not each.centered
        ]
        if off and not self.passed:
            said += (
                f"; its cells look, all together, {join_words(off)} the middle of the image, "
                "half a cell or more, so the weights probably run with another padding than they "
                "were learned with (pad=same or pad=end)"
            )
        elif not self.passed:
            said += "; that is half a cell or more"
        return said + "".join(unknown)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values; null for what is not known."""
        return {
            "n": self.n,
            "passed": self.passed,
            **{
                name: {
                    key: None if math.isnan(value) else value for key, value in vars(axis).items()
                }
                for name, axis in (("columns", self.columns), ("rows", self.rows))
            },
        }


def mirror_image(image: PreprocessedImage, axis: int) -> PreprocessedImage:
    """Return an image mirrored as the network gets it: left to right along axis 1, else 0.

    Args:
        image: the image.
        axis: 1 exchanges left and right, 0 above and below.
    """
    return replace(
        image,
        original=np.ascontiguousarray(np.flip(image.original, axis)),
        pixels=np.ascontiguousarray(np.flip(image.pixels, axis + 1)),
    )


def find_shift(values: np.ndarray, mirrored: np.ndarray, cells: AxisCenters, side: int) -> float:
    """Return by how many pixels a map lies right of where the network looks.

    That is half of the shift at which it correlates best with the map of the mirrored image,
    mirrored back; only what the cells cover of both is compared.

    Args:
        values: (rows, columns) of cells; the columns are compared.
        mirrored: of the mirrored image, as the network gave it.
        cells: where the columns look.
        side: of the input, in pixels.

    Returns:
        The shift, above 0 for right; NaN where the maps are alike at none.

    >>> own = AxisCenters.of_pixels(32)
    >>> bump = np.exp(-((np.arange(32.0) - 20) ** 2) / 8)[None]
    >>> find_shift(bump, bump[:, ::-1], own, 32)
    0.0
    >>> find_shift(np.roll(bump, 3), np.roll(bump[:, ::-1], 3), own, 32)
    3.0
    """
    first, last = float(cells.mean.min()), float(cells.mean.max())
    weights = cells.weights(np.arange(side, dtype=np.float64))
    ours, theirs = values @ weights.T, (mirrored @ weights.T)[:, ::-1]
    best, most = math.nan, ALIKE
    furthest = int(FURTHEST * side)
    for shift in sorted(range(-furthest, furthest + 1), key=abs):
        begin = max(first - shift, side - 1 - last, 0, -shift)
        end = min(last - shift, side - 1 - first, side - 1, side - 1 - shift)
        at = np.arange(math.ceil(begin), math.floor(end) + 1)
        if 2 * len(at) < last - first:
            continue
        alike = _correlation(ours[:, at + shift], theirs[:, at])
        if alike > most:
            best, most = shift / 2, alike
    return best


def align_maps(
    shifts: Sequence[tuple[float, float]], centers: CellCenters | None, size: tuple[int, int]
) -> MapAlignment:
    """Return the check of images whose shifts are known.

    Args:
        shifts: down and right, of each image; NaN where it is not known.
        centers: where the cells look; None for maps of single pixels.
        size: height and width of the input.

    >>> align_maps([(0.0, 4.0)] * 9, None, (28, 28)).columns
    AxisAlignment(shift=4.0, low=4.0, high=4.0, off_center=-4.0, cell=4.0)
    """
    axes = []
    for axis, side in enumerate(size):
        cells = None if centers is None else (centers.rows, centers.columns)[axis]
        known = np.array([each[axis] for each in shifts if not math.isnan(each[axis])])
        shift = float(np.median(known)) if len(known) else math.nan
        low, high = median_interval(known)
        middle = 0.0 if cells is None else float(cells.mean.mean()) - (side - 1) / 2
        cell = side / PIXELS if cells is None else cells.step
        axes.append(AxisAlignment(shift, low, high, middle - shift, float(cell)))
    return MapAlignment(rows=axes[0], columns=axes[1], n=len(shifts))


def check_alignment(
    image: PreprocessedImage,
    make_map: Callable[[PreprocessedImage], tuple[np.ndarray, CellCenters | None]],
) -> MapAlignment:
    """Return whether the maps of one image and of its mirror images lie on each other.

    Args:
        image: the image.
        make_map: makes the map (rows, columns) of an image, and says where its cells look; a map
            without that has a number for each pixel.

    >>> from striate.data.images import Preprocess
    >>> own = Preprocess(1, 8, 8)
    >>> whole = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    >>> seen = PreprocessedImage("p", whole, own.pixels(whole), own, own.placement(8, 8))
    >>> bright = lambda image: (image.pixels[0].astype(float), None)
    >>> check_alignment(seen, bright).passed
    True
    """
    values, centers = make_map(image)
    size = (image.preprocess.height, image.preprocess.width)
    cells = (
        (AxisCenters.of_pixels(size[0]), AxisCenters.of_pixels(size[1]))
        if centers is None
        else (centers.rows, centers.columns)
    )
    upside, _ = make_map(mirror_image(image, 0))
    mirrored, _ = make_map(mirror_image(image, 1))
    down = find_shift(values.T, upside.T, cells[0], size[0])
    right = find_shift(values, mirrored, cells[1], size[1])
    return align_maps([(down, right)], centers, size)


def median_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a median, by the ranks that a binomial with one half gives.

    Source: H. A. David, H. N. Nagaraja, Order Statistics, 3rd edition (2003), section 7.1.

    Args:
        values: (n,).

    Returns:
        Lower and upper end; NaN for fewer than 6 values, which no two ranks hold so surely.

    >>> median_interval(np.arange(50.0))
    (17.0, 32.0)
    """
    from scipy.special import bdtr

    n = len(values)
    ranks = [k for k in range(n // 2) if bdtr(k, n, 0.5) <= (1 - LEVEL) / 2]
    if not ranks:
        return math.nan, math.nan
    ordered = np.sort(values)
    return float(ordered[ranks[-1]]), float(ordered[n - 1 - ranks[-1]])


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Pearson's; 0 where one is the same everywhere."""
    first, second = one - one.mean(), other - other.mean()
    size = math.sqrt(float((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / size if size > 0 else 0.0


def _way(axis: AxisAlignment, more: str, less: str) -> str:
    turned = axis.shift < 0
    said = f"{round(abs(axis.shift))} pixels too far {less if turned else more}"
    if math.isnan(axis.low):
        return said
    low, high = (-axis.high, -axis.low) if turned else (axis.low, axis.high)
    return f"{said} (95 %: {round(low)} to {round(high)})"
