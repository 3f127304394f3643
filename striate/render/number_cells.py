"""Numbers in their places, each on a ground that says its sign and size: kernels, patches, maps."""

from __future__ import annotations

import math

import numpy as np

from striate.render.page import Html, text


def number(value: float) -> str:
    """Write a number in three digits, or whole from 100 on, with a real minus sign.

    >>> number(-0.04567), number(12345.0), number(0.0), number(3.0)
    ('−0.0457', '12,345', '0', '3')
    """
    size = abs(value)
    told = f"{value:,.0f}" if 100 <= size < 1e7 else f"{value:.3g}"
    return told.replace("-", "−", 1) if value else "0"


def cells(values: np.ndarray, *, reach: float, label: str) -> Html:
    """Show a grid of numbers as a table.

    Args:
        values: (rows, columns); NaN is shown as an empty place.
        reach: the size that has the full colour, orange above 0 and blue below.
        label: what it holds, for whoever hears the page read out.

    >>> print(cells(np.array([[1.0, -2.0]]), reach=2.0, label="kernel"))
    <table class="cells" aria-label="kernel"><tr><td class="up" style="--p:0.50">1</td>...
    """

    def one(value: float) -> str:
        if math.isnan(value):
            return "<td></td>"
        share = min(1.0, abs(value) / reach) if reach else 0.0
        kind = "up" if value > 0 else "down" if value < 0 else "zero"
        return f'<td class="{kind}" style="--p:{share:.2f}">{number(value)}</td>'

    rows = "".join(f"<tr>{''.join(map(one, row))}</tr>" for row in values.tolist())
    return Html(f'<table class="cells" aria-label="{text(label)}">{rows}</table>')
