"""The matrix of a convolution as a drawing: a square where a weight stands, with its number."""

from __future__ import annotations

from markupsafe import Markup

from striate.teaching.convolution.convolution_matrix import ConvolutionMatrix
from striate.teaching.convolution.number_text import format_weight

SIDE = 20  # of one place, in the drawing's own units
MOST = 6_000  # squares that are drawn
WIDEST = 160  # rows and columns that are drawn


def draw_matrix(matrix: ConvolutionMatrix) -> Markup:
    """Draw where the weights stand, orange above 0, blue below; empty where they are too many.

    Args:
        matrix: of a convolution.
    """
    rows, columns = matrix.size
    if max(rows, columns) > WIDEST or matrix.entries > MOST:
        return Markup()
    dense, stands = matrix.dense(), matrix.stands()
    reach = float(abs(dense).max()) or 1.0
    pieces = [
        f'<rect width="{columns * SIDE}" height="{rows * SIDE}" class="ground"/>',
    ]
    for row, column in zip(*stands.nonzero(), strict=True):
        value = float(dense[row, column])
        kind = "up" if value > 0 else "down" if value < 0 else "none"
        x, y = int(column) * SIDE, int(row) * SIDE
        pieces.append(
            f'<rect x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" class="{kind}" '
            f'style="--p:{abs(value) / reach:.2f}"/>'
        )
        text = format_weight(value)
        if len(text) <= 4:
            pieces.append(f'<text x="{x + SIDE // 2}" y="{y + 14}">{text.replace("-", "−")}</text>')
    told = f"a matrix of {rows} rows and {columns} columns, with weights along its diagonals"
    return Markup(
        f'<svg class="matrix" viewBox="0 0 {columns * SIDE} {rows * SIDE}" role="img" '
        f'aria-label="{told}" style="min-width:{columns * 11}px">{"".join(pieces)}</svg>'
    )
