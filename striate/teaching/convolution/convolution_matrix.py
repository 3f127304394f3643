"""A convolution as one sparse matrix on the whole image, beside im2col; and both gradients.

With x the image and y the maps, each as one column, y = T x + b. T has a row for each value that
comes out, with the weights of the kernel where it looks and nothing elsewhere; from one position to
the next they move on. Where the stride is 1, along every diagonal of a block stands one weight: the
blocks, and their places, are those of a Toeplitz matrix.

With P the patches, one a row (im2col), and W the weights, one filter a column, Y = P W. vec lays
the columns of a matrix below each other, (x) is the Kronecker product, and
vec(A X B) = (B^T (x) A) vec(X):

    vec(Y) = (I (x) P) vec(W) = (W^T (x) I) vec(P)
    dL/d vec(W) = (I (x) P)^T vec(G)      the same as vec(P^T G)
    dL/d vec(P) = (W (x) I) vec(G)        the same as vec(G W^T)
    dL/dx = T^T g                         the same as G W^T, added back to the pixels (col2im)

J. Wu, Introduction to convolutional neural networks, 2017, section 6,
https://cs.nju.edu.cn/wujx/paper/CNN.pdf
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from striate.architecture.words import Conv
from striate.errors import SettingError
from striate.teaching.convolution.matrices import compute_input_gradient, unroll
from striate.teaching.convolution.number_text import (
    format_grid,
    format_number,
    format_weight,
    to_plain,
)
from striate.terminal.wrapping import wrap

MOST: Final = 2**22  # numbers of a matrix that is held whole
MOST_ENTRIES: Final = 2**23  # places where a weight stands
FEW: Final = 40  # rows of it that are printed
LISTED: Final = 6  # rows that are listed where they are too wide to be printed


@dataclass(frozen=True, eq=False, repr=False)
class ConvolutionMatrix:
    """A convolution as a matrix, and its gradients as products of matrices.

    Attributes:
        layer: the convolution, of one group.
        shape: what goes in, (channels, rows, columns).
        rows: int (entries,), in which row a weight stands: the value that comes out, filter by
            filter, row by row.
        columns: int (entries,), in which column: the pixel, channel by channel, row by row.
        which: int (entries,), which of the weights, in their own order.
        patches: P, float64 (positions, values).
        weights: W, float64 (values, filters).
        gradient: G, of the loss by the values that come out, float64 (positions, filters).
        given: whether G was given; else it is 1 everywhere: the loss is the sum of all values.
        image: float64 of the shape.
    """

    layer: Conv
    shape: tuple[int, int, int]
    rows: np.ndarray
    columns: np.ndarray
    which: np.ndarray
    patches: np.ndarray
    weights: np.ndarray
    gradient: np.ndarray
    given: bool
    image: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of T: values that come out, pixels that go in."""
        return self.gradient.size, self.image.size

    @property
    def entries(self) -> int:
        """Places of T where a weight stands; all others are empty."""
        return len(np.unique(self.rows * self.size[1] + self.columns))

    def dense(self) -> np.ndarray:
        """Return T whole, float64 (values that come out, pixels).

        Raises:
            SettingError: it has more than 4 million numbers.
        """
        return self._laid(self.weights.T.reshape(-1)[self.which])

    def stands(self) -> np.ndarray:
        """Return where in T a weight stands, be it 0: bool, of T's size."""
        return self._laid(np.ones(len(self.rows))) > 0

    def _laid(self, values: np.ndarray) -> np.ndarray:
        if math.prod(self.size) > MOST:
            raise SettingError(
                f"the matrix has {self.size[0]:,}x{self.size[1]:,} numbers; expected at most "
                f"{MOST:,}; take a smaller image"
            )
        matrix = np.zeros(self.size)
        np.add.at(matrix, (self.rows, self.columns), values)
        return matrix

    def multiply(self) -> np.ndarray:
        """Return y = T x, without the bias: float64 (filters, positions)."""
        y = np.zeros(self.size[0])
        weights = self.weights.T.reshape(-1)
        np.add.at(y, self.rows, weights[self.which] * self.image.reshape(-1)[self.columns])
        return y.reshape(self.weights.shape[1], -1)

    def multiply_patches(self) -> np.ndarray:
        """Return the same by im2col, Y = P W: float64 (filters, positions)."""
        product: np.ndarray = (self.patches @ self.weights).T
        return product

    def gradient_by_weights(self) -> np.ndarray:
        """Return P^T G, float64 (values, filters)."""
        product: np.ndarray = self.patches.T @ self.gradient
        return product

    def gradient_by_kronecker(self) -> np.ndarray:
        """Return the same as (I (x) P)^T vec(G), float64 (values, filters)."""
        filters = self.weights.shape[1]
        self._check_kronecker(filters**2 * self.patches.size)
        product: np.ndarray = np.kron(np.eye(filters), self.patches).T @ vec(self.gradient)
        return product.reshape(self.weights.shape, order="F")

    def gradient_by_image(self) -> np.ndarray:
        """Return T^T g, float64 (channels, rows, columns)."""
        g = self.gradient.T.reshape(-1)
        found = np.zeros(self.image.size)
        np.add.at(found, self.columns, self.weights.T.reshape(-1)[self.which] * g[self.rows])
        return found.reshape(self.shape)

    def gradient_by_patches(self) -> np.ndarray:
        """Return the same by G W^T, added back to the pixels, float64 (channels, rows, columns)."""
        channels, rows, columns = self.shape
        kernels = self.weights.T.reshape(-1, channels, *self.layer.kernel)
        positions = self.layer.output(self.shape)[1:]
        g = self.gradient.T.reshape(1, -1, *positions)
        found: np.ndarray = compute_input_gradient(kernels, g, self.layer, size=(rows, columns))[0]
        return found

    def patches_by_kronecker(self) -> np.ndarray:
        """Return dL/dP as (W (x) I) vec(G), float64 (positions, values): the same as G W^T."""
        positions = len(self.patches)
        self._check_kronecker(self.weights.size * positions**2)
        product: np.ndarray = np.kron(self.weights, np.eye(positions)) @ vec(self.gradient)
        return product.reshape(self.patches.shape, order="F")

    def _check_kronecker(self, numbers: int) -> None:
        if numbers > MOST:
            raise SettingError(
                f"the Kronecker product has {numbers:,} numbers; expected at most {MOST:,}; "
                "take a smaller image"
            )

    @property
    def is_small(self) -> bool:
        """Whether T and both Kronecker products can be held whole."""
        positions, filters = self.gradient.shape
        products = (filters**2 * self.patches.size, self.weights.size * positions**2)
        return bool(max(math.prod(self.size), *products) <= MOST)

    @property
    def differences(self) -> tuple[float, float, float]:
        """Return the largest differences of y, dL/dW and dL/dx between their ways.

        Where the Kronecker products are too large to be held, only the other ways are compared.
        """
        ways = [
            [self.multiply(), self.multiply_patches()],
            [self.gradient_by_weights()],
            [self.gradient_by_image(), self.gradient_by_patches()],
        ]
        if self.is_small:
            ways[1].append(self.gradient_by_kronecker())
            by_patches = self.patches_by_kronecker() - self.gradient @ self.weights.T
            ways[2].append(ways[2][0] + float(np.abs(by_patches).max()))
        y, dw, dx = (max(float(np.abs(each - found[0]).max()) for each in found) for found in ways)
        return y, dw, dx

    def as_json(self) -> dict[str, object]:
        """Return T by its entries and whole where it is small, and the gradients."""
        small = self.is_small and math.prod(self.size) <= 10_000
        y, dw, dx = self.differences
        return {
            "size": list(self.size),
            "entries": self.entries,
            "matrix": to_plain(self.dense()) if small else None,
            "gradient": to_plain(self.gradient) if small else None,
            "gradient_by_weights": to_plain(self.gradient_by_weights()) if small else None,
            "gradient_by_image": to_plain(self.gradient_by_image()) if small else None,
            "difference": y,
            "difference_of_weight_gradient": dw,
            "difference_of_image_gradient": dx,
        }

    def __repr__(self) -> str:
        rows, columns = self.size
        return f"ConvolutionMatrix({rows:,}x{columns:,}, a weight in {self.entries:,} places)"

    def __str__(self) -> str:
        return self.as_text()

    def as_text(self, *, width: int = 80) -> str:
        """Write T with its numbers where they fit, and both gradients, each in its ways.

        Args:
            width: characters that a line may have.
        """
        rows, columns = self.size
        lines = [
            f"as one matrix T on the whole image, y = T x: {rows:,}x{columns:,}, "
            "a row for each value",
            f"{self.entries:,} of its {rows * columns:,} places hold one of the kernel's "
            f"{self.weights.size} weights; . is empty",
            *self._write_matrix(width),
        ]
        y, dw, dx = self.differences
        told = "dL/dy" if self.given else "1 everywhere, as if the loss were the sum of all values"
        lines += [
            f"largest difference between T x and im2col: {y:.3g}",
            f"the gradients, with G the gradient by the values ({told}):",
            *self._write_weight_gradients(width),
            f"  largest difference: {dw:.3g}",
            *self._write_image_gradients(width),
            f"  largest difference: {dx:.3g}",
        ]
        return wrap("\n".join(lines), width)

    def _write_matrix(self, width: int) -> list[str]:
        rows, columns = self.size
        if rows <= FEW and columns <= width:
            matrix, stands = self.dense(), self.stands()
            cells = [
                [format_weight(value) if there else "." for value, there in zip(*pair, strict=True)]
                for pair in zip(matrix.tolist(), stands.tolist(), strict=True)
            ]
            longest = max(len(cell) for row in cells for cell in row)
            apart = "" if longest == 1 and 2 * columns > width - 2 else " "
            lines = [f"  {apart.join(cell.rjust(longest) for cell in row)}" for row in cells]
            if len(lines[0]) <= width:
                return lines
        weights, lines = self.weights.T.reshape(-1), []
        for row in range(min(rows, LISTED)):
            here = np.flatnonzero(self.rows == row)
            told = ", ".join(
                f"{format_weight(float(weights[self.which[at]]))} at {self.columns[at]}"
                for at in here[:12]
            )
            lines.append(f"  row {row}: {told}{', ...' if len(here) > 12 else ''}")
        return lines + [f"  ... and {rows - LISTED:,} more rows"] * (rows > LISTED)

    def _write_weight_gradients(self, width: int) -> list[str]:
        lines = ["  by the weights, P^T G:", *_fit(self.gradient_by_weights().T, width)]
        if self.is_small:
            lines.append("  the same as (I (x) P)^T vec(G), by the Kronecker product:")
            lines += _fit(self.gradient_by_kronecker().T, width)
        return lines

    def _write_image_gradients(self, width: int) -> list[str]:
        lines = ["  by the image, T^T g:"]
        for each in self.gradient_by_image():
            lines += _fit(each, width)
        lines.append("  the same as G W^T added back to the pixels:")
        for each in self.gradient_by_patches():
            lines += _fit(each, width)
        if self.is_small:
            lines.append("  (and G W^T is (W (x) I) vec(G), by the Kronecker product)")
        return lines


def vec(matrix: np.ndarray) -> np.ndarray:
    """Lay the columns of a matrix below each other.

    >>> vec(np.array([[1, 2], [3, 4]])).tolist()
    [1, 3, 2, 4]
    """
    return matrix.reshape(-1, order="F")


def lay_out_matrix(
    image: np.ndarray, weights: np.ndarray, layer: Conv, gradient: np.ndarray | None = None
) -> ConvolutionMatrix:
    """Return a convolution as one matrix on the whole image, with its gradients.

    Args:
        image: (channels, rows, columns).
        weights: (filters, channels, kernel rows, kernel columns).
        layer: stride, padding and dilation; of one group.
        gradient: of the loss by what comes out, (filters, rows, columns); 1 everywhere where left
            out, as of a loss that is the sum of all values.

    Raises:
        SettingError: the kernel does not fit, or the layer has several groups.

    >>> found = lay_out_matrix(np.array([[[1.0, 2, 3]]]), np.array([[[[1.0, -1]]]]),
    ...                        Conv(1, (1, 2), pad=(0, 0), bias=False))
    >>> found.dense().tolist()
    [[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]]
    >>> found.multiply().tolist(), found.gradient_by_kronecker().T.tolist()
    ([[-1.0, -1.0]], [[3.0, 5.0]])
    """
    if layer.groups > 1:
        raise SettingError(
            "channels that are convolved apart have a matrix each; sum them, or take a grey image"
        )
    if layer.macs(image.shape) > MOST_ENTRIES:
        raise SettingError(
            f"the matrix would have a weight in {layer.macs(image.shape):,} places; expected at "
            f"most {MOST_ENTRIES:,}; take a smaller image"
        )
    image = np.asarray(image, dtype=np.float64)
    numbered = np.arange(1.0, image.size + 1).reshape(1, *image.shape)
    places = unroll(numbered, layer)[0, 0].astype(np.int64) - 1  # -1 where padding is
    positions, values = places.shape
    filters = len(weights)
    flat = weights.reshape(filters, -1)
    at, value = np.nonzero(places >= 0)
    rows = np.concatenate([n * positions + at for n in range(filters)])
    which = np.concatenate([n * values + value for n in range(filters)])
    g = np.ones((positions, filters)) if gradient is None else gradient.reshape(filters, -1).T
    channels, height, width = image.shape
    return ConvolutionMatrix(
        layer=layer,
        shape=(channels, height, width),
        rows=rows,
        columns=np.tile(places[at, value], filters),
        which=which,
        patches=unroll(image[None], layer)[0, 0],
        weights=flat.T.astype(np.float64),
        gradient=np.asarray(g, dtype=np.float64),
        given=gradient is not None,
        image=image,
    )


def _fit(values: np.ndarray, width: int) -> list[str]:
    """Write a grid, or its range where it is too wide or too tall."""
    rows = format_grid(values)
    if len(rows) <= FEW and max(map(len, rows)) + 4 <= width:
        return [f"    {row}" for row in rows]
    low, high = format_number(float(values.min())), format_number(float(values.max()))
    return [f"    {values.shape[0]}x{values.shape[1]}, from {low} to {high}"]
