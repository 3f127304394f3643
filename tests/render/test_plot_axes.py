"""Margins by counting letters, held against matplotlib's own measure of every text."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from striate.render import Curve
from striate.render.line_plot import draw_curves
from striate.render.plot_axes import set_margins
from striate.render.strip_plot import draw_strip_plot


@pytest.mark.parametrize(
    ("values", "as_percent"),
    [([1.0, 2.0], False), ([0.0, 99_999.0], False), ([1e-5, 3e-5], False), ([0.0, 1.0], True)],
)
def test_every_text_of_a_plot_lies_inside_its_figure(values: list[float], as_percent: bool) -> None:
    figure = Figure(figsize=(5.0, 3.4))
    axes = figure.add_subplot()
    draw_curves(axes, [Curve("loss", values)], title="Loss (lower is better)", across="epoch",
                marked=1, as_percent=as_percent)  # fmt: skip
    set_margins(axes, above=20)
    figure.draw_without_rendering()
    box = axes.get_tightbbox()
    assert box is not None
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= figure.bbox.x1
    assert box.y1 <= figure.bbox.y1
    assert axes.get_position().width > 0.7  # and little is left empty
    assert axes.get_position().height > 0.6


def test_names_of_layers_leave_room_for_their_values() -> None:
    assert "layer" in draw_strip_plot([("layer" * 40, [0.1])], title="Moved", across="share")
