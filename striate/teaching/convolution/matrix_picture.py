"""A convolution's matrix as a picture: where each weight stands, beside the patches and kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from striate.errors import SettingError
from striate.teaching.convolution.convolution_matrix import ConvolutionMatrix
from striate.teaching.convolution.number_text import format_weight

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL: Final = 0.2  # inches
GAP: Final = 3  # cells between two matrices
NUMBERED: Final = 100  # cells side by side, up to which their numbers are written
WIDEST: Final = 400  # that are drawn
LEFT_EMPTY: Final = 0.93  # the grey of a place that holds a weight of 0


def draw_matrix_picture(matrix: ConvolutionMatrix) -> bytes:
    """Draw T, the patches P and the kernels W in cells of one size, as a PNG file.

    Orange is above 0, blue below, grey a weight of 0; what is white in T holds no weight.

    Args:
        matrix: of a convolution.

    Raises:
        SettingError: it has too many rows or columns to be seen.
    """
    from striate.render.figure_files import Still

    tall = max(matrix.size[0], len(matrix.patches), len(matrix.weights))
    wide = matrix.size[1] + matrix.patches.shape[1] + matrix.weights.shape[1] + 2 * GAP
    if max(tall, wide) > WIDEST:
        raise SettingError(
            f"the matrices have {tall:,} rows and {wide:,} columns; expected at most {WIDEST} to "
            "be drawn; take a smaller image"
        )
    panels = (
        ("T, on the whole image: y = T x", matrix.dense(), matrix.stands()),
        ("P, the patches", matrix.patches, np.ones_like(matrix.patches, bool)),
        ("W", matrix.weights, np.ones_like(matrix.weights, bool)),
    )

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set(xlim=(-0.5, wide + 0.5), ylim=(tall + 0.5, -2.5), aspect="equal")
        left = 0
        for title, values, stands in panels:
            _draw_panel(axes, left, values, stands, numbered=wide <= NUMBERED)
            axes.text(left, -0.6, title, fontsize=9, va="bottom", ha="left")
            left += values.shape[1] + GAP

    return Still(draw, CELL * (wide + 1), CELL * (tall + 3)).png(dpi=160)


def _draw_panel(
    axes: Axes, left: int, values: np.ndarray, stands: np.ndarray, *, numbered: bool
) -> None:
    """Draw one matrix, its first column at ``left``."""
    from striate.render.feature_map_plot import Scale
    from striate.render.palette import INK, PALE

    rows, columns = values.shape
    reach = float(np.abs(values).max()) or 1.0
    shown = Scale(-reach, reach).colours(values) / 255.0
    shown[stands & (values == 0)] = LEFT_EMPTY
    axes.imshow(shown, extent=(left, left + columns, rows, 0), interpolation="nearest")
    axes.hlines(range(rows + 1), left, left + columns, colors=PALE, linewidth=0.3)
    axes.vlines(range(left, left + columns + 1), 0, rows, colors=PALE, linewidth=0.3)
    if not numbered:
        return
    for row, column in np.argwhere(stands).tolist():
        text = format_weight(float(values[row, column]))
        dark = float(shown[row, column] @ (0.3, 0.59, 0.11)) < 0.47
        axes.text(
            left + column + 0.5,
            row + 0.5,
            text if len(text) <= 5 else f"{values[row, column]:.2g}",
            ha="center",
            va="center",
            fontsize=6 if len(text) < 4 else 4,
            color="white" if dark else INK,
        )
