"""What the playground answers is what torch computes; what cannot be is said in place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from striate.errors import SettingError
from striate.serving.confined_paths import ConfinedFolders
from striate.studio_app.rooms import KINDS, read_question
from striate.studio_app.studio import Studio

USUAL: dict[str, Any] = {
    "kind": "play",
    "id": 1,
    "image": "",
    "grid": "",
    "side": 32,
    "channels": "gray",
    "kernel": {
        "numbers": "-1 0 1;-2 0 2;-1 0 1",
        "divisor": 1,
        "bias": 0,
        "stride": [1, 1],
        "pad": "valid",
        "sides": [0, 0, 0, 0],
        "padmode": "zero",
        "dilation": [1, 1],
    },
    "slope": 0,
    "pool": {"mode": "max", "window": [2, 2], "stride": [2, 2], "pad": [0, 0], "ceil": False},
    "step": "conv",
    "source": 0,
    "unit": 0,
    "row": 0,
    "column": 0,
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio.of(ConfinedFolders([]), tmp_path_factory.mktemp("studio"), {})


def ask(studio: Studio, **said: Any) -> Any:
    given = {**USUAL, **{k: v for k, v in said.items() if k not in ("kernel", "pool")}}
    for part in ("kernel", "pool"):
        given[part] = {**USUAL[part], **said.get(part, {})}
    question = read_question(json.dumps(given))
    return KINDS["play"].answer(studio, question, lambda what, share: None)


def text(values: np.ndarray) -> str:
    return ";".join(" ".join(repr(float(x)) for x in row) for row in values)


def padded(x: torch.Tensor, sides: tuple[int, ...], mode: str) -> torch.Tensor:
    top, bottom, left, right = sides
    return functional.pad(
        x, (left, right, top, bottom), "replicate" if mode == "edge" else "constant"
    )


@pytest.mark.parametrize("seed", range(12))
def test_every_map_and_the_told_value_are_torch_s(studio: Studio, seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = rng.normal(size=(rng.integers(9, 13), rng.integers(9, 13))).round(3)
    kernel = rng.normal(size=(rng.integers(1, 4), rng.integers(1, 4))).round(3)
    sides = tuple(int(n) for n in rng.integers(0, 3, 4))
    stride, dilation = (tuple(int(n) for n in rng.integers(1, 3, 2)) for _ in range(2))
    mode = ["zero", "edge"][seed % 2]
    slope, bias, divisor = [0.0, 0.1, 1.0][seed % 3], round(float(rng.normal()), 2), 2.5
    window: dict[str, Any] = {
        "mode": ["max", "avg"][seed % 2],
        "ceil": seed % 4 > 1,
        "stride": [2, 1],
    }
    own = {
        "numbers": text(kernel),
        "divisor": divisor,
        "bias": bias,
        "stride": stride,
        "pad": "sides",
        "sides": sides,
        "padmode": mode,
        "dilation": dilation,
    }
    given = {"grid": text(grid), "kernel": own, "slope": slope, "pool": window}

    x = padded(torch.tensor(grid)[None, None], sides, mode)
    weight = torch.tensor(kernel)[None, None]
    convolved = functional.conv2d(x, weight, None, stride, 0, dilation) / divisor + bias
    bent = functional.leaky_relu(convolved, slope)
    pooling = functional.max_pool2d if window["mode"] == "max" else functional.avg_pool2d
    pooled = pooling(bent, 2, (2, 1), ceil_mode=window["ceil"])

    for step, expected in (("conv", convolved), ("relu", bent), ("pool", pooled)):
        shape = expected.shape[2:]
        row, column = (int(rng.integers(0, side)) for side in shape)
        found = ask(studio, **given, step=step, row=row, column=column)
        assert found.said["wrong"] == {}
        np.testing.assert_allclose(found.arrays["out"], expected[0, 0].numpy(), atol=1e-12)
        assert found.said["cell"]["value"] == pytest.approx(float(expected[0, 0, row, column]))
    flat = ask(studio, **given, step="flatten", column=pooled.numel() - 1)
    np.testing.assert_allclose(flat.arrays["out"][0], pooled.flatten().numpy(), atol=1e-12)
    assert flat.said["cell"]["source"] == [0, pooled.shape[2] - 1, pooled.shape[3] - 1]


def test_the_terms_of_a_value_are_the_patch_and_the_kernel(studio: Studio) -> None:
    found = ask(studio, grid="1 2 3;4 5 6;7 8 9", kernel={"pad": "same"}, row=0, column=2)
    pixel, weight = found.arrays["cell.pixel"][0], found.arrays["cell.weight"][0]
    np.testing.assert_array_equal(pixel, [[0, 0, 0], [2, 3, 0], [5, 6, 0]])
    np.testing.assert_array_equal(
        found.arrays["cell.padding"][0], [[1, 1, 1], [0, 0, 1], [0, 0, 1]]
    )
    assert found.said["cell"]["sum"] == (pixel * weight).sum() == -9
    assert found.said["margin"] == [1, 1, 1, 1]


@pytest.mark.parametrize("channels", ["gray", "each", "sum"])
def test_colours_are_made_grey_kept_apart_or_summed(studio: Studio, channels: str) -> None:
    own = {"numbers": "1 2;3 4", "divisor": 10}
    found = ask(studio, image="drawn/house", side=20, channels=channels, kernel=own, unit=2)
    pixels = np.asarray(studio.images.shrink("drawn/house", 20), np.float64)
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)[None, None]
    planes = torch.tensor(np.moveaxis(pixels, 2, 0))[:, None]
    apart = functional.conv2d(planes, weight)[:, 0] / 10
    if channels == "gray":
        shades = np.rint(pixels @ [0.299, 0.587, 0.114])
        expected = functional.conv2d(torch.tensor(shades)[None, None], weight)[0, 0] / 10
        np.testing.assert_allclose(
            found.arrays["out"], expected, atol=1.01
        )  # one shade of rounding
        return
    expected = apart[2] if channels == "each" else apart.sum(0)
    np.testing.assert_allclose(found.arrays["out"], expected.numpy(), rtol=1e-12)
    assert len(found.said["cell"]["sums"]) == (1 if channels == "each" else 3)


@pytest.mark.parametrize(
    ("said", "step", "sentence"),
    [
        ({"kernel": {"numbers": "1 2;3 4", "pad": "same"}}, "conv", "pad=same needs an odd window"),
        ({"kernel": {"dilation": [4, 4]}}, "conv", "with its dilation 9x9, does not fit in 5x5"),
        ({"kernel": {"numbers": "1 x"}}, "conv", "row 1, number 2 of the kernel is 'x'"),
        ({"kernel": {"divisor": 0}}, "conv", "the divisor is 0"),
        ({"kernel": {"stride": [0, 1]}}, "conv", "stride"),
        ({"pool": {"window": [4, 4]}}, "pool", "does not fit in 3x3"),
        ({"pool": {"pad": [2, 2]}}, "pool", "more than half of its 2x2 window"),
    ],
)
def test_what_cannot_be_is_said_of_its_step_and_the_steps_before_stay(
    studio: Studio, said: dict[str, Any], step: str, sentence: str
) -> None:
    found = ask(studio, grid=";".join(["1 2 3 4 5"] * 5), step=step, **said)
    assert sentence in found.said["wrong"][step]
    assert "out" not in found.arrays and "in" in found.arrays


def test_a_grid_that_cannot_be_read_says_where(studio: Studio) -> None:
    with pytest.raises(SettingError, match="row 2 of the image has 1 number"):
        ask(studio, grid="1 2;3")
    with pytest.raises(SettingError, match="at most 64x64"):
        ask(studio, grid=" ".join(["1"] * 65))


def test_a_padded_mean_counts_zeros_and_what_stands_over_is_left_out(studio: Studio) -> None:
    given = {"mode": "avg", "window": [3, 3], "stride": [2, 2], "pad": [1, 1], "ceil": True}
    grid = np.arange(36.0).reshape(6, 6)
    found = ask(
        studio, grid=text(grid), kernel={"numbers": "1"}, pool=given, step="pool", row=3, column=3
    )
    expected = functional.avg_pool2d(torch.tensor(grid)[None, None], 3, 2, 1, ceil_mode=True)
    np.testing.assert_allclose(found.arrays["out"], expected[0, 0].numpy())
    counted = found.arrays["cell.counted"][0]
    assert found.said["cell"]["count"] == counted.sum() == 4
    assert found.said["cell"]["value"] == pytest.approx(35 / 4)


@pytest.mark.parametrize("ending", ["softmax", "sigmoid"])
def test_probabilities_loss_and_gradient_are_torch_s(studio: Studio, ending: str) -> None:
    scores = [2.0, -1.5, 0.25, 4.0]
    said = {"kind": "lose", "id": 1, "scores": scores, "ending": ending, "label": 2}
    question = read_question(json.dumps(said))
    found: Any = KINDS["lose"].answer(studio, question, lambda what, share: None)
    x = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    target = functional.one_hot(torch.tensor(2), 4).double()
    if ending == "softmax":
        loss, odds = functional.cross_entropy(x, torch.tensor(2)), x.softmax(0)
    else:
        loss = functional.binary_cross_entropy_with_logits(x, target, reduction="sum")
        odds = x.sigmoid()
    (gradient,) = torch.autograd.grad(loss, x)
    assert found.said["loss"] == pytest.approx(loss.item())
    assert found.said["squared_error"] == pytest.approx(((odds - target) ** 2).sum().item())
    np.testing.assert_allclose(found.arrays["outputs"], odds.detach().numpy())
    np.testing.assert_allclose(found.arrays["gradient"], gradient.numpy(), atol=1e-15)


def test_scores_beyond_all_measure_are_answered(studio: Studio) -> None:
    said = {"kind": "lose", "id": 1, "scores": [-9e8, 9e8], "ending": "sigmoid", "label": 0}
    found: Any = KINDS["lose"].answer(
        studio, read_question(json.dumps(said)), lambda what, share: None
    )
    assert found.said["loss"] == pytest.approx(1.8e9)


def test_the_filters_are_those_of_striate_convolve(studio: Studio) -> None:
    from striate.teaching.convolution import FILTERS

    said = read_question(json.dumps({"kind": "filters", "id": 1}))
    found: Any = KINDS["filters"].answer(studio, said, lambda what, share: None).said["filters"]
    assert {each["name"] for each in found} == set(FILTERS)
    blur = next(each for each in found if each["name"] == "blur")
    assert blur["rows"] == [[1, 1, 1]] * 3 and blur["divisor"] == 9


def test_an_image_is_kept_small_once(tmp_path: Path) -> None:
    studio = Studio.of(ConfinedFolders([]), tmp_path, {})
    small = studio.images.shrink("digits/0001", 4)
    assert small.shape == (4, 4, 1) and studio.images.shrink("digits/0001", 4) is small
    assert studio.images.shrink("drawn/rings", 200).shape == (96, 96, 3)  # never enlarged
