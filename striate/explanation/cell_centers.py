"""Where the cells of a feature map look: the centres of their receptive fields, to lay maps by.

A map that is stretched over the image puts cell j of n at (j + 1/2) / n of its side. Where a cell
looks is decided by the strides and paddings before it: behind five 3x3 windows of stride 2 that pad
by 1, cell j of 7 is centred on pixel 32 j of 224, half a cell further up and left.
Source: Araujo, Norris and Sim 2019, https://distill.pub/2019/computing-receptive-fields/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class AxisCenters:
    """The centres of cells along one axis, in pixels of the network's input.

    Pixel 0 is the middle of the first one, so a cell that sees pixels 0 to 2 is centred on 1.

    Attributes:
        mean: float64 (cells,); where branches that meet have different centres, their mean.
        lowest: likewise, of the branch that looks furthest to the top or left.
        highest: likewise, of the one that looks furthest to the bottom or right.
        step: pixels from cell to cell, of which those beyond the first and last are told.
    """

    mean: np.ndarray
    lowest: np.ndarray = field(repr=False)
    highest: np.ndarray = field(repr=False)
    step: float

    @staticmethod
    def of_pixels(count: int) -> AxisCenters:
        """Return the centres of the pixels themselves."""
        places = np.arange(count, dtype=np.float64)
        return AxisCenters(places, places, places, 1.0)

    def __len__(self) -> int:
        return len(self.mean)

    def at(self, places: np.ndarray) -> AxisCenters:
        """Return the centres at places between the cells, and beyond the first and last.

        Args:
            places: float64 (n,) in cells, 0 for the first.

        >>> AxisCenters.of_pixels(4).at(np.array([-1.0, 0.5, 4.0])).mean.tolist()
        [-1.0, 0.5, 4.0]
        """
        own = np.arange(len(self), dtype=np.float64)
        beyond = places - np.clip(places, 0, len(self) - 1)
        mean, lowest, highest = (
            np.interp(places, own, each) + beyond * self.step
            for each in (self.mean, self.lowest, self.highest)
        )
        step = float(np.diff(mean).mean()) if len(mean) > 1 else self.step
        return AxisCenters(mean, lowest, highest, step)

    def through(self, count: int, *, extent: int, stride: int = 1, pad: int = 0) -> AxisCenters:
        """Return the centres of the cells that look at these through a sliding window.

        Args:
            count: how many positions the window has.
            extent: cells from the first that it covers to the last, dilation counted.
            stride: from one position to the next.
            pad: cells added before the first one.

        >>> first = AxisCenters.of_pixels(224).through(112, extent=3, stride=2, pad=1)
        >>> first.mean[:3].tolist(), first.step
        ([0.0, 2.0, 4.0], 2.0)
        """
        found = self.at(np.arange(count) * stride - pad + (extent - 1) / 2)
        return AxisCenters(found.mean, found.lowest, found.highest, self.step * stride)

    @staticmethod
    def join(axes: Sequence[AxisCenters]) -> AxisCenters:
        """Return the centres of the cells that see what the cells of several branches see.

        >>> one = AxisCenters.of_pixels(2)
        >>> both = AxisCenters.join([one, one.at(np.array([1.0, 2.0]))])
        >>> both.mean.tolist(), both.spread
        ([0.5, 1.5], 1.0)
        """
        if len(axes) == 1:
            return axes[0]
        return AxisCenters(
            np.mean([each.mean for each in axes], axis=0),
            np.min([each.lowest for each in axes], axis=0),
            np.max([each.highest for each in axes], axis=0),
            float(np.mean([each.step for each in axes])),
        )

    @property
    def spread(self) -> float:
        """By how many pixels the centres of the branches of a cell differ, at most."""
        return float((self.highest - self.lowest).max())

    def weights(self, pixels: np.ndarray) -> np.ndarray:
        """Return what pixels take of each cell: float64 (pixels, cells), each row of sum 1.

        Linear between the centres, constant beyond the outermost; cells that share a centre share
        what is taken.

        >>> AxisCenters.of_pixels(2).through(1, extent=2).weights(np.arange(2.0)).tolist()
        [[1.0], [1.0]]
        """
        centers, cell = np.unique(self.mean, return_inverse=True)
        shares = np.eye(len(centers))[:, cell.ravel()]  # of each cell in its centre
        shares /= shares.sum(1, keepdims=True)
        between = np.stack([np.interp(pixels, centers, each) for each in np.eye(len(centers))], 1)
        return np.asarray(between @ shares)


@dataclass(frozen=True, eq=False)
class CellCenters:
    """The centres of the cells of a feature map.

    Attributes:
        rows: along the height.
        columns: along the width.
    """

    rows: AxisCenters
    columns: AxisCenters

    @staticmethod
    def of_grid(rows: int, columns: int, size: tuple[int, int]) -> CellCenters:
        """Return the centres of a grid that is stretched over an input of (height, width).

        >>> CellCenters.of_grid(1, 7, (224, 224)).columns.mean[:2].tolist()
        [15.5, 47.5]
        """
        axes = []
        for count, side in zip((rows, columns), size, strict=True):
            step = side / count
            places = (np.arange(count) + 0.5) * step - 0.5
            axes.append(AxisCenters(places, places, places, step))
        return CellCenters(*axes)

    @property
    def spread(self) -> float:
        """By how many pixels the centres of the branches of a cell differ, at most."""
        return max(self.rows.spread, self.columns.spread)

    def lay(self, values: np.ndarray, height: int, width: int) -> np.ndarray:
        """Return a map of the cells on the pixels of the input: bilinear between their centres.

        Args:
            values: (rows, columns) of the cells.
            height: of the input.
            width: of the input.

        Returns:
            float32 (height, width); constant beyond the outermost centres.

        >>> own = AxisCenters.of_pixels(4).through(2, extent=3, stride=2, pad=1)
        >>> CellCenters(own, own).lay(np.array([[0.0, 1.0], [0.0, 1.0]]), 1, 4).tolist()
        [[0.0, 0.5, 1.0, 1.0]]
        """
        down = self.rows.weights(np.arange(height, dtype=np.float64))
        across = self.columns.weights(np.arange(width, dtype=np.float64))
        return np.asarray(down @ np.asarray(values, np.float64) @ across.T, np.float32)

    def as_json(self) -> dict[str, list[float]]:
        """Return the centres as plain JSON values, in pixels of the input."""
        return {"rows": self.rows.mean.tolist(), "columns": self.columns.mean.tolist()}
