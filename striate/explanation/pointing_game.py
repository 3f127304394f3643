"""A map against boxes that say where the thing is: the pointing game, and the energy inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.errors import SettingError
from striate.explanation.deletion_insertion import center_gaussian

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class PointingGame:
    """A map, and the boxes of what it should mark.

    Attributes:
        hit: whether the map's highest place lies in a box, or no further than the tolerance.
        peak: row and column of that place, in whole pixels.
        tolerance: in pixels of the network's input.
        energy: the share of the map's positive part that lies in the boxes, 0 to 1; None where
            nothing of the map is positive.
        area: the boxes' share of the input: what a map that is the same everywhere would have.
        center_hit: whether the middle of the image would have been a hit.
        center_energy: the share that a Gaussian in the middle would have had.
    """

    hit: bool
    peak: tuple[int, int]
    tolerance: float
    energy: float | None
    area: float
    center_hit: bool
    center_energy: float

    @property
    def words(self) -> str:
        """The verdict with its figures.

        >>> print(PointingGame(True, (3, 4), 0.0, 0.5, 0.2, False, 0.3).words)
        the highest place (row 3, column 4) lies in the box, the image's middle does not; ...
        """
        beyond = f" or up to {self.tolerance:g} pixels beside it" if self.tolerance else ""
        told = {
            (True, True): "so does the image's middle",
            (True, False): "the image's middle does not",
            (False, True): "the image's middle does",
            (False, False): "nor does the image's middle",
        }[self.hit, self.center_hit]
        where = f"row {self.peak[0]}, column {self.peak[1]}"
        lies = "lies" if self.hit else "does not lie"
        inside = "nothing of the map is positive"
        if self.energy is not None:
            inside = (
                f"{100 * self.energy:.0f} % of the map's positive part is inside, which takes up "
                f"{100 * self.area:.0f} % of the image (a spot in the middle: "
                f"{100 * self.center_energy:.0f} %)"
            )
        return f"the highest place ({where}) {lies} in the box{beyond}, {told}; {inside}"


def play_pointing_game(
    values: np.ndarray,
    boxes: Sequence[Box],
    *,
    tolerance: float = 0,
    peak: tuple[float, float] | None = None,
) -> PointingGame:
    """Play the pointing game with a map, and measure how much of it lies in the boxes.

    Sources: J. Zhang et al., Top-down neural attention by excitation backprop, ECCV 2016,
    https://arxiv.org/abs/1608.00507, which counts a hit up to 15 pixels beside the box; here
    the box alone counts unless told otherwise. The energy: H. Wang et al., Score-CAM, 2020,
    https://arxiv.org/abs/1910.01279. Of several highest places that one counts that is nearest
    to their middle.

    Args:
        values: the map, (height, width) of the network's input.
        boxes: (top, left, bottom, right) each, in pixels of the input; at least one.
        tolerance: how far beside the box is still a hit, in pixels.
        peak: the highest place, row and column in pixels from the upper left corner, where it is
            better known than from the values: `Explanation.peak` is the centre of the highest cell,
            beyond which the map may be the same up to the border. None finds it.

    Raises:
        SettingError: there is no box, or one has no inside.

    >>> found = play_pointing_game(np.array([[0.0, 3.0], [1.0, 0.0]]), [(0, 1, 1, 2)])
    >>> found.hit, found.energy, found.area
    (True, 0.75, 0.25)
    """
    if not boxes:
        raise SettingError("there is no box to point at; give one or more")
    for top, left, bottom, right in boxes:
        if not (top < bottom and left < right):
            raise SettingError(
                f"the box ({top:g}, {left:g}, {bottom:g}, {right:g}) has no inside; expected "
                "top, left, bottom, right, in this order"
            )
    given = np.asarray(values, np.float64)
    cover = _cover(given.shape, boxes)
    positive = np.clip(given, 0, None)
    total = positive.sum()
    spot = center_gaussian(*given.shape)
    if peak is None:
        ties = np.argwhere(given == given.max())
        nearest = ties[((ties - ties.mean(0)) ** 2).sum(1).argmin()]
        peak = (float(nearest[0]) + 0.5, float(nearest[1]) + 0.5)
    middle = (given.shape[0] / 2, given.shape[1] / 2)
    return PointingGame(
        hit=_hits(peak, boxes, tolerance),
        peak=(int(peak[0]), int(peak[1])),
        tolerance=tolerance,
        energy=float((positive * cover).sum() / total) if total > 0 else None,
        area=float(cover.mean()),
        # the yardstick: MobileNetV2's class activation maps hit boxes less often than the middle
        center_hit=_hits(middle, boxes, tolerance),
        center_energy=float((spot * cover).sum() / spot.sum()),
    )


def _hits(place: tuple[float, float], boxes: Sequence[Box], tolerance: float) -> bool:
    """Tell whether a point lies in one of the boxes, or near enough."""
    for top, left, bottom, right in boxes:
        down = max(top - place[0], 0.0, place[0] - bottom)
        across = max(left - place[1], 0.0, place[1] - right)
        if down**2 + across**2 <= tolerance**2:
            return True
    return False


def _cover(shape: tuple[int, ...], boxes: Sequence[Box]) -> np.ndarray:
    """Return which pixels' middles lie in any of the boxes: bool (rows, columns)."""
    down, across = np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5
    found = np.zeros(shape, np.bool_)
    for top, left, bottom, right in boxes:
        rows = (down >= top) & (down <= bottom)
        found |= rows[:, None] & ((across >= left) & (across <= right))[None]
    return found
