"""The same convolution as one product of matrices, to be compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.architecture.words import Conv
from striate.teaching.convolution.matrices import unroll
from striate.teaching.convolution.number_text import (
    format_grid,
    format_number,
    format_weight,
    to_plain,
)

TINY = 10_000  # patches of no more numbers than this are given in JSON
SHOWN = 12  # rows and columns of a matrix that are printed


@dataclass(frozen=True, eq=False, repr=False)
class Unrolled:
    """A convolution as one product of matrices.

    Attributes:
        patches: what lies under the kernel, a row for each position (row by row; where
            channels are convolved apart, all positions of one channel after those of another).
        column: the weights of the kernel, in the order of the patches' numbers; a column for
            each channel where each has a kernel of its own.
        product: patches times column, plus the bias; a number for each position.
        difference: the largest by which the product differs from the map.
    """

    patches: np.ndarray
    column: np.ndarray
    product: np.ndarray
    difference: float

    def __repr__(self) -> str:
        positions, values = self.patches.shape
        return f"Unrolled({positions:,} patches x {values}, difference {self.difference:.2g})"

    def __str__(self) -> str:
        positions, values = self.patches.shape
        lines = [
            f"as a product of matrices: patches as rows, {positions:,} of {values:,} numbers, "
            f"times the kernel as a column of {values:,}"
        ]
        if self.column.ndim == 1:
            few = min(SHOWN, values)
            dots = " ..." if few < values else ""
            rows = self.patches[: SHOWN if positions > 2 * SHOWN + 1 else positions, :few]
            written = format_grid(np.vstack([rows, np.zeros((1, few))]))[:-1]
            products = [format_number(value) for value in self.product[: len(rows)]]
            longest = max(map(len, products))
            lines += [
                f"  [{row}{dots}] x k = {value.rjust(longest)}"
                for row, value in zip(written, products, strict=True)
            ]
            if len(rows) < positions:
                lines.append(f"  ... and {positions - len(rows):,} more patches")
            told = " ".join(format_weight(value) for value in self.column[:few])
            lines.append(f"  k, a column: {told}{dots}")
        lines.append(f"largest difference between the product and the map: {self.difference:.3g}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return shape, column, product and difference; the patches too where they are few."""
        return {
            "shape": list(self.patches.shape),
            "patches": to_plain(self.patches) if self.patches.size <= TINY else None,
            "column": to_plain(self.column),
            "product": to_plain(self.product),
            "difference": self.difference,
        }


def multiply_unrolled(
    planes: np.ndarray, weights: np.ndarray, layer: Conv, *, bias: float, values: np.ndarray
) -> Unrolled:
    """Convolve planes by one product of matrices, and compare it with the map.

    Args:
        planes: (channels, rows, columns).
        weights: (channels, kernel rows, kernel columns), or (1, ...) for all channels apart.
        layer: stride, padding, dilation and groups.
        bias: added to every product.
        values: the map, (rows, columns) or (rows, columns, channels).
    """
    patches = unroll(planes[None], layer)[0]  # (groups, positions, values)
    if len(weights) == layer.groups > 1:  # a kernel of its own for each channel
        column: np.ndarray = weights.reshape(layer.groups, -1).T
        product: np.ndarray = np.einsum("gpv,vg->gp", patches, column)
    else:
        column = weights.reshape(-1)
        product = patches @ column
    product = product + bias
    maps = np.moveaxis(product.reshape(-1, *values.shape[:2]), 0, 2).reshape(values.shape)
    return Unrolled(
        patches.reshape(-1, patches.shape[-1]),
        column,
        product.reshape(-1),
        float(np.abs(maps - values).max()),
    )
