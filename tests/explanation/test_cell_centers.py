"""Where cells look, beside the receptive fields of the summary and beside gradients."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from networks_strategy import linear_networks
from thoroughness import examples
from torch import nn
from torch.nn import functional

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.architecture.notation import expand
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.explanation import explain
from striate.explanation.cell_centers import AxisCenters, CellCenters
from striate.explanation.explanation import Explanation
from striate.explanation.hooks import gradients_of, record
from striate.explanation.map_resampling import lay_map, resize_map
from striate.explanation.mean_class_maps import MapAccumulator
from striate.explanation.receptive_fields import field_of_row
from striate.explanation.score_decomposition import decompose_score
from striate.model.classifier import Classifier


def centers_of(module: nn.Module, side: int = 64, channels: int = 2) -> CellCenters | None:
    """Where the last recorded layer looks."""
    return record(module, torch.zeros(1, channels, side, side)).calls[-1].centers


def known(centers: CellCenters | None) -> CellCenters:
    assert centers is not None
    return centers


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(linear_networks())
def test_cells_look_at_the_middle_of_their_receptive_field(text: str) -> None:
    plan = expand(text)
    rows = {row.name: row for row in summary(plan).layers}
    for call in record(build(plan, seed=0), torch.zeros(1, *plan.input)).calls:
        row = rows[call.name]
        if call.output.ndim != 4 or row.stride is None:
            continue
        centers = known(call.centers)
        down, across = call.output.shape[2:]
        assert (len(centers.rows), len(centers.columns)) == (down, across)
        for y, x in ((0, 0), (down - 1, across - 1), (down // 2, across // 2)):
            seen = field_of_row(row, y, x, size=(plan.input[1], plan.input[2]))
            assert centers.rows.mean[y] == pytest.approx((seen.top + seen.bottom - 1) / 2)
            assert centers.columns.mean[x] == pytest.approx((seen.left + seen.right - 1) / 2)
        assert centers.spread == 0


@pytest.mark.parametrize(
    ("name", "cells", "first", "step"),
    [("squeezenet1_1", 13, 15, 16), ("mobilenet_v2", 7, 0, 32), ("resnet18", 7, 0, 32)],
)
def test_known_networks_look_where_their_windows_say(
    name: str, cells: int, first: int, step: int
) -> None:
    network = build(zoo.text(name))
    passed = record(network, torch.zeros(1, 3, 224, 224))
    own = [call for call in passed.calls if call.output.shape[2:] == (cells, cells)][-1]
    expected = (first + step * np.arange(cells)).tolist()
    assert known(own.centers).rows.mean.tolist() == expected
    assert known(own.centers).columns.mean.tolist() == expected


class PadsAtTheEnd(nn.Module):
    """As TensorFlow pads a window of stride 2 on an even side."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, stride=2)

    def forward(self, x: torch.Tensor) -> Any:
        return self.conv(functional.pad(x, (0, 1, 0, 1)))


class Crops(nn.Module):
    """Leaves rows and columns out, and every second of the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.conv(functional.pad(x, (-3, 0, 0, -5))[:, :, 4::2, ::2])


class ChannelsLast(nn.Module):
    """A block of ConvNeXt's kind: linear layers on the channels, which come last."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 4, stride=4)
        self.linear = nn.Linear(4, 4)
        self.act = nn.GELU()
        self.out = nn.Identity()

    def forward(self, x: torch.Tensor) -> Any:
        x = self.conv(x)
        return self.out(x + self.act(self.linear(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2))


class Gated(nn.Module):
    """Squeeze and excitation, channels in two groups, a window of its own for one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 5, stride=3, padding=1)
        self.gate = nn.Conv2d(4, 4, 1)
        self.wide = nn.Conv2d(2, 2, 3, padding=1)
        self.act = nn.Hardswish()

    def forward(self, x: torch.Tensor) -> Any:
        x = self.conv(x)
        x = x * self.gate(x.mean((2, 3), keepdim=True)).sigmoid()
        one, two = x.chunk(2, 1)
        return self.act(torch.cat([one, self.wide(two)], 1))


def upwards() -> nn.Module:
    up = nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1)
    return nn.Sequential(nn.Conv2d(2, 4, 3, stride=4), up)


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[float, float], float]] = {
    "padded at the end": (PadsAtTheEnd, (1, 1), 2),
    "cropped": (Crops, (6, 5), 2),
    "channels last": (ChannelsLast, (1.5, 1.5), 4),
    "gated": (Gated, (1, 1), 3),
    "upwards": (upwards, (1, 1), 2),
    "pools": (
        lambda: nn.Sequential(nn.MaxPool2d(3, 2, 1, dilation=2), nn.AvgPool2d(2, ceil_mode=True)),
        (2, 2),
        4,
    ),
    "reflected": (
        lambda: nn.Sequential(nn.ReflectionPad2d((2, 1, 1, 1)), nn.AvgPool2d(2)),
        (-0.5, -1.5),
        2,
    ),
    "resampled": (
        lambda: nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=2, mode="bilinear")),
        (0.5, 0.5),
        2,
    ),
}


@pytest.mark.parametrize("name", [*MODULES])
def test_any_module_is_followed_step_by_step(name: str) -> None:
    make, first, step = MODULES[name]
    centers = known(centers_of(make()))
    assert (centers.rows.mean[0], centers.columns.mean[0]) == first
    for axis in (centers.rows, centers.columns):
        assert axis.step == step
        assert np.allclose(np.diff(axis.mean), step)


@pytest.mark.parametrize("name", ["padded at the end", "cropped", "pools", "upwards"])
def test_gradients_of_a_cell_lie_around_its_centre(name: str) -> None:
    module = MODULES[name][0]().double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(0.1)
    sums = []  # over many images, as a maximum has one place alone
    for seed in range(24):
        values = torch.rand(1, 2, 64, 64, generator=torch.Generator().manual_seed(seed)).double()
        passed = record(module, values, gradients=True)
        output = passed.calls[-1].output
        row, column = output.shape[2] // 2, output.shape[3] // 2
        (slope,) = gradients_of(output[0, 0, row, column], [passed.input])
        sums.append(slope[0].abs().sum(0) > 0)
    seen = torch.stack(sums).any(0).numpy()
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    centers = known(passed.calls[-1].centers)
    assert (rows[0] + rows[-1]) / 2 == centers.rows.mean[row]
    assert (columns[0] + columns[-1]) / 2 == centers.columns.mean[column]


def test_copies_of_a_cell_look_where_it_looks() -> None:
    centers = known(centers_of(nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=2))))
    assert centers.rows.mean[:4].tolist() == [1.5, 1.5, 5.5, 5.5]
    centers = known(centers_of(nn.Sequential(nn.Identity(), nn.Upsample(scale_factor=0.5))))
    assert centers.columns.mean[:3].tolist() == [0, 2, 4]


def test_branches_with_other_centres_give_their_mean_and_the_difference() -> None:
    text = (
        "input 1x16x16 classes=2 > add(conv 2x2 4 stride=2 pad=valid | conv 3x3 4 stride=2) > "
        "relu > gap > flatten > fc"
    )
    model = Classifier(build(text, seed=1), text, ("a", "b"), Preprocess(1, 16, 16))
    found = explain(model, np.eye(16))
    assert known(found.centers).rows.mean[:2].tolist() == [0.25, 2.25]  # of 0.5 and 0
    assert found.facts["branches' centres differ by"] == 0.5
    assert "differ by: 0.5" in str(found)


class Rolls(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, stride=2, padding=1)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> Any:
        return self.fc(self.relu(self.conv(x).roll(1, 2)).mean((2, 3)))


def test_what_cannot_be_followed_is_stretched_and_says_so() -> None:
    model = Classifier(Rolls(), None, ("a", "b"), Preprocess(1, 8, 8))
    found = explain(model, np.eye(8))
    assert found.centers is None
    assert found.laid == found.as_json()["laid"] == "stretched"
    assert "stretched over the image" in str(found)
    assert np.array_equal(found.map, resize_map(found.attribution, 8, 8))


def laid_out() -> Explanation:
    text = "input 1x32x32 classes=2 > [conv 4 stride=2 > relu]*3 > gap > flatten > fc"
    model = Classifier(build(text, seed=3), text, ("a", "b"), Preprocess(1, 32, 32))
    return explain(model, np.eye(32), target="a")


def test_a_map_takes_the_cells_values_at_their_centres_and_is_constant_beyond() -> None:
    found = laid_out()
    assert found.laid == "receptive fields"
    np.testing.assert_array_equal(found.map[::8, ::8], found.attribution)
    np.testing.assert_array_equal(found.map[25:, 5], found.map[24, 5].repeat(7))
    np.testing.assert_allclose(found.map[4, 8], found.map[[0, 8], 8].mean(), rtol=1e-5)
    assert json.dumps(found.as_json()["centers"]) == json.dumps(
        {"rows": [0.0, 8.0, 16.0, 24.0], "columns": [0.0, 8.0, 16.0, 24.0]}
    )


def test_the_stretched_map_stays_by_name() -> None:
    found = laid_out().stretched()
    values = torch.from_numpy(found.attribution)[None, None]
    theirs = functional.interpolate(values, (32, 32), mode="bilinear", align_corners=False)
    np.testing.assert_array_equal(found.map, theirs[0, 0].numpy())
    assert (found.laid, found.centers) == ("stretched", None)


def test_the_peak_is_the_centre_of_the_highest_cell() -> None:
    found = laid_out()
    row, column = divmod(int(found.attribution.argmax()), 4)
    assert found.peak == (8 * row + 0.5, 8 * column + 0.5)
    assert found.stretched().peak == (8 * row + 4, 8 * column + 4)


def test_the_difference_of_two_classes_and_mean_maps_are_laid_alike() -> None:
    text = "input 1x32x32 classes=2 > [conv 4 stride=2 > relu]*3 > gap > flatten > fc"
    model = Classifier(build(text, seed=3), text, ("a", "b"), Preprocess(1, 32, 32))
    why = decompose_score(model, np.eye(32))
    np.testing.assert_allclose(lay_map(why.map, why.centers, 32, 32)[::8, ::8], why.map, rtol=1e-5)
    summing = MapAccumulator(1, 2)
    summing.add(np.array([[0.0, 1.0]]))
    own = AxisCenters.of_pixels(4).through(2, extent=3, stride=2, pad=1)
    mean = summing.result(0)
    assert mean.resized(1, 4)[0].tolist() == [0.0, 0.125, 0.375, 0.5]
    laid = lay_map(mean.mean, CellCenters(AxisCenters.of_pixels(1), own), 1, 4)
    assert laid[0].tolist() == [0.0, 0.5, 1.0, 1.0]


def test_cells_with_one_centre_share_what_is_taken_and_weights_sum_to_one() -> None:
    twice = AxisCenters.of_pixels(2).at(np.array([0.0, 0.0, 1.0]))
    assert twice.weights(np.arange(3.0)).tolist() == [
        [0.5, 0.5, 0.0],
        [0.0, 0.0, 1.0],
        [0.0, 0.0, 1.0],
    ]
    backwards = AxisCenters.of_pixels(4).at(np.array([3.0, 1.0]))
    assert backwards.weights(np.arange(4.0)).tolist() == [[0, 1], [0, 1], [0.5, 0.5], [1, 0]]


def test_a_pass_that_records_nothing_is_not_followed() -> None:
    assert record(nn.Sequential(nn.Conv2d(1, 1, 3)), torch.zeros(1, 1, 8, 8), []).calls == ()
