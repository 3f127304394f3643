"""What explanations draw into matplotlib axes and give as tables, and whatever opens the model."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import striate as st
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.hooks import record
from striate.explanation.image_grid import GAP
from striate.explanation.image_regions import border_region
from striate.explanation.region_occlusion import OcclusionTest
from striate.explanation.shortcut_result import ClassFocus, ShortcutReport
from striate.model.classifier import Classifier
from striate.render.map_strip import map_strip

TEXT = "input 3x16x16 classes=2 > conv 5 > relu > conv 4 > relu > gap > flatten > fc"
MODEL = Classifier(build(TEXT, seed=2), TEXT, ("dark", "light"), Preprocess(3, 16, 16))
IMAGE = np.random.default_rng(1).integers(0, 256, (24, 16, 3), dtype=np.uint8)


@pytest.fixture
def ax() -> Any:
    from matplotlib.figure import Figure

    return Figure().add_subplot()


def test_a_map_is_drawn_over_its_image_into_the_axes_given(ax: Any) -> None:
    found = st.explain(MODEL, IMAGE, target="light", method="grad-cam")
    assert found.plot(ax) is ax
    assert np.array_equal(np.asarray(ax.images[0].get_array()), found.overlay())
    assert "grad-cam of 'light'" in ax.get_title(loc="left")
    new = found.plot()
    assert new is not ax and len(new.figure.axes) == 1


def test_single_pixels_are_averaged_to_be_seen_and_patches_are_not() -> None:
    wide = Preprocess(3, 56, 56)
    model = Classifier(MODEL.network, None, MODEL.classes, wide)
    noise = np.random.default_rng(2).integers(0, 256, (56, 56, 3), dtype=np.uint8)
    found = st.explain(model, noise, target=0, method="integrated-gradients")
    coarse = found.attribution.reshape(28, 2, 28, 2).sum((1, 3))
    row, column = np.unravel_index(np.abs(coarse).argmax(), coarse.shape)
    strong = found.overlay(side=56)[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    assert np.ptp(strong.astype(int), axis=2).min() > 60  # the same colour over all four pixels


def test_feature_maps_stand_in_a_grid_the_strongest_first(ax: Any) -> None:
    maps = st.explanation.feature_maps(MODEL, IMAGE)
    maps.plot(ax, layer="relu1", n_units=3)
    grid = np.asarray(ax.images[0].get_array())
    layer, limit = maps["relu1"], maps.color_limits["relu1"]
    first, second = (map_strip(layer.values[[k]], reach=limit, side=84) for k in layer.order[:2])
    side = first.shape[1]
    assert np.array_equal(grid[: len(first), :side], first)
    assert np.array_equal(grid[: len(first), side + GAP : 2 * side + GAP], second)
    assert "relu1: 3 of 5 units" in ax.get_title(loc="left")
    assert "relu2" in maps.plot().get_title(loc="left")  # the last with maps
    with pytest.raises(SettingError, match="'fc1' gives 2 features and no maps to draw"):
        maps.plot(layer="fc1")


def test_filters_are_drawn_in_colour_where_they_see_colours(ax: Any) -> None:
    first, second = st.explanation.filters(MODEL)
    first.plot(ax)
    grid = np.asarray(ax.images[0].get_array())[::16, ::16]  # 48 pixels for the side of three
    assert np.array_equal(grid[:3, :3], first.draw_color(int(first.order[0])))
    unit, *place = np.unravel_index(np.abs(first.weights).argmax(), first.weights.shape)
    channel, row, column = place
    assert first.draw_color(int(unit))[row, column, channel] in (0, 255)  # the full colour
    assert "conv2: 4 of 4 filters" in second.plot().get_title(loc="left")


def test_drawing_leaves_pyplot_alone() -> None:
    script = (
        "import sys, numpy as np, striate as st\n"
        "from striate.backends.torch import build\n"
        "from striate.data.images import Preprocess\n"
        f"model = st.Classifier(build('{TEXT}'), None, ('a', 'b'), Preprocess(3, 16, 16))\n"
        "st.explain(model, np.eye(16)).plot()\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0


def test_tables_hold_the_numbers_of_the_results(photos: Path) -> None:
    pytest.importorskip("pandas")
    maps = st.explanation.feature_maps(MODEL, IMAGE)
    table = maps.to_pandas()
    output = record(MODEL.network, maps.image.tensor)["conv2"].output[0].detach()  # type: ignore[arg-type]
    own = table[table.layer == "conv2"]
    assert own.mean_activation.tolist() == pytest.approx(output.relu().mean((1, 2)).tolist())
    assert own.max_activation.tolist() == pytest.approx(output.amax((1, 2)).tolist())

    split = st.explanation.decompose_score(MODEL, IMAGE, target="light", against="dark")
    total = split.to_pandas().contribution.sum() + split.remainder
    assert total == pytest.approx(split.score, abs=1e-5)

    path = st.explanation.trace_contributions(MODEL, IMAGE)
    assert path.to_pandas().layer.tolist()[0] == "fc1"
    assert len(path.to_pandas()) == len(path.steps)

    number = st.explanation.recompute_activation(MODEL, IMAGE, "conv1", unit=1, row=4, column=5)
    terms = number.to_pandas()
    conv = terms[terms.layer == "conv1"]
    assert len(conv) == 27
    assert conv["product"].sum() + number.steps[0].terms.bias == pytest.approx(
        number.steps[0].value
    )

    top = st.explanation.top_activations(MODEL, photos, n_images=2)
    rows = top.to_pandas()
    assert len(rows) == 2 * (5 + 4)
    one = rows[(rows.layer == "relu1") & (rows.unit == 3) & (rows["rank"] == 0)].iloc[0]
    assert one.activation == pytest.approx(float(top["relu1"].top.activations[3, 0]))
    assert Path(one.image).parent.name == one["class"]

    ring, fine = border_region(0.1), border_region(0.2)
    test = OcclusionTest(
        "dark", ring, 9, 0.9, 0.1, 0.9, 0.1, fine, 0.9, (0.8, 0.7, 0.9), None, None
    )
    focus = ClassFocus("dark", 9, np.ones((4, 4)) / 16, 0.5, (0.5, 0.5), 0.9, (test,))
    report = ShortcutReport("9 images", (focus,), 0.1, 0.36, "relu2")
    (row,) = report.to_pandas().to_dict("records")
    assert (row["class"], row["accuracy"], row["is_shortcut"]) == ("dark", 0.9, True)


@dataclass(frozen=True)
class Result:
    model: Classifier
    folder: Path


def test_whatever_stands_for_a_classifier_is_explained(tmp_path: Path) -> None:
    MODEL.save(tmp_path / "run" / "classifier.safetensors")
    opened = st.load(tmp_path / "run")
    expected = st.explain(opened, IMAGE).attribution
    file = tmp_path / "run" / "classifier.safetensors"
    for way in (file, str(file), tmp_path / "run", Result(opened, tmp_path / "run")):
        assert np.array_equal(st.explain(way, IMAGE).attribution, expected)
        assert len(st.explanation.filters(way)) == 2
    assert torch.is_grad_enabled()


def test_a_tensor_is_explained_as_the_array_is() -> None:
    channels_first = torch.from_numpy(IMAGE.transpose(2, 0, 1).copy())
    tensor, array = (st.explain(MODEL, given).attribution for given in (channels_first, IMAGE))
    assert np.array_equal(tensor, array)
