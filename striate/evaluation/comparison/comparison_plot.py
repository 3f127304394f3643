"""The drawings of a comparison: each accuracy and each difference with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from striate.evaluation.comparison import comparison_tables as tables
from striate.evaluation.comparison.comparison_rows import ModelPair, ModelScores
from striate.render import BLUE, INK, ORANGE
from striate.render.error_bars import ErrorBar, draw_error_bars
from striate.render.figure_files import Still
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, ROW, FRAME = 7.0, 0.42, 1.0  # inches: of all, of a row, around the rows of a drawing


def compute_height(rows: int) -> float:
    """Return the height in inches of a drawing with so many rows.

    >>> round(compute_height(2), 2)
    1.84
    """
    return ROW * rows + FRAME


def draw_comparison(models: Sequence[ModelScores], pairs: Sequence[ModelPair]) -> Still:
    """Return a drawing of the accuracies, and below them the differences from the first.

    Args:
        models: of a comparison.
        pairs: of it.

    Returns:
        The drawing, to be had by ``.png()`` or by ``.svg(title=..., description=...)``.

    Example: ``draw_comparison(result.models, result.pairs).png()``.
    """
    heights = [compute_height(len(models)), compute_height(len(pairs))]

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, height_ratios=heights)
        draw_accuracies(upper, models, n=pairs[0].n)
        draw_differences(lower, pairs)

    return Still(draw, WIDTH, sum(heights))


def draw_accuracies(axes: Axes, models: Sequence[ModelScores], *, n: int) -> None:
    """Draw the accuracy of each model with its interval into axes.

    Args:
        axes: matplotlib's.
        models: of a comparison.
        n: how many images they were evaluated on.
    """
    shown = tables.shorten_names(model.name for model in models)
    rows = [
        ErrorBar(
            shown[model.name],
            100 * model.accuracy,
            100 * model.accuracy_low,
            100 * model.accuracy_high,
            format_percent(model.accuracy),
            BLUE,
        )
        for model in models
    ]
    title = f"Accuracy on the same {n:,} images"
    draw_error_bars(axes, rows, title=title, across="% correct, with 95 % intervals")


def draw_differences(axes: Axes, pairs: Sequence[ModelPair]) -> None:
    """Draw the difference of each model from the first with its interval into axes.

    A difference whose whole interval lies beside 0, and that the exact test confirms, is filled
    and orange; the others are hollow.

    Args:
        axes: matplotlib's.
        pairs: of a comparison.
    """
    shown = tables.shorten_names([pairs[0].first, *(pair.second for pair in pairs)])
    draw_error_bars(
        axes,
        [_make_row(pair, shown[pair.second]) for pair in pairs],
        title=f"Difference from {shown[pairs[0].first]}",
        across="points, with paired 95 % intervals",
        zero=True,
    )


def _make_row(pair: ModelPair, name: str) -> ErrorBar:
    told = pair.better is not None
    return ErrorBar(
        name,
        100 * pair.difference,
        100 * pair.difference_low,
        100 * pair.difference_high,
        tables.format_points(pair.difference, pair.n, signed=True).replace("-", "\N{MINUS SIGN}"),
        ORANGE if told else INK,
        hollow=not told,
    )
