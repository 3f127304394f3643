"""What is drawn of evidence: the areas that the legend names, and the framed part of a mean map."""

from __future__ import annotations

import numpy as np

from striate.render.evidence_plot import Orders, mean_map, removal_still

ORDERS = Orders(
    "deletion",
    (0.0, 0.5, 1.0),
    (1.0, 0.2, 0.0),
    (0.9, 0.5, 0.1),
    ((1.0, 0.8, 0.0), (1.0, 0.6, 0.0)),
)


def test_the_legend_names_every_order_with_the_area_under_it() -> None:
    svg = removal_still([ORDERS], about="cat").svg(title="Deletion", description="")
    for said in ("by the map: 0.35", "from the middle: 0.50", "random orders: 0.60"):
        assert said in svg
    assert "probability of cat" in svg


def test_a_mean_map_is_darkest_where_it_is_highest_and_its_part_is_framed() -> None:
    values = np.zeros((10, 20))
    values[7, 3] = 1.0
    drawn = mean_map(values, marked=(0.6, 0.1, 0.9, 0.3), side=200)
    assert drawn.shape == (100, 200, 3)
    assert drawn[75, 35].tolist() == [213, 94, 0]
    assert drawn[20, 150].tolist() == [255, 255, 255]
    assert drawn[60, 40].tolist() == [27, 31, 36]
    assert mean_map(values, side=200)[60, 40].tolist() == [255, 255, 255]
