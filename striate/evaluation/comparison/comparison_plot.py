"""The figure of a comparison: each accuracy and each difference with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from striate.evaluation.comparison import comparison_tables as tables
from striate.evaluation.comparison.comparison_result import Comparison
from striate.evaluation.comparison.comparison_rows import ModelPair
from striate.render import BLUE, INK, ORANGE
from striate.render.error_bars import Whisker, draw_whiskers
from striate.render.figure_files import Still
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, ROW, FRAME = 7.0, 0.42, 1.0  # inches: of all, of a row, around the rows of a drawing


def draw(comparison: Comparison) -> Still:
    """Draw a comparison: above the accuracies, below the differences from the first.

    A difference whose whole interval lies beside 0, and that the exact test confirms, is filled
    and orange; the others are hollow.

    Args:
        comparison: from `compare`.

    Returns:
        The drawing, to be had by ``.png()`` or by ``.svg(title=..., description=...)``.

    Example: ``Path("intervals.png").write_bytes(draw(compare(["runs/a", "runs/b"])).png())``.
    """
    accuracies = [
        Whisker(
            tables.shorten_name(model.name),
            100 * model.accuracy,
            100 * model.accuracy_low,
            100 * model.accuracy_high,
            format_percent(model.accuracy),
            BLUE,
        )
        for model in comparison.models
    ]
    differences = [_difference(pair) for pair in comparison.pairs]
    first = tables.shorten_name(comparison.models[0].name)
    heights = [ROW * len(rows) + FRAME for rows in (accuracies, differences)]

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, height_ratios=heights)
        draw_whiskers(
            upper,
            accuracies,
            title=f"Accuracy on the same {comparison.n:,} images",
            across="% correct, with 95 % intervals",
        )
        draw_whiskers(
            lower,
            differences,
            title=f"Difference from {first}",
            across="points, with paired 95 % intervals",
            zero=True,
        )

    return Still(draw, WIDTH, sum(heights))


def _difference(pair: ModelPair) -> Whisker:
    told = pair.better is not None
    return Whisker(
        tables.shorten_name(pair.second),
        100 * pair.difference,
        100 * pair.difference_low,
        100 * pair.difference_high,
        tables.format_points(pair.difference, pair.n, signed=True).replace("-", "\N{MINUS SIGN}"),
        ORANGE if told else INK,
        hollow=not told,
    )
