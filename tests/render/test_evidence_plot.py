"""What is drawn of evidence: the areas that the legend names."""

from __future__ import annotations

from striate.render.evidence_plot import Orders, removal_still

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
