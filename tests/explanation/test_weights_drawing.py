"""The weights of the first, middle and last convolution in one picture, of any network."""

from __future__ import annotations

import numpy as np
import pytest

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.layer_filters import LayerFilters, filters
from striate.explanation.weights_drawing import (
    ShownWeights,
    choose_layers,
    draw_side_by_side,
    draw_weights,
    select_weights,
)
from striate.model.classifier import Classifier


def layers_of(text: str) -> tuple[LayerFilters, ...]:
    module = build(text, seed=0)
    channels, rows, columns = (int(side) for side in text.split()[1].split("x"))
    return filters(Classifier(module, text, ("a", "b"), Preprocess(channels, rows, columns)))


DEEP = (
    "input 3x16x16 classes=2 > conv 7x7 96 > relu > conv 1x1 70 > relu > "
    "conv 70 groups=70 > conv 16 > conv 12 > gap > flatten > fc"
)


def test_first_middle_and_last_are_chosen_in_the_order_of_definition() -> None:
    found = layers_of(DEEP)
    names = {role: each.name for role, each in choose_layers(found).items()}
    assert names == {"first": "conv1", "middle": "conv3", "last": "conv5"}
    assert list(choose_layers(found[:2])) == ["first", "last"]
    assert list(choose_layers(found[:1])) == ["first"]
    with pytest.raises(SettingError, match="has no convolution"):
        choose_layers(())


def test_the_selection_fits_the_kind_of_filter() -> None:
    first, single, apart, deep, _ = (select_weights(each) for each in layers_of(DEEP))
    assert first.weights.shape == (64, 3, 7, 7)
    assert first.words == "64 of 96 filters, in colour"
    assert single.weights.shape == (64, 64, 1, 1)
    assert single.words == "64 of 70 filters (rows), 64 of 96 channels"
    assert apart.weights.shape == (64, 1, 3, 3)
    assert apart.words == "64 of 70 filters"
    assert deep.weights.shape == (8, 8, 3, 3)
    assert deep.words == "8 of 16 filters (rows), 8 of 70 channels"


def test_the_channels_are_those_that_weigh_most() -> None:
    layer = layers_of(DEEP)[3]
    shown = select_weights(layer)
    units = layer.order[:8]
    sizes = np.square(layer.weights[units]).sum((0, 2, 3))
    strongest = np.sort(np.argsort(-sizes, kind="stable")[:8])
    assert (shown.weights == layer.weights[np.ix_(units, strongest)]).all()


def test_a_weight_has_the_colour_of_its_number_where_it_stands() -> None:
    weights = np.zeros((2, 2, 2, 2), np.float32)
    weights[1, 0, 0, 1] = 1.0  # filter 1 (second row), channel 0 (first column), upper right
    weights[0, 1, 1, 0] = -1.0
    drawn = draw_weights(ShownWeights(weights, weights.shape), side=41)
    times = 10  # pixels a weight, with a gap of 1 between tiles
    assert drawn.shape == (41, 41, 3)
    assert drawn[21 + 5, times + 5].tolist() == [213, 94, 0]
    assert drawn[times + 5, 21 + 5].tolist() == [0, 114, 178]
    assert drawn[5, 5].tolist() == [255, 255, 255]
    clear = draw_weights(ShownWeights(weights, weights.shape), side=41, clear=True)
    assert clear[5, 5, 3] == 0
    assert clear[26, 15].tolist() == [213, 94, 0, 255]


def test_filters_over_three_channels_are_colours_with_grey_for_zero() -> None:
    weights = np.zeros((1, 3, 2, 2), np.float32)
    weights[0, 0, 0, 0] = 2.0
    weights[0, 2, 1, 1] = -2.0
    drawn = draw_weights(ShownWeights(weights, weights.shape), side=2)
    assert drawn.tolist() == [[[255, 128, 128], [128, 128, 128]], [[128, 128, 128], [128, 128, 0]]]


@pytest.mark.parametrize("text", [DEEP, "input 1x8x8 classes=2 > conv 5x3 2 > gap > flatten > fc"])
def test_one_picture_of_any_network(text: str) -> None:
    found = layers_of(text)
    drawn = draw_side_by_side(found, title="a network")
    panels = len(choose_layers(found))
    assert drawn.shape[1] == 48 + panels * 648
    assert drawn.shape[2] == 3
    for panel in range(panels):
        part = drawn[-600 - 48 : -48, 48 + panel * 648 : 48 + panel * 648 + 600]
        assert (part != 255).any()


def test_weights_that_are_all_zero_are_drawn() -> None:
    weights = np.zeros((4, 2, 3, 3), np.float32)
    assert (draw_weights(ShownWeights(weights, weights.shape), side=60) == 255).all()
