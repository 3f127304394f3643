"""How far weights moved, against the formula by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from striate.features.filter_shift import measure_filter_shift
from striate.render.strip_plot import draw_strip_plot


@given(st.floats(-3, 3), st.integers(1, 5))
def test_a_filter_that_is_scaled_moves_by_the_share(factor: float, filters: int) -> None:
    weight = torch.randn(filters, 3, 2, 2, generator=torch.Generator().manual_seed(filters))
    after = weight.clone()
    after[0] *= 1 + factor
    (layer,) = measure_filter_shift({"conv1.weight": weight}, {"conv1.weight": after}).layers
    assert layer.filters[0] == pytest.approx(abs(factor), rel=1e-4, abs=1e-5)
    assert layer.filters[1:] == tuple([0.0] * (filters - 1))
    expected = abs(factor) * float(weight[0].norm() / weight.norm())
    assert layer.change == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_only_weights_of_filters_that_both_have_are_compared() -> None:
    before = {
        "conv1.weight": torch.ones(2, 1, 1, 1),
        "conv1.bias": torch.ones(2),
        "bn1.weight": torch.ones(2),
        "fc1.weight": torch.ones(3, 2),
    }
    found = measure_filter_shift(before, {**before, "fc1.weight": torch.ones(4, 2)})
    assert [layer.name for layer in found.layers] == ["conv1"]
    assert found.as_json() == [{"name": "conv1", "change": 0.0, "filters": [0.0, 0.0]}]


def test_filters_of_zeros_count_whole_where_they_moved() -> None:
    zeros = torch.zeros(2, 1, 1, 1)
    (layer,) = measure_filter_shift(
        {"a.weight": zeros}, {"a.weight": torch.tensor([0.0, 2.0]).view(2, 1, 1, 1)}
    ).layers
    assert layer.filters == (0.0, 1.0)
    assert "a" in str(measure_filter_shift({"a.weight": zeros}, {"a.weight": zeros}))


def test_the_strips_name_every_row() -> None:
    svg = draw_strip_plot(
        [(f"layer{n}", [0.01 * n, 0.02]) for n in range(20)], title="Moved", across="share"
    )
    assert all(f"layer{n}" in svg for n in range(20))
